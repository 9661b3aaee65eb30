package store

import (
	"fmt"
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
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return fmt.Errorf("store: scopes are stored as %T", v)
	}
	var err error
	*c.to, err = tepin.ParseScopes(text)
	return err
}
