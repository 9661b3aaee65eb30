package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

func trustFlags(f *flag.FlagSet) {
	inEnvironment(f)
	f.String("key", "", "file with a public key that signs its assertions: PEM, JWK or JWK set")
	f.String("key_set", "", "URL at which it publishes such keys")
	f.String("certificate", "", "file with its client certificate, PEM")
	f.String("issuer", "", "URL of an issuer whose tokens it presents, with -subject and -audience")
	f.String("subject", "", "the sub of those tokens, exactly")
	f.String("audience", "", "the aud of those tokens, exactly")
	f.Bool("reusable", false, "such a token is taken as often as it comes, as Kubernetes has it")
	f.String("label", "", "where it is used")
	f.String("ends_in", "", "after which time it ends, such as 90d; empty: never")
	f.Bool("force", false, "also a subject that many share, and a host that cannot be reached now")
}

// trustAnswer is what is shown of a trust.
type trustAnswer struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	Label      string     `json:"label"`
	URL        string     `json:"url"`
	Subject    string     `json:"subject"`
	Thumbprint string     `json:"thumbprint"`
	Live       bool       `json:"live"`
	Expires    *time.Time `json:"dateExpires"`
}

func (t trustAnswer) row() []string {
	what := strings.TrimSpace(t.URL + " " + t.Subject + t.Thumbprint)
	if !t.Live {
		what += " (not live)"
	}
	return []string{t.ID, t.Kind, t.Label, what}
}

func listTrusts(ctx context.Context, v *invocation) error {
	of, err := v.find(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	var list []trustAnswer
	if err = v.call(ctx, "GET", of+"/trusts", nil, &raw); err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"ID", "KIND", "LABEL", "ABOUT"}}
		for _, t := range list {
			rows = append(rows, t.row())
		}
		return table(w, rows...)
	})
}

func addTrust(ctx context.Context, v *invocation) error {
	body, err := v.trust()
	if err != nil {
		return err
	}
	of, err := v.find(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	var made trustAnswer
	if err = v.call(ctx, "POST", of+"/trusts", body, &raw); err == nil {
		err = json.Unmarshal(raw, &made)
	}
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error { return table(w, made.row()) })
}

// trust is the body that the flags describe. Exactly one flag says what kind it is.
func (v *invocation) trust() (map[string]any, error) {
	body := map[string]any{"label": v.text("label"), "force": v.text("force") == "true"}
	kinds := 0
	for _, kind := range []struct {
		flag, kind, member string
		file               bool
	}{{"key", "key", "keys", true}, {"key_set", "key_set", "url", false}, {"certificate", "certificate", "thumbprint", true}, {"issuer", "issuer", "url", false}} {
		if !v.given(kind.flag) {
			continue
		}
		kinds++
		value := v.text(kind.flag)
		if kind.file {
			text, err := os.ReadFile(value)
			if err != nil {
				return nil, err
			}
			value = string(text)
		}
		body["kind"], body[kind.member] = kind.kind, value
		if trimmed := strings.TrimSpace(value); kind.kind == "key" && strings.HasPrefix(trimmed, "{") {
			body["keys"] = json.RawMessage(trimmed)
		}
	}
	if kinds != 1 {
		return nil, errors.New("say what it proves itself with: one of -key, -key_set, -certificate and -issuer")
	}
	for _, member := range []string{"subject", "audience"} {
		if v.given(member) {
			body[member] = v.text(member)
		}
	}
	if v.given("reusable") {
		body["reusable"] = v.text("reusable") == "true"
	}
	return body, v.ending(body)
}

// ending sets when something ends, if the flags say so.
func (v *invocation) ending(body map[string]any) error {
	text := v.text("ends_in")
	if text == "" {
		return nil
	}
	d, err := lifetime(text)
	if err == nil {
		body["dateExpires"] = time.Now().Add(d).UTC().Truncate(time.Second)
	}
	return err
}

func removeTrust(ctx context.Context, v *invocation) error {
	of, err := v.find(ctx)
	if err != nil {
		return err
	}
	if !tepin.IsID(v.args[1]) {
		return fmt.Errorf("%q is no id of a trust; tepin integration trusts lists them", v.args[1])
	}
	if err := v.call(ctx, "DELETE", of+"/trusts/"+v.args[1], nil, nil); err != nil {
		return err
	}
	_, err = fmt.Fprintln(v.stdout, "The trust has ended, and so have its tokens.")
	return err
}
