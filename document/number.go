package document

import (
	"strconv"
	"strings"
)

// numberFormat is how a number variable is written.
type numberFormat struct {
	decimals         int // 0 to 4
	point, thousands string
	decimalCharacter string // character style of the decimal part
	min, max         *float64
}

func (v value) numberFormat() numberFormat {
	f := numberFormat{
		decimals:         int(min(max(v.get("numberOfDecimals").number(0), 0), 4)),
		point:            separator(v.get("decimalSeparator").optString(), "."),
		thousands:        separator(v.get("thousandsSeparator").optString(), ""),
		decimalCharacter: v.get("decimalCharacterStyleId").id(),
		min:              v.get("minValue").optNumber(),
		max:              v.get("maxValue").optNumber(),
	}
	return f
}

// separator reads a separator, given as the sign itself or by its name.
func separator(s *string, def string) string {
	switch or(s, def) {
	case "point", "dot", "period":
		return "."
	case "comma":
		return ","
	case "space":
		return " "
	case "none", "noSeparator":
		return ""
	}
	return or(s, def)
}

// format writes n, rounded half away from zero as people round decimals. Spaces
// between thousands do not break. The decimal part is a piece of its own when it has
// a style.
func (f numberFormat) format(n float64) []piece {
	digits, negative := round(n, f.decimals)
	whole, fraction := digits[:len(digits)-f.decimals], digits[len(digits)-f.decimals:]
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	thousands := strings.ReplaceAll(f.thousands, " ", "\u00a0")
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(thousands)
		}
		b.WriteRune(c)
	}
	switch {
	case fraction == "":
		return []piece{{text: b.String()}}
	case f.decimalCharacter == "":
		return []piece{{text: b.String() + f.point + fraction}}
	}
	return []piece{{text: b.String()}, {f.point + fraction, f.decimalCharacter}}
}

// round returns the digits of |n|·10^decimals, at least one before the decimals, and
// whether the result is below zero. It works on the shortest decimal form of n, so
// that 1.005 rounds as it reads.
func round(n float64, decimals int) (digits string, negative bool) {
	text := strconv.FormatFloat(n, 'f', -1, 64)
	text, negative = strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(text, ".")
	up := len(fraction) > decimals && fraction[decimals] >= '5'
	fraction += strings.Repeat("0", decimals)
	all := []byte("0" + whole + fraction[:decimals])
	for i := len(all) - 1; up; i-- {
		if up = all[i] == '9'; up {
			all[i] = '0'
		} else {
			all[i]++
		}
	}
	digits = strings.TrimLeft(string(all), "0")
	negative = negative && digits != ""
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return digits, negative
}
