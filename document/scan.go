package document

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/tepin/tepin"
)

// kind is what a JSON value is.
type kind uint8

const (
	null kind = iota
	boolean
	number
	str
	array
	object
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// token is one value, or one key, of a scanned document. An array is followed by its
// elements, an object by its keys and values in turn.
type token struct {
	start, end uint32 // the value's bytes; a string's with its quotes
	next       uint32 // index of the first token after this one and all within it
	kind       kind
	escaped    bool // string with at least one backslash
}

// scan checks that raw is one JSON value, in UTF-8 and within the limits, and notes
// where each part of it stands. It recurses at most [MaxDepth] deep.
func scan(raw []byte) (*reader, error) {
	if len(raw) > tepin.MaxDocument {
		return nil, tepin.Errorf(tepin.TooLarge, "the document has %d bytes; the limit is %d", len(raw), tepin.MaxDocument)
	}
	if !utf8.Valid(raw) {
		return nil, tepin.Errorf(tepin.Invalid, "the document is not valid UTF-8 at byte %d", invalidUTF8(raw))
	}
	s := &scanner{raw: raw, tokens: make([]token, 0, min(mostValues(raw), MaxValues+1))}
	if len(raw) >= 3 && string(raw[:3]) == "\ufeff" {
		s.pos = 3
	}
	s.space()
	s.value(0)
	s.space()
	if s.err == nil && s.pos < len(raw) {
		s.failf("nothing was expected after the document's end")
	}
	if s.err != nil {
		return nil, s.err
	}
	return &reader{raw: raw, tokens: s.tokens}, nil
}

// mostValues is at least the number of values and keys in the text: each but the
// first follows one of these signs.
func mostValues(raw []byte) int {
	n := 1
	for _, sign := range []string{",", ":", "[", "{"} {
		n += bytes.Count(raw, []byte(sign))
	}
	return n
}

func invalidUTF8(raw []byte) int {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(raw)
}

// scanner is the state of one scan. After the first error everything returns.
type scanner struct {
	raw    []byte
	pos    int
	tokens []token
	err    error
}

func (s *scanner) failf(format string, args ...any) {
	if s.err == nil {
		line, column := 1, 1
		for _, c := range s.raw[:s.pos] {
			column++
			if c == '\n' {
				line, column = line+1, 1
			}
		}
		s.err = tepin.Errorf(tepin.Invalid, "malformed JSON at line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
	}
}

// space skips white space and reports the next byte, or 0 at the end.
func (s *scanner) space() byte {
	for ; s.pos < len(s.raw); s.pos++ {
		switch c := s.raw[s.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// open appends a token that begins here and returns its index.
func (s *scanner) open(k kind) int {
	if len(s.tokens) >= MaxValues && s.err == nil {
		s.err = tepin.Errorf(tepin.TooLarge, "the document has more than %d values", MaxValues)
	}
	s.tokens = append(s.tokens, token{start: uint32(s.pos), kind: k})
	return len(s.tokens) - 1
}

// close ends the token at index i here.
func (s *scanner) close(i int) {
	s.tokens[i].end = uint32(s.pos)
	s.tokens[i].next = uint32(len(s.tokens))
}

func (s *scanner) value(depth int) {
	if depth > MaxDepth {
		s.failf("nested more than %d deep", MaxDepth)
	}
	if s.err != nil {
		return
	}
	switch c := s.space(); {
	case c == '{':
		s.object(depth)
	case c == '[':
		s.array(depth)
	case c == '"':
		s.string()
	case c == '-' || '0' <= c && c <= '9':
		s.number()
	case c == 't':
		s.literal(boolean, "true")
	case c == 'f':
		s.literal(boolean, "false")
	case c == 'n':
		s.literal(null, "null")
	case s.pos >= len(s.raw):
		s.failf("the text ends where a value was expected")
	default:
		s.failf("a value was expected")
	}
}

func (s *scanner) object(depth int) {
	i := s.open(object)
	s.pos++
	for first := true; s.err == nil; first = false {
		switch c := s.space(); {
		case c == '}' && first:
			s.pos++
			s.close(i)
			return
		case c != '"':
			s.failf("a key in double quotes was expected")
			return
		}
		s.string()
		if s.err == nil && s.space() != ':' {
			s.failf("a colon was expected after the key")
			return
		}
		s.pos++
		s.value(depth + 1)
		if s.more(i, '}') {
			return
		}
	}
}

func (s *scanner) array(depth int) {
	i := s.open(array)
	s.pos++
	if s.space() == ']' {
		s.pos++
		s.close(i)
		return
	}
	for s.err == nil {
		s.value(depth + 1)
		if s.more(i, ']') {
			return
		}
	}
}

// more steps over a comma, or ends the token at index i at its closing bracket and
// reports true.
func (s *scanner) more(i int, end byte) (ended bool) {
	if s.err != nil {
		return true
	}
	switch c := s.space(); c {
	case ',':
		s.pos++
		return false
	case end:
		s.pos++
		s.close(i)
	default:
		s.failf("a comma or %q was expected", end)
	}
	return true
}

func (s *scanner) literal(k kind, text string) {
	if len(s.raw)-s.pos < len(text) || string(s.raw[s.pos:s.pos+len(text)]) != text {
		s.failf("a value was expected")
		return
	}
	i := s.open(k)
	s.pos += len(text)
	s.close(i)
}

func (s *scanner) string() {
	i := s.open(str)
	for s.pos++; s.pos < len(s.raw); s.pos++ {
		switch c := s.raw[s.pos]; {
		case c == '"':
			s.pos++
			s.close(i)
			return
		case c < 0x20:
			s.failf("a control character stands in a string; write it as an escape")
			return
		case c == '\\':
			s.tokens[i].escaped = true
			if !s.escape() {
				return
			}
		}
	}
	s.failf("a string does not end")
}

// escape checks the escape sequence at the backslash and stops at its last byte.
func (s *scanner) escape() bool {
	s.pos++
	if s.pos >= len(s.raw) {
		s.failf("a string does not end")
		return false
	}
	switch s.raw[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			s.pos++
			if s.pos >= len(s.raw) || !hex(s.raw[s.pos]) {
				s.failf("four hexadecimal digits were expected")
				return false
			}
		}
		return true
	}
	s.failf("unknown escape")
	return false
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// number follows the grammar of RFC 8259 §6.
func (s *scanner) number() {
	i := s.open(number)
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return
		}
	}
	s.close(i)
}

func (s *scanner) peek() byte {
	if s.pos < len(s.raw) {
		return s.raw[s.pos]
	}
	return 0
}

// digits steps over at least one digit.
func (s *scanner) digits() bool {
	start := s.pos
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.pos++
	}
	if s.pos == start {
		s.failf("a digit was expected")
		return false
	}
	return true
}
