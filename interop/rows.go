package main

import (
	"slices"

	"golang.org/x/oauth2"
)

// row is a client, and one way in which it proves who it is.
type row struct {
	client  string
	npm     string // its npm packages, where they have other names
	debian  string // its version in Debian 12, if it comes from there
	how     string // it proves who it is; for a verifier: how the token is signed
	proof   proof
	refusal string // of a wrong secret, where the library hides the status
	rs256   bool   // an environment whose tokens are signed so
	run     runner
}

// name tells a row from all others.
func (r row) name() string { return r.client + ", " + r.how + ", " + r.proof.name }

// proofs are those of the rows, each once.
func proofs() []proof {
	var all []proof
	for _, r := range rows {
		if !slices.ContainsFunc(all, func(p proof) bool { return p.name == r.proof.name }) {
			all = append(all, r.proof)
		}
	}
	return all
}

func (r row) environment() string {
	if r.rs256 {
		return rs256
	}
	return "demo"
}

// rows is the table: those who get tokens, those who ask about them and revoke them, and
// those who verify them.
var rows = []row{
	{client: goOAuth2, how: "auto", proof: tokens, run: inGo(oauth2.AuthStyleAutoDetect)},
	{client: goOAuth2, how: "Basic", proof: tokens, run: inGo(oauth2.AuthStyleInHeader)},
	{client: goOAuth2, how: "form", proof: tokens, run: inGo(oauth2.AuthStyleInParams)},
	{client: "openid-client", how: "Basic", proof: tokens, run: node("openid-client", "basic")},
	{client: "openid-client", how: "form", proof: tokens, run: node("openid-client", "post")},
	{client: "oauth4webapi", how: "Basic", proof: tokens, run: node("oauth4webapi", "basic")},
	{client: "oauth4webapi", how: "form", proof: tokens, run: node("oauth4webapi", "post")},
	{client: "simple-oauth2", how: "Basic", proof: tokens, run: node("simple-oauth2", "header", "form")},
	{client: "simple-oauth2", how: "form", proof: tokens, run: node("simple-oauth2", "body", "form")},
	{client: "simple-oauth2", how: "Basic with JSON", proof: tokens, run: node("simple-oauth2", "header", "json")},
	{client: "simple-oauth2", how: "JSON", proof: tokens, run: node("simple-oauth2", "body", "json")},
	{client: "axios-oauth-client", how: "form", proof: tokens, run: node("axios-oauth-client")},
	{client: "axios", how: "JSON", proof: tokens, run: node("axios")},
	{client: "@badgateway/oauth2-client", how: "Basic", proof: tokens, run: node("badgateway", "client_secret_basic")},
	{client: "@badgateway/oauth2-client", how: "form", proof: tokens, run: node("badgateway", "client_secret_post")},
	{client: "python3-authlib", debian: "1.2.0", how: "Basic", proof: tokens, refusal: "invalid_client",
		run: debian("python3-authlib", python, "authlib_session.py", "client_secret_basic")},
	{client: "python3-authlib", debian: "1.2.0", how: "form", proof: tokens, refusal: "invalid_client",
		run: debian("python3-authlib", python, "authlib_session.py", "client_secret_post")},
	{client: "python3-requests-oauthlib", debian: "1.3.0", how: "Basic", proof: tokens,
		run: debian("python3-requests-oauthlib", python, "requests_oauthlib_session.py", "basic")},
	{client: "python3-requests-oauthlib", debian: "1.3.0", how: "form", proof: tokens,
		run: debian("python3-requests-oauthlib", python, "requests_oauthlib_session.py", "post")},
	{client: "ruby-oauth2", debian: "1.4.4", how: "Basic", proof: tokens, run: debian("ruby-oauth2", "ruby", "oauth2.rb", "basic_auth")},
	{client: "ruby-oauth2", debian: "1.4.4", how: "form", proof: tokens, run: debian("ruby-oauth2", "ruby", "oauth2.rb", "request_body")},
	{client: "libnet-oauth2-perl", debian: "0.67", how: "Basic", proof: tokens, run: debian("libnet-oauth2-perl", perl, "net_oauth2.pl", "basic")},
	{client: "libnet-oauth2-perl", debian: "0.67", how: "form", proof: tokens, run: debian("libnet-oauth2-perl", perl, "net_oauth2.pl", "post")},
	{client: "curl", debian: "7.88.1", how: "Basic", proof: tokens, run: debian("curl", "sh", "curl.sh", "basic")},
	{client: "curl", debian: "7.88.1", how: "form", proof: tokens, run: debian("curl", "sh", "curl.sh", "form")},
	{client: "curl", debian: "7.88.1", how: "JSON", proof: tokens, run: debian("curl", "sh", "curl.sh", "json")},

	{client: "openid-client", how: "key (ES256)", proof: signs, run: node("openid-client-key").with(aKey("ES256"))},
	{client: "openid-client", how: "key (EdDSA)", proof: signs, run: node("openid-client-key").with(aKey("EdDSA"))},
	{client: "oauth4webapi", how: "key (ES256)", proof: signs, run: node("oauth4webapi-key").with(aKey("ES256"))},
	{client: "oauth4webapi", how: "key (RS256)", proof: signs, run: node("oauth4webapi-key").with(aKey("RS256"))},
	{client: "oauth4webapi", how: "key (PS256)", proof: signs, run: node("oauth4webapi-key").with(aKey("PS256"))},
	{client: "python3-authlib", debian: "1.2.0", how: "key (RS256)", proof: signs, refusal: "invalid_client",
		run: debian("python3-authlib", python, "authlib_key.py", "RS256").with(aKey("RS256"))},
	{client: "python3-authlib", debian: "1.2.0", how: "key (ES256)", proof: signs, refusal: "invalid_client",
		run: debian("python3-authlib", python, "authlib_key.py", "ES256").with(aKey("ES256"))},
	{client: "oauth4webapi", how: "certificate", proof: certified, run: node("oauth4webapi-certificate").with(aCertificate)},

	{client: "openid-client", how: "Basic", proof: binds(nil), run: node("openid-client-dpop", "ES256")},
	{client: "oauth4webapi", how: "Basic", proof: binds(map[string]string{"a proof without a nonce": "400 use_dpop_nonce"}),
		run: node("oauth4webapi-dpop", "Ed25519")},

	{client: "openid-client", how: "form", proof: lives, run: node("openid-client-life").with(aForeignToken)},
	{client: "oauth4webapi", how: "Basic", proof: lives, run: node("oauth4webapi-life").with(aForeignToken)},
	{client: "@badgateway/oauth2-client", how: "Basic", proof: lives, run: node("badgateway-life").with(aForeignToken)},
	{client: "python3-authlib", debian: "1.2.0", how: "Basic", proof: lives,
		run: debian("python3-authlib", python, "authlib_life.py").with(aForeignToken)},

	{client: "openid-client", how: "form", proof: exchanges, run: node("openid-client-exchange")},
	{client: "oauth4webapi", how: "Basic", proof: exchanges, run: node("oauth4webapi-exchange")},

	{client: "openid-client", how: "PKCE", run: node("openid-client-code").with(aPerson), proof: signsIn("sign-in of people",
		"a person consents, the library takes the id_token, userinfo and an API answer; refresh tokens count once (OpenID Connect, RFC 7636)",
		administrator, sampleTemplate, map[string]string{"a code without its verifier": "400 invalid_grant"})},
	{client: "openid-client", how: "device code", run: node("openid-client-device").with(aPerson), proof: signsIn("sign-in on devices",
		"the same with a code that the person types into the console (RFC 8628)",
		administrator, "Demo", map[string]string{"a device code again": "400 invalid_grant"})},

	{client: "jose", how: "ES256", proof: joseVerifies, run: node("jose").with(aToken)},
	{client: "jose", how: "RS256", proof: joseVerifies, rs256: true, run: node("jose").with(aToken)},
	{client: "oauth4webapi", how: "ES256", proof: oauth4webapiVerifies, run: node("oauth4webapi-verify").with(aToken)},
	{client: "oauth4webapi", how: "RS256", proof: oauth4webapiVerifies, rs256: true, run: node("oauth4webapi-verify").with(aToken)},
	{client: "express-oauth2-jwt-bearer", how: "ES256", proof: guards, run: node("express").with(aToken)},
	{client: "express-oauth2-jwt-bearer", how: "RS256", proof: guards, rs256: true, run: node("express").with(aToken)},
	{client: "express-oauth2-jwt-bearer", how: "ES256 (strict)", proof: guards, run: node("express", "strict").with(aToken)},
	{client: "express-oauth2-jwt-bearer", how: "ES256", proof: guardsBound, run: node("express-dpop")},
	{client: "jsonwebtoken with jwks-rsa", npm: "jsonwebtoken jwks-rsa", how: "ES256", proof: jsonwebtokenVerifies, run: node("jsonwebtoken", "ES256").with(aToken)},
	{client: "jsonwebtoken with jwks-rsa", npm: "jsonwebtoken jwks-rsa", how: "RS256", proof: jsonwebtokenVerifies, rs256: true, run: node("jsonwebtoken", "RS256").with(aToken)},
	{client: "@okta/jwt-verifier", how: "RS256", proof: oktaVerifies, rs256: true, run: node("okta").with(aToken)},
	{client: "aws-jwt-verify", how: "ES256", proof: awsVerifies, run: node("aws-jwt-verify").with(aToken)},
	{client: "aws-jwt-verify", how: "RS256", proof: awsVerifies, rs256: true, run: node("aws-jwt-verify").with(aToken)},
}

// Debian's own, beside which others may be installed.
const (
	python = "/usr/bin/python3"
	perl   = "/usr/bin/perl"
)

// How each verifier tells that a token was altered, or is for another audience, or from
// another issuer.
var (
	joseVerifies         = verifies("ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "ERR_JWT_CLAIM_VALIDATION_FAILED aud", "ERR_JWT_CLAIM_VALIDATION_FAILED iss")
	oauth4webapiVerifies = verifies("OAUTH_INVALID_RESPONSE", "OAUTH_JWT_CLAIM_COMPARISON_FAILED aud", "OAUTH_JWT_CLAIM_COMPARISON_FAILED iss")
	jsonwebtokenVerifies = verifies("invalid signature", "jwt audience invalid", "jwt issuer invalid")
	oktaVerifies         = verifies("Signature verification failed", "audience claims do not include expected audience:", "issuer does not match expected issuer:")
	awsVerifies          = verifies("JwtInvalidSignatureError", "JwtInvalidAudienceError", "JwtInvalidIssuerError")
)
