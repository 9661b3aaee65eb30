package inspect

import (
	"errors"
	"strconv"
	"strings"
)

// The values of PDF (ISO 32000-1 §7.3): float64, bool, nil, and these.
type (
	pdfName   string
	pdfString string
	pdfWord   string // a keyword
	pdfArray  []any
	pdfDict   map[pdfName]any
	pdfRef    struct{ number, generation int }
)

var errSyntax = errors.New("this is no PDF syntax")

// maxNesting bounds arrays and dictionaries in each other.
const maxNesting = 50

// lexer reads values from a piece of a PDF.
type lexer struct {
	b  []byte
	at int
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool { return strings.IndexByte("()<>[]{}/%", c) >= 0 }

func (l *lexer) space() {
	for l.at < len(l.b) {
		switch c := l.b[l.at]; {
		case isSpace(c):
			l.at++
		case c == '%':
			for l.at < len(l.b) && l.b[l.at] != '\n' && l.b[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

// word is a run of regular characters.
func (l *lexer) word() string {
	from := l.at
	for l.at < len(l.b) && !isSpace(l.b[l.at]) && !isDelimiter(l.b[l.at]) {
		l.at++
	}
	return string(l.b[from:l.at])
}

// value reads one value. errEnd: the piece ends before it does.
func (l *lexer) value(depth int) (any, error) {
	l.space()
	if l.at >= len(l.b) {
		return nil, errEnd
	}
	if depth > maxNesting {
		return nil, errSyntax
	}
	switch c := l.b[l.at]; c {
	case '/':
		l.at++
		return l.name(), l.ended()
	case '(':
		return l.text()
	case '[':
		l.at++
		return l.array(depth)
	case '<':
		if cut(l.b, l.at, 2) == nil {
			return nil, errEnd
		}
		if l.b[l.at+1] == '<' {
			l.at += 2
			return l.dict(depth)
		}
		return l.hex()
	case ')', ']', '>', '{', '}':
		return nil, errSyntax
	}
	w := l.word()
	switch w {
	case "true", "false":
		return w == "true", nil
	case "null":
		return nil, nil
	}
	number, err := strconv.ParseFloat(w, 64)
	if err != nil {
		return pdfWord(w), nil
	}
	if err := l.ended(); err != nil {
		return nil, err
	}
	return l.reference(number), nil
}

// ended tells whether what was read may go on behind the piece.
func (l *lexer) ended() error {
	if l.at >= len(l.b) {
		return errEnd
	}
	return nil
}

// reference makes "12 0 R" of a number, if that follows.
func (l *lexer) reference(number float64) any {
	back := l.at
	l.space()
	if generation, err := strconv.Atoi(l.word()); err == nil && number >= 0 && number < 1e9 && number == float64(int(number)) {
		l.space()
		if l.word() == "R" {
			return pdfRef{int(number), generation}
		}
	}
	l.at = back
	return number
}

func (l *lexer) name() pdfName {
	w := l.word()
	if !strings.Contains(w, "#") {
		return pdfName(w)
	}
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if v, err := strconv.ParseUint(w[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		b.WriteByte(w[i])
	}
	return pdfName(b.String())
}

func (l *lexer) array(depth int) (any, error) {
	list := pdfArray{}
	for {
		l.space()
		if l.at < len(l.b) && l.b[l.at] == ']' {
			l.at++
			return list, nil
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (l *lexer) dict(depth int) (any, error) {
	d := pdfDict{}
	for {
		l.space()
		if l.at < len(l.b) && l.b[l.at] == '>' {
			l.at += 2
			return d, nil
		}
		key, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(pdfName)
		if !ok {
			return nil, errSyntax
		}
		if d[name], err = l.value(depth + 1); err != nil {
			return nil, err
		}
	}
}

// text reads a literal string.
func (l *lexer) text() (any, error) {
	var b strings.Builder
	open := 0
	for ; l.at < len(l.b); l.at++ {
		switch c := l.b[l.at]; c {
		case '(':
			if open++; open == 1 {
				continue
			}
		case ')':
			if open--; open == 0 {
				l.at++
				return pdfString(b.String()), nil
			}
		case '\\':
			if l.at++; l.at >= len(l.b) {
				return nil, errEnd
			}
			l.escape(&b)
			continue
		}
		b.WriteByte(l.b[l.at])
	}
	return nil, errEnd
}

// escape writes what the character after a backslash stands for.
func (l *lexer) escape(b *strings.Builder) {
	c := l.b[l.at]
	if i := strings.IndexByte("nrtbf", c); i >= 0 {
		b.WriteByte("\n\r\t\b\f"[i])
		return
	}
	if c < '0' || c > '7' {
		if c != '\n' && c != '\r' { // a line that goes on
			b.WriteByte(c)
		}
		return
	}
	v := 0
	from := l.at
	for ; l.at < len(l.b) && l.at < from+3 && l.b[l.at] >= '0' && l.b[l.at] <= '7'; l.at++ {
		v = v<<3 | int(l.b[l.at]-'0')
	}
	l.at--
	b.WriteByte(byte(v))
}

func (l *lexer) hex() (any, error) {
	var digits []byte
	for l.at++; l.at < len(l.b); l.at++ {
		c := l.b[l.at]
		if c == '>' {
			l.at++
			if len(digits)%2 == 1 {
				digits = append(digits, '0')
			}
			out := make([]byte, len(digits)/2)
			for i := range out {
				v, err := strconv.ParseUint(string(digits[2*i:2*i+2]), 16, 8)
				if err != nil {
					return nil, errSyntax
				}
				out[i] = byte(v)
			}
			return pdfString(out), nil
		}
		if !isSpace(c) {
			digits = append(digits, c)
		}
	}
	return nil, errEnd
}

// textString reads a text string: UTF-16 or UTF-8 with a mark, or close to Latin-1.
func textString(v any) string {
	s, _ := v.(pdfString)
	switch {
	case strings.HasPrefix(string(s), "\xfe\xff"):
		return utf16BE([]byte(s[2:]))
	case strings.HasPrefix(string(s), "\xef\xbb\xbf"):
		return string(s[3:])
	}
	return latin([]byte(s))
}

// whole is a number that counts something; -1 if v is none.
func whole(v any) int {
	if n, ok := v.(float64); ok && n >= 0 && n < 1e9 && n == float64(int(n)) {
		return int(n)
	}
	return -1
}
