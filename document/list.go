package document

import (
	"strconv"
	"strings"

	"github.com/tepin/tepin/render/text"
)

const (
	maxListLevel  = 9
	defaultMarker = "•"
	markerRoom    = 1.5 // em from marker to text, where the style says nothing
)

// counters number the items of the lists in a frame, each group and level by itself.
type counters map[string]*[maxListLevel]int

// mark makes the open paragraph an item of a list if its style says so: the text
// moves right and the marker stands in the room.
func (f *flow) mark(p *text.Paragraph) {
	s := f.base
	group := or(s.ListGroup, "")
	kind := or(s.ListType, "none")
	if kind != "bullet" && kind != "number" {
		delete(f.counters, "") // a list without a name ends with its last item
		return
	}
	level := int(min(max(or(s.ListLevel, 0), 0), maxListLevel-1))
	list := or(s.Bullets, listStyle{})
	if kind == "number" {
		list = or(s.Numbers, listStyle{})
	}
	marker := list.bullet(level)
	if kind == "number" {
		marker = list.number(level, f.counters.next(group, level))
	}
	st := f.kit.characters[list.character].over(s)
	step := list.left + or(list.text, markerRoom*or(s.Size, defaultSize))
	p.IndentStart += step * float64(level+1)
	p.Marker = []text.Run{f.styled(marker, st)}
}

// next counts one item.
func (c counters) next(group string, level int) int {
	levels := c[group]
	if levels == nil {
		levels = new([maxListLevel]int)
		c[group] = levels
	}
	levels[level]++
	clear(levels[level+1:])
	return levels[level]
}

func (l listStyle) bullet(level int) string {
	if len(l.bullets) == 0 {
		return defaultMarker
	}
	return l.bullets[min(level, len(l.bullets)-1)]
}

func (l listStyle) number(level, n int) string {
	style := numbering{"arabic", "dot"}
	if len(l.numbering) > 0 {
		style = l.numbering[min(level, len(l.numbering)-1)]
	}
	text := strconv.Itoa(n)
	switch style.format {
	case "romanUpperCase":
		text = roman(n)
	case "romanLowerCase":
		text = strings.ToLower(roman(n))
	case "latinUpperCase":
		text = latin(n)
	case "latinLowerCase":
		text = strings.ToLower(latin(n))
	}
	switch style.symbol {
	case "dash":
		return text + "-"
	case "dot":
		return text + "."
	case "colon":
		return text + ":"
	case "roundBracket":
		return text + ")"
	}
	return text
}

// roman writes 1 to 3999 in Roman numerals, others in digits.
func roman(n int) string {
	if n < 1 || n > 3999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, r := range []struct {
		value int
		sign  string
	}{
		{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"},
		{40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"},
	} {
		for ; n >= r.value; n -= r.value {
			b.WriteString(r.sign)
		}
	}
	return b.String()
}

// latin counts A to Z, AA, AB and so on.
func latin(n int) string {
	s := ""
	for ; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
