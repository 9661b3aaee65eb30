package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

// InstanceChain is the audit chain of what belongs to no environment: people, keys,
// and the environments' own creation and changes. The chain of an environment is its
// id.
const InstanceChain = "instance"

// AuditMAC computes the MAC of an entry: HMAC-SHA-256 over the length-prefixed MAC
// of the entry before it and the entry's fields (S34).
func AuditMAC(key, prev []byte, e tepin.AuditEntry) []byte {
	h := hmac.New(sha256.New, key)
	write := func(field []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		h.Write(field)
	}
	write(prev)
	write([]byte(e.Chain))
	write(binary.BigEndian.AppendUint64(nil, uint64(e.Seq)))
	write(binary.BigEndian.AppendUint64(nil, uint64(micros(e.At))))
	for _, s := range []string{string(e.ActorKind), e.ActorID, e.ActorName, e.Action, e.Target, e.Detail} {
		write([]byte(s))
	}
	return h.Sum(nil)
}

// UseAuditKey sets the key of the audit chains' MACs. Call it before the first change.
func (s *Store) UseAuditKey(key []byte) { s.auditKey = key }

// appendAudit takes the lock of the chain's head, which is held to the end of the
// transaction, and puts the entry behind it.
func (s *Store) appendAudit(ctx context.Context, t *tx, e tepin.AuditEntry) error {
	if len(s.auditKey) == 0 {
		return errors.New("store: opened without the key of the audit log, so nothing can be changed")
	}
	const head = `INSERT INTO audit_head (chain, seq, mac) VALUES ($1, 1, $2)
		ON CONFLICT (chain) DO UPDATE SET seq = audit_head.seq + 1 RETURNING seq, mac`
	var prev []byte
	if err := t.QueryRowContext(ctx, head, e.Chain, []byte{}).Scan(&e.Seq, &prev); err != nil {
		return err
	}
	e.About, e.MAC = AuditAbout(e), AuditMAC(s.auditKey, prev, e)
	if _, err := t.exec(ctx, `UPDATE audit_head SET mac = $2 WHERE chain = $1`, e.Chain, e.MAC); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO audit_entry (`+auditColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.Chain, e.Seq, micros(e.At), e.ActorKind, e.ActorID, e.ActorName, e.Action, e.Target, e.Detail, e.About, e.MAC)
	return err
}

// AuditAbout returns the id of the integration that an entry concerns, or "": the one
// that its detail names, or its target where that is one, or the one that acted. It is
// stored beside the entry, to find it by; the MAC covers what it is made of.
func AuditAbout(e tepin.AuditEntry) string {
	var detail struct {
		Integration any `json:"integration"`
	}
	if strings.Contains(e.Detail, `"integration":`) && json.Unmarshal([]byte(e.Detail), &detail) == nil {
		if id, ok := detail.Integration.(string); ok {
			return id
		}
	}
	kind, _, _ := strings.Cut(e.Action, ".")
	switch {
	case slices.Contains(aboutTarget, kind) && e.Target != e.Chain:
		return e.Target
	case e.ActorKind == tepin.ActorIntegration:
		return e.ActorID
	}
	return ""
}

// aboutTarget are the kinds of actions whose target is an integration.
var aboutTarget = []string{"integration", "credential", "limit", "guard", "quota"}

const auditColumns = `chain, seq, at, actor_kind, actor_id, actor_name, action, target, detail, about, mac`

func scanAudit(r row) (e tepin.AuditEntry, err error) {
	err = r.Scan(&e.Chain, &e.Seq, at(&e.At), &e.ActorKind, &e.ActorID, &e.ActorName, &e.Action, &e.Target, &e.Detail, &e.About, &e.MAC)
	return e, err
}

// AuditEntries returns up to limit entries of a chain that follow number afterSeq.
func (s *Store) AuditEntries(ctx context.Context, chain string, afterSeq int64, limit int) ([]tepin.AuditEntry, error) {
	const query = `SELECT ` + auditColumns + ` FROM audit_entry WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3`
	list, err := all(ctx, s.reader, scanAudit, query, chain, afterSeq, limit)
	return list, s.dialect.fail(err)
}

// AuditQuery asks for entries of one chain, the newest first.
type AuditQuery struct {
	Chain  string
	About  string // id of an integration that they concern; "" = all
	Action string // their actions begin so; "" = all
	Before int64  // a number; 0 = from the newest
	Limit  int    // 1 to [tepin.MaxLimit]
}

// How far one query looks for actions.
const (
	auditBatch   = 1000
	auditBatches = 20
)

// AuditLog returns a page of entries, and the number before which the next one goes on,
// 0 at the end. A page whose query names actions may have fewer entries than there is
// room for, even none, before the end: a query looks at a bounded number of them.
func (s *Store) AuditLog(ctx context.Context, q AuditQuery) (list []tepin.AuditEntry, next int64, err error) {
	at, batch := q.Before, q.Limit+1
	if at <= 0 {
		at = math.MaxInt64
	}
	if q.Action != "" {
		batch = auditBatch
	}
	for range auditBatches {
		entries, err := s.auditBefore(ctx, q, at, batch)
		if err != nil {
			return nil, 0, err
		}
		for _, e := range entries {
			at = e.Seq
			if !strings.HasPrefix(e.Action, q.Action) {
				continue
			}
			if len(list) == q.Limit {
				return list, list[q.Limit-1].Seq, nil
			}
			list = append(list, e)
		}
		if len(entries) < batch {
			return list, 0, nil
		}
	}
	return list, at, nil
}

func (s *Store) auditBefore(ctx context.Context, q AuditQuery, before int64, limit int) ([]tepin.AuditEntry, error) {
	query, args := auditStatement(q, before, limit)
	list, err := all(ctx, s.reader, scanAudit, query, args...)
	return list, s.dialect.fail(err)
}

// auditStatement reads entries by the primary key, or by the index of what they are about.
func auditStatement(q AuditQuery, before int64, limit int) (query string, args []any) {
	about := ""
	args = []any{q.Chain, before, limit}
	if q.About != "" {
		about, args = ` AND about = $4 AND about <> ''`, append(args, q.About)
	}
	return `SELECT ` + auditColumns + ` FROM audit_entry WHERE chain = $1 AND seq < $2` + about + ` ORDER BY seq DESC LIMIT $3`, args
}

// AuditChains returns the names of all chains that have a head or an entry, or must
// have: every environment's begins with its creation.
func (s *Store) AuditChains(ctx context.Context) ([]string, error) {
	list, err := all(ctx, s.reader, func(r row) (c string, err error) { return c, r.Scan(&c) },
		`SELECT chain FROM audit_head UNION SELECT chain FROM audit_entry UNION SELECT id FROM environment
			UNION SELECT '`+InstanceChain+`' FROM subscription ORDER BY 1`)
	return list, s.dialect.fail(err)
}

// AuditHead returns the number and the MAC that a chain's last entry must have.
func (s *Store) AuditHead(ctx context.Context, chain string) (tepin.AuditEntry, error) {
	e, err := get(ctx, s.reader, "audit chain", scanHead, `SELECT chain, seq, mac FROM audit_head WHERE chain = $1`, chain)
	return e, s.dialect.fail(err)
}
