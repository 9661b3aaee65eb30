package oauth

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/outbound"
)

// How long the keys of other hosts are kept. What a host says in Cache-Control counts
// between the two bounds.
const (
	minKeptKeys   = 5 * time.Minute
	maxKeptKeys   = 24 * time.Hour
	unsaidKeys    = 15 * time.Minute // where the host says nothing
	staleKeys     = time.Hour        // kept longer, while the host cannot be reached
	refetchKeys   = time.Minute      // at most so often keys are fetched for a signature that none fits
	retryKeys     = 10 * time.Second // at most so often they are, after that failed
	maxKeySets    = 10_000
	maxKeySetBody = 256 << 10 // bytes
)

// KeySets fetches and keeps the keys that other hosts publish: of clients that sign
// assertions, and of issuers whose tokens workloads present. It is safe for concurrent
// use.
type KeySets struct {
	outbound *outbound.Client
	log      *slog.Logger
	now      func() time.Time

	mu   sync.Mutex
	sets map[source]*keySet
}

// NewKeySets returns an empty cache. A nil now is time.Now.
func NewKeySets(c *outbound.Client, log *slog.Logger, now func() time.Time) *KeySets {
	if now == nil {
		now = time.Now
	}
	return &KeySets{outbound: c, log: log, now: now, sets: map[source]*keySet{}}
}

// source is where keys come from. Environments share nothing, not even what is public:
// whether something is kept already can be told by the time that it takes (P3).
type source struct {
	env  tepin.EnvironmentID
	kind tepin.TrustKind
	url  string
}

// keySet is what one source has published.
type keySet struct {
	turn  chan struct{} // held while it is fetched
	known published     // under the mutex of KeySets
}

// published is what was last seen of a source.
type published struct {
	keys  []jose.JSONWebKey
	until time.Time // when they are to be fetched again; zero = there are none
	tried time.Time // when that was last done
	err   error     // if it failed
}

// usable reports whether the keys still count: a while longer than they should, if they
// cannot be fetched again.
func (p published) usable(now time.Time) bool {
	return !p.until.IsZero() && now.Sub(p.until) < staleKeys
}

// due reports whether the keys are to be fetched: because their time is over, or
// because a signature fits none of them, and in either case not too often.
func (p published) due(now time.Time, again bool) bool {
	since := now.Sub(p.tried).Abs() // clocks jump
	if now.Before(p.until) {
		return again && since >= refetchKeys
	}
	return since >= retryKeys
}

// Check fetches the keys of a trust, for the one who makes it: a mistake in its URL
// should be found now.
func (k *KeySets) Check(ctx context.Context, t tepin.Trust) error {
	if (t.Kind != tepin.TrustKeySet && t.Kind != tepin.TrustIssuer) || t.Keys != "" {
		return nil
	}
	_, _, err := k.fetch(ctx, source{kind: t.Kind, url: t.URL})
	return err
}

// find reports whether fits finds a key among those of a trust. If it does not, they are
// fetched again, at most once a minute, for the key may be new. It fails with Unavailable
// while the keys cannot be known.
func (k *KeySets) find(ctx context.Context, t tepin.Trust, fits func([]jose.JSONWebKey) bool) (bool, error) {
	if t.Kind == tepin.TrustKey || t.Keys != "" {
		keys, err := credential.ReadKeySet([]byte(t.Keys))
		return err == nil && fits(keys), err
	}
	src := source{t.EnvironmentID, t.Kind, t.URL}
	keys, _, err := k.current(ctx, src, false)
	if err != nil || fits(keys) {
		return err == nil, err
	}
	keys, fetched, err := k.current(ctx, src, true)
	return err == nil && fetched && fits(keys), err
}

// current returns the keys of a source, and whether they were fetched just now. Who
// comes while they are waits only if there are none.
func (k *KeySets) current(ctx context.Context, src source, again bool) (_ []jose.JSONWebKey, fetched bool, _ error) {
	s := k.set(src)
	known := k.last(s)
	if now := k.now(); known.due(now, again) {
		select {
		case s.turn <- struct{}{}:
		default:
			if known.usable(now) {
				return known.keys, false, nil
			}
			select {
			case s.turn <- struct{}{}:
			case <-ctx.Done():
				return nil, false, unfetched(ctx.Err())
			}
		}
		defer func() { <-s.turn }()
		if known = k.last(s); known.due(k.now(), again) { // and nobody did it meanwhile
			known, fetched = k.refresh(ctx, src, s, known)
		}
	}
	if !known.usable(k.now()) {
		return nil, false, unfetched(known.err)
	}
	return known.keys, fetched, nil
}

func (k *KeySets) last(s *keySet) published {
	k.mu.Lock()
	defer k.mu.Unlock()
	return s.known
}

// refresh fetches a key set. It does not end with the request that needs it first:
// others wait for it too.
func (k *KeySets) refresh(ctx context.Context, src source, s *keySet, known published) (_ published, fetched bool) {
	keys, kept, err := k.fetch(context.WithoutCancel(ctx), src)
	if err != nil && known.err == nil {
		k.log.WarnContext(ctx, "the keys of another host cannot be fetched", "error", err)
	}
	known.tried, known.err = k.now(), err
	if err == nil {
		known.keys, known.until = keys, known.tried.Add(kept)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s.known = known
	return known, err == nil
}

// set returns the entry of a source. When there are too many, all begin anew.
func (k *KeySets) set(src source) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.sets[src]
	if s == nil {
		if len(k.sets) >= maxKeySets {
			clear(k.sets)
		}
		s = &keySet{turn: make(chan struct{}, 1)}
		k.sets[src] = s
	}
	return s
}

// unfetched is the refusal while keys cannot be known. Why is for the log: the client may
// be a stranger.
func unfetched(cause error) error {
	return &tepin.Error{Kind: tepin.Unavailable, RetryAfter: retryKeys, Cause: cause,
		Message: "the keys that this client assertion is checked with cannot be fetched at the moment; try again in some seconds"}
}

// fetch gets the keys of a source, and says how long they may be kept.
func (k *KeySets) fetch(ctx context.Context, src source) ([]jose.JSONWebKey, time.Duration, error) {
	where := src.url
	if src.kind == tepin.TrustIssuer {
		var err error
		if where, err = k.discover(ctx, src.url); err != nil {
			return nil, 0, err
		}
	}
	a, err := k.outbound.Get(ctx, outbound.Request{URL: where, MaxBody: maxKeySetBody, Header: http.Header{"Accept": {"application/jwk-set+json, application/json"}}})
	if err != nil {
		return nil, 0, err
	}
	keys, err := credential.ReadKeySet(a.Body)
	if err != nil {
		return nil, 0, &tepin.Error{Kind: tepin.Unprocessable, Message: "there is no JWK set at " + where, Cause: err}
	}
	if len(keys) == 0 {
		return nil, 0, tepin.Errorf(tepin.Unprocessable, "the JWK set at %s has no RSA, P-256 or Ed25519 key that may verify", where)
	}
	return keys, kept(a.Header), nil
}

// discover returns the jwks_uri of an issuer (OpenID Connect Discovery 1.0 §4), which must
// call itself what it is trusted as.
func (k *KeySets) discover(ctx context.Context, issuer string) (string, error) {
	where := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	a, err := k.outbound.Get(ctx, outbound.Request{URL: where, MaxBody: maxKeySetBody, Header: http.Header{"Accept": {"application/json"}}})
	if err != nil {
		return "", err
	}
	var found struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(a.Body, &found); err != nil {
		return "", &tepin.Error{Kind: tepin.Unprocessable, Message: "there is no OpenID Connect discovery document at " + where, Cause: err}
	}
	switch {
	case found.Issuer != issuer:
		return "", tepin.Errorf(tepin.Unprocessable, "the issuer at %s calls itself %s; name it exactly so", where, strconv.Quote(tepin.Shorten(found.Issuer, 200)))
	case found.JWKS == "":
		return "", tepin.Errorf(tepin.Unprocessable, "the discovery document at %s names no jwks_uri", where)
	}
	return found.JWKS, nil
}

// kept is how long an answer may be kept (RFC 9111 §5.2.2.1), within our bounds.
func kept(h http.Header) time.Duration {
	life := unsaidKeys
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); {
		case name == "no-store" || name == "no-cache":
			return minKeptKeys
		case name == "max-age" && err == nil:
			life = time.Duration(seconds) * time.Second
		}
	}
	return min(max(life, minKeptKeys), maxKeptKeys)
}
