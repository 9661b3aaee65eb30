package token_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// fixedKey is one of the keys of testdata, which only tests use.
func fixedKey(t testing.TB, alg string) *token.Key {
	t.Helper()
	text, err := os.ReadFile("testdata/" + strings.ToLower(alg) + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	k, err := token.ParseKey(alg, block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func claims() token.Claims {
	return token.Claims{
		Issuer:      "https://tepin.example/",
		Subject:     "int_0123456789abcdefghijAB",
		ClientID:    "int_0123456789abcdefghijAB",
		Audience:    []string{"https://chiligrafx.com", "https://tepin.example"},
		IssuedAt:    epoch,
		ExpiresAt:   epoch.Add(24 * time.Hour),
		ID:          "0192f0c1-2d3e-7f4a-8b5c-6d7e8f901234",
		Scopes:      tepin.MustScopes(tepin.ReadOnlyScopes...),
		Environment: "0192f0c1-0000-7000-8000-000000000001",
		Epoch:       3,
		Credential:  "0192f0c1-0000-7000-8000-000000000002",
	}
}

// The bytes of a token may never change under a row that was stored before (S6).
func TestGolden(t *testing.T) {
	for _, alg := range []string{token.ES256, token.RS256} {
		t.Run(alg, func(t *testing.T) {
			got, err := fixedKey(t, alg).Sign(claims())
			if err != nil {
				t.Fatal(err)
			}
			file := "testdata/" + strings.ToLower(alg) + ".golden"
			if *update {
				if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got+"\n" != string(want) {
				t.Errorf("token changed:\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestHeaderAndClaimsOrder(t *testing.T) {
	k := fixedKey(t, token.ES256)
	raw, err := k.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(raw, ".")
	if got, want := decode(t, part[0]), `{"alg":"ES256","typ":"at+jwt","kid":"`+k.ID+`"}`; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	want := `{"iss":"https://tepin.example/","sub":"int_0123456789abcdefghijAB","client_id":"int_0123456789abcdefghijAB",` +
		`"aud":["https://chiligrafx.com","https://tepin.example"],"exp":1795348800,"iat":1795262400,"jti":"0192f0c1-2d3e-7f4a-8b5c-6d7e8f901234",` +
		`"scope":"font:read font:list media:read media:list myproject:read myproject:list template:read template:list template_collection:read template_collection:list",` +
		`"urn:tepin:environment":"0192f0c1-0000-7000-8000-000000000001","urn:tepin:epoch":3,"urn:tepin:credential":"0192f0c1-0000-7000-8000-000000000002"}`
	if got := decode(t, part[1]); got != want {
		t.Errorf("claims\n got %s\nwant %s", got, want)
	}
}

// What only some tokens have stands behind what all have, and comes back.
func TestClaimsOfSomeTokens(t *testing.T) {
	c := claims()
	c.Confirm = tepin.Confirmation{KeyThumbprint: "jkt", CertificateThumbprint: "x5t"}
	c.Act, c.Parent, c.Origin, c.ParentCredential = "int_acting", "parent", "https://shop.example", "credential"
	k := fixedKey(t, token.ES256)
	raw, err := k.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `"urn:tepin:credential":"0192f0c1-0000-7000-8000-000000000002","cnf":{"jkt":"jkt","x5t#S256":"x5t"},"act":{"sub":"int_acting"},` +
		`"urn:tepin:parent":"parent","urn:tepin:origin":"https://shop.example","urn:tepin:parent_credential":"credential"}`
	if got := decode(t, strings.Split(raw, ".")[1]); !strings.HasSuffix(got, want) {
		t.Errorf("claims %s, want %s at their end", got, want)
	}
	if plain, err := c.JSON(); err != nil || string(plain) != decode(t, strings.Split(raw, ".")[1]) {
		t.Errorf("JSON %s, %v", plain, err)
	}
	_, got, err := token.NewKeys(k).Open(raw)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("opened %+v, %v, want %+v", got, err, c)
	}
}

func decode(t *testing.T, segment string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Deterministic on keys that were made this moment, and the claims come back.
func TestSignTwiceAndOpen(t *testing.T) {
	for _, alg := range []string{token.ES256, token.RS256} {
		k, err := token.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Check(); err != nil {
			t.Error(err)
		}
		private, err := k.Private()
		if err != nil {
			t.Fatal(err)
		}
		same, err := token.ParseKey(alg, private)
		if err != nil || same.ID != k.ID {
			t.Fatalf("%s: parsed key %v, %v", alg, same, err)
		}
		for n := range 50 { // some signatures have leading zeros
			c := claims()
			c.Epoch = int64(n)
			a, errA := k.Sign(c)
			b, errB := same.Sign(c)
			if errA != nil || errB != nil || a != b {
				t.Fatalf("%s: %v, %v: two signings differ:\n%s\n%s", alg, errA, errB, a, b)
			}
			kid, got, err := token.NewKeys(k).Open(a)
			if err != nil || kid != k.ID || got.Epoch != c.Epoch || got.Scopes != c.Scopes || !got.ExpiresAt.Equal(c.ExpiresAt) {
				t.Fatalf("%s: opened %+v of key %q, %v", alg, got, kid, err)
			}
		}
	}
}

// An independent implementation verifies both algorithms with the published keys.
func TestJWKSWithGoJose(t *testing.T) {
	ec, rs := fixedKey(t, token.ES256), fixedKey(t, token.RS256)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(token.NewKeys(ec, rs).JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 {
		t.Fatalf("%d keys published, want 2", len(set.Keys))
	}
	for _, k := range []*token.Key{ec, rs} {
		raw, err := k.Sign(claims())
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.Alg)})
		if err != nil {
			t.Fatal(err)
		}
		published := set.Key(k.ID)
		if len(published) != 1 {
			t.Fatalf("kid %s published %d times", k.ID, len(published))
		}
		if published[0].Use != "sig" || published[0].Algorithm != k.Alg || !published[0].IsPublic() {
			t.Errorf("published key %+v, want alg %s, use sig, public", published[0], k.Alg)
		}
		if _, err := parsed.Verify(published[0]); err != nil {
			t.Errorf("%s: go-jose refuses the signature: %v", k.Alg, err)
		}
		sum, err := published[0].Thumbprint(5) // crypto.SHA256
		if err != nil || base64.RawURLEncoding.EncodeToString(sum) != k.ID {
			t.Errorf("%s: kid %s is not the RFC 7638 thumbprint %x, %v", k.Alg, k.ID, sum, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	ec, rs := fixedKey(t, token.ES256), fixedKey(t, token.RS256)
	keys := token.NewKeys(ec, rs)
	raw, err := ec.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(raw, ".")
	header := func(s string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(s)) + "." + part[1] + "." + part[2]
	}
	other, err := token.GenerateKey(token.ES256)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"empty":               "",
		"no dots":             "abc",
		"one dot":             part[0] + "." + part[1],
		"four segments":       raw + ".x",
		"unsigned":            part[0] + "." + part[1] + ".",
		"alg none":            header(`{"alg":"none","typ":"at+jwt","kid":"` + ec.ID + `"}`),
		"alg HS256":           header(`{"alg":"HS256","typ":"at+jwt","kid":"` + ec.ID + `"}`),
		"key of another alg":  header(`{"alg":"ES256","typ":"at+jwt","kid":"` + rs.ID + `"}`),
		"typ JWT":             header(`{"alg":"ES256","typ":"JWT","kid":"` + ec.ID + `"}`),
		"extra header":        header(`{"alg":"ES256","typ":"at+jwt","kid":"` + ec.ID + `","jku":"https://evil.example"}`),
		"foreign key":         foreign,
		"payload changed":     part[0] + "." + part[1][:20] + "A" + part[1][21:] + "." + part[2],
		"signature changed":   part[0] + "." + part[1] + "." + "A" + part[2][1:],
		"signature too long":  raw + "AAAA",
		"line break inside":   raw[:len(raw)-4] + "\n" + raw[len(raw)-4:],
		"padding":             raw + "==",
		"zero signature":      part[0] + "." + part[1] + "." + strings.Repeat("A", 86),
		"too large":           raw + strings.Repeat("A", token.MaxSize),
		"space at the end":    raw + " ",
		"DER signature":       part[0] + "." + part[1] + "." + base64.RawURLEncoding.EncodeToString([]byte("0D\x02 0123456789")),
		"only the header dot": part[0] + ".",
	}
	for name, raw := range cases {
		if _, c, err := keys.Open(raw); tepin.KindOf(err) != tepin.Unauthorized {
			t.Errorf("%s: claims %+v, error %v, want Unauthorized", name, c, err)
		}
	}
	if _, _, err := token.NewKeys(rs).Open(raw); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("token of a key that is not in the set: %v", err)
	}
}

// What is signed for one purpose is nothing for another, whatever key signed it (S7).
func TestPurposes(t *testing.T) {
	access := fixedKey(t, token.RS256)
	id, heads := access.For(tepin.IDTokens), access.For(tepin.AuditHeads)
	raw := must(id.SignJSON([]byte(`{"iss":"https://tepin.example/","sub":"u"}`)))
	if got := decode(t, strings.Split(raw, ".")[0]); got != `{"alg":"RS256","typ":"JWT","kid":"`+id.ID+`"}` {
		t.Errorf("header %s", got)
	}
	for name, keys := range map[string]*token.Keys{"of the same key": token.NewKeys(access, id, heads), "of an id key alone": token.NewKeys(id)} {
		if _, c, err := keys.Open(raw); tepin.KindOf(err) != tepin.Unauthorized {
			t.Errorf("%s: an id_token is an access token: %+v, %v", name, c, err)
		}
		if kid, payload, err := keys.OpenJSON(tepin.IDTokens, raw); err != nil || kid != id.ID || string(payload) != `{"iss":"https://tepin.example/","sub":"u"}` {
			t.Errorf("%s: %s, %s, %v", name, kid, payload, err)
		}
		for _, no := range []tepin.KeyPurpose{tepin.AccessTokens, tepin.AuditHeads, "", "other"} {
			if _, _, err := keys.OpenJSON(no, raw); err == nil {
				t.Errorf("%s: an id_token is taken for %q", name, no)
			}
		}
	}
	for _, no := range []string{"", ".", "..", raw + "A", raw[:len(raw)-4], strings.Replace(raw, ".", "..", 1), raw + "\n"} {
		if _, _, err := token.NewKeys(id).OpenJSON(tepin.IDTokens, no); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%.40q: %v", no, err)
		}
	}
	if _, err := id.Sign(claims()); err == nil {
		t.Error("a key for id_tokens signs an access token")
	}
	if _, err := access.SignJSON([]byte(`{}`)); err == nil {
		t.Error("a key for access tokens signs anything")
	}
	signed := must(access.Sign(claims()))
	if _, _, err := token.NewKeys(access).OpenJSON(tepin.AccessTokens, signed); err == nil {
		t.Error("an access token is opened without its claims being read")
	}
}

// Each purpose has its own present key, and clients that take the first find one of
// access tokens.
func TestSignerOfPurpose(t *testing.T) {
	access, id := fixedKey(t, token.RS256), must(token.GenerateKey(token.RS256)).For(tepin.IDTokens)
	access.UsableAt, id.UsableAt = epoch, epoch.Add(time.Hour)
	keys := token.NewKeys(id, access)
	at := epoch.Add(2 * time.Hour)
	if keys.Signer(token.RS256, at) != access || keys.SignerFor(tepin.IDTokens, token.RS256, at) != id {
		t.Error("a purpose signs with another's key")
	}
	if keys.SignerFor(tepin.IDTokens, token.RS256, epoch) != nil {
		t.Error("a key signs before its time")
	}
	if keys.Signer(token.ES256, at) != nil || keys.SignerFor(tepin.AuditHeads, token.RS256, at) != nil {
		t.Error("a key signs for what it is not for")
	}
	if jwks := string(keys.JWKS()); strings.Index(jwks, access.ID) > strings.Index(jwks, id.ID) {
		t.Errorf("the first key is not one of access tokens: %s", jwks)
	}
}

func TestCheckClaims(t *testing.T) {
	now := epoch
	cases := []struct {
		name   string
		change func(*token.Claims)
		ok     bool
	}{
		{"as issued", func(*token.Claims) {}, true},
		{"last moment", func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = now.Add(-time.Hour), now.Add(time.Nanosecond) }, true},
		{"ends now", func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = now.Add(-time.Hour), now }, false},
		{"one minute ahead", func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = now.Add(time.Minute), now.Add(time.Hour) }, true},
		{"more than a minute ahead", func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = now.Add(61*time.Second), now.Add(time.Hour) }, false},
		{"lives too long", func(c *token.Claims) { c.ExpiresAt = c.IssuedAt.Add(24*time.Hour + time.Second) }, false},
		{"other issuer", func(c *token.Claims) { c.Issuer = "https://tepin.example" }, false},
		{"other audience", func(c *token.Claims) { c.Audience = []string{"https://chiligrafx.com"} }, false},
		{"no audience", func(c *token.Claims) { c.Audience = nil }, false},
	}
	for _, tc := range cases {
		c := claims()
		tc.change(&c)
		err := c.Check("https://tepin.example/", "https://tepin.example", now)
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err != nil && tepin.KindOf(err) != tepin.Unauthorized {
			t.Errorf("%s: kind %v, want Unauthorized", tc.name, tepin.KindOf(err))
		}
	}
}

func TestSignerWaitsUntilUsable(t *testing.T) {
	old, fresh := fixedKey(t, token.ES256), must(token.GenerateKey(token.ES256))
	old.UsableAt, fresh.UsableAt = epoch, epoch.Add(2*time.Second)
	keys := token.NewKeys(old, fresh)
	for _, tc := range []struct {
		at   time.Time
		want *token.Key
	}{
		{epoch.Add(-time.Second), nil},
		{epoch, old},
		{epoch.Add(2*time.Second - 1), old},
		{epoch.Add(2 * time.Second), fresh},
	} {
		if got := keys.Signer(token.ES256, tc.at); got != tc.want {
			t.Errorf("at %s: key %v, want %v", tc.at, got, tc.want)
		}
	}
	if got := keys.Signer(token.RS256, epoch); got != nil {
		t.Errorf("RS256 key %v of a set that has none", got)
	}
	if keys.Key(fresh.ID) != fresh || keys.Key("unknown") != nil {
		t.Error("Key does not find by kid")
	}
}

// What is left of a retired key verifies, and signs nothing.
func TestPublicKey(t *testing.T) {
	for _, alg := range []string{token.ES256, token.RS256} {
		k := fixedKey(t, alg).For(tepin.AuditHeads)
		public, err := token.ParsePublicKey(alg, must(k.Public()))
		if err != nil || public.ID != k.ID {
			t.Fatalf("%s: %v, %v", alg, public, err)
		}
		public = public.For(tepin.AuditHeads)
		raw := must(k.SignJSON([]byte(`{"a":1}`)))
		if kid, payload, err := token.NewKeys(public).OpenJSON(tepin.AuditHeads, raw); err != nil || kid != k.ID || string(payload) != `{"a":1}` {
			t.Errorf("%s: %s, %s, %v", alg, kid, payload, err)
		}
		if _, err := public.SignJSON([]byte(`{}`)); err == nil {
			t.Errorf("%s: signed without a private key", alg)
		}
		if _, err := public.Private(); err == nil {
			t.Errorf("%s: a private key out of nothing", alg)
		}
	}
	if _, err := token.ParsePublicKey(token.RS256, must(fixedKey(t, token.ES256).Public())); err == nil {
		t.Error("an EC key verifies RS256")
	}
	if _, err := token.ParsePublicKey(token.ES256, []byte("x")); err == nil {
		t.Error("garbage is a key")
	}
}

func TestParseKeyRefusesOtherKinds(t *testing.T) {
	ec, err := fixedKey(t, token.ES256).Private()
	if err != nil {
		t.Fatal(err)
	}
	rs, err := fixedKey(t, token.RS256).Private()
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (*token.Key, error){
		"EC as RS256":  func() (*token.Key, error) { return token.ParseKey(token.RS256, ec) },
		"RSA as ES256": func() (*token.Key, error) { return token.ParseKey(token.ES256, rs) },
		"garbage":      func() (*token.Key, error) { return token.ParseKey(token.ES256, []byte("x")) },
		"unknown alg":  func() (*token.Key, error) { return token.GenerateKey("HS256") },
	} {
		if k, err := try(); err == nil {
			t.Errorf("%s: got key %s", name, k.ID)
		}
	}
}

func FuzzOpen(f *testing.F) {
	ec := fixedKey(f, token.ES256)
	keys := token.NewKeys(ec, fixedKey(f, token.RS256))
	good := must(ec.Sign(claims()))
	f.Add(good)
	f.Add("..")
	f.Add(good[:len(good)/2])
	want := sha256.Sum256([]byte(good))
	f.Fuzz(func(t *testing.T, raw string) {
		if _, _, err := keys.Open(raw); err == nil && sha256.Sum256([]byte(raw)) != want {
			t.Errorf("%q is accepted", raw)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []string{token.ES256, token.RS256} {
		b.Run(alg, func(b *testing.B) {
			k, c := fixedKey(b, alg), claims()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Sign(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
