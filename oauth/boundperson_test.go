package oauth_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
)

// askWith is ask with DPoP headers.
func (p *peopleRig) askWith(proofs []string, pairs ...string) personTokens {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	got := personTokens{response: p.proved(form.Encode(), proofs...)}
	var v struct {
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(got.body), &v); err != nil {
		p.t.Fatal(err)
	}
	got.refresh = v.Refresh
	return got
}

// What an application gets with a proof is bound to its key, also the refresh token
// (RFC 9449 §5); a proof that is refused spends nothing.
func TestDPoPOfPerson(t *testing.T) {
	p := newPeopleRig(t)
	p.publicly()
	key, other := p.prover("ES256"), p.prover("EdDSA")
	held := tepin.Confirmation{KeyThumbprint: key.Thumbprint()}
	code, _ := p.AskForCode(p.who, p.app, allIdentity)
	redeem := []string{"grant_type", "authorization_code", "client_id", string(p.app.ClientID), "code", code, "redirect_uri", callback, "code_verifier", accesstest.Verifier}
	fresh := func(by accesstest.Prover) []string { return []string{by.Proof("POST", tokenURL, p.Access.Nonce(), "")} }

	first := p.askWith([]string{key.Proof("POST", tokenURL, "", "")}, redeem...)
	if first.StatusCode != 400 || first.code != "use_dpop_nonce" || first.Header.Get("DPoP-Nonce") == "" {
		t.Fatalf("without a nonce: %d %s", first.StatusCode, first.body)
	}
	proof := fresh(key)
	wrong := append(append([]string{}, redeem[:5]...), append([]string{"tpn_ac_nonsense"}, redeem[6:]...)...)
	if got := p.askWith(proof, wrong...); got.code != "invalid_grant" {
		t.Errorf("with a code that is none: %d %s", got.StatusCode, got.body)
	}
	got := p.askWith(proof, redeem...) // the proof was of no use before
	if got.StatusCode != 200 || !strings.Contains(got.body, `"token_type":"DPoP"`) || p.rig.claims(got.token).Confirm != held || got.Header.Get("DPoP-Nonce") == "" {
		t.Fatalf("with one, the same code: %d %s", got.StatusCode, got.body)
	}
	if got := p.askWith(proof, redeem...); got.code != "invalid_dpop_proof" {
		t.Errorf("the proof again: %d %s", got.StatusCode, got.body)
	}
	at := publicURL + userinfo
	who := func(scheme, token string, proof string) response {
		req := must(http.NewRequest("GET", p.server.URL+userinfo, nil))
		req.Host = "tepin.example"
		req.Header.Set("Authorization", scheme+" "+token)
		req.Header.Set("DPoP", proof)
		return p.do(req)
	}
	if got := who("DPoP", got.token, key.Proof("GET", at, p.Access.Nonce(), got.token)); got.StatusCode != 200 || !strings.Contains(got.body, string(p.who.User.ID)) {
		t.Errorf("userinfo: %d %s", got.StatusCode, got.body)
	}
	if got := who("Bearer", got.token, ""); got.StatusCode != 401 {
		t.Errorf("userinfo as Bearer: %d %s", got.StatusCode, got.body)
	}

	renew := func(token string, proofs ...string) personTokens {
		return p.askWith(proofs, "grant_type", "refresh_token", "client_id", string(p.app.ClientID), "refresh_token", token)
	}
	for name, refused := range map[string]personTokens{"no proof": renew(got.refresh), "another key": renew(got.refresh, fresh(other)...)} {
		if refused.StatusCode != 400 || refused.code != "invalid_grant" || !strings.Contains(refused.why, "bound") {
			t.Errorf("%s: %d %s", name, refused.StatusCode, refused.body)
		}
	}
	next := renew(got.refresh, fresh(key)...)
	if next.StatusCode != 200 || p.rig.claims(next.token).Confirm != held || next.refresh == got.refresh {
		t.Fatalf("its own: %d %s", next.StatusCode, next.body)
	}

	code, _ = p.AskForCode(p.who, p.app, allIdentity)
	redeem[5] = code
	plain := p.askWith(nil, redeem...)
	later := renew(plain.refresh, fresh(key)...)
	if later.StatusCode != 200 || p.rig.claims(later.token).Confirm != held || p.rig.claims(plain.token).Confirm != (tepin.Confirmation{}) {
		t.Errorf("a proof later on: %d %s", later.StatusCode, later.body)
	}
	if got := renew(later.refresh); got.StatusCode != 200 {
		t.Errorf("a refresh token that was got without a proof is bound: %d %s", got.StatusCode, got.body)
	}
}

// A public client's certificate is no authentication: it binds.
func TestCertificateOfPerson(t *testing.T) {
	p := newPeopleRig(t)
	cert, other := accesstest.NewCertificate(t, "one", nil), accesstest.NewCertificate(t, "other", nil)
	held := tepin.Confirmation{CertificateThumbprint: access.Thumbprint(cert.Leaf.Raw)}
	ask := func(cert *tls.Certificate, pairs ...string) (token, refresh, body string) {
		t.Helper()
		client, at := p.secure(cert, true)
		form := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		res := must(client.PostForm(at+"/oauth/token", form))
		defer res.Body.Close()
		text := must(io.ReadAll(res.Body))
		var v struct {
			Token   string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		return v.Token, v.Refresh, string(text)
	}
	code, _ := p.AskForCode(p.who, p.app, allIdentity)
	token, refresh, body := ask(&cert, "grant_type", "authorization_code", "client_id", string(p.app.ClientID), "code", code, "redirect_uri", callback, "code_verifier", accesstest.Verifier)
	if !strings.Contains(body, `"token_type":"Bearer"`) || p.rig.claims(token).Confirm != held {
		t.Fatal(body)
	}
	renew := []string{"grant_type", "refresh_token", "client_id", string(p.app.ClientID), "refresh_token", refresh}
	for name, cert := range map[string]*tls.Certificate{"no certificate": nil, "another": &other} {
		if _, _, body := ask(cert, renew...); !strings.Contains(body, `"invalid_grant"`) {
			t.Errorf("%s: %s", name, body)
		}
	}
	if token, _, body := ask(&cert, renew...); token == "" || p.rig.claims(token).Confirm != held {
		t.Errorf("its own: %s", body)
	}
	if _, _, body := ask(&cert, "grant_type", "refresh_token", "client_id", "app_nobody", "refresh_token", refresh); !strings.Contains(body, `"invalid_client"`) {
		t.Errorf("an application that nobody registered: %s", body)
	}
}

// A device's tokens are bound too, and a poll whose proof is refused is none.
func TestDPoPOfDevice(t *testing.T) {
	p := newPeopleRig(t)
	p.publicly()
	key := p.prover("ES256")
	poll := []string{"grant_type", "urn:ietf:params:oauth:grant-type:device_code", "client_id", string(p.cli.ClientID), "device_code", p.fresh("{approved}")}
	if got := p.askWith([]string{"nonsense"}, poll...); got.code != "invalid_dpop_proof" {
		t.Errorf("a broken proof: %d %s", got.StatusCode, got.body)
	}
	got := p.askWith([]string{key.Proof("POST", tokenURL, p.Access.Nonce(), "")}, poll...)
	if got.StatusCode != 200 || p.rig.claims(got.token).Confirm.KeyThumbprint != key.Thumbprint() {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}
