package oauth

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// known are the parameters whose JSON type matters.
var known = []string{"grant_type", "scope", "audience", "resource", "client_id", "client_secret", "client_assertion", "client_assertion_type",
	"token", "token_type_hint", "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type", "origin",
	"code", "redirect_uri", "code_verifier", "refresh_token", "device_code"}

// No example: RFC 6749 §5.2 leaves no double quotes for one.
var errJSON = bad("the body is not one JSON object; send one with the members grant_type, client_id, client_secret and audience, names and values in double quotes")

// readJSON reads a JSON object strictly. encoding/json would take Client_ID for
// client_id, the last of two equal names, and whatever stands after the object.
// Null counts as left out. Members that nobody reads may have any value.
func readJSON(body string) (parameters, error) {
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber() // 1e999 is JSON
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errJSON
	}
	var p parameters
	var seen []string
	for {
		t, err := dec.Token()
		if err != nil {
			return nil, errJSON
		}
		if t == json.Delim('}') {
			break
		}
		name, ok := t.(string)
		if !ok {
			return nil, errJSON
		}
		if slices.Contains(seen, name) {
			return nil, repeated()
		}
		if len(seen) == MaxParameters {
			return nil, tooMany()
		}
		seen = append(seen, name)
		values, err := readMember(dec, name)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if v != "" {
				p = append(p, parameter{name, v})
			}
		}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return p, nil
}

// readMember returns the strings of one member: one, none for null or for a member
// that nobody reads, and any number for resource, which may be an array.
func readMember(dec *json.Decoder, name string) ([]string, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, errJSON
	}
	if !slices.Contains(known, name) {
		return nil, skip(dec, t)
	}
	switch v := t.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case json.Delim:
		if name == "resource" && v == '[' {
			return readStrings(dec)
		}
	}
	return nil, bad("the JSON member " + name + " must be a string")
}

func readStrings(dec *json.Decoder) ([]string, error) {
	var list []string
	for {
		t, err := dec.Token()
		if err != nil {
			return nil, errJSON
		}
		switch v := t.(type) {
		case string:
			if len(list) == MaxParameters {
				return nil, tooMany()
			}
			list = append(list, v)
			continue
		case json.Delim:
			if v == ']' {
				return list, nil
			}
		}
		return nil, bad("the JSON member resource must be a string or an array of strings")
	}
}

// skip reads the rest of a value that began with t.
func skip(dec *json.Decoder, t json.Token) error {
	depth := 0
	for {
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		if depth > MaxDepth {
			return bad("the JSON body is nested too deeply")
		}
		var err error
		if t, err = dec.Token(); err != nil {
			return errJSON
		}
	}
}
