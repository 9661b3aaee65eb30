package access

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Bounds of what is noticed in one hour; beyond them only the number counts (S35).
const (
	noticesOfLog = 256   // different ones for the log of one environment, or of the instance
	noticesInAll = 4_096 // in all logs, about 400 bytes each
	noticeBatch  = 100   // written in one transaction
	noticeEvery  = 5 * time.Second
	noticeText   = 200 // bytes of a reason or an origin
)

// The actions under which notices stand in the audit log.
const (
	ActionRefused     = "credential.refuse"  // a credential that does not open what it was shown for
	ActionLimited     = "limit.refuse"       // a limit that a caller has run into
	ActionNetwork     = "credential.network" // a credential is used from where it was not used before
	ActionGuardReport = store.ActionGuardReport
	ActionGuardBlock  = store.ActionGuardBlock
)

// Notice is something that happened at a door and changed nothing: a refusal, or an
// event of the browser guard. It goes into the audit log with the next batch. The same
// again within the hour is counted, and the rest of the count written after the hour.
type Notice struct {
	Action      string
	Reason      string              // one of few: never what a stranger sent
	Environment tepin.EnvironmentID // whose log it belongs in; "" = the instance's
	By          tepin.Actor         // who proved to have done it; zero = nobody
	Target      string              // id of the integration or person concerned, if there is one
	Credential  tepin.CredentialID  // that was used, if it matters which
	Claimed     string              // whom an unknown caller claims to be: only an HMAC of it is kept
	From        netip.Addr          // counts by network; zero = it does not matter
	Origin      string              // of the page that made the request
	Once        bool                // told once in the hour, and not counted
}

// noticeKey is what makes two notices the same.
type noticeKey struct {
	hour                                     int64 // Unix, of its beginning
	chain, action, target, reason, who, page string
	credential                               tepin.CredentialID
	place                                    tepin.Place
}

type noticed struct {
	by            tepin.Actor
	once, others  bool
	count         int64
	written       int64 // of count
	first, latest time.Time
}

// notices gathers what is to be written.
type notices struct {
	key []byte // of the HMACs

	mu    sync.Mutex
	seen  map[noticeKey]*noticed
	ofLog map[string]int // entries of seen by chain

	turn chan struct{} // held while writing
}

func newNotices(key []byte) *notices {
	return &notices{key: key, seen: map[noticeKey]*noticed{}, ofLog: map[string]int{}, turn: make(chan struct{}, 1)}
}

// Notice takes note of n for the audit log. It costs no query, and never fails.
func (d *Directory) Notice(n Notice) { d.notices.add(n, d.o.Now()) }

// RefusedClient takes note that a client which says that it is id was refused with err.
// Errors that are no refusal are passed over.
func (d *Directory) RefusedClient(id tepin.ClientID, from netip.Addr, err error) {
	c := d.view.Load().clients[id]
	d.refused(c, string(id), from, err)
}

// RefusedPerson takes note that somebody who claims to be the person of this e-mail
// address was refused with err; id is empty where there is no such person.
func (d *Directory) RefusedPerson(id tepin.UserID, email string, from netip.Addr, err error) {
	d.refusal(Notice{Target: string(id), Claimed: email, From: from}, err)
}

// refused takes note of a refusal, for the log of the client if it is known.
func (d *Directory) refused(c *client, claimed string, from netip.Addr, err error) {
	n := Notice{Claimed: claimed, From: from}
	if c != nil {
		n.Environment, n.Target = c.environment.ID, string(c.integration.ID)
	}
	d.refusal(n, err)
}

func (d *Directory) refusal(n Notice, err error) {
	switch tepin.KindOf(err) {
	case tepin.Unauthorized, tepin.Forbidden:
		n.Action = ActionRefused
	case tepin.TooMany:
		n.Action = ActionLimited
	default:
		return
	}
	n.Reason = reasonOf(err)
	d.Notice(n)
}

// Reason is the cause of a refusal as the audit log has it. It is a text of ours, never
// made of what a stranger sent.
type Reason string

// Error implements error, for the server's log.
func (r Reason) Error() string { return string(r) }

// reasonOf is what the audit log says of a refusal: its [Reason], which callers are not
// told, or else what they are told, without how to mend it.
func reasonOf(err error) string {
	what := err.Error()
	if e, ok := errors.AsType[*tepin.Error](err); ok {
		what = e.Message
		if r, ok := e.Cause.(Reason); ok {
			what = string(r)
		}
	}
	what, _, _ = strings.Cut(what, ";")
	return what
}

func (s *notices) add(n Notice, now time.Time) {
	who := s.hash(n.Claimed) // always, so that known and unknown ids take the same time
	if n.Target != "" || n.Claimed == "" {
		who = ""
	}
	k := noticeKey{
		hour: now.Truncate(time.Hour).Unix(), chain: cmp.Or(string(n.Environment), store.InstanceChain), action: n.Action,
		target: n.Target, reason: cleaned(n.Reason), who: who, place: tepin.PlaceOf(n.From), page: cleaned(n.Origin), credential: n.Credential,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.seen[k]
	others := e == nil && (s.ofLog[k.chain] >= noticesOfLog || len(s.seen) >= noticesInAll)
	if others {
		k = noticeKey{hour: k.hour, chain: k.chain, action: k.action}
		n, e = Notice{}, s.seen[k]
	}
	if e == nil {
		e = &noticed{by: n.By, once: n.Once, others: others, first: now}
		if e.by.Kind == "" {
			e.by = tepin.System
		}
		s.seen[k] = e
		s.ofLog[k.chain]++
	}
	e.count++
	e.latest = now
}

// hash stands for an id that a stranger sent.
func (s *notices) hash(id string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// cleaned cuts a text to what the log takes: short, printable ASCII.
func cleaned(text string) string {
	text = tepin.Shorten(text, noticeText)
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r > 0x7f && r != '…' {
			return '?'
		}
		return r
	}, text)
}

// FlushNotices writes what has been noticed. Run does it every five seconds; at the end
// of a server, with end, nothing waits for the end of its hour.
func (d *Directory) FlushNotices(ctx context.Context, end bool) error {
	s := d.notices
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	due := s.due(d.o.Now(), end)
	for len(due) > 0 {
		batch := due[:min(noticeBatch, len(due))]
		due = due[len(batch):]
		entries := make([]store.Notice, len(batch))
		for i, n := range batch {
			entries[i] = n.Notice
		}
		ctx, cancel := context.WithTimeout(ctx, touchTimeout)
		err := d.o.Store.RecordNotices(ctx, entries)
		cancel()
		if err != nil {
			return err // what was not written is due again
		}
		s.wrote(batch)
	}
	s.forget(d.o.Now())
	return nil
}

// dueNotice is one line to write, for count occurrences of what k names.
type dueNotice struct {
	store.Notice
	k     noticeKey
	count int64
	first time.Time
}

// due returns what is to be written: each notice at its first occurrence, and the rest
// of its count when its hour is over.
func (s *notices) due(now time.Time, end bool) []dueNotice {
	hour := now.Truncate(time.Hour).Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []dueNotice
	for k, e := range s.seen {
		rest := e.count - e.written
		if rest == 0 || e.written > 0 && (e.once || k.hour == hour && !end) {
			continue
		}
		list = append(list, dueNotice{e.line(k), k, rest, e.first})
	}
	slices.SortFunc(list, func(a, b dueNotice) int { return a.first.Compare(b.first) })
	return list
}

func (s *notices) wrote(list []dueNotice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range list {
		s.seen[n.k].written += n.count
	}
}

// forget drops what belongs to another hour and is written.
func (s *notices) forget(now time.Time) {
	hour := now.Truncate(time.Hour).Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, e := range s.seen {
		if k.hour == hour || e.written == 0 || !e.once && e.written < e.count {
			continue
		}
		delete(s.seen, k)
		if s.ofLog[k.chain]--; s.ofLog[k.chain] == 0 {
			delete(s.ofLog, k.chain)
		}
	}
}

// line is the entry for what has not been written.
func (e *noticed) line(k noticeKey) store.Notice {
	detail := map[string]any{}
	for name, value := range map[string]string{"reason": k.reason, "claimed": k.who, "network": k.place.String(), "origin": k.page, "credential": string(k.credential)} {
		if value != "" {
			detail[name] = value
		}
	}
	if !e.once {
		detail["count"] = e.count - e.written
		detail["until"] = e.latest.UTC().Format(time.RFC3339)
		if e.written == 0 {
			detail["since"] = e.first.UTC().Format(time.RFC3339)
		}
	}
	if e.others {
		detail["others"] = true // too many different ones for a line each
	}
	return store.Notice{Chain: k.chain, By: e.by, Action: k.action, Target: k.target, Detail: detail}
}
