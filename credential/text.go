package credential

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tepin/tepin"
)

// refuse is a refusal of one field.
func refuse(field, message string) error {
	return &tepin.Error{Kind: tepin.Invalid, Path: field, Message: message}
}

// Refusals takes joined errors apart: the message for each field that was refused.
// It is empty when err holds none that names a field.
func Refusals(err error) map[string]string {
	fields := map[string]string{}
	collect(err, fields)
	return fields
}

func collect(err error, fields map[string]string) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range many.Unwrap() {
			collect(err, fields)
		}
		return
	}
	if e, ok := errors.AsType[*tepin.Error](err); ok && e.Path != "" {
		fields[e.Path] = e.Message
	}
}

// cleanText returns s in NFC without surrounding white space, or why it cannot be
// taken: more than limit characters (code points), none when one is required, bytes
// that are not UTF-8, control characters, or characters that change the direction
// or the order of the text around them.
func cleanText(field, s string, required bool, limit int) (string, error) {
	if !utf8.ValidString(s) {
		return s, refuse(field, "contains bytes that are not UTF-8 text")
	}
	s = strings.TrimSpace(norm.NFC.String(s))
	visible := false
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar {
			return s, refuse(field, "contains a control character or a line break; use plain text on one line")
		}
		if unicode.Is(unicode.Bidi_Control, r) && r != '\u200e' && r != '\u200f' {
			return s, refuse(field, "contains an invisible character that changes the text's direction; remove it")
		}
		visible = visible || unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S)
	}
	if required && !visible {
		return s, refuse(field, "is required")
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return s, refuse(field, fmt.Sprintf("has %d characters; at most %d are possible", n, limit))
	}
	return s, nil
}
