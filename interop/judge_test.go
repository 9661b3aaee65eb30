package main

import (
	"encoding/base64"
	"testing"
)

// What a client might report, and what is wrong with it.
func TestJudgeTokens(t *testing.T) {
	const token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln" // {"client_id":"int_1"}
	good := func() report {
		return report{Token: token, Again: token, ExpiresIn: 86400, Names: []string{"Other", sampleTemplate},
			Refused: map[string]string{"wrong secret": "401 invalid_client"}}
	}
	if err := tokens.judge(row{}, client{id: "int_1"}, good()); err != nil {
		t.Error(err)
	}
	if err := tokens.judge(row{refusal: "invalid_client"}, client{id: "int_1"}, good()); err == nil {
		t.Error("a refusal told in another way passes")
	}
	if err := tokens.judge(row{}, client{id: "int_2"}, good()); err == nil {
		t.Error("another client's token passes")
	}
	for name, spoil := range map[string]func(*report){
		"no token":               func(r *report) { r.Token, r.Again = "", "" },
		"an opaque token":        func(r *report) { r.Token, r.Again = "a.b.c", "a.b.c" },
		"another token again":    func(r *report) { r.Again = "e30.e30.c2ln" },
		"no lifetime":            func(r *report) { r.ExpiresIn = 0 },
		"a lifetime of two days": func(r *report) { r.ExpiresIn = 2 * 86400 },
		"no API call":            func(r *report) { r.Names = nil },
		"nothing refused":        func(r *report) { r.Refused = nil },
		"refused as a fault":     func(r *report) { r.Refused["wrong secret"] = "500 server_error" },
	} {
		r := good()
		spoil(&r)
		if err := tokens.judge(row{}, client{id: "int_1"}, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeLives(t *testing.T) {
	const token, again = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln", "e30.e30.c2ln"
	c := client{id: "int_1"}
	good := func() report {
		return report{Token: token, Again: again, Names: []string{sampleTemplate},
			Introspected: map[string]map[string]any{
				"the token": {"active": true, "client_id": "int_1", "scope": "a"}, "a foreign token": {"active": false}, "the revoked token": {"active": false},
			},
			Refused: map[string]string{"the revoked token": "401 invalid_token"}}
	}
	if err := lives.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"an inactive token":           func(r *report) { r.Introspected["the token"]["active"] = false },
		"another's token":             func(r *report) { r.Introspected["the token"]["client_id"] = "int_2" },
		"no word on the token":        func(r *report) { r.Introspected = nil },
		"a word on a foreign token":   func(r *report) { r.Introspected["a foreign token"]["sub"] = "int_2" },
		"an active foreign token":     func(r *report) { r.Introspected["a foreign token"]["active"] = true },
		"a revoked token that lives":  func(r *report) { r.Introspected["the revoked token"]["active"] = true },
		"the revoked token again":     func(r *report) { r.Again = token },
		"no token afterwards":         func(r *report) { r.Again = "" },
		"no API call":                 func(r *report) { r.Names = nil },
		"an API that takes it anyway": func(r *report) { r.Refused = nil },
	} {
		r := good()
		spoil(&r)
		if err := lives.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeBound(t *testing.T) {
	const token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSIsImNuZiI6eyJqa3QiOiJ4In19.c2ln" // {"client_id":"int_1","cnf":{"jkt":"x"}}
	c, p := client{id: "int_1"}, binds(map[string]string{"more": "400"})
	good := func() report {
		return report{Token: token, Again: "e30.e30.c2ln", Type: "DPoP", Names: []string{sampleTemplate},
			Refused: map[string]string{"without a proof": "401 invalid_token", "another key's proof": "401 invalid_token", "more": "400"}}
	}
	if err := p.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"a bearer token":        func(r *report) { r.Type = "bearer" },
		"a token bound to none": func(r *report) { r.Token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln" },
		"the same token again":  func(r *report) { r.Again = r.Token },
		"no API call":           func(r *report) { r.Names = nil },
		"one refusal missing":   func(r *report) { delete(r.Refused, "more") },
	} {
		r := good()
		spoil(&r)
		if err := p.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeExchanges(t *testing.T) {
	lesser := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	c := client{id: "int_1"}
	good := func() report {
		return report{
			Token: lesser(`{"client_id":"int_1","act":{"sub":"int_1"},"scope":"template:read template:list"}`), Again: "e30.e30.c2ln",
			Type: "urn:ietf:params:oauth:token-type:access_token", ExpiresIn: 600, Names: []string{sampleTemplate},
			Refused: map[string]string{
				"another page": "403", "no page": "403", "a write": "403 insufficient_scope",
				"the lesser token again": "400 invalid_request", "a token whose parent is revoked": "401 invalid_token",
			},
		}
	}
	if err := exchanges.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"the parent itself": func(r *report) { r.Again = r.Token },
		"all scopes": func(r *report) {
			r.Token = lesser(`{"client_id":"int_1","act":{"sub":"int_1"},"scope":"template:write"}`)
		},
		"nobody who acts": func(r *report) { r.Token = lesser(`{"client_id":"int_1","scope":"template:read template:list"}`) },
		"another's token": func(r *report) {
			r.Token = lesser(`{"client_id":"int_2","act":{},"scope":"template:read template:list"}`)
		},
		"another kind":               func(r *report) { r.Type = "" },
		"an hour":                    func(r *report) { r.ExpiresIn = 3600 },
		"no API call":                func(r *report) { r.Names = nil },
		"a write":                    func(r *report) { r.Refused["a write"] = "200" },
		"a token that outlives more": func(r *report) { delete(r.Refused, "a token whose parent is revoked") },
	} {
		r := good()
		spoil(&r)
		if err := exchanges.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeSigns(t *testing.T) {
	const token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln" // {"client_id":"int_1"}
	c := client{id: "int_1"}
	good := func() report {
		return report{Token: token, Again: "e30.e30.c2ln", Names: []string{sampleTemplate}, Refused: map[string]string{"another key": "401 invalid_client"}}
	}
	if err := signs.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"another's token":      func(r *report) { r.Token = "e30.e30.c2ln" },
		"the same token again": func(r *report) { r.Again = r.Token },
		"no API call":          func(r *report) { r.Names = nil },
		"a token for any key":  func(r *report) { r.Refused = nil },
	} {
		r := good()
		spoil(&r)
		if err := signs.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeCertified(t *testing.T) {
	const token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSIsImNuZiI6eyJ4NXQjUzI1NiI6IngifX0.c2ln" // {"client_id":"int_1","cnf":{"x5t#S256":"x"}}
	c := client{id: "int_1"}
	good := func() report {
		return report{Token: token, Again: "e30.e30.c2ln", Names: []string{sampleTemplate}, Refused: map[string]string{
			"another certificate": "401 invalid_client", "the token with another certificate": "401 invalid_token", "the token without a certificate": "401 invalid_token",
		}}
	}
	if err := certified.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"a token bound to nothing": func(r *report) { r.Token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln" },
		"the same token again":     func(r *report) { r.Again = r.Token },
		"no API call":              func(r *report) { r.Names = nil },
		"good for anybody":         func(r *report) { delete(r.Refused, "the token without a certificate") },
	} {
		r := good()
		spoil(&r)
		if err := certified.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeVerifiers(t *testing.T) {
	c := client{id: "int_1"}
	claims := map[string]any{"sub": "int_1", "client_id": "int_1"}
	refused := map[string]string{"an altered token": "a", "another audience": "b", "another issuer": "c"}
	p := verifies("a", "b", "c")
	if err := p.judge(row{}, c, report{Claims: claims, Refused: refused}); err != nil {
		t.Error(err)
	}
	for name, r := range map[string]report{
		"no claims":           {Refused: refused},
		"another's claims":    {Claims: map[string]any{"sub": "int_2", "client_id": "int_1"}, Refused: refused},
		"nothing refused":     {Claims: claims},
		"for another reason":  {Claims: claims, Refused: map[string]string{"an altered token": "b", "another audience": "b", "another issuer": "c"}},
		"one refusal missing": {Claims: claims, Refused: map[string]string{"an altered token": "a", "another audience": "b"}},
	} {
		if err := p.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeSignsIn(t *testing.T) {
	p := signsIn("", "", "ann@example.org", "Demo", map[string]string{"more": "400"})
	good := func() report {
		return report{
			Token: "a", Again: "b", Names: []string{"Demo"}, Claims: map[string]any{"iss": "x", "sub": "1", "email": "ann@example.org"},
			Refused: map[string]string{"a refresh token again": "400 invalid_grant", "the tokens that came of it": "401 invalid_token", "more": "400"},
		}
	}
	if err := p.judge(row{}, client{}, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"another person":        func(r *report) { r.Claims["email"] = "bob@example.org" },
		"nobody":                func(r *report) { delete(r.Claims, "sub") },
		"no id_token":           func(r *report) { delete(r.Claims, "iss") },
		"no refresh":            func(r *report) { r.Again = r.Token },
		"no API call":           func(r *report) { r.Names = nil },
		"refresh tokens reused": func(r *report) { delete(r.Refused, "a refresh token again") },
	} {
		r := good()
		spoil(&r)
		if err := p.judge(row{}, client{}, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
