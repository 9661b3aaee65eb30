package store

import (
	"context"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

// Notice is a line of the audit log about something that changed nothing.
type Notice struct {
	Chain  string // environment id, or [InstanceChain]
	By     tepin.Actor
	Action string
	Target string
	Detail map[string]any // strings, numbers, and true or false; never a secret
}

// RecordNotices writes a batch of lines, each into its chain.
func (s *Store) RecordNotices(ctx context.Context, list []Notice) error {
	list = slices.Clone(list)
	// In the order of the chains, so that two batches cannot block each other.
	slices.SortStableFunc(list, func(a, b Notice) int { return strings.Compare(a.Chain, b.Chain) })
	for _, n := range list {
		if err := checkText(n.Chain, n.Action, n.Target, n.By.Name); err != nil {
			return err
		}
	}
	return s.write(ctx, func(t *tx) error {
		t.quiet = true // an empty batch
		for _, n := range list {
			t.record(n.Chain, n.By, n.Action, n.Target, n.Detail)
		}
		return nil
	})
}
