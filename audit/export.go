package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Filter says which entries an export has.
type Filter struct {
	Chain  string    // "" = of all chains
	Since  time.Time // from then on; zero = from the beginning
	Until  time.Time // before then; zero = to the end
	Action string    // their actions begin so
}

// keeps reports whether the filter lets an entry through.
func (f Filter) keeps(e tepin.AuditEntry) bool {
	return strings.HasPrefix(e.Action, f.Action) && !e.At.Before(f.Since) && (f.Until.IsZero() || e.At.Before(f.Until))
}

// Line is an entry as an export has it: one JSON object in a line. With the key of the
// audit log, the MAC can be computed again from what stands in it.
type Line struct {
	Chain  string          `json:"chain"`
	Seq    int64           `json:"seq"`
	Time   string          `json:"time"` // RFC 3339, UTC, microseconds
	Actor  LineActor       `json:"actor"`
	Action string          `json:"action"`
	Target string          `json:"target"`
	Detail json.RawMessage `json:"detail"` // as it is stored
	MAC    string          `json:"mac"`    // hex
}

// LineActor is who did it.
type LineActor struct {
	Kind tepin.ActorKind `json:"kind"`
	ID   string          `json:"id"`
	Name string          `json:"name"`
}

// TimeFormat is how times stand in an export.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// lineOf is an entry as a line.
func lineOf(e tepin.AuditEntry) (Line, error) {
	detail := []byte(e.Detail)
	if !json.Valid(detail) { // somebody has altered it: verify names it
		var err error
		if detail, err = json.Marshal(e.Detail); err != nil {
			return Line{}, err
		}
	}
	return Line{
		Chain: e.Chain, Seq: e.Seq, Time: e.At.UTC().Format(TimeFormat), Actor: LineActor{e.ActorKind, e.ActorID, e.ActorName},
		Action: e.Action, Target: e.Target, Detail: detail, MAC: hex.EncodeToString(e.MAC),
	}, nil
}

// Export writes the entries of the filter to w, chain by chain, the oldest first. It may
// run beside a working server, and holds a page of entries in memory at a time.
func Export(ctx context.Context, s *store.Store, f Filter, w io.Writer) error {
	chains := []string{f.Chain}
	if f.Chain == "" {
		var err error
		if chains, err = s.AuditChains(ctx); err != nil {
			return err
		}
	}
	for _, chain := range chains {
		if err := exportChain(ctx, s, chain, f, w); err != nil {
			return err
		}
	}
	return nil
}

func exportChain(ctx context.Context, s *store.Store, chain string, f Filter, w io.Writer) error {
	for after := int64(0); ; {
		list, err := s.AuditEntries(ctx, chain, after, page)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		lines := json.NewEncoder(&b)
		lines.SetEscapeHTML(false)
		for _, e := range list {
			after = e.Seq
			if !f.keeps(e) {
				continue
			}
			line, err := lineOf(e)
			if err != nil {
				return err
			}
			if err := lines.Encode(line); err != nil {
				return err
			}
		}
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
		if len(list) < page {
			return nil
		}
	}
}
