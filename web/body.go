package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tepin/tepin"
)

// MaxJSON bounds the JSON bodies of ordinary calls in bytes; documents are bounded
// by [MaxBody]. MaxDepth bounds the nesting of both (S30).
const (
	MaxJSON  int64 = 128 << 10
	MaxDepth       = 200
)

// ReadJSON reads the request's body, of at most limit bytes, and makes sure that it is
// one JSON value no deeper than [MaxDepth].
func ReadJSON(r *http.Request, limit int64) ([]byte, error) {
	if err := CheckJSONType(r); err != nil {
		return nil, err
	}
	raw, err := ReadBody(r, limit)
	if err != nil {
		return nil, err
	}
	return raw, CheckJSON(raw)
}

// ReadBody reads the whole body of at most limit bytes.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(min(r.ContentLength, 1<<20, limit)) + bytes.MinRead) // a client may announce more than it sends
	}
	err := readBody(&buf, r, limit)
	return buf.Bytes(), err
}

// ReadText reads the whole body of at most limit bytes, in which there may be secrets: it
// leaves no copy behind.
func ReadText(r *http.Request, limit int64) (string, error) {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		clear(buf.Bytes())
		if buf.Reset(); buf.Cap() <= maxPooled {
			buffers.Put(buf)
		}
	}()
	if err := readBody(buf, r, limit); err != nil {
		return "", err
	}
	return buf.String(), nil
}

// buffers are read into by [ReadText]. One that a large body has made large is not kept.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxPooled = 16 << 10

func readBody(buf *bytes.Buffer, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	LimitBody(r, limit)
	if r.Body == nil {
		return nil
	}
	_, err := buf.ReadFrom(r.Body)
	return err
}

// bodyError says what went wrong with the client's sending.
func bodyError(err error) error {
	if _, ok := errors.AsType[*tepin.Error](err); ok {
		return err
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return &statusError{status: http.StatusRequestTimeout, detail: fmt.Sprintf("the request body came too slowly; at least %d bytes a second are needed", MinRate)}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return tepin.Errorf(tepin.Invalid, "the request body ended before its announced length")
	}
	return &tepin.Error{Kind: tepin.Invalid, Message: "the request body could not be read", Cause: err}
}

// DecodeJSON decodes what [ReadJSON] read. Unknown members are ignored; a value of
// another type than into has is refused with its place.
func DecodeJSON(raw []byte, into any) error {
	err := json.Unmarshal(raw, into)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		given, _, _ := strings.Cut(e.Value, " ") // without the number itself
		return &tepin.Error{Kind: tepin.Invalid, Path: strings.TrimSuffix("$."+e.Field, "."),
			Message: "expected " + wanted(e.Type) + ", not a JSON " + given, Cause: err}
	}
	if err != nil {
		return &tepin.Error{Kind: tepin.Invalid, Message: "the body is not the JSON object that this call takes", Cause: err}
	}
	return nil
}

// wanted names the JSON that a Go type is read from.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.String {
			return "a list of strings"
		}
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// CheckJSONType accepts JSON media types, and bodies that do not say what they are.
func CheckJSONType(r *http.Request) error {
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err == nil && (media == "application/json" || media == "text/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")) {
		if cs := params["charset"]; cs == "" || strings.EqualFold(cs, "utf-8") {
			return nil
		}
	}
	return tepin.Errorf(tepin.Unsupported, "the body must be sent with Content-Type application/json, in UTF-8")
}

// CheckJSON reports a body that is not one JSON value or is nested too deeply. The
// error says where, and never repeats more than one character.
func CheckJSON(raw []byte) error {
	if JSONDepth(raw) > MaxDepth {
		return tepin.Errorf(tepin.Invalid, "the JSON is nested deeper than %d levels", MaxDepth)
	}
	if !utf8.Valid(raw) { // a decoder would put other characters in its place
		return tepin.Errorf(tepin.Invalid, "the body is not UTF-8")
	}
	if json.Valid(raw) {
		return nil
	}
	var value json.RawMessage
	err := json.Unmarshal(raw, &value)
	if err == nil {
		err = errors.New("invalid JSON")
	}
	message := err.Error()
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		line, column := position(raw, int(e.Offset))
		message = fmt.Sprintf("line %d, column %d: %s", line, column, e.Error())
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		message = "the body is empty"
	}
	return &tepin.Error{Kind: tepin.Invalid, Message: "the body is not valid JSON: " + message, Cause: &malformed{message}}
}

// JSONDepth returns the deepest nesting of arrays and objects, without recursion and
// without caring whether they match.
func JSONDepth(raw []byte) int {
	level, deepest, inString := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// position is the line and column, from 1, of the byte before offset.
func position(raw []byte, offset int) (line, column int) {
	read := raw[:max(0, min(offset-1, len(raw)))]
	return 1 + bytes.Count(read, []byte("\n")), len(read) - bytes.LastIndexByte(read, '\n')
}
