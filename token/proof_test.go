package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/token"
)

const proofURL = "https://tepin.example/oauth/token"

// A proof by a key of each algorithm is read, and names its key as a JOSE library does.
func TestParseProof(t *testing.T) {
	for _, alg := range token.ProofAlgs {
		key := accesstest.NewProver(t, alg)
		claims := key.Claims("POST", proofURL, "a nonce", "a token")
		claims["iat"], claims["nbf"], claims["exp"] = 1795262400.5, 1795262399, 1795262460
		got, err := token.ParseProof(key.Sign(nil, claims))
		want := token.Proof{
			KeyThumbprint: key.Thumbprint(), ID: claims["jti"].(string), Method: "POST", URL: proofURL,
			IssuedAt:  time.Date(2026, 11, 21, 12, 0, 0, 5e8, time.UTC),
			NotBefore: time.Date(2026, 11, 21, 11, 59, 59, 0, time.UTC),
			ExpiresAt: time.Date(2026, 11, 21, 12, 1, 0, 0, time.UTC),
			Nonce:     "a nonce", TokenHash: claims["ath"].(string),
		}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", alg, got, err, want)
		}
	}
}

func TestParseProofRefuses(t *testing.T) {
	key := accesstest.NewProver(t, "ES256")
	other := accesstest.NewProver(t, "ES256")
	good := key.Proof("POST", proofURL, "", "")
	claims := func(change func(map[string]any)) string {
		c := key.Claims("POST", proofURL, "", "")
		change(c)
		return key.Sign(nil, c)
	}
	header := func(h map[string]any) string { return key.Sign(h, key.Claims("POST", proofURL, "", "")) }
	payload := func(text string) string { return key.SignRaw(nil, []byte(text)) }
	forged := strings.Split(good, ".")
	ed := accesstest.NewProver(t, "Ed25519")
	edProof := ed.Proof("POST", proofURL, "", "")
	for name, c := range map[string]struct{ raw, why string }{
		"nothing":                        {"", "no JWT"},
		"too long":                       {header(map[string]any{"x": strings.Repeat("x", token.MaxProof)}), "longer"},
		"white space in it":              {strings.Replace(good, ".", ". ", 1), "no compact JWT"},
		"a JSON serialization":           {`{"payload":"","signatures":[]}`, "no compact JWT"},
		"two parts":                      {forged[0] + "." + forged[1], "no JWT"},
		"four parts":                     {good + ".x", "no JWT"},
		"no base64":                      {"=" + good, "no compact JWT"},
		"alg none":                       {b64JSON(map[string]any{"typ": "dpop+jwt", "alg": "none", "jwk": key.Public()}) + "." + forged[1] + ".", "none of ES256"},
		"an HMAC":                        {hmacProof(t), "none of ES256"},
		"ES384":                          {es384Proof(t), "none of ES256"},
		"no typ":                         {header(map[string]any{"typ": nil}), "typ"},
		"another typ":                    {header(map[string]any{"typ": "JWT"}), "typ"},
		"typ in capitals":                {header(map[string]any{"typ": "DPoP+JWT"}), "typ"},
		"typ a number":                   {header(map[string]any{"typ": 1}), "typ"},
		"crit":                           {header(map[string]any{"crit": []string{"b64"}, "b64": true}), "crit"},
		"no jwk":                         {header(map[string]any{"jwk": nil}), "no jwk"},
		"a key by its kid":               {header(map[string]any{"jwk": nil, "kid": "x"}), "no jwk"},
		"a private jwk":                  {header(map[string]any{"jwk": jose.JSONWebKey{Key: key.Key}}), "public key as jwk"},
		"an RSA jwk with a prime":        {header(map[string]any{"jwk": map[string]any{"kty": "RSA", "n": "AQAB", "e": "AQAB", "p": "AQ"}}), "public key as jwk"},
		"a symmetric jwk":                {header(map[string]any{"jwk": map[string]any{"kty": "oct", "k": "AAAA"}}), "public key as jwk"},
		"a point off the curve":          {header(map[string]any{"jwk": map[string]any{"kty": "EC", "crv": "P-256", "x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43)}}), "public key as jwk"},
		"a jwk that is a string":         {header(map[string]any{"jwk": "x"}), "public key as jwk"},
		"another key's jwk":              {header(map[string]any{"jwk": other.Public()}), "signature"},
		"a key of another kind, Ed25519": {ed.Sign(map[string]any{"jwk": key.Public()}, ed.Claims("POST", proofURL, "", "")), "signature"},
		"another Ed25519 key":            {ed.Sign(map[string]any{"jwk": accesstest.NewProver(t, "Ed25519").Public()}, ed.Claims("POST", proofURL, "", "")), "signature"},
		"an Ed25519 signature cut":       {edProof[:len(edProof)-4], "signature"},
		"a key of another kind":          {header(map[string]any{"jwk": accesstest.NewProver(t, "EdDSA").Public()}), "signature"},
		"a short RSA key":                {shortRSAProof(t), "shorter than 2048"},
		"another payload":                {forged[0] + "." + b64JSON(map[string]any{"jti": "x"}) + "." + forged[2], "signature"},
		"half a signature":               {good[:len(good)-43], "signature"},
		"no jti":                         {claims(func(c map[string]any) { delete(c, "jti") }), "jti"},
		"an empty jti":                   {claims(func(c map[string]any) { c["jti"] = "" }), "jti"},
		"a long jti":                     {claims(func(c map[string]any) { c["jti"] = strings.Repeat("x", token.MaxProofID+1) }), "jti"},
		"jti a number":                   {claims(func(c map[string]any) { c["jti"] = 1 }), "claims"},
		"jti null":                       {claims(func(c map[string]any) { c["jti"] = nil }), "jti"},
		"JTI":                            {payload(`{"JTI":"x","htm":"POST","htu":"x","iat":1}`), "jti"},
		"jti twice":                      {payload(`{"jti":"x","jti":"y","htm":"POST","htu":"x","iat":1}`), "claims"},
		"no htm":                         {claims(func(c map[string]any) { delete(c, "htm") }), "htm"},
		"no htu":                         {claims(func(c map[string]any) { delete(c, "htu") }), "htu"},
		"htu a list":                     {claims(func(c map[string]any) { c["htu"] = []string{proofURL} }), "claims"},
		"no iat":                         {claims(func(c map[string]any) { delete(c, "iat") }), "iat"},
		"iat a string":                   {claims(func(c map[string]any) { c["iat"] = "1795262400" }), "claims"},
		"iat out of the world":           {claims(func(c map[string]any) { c["iat"] = 1e300 }), "out of the world"},
		"iat in milliseconds":            {claims(func(c map[string]any) { c["iat"] = 1795262400000 }), "out of the world"},
		"iat beyond numbers":             {payload(`{"jti":"x","htm":"POST","htu":"x","iat":1e999}`), "claims"},
		"exp out of the world":           {claims(func(c map[string]any) { c["exp"] = -1e300 }), "out of the world"},
		"a nonce that is a number":       {claims(func(c map[string]any) { c["nonce"] = 1 }), "claims"},
		"claims that are a list":         {payload(`[]`), "claims"},
		"claims that are no JSON":        {payload(`jti`), "claims"},
		"something behind the claims":    {payload(`{"jti":"x","htm":"POST","htu":"x","iat":1}{}`), "claims"},
		"one of our own access tokens":   {must(fixedKey(t, token.ES256).Sign(token.Claims{Issuer: "x", IssuedAt: epoch, ExpiresAt: epoch})), "typ"},
	} {
		if _, err := token.ParseProof(c.raw); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want something about %q", name, err, c.why)
		}
	}
}

func b64JSON(v any) string {
	return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v)))
}

// hmacProof is a proof that anybody can make.
func hmacProof(t *testing.T) string {
	t.Helper()
	p := accesstest.Prover{Alg: "HS256", Key: make([]byte, 32)}
	return p.Sign(map[string]any{"jwk": accesstest.NewProver(t, "ES256").Public()}, p.Claims("POST", proofURL, "", ""))
}

func es384Proof(t *testing.T) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return accesstest.Prover{Alg: "ES384", Key: k}.Proof("POST", proofURL, "", "")
}

func shortRSAProof(t *testing.T) string {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return accesstest.Prover{Alg: "RS256", Key: k}.Proof("POST", proofURL, "", "")
}

// What is read is as good as what a JOSE library makes of the same string, and no input
// breaks the parser.
func FuzzParseProof(f *testing.F) {
	for _, alg := range token.ProofAlgs {
		key := accesstest.NewProver(f, alg)
		f.Add(key.Proof("POST", proofURL, "nonce", "token"))
		f.Add(key.Sign(map[string]any{"typ": "JWT"}, nil))
		f.Add(key.SignRaw(nil, []byte(`{"jti":"x","jti":"y","htm":"POST","htu":"x","iat":1e99}`)))
	}
	f.Add("")
	f.Add("..")
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := token.ParseProof(raw)
		if err != nil {
			if p.ID != "" || strings.Contains(err.Error(), raw) && len(raw) > 20 {
				t.Errorf("%q: %+v beside %v", raw, p, err)
			}
			return
		}
		jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{"ES256", "PS256", "RS256", "EdDSA", "Ed25519"})
		if err != nil {
			t.Fatalf("%q was taken, and is %v", raw, err)
		}
		if !jws.Signatures[0].Header.JSONWebKey.IsPublic() || p.ID == "" || len(p.KeyThumbprint) != 43 {
			t.Errorf("%q gives %+v", raw, p)
		}
	})
}
