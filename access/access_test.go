package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/token"
)

func TestAuthenticate(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	other := r.integration("two")
	c := r.login(in, "tpn_one")
	if c.Integration.ID != in.ID || c.Environment.ID != r.env.ID || c.Credential == "" || !c.CredentialEnds.IsZero() {
		t.Errorf("client %+v", c)
	}
	for _, tc := range []struct {
		name   string
		id     tepin.ClientID
		secret string
	}{
		{"wrong secret", in.ClientID, "tpn_wrong"},
		{"unknown client", "int_nobody", "tpn_one"},
		{"another client's secret", other.ClientID, "tpn_one"},
		{"no secret", in.ClientID, ""},
		{"no client", "", "tpn_one"},
		{"not the form of a secret", in.ClientID, "hunter2"},
		{"secret in another case", in.ClientID, "tpn_ONE"},
		{"integration's id for its client id", tepin.ClientID(in.ID), "tpn_one"},
	} {
		_, err := r.Authenticate(t.Context(), tc.id, tc.secret, home)
		accesstest.WantKind(t, tc.name, err, tepin.Unauthorized)
		if got, want := answer(err), refusal(t, r); got != want {
			t.Errorf("%s: answer %q, want the one answer %q", tc.name, got, want)
		}
	}
}

// refusal is the one answer, asked for in a way that has no other reason.
func refusal(t *testing.T, r *rig) string {
	t.Helper()
	_, err := r.Authenticate(t.Context(), "x", "x", home)
	if err == nil {
		t.Fatal("x is a secret")
	}
	return answer(err)
}

// answer is what a caller is told of a refusal.
func answer(err error) string {
	if e, ok := errors.AsType[*tepin.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// State is judged after the secret, and looks like a wrong secret.
func TestAuthenticateState(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	r.rotate(in, "tpn_next", time.Hour)
	r.login(in, "tpn_one")
	r.login(in, "tpn_next")

	r.clock.Advance(time.Hour - time.Microsecond)
	r.refresh()
	if c := r.login(in, "tpn_one"); c.CredentialEnds != start.Add(time.Hour) {
		t.Errorf("old secret ends %s, want %s", c.CredentialEnds, start.Add(time.Hour))
	}
	r.clock.Advance(time.Microsecond)
	_, err := r.Authenticate(t.Context(), in.ClientID, "tpn_one", home)
	accesstest.WantKind(t, "ended secret", err, tepin.Unauthorized)
	r.login(in, "tpn_next")

	r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
	_, err = r.Authenticate(t.Context(), in.ClientID, "tpn_next", home)
	accesstest.WantKind(t, "disabled integration", err, tepin.Unauthorized)
	if answer(err) != refusal(t, r) {
		t.Errorf("a disabled integration is told apart: %q", err)
	}
	r.update(in, tepin.IntegrationUpdate{Enabled: ptr(true)})
	r.login(in, "tpn_next")

	if err := r.store.DeleteIntegration(t.Context(), admin, in.EnvironmentID, in.ID); err != nil {
		t.Fatal(err)
	}
	r.refresh()
	_, err = r.Authenticate(t.Context(), in.ClientID, "tpn_next", home)
	accesstest.WantKind(t, "deleted integration", err, tepin.Unauthorized)
}

// Five MACs are made whoever asks and whatever is wrong (S10). Only for a secret that was
// right are they remembered, until anything changes.
func TestAuthenticateComparesFiveTimes(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	var count int
	d, err := access.New(t.Context(), access.Options{Store: r.store, Issuer: publicURL + "/", PublicURL: publicURL, PepperID: "pepper", CheckForm: accesstest.CheckForm, Now: r.clock.Now,
		MAC: func(pepper string, env tepin.EnvironmentID, client tepin.ClientID, id tepin.CredentialID, plain string) []byte {
			count++
			return accesstest.MAC(pepper, env, client, id, plain)
		},
		OpenKey: func(sealed []byte, _ string) ([]byte, error) { return sealed, nil }})
	if err != nil {
		t.Fatal(err)
	}
	check := func(id tepin.ClientID, secret string, rounds int) {
		t.Helper()
		count = 0
		_, err := d.Authenticate(t.Context(), id, secret, home)
		if count != rounds*tepin.MaxLiveSecrets {
			t.Errorf("%s with %s: %d MACs, want %d", id, secret, count, rounds*tepin.MaxLiveSecrets)
		}
		if right := id == in.ClientID && secret == "tpn_one"; right != (err == nil) {
			t.Errorf("%s with %s: %v", id, secret, err)
		}
	}
	check(in.ClientID, "tpn_one", 1)
	check(in.ClientID, "tpn_wrong1", 2)  // a miss looks twice when it may
	check("int_nobody", "tpn_wrong2", 1) // within the same tenth of a second
	check(in.ClientID, "tpn_wrong3", 1)
	check(in.ClientID, "tpn_wrong3", 1)
	check(in.ClientID, "tpn_one", 0)
	check("int_nobody", "tpn_one", 1) // what is remembered is this client's
	r.integration("two")
	if err := d.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(in.ClientID, "tpn_one", 1)
	check(in.ClientID, "tpn_one", 0)
}

// A secret that is remembered as right dies like any other.
func TestRememberedSecretsAreJudgedAnew(t *testing.T) {
	r := newRig(t)
	for name, end := range map[string]func(in tepin.Integration){
		"ended":    func(in tepin.Integration) { r.rotate(in, "tpn_next", 0) },
		"disabled": func(in tepin.Integration) { r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)}) },
		"ends without a poll": func(in tepin.Integration) {
			r.rotate(in, "tpn_next", time.Second)
			r.login(in, "tpn_"+in.Name)
			r.clock.Advance(time.Second)
		},
	} {
		in := r.integration(name)
		for range 2 {
			r.login(in, "tpn_"+name)
		}
		end(in)
		_, err := r.Authenticate(t.Context(), in.ClientID, "tpn_"+name, home)
		accesstest.WantKind(t, name, err, tepin.Unauthorized)
	}
}

// A secret that another node has just made is found by one look at the database.
func TestAuthenticateFindsNewSecretOfAnotherNode(t *testing.T) {
	r := newRig(t)
	other := r.node()
	in := r.integration("one") // refreshes r alone
	if _, err := other.Authenticate(t.Context(), in.ClientID, "tpn_one", home); err != nil {
		t.Errorf("new secret on another node: %v", err)
	}
	second := r.integration("two")
	if _, err := other.Authenticate(t.Context(), second.ClientID, "tpn_two", home); err == nil {
		t.Error("a second look within a tenth of a second: the database can be made to work by strangers")
	}
	r.clock.Advance(100 * time.Millisecond)
	if _, err := other.Authenticate(t.Context(), second.ClientID, "tpn_two", home); err != nil {
		t.Errorf("second new secret, a tenth of a second later: %v", err)
	}
}

func TestFailureBudget(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	try := func(id tepin.ClientID, secret string) error {
		_, err := r.Authenticate(t.Context(), id, secret, home)
		return err
	}
	for _, id := range []tepin.ClientID{in.ClientID, "int_nobody"} {
		for n := range 10 {
			for range 3 { // the same secret again is the same failure
				accesstest.WantKind(t, "within the budget", try(id, "tpn_wrong"+string(rune('a'+n))), tepin.Unauthorized)
			}
		}
		err := try(id, "tpn_wrong-k")
		accesstest.WantKind(t, "budget spent", err, tepin.TooMany)
		accesstest.WantKind(t, "a secret counted before", try(id, "tpn_wronga"), tepin.Unauthorized)
	}
	r.login(in, "tpn_one") // the right one passes
	if _, err := r.Authenticate(t.Context(), in.ClientID, "tpn_wrong-l", home.Next()); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("another network pays for this one: %v", err)
	}
	r.clock.Advance(5 * time.Minute)
	r.refresh()
	accesstest.WantKind(t, "after the window", try(in.ClientID, "tpn_wrong-m"), tepin.Unauthorized)
}

func TestEnvironment(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"first", "FIRST", "First", string(r.env.ID)} {
		if e, ok := r.Environment(name); !ok || e.ID != r.env.ID {
			t.Errorf("environment %q: %v %v", name, e.ID, ok)
		}
	}
	for _, name := range []string{"", "second", "firs", string(r.env.ID[:35])} {
		if e, ok := r.Environment(name); ok {
			t.Errorf("environment %q found: %s", name, e.ID)
		}
	}
}

// S2: when the last good poll began more than four seconds ago, nothing is known.
func TestStaleDirectoryIsUnavailable(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	raw := r.token(r.login(in, "tpn_one"), nil)
	r.clock.Advance(4 * time.Second)
	if _, err := r.Bearer(raw, access.Presenter{}); err != nil {
		t.Errorf("after 4 s: %v", err)
	}
	r.clock.Advance(time.Nanosecond)
	check := func(what string, err error) {
		t.Helper()
		accesstest.WantKind(t, what, err, tepin.Unavailable)
		if e, ok := err.(*tepin.Error); !ok || e.RetryAfter != time.Second {
			t.Errorf("%s: %#v, want RetryAfter 1 s", what, err)
		}
	}
	_, err := r.Bearer(raw, access.Presenter{})
	check("good token", err)
	_, err = r.Bearer("garbage", access.Presenter{})
	check("bad token", err)
	_, err = r.Authenticate(t.Context(), in.ClientID, "tpn_one", home)
	check("good secret", err)
	_, err = r.Authenticate(t.Context(), in.ClientID, "tpn_wrong", home)
	check("bad secret", err)
	accesstest.WantKind(t, "Ready", r.Ready(), tepin.Unavailable)

	r.refresh()
	if _, err := r.Bearer(raw, access.Presenter{}); err != nil || r.Ready() != nil {
		t.Errorf("after a good poll: %v, %v", err, r.Ready())
	}
	r.clock.Advance(time.Minute) // stopped and continued, or the database cut off
	r.store.Close()
	if err := r.Refresh(context.Background()); err == nil {
		t.Fatal("refreshed from a closed database")
	}
	_, err = r.Bearer(raw, access.Presenter{})
	check("database cut off", err)
}

// Run keeps the directory fresh by itself, and writes last uses when it ends.
func TestRun(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	other := r.node()
	r.login(in, "tpn_one")
	if used, err := r.store.Secrets(t.Context(), in.EnvironmentID, in.ID); err != nil || len(used) != 1 {
		t.Fatalf("%d secrets, %v", len(used), err)
	} else if at, from, ok := r.LastUse(used[0].ID); !ok || !at.Equal(start) || from != "192.0.2.7" {
		t.Errorf("last used %s from %s, %v, before it is written", at, from, ok)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	r.clock.Advance(time.Minute)
	var err error
	for range 300 {
		if err = r.Ready(); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("not ready after 3 s: %v", err)
	}
	accesstest.WantKind(t, "a node that does not run", other.Ready(), tepin.Unavailable)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	list, err := r.store.Secrets(t.Context(), in.EnvironmentID, in.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d secrets, %v", len(list), err)
	}
	if _, _, ok := r.LastUse(list[0].ID); ok {
		t.Error("a last use is still in memory after it was written")
	}
	if !list[0].LastUsedAt.Equal(start) || list[0].LastUsedFrom != "192.0.2.7" {
		t.Errorf("last used %s from %s, want %s from 192.0.2.7", list[0].LastUsedAt, list[0].LastUsedFrom, start)
	}
}

// The first keys: any number of nodes may make them at once, one of each kind stays,
// and none is made where there is one.
func TestEnsureSigningKeys(t *testing.T) {
	r := newRig(t) // has those of access tokens
	errs := make(chan error)
	for range 3 {
		go func() { errs <- r.keyring(0).Ensure(context.Background()) }()
	}
	for range 3 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	list, err := r.store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, k := range list {
		kinds[string(k.Purpose)+" "+k.Alg]++
	}
	if fmt.Sprint(kinds) != "map[access ES256:1 access RS256:1 audit ES256:1 id RS256:1]" {
		t.Errorf("made were %v", kinds)
	}
	r.refresh()
	for _, alg := range []string{token.ES256, token.RS256} {
		if k := r.Keys().Signer(alg, start); k == nil || r.keys.Key(k.ID) == nil || k.Check() != nil {
			t.Errorf("no good %s key, or another than before", alg)
		}
	}
}

// S2: two interleaved transactions: one that began before and commits after another
// is not lost, because the counter's order is commit order. Here through the whole
// directory: every write of many at once is seen by the refresh that follows it.
func TestConcurrentWritesAreAllSeen(t *testing.T) {
	r := newRig(t)
	type made struct {
		in  tepin.Integration
		err error
	}
	results := make(chan made)
	names := []string{"aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh"}
	d := r.node()
	for _, name := range names {
		go func() {
			in := tepin.Integration{ID: tepin.NewID[tepin.IntegrationID](), EnvironmentID: r.env.ID, ClientID: tepin.NewClientID(), Name: name, Enabled: true}
			in, err := r.store.CreateIntegration(context.Background(), admin, in, accesstest.SecretOf(in, "tpn_"+name))
			if err == nil {
				err = d.Refresh(context.Background())
			}
			if err == nil {
				_, err = d.Authenticate(context.Background(), in.ClientID, "tpn_"+name, home)
			}
			results <- made{in, err}
		}()
	}
	for range names {
		if m := <-results; m.err != nil {
			t.Errorf("%s: %v", m.in.Name, m.err)
		}
	}
}

// An id_token is signed by the key of its own, which go-jose finds in the key set, and
// opens no door (S7).
func TestSignIDToken(t *testing.T) {
	r := newRig(t)
	if _, err := r.SignIDToken(map[string]string{"sub": "u"}); tepin.KindOf(err) != tepin.Unavailable {
		t.Errorf("without a key for it: %v", err)
	}
	if err := r.keyring(0).Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.refresh()
	raw, err := r.SignIDToken(map[string]string{"sub": "u"})
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(r.Keys().JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Verify(set); err != nil || parsed.Signatures[0].Header.ExtraHeaders["typ"] != "JWT" {
		t.Errorf("%v, header %v", err, parsed.Signatures[0].Header)
	}
	if kid := parsed.Signatures[0].Header.KeyID; r.keys.Key(kid) != nil {
		t.Error("the key is one of access tokens")
	}
	_, err = r.Bearer(raw, access.Presenter{})
	accesstest.WantKind(t, "an id_token as a bearer", err, tepin.Unauthorized)
	if _, err := r.SignIDToken(func() {}); err == nil {
		t.Error("a func is signed")
	}
	r.clock.Advance(time.Minute)
	_, err = r.SignIDToken(map[string]string{"sub": "u"})
	accesstest.WantKind(t, "by a node that knows nothing", err, tepin.Unavailable)
}
