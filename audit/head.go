package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Head is the last entry of a chain as it was once: whoever keeps it can tell later
// that nothing up to it was cut off.
type Head struct {
	Chain string
	Seq   int64
	MAC   []byte
}

// String is the form that [ParseHead] reads: chain:number:mac.
func (h Head) String() string { return fmt.Sprintf("%s:%d:%x", h.Chain, h.Seq, h.MAC) }

// ParseHead reads a head as the log has it.
func ParseHead(text string) (Head, error) {
	part := strings.Split(text, ":")
	if len(part) == 3 {
		seq, seqErr := strconv.ParseInt(part[1], 10, 64)
		mac, macErr := hex.DecodeString(part[2])
		if errors.Join(seqErr, macErr) == nil && seq > 0 {
			return Head{part[0], seq, mac}, nil
		}
	}
	return Head{}, fmt.Errorf("%.80q is no head of an audit chain; the log has them as chain:number:mac", text)
}

// check looks for the entry that was the head.
func (h Head) check(ctx context.Context, s *store.Store) ([]Finding, error) {
	list, err := s.AuditEntries(ctx, h.Chain, h.Seq-1, 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || list[0].Seq != h.Seq {
		return []Finding{{h.Chain, h.Seq, "the entry that was once the last is missing"}}, nil
	}
	if !bytes.Equal(list[0].MAC, h.MAC) {
		return []Finding{{h.Chain, h.Seq, "the entry that was once the last is another"}}, nil
	}
	return nil, nil
}

// recordedHeads reads the newest heads that the instance's chain holds.
func recordedHeads(ctx context.Context, s *store.Store) ([]Head, error) {
	newest := map[string]Head{}
	var order []string
	for after := int64(0); ; {
		list, err := s.AuditEntries(ctx, store.InstanceChain, after, page)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			after = e.Seq
			if e.Action != store.HeadsAction {
				continue
			}
			var detail struct {
				Heads map[string]struct {
					Seq int64  `json:"seq"`
					MAC string `json:"mac"`
				} `json:"heads"`
			}
			if err := json.Unmarshal([]byte(e.Detail), &detail); err != nil {
				continue // altered: verify has said so
			}
			for chain, head := range detail.Heads {
				mac, err := hex.DecodeString(head.MAC)
				if err != nil {
					continue // the same
				}
				if _, known := newest[chain]; !known {
					order = append(order, chain)
				}
				newest[chain] = Head{chain, head.Seq, mac}
			}
		}
		if len(list) < page {
			break
		}
	}
	var heads []Head
	for _, chain := range order {
		heads = append(heads, newest[chain])
	}
	return heads, nil
}

// Keeper writes heads where they outlive the database's: those of the environments
// into the instance's chain, the instance's into the log, and each day all of them,
// signed, into both.
type Keeper struct {
	Store  *store.Store
	Log    *slog.Logger
	Issuer string
	Sign   func(payload []byte) (jws string, err error)
	Now    func() time.Time // nil = time.Now

	logged int64
}

// RecordHeads writes the environments' heads into the instance's chain.
func (k *Keeper) RecordHeads(ctx context.Context) error {
	_, err := k.Store.RecordHeads(ctx)
	return err
}

// LogHead writes the instance's head into the log if it has moved.
func (k *Keeper) LogHead(ctx context.Context) error {
	head, err := k.Store.AuditHead(ctx, store.InstanceChain)
	if tepin.KindOf(err) == tepin.NotFound || err == nil && head.Seq == k.logged {
		return nil
	}
	if err != nil {
		return err
	}
	k.logged = head.Seq
	k.Log.Info("audit head", "head", Head{head.Chain, head.Seq, head.MAC}.String())
	return nil
}

// SignHeads signs the heads of all chains once a day. Call it more often, on all nodes.
func (k *Keeper) SignHeads(ctx context.Context) error {
	signed, err := k.Store.SignHeads(ctx, k.sign)
	for _, jws := range signed {
		k.Log.Info("audit heads signed", "jws", jws)
	}
	return err
}
