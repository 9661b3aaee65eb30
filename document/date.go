package document

import (
	"strconv"
	"strings"
	"time"
)

// dateFormat is how a date variable is written and limited.
type dateFormat struct {
	pattern  string
	locale   string
	from, to string // yyyy-MM-dd; empty = open
	excluded []string
}

func (v value) dateFormat() dateFormat {
	f := dateFormat{
		pattern: or(v.get("displayFormat").optString(), "dd/MM/yyyy"),
		locale:  v.get("locale").string(),
		from:    v.get("startDate").absoluteDate(),
		to:      v.get("endDate").absoluteDate(),
	}
	for day := range v.get("excludedDays").elements() {
		f.excluded = append(f.excluded, strings.ToLower(day.string()))
	}
	return f
}

// absoluteDate reads a limit that does not depend on today.
func (v value) absoluteDate() string {
	if v.is(object) && v.get("type").string() == "absolute" {
		return v.get("value").string()
	}
	return ""
}

func validDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// format writes a date in the pattern: the ICU fields d dd M MM MMM MMMM yy yyyy y
// ccc cccc (and E, L spelled likewise), text in apostrophes as it stands. An empty
// date or pattern gives an empty text.
func (f dateFormat) format(date string) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for p := f.pattern; p != ""; {
		n := 1
		switch c := p[0]; {
		case c == '\'':
			text, length := quotedText(p)
			b.WriteString(text)
			n = length
		case strings.IndexByte("dMLycEe", c) >= 0:
			n = len(p) - len(strings.TrimLeft(p, string(c)))
			b.WriteString(f.field(c, n, day))
		default:
			b.WriteByte(c)
		}
		p = p[n:]
	}
	return b.String()
}

// quotedText reads the text in apostrophes that p begins with; two apostrophes stand
// for one.
func quotedText(p string) (text string, length int) {
	if strings.HasPrefix(p, "''") {
		return "'", 2
	}
	for i := 1; i < len(p); i++ {
		switch {
		case p[i] != '\'':
			text += p[i : i+1]
		case strings.HasPrefix(p[i:], "''"):
			text += "'"
			i++
		default:
			return text, i + 1
		}
	}
	return text, len(p)
}

// field writes one field of a pattern, n letters long.
func (f dateFormat) field(letter byte, n int, day time.Time) string {
	names := localeNames(f.locale)
	month := int(day.Month()) - 1
	switch letter {
	case 'd':
		return pad(day.Day(), n)
	case 'y':
		if n == 2 {
			return pad(day.Year()%100, 2)
		}
		return pad(day.Year(), n)
	case 'M', 'L':
		switch {
		case n <= 2:
			return pad(month+1, n)
		case n == 3:
			return names.shortMonths[month]
		}
		return names.months[month]
	}
	if n <= 3 {
		return names.shortDays[day.Weekday()]
	}
	return names.days[day.Weekday()]
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, min(width, 9)-len(s))) + s
}
