package client_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/client"
)

// keys are one of each kind.
func keys(t *testing.T) map[jose.SignatureAlgorithm]crypto.Signer {
	t.Helper()
	_, ed, errEd := ed25519.GenerateKey(rand.Reader)
	ec, errEC := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rs, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(errEd, errEC, errRSA); err != nil {
		t.Fatal(err)
	}
	return map[jose.SignatureAlgorithm]crypto.Signer{jose.EdDSA: ed, jose.ES256: ec, jose.PS256: rs}
}

// Another library reads what is signed.
func TestAssertKey(t *testing.T) {
	for alg, key := range keys(t) {
		assert, err := client.AssertKey(key, "key-1")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 40 { // short integers in an ECDSA signature are filled up
			raw, err := assert(t.Context(), "int_1", "https://tepin.example/")
			if err != nil {
				t.Fatal(err)
			}
			token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{alg})
			if err != nil {
				t.Fatal(err)
			}
			var claims jwt.Claims
			if err := token.Claims(key.Public(), &claims); err != nil {
				t.Fatalf("%s: %v", alg, err)
			}
			left := time.Until(claims.Expiry.Time())
			if claims.Issuer != "int_1" || claims.Subject != "int_1" || len(claims.Audience) != 1 || claims.Audience[0] != "https://tepin.example/" ||
				token.Headers[0].KeyID != "key-1" || left > time.Minute || left < 50*time.Second || time.Since(claims.IssuedAt.Time()) > 10*time.Second {
				t.Errorf("%s: %+v %+v", alg, claims, token.Headers)
			}
			if claims.ID == "" || seen[claims.ID] {
				t.Errorf("%s: the jti %q again", alg, claims.ID)
			}
			seen[claims.ID] = true
		}
	}
}

// broken is a key that fails, or signs with nonsense.
type broken struct {
	crypto.Signer
	signature []byte
	err       error
}

func (b broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return b.signature, b.err }

func TestAssertKeyRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []crypto.Signer{nil, p384} {
		if _, err := client.AssertKey(key, ""); err == nil {
			t.Errorf("%T passes", key)
		}
	}
	ec := keys(t)[jose.ES256]
	for _, b := range []broken{
		{ec, nil, errors.New("the service is down")},
		{ec, []byte("nonsense"), nil},
		{ec, append([]byte{0x30, 0x26, 0x02, 0x21}, append(bytes.Repeat([]byte{0x7f}, 33), 0x02, 0x01, 0x01)...), nil}, // r of 264 bits
	} {
		assert, err := client.AssertKey(b, "")
		if err != nil {
			t.Fatal(err)
		}
		if raw, err := assert(t.Context(), "int_1", "x"); err == nil {
			t.Errorf("gives %q", raw)
		}
	}
}

func TestAssertFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	assert := client.AssertFile(name)
	for _, tt := range []struct{ text, want string }{
		{"a.b.c\n", "a.b.c"}, {" d.e.f", "d.e.f"}, {" \n", ""}, {strings.Repeat("x", 9000), ""},
	} {
		if err := os.WriteFile(name, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := assert(t.Context(), "int_1", "x")
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%.20q gives %q, %v", tt.text, got, err)
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := assert(t.Context(), "int_1", "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// trust lets the rig's integration prove itself by what v trusts in.
func (r *rig) trust(v tepin.Trust) {
	r.t.Helper()
	v.EnvironmentID, v.IntegrationID = r.env.ID, r.in.ID
	if _, err := r.Credential.CreateTrust(r.t.Context(), tepin.System, v, false); err != nil {
		r.t.Fatal(err)
	}
}

// keySet publishes a key.
func keySet(t *testing.T, key crypto.Signer) string {
	t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "key-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(set)
}

// The server takes the assertions of each kind of key, again and again, and none of another key.
func TestOwnKey(t *testing.T) {
	for alg, key := range keys(t) {
		strange := keys(t)[alg]
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.trust(tepin.Trust{Kind: tepin.TrustKey, Keys: keySet(t, key)})
			signing := func(key crypto.Signer) *client.Client {
				assert, err := client.AssertKey(key, "key-1")
				if err != nil {
					t.Fatal(err)
				}
				return r.client(func(c *client.Config) { c.ClientSecret, c.Assert = "", assert })
			}
			c := signing(key)
			for range 49 { // two days and an hour
				r.token(c)
				time.Sleep(time.Hour)
				synctest.Wait()
			}
			if n := r.requests(); n != 3 {
				t.Errorf("%s: %d requests in 49 hours", alg, n)
			}
			_, err := signing(strange).Token(t.Context())
			if e, ok := errors.AsType[*client.Error](err); !ok || e.StatusCode != 401 || e.Code != "invalid_client" {
				t.Errorf("%s: another key gives %v", alg, err)
			}
		})
	}
}

// A program in a cluster: its platform puts a token into a file and renews it there. The
// access token ends with the token that it was given for.
func TestWorkload(t *testing.T) {
	key := keys(t)[jose.ES256]
	synctest.Test(t, func(t *testing.T) {
		const issuer, subject = "https://cluster.example", "system:serviceaccount:shop:render"
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "key-1"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "token")
		issue := func() {
			t.Helper()
			raw, err := jwt.Signed(signer).Claims(jwt.Claims{
				Issuer: issuer, Subject: subject, Audience: jwt.Audience{"tepin"}, ID: rand.Text(),
				IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
			}).Serialize()
			if err == nil {
				err = os.WriteFile(name, []byte(raw+"\n"), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		r := newRig(t)
		r.trust(tepin.Trust{Kind: tepin.TrustIssuer, URL: issuer, Subject: subject, Audience: "tepin", Keys: keySet(t, key)})
		c := r.client(func(c *client.Config) { c.ClientSecret, c.Assert = "", client.AssertFile(name) })
		for range 12 {
			issue()
			if tok, err := c.Token(t.Context()); err != nil || time.Until(tok.Expiry) > time.Hour {
				t.Fatal(tok, err)
			}
			time.Sleep(50 * time.Minute)
		}
		if n := r.requests(); n < 6 || n > 12 {
			t.Errorf("%d requests in ten hours", n)
		}
	})
}
