package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// report is what a client saw, in its own words. Scripts print it as JSON.
type report struct {
	Version   string         `json:"version"`
	Token     string         `json:"token"`
	Again     string         `json:"again"`     // the token of a second request
	ExpiresIn int            `json:"expiresIn"` // seconds
	Type      string         `json:"type"`      // the token_type of a bound token
	Names     []string       `json:"names"`     // of the templates that an API call listed
	Claims    map[string]any `json:"claims"`    // of a token that a verifier accepted
	// What the server says of tokens, by their kind.
	Introspected map[string]map[string]any `json:"introspected"`
	Refused      map[string]string         `json:"refused"` // what was refused, and how the library tells it
}

// proof is what a row shows.
type proof struct {
	name  string // for the table
	words string // for the legend below it
	judge func(row, client, report) error
}

// tokens: the client gets a token that the API takes, and the same one again.
var tokens = proof{"tokens", "the client gets a token, calls the API with it, and gets the same token again; with a wrong secret it gets none", func(r row, c client, found report) error {
	claims, err := claimsOf(found.Token)
	switch {
	case err != nil:
		return err
	case claims["client_id"] != string(c.id):
		return fmt.Errorf("the token is for the client %v, not %s", claims["client_id"], c.id)
	case found.Again != found.Token:
		return errors.New("the second request gives another token")
	case found.ExpiresIn <= 3600 || found.ExpiresIn > 86400:
		return fmt.Errorf("the token has %d seconds left", found.ExpiresIn)
	case !slices.Contains(found.Names, sampleTemplate):
		return fmt.Errorf("the API lists the templates %q, without %s", found.Names, sampleTemplate)
	}
	return wantRefusals(found.Refused, map[string]string{"wrong secret": cmp.Or(r.refusal, "401 invalid_client")})
}}

// signs: the client signs assertions with its own key (RFC 7523). Such tokens are made for
// each request.
var signs = proof{"private_key_jwt", "the client signs with a registered key instead of having a secret; with another key it gets no token (RFC 7523)", func(r row, c client, found report) error {
	claims, err := claimsOf(found.Token)
	switch {
	case err != nil:
		return err
	case claims["client_id"] != string(c.id):
		return fmt.Errorf("the token is for the client %v, not %s", claims["client_id"], c.id)
	case found.Again == "" || found.Again == found.Token:
		return errors.New("a second assertion gives the same token")
	case !slices.Contains(found.Names, sampleTemplate):
		return fmt.Errorf("the API lists the templates %q, without %s", found.Names, sampleTemplate)
	}
	return wantRefusals(found.Refused, map[string]string{"another key": cmp.Or(r.refusal, "401 invalid_client")})
}}

// binds returns the proof that a token is good with the proofs of one key alone (RFC 9449).
// refused are further refusals than those of the API.
func binds(refused map[string]string) proof {
	want := map[string]string{"without a proof": "401 invalid_token", "another key's proof": "401 invalid_token"}
	maps.Copy(want, refused)
	return proof{"DPoP", "the client's token is good with proofs of its key alone (RFC 9449)", func(_ row, c client, found report) error {
		claims, err := claimsOf(found.Token)
		if err != nil {
			return err
		}
		confirmation, _ := claims["cnf"].(map[string]any)
		switch {
		case claims["client_id"] != string(c.id) || !strings.EqualFold(found.Type, "DPoP"):
			return fmt.Errorf("the token is of type %q, for the client %v", found.Type, claims["client_id"])
		case confirmation["jkt"] == nil || len(confirmation) != 1:
			return fmt.Errorf("the token is bound to %v", claims["cnf"])
		case found.Again == "" || found.Again == found.Token:
			return errors.New("a bound token is given twice")
		case !slices.Contains(found.Names, sampleTemplate):
			return fmt.Errorf("the API lists the templates %q, without %s", found.Names, sampleTemplate)
		}
		return wantRefusals(found.Refused, want)
	}}
}

// exchanges: the client swaps its token for a lesser one, which works in one page and dies
// with its parent (RFC 8693).
var exchanges = proof{"token exchange", "the client swaps its token for one that reads, for minutes, in one page, and dies with its parent (RFC 8693)", func(_ row, c client, found report) error {
	claims, err := claimsOf(found.Token)
	switch {
	case err != nil:
		return err
	case claims["client_id"] != string(c.id) || claims["act"] == nil || claims["scope"] != "template:read template:list":
		return fmt.Errorf("the token has the claims %v", claims)
	case found.Type != "urn:ietf:params:oauth:token-type:access_token":
		return fmt.Errorf("issued is %q", found.Type)
	case found.ExpiresIn <= 0 || found.ExpiresIn > 600:
		return fmt.Errorf("the token has %d seconds left", found.ExpiresIn)
	case found.Again == "" || found.Again == found.Token:
		return errors.New("the token is its own parent")
	case !slices.Contains(found.Names, sampleTemplate):
		return fmt.Errorf("the API lists the templates %q, without %s", found.Names, sampleTemplate)
	}
	return wantRefusals(found.Refused, map[string]string{
		"another page": "403", "no page": "403", "a write": "403 insufficient_scope",
		"the lesser token again": "400 invalid_request", "a token whose parent is revoked": "401 invalid_token",
	})
}}

// certified: the client proves who it is by a certificate, and its tokens are good with
// that alone (RFC 8705).
var certified = proof{"client certificate", "the client shows a registered certificate instead of having a secret, and its token is good with that alone (RFC 8705)", func(_ row, c client, found report) error {
	claims, err := claimsOf(found.Token)
	if err != nil {
		return err
	}
	confirmation, _ := claims["cnf"].(map[string]any)
	switch {
	case claims["client_id"] != string(c.id):
		return fmt.Errorf("the token is for the client %v, not %s", claims["client_id"], c.id)
	case confirmation["x5t#S256"] == nil || len(confirmation) != 1:
		return fmt.Errorf("the token is bound to %v", claims["cnf"])
	case found.Again == "" || found.Again == found.Token:
		return errors.New("a bound token is given twice")
	case !slices.Contains(found.Names, sampleTemplate):
		return fmt.Errorf("the API lists the templates %q, without %s", found.Names, sampleTemplate)
	}
	return wantRefusals(found.Refused, map[string]string{
		"another certificate": "401 invalid_client", "the token with another certificate": "401 invalid_token", "the token without a certificate": "401 invalid_token",
	})
}}

// lives: the server tells the client about its own token alone, and revokes it, for the
// API and for good.
var lives = proof{"introspection and revocation", "the server tells the client about its own token alone, and ends it for good (RFC 7662, RFC 7009)", func(_ row, c client, found report) error {
	own, dead := found.Introspected["the token"], map[string]any{"active": false}
	switch {
	case own["active"] != true || own["client_id"] != string(c.id) || own["scope"] == "":
		return fmt.Errorf("of the token the server says %v", own)
	case !maps.Equal(found.Introspected["a foreign token"], dead):
		return fmt.Errorf("of a foreign token the server says %v", found.Introspected["a foreign token"])
	case !maps.Equal(found.Introspected["the revoked token"], dead):
		return fmt.Errorf("of the revoked token the server says %v", found.Introspected["the revoked token"])
	case found.Again == "" || found.Again == found.Token:
		return errors.New("the revoked token is given again")
	case !slices.Contains(found.Names, sampleTemplate):
		return fmt.Errorf("the API lists the templates %q, without %s", found.Names, sampleTemplate)
	}
	return wantRefusals(found.Refused, map[string]string{"the revoked token": "401 invalid_token"})
}}

// signsIn returns the proof that a person is signed in and stays so, until somebody uses
// a refresh token a second time. lists is a name that the API lists to the person.
func signsIn(name, words, email, lists string, refused map[string]string) proof {
	want := map[string]string{"a refresh token again": "400 invalid_grant", "the tokens that came of it": "401 invalid_token"}
	maps.Copy(want, refused)
	return proof{name, words, func(_ row, _ client, found report) error {
		subject, _ := found.Claims["sub"].(string)
		switch {
		case found.Claims["email"] != email || subject == "" || found.Claims["iss"] == nil:
			return fmt.Errorf("the id_token and userinfo say %v", found.Claims)
		case found.Token == "" || found.Again == "" || found.Again == found.Token:
			return errors.New("the refresh token gives the same access token")
		case !slices.Contains(found.Names, lists):
			return fmt.Errorf("the API lists %q, without %s", found.Names, lists)
		}
		return wantRefusals(found.Refused, want)
	}}
}

// verifies returns the proof of a verifier, which names each refusal in its own way.
func verifies(altered, audience, issuer string) proof {
	return verifying("verification", "the library takes a token, and refuses an altered one, another audience and another issuer",
		map[string]string{"an altered token": altered, "another audience": audience, "another issuer": issuer})
}

// guards is the proof of a resource server, which answers as RFC 6750 §3.1 has it.
var guards = verifying("guard of an API", "the same as 401, and 403 for a missing scope (RFC 6750)", map[string]string{
	"an altered token": "401 invalid_token", "another audience": "401 invalid_token", "another issuer": "401 invalid_token",
	"no token": "401 without an error code", "a missing scope": "403 insufficient_scope",
})

// guardsBound is the proof of a resource server that wants DPoP.
var guardsBound = verifying("guard with DPoP", "the library takes a bound token with proofs of its key alone", map[string]string{
	"without a proof": "400", "another key's proof": "401 invalid_token",
})

func verifying(name, words string, refusals map[string]string) proof {
	return proof{name, words, func(_ row, c client, found report) error {
		if found.Claims["sub"] != string(c.id) || found.Claims["client_id"] != string(c.id) {
			return fmt.Errorf("the claims are %v, without the client %s", found.Claims, c.id)
		}
		return wantRefusals(found.Refused, refusals)
	}}
}

// wantRefusals compares what was refused with what should be.
func wantRefusals(got, want map[string]string) error {
	if maps.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("refused were %q, want %q", got, want)
}

// claimsOf reads a token without verifying it: that is for the verifiers.
func claimsOf(token string) (claims map[string]any, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("the token has %d parts, want 3", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	return claims, err
}

// alter returns the token with another scope under its old signature.
func alter(token string) (string, error) {
	claims, err := claimsOf(token)
	if err != nil {
		return "", err
	}
	claims["scope"] = "everything"
	raw, err := json.Marshal(claims)
	parts := strings.Split(token, ".")
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(raw) + "." + parts[2], err
}
