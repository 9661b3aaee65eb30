package access_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/token"
)

// here is the token endpoint as clients call it.
var here = access.Target{Method: "POST", URLs: []string{publicURL + "/oauth/token"}}

// prover returns one whose clock is the rig's.
func (r *rig) prover(alg string) accesstest.Prover {
	r.t.Helper()
	p := accesstest.NewProver(r.t, alg)
	p.Now = r.now
	return p
}

// prove has the proof judged and spent.
func prove(d *access.Directory, headers []string, t access.Target) (tepin.Confirmation, error) {
	held, spend, err := d.Prove(headers, t)
	if err == nil {
		err = spend()
	}
	return held, err
}

// wantProof fails the test unless err is the refusal of a proof because of cause, with
// these words.
func wantProof(t testing.TB, what string, err, cause error, words string) {
	t.Helper()
	if tepin.KindOf(err) != tepin.Unauthorized || !errors.Is(err, cause) || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v; want %v about %q", what, err, cause, words)
	}
}

func TestProve(t *testing.T) {
	r := newRig(t)
	for _, alg := range token.ProofAlgs {
		p := r.prover(alg)
		held, err := prove(r.Directory, []string{p.Proof("POST", here.URLs[0], r.Nonce(), "")}, here)
		if err != nil || held != (tepin.Confirmation{KeyThumbprint: p.Thumbprint()}) {
			t.Errorf("%s: %+v, %v", alg, held, err)
		}
	}
}

func TestProveRefuses(t *testing.T) {
	r := newRig(t)
	p := r.prover("ES256")
	fresh := func(change func(map[string]any)) []string {
		c := p.Claims("POST", here.URLs[0], r.Nonce(), "")
		change(c)
		return []string{p.Sign(nil, c)}
	}
	good := fresh(func(map[string]any) {})[0]
	now := r.clock.Now().Unix()
	for name, c := range map[string]struct {
		headers []string
		words   string
	}{
		"no header":         {nil, "exactly one"},
		"an empty header":   {[]string{""}, "exactly one"},
		"two headers":       {[]string{good, good}, "exactly one"},
		"two in one":        {[]string{good + ", " + good}, "no compact JWT"},
		"no proof":          {[]string{"x"}, "no JWT"},
		"another method":    {fresh(func(c map[string]any) { c["htm"] = "GET" }), "htm"},
		"method in lower":   {fresh(func(c map[string]any) { c["htm"] = "post" }), "htm"},
		"another host":      {fresh(func(c map[string]any) { c["htu"] = "https://evil.example/oauth/token" }), "htu"},
		"an old iat":        {fresh(func(c map[string]any) { c["iat"] = now - 61 }), "iat"},
		"a future iat":      {fresh(func(c map[string]any) { c["iat"] = now + 61 }), "iat"},
		"nbf to come":       {fresh(func(c map[string]any) { c["nbf"] = now + 61 }), "nbf"},
		"exp that is past":  {fresh(func(c map[string]any) { c["exp"] = now - 1 }), "exp"},
		"exp at the second": {fresh(func(c map[string]any) { c["exp"] = now }), "exp"},
	} {
		_, err := prove(r.Directory, c.headers, here)
		wantProof(t, name, err, access.ErrProof, c.words)
	}
	for name, c := range map[string]func(map[string]any){
		"iat at the bounds": func(c map[string]any) { c["iat"] = now - 60 },
		"iat ahead":         func(c map[string]any) { c["iat"] = now + 60 },
		"exp ahead":         func(c map[string]any) { c["exp"], c["nbf"] = now+1, now+60 },
		"an ath in the way": func(c map[string]any) { c["ath"] = "x" },
	} {
		if _, err := prove(r.Directory, fresh(c), here); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// htu is compared as RFC 9449 §4.3 says, and with nothing that the sender of the request
// could have chosen.
func TestProofURL(t *testing.T) {
	r := newRig(t)
	p := r.prover("ES256")
	target := access.Target{Method: "GET", URLs: []string{"https://tepin.example/grafx/api/v1/environment/Acme/media/a%20b", "https://localhost:8443/x"}}
	for htu, want := range map[string]bool{
		"https://tepin.example/grafx/api/v1/environment/Acme/media/a%20b":       true,
		"HTTPS://TEPIN.example:443/grafx/api/v1/environment/Acme/media/a%20b":   true,
		"https://tepin.example./grafx/api/v1/environment/Acme/media/a%20b":      true,
		"https://tepin.example/grafx/api/v1/environment/Acme/media/a%20b?x=1#y": true,
		"https://tepin.example//grafx/api/v1/environment/Acme/media//a%20b/":    true,
		"https://tepin.example/%67rafx/api/v1/environment/Acme/media/%61%20b":   true,
		"https://localhost:8443/x": true,
		"https://localhost/x":      false,
		"http://tepin.example/grafx/api/v1/environment/Acme/media/a%20b":       false,
		"http://tepin.example:443/grafx/api/v1/environment/Acme/media/a%20b":   false,
		"https://tepin.example/grafx/api/v1/environment/acme/media/a%20b":      false,
		"https://tepin.example/grafx/api/v1/environment/Acme/media%2Fa%20b":    false,
		"https://tepin.example/grafx/api/v1/environment/Acme/media/x/../a%20b": false,
		"https://tepin.example/grafx/api/v1/environment/Acme/media/a%2520b":    false,
		"https://ada@tepin.example/grafx/api/v1/environment/Acme/media/a%20b":  false,
		"https://tepin.example.evil/grafx/api/v1/environment/Acme/media/a%20b": false,
		"https://evil@tepin.example/grafx/api/v1/environment/Acme/media/a%20b": false,
		"//tepin.example/grafx/api/v1/environment/Acme/media/a%20b":            false,
		"/grafx/api/v1/environment/Acme/media/a%20b":                           false,
		"https:tepin.example/grafx/api/v1/environment/Acme/media/a%20b":        false,
		"https://tepin.example/grafx/api/v1/environment/Acme/media/a%zzb":      false,
		"https://tepin.example": false,
		"https://[::1]:8443/x":  false,
		"https://tepin.example/grafx/api/v1/environment/Acme/media/a b\x00":        false,
		"https://tepin.example:99999999/grafx/api/v1/environment/Acme/media/a%20b": false,
		"": false,
	} {
		_, err := prove(r.Directory, []string{p.Proof("GET", htu, r.Nonce(), "")}, target)
		if (err == nil) != want {
			t.Errorf("%q: %v", htu, err)
		} else if !want {
			wantProof(t, htu, err, access.ErrProof, "htu")
		}
	}
}

// A nonce is taken by every node with the key, for less than a minute, and no other is.
func TestNonces(t *testing.T) {
	r := newRig(t)
	second := r.node()
	p := r.prover("ES256")
	prove := func(d *access.Directory, nonce string) error {
		_, err := prove(d, []string{p.Proof("POST", here.URLs[0], nonce, "")}, here)
		return err
	}
	made := r.clock.Now()
	nonce := r.Nonce()
	forged := func(change func(b []byte)) string {
		b, err := base64.RawURLEncoding.DecodeString(nonce)
		if err != nil {
			t.Fatal(err)
		}
		change(b)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, bad := range map[string]string{
		"none": "", "no base64": "!", "short": nonce[:20], "long": nonce + "AAAA", "stray bits": nonce[:31] + "_" + "_",
		"another MAC":  forged(func(b []byte) { b[len(b)-1] ^= 1 }),
		"another time": forged(func(b []byte) { binary.BigEndian.PutUint64(b, uint64(made.Unix()+1)) }),
	} {
		wantProof(t, name, prove(r.Directory, bad), access.ErrNonce, "DPoP-Nonce")
	}
	for _, c := range []struct {
		after time.Duration
		good  bool
	}{
		{0, true}, {-2 * access.MaxSkew, true}, {access.NonceLife, true},
		{-2*access.MaxSkew - time.Second, false}, {access.NonceLife + time.Second, false}, {time.Hour, false}, {-2 * time.Hour, false},
	} {
		r.clock.Set(made.Add(c.after))
		for i, d := range []*access.Directory{r.Directory, second} {
			err := prove(d, nonce)
			if c.good && err != nil {
				t.Errorf("node %d, %s after: %v", i, c.after, err)
			} else if !c.good {
				wantProof(t, c.after.String(), err, access.ErrNonce, "DPoP-Nonce")
			}
		}
	}
	r.clock.Set(made.Add(time.Hour))
	if next := r.Nonce(); next == nonce || prove(second, next) != nil {
		t.Error("the nonce did not change, or the other node does not take the new one")
	}
}

// A proof counts once on a node, as long as its nonce lives.
func TestReplay(t *testing.T) {
	r := newRig(t)
	p := r.prover("ES256")
	made, nonce := r.clock.Now(), r.Nonce()
	claims := p.Claims("POST", here.URLs[0], nonce, "")
	claims["iat"] = made.Add(30 * time.Second).Unix()
	first := p.Sign(nil, claims)
	if _, err := prove(r.Directory, []string{first}, here); err != nil {
		t.Fatal(err)
	}
	for after := time.Duration(0); after <= access.NonceLife; after += 4 * time.Second {
		r.clock.Set(made.Add(after))
		_, err := prove(r.Directory, []string{first}, here)
		wantProof(t, "again after "+after.String(), err, access.ErrProof, "jti")
		_, err = prove(r.Directory, []string{p.Sign(nil, claims)}, here) // signed anew: another string
		wantProof(t, "its jti again after "+after.String(), err, access.ErrProof, "jti")
	}
	if _, err := prove(r.Directory, []string{r.prover("ES256").Sign(nil, claims)}, here); err != nil {
		t.Errorf("another key's proof with the same jti: %v", err)
	}
	r.clock.Set(made.Add(access.NonceLife + time.Second))
	_, err := prove(r.Directory, []string{first}, here)
	wantProof(t, "when its nonce has ended", err, access.ErrNonce, "nonce")
}

// Strangers, whose requests come to nothing, leave nothing behind.
func TestProofThatIsNotSpent(t *testing.T) {
	r := newRig(t)
	proof := []string{r.prover("ES256").Proof("POST", here.URLs[0], r.Nonce(), "")}
	for range 3 {
		if _, _, err := r.Prove(proof, here); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := prove(r.Directory, proof, here); err != nil {
		t.Fatal(err)
	}
	_, _, err := r.Prove(proof, here)
	wantProof(t, "when it is spent", err, access.ErrProof, "jti")
}

// Of a hundred requests at once with one proof, one gets through.
func TestReplayAtOnce(t *testing.T) {
	r := newRig(t)
	proof := r.prover("ES256").Proof("POST", here.URLs[0], r.Nonce(), "")
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := prove(r.Directory, []string{proof}, here); err == nil {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 {
		t.Errorf("%d requests got through", taken.Load())
	}
}

// A bound token is taken from its holder alone: under the scheme DPoP, with a proof by
// its key that was made for it.
func TestBound(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	c := r.login(in, "tpn_one")
	p, other := r.prover("ES256"), r.prover("EdDSA")
	bound := r.token(c, func(cl *token.Claims) { cl.Confirm.KeyThumbprint = p.Thumbprint() })
	plain := r.token(c, nil)
	get := access.Target{Method: "GET", URLs: []string{publicURL + "/api/v1/x"}}
	present := func(raw string, by accesstest.Prover, ath string) error {
		proof := by.Proof("GET", get.URLs[0], r.Nonce(), ath)
		a, err := r.Bound(raw, []string{proof}, get, access.Presenter{From: home})
		if err == nil && a.ClientID != in.ClientID || err != nil && a != (tepin.Actor{}) {
			t.Errorf("actor %+v beside %v", a, err)
		}
		return err
	}
	for range 2 {
		if err := present(bound, p, bound); err != nil {
			t.Fatal(err)
		}
	}
	wantProof(t, "no ath", present(bound, p, ""), access.ErrProof, "ath")
	wantProof(t, "another token's ath", present(bound, p, plain), access.ErrProof, "ath")
	for what, c := range map[string]struct {
		err   error
		words string
	}{
		"another key":                   {present(bound, other, bound), "another key"},
		"a plain token":                 {present(plain, p, plain), "not bound"},
		"no token of ours":              {present("x.y.z", p, "x.y.z"), "not signed by this server"},
		"a bound token as Bearer":       {errOf(r.Bearer(bound, access.Presenter{From: home})), "DPoP proof"},
		"as Bearer, holding another":    {errOf(r.Bearer(bound, access.Presenter{Held: tepin.Confirmation{KeyThumbprint: other.Thumbprint()}})), "DPoP proof"},
		"a certificate is no such key":  {errOf(r.Bearer(bound, access.Presenter{Held: tepin.Confirmation{CertificateThumbprint: p.Thumbprint()}})), "DPoP proof"},
		"a token bound to a cert as it": {present(r.token(c, func(cl *token.Claims) { cl.Confirm.CertificateThumbprint = "x" }), p, ""), "ath"},
	} {
		if tepin.KindOf(c.err) != tepin.Unauthorized || !strings.Contains(c.err.Error(), c.words) {
			t.Errorf("%s: %v, want something about %q", what, c.err, c.words)
		}
	}
	if _, err := r.Bearer(plain, access.Presenter{Held: tepin.Confirmation{KeyThumbprint: p.Thumbprint()}}); err != nil {
		t.Errorf("a plain token as Bearer, from somebody who holds a key: %v", err)
	}
}

// A proof that was of no use is not spent: refused tokens cannot fill the memory.
func TestRefusedProofsAreNotRemembered(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	p := r.prover("ES256")
	bound := r.token(r.login(in, "tpn_one"), func(cl *token.Claims) { cl.Confirm.KeyThumbprint = p.Thumbprint() })
	get := access.Target{Method: "GET", URLs: []string{publicURL + "/api/v1/x"}}
	proof := []string{p.Proof("GET", get.URLs[0], r.Nonce(), bound)}
	r.update(in, tepin.IntegrationUpdate{UseNetworks: &tepin.Networks{}, Enabled: ptr(false)})
	_, err := r.Bound(bound, proof, get, access.Presenter{From: home})
	accesstest.WantKind(t, "disabled", err, tepin.Unauthorized)
	if errors.Is(err, access.ErrProof) {
		t.Errorf("the proof is refused: %v", err)
	}
	_, err = r.Bound(bound, proof, get, access.Presenter{From: home})
	if errors.Is(err, access.ErrProof) {
		t.Errorf("the proof of a refused request was spent: %v", err)
	}
}

// A proof that is no good is told in the log of whose token it came with; that one lacks
// a nonce is not.
func TestRefusedProofsAreNoticed(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	p := r.prover("ES256")
	bound := r.token(r.login(in, "tpn_one"), func(cl *token.Claims) { cl.Confirm.KeyThumbprint = p.Thumbprint() })
	get := access.Target{Method: "GET", URLs: []string{publicURL + "/api/v1/x"}}
	proof := p.Proof("GET", get.URLs[0], r.Nonce(), bound)
	for _, each := range []string{proof, proof, p.Proof("GET", get.URLs[0], "", bound)} {
		_, _ = r.Bound(bound, []string{each}, get, access.Presenter{From: home})
	}
	r.flushNotices(false)
	got := r.written(string(r.env.ID), access.ActionRefused)
	if len(got) != 1 || !strings.HasPrefix(got[0], string(in.ID)+` {"count":1,`) || !strings.Contains(got[0], "jti was sent before") {
		t.Errorf("noticed: %q", got)
	}
}

func errOf(_ tepin.Actor, err error) error { return err }
