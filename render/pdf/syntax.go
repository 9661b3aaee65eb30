package pdf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/tepin/tepin/render"
)

// Decimals of numbers in content streams. A ten-thousandth of a point stays far below
// what any device shows, also in a group that is enlarged a hundred times.
const (
	coordinateDecimals = 4
	matrixDecimals     = 6
	colorDecimals      = 4
)

// largest bounds every number, because readers keep them in 32 bits.
const largest = 1e7

// finite tells whether all numbers are finite.
func finite(vs ...float64) bool {
	for _, v := range vs {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// appendNumber appends v in its shortest form with at most the given decimals. What
// is not a number becomes 0: callers leave such operations out, this is the last bar.
func appendNumber(b []byte, v float64, decimals int) []byte {
	switch {
	case math.IsNaN(v):
		v = 0
	case v > largest:
		v = largest
	case v < -largest:
		v = -largest
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'f', decimals, 64)
	end := len(b)
	if decimals > 0 {
		for b[end-1] == '0' {
			end--
		}
		if b[end-1] == '.' {
			end--
		}
	}
	b = b[:end]
	switch s := string(b[start:]); {
	case s == "-0":
		b = append(b[:start], '0')
	case strings.HasPrefix(s, "0."):
		b = append(b[:start], s[1:]...)
	case strings.HasPrefix(s, "-0."):
		b = append(append(b[:start], '-'), s[2:]...)
	}
	return b
}

// appendNumbers appends numbers, each followed by a space.
func appendNumbers(b []byte, decimals int, vs ...float64) []byte {
	for _, v := range vs {
		b = append(appendNumber(b, v, decimals), ' ')
	}
	return b
}

// appendMatrix appends the six numbers of m, each followed by a space.
func appendMatrix(b []byte, m render.Matrix) []byte {
	b = appendNumbers(b, matrixDecimals, m.A, m.B, m.C, m.D)
	return appendNumbers(b, coordinateDecimals, m.E, m.F)
}

func number(v float64) string {
	return string(appendNumber(nil, v, coordinateDecimals))
}

// name writes s as a name object.
func name(s string) string {
	var b strings.Builder
	b.WriteByte('/')
	for i := range len(s) {
		c := s[i]
		switch {
		case c == 0: // cannot be in a name
		case c <= ' ' || c > '~' || strings.IndexByte("#/%()<>[]{}", c) >= 0:
			fmt.Fprintf(&b, "#%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// textString writes s as a string object for people: plain when it is ASCII, UTF-16 otherwise.
func textString(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return "<FEFF" + utf16Hex(s) + ">"
		}
	}
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s) + ")"
}

// utf16Hex is s in UTF-16BE, in hexadecimal digits. Broken UTF-8 becomes U+FFFD.
func utf16Hex(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}

func date(t time.Time) string {
	return "(D:" + t.UTC().Format("20060102150405") + "+00'00')"
}
