package console

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

// form is what was typed into a form, and what was wrong with it.
type form struct {
	values  map[string]string
	errors  map[string]string
	Message string // what was wrong with no field in particular
	Saved   bool   // the page follows a save
	Unsaved bool   // it holds changes that are not saved
}

// filled returns a form that holds pairs of field and value.
func filled(pairs ...string) form {
	f := form{values: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values[pairs[i]] = pairs[i+1]
	}
	return f
}

// refused returns a form that holds pairs of field and value, and says why err refused it.
func refused(err error, pairs ...string) form {
	f := filled(pairs...)
	f.errors, f.Unsaved = map[string]string{}, true
	for field, message := range credential.Refusals(err) {
		f.errors[field] = sentence(message)
	}
	if len(f.errors) == 0 {
		f.Message = sentence(message(err))
	}
	return f
}

// Value is what field holds.
func (f form) Value(field string) string { return f.values[field] }

// Error is what was wrong with field, or "".
func (f form) Error(field string) string { return f.errors[field] }

// refusal reports whether err is something that the person who filled in a form can
// mend there; other errors get a page of their own.
func refusal(err error) bool {
	switch tepin.KindOf(err) {
	case tepin.Invalid, tepin.Conflict, tepin.Stale, tepin.TooMany, tepin.Unavailable:
		return err != nil
	}
	return false
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	s = string(unicode.ToUpper(first)) + s[size:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// oneLine is the text of a field that wraps on the screen but has no line breaks.
func oneLine(s string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
}
