package credential_test

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

const (
	email    = "ada@example.com"
	password = "a sentence is good"
)

func (r *rig) administrator() tepin.User {
	r.t.Helper()
	u, err := r.CreateAdministrator(context.Background(), tepin.System, " Ada@Example.com ", "Ada", password)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

func (r *rig) attempt(password string) (credential.SignedIn, error) {
	return r.SignIn(context.Background(), credential.Attempt{Email: email, Password: password, From: home})
}

func TestSignIn(t *testing.T) {
	r := newRig(t)
	u := r.administrator()
	if u.Email != email || !u.Administrator || !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("made %+v", u)
	}
	for _, a := range []credential.Attempt{
		{Email: email, Password: "wrong password"},
		{Email: email, Password: ""},
		{Email: email, Password: strings.Repeat("x", 5000)},
		{Email: "nobody@example.com", Password: password},
		{Email: "", Password: password},
		{Email: "\xff\x00", Password: "\xff"},
	} {
		a.From = netip.MustParseAddr("192.0.2.99")
		_, err := r.SignIn(t.Context(), a)
		wantKind(t, err, tepin.Unauthorized)
		if err != nil && err.Error() != "E-mail address or password is wrong." {
			t.Errorf("%q: %v tells what is wrong", a.Email, err)
		}
	}
	in, err := r.SignIn(t.Context(), credential.Attempt{Email: " ADA@example.com", Password: password, From: home})
	if err != nil {
		t.Fatal(err)
	}
	who, csrf, err := r.Session(t.Context(), in.Cookie)
	if err != nil || who.ID != u.ID {
		t.Fatalf("%+v, %v", who, err)
	}
	if !r.CheckCSRF(in.Cookie, csrf) || r.CheckCSRF(in.Cookie, csrf+"x") || r.CheckCSRF("", r.CSRF("")) || r.CheckCSRF(in.Cookie, "") {
		t.Error("the form's token is not tied to the session")
	}
	if actor := credential.ActorOf(who); actor.Name != "Ada" || actor.Kind != tepin.ActorUser || !actor.Administrator {
		t.Errorf("actor %+v", actor)
	}
	for _, cookie := range []string{"", "x", in.Cookie[1:], in.Cookie + "x", strings.Repeat("A", 43)} {
		_, _, err := r.Session(t.Context(), cookie)
		wantKind(t, err, tepin.Unauthorized)
	}
	if err := r.SignOut(t.Context(), in.Cookie); err != nil {
		t.Fatal(err)
	}
	_, _, err = r.Session(t.Context(), in.Cookie)
	wantKind(t, err, tepin.Unauthorized)
	if err := r.SignOut(t.Context(), in.Cookie); err != nil {
		t.Errorf("signing out twice: %v", err)
	}
}

func TestSessionEnds(t *testing.T) {
	r := newRig(t)
	r.administrator()
	in, err := r.attempt(password)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(credential.SessionLifetime - time.Second)
	if _, _, err := r.Session(t.Context(), in.Cookie); err != nil {
		t.Error(err)
	}
	r.clock.Advance(2 * time.Second)
	_, _, err = r.Session(t.Context(), in.Cookie)
	wantKind(t, err, tepin.Unauthorized)
}

// forged changes one character, and with it the bytes.
func forged(token string) string {
	if token[0] == 'A' {
		return "B" + token[1:]
	}
	return "A" + token[1:]
}

// S27: guessing is slowed for (account, network) and never shuts the account.
func TestThrottle(t *testing.T) {
	r := newRig(t)
	r.administrator()
	known, err := r.attempt(password)
	if err != nil {
		t.Fatal(err)
	}
	guesses := 0
	for ; guesses < 100; guesses++ {
		if _, err = r.attempt("wrong password"); tepin.KindOf(err) != tepin.Unauthorized {
			break
		}
	}
	if guesses != 10 {
		t.Errorf("%d guesses before the first 429", guesses)
	}
	wantKind(t, err, tepin.TooMany)
	if e, ok := errors.AsType[*tepin.Error](err); !ok || e.RetryAfter <= 0 || e.RetryAfter > 30*time.Second {
		t.Errorf("retry after: %+v", e)
	}
	_, err = r.attempt(password)
	wantKind(t, err, tepin.TooMany) // also the right password: a guess must not be told from a sign-in

	for name, a := range map[string]credential.Attempt{
		"another network":               {Email: email, Password: password, From: netip.MustParseAddr("198.51.100.1")},
		"a known device on the network": {Email: email, Password: password, From: home, Device: known.Device},
	} {
		if _, err := r.SignIn(t.Context(), a); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, a := range map[string]credential.Attempt{
		"a forged device":        {Device: forged(known.Device)},
		"a device cut off":       {Device: known.Device[:20]},
		"another case of e-mail": {Email: strings.ToUpper(email)},
	} {
		a.From, a.Password = home, password
		if a.Email == "" {
			a.Email = email
		}
		if _, err := r.SignIn(t.Context(), a); tepin.KindOf(err) != tepin.TooMany {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.clock.Advance(31 * time.Second)
	if _, err := r.attempt(password); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// IPv6 counts by /64 (S19), and one network's guesses at many accounts count together.
func TestThrottleNetworks(t *testing.T) {
	r := newRig(t)
	r.administrator()
	guess := func(email, from string) error {
		_, err := r.SignIn(t.Context(), credential.Attempt{Email: email, Password: "wrong password", From: netip.MustParseAddr(from)})
		return err
	}
	for i := range 10 {
		wantKind(t, guess(email, "2001:db8::"+string(rune('a'+i%6))), tepin.Unauthorized)
	}
	wantKind(t, guess(email, "2001:db8::ffff:1"), tepin.TooMany)
	wantKind(t, guess(email, "2001:db8:0:1::1"), tepin.Unauthorized)

	var err error
	n := 0
	for ; n < 200; n++ {
		if err = guess(tepin.RandomBase62(8)+"@example.com", "203.0.113.5"); tepin.KindOf(err) != tepin.Unauthorized {
			break
		}
	}
	wantKind(t, err, tepin.TooMany)
	if n != 60 {
		t.Errorf("%d accounts guessed at from one network", n)
	}
}

// Attempts at once cannot all pass the check before the first has failed.
func TestThrottleConcurrent(t *testing.T) {
	r := newRig(t)
	r.administrator()
	var wg sync.WaitGroup
	var mu sync.Mutex
	tried := 0
	for range 30 {
		wg.Go(func() {
			if _, err := r.attempt("wrong password"); tepin.KindOf(err) == tepin.Unauthorized {
				mu.Lock()
				tried++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if tried > 10 {
		t.Errorf("%d guesses were checked", tried)
	}
}

func TestPasswordRules(t *testing.T) {
	r := newRig(t)
	u := r.administrator()
	for _, tt := range []struct {
		password string
		good     bool
	}{
		{"123456789", false}, {"1234567890", true}, {strings.Repeat("é", 9), false}, {strings.Repeat("é", 10), true},
		{strings.Repeat("x", 1024), true}, {strings.Repeat("x", 1025), false},
		{email, false}, {" ADA@EXAMPLE.com ", false}, {"\xff0123456789", false}, {credential.GeneratePassword(), true},
	} {
		err := r.SetPassword(t.Context(), admin, u.ID, tt.password)
		if !tt.good {
			wantFields(t, err, []string{"password"})
			continue
		}
		if err != nil {
			t.Errorf("%d bytes: %v", len(tt.password), err)
		}
		if _, err := r.attempt(tt.password); err != nil {
			t.Errorf("sign-in with a password of %d bytes: %v", len(tt.password), err)
		}
	}
	for _, bad := range []string{"", "ada", "ada@", "Ada <ada@example.com>", "ada@example.com\n.", strings.Repeat("x", 250) + "@example.com"} {
		_, err := r.CreateAdministrator(t.Context(), tepin.System, bad, "", password)
		wantFields(t, err, []string{"email"})
	}
	_, err := r.CreateAdministrator(t.Context(), tepin.System, email, "", password)
	wantFields(t, err, []string{"email"})
}

// The same password typed on a system that decomposes accents.
func TestPasswordNormalized(t *testing.T) {
	r := newRig(t)
	u := r.administrator()
	if err := r.SetPassword(t.Context(), admin, u.ID, "caf\u00e9 caf\u00e9 caf\u00e9"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.attempt("cafe\u0301 cafe\u0301 cafe\u0301"); err != nil {
		t.Error(err)
	}
}

func TestChangePassword(t *testing.T) {
	r := newRig(t)
	r.administrator()
	other, err := r.attempt(password)
	if err != nil {
		t.Fatal(err)
	}
	a := credential.Attempt{Email: email, Password: "wrong password", From: home}
	_, err = r.ChangePassword(t.Context(), a, "an even better sentence")
	wantKind(t, err, tepin.Unauthorized)
	a.Password = password
	_, err = r.ChangePassword(t.Context(), a, "short")
	wantFields(t, err, []string{"password"})
	in, err := r.ChangePassword(t.Context(), a, "an even better sentence")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Session(t.Context(), in.Cookie); err != nil {
		t.Error(err)
	}
	_, _, err = r.Session(t.Context(), other.Cookie)
	wantKind(t, err, tepin.Unauthorized)
	_, err = r.attempt(password)
	wantKind(t, err, tepin.Unauthorized)
}

// S28: once, for 30 minutes, and only while nobody administrates.
func TestSetupLink(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	first, err := r.NewSetupLink(ctx)
	if err != nil || len(first) != 22 { // 128 bits in base64url
		t.Fatalf("%q, %v", first, err)
	}
	second, err := r.NewSetupLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", first, second + "x", second[1:]} { // the newer replaces the older
		if _, err := r.UseSetupLink(ctx, token, email, "", password); tepin.KindOf(err) != tepin.NotFound {
			t.Errorf("token %q: %v", token, err)
		}
	}
	_, err = r.UseSetupLink(ctx, second, "nonsense", "", "short")
	wantFields(t, err, []string{"email", "password"}) // and the link is not spent by it
	r.clock.Advance(credential.SetupLifetime + time.Second)
	_, err = r.UseSetupLink(ctx, second, email, "", password)
	wantKind(t, err, tepin.NotFound)

	third, err := r.NewSetupLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	u, err := r.UseSetupLink(ctx, third, email, "Ada", password)
	if err != nil || !u.Administrator {
		t.Fatalf("%+v, %v", u, err)
	}
	if _, err := r.attempt(password); err != nil {
		t.Error(err)
	}
	_, err = r.UseSetupLink(ctx, third, "eve@example.com", "", password)
	wantKind(t, err, tepin.Conflict)
	_, err = r.NewSetupLink(ctx)
	wantKind(t, err, tepin.Conflict)
}

func TestGeneratePassword(t *testing.T) {
	form := regexp.MustCompile(`^([a-hjkmnp-z02-9]{4}-){3}[a-hjkmnp-z02-9]{4}$`)
	seen := map[string]bool{}
	for range 500 {
		p := credential.GeneratePassword()
		if !form.MatchString(p) || seen[p] {
			t.Fatalf("%q", p)
		}
		seen[p] = true
	}
}

func TestStoredHashes(t *testing.T) {
	r := newRig(t)
	hash, err := r.HashPassword(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.HashPassword(t.Context(), password)
	if err != nil || again == hash {
		t.Errorf("no salt: %q %v", again, err)
	}
	for _, tt := range []struct {
		hash string
		same bool
		bad  bool
	}{
		{hash, true, false},
		{"", false, false},
		{"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43), false, false},
		{strings.Replace(hash, "argon2id", "argon2i", 1), false, true},
		{strings.Replace(hash, "m=19456", "m=99999999", 1), false, true}, // would take all memory
		{strings.Replace(hash, "t=2", "t=0", 1), false, true},
		{strings.Replace(hash, "t=2", "t=4000000", 1), false, true},
		{hash[:40], false, true},
		{"plain", false, true},
	} {
		same, err := r.CheckPassword(t.Context(), password, tt.hash)
		if same != tt.same || (err != nil) != tt.bad {
			t.Errorf("%q: %v, %v", tt.hash, same, err)
		}
		if err != nil && strings.Contains(err.Error(), "$") {
			t.Errorf("the error repeats the hash: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { _, _ = r.CheckPassword(ctx, password, hash) })
	}
	wg.Wait() // gone browsers do not queue for ever
}
