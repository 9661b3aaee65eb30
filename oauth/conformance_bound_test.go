package oauth_test

import (
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin/access/accesstest"
)

// boundRows are requests with DPoP proofs. {proof:…} is one of [rig.proofs], each of
// which counts once.
var boundRows = []row{
	{rfc: "9449 §5", name: "a proof", header: form + "\nDPoP: {proof:good}", body: good, status: 200},
	{rfc: "9449 §5", name: "a proof beside Basic", header: form + "\n" + auth + "\nDPoP: {proof:basic}", body: cc, status: 200},
	{rfc: "9449 §5", name: "a proof beside JSON", header: js + "\nDPoP: {proof:json}", body: `{` + goodJSON + `}`, status: 200},
	{rfc: "9110 §5.1", name: "DPoP: the header in lower case", header: form + "\ndpop: {proof:lower}", body: good, status: 200},
	{rfc: "9449 §4.3", name: "DPoP: query and fragment in htu", header: form + "\nDPoP: {proof:query}", body: good, status: 200},
	{rfc: "3986 §6.2.2", name: "DPoP: scheme in capitals, escapes that need not be", header: form + "\nDPoP: {proof:spelling}", body: good, status: 200},
	{rfc: "9449 §4.2", name: "DPoP: an ath, of which nothing is known here", header: form + "\nDPoP: {proof:ath}", body: good, status: 200},
	{rfc: "9449 §4.2", name: "DPoP: further claims and headers", header: form + "\nDPoP: {proof:more}", body: good, status: 200},
	{rfc: "9449 §8", name: "DPoP: no nonce", header: form + "\nDPoP: {proof:bare}", body: good, status: 400, code: "use_dpop_nonce"},
	{rfc: "9449 §8", name: "DPoP: another nonce", header: form + "\nDPoP: {proof:nonce}", body: good, status: 400, code: "use_dpop_nonce"},
	{rfc: "9449 §4.3", name: "DPoP: no JWT", header: form + "\nDPoP: x", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: two headers", header: form + "\nDPoP: {proof:one}\nDPoP: {proof:two}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: two proofs in one", header: form + "\nDPoP: {proof:one}, {proof:two}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §11.1", name: "DPoP: the same again", header: form + "\nDPoP: {proof:good}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: no jti", header: form + "\nDPoP: {proof:jti}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: no htm", header: form + "\nDPoP: {proof:htm}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: no htu", header: form + "\nDPoP: {proof:htu}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: no iat", header: form + "\nDPoP: {proof:iat}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: another method", header: form + "\nDPoP: {proof:method}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: another endpoint", header: form + "\nDPoP: {proof:path}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: another server", header: form + "\nDPoP: {proof:host}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: a minute and a second old", header: form + "\nDPoP: {proof:old}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: two minutes ahead", header: form + "\nDPoP: {proof:ahead}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "7519 §4.1.4", name: "DPoP: an exp that is over", header: form + "\nDPoP: {proof:exp}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "7519 §4.1.5", name: "DPoP: an nbf that is to come", header: form + "\nDPoP: {proof:nbf}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: another typ", header: form + "\nDPoP: {proof:typ}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "7515 §4.1.11", name: "DPoP: crit", header: form + "\nDPoP: {proof:crit}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: no jwk", header: form + "\nDPoP: {proof:jwk}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: a private jwk", header: form + "\nDPoP: {proof:private}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: another key's jwk", header: form + "\nDPoP: {proof:forged}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "9449 §4.3", name: "DPoP: an HMAC", header: form + "\nDPoP: {proof:hmac}", body: good, status: 400, code: "invalid_dpop_proof"},
	{rfc: "6749 §5.2", name: "DPoP: a wrong secret", header: form + "\nAuthorization: Basic {wrongbasic}\nDPoP: x", body: cc, status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "DPoP: nobody", header: form + "\nDPoP: x", body: cc, status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "DPoP: an unknown grant_type", header: form + "\nDPoP: x", body: "grant_type=magic&client_id={id}&client_secret={secret}", status: 400, code: "unsupported_grant_type"},
	{rfc: "9449 §7.1", name: "DPoP: the scheme of APIs", header: form + "\nAuthorization: DPoP x", body: cc, status: 401, code: "invalid_client"},
	{rfc: "7662 §2.1", name: "DPoP: a proof that introspection has no use for", path: "/oauth/introspect", header: form + "\nDPoP: x", body: mine + "&token=x", status: 200},
	{rfc: "7009 §2.1", name: "DPoP: a proof that revocation has no use for", path: "/oauth/revoke", header: form + "\nDPoP: x", body: mine + "&token=x", status: 200},
}

// proofs replaces the proofs of [boundRows].
func (r *rig) proofs() *strings.Replacer {
	key, other := r.prover("ES256"), r.prover("ES256")
	at, now := r.server.URL+"/oauth/token", r.now().Unix()
	with := func(header, change map[string]any) string {
		c := key.Claims("POST", at, r.Access.Nonce(), "")
		for k, v := range change {
			if c[k] = v; v == nil {
				delete(c, k)
			}
		}
		return key.Sign(header, c)
	}
	hmac := accesstest.Prover{Alg: "HS256", Key: make([]byte, 32)}
	var pairs []string
	for name, proof := range map[string]string{
		"good": with(nil, nil), "basic": with(nil, nil), "json": with(nil, nil), "lower": with(nil, nil), "one": with(nil, nil), "two": with(nil, nil),
		"query":    with(nil, map[string]any{"htu": at + "?a=b#c"}),
		"spelling": with(nil, map[string]any{"htu": strings.Replace(strings.Replace(at, "http", "HTTP", 1), "token", "%74oken", 1)}),
		"ath":      with(nil, map[string]any{"ath": "x"}),
		"more":     with(map[string]any{"kid": "x", "x": 1}, map[string]any{"sub": "x", "x": []int{1}}),
		"bare":     with(nil, map[string]any{"nonce": nil}), "nonce": with(nil, map[string]any{"nonce": "x"}),
		"jti": with(nil, map[string]any{"jti": nil}), "htm": with(nil, map[string]any{"htm": nil}), "htu": with(nil, map[string]any{"htu": nil}), "iat": with(nil, map[string]any{"iat": nil}),
		"method": with(nil, map[string]any{"htm": "GET"}), "path": with(nil, map[string]any{"htu": at + "s"}), "host": with(nil, map[string]any{"htu": "https://evil.example/oauth/token"}),
		"old": with(nil, map[string]any{"iat": now - 61}), "ahead": with(nil, map[string]any{"iat": now + 120}), "exp": with(nil, map[string]any{"exp": now - 1}), "nbf": with(nil, map[string]any{"nbf": now + 120}),
		"typ": with(map[string]any{"typ": "JWT"}, nil), "crit": with(map[string]any{"crit": []string{"x"}, "x": 1}, nil), "jwk": with(map[string]any{"jwk": nil}, nil),
		"private": with(map[string]any{"jwk": jose.JSONWebKey{Key: key.Key}}, nil), "forged": with(map[string]any{"jwk": other.Public()}, nil),
		"hmac": hmac.Sign(map[string]any{"jwk": key.Public()}, key.Claims("POST", at, r.Access.Nonce(), "")),
	} {
		pairs = append(pairs, "{proof:"+name+"}", proof)
	}
	return strings.NewReplacer(pairs...)
}
