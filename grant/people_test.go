package grant_test

import (
	"bytes"
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// What people type is read with any dashes, spaces and case, and nothing else is.
func TestUserCodes(t *testing.T) {
	for typed, want := range map[string]string{
		"WDJB-MJHT": "WDJBMJHT", "wdjbmjht": "WDJBMJHT", " wdjb mjht\t": "WDJBMJHT", "w-d-j-b-m-j-h-t": "WDJBMJHT", "WDJB–MJHT": "WDJBMJHT", "WDJB\u00a0MJHT": "WDJBMJHT",
		"": "", "WDJB": "", "WDJBMJHTT": "", "WDJB-MJH1": "", "WDJB-MJHA": "", "WDJB_MJHT": "", "WDJBMJHT\x00": "", strings.Repeat("-", 60) + "WDJBMJHT": "", "ＷDJBMJHT": "",
	} {
		if got, ok := grant.ReadUserCode(typed); ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q, %t", typed, got, ok)
		}
	}
}

func FuzzUserCode(f *testing.F) {
	for _, s := range []string{"WDJB-MJHT", "wdjb mjht", "", "ß", "BCDFGHJK\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := grant.ReadUserCode(typed)
		if !ok {
			return
		}
		if again, ok := grant.ReadUserCode(grant.ShowUserCode(code)); !ok || again != code || len(code) != 8 || strings.Trim(code, "BCDFGHJKLMNPQRSTVWXZ") != "" {
			t.Errorf("%q is read as %q, and that as %q", typed, code, again)
		}
	})
}

// Codes are unambiguous, differ, and lie in the database as hashes under a key alone
// (S12, S26).
func TestDeviceCodes(t *testing.T) {
	in := accesstest.New(t, accesstest.Options{})
	letters := map[rune]int{}
	seen := map[string]bool{}
	for i := range 200 {
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		s, err := in.People.StartDevice(t.Context(), grant.DeviceAsk{Application: tepin.FirstParty[1], Audience: "a", From: from})
		if err != nil {
			t.Fatal(err)
		}
		if seen[s.UserCode] || seen[s.DeviceCode] || len(s.DeviceCode) < 50 || s.ExpiresIn != 10*time.Minute || s.Interval != 5*time.Second {
			t.Fatalf("%+v", s)
		}
		seen[s.UserCode], seen[s.DeviceCode] = true, true
		for _, c := range strings.ReplaceAll(s.UserCode, "-", "") {
			letters[c]++
		}
	}
	if len(letters) != 20 || letters['A'] > 0 || letters['O'] > 0 || letters['B'] > 200 || letters['B'] < 20 {
		t.Errorf("letters %v", letters)
	}
}

// One network begins no more sign-ins than people would.
func TestDeviceStartsAreBounded(t *testing.T) {
	clock := accesstest.NewClock()
	in := accesstest.New(t, accesstest.Options{Now: clock.Now})
	start := func(from string) error {
		_, err := in.People.StartDevice(t.Context(), grant.DeviceAsk{Application: tepin.FirstParty[1], Audience: "a", From: netip.MustParseAddr(from)})
		return err
	}
	for range 30 {
		if err := start("2001:db8::1"); err != nil {
			t.Fatal(err)
		}
	}
	accesstest.WantKind(t, "from the same /64", start("2001:db8::2"), tepin.TooMany)
	if err := start("2001:db8:0:1::1"); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	clock.Advance(10 * time.Second)
	if err := start("2001:db8::1"); err != nil {
		t.Errorf("ten seconds later: %v", err)
	}
}

// ReadAuthorization never says that people may be sent to an address that the
// application has not registered, whatever the address of the page is (S25).
func FuzzAuthorization(f *testing.F) {
	in := accesstest.New(f, accesstest.Options{})
	env := in.Environment(in.Subscription("s"), "demo", tepin.Sandbox)
	a := in.Application(env, "Shop", "https://shop.example/cb?x=1", "http://127.0.0.1/cb")
	good := url.Values{"client_id": {string(a.ClientID)}, "redirect_uri": {a.RedirectURIs[0]}, "response_type": {"code"}, "code_challenge": {accesstest.Challenge},
		"code_challenge_method": {"S256"}, "scope": {"openid"}, "state": {"s"}}
	f.Add(good.Encode())
	for _, change := range [][2]string{{"redirect_uri", "http://127.0.0.1:1/cb"}, {"redirect_uri", "https://shop.example/cb?x=1#f"}, {"redirect_uri", "https://shop.example@evil.example/"},
		{"state", "\r\nX: y"}, {"state", "&iss=x#f"}, {"prompt", "none"}, {"max_age", "1"}, {"response_type", "token"}} {
		q := url.Values{}
		for k, v := range good {
			q[k] = v
		}
		q.Set(change[0], change[1])
		f.Add(q.Encode())
	}
	f.Add(good.Encode() + "&state=2")
	f.Fuzz(func(t *testing.T, query string) {
		if in.Access.Refresh(context.Background()) != nil {
			t.Skip("the database is busy")
		}
		r, err := in.People.ReadAuthorization(context.Background(), query)
		if _, told := err.(*grant.AuthorizationError); err != nil && !told {
			return // shown on a page
		}
		if !a.Redirects(r.RedirectURI) {
			t.Fatalf("%q: people would be sent to %q", query, r.RedirectURI)
		}
		back, err := url.Parse(r.Back("https://tepin.example/", "code", "c"))
		own, errOwn := url.Parse(r.RedirectURI)
		if err != nil || errOwn != nil || back.Host != own.Host || back.Scheme != own.Scheme || back.Path != own.Path || back.Fragment != "" || strings.ContainsAny(back.String(), "\r\n ") {
			t.Fatalf("%q: %v, %v", query, back, err)
		}
		if q := back.Query(); q.Get("iss") != "https://tepin.example/" || q.Get("code") != "c" || q.Get("state") != r.State {
			t.Errorf("%q: sent back with %v", query, q)
		}
	})
}

// peopleNode is one server process over a database.
type peopleNode struct {
	*grant.People
	store *store.Store
}

// Two nodes over one PostgreSQL: a device that asks one is let in at the other; a code
// and a refresh token that come to both at once are good at one.
func TestPeopleOnTwoNodes(t *testing.T) {
	address := storetest.Postgres(t)
	key := bytes.Repeat([]byte{1}, 32)
	open := func() peopleNode {
		st := storetest.Open(t, store.Options{URL: address, AuditKey: make([]byte, 32)})
		d := accesstest.Bare(t, st, time.Now)
		return peopleNode{grant.NewPeople(grant.PeopleOptions{Store: st, Access: d, PublicURL: publicURL, CodeKey: key}), st}
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first := storetest.Open(t, store.Options{URL: address, AuditKey: make([]byte, 32)})
	accesstest.AddKey(t, first, token.ES256)
	sub, err := first.CreateSubscription(ctx, admin, tepin.Subscription{Name: "s"})
	must(err)
	env := accesstest.AddEnvironment(t, first, sub.ID, "demo")
	a, err := first.CreateApplication(ctx, admin, tepin.Application{EnvironmentID: env.ID, Name: "Shop", RedirectURIs: []string{"https://shop.example/"}})
	must(err)
	u, err := first.CreateUser(ctx, admin, tepin.User{Email: "ada@example.com", Administrator: true})
	must(err)
	session := []byte("a session")
	must(first.CreateSession(ctx, tepin.Session{Hash: session, UserID: u.ID, ExpiresAt: time.Now().Add(time.Hour)}))
	who := grant.Person{User: u, Session: session, SignedInAt: time.Now(), From: home}
	one, two := open(), open()
	audience, err := one.Audience()
	must(err)

	s, err := one.StartDevice(ctx, grant.DeviceAsk{Application: tepin.FirstParty[1], Scopes: tepin.PersonScopes{Identity: tepin.Profile}, Audience: audience, From: home})
	must(err)
	must(two.DecideDevice(ctx, who, grant.DeviceDecision{Typed: s.UserCode, Approve: true, Environment: env.ID}))
	got, refusal, err := one.PollDevice(ctx, tepin.FirstParty[1], s.DeviceCode, access.Presenter{From: home})
	if err != nil || refusal != "" || got.Access == "" || got.Login.EnvironmentID != env.ID {
		t.Errorf("%+v, %s, %v", got, refusal, err)
	}

	code, err := one.Consent(ctx, who, grant.AuthorizationRequest{Application: a, RedirectURI: a.RedirectURIs[0], Challenge: accesstest.Challenge,
		Scopes: tepin.PersonScopes{Identity: tepin.OfflineAccess}, Audience: audience, MaxAge: -1})
	must(err)
	atBoth(t, one, two, func(n peopleNode) error {
		_, err := n.Redeem(ctx, grant.Redemption{Application: a, Code: code, RedirectURI: a.RedirectURIs[0], Verifier: accesstest.Verifier, By: access.Presenter{From: home}})
		return err
	})
	code, err = two.Consent(ctx, who, grant.AuthorizationRequest{Application: a, RedirectURI: a.RedirectURIs[0], Challenge: accesstest.Challenge,
		Scopes: tepin.PersonScopes{Identity: tepin.OfflineAccess}, Audience: audience, MaxAge: -1})
	must(err)
	got, err = two.Redeem(ctx, grant.Redemption{Application: a, Code: code, RedirectURI: a.RedirectURIs[0], Verifier: accesstest.Verifier, By: access.Presenter{From: home}})
	must(err)
	atBoth(t, one, two, func(n peopleNode) error {
		_, err := n.Refresh(ctx, grant.Renewal{Application: a, Token: got.Refresh, Audience: audience, By: access.Presenter{From: home}})
		return err
	})
	logins, err := one.store.Logins(ctx, u.ID)
	must(err)
	if len(logins) != 1 || logins[0].ClientID != tepin.FirstParty[1].ClientID {
		t.Errorf("what came twice has not ended: %+v", logins)
	}
}

// atBoth does the same on both nodes at once, several times on each, which must work
// once.
func atBoth(t *testing.T, one, two peopleNode, do func(peopleNode) error) {
	t.Helper()
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			err := do([]peopleNode{one, two}[i%2])
			if err == nil {
				won.Add(1)
			} else if !slices.Contains([]tepin.Kind{tepin.Gone, tepin.NotFound}, tepin.KindOf(err)) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("it worked %d times", won.Load())
	}
}
