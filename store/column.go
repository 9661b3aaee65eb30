package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// micros is how a time is stored: microseconds since 1970 UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeColumn scans what micros wrote.
type timeColumn struct{ to *time.Time }

func at(t *time.Time) timeColumn { return timeColumn{t} }

// Scan implements [database/sql.Scanner].
func (c timeColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("store: a time is stored as %T", v)
	}
	*c.to = time.Time{}
	if n != 0 {
		*c.to = time.UnixMicro(n).UTC()
	}
	return nil
}

// durationColumn scans microseconds.
type durationColumn struct{ to *time.Duration }

func lasting(d *time.Duration) durationColumn { return durationColumn{d} }

// Scan implements [database/sql.Scanner].
func (c durationColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("store: a duration is stored as %T", v)
	}
	*c.to = time.Duration(n) * time.Microsecond
	return nil
}

// scopesColumn scans the space-separated form: names, because a bit's place could
// change with the vocabulary.
type scopesColumn struct{ to *tepin.Scopes }

func scopesIn(s *tepin.Scopes) scopesColumn { return scopesColumn{s} }

// Scan implements [database/sql.Scanner].
func (c scopesColumn) Scan(v any) error {
	text, err := textOf(v)
	if err == nil {
		*c.to, err = tepin.ParseScopes(text)
	}
	return err
}

// parsedColumn scans a text that parse reads.
type parsedColumn[T any] struct {
	to    *T
	parse func(string) (T, error)
}

func networksIn(n *tepin.Networks) parsedColumn[tepin.Networks] {
	return parsedColumn[tepin.Networks]{n, tepin.ParseNetworks}
}

// Origins were checked when they were set; what may be bound then is bound.
func originsIn(o *tepin.Origins) parsedColumn[tepin.Origins] {
	return parsedColumn[tepin.Origins]{o, func(text string) (tepin.Origins, error) { return tepin.ParseOrigins(text, true) }}
}

func quotaIn(q *tepin.Quota) parsedColumn[tepin.Quota] {
	return parsedColumn[tepin.Quota]{q, tepin.ParseQuota}
}

func personScopesIn(p *tepin.PersonScopes) parsedColumn[tepin.PersonScopes] {
	return parsedColumn[tepin.PersonScopes]{p, tepin.ParsePersonScopes}
}

func fieldsIn(list *[]string) parsedColumn[[]string] {
	return parsedColumn[[]string]{list, func(text string) ([]string, error) { return strings.Fields(text), nil }}
}

// Texts are stored as a JSON object; one without members is nil.
func textsIn(m *map[string]string) parsedColumn[map[string]string] {
	return parsedColumn[map[string]string]{m, func(text string) (m map[string]string, err error) {
		if text == "{}" {
			return nil, nil
		}
		return m, json.Unmarshal([]byte(text), &m)
	}}
}

func textsOf(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // a map of texts
	}
	return string(b)
}

func quotaText(q tepin.Quota) string {
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // a struct of numbers
	}
	return string(b)
}

// Scan implements [database/sql.Scanner].
func (c parsedColumn[T]) Scan(v any) error {
	text, err := textOf(v)
	if err == nil {
		*c.to, err = c.parse(text)
	}
	return err
}

// textOf is what a driver hands over for a TEXT column.
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("store: a text is stored as %T", v)
}
