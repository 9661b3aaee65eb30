// Package access answers who may: it holds the whole directory of environments,
// integrations, secrets, revoked tokens and signing keys in memory, kept fresh by a
// poll, and judges client secrets and access tokens against it without touching the
// database. When it cannot know whether its copy is still true, it says so
// (tepin.Unavailable) instead of guessing.
package access

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// Bounds of freshness (S2, S5) and of memory.
const (
	PollInterval = time.Second
	MaxAge       = 4 * time.Second // since the last good poll began
	MaxSkew      = 2 * time.Second // between this clock and the database's

	pollTimeout  = 3 * time.Second  // a poll that hangs is given up
	touchEvery   = 10 * time.Second // how often last uses of secrets are written
	touchTimeout = 5 * time.Second  // for that write
	verifiedSize = 16_384           // verified tokens remembered, about 1 KB each
	provedSize   = 16_384           // right secrets whose MACs are remembered, about 0.5 KB each
	placesSize   = 16_384           // (credential, network) pairs that were used
	budgetSize   = 16_384           // (client, network) pairs whose failures are remembered
	missInterval = time.Second / 10 // at most one refresh for unknown secrets in this time
)

// Options of a [Directory]. All fields but NoticeKey, Log and Now are required.
type Options struct {
	Store     *store.Store
	Issuer    string // of the tokens: PublicURL + "/"
	PublicURL string // in the audience of every token

	// MAC computes what is stored of a secret; nil for a pepper that it does not have.
	MAC func(pepperID string, env tepin.EnvironmentID, client tepin.ClientID, secret tepin.CredentialID, plain string) []byte
	// PepperID names a pepper that MAC has, for the comparisons that only fill up.
	PepperID string
	// CheckForm reports whether a string can be a secret at all.
	CheckForm func(plain string) bool
	// NonceKey is what the nonces of DPoP proofs are made under, the same on all nodes.
	NonceKey []byte
	// OpenKey opens the sealed private half (PKCS #8) of a signing key.
	OpenKey func(sealed []byte, kid string) ([]byte, error)
	// NoticeKey hashes the ids of strangers for the audit log. On all nodes the same, it
	// shows there what came from one and the same stranger; nil = a random one.
	NoticeKey []byte

	Log *slog.Logger     // nil = nowhere
	Now func() time.Time // nil = time.Now
}

// Directory is the in-memory copy. It is safe for concurrent use.
type Directory struct {
	o        Options
	view     atomic.Pointer[view]
	turn     chan struct{} // held while polling: views follow one another in time
	verified *cache[[32]byte, *verified]
	proved   proved
	failures failures
	nonces   nonces
	replays  replays
	notices  *notices
	places   *cache[usePlace, struct{}] // where credentials are used
	lastMiss atomic.Int64               // Unix nanoseconds of the last refresh for an unknown secret

	mu   sync.Mutex
	used map[tepin.CredentialID]use // not yet written
}

// view is what one poll confirmed: that the snapshot was true when the poll began.
type view struct {
	*snapshot
	began time.Time
	skew  time.Duration
}

// New loads the directory. Call [Directory.Run] to keep it fresh.
func New(ctx context.Context, o Options) (*Directory, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NoticeKey == nil {
		o.NoticeKey = []byte(rand.Text())
	}
	d := &Directory{
		o:        o,
		turn:     make(chan struct{}, 1),
		verified: newCache[[32]byte, *verified](verifiedSize),
		proved:   newProved(),
		failures: newFailures(),
		nonces:   nonces{o.NonceKey},
		replays:  replays{max: replayMax},
		notices:  newNotices(o.NoticeKey),
		places:   newCache[usePlace, struct{}](placesSize),
		used:     map[tepin.CredentialID]use{},
	}
	if err := d.poll(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// Run polls until ctx ends. It logs when polling begins to fail and when it works again.
// What has gathered for the database is written beside, so that a slow write does not
// hold a poll up.
func (d *Directory) Run(ctx context.Context) error {
	var writing sync.WaitGroup
	writing.Go(func() { d.write(ctx) })
	poll := time.NewTicker(PollInterval)
	defer poll.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			writing.Wait()
			ctx := context.WithoutCancel(ctx)
			return errors.Join(d.Flush(ctx), d.FlushNotices(ctx, true))
		case <-poll.C:
			err := d.Refresh(ctx)
			if failed := err != nil && ctx.Err() == nil; failed != failing {
				failing = failed
				if failed {
					d.o.Log.ErrorContext(ctx, "access directory cannot be refreshed; tokens are refused with 503 while this lasts", "error", err)
				} else {
					d.o.Log.InfoContext(ctx, "access directory is fresh again")
				}
			}
		}
	}
}

// write writes last uses and notices every few seconds until ctx ends.
func (d *Directory) write(ctx context.Context) {
	touch, notice := time.NewTicker(touchEvery), time.NewTicker(noticeEvery)
	defer touch.Stop()
	defer notice.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-notice.C:
			if err := d.FlushNotices(ctx, false); err != nil && ctx.Err() == nil {
				d.o.Log.ErrorContext(ctx, "refusals not written to the audit log", "error", err)
			}
		case <-touch.C:
			if err := d.Flush(ctx); err != nil && ctx.Err() == nil {
				d.o.Log.ErrorContext(ctx, "last use of secrets not written", "error", err)
			}
		}
	}
}

// Refresh makes the directory as new as the database is now. Call it after a write
// that changes who may do what, so that the write bites at once on this node. Of many
// that wait for one another a few ask the database, for all.
func (d *Directory) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	return d.poll(ctx)
}

// Doubt makes the node answer Unavailable until its next good poll. Call it when
// something was taken away and [Directory.Refresh] has failed: this node must not go on
// by what it knew before (S3).
func (d *Directory) Doubt() {
	v := *d.view.Load()
	v.began = time.Time{}
	d.view.Store(&v)
}

func (d *Directory) poll(ctx context.Context) error {
	called := d.o.Now()
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if v := d.view.Load(); v != nil && v.began.After(called) {
		return nil
	}
	began := d.o.Now()
	counter, err := d.o.Store.ChangeCounter(ctx)
	if err != nil {
		return err
	}
	skew, err := d.o.Store.Skew(ctx)
	if err != nil {
		return err
	}
	next := &view{began: began, skew: skew}
	if last := d.view.Load(); last != nil {
		next.snapshot = last.snapshot
	}
	if next.snapshot == nil || next.counter != counter {
		if next.snapshot, err = d.load(ctx, next.snapshot); err != nil {
			return err
		}
	}
	d.view.Store(next)
	return nil
}

// Ready says why this node should not get requests, if there is a reason.
func (d *Directory) Ready() error {
	v, err := d.fresh(d.o.Now())
	if err != nil {
		return err
	}
	if v.skew.Abs() > MaxSkew {
		return tepin.Errorf(tepin.Unavailable, "this server's clock is %s from the database's; set both by NTP", v.skew.Round(time.Millisecond))
	}
	return nil
}

// fresh returns the present view, or Unavailable when it may no longer be true. A
// real clock compares monotonically: stopping the process or setting the wall clock
// back does not make an old view young.
func (d *Directory) fresh(now time.Time) (*view, error) {
	v := d.view.Load()
	if now.Sub(v.began) > MaxAge {
		return nil, &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second,
			Message: "the server cannot reach its database and does not know which credentials are still valid; try again in a second"}
	}
	return v, nil
}

// Environment finds an environment by its id or, in any case, its technical name.
func (d *Directory) Environment(idOrTechnicalName string) (tepin.Environment, bool) {
	v, name := d.view.Load(), strings.ToLower(idOrTechnicalName)
	e := v.environments[tepin.EnvironmentID(name)]
	if e == nil {
		e = v.byTechnicalName[name]
	}
	if e == nil {
		return tepin.Environment{}, false
	}
	return *e, true
}

// Issuer returns the one issuer of the instance's tokens.
func (d *Directory) Issuer() string { return d.o.Issuer }

// Keys returns the signing keys that are not denied.
func (d *Directory) Keys() *token.Keys { return d.view.Load().keys }

// NotBefore is the time before which no token may have been issued; zero if there is none.
func (d *Directory) NotBefore() time.Time { return d.view.Load().notBefore }

// Denied reports whether the token of this jti was revoked.
func (d *Directory) Denied(tokenID string) bool { return d.view.Load().denied[tokenID] }

// Flush writes the last uses of secrets that have gathered. Run does it every 10 seconds.
func (d *Directory) Flush(ctx context.Context) error {
	d.mu.Lock()
	used := d.used
	d.used = map[tepin.CredentialID]use{}
	d.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	list := make([]store.SecretUse, 0, len(used))
	for id, u := range used {
		list = append(list, store.SecretUse{ID: id, At: u.at, From: tepin.PlaceOf(u.from).String()})
	}
	ctx, cancel := context.WithTimeout(ctx, touchTimeout)
	defer cancel()
	err := d.o.Store.TouchSecrets(ctx, list)
	if err != nil { // next time; what was used again since is newer
		d.mu.Lock()
		defer d.mu.Unlock()
		maps.Copy(used, d.used)
		d.used = used
	}
	return err
}
