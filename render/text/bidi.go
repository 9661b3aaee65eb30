package text

import (
	"reflect"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/language"
)

// levels returns the embedding level of each character (UAX #9) and whether the
// paragraph runs from right to left.
func levels(text []rune, d Direction) (of []int8, rtl bool) {
	base := bidi.Neutral
	switch d {
	case LeftToRight:
		base = bidi.LeftToRight
	case RightToLeft:
		base = bidi.RightToLeft
	}
	var p bidi.Paragraph
	runs := p.Segment(text, base)
	of = make([]int8, len(text))
	// Runs joins neighbours of the same direction and tells the first one's level
	// only; line reordering (L2) needs each. They are in an unexported field.
	all := reflect.ValueOf(runs).FieldByName("levels")
	for i := range min(len(of), all.Len()) {
		of[i] = int8(all.Index(i).Int())
	}
	switch d {
	case LeftToRight:
		return of, false
	case RightToLeft:
		return of, true
	}
	return of, firstStrongIsRTL(text)
}

// firstStrongIsRTL is UAX #9 P2 and P3 without isolates.
func firstStrongIsRTL(text []rune) bool {
	for _, r := range text {
		switch r {
		case '\u200E':
			return false
		case '\u200F', '\u061C':
			return true
		}
		if s := language.LookupScript(r); s.Strong() {
			return rightToLeft(s)
		}
	}
	return false
}

func rightToLeft(s language.Script) bool {
	switch s {
	case language.Arabic, language.Hebrew, language.Syriac, language.Thaana, language.Nko,
		language.Samaritan, language.Mandaic, language.Adlam, language.Hanifi_Rohingya, language.Yezidi,
		language.Imperial_Aramaic, language.Phoenician, language.Lydian, language.Kharoshthi,
		language.Old_South_Arabian, language.Old_North_Arabian, language.Avestan,
		language.Inscriptional_Parthian, language.Inscriptional_Pahlavi, language.Psalter_Pahlavi,
		language.Old_Turkic, language.Old_Hungarian, language.Old_Sogdian, language.Sogdian,
		language.Elymaic, language.Chorasmian, language.Old_Uyghur, language.Hatran, language.Palmyrene,
		language.Nabataean, language.Manichaean, language.Mende_Kikakui, language.Cypriot:
		return true
	}
	return false
}

// cursive reports whether the letters of a script join, so that tracking would tear
// them apart.
func cursive(s language.Script) bool {
	switch s {
	case language.Arabic, language.Syriac, language.Nko, language.Mandaic, language.Mongolian,
		language.Phags_Pa, language.Adlam, language.Hanifi_Rohingya, language.Manichaean,
		language.Psalter_Pahlavi, language.Sogdian, language.Old_Uyghur:
		return true
	}
	return false
}

// scripts resolves each character's script; what has none of its own takes that of
// its surroundings (UAX #24).
func scripts(text []rune) []language.Script {
	of := make([]language.Script, len(text))
	current := language.Script(0)
	for i, r := range text {
		if s := language.LookupScript(r); s.Strong() {
			if current == 0 {
				for j := range i {
					of[j] = s
				}
			}
			current = s
		}
		of[i] = current
	}
	if current == 0 {
		for i := range of {
			of[i] = language.Common
		}
	}
	return of
}

// visualOrder reverses pieces by their levels (UAX #9 L2). Level returns one piece's.
func visualOrder[T any](pieces []T, level func(T) int8) {
	highest, lowestOdd := int8(0), int8(127)
	for _, p := range pieces {
		l := level(p)
		highest = max(highest, l)
		if l%2 == 1 {
			lowestOdd = min(lowestOdd, l)
		}
	}
	for l := highest; l >= lowestOdd; l-- {
		for i := 0; i < len(pieces); i++ {
			j := i
			for j < len(pieces) && level(pieces[j]) >= l {
				j++
			}
			for a, b := i, j-1; a < b; a, b = a+1, b-1 {
				pieces[a], pieces[b] = pieces[b], pieces[a]
			}
			i = max(i, j-1)
		}
	}
}
