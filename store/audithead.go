package store

import (
	"context"
	"encoding/hex"
	"math"
	"slices"
	"time"

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
		moved, err = all(ctx, t, scanHead, `SELECT h.chain, h.seq, h.mac FROM audit_head h LEFT JOIN audit_recorded r ON r.chain = h.chain
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

// SignedAction names the entries of the instance's chain that hold signed heads. Their
// detail is {"jws": text}.
const SignedAction = "audit.sign"

// signedAtOnce is how many heads one signature covers.
const signedAtOnce = 100

// SignHeads has the heads of all chains signed, in parts, and writes the signatures into
// the instance's chain, which it returns: once for the day (UTC) of now, on however many
// nodes.
func (s *Store) SignHeads(ctx context.Context, sign func(heads []tepin.AuditEntry) (jws string, err error)) (signed []string, err error) {
	err = s.write(ctx, func(t *tx) error {
		signed, t.quiet = nil, true
		if _, err := get(ctx, t, "audit chain", scanHead, `SELECT chain, seq, mac FROM audit_head WHERE chain = $1`+t.dialect.lockRow, InstanceChain); err != nil {
			return err
		}
		newest, err := signedHeads(ctx, t, math.MaxInt64, 1)
		if err != nil {
			return err
		}
		// One that seems to come from the future does not count: a clock was wrong.
		if day := t.now.Truncate(24 * time.Hour); len(newest) > 0 && !newest[0].At.Before(day) && newest[0].At.Before(day.Add(48*time.Hour)) {
			return nil
		}
		heads, err := all(ctx, t, scanHead, `SELECT chain, seq, mac FROM audit_head ORDER BY chain`)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(heads, signedAtOnce) {
			jws, err := sign(part)
			if err != nil {
				return err
			}
			signed = append(signed, jws)
			t.record(InstanceChain, tepin.System, SignedAction, "", map[string]any{"jws": jws})
		}
		return nil
	})
	return signed, err
}

// SignedHeads returns up to limit entries that hold signed heads, with numbers below
// before, the newest first; before 0 begins with the newest.
func (s *Store) SignedHeads(ctx context.Context, before int64, limit int) ([]tepin.AuditEntry, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	list, err := signedHeads(ctx, s.reader, before, limit)
	return list, s.dialect.fail(err)
}

func signedHeads(ctx context.Context, q queryer, before int64, limit int) ([]tepin.AuditEntry, error) {
	return all(ctx, q, scanAudit, signedQuery, InstanceChain, before, limit)
}

const signedQuery = `SELECT ` + auditColumns + ` FROM audit_entry WHERE chain = $1 AND action = '` + SignedAction + `' AND seq < $2 ORDER BY seq DESC LIMIT $3`

func scanHead(r row) (e tepin.AuditEntry, err error) { return e, r.Scan(&e.Chain, &e.Seq, &e.MAC) }
