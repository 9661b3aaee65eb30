// Package audit verifies the audit log: that no entry was altered, removed, added or
// moved since the store chained it.
package audit

import (
	"context"
	"crypto/hmac"
	"fmt"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Finding is one thing that is wrong with a chain.
type Finding struct {
	Chain   string
	Seq     int64 // the entry at fault
	Problem string
}

// String names the finding in one line.
func (f Finding) String() string { return fmt.Sprintf("%s/%d: %s", f.Chain, f.Seq, f.Problem) }

// page is how many entries are read at once.
const page = 1000

// Verify walks all chains, and returns what is wrong with them; nothing, when all is
// well. It may run beside a working server.
//
// The heads that the instance's chain holds, and those that the caller kept, are
// looked for in their chains: whoever cuts entries off with their head leaves these.
func Verify(ctx context.Context, s *store.Store, key []byte, kept ...Head) ([]Finding, error) {
	chains, err := s.AuditChains(ctx)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, chain := range chains {
		found, err := verify(ctx, s, key, chain)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	recorded, err := recordedHeads(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, h := range append(recorded, kept...) {
		found, err := h.check(ctx, s)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// verify walks one chain up to where its head stood at the beginning: what a working
// server adds meanwhile is left to the next walk.
func verify(ctx context.Context, s *store.Store, key []byte, chain string) ([]Finding, error) {
	head, err := s.AuditHead(ctx, chain)
	if tepin.KindOf(err) == tepin.NotFound {
		return []Finding{{chain, 0, "the head of the chain is missing"}}, nil
	}
	if err != nil {
		return nil, err
	}
	var findings []Finding
	var last tepin.AuditEntry
walk:
	for last.Seq < head.Seq {
		list, err := s.AuditEntries(ctx, chain, last.Seq, page)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		for _, e := range list {
			if e.Seq > head.Seq {
				break walk
			}
			if e.Seq != last.Seq+1 {
				findings = append(findings, Finding{chain, last.Seq + 1, fmt.Sprintf("%d entries are missing", e.Seq-last.Seq-1)})
			}
			if !hmac.Equal(e.MAC, store.AuditMAC(key, last.MAC, e)) && e.Seq == last.Seq+1 {
				findings = append(findings, Finding{chain, e.Seq, "the entry was altered"})
			} else if e.About != store.AuditAbout(e) {
				findings = append(findings, Finding{chain, e.Seq, "the entry is filed under another integration than the one that it is about"})
			}
			last = e
		}
	}
	findings = append(findings, end(chain, last, head)...)
	beyond, err := surplus(ctx, s, head)
	return append(findings, beyond...), err
}

// surplus finds entries behind the head. It reads them before the head, so that what
// a working server adds has a head when it is compared.
func surplus(ctx context.Context, s *store.Store, head tepin.AuditEntry) ([]Finding, error) {
	list, err := s.AuditEntries(ctx, head.Chain, head.Seq, page)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	now, err := s.AuditHead(ctx, head.Chain)
	if err != nil {
		return nil, err
	}
	if last := list[len(list)-1]; last.Seq > now.Seq {
		return []Finding{{head.Chain, now.Seq + 1, "entries were added behind the head"}}, nil
	}
	return nil, nil
}

// end compares the last entry with the head.
func end(chain string, last, head tepin.AuditEntry) []Finding {
	switch {
	case last.Seq < head.Seq:
		return []Finding{{chain, last.Seq + 1, fmt.Sprintf("the last %d entries are missing", head.Seq-last.Seq)}}
	case !hmac.Equal(last.MAC, head.MAC):
		return []Finding{{chain, head.Seq, "the head does not fit the last entry"}}
	}
	return nil
}
