package store

import (
	"context"
	"encoding/hex"

	"github.com/tepin/tepin"
)

// HeadsAction names the entries of the instance's chain that hold other chains' heads.
// Their detail is {"heads": {chain: {"seq": number, "mac": hex}}}.
const HeadsAction = "audit.heads"

// headsAtOnce is how many heads one entry holds.
const headsAtOnce = 500

// RecordHeads writes the heads of the environments' chains that have moved since the
// last time into the instance's chain, so that cutting a chain's end off, with its
// head, is found. It returns how many it wrote.
func (s *Store) RecordHeads(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.recordHeads(ctx)
		total += n
		if err != nil || n < headsAtOnce {
			return total, err
		}
	}
}

func (s *Store) recordHeads(ctx context.Context) (int, error) {
	var moved []tepin.AuditEntry
	err := s.write(ctx, func(t *tx) (err error) {
		// Read without locks: a head that moves meanwhile is written next time.
		moved, err = all(ctx, t, func(r row) (e tepin.AuditEntry, err error) {
			return e, r.Scan(&e.Chain, &e.Seq, &e.MAC)
		}, `SELECT h.chain, h.seq, h.mac FROM audit_head h LEFT JOIN audit_recorded r ON r.chain = h.chain
			WHERE h.chain <> $1 AND h.seq > COALESCE(r.seq, 0) ORDER BY h.chain LIMIT $2`, InstanceChain, headsAtOnce)
		if err != nil || len(moved) == 0 {
			t.quiet = true
			return err
		}
		heads := map[string]any{}
		for _, e := range moved {
			heads[e.Chain] = map[string]any{"seq": e.Seq, "mac": hex.EncodeToString(e.MAC)}
			if _, err := t.exec(ctx, `INSERT INTO audit_recorded (chain, seq) VALUES ($1, $2) ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq`, e.Chain, e.Seq); err != nil {
				return err
			}
		}
		t.record(InstanceChain, tepin.System, HeadsAction, "", map[string]any{"heads": heads})
		return nil
	})
	return len(moved), err
}
