package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"

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
	e.MAC = AuditMAC(s.auditKey, prev, e)
	if _, err := t.exec(ctx, `UPDATE audit_head SET mac = $2 WHERE chain = $1`, e.Chain, e.MAC); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO audit_entry (`+auditColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.Chain, e.Seq, micros(e.At), e.ActorKind, e.ActorID, e.ActorName, e.Action, e.Target, e.Detail, e.MAC)
	return err
}

const auditColumns = `chain, seq, at, actor_kind, actor_id, actor_name, action, target, detail, mac`

func scanAudit(r row) (e tepin.AuditEntry, err error) {
	err = r.Scan(&e.Chain, &e.Seq, at(&e.At), &e.ActorKind, &e.ActorID, &e.ActorName, &e.Action, &e.Target, &e.Detail, &e.MAC)
	return e, err
}

// AuditEntries returns up to limit entries of a chain that follow number afterSeq.
func (s *Store) AuditEntries(ctx context.Context, chain string, afterSeq int64, limit int) ([]tepin.AuditEntry, error) {
	const query = `SELECT ` + auditColumns + ` FROM audit_entry WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3`
	list, err := all(ctx, s.reader, scanAudit, query, chain, afterSeq, limit)
	return list, s.dialect.fail(err)
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
	e, err := get(ctx, s.reader, "audit chain", func(r row) (e tepin.AuditEntry, err error) {
		return e, r.Scan(&e.Chain, &e.Seq, &e.MAC)
	}, `SELECT chain, seq, mac FROM audit_head WHERE chain = $1`, chain)
	return e, s.dialect.fail(err)
}
