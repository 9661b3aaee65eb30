package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

// integrationVerbs are the verbs of `tepin integration`. Each is one call of the
// Platform API, by the person who has signed in with `tepin login`.
var integrationVerbs = []verb{
	{"list", "", "list an environment's integrations", inEnvironment, listIntegrations},
	{"create", "NAME", "make an integration; prints its secret, this once", creation, createIntegration},
	{"show", "INTEGRATION", "show an integration and its secrets", inEnvironment, showIntegration},
	{"update", "INTEGRATION", "change what an integration may do, and from where", change, updateIntegration},
	{"rotate", "INTEGRATION", "make a new secret and let the others end; prints it, this once", rotation, rotateSecret},
	{"add-secret", "INTEGRATION", "make one more secret; prints it, this once", newSecretFlags, addSecret},
	{"cancel", "INTEGRATION SECRET", "take back the rotation that made a secret", inEnvironment, secretVerb("POST", "/cancel-rotation", "The secret is gone; those that it replaced stay.")},
	{"complete", "INTEGRATION SECRET", "end the secrets that a rotation replaced, now", inEnvironment, secretVerb("POST", "/complete-rotation", "The secrets that it replaced have ended.")},
	{"remove-secret", "INTEGRATION SECRET", "end a secret, and the tokens made with it, at once", inEnvironment, secretVerb("DELETE", "", "The secret has ended, and so have its tokens.")},
	{"revoke", "INTEGRATION", "end all tokens of an integration", inEnvironment, integrationVerb("POST", "/revoke-tokens", nil, "All its tokens have ended; its secrets get new ones.")},
	{"trusts", "INTEGRATION", "list its keys, issuers and certificates", inEnvironment, listTrusts},
	{"add-trust", "INTEGRATION", "let it prove itself by a key, another issuer's tokens or a certificate", trustFlags, addTrust},
	{"remove-trust", "INTEGRATION TRUST", "end a trust, and the tokens made with it, at once", inEnvironment, removeTrust},
	{"quota", "INTEGRATION", "show or set how much it may use in an hour and in a day", integrationQuotaFlags, integrationQuota},
	{"disable", "INTEGRATION", "refuse an integration; its tokens end", inEnvironment, integrationVerb("PATCH", "", map[string]any{"enabled": false}, "It is disabled; its tokens have ended.")},
	{"enable", "INTEGRATION", "let an integration in again", inEnvironment, integrationVerb("PATCH", "", map[string]any{"enabled": true}, "It is enabled.")},
	{"delete", "INTEGRATION", "delete an integration, its secrets and its tokens", inEnvironment, integrationVerb("DELETE", "", nil, "It is deleted.")},
}

func runIntegration(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return runVerb(ctx, "integration", integrationVerbs, args, env, stdout, stderr)
}

func inEnvironment(f *flag.FlagSet) {
	f.String("environment", "", "id or technical name of the environment; may be left out where there is only one")
}

func change(f *flag.FlagSet) {
	inEnvironment(f)
	f.String("description", "", "what it is for")
	f.String("scopes", "", `its permissions, such as "template:read template:list", or one of: all, read-only, none`)
	f.String("token_networks", "", `networks that may get tokens, such as "192.0.2.0/24 2001:db8::/48"; empty: any`)
	f.String("use_networks", "", "networks that may use its tokens; empty: any")
	f.String("origins", "", `web pages that may get a read-only token in exchange, such as "https://shop.example"`)
	f.Bool("require_bound", false, "its tokens count only from whoever holds their key or certificate (DPoP, mTLS)")
	f.Bool("introspects", false, "it may ask about every token of its environment")
}

func creation(f *flag.FlagSet) {
	change(f)
	f.Lookup("scopes").DefValue = "read-only"
	_ = f.Set("scopes", "read-only") // a string takes any value
}

func newSecretFlags(f *flag.FlagSet) {
	inEnvironment(f)
	f.String("label", "", "where it is used")
	f.String("ends_in", "", "after which time it ends, such as 90d; empty: never")
	f.Bool("force", false, "where there are five, let the oldest end at once")
}

func rotation(f *flag.FlagSet) {
	newSecretFlags(f)
	f.String("previous_expires_in", "0s", "for how long the others go on working, such as 24h; 0s: they end at once")
}

// integrationAnswer is what is shown of an integration.
type integrationAnswer struct {
	ID           string    `json:"id"`
	ClientID     string    `json:"clientId"`
	ClientSecret string    `json:"clientSecret"`
	Name         string    `json:"name"`
	Description  string    `json:"description"`
	Enabled      bool      `json:"enabled"`
	Scopes       []string  `json:"scopes"`
	Tokens       []string  `json:"tokenNetworks"`
	Use          []string  `json:"useNetworks"`
	Origins      []string  `json:"origins"`
	Introspects  bool      `json:"introspects"`
	Created      time.Time `json:"dateCreated"`
}

func (i integrationAnswer) state() string {
	if i.Enabled {
		return "enabled"
	}
	return "disabled"
}

// secretAnswer is what is shown of a secret.
type secretAnswer struct {
	ID           string     `json:"id"`
	Label        string     `json:"label"`
	LastFour     string     `json:"lastFour"`
	Live         bool       `json:"live"`
	Expires      *time.Time `json:"dateExpires"`
	ExpiresSoon  *int       `json:"expiresSoon"`
	LastUsed     *time.Time `json:"dateLastUsed"`
	From         string     `json:"lastUsedFrom"`
	ClientID     string     `json:"clientId"`
	ClientSecret string     `json:"clientSecret"`
}

// environmentPath is the path of the environment that the invocation is about.
func (v *invocation) environmentPath(ctx context.Context) (string, error) {
	if name := v.text("environment"); name != "" {
		return "/environments/" + url.PathEscape(name), nil
	}
	var list []environmentAnswer
	if err := v.call(ctx, "GET", "/environments", nil, &list); err != nil {
		return "", err
	}
	if len(list) != 1 {
		names := make([]string, len(list))
		for i, e := range list {
			names[i] = e.TechnicalName
		}
		return "", fmt.Errorf("say which environment is meant: -environment %s", strings.Join(names, ", "))
	}
	return "/environments/" + url.PathEscape(list[0].TechnicalName), nil
}

// things reads the integrations or the applications of the environment into list, and
// returns their path.
func (v *invocation) things(ctx context.Context, kind string, list any) (path string, raw json.RawMessage, err error) {
	if path, err = v.environmentPath(ctx); err != nil {
		return "", nil, err
	}
	path += "/" + kind + "s"
	if err = v.call(ctx, "GET", path, nil, &raw); err == nil {
		err = json.Unmarshal(raw, list)
	}
	return path, raw, err
}

// named returns the path of the integration or the application that the first argument
// names: by id, by client id, or by name in any case.
func (v *invocation) named(ctx context.Context, kind string) (string, error) {
	var list []struct {
		ID       string `json:"id"`
		ClientID string `json:"clientId"`
		Name     string `json:"name"`
	}
	path, _, err := v.things(ctx, kind, &list)
	if err != nil {
		return "", err
	}
	for _, t := range list {
		if t.ID == v.args[0] || t.ClientID == v.args[0] || strings.EqualFold(t.Name, v.args[0]) {
			return path + "/" + t.ID, nil
		}
	}
	return "", fmt.Errorf("the environment has no %s %q; tepin %s list shows those that it has", kind, v.args[0], kind)
}

func (v *invocation) find(ctx context.Context) (string, error) { return v.named(ctx, "integration") }

func listIntegrations(ctx context.Context, v *invocation) error {
	var list []integrationAnswer
	_, raw, err := v.things(ctx, "integration", &list)
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"NAME", "CLIENT ID", "STATE", "SCOPES"}}
		for _, i := range list {
			rows = append(rows, []string{i.Name, i.ClientID, i.state(), i.permissions()})
		}
		return table(w, rows...)
	})
}

func createIntegration(ctx context.Context, v *invocation) error {
	path, err := v.environmentPath(ctx)
	if err != nil {
		return err
	}
	body, err := v.changes()
	if err != nil {
		return err
	}
	body["name"] = v.args[0]
	var raw json.RawMessage
	if err := v.call(ctx, "POST", path+"/integrations", body, &raw); err != nil {
		return err
	}
	return v.printSecret(raw, "")
}

// printSecret shows a secret on the only occasion that there is, and below it what is
// to be said of the others.
func (v *invocation) printSecret(raw json.RawMessage, others string) error {
	var made secretAnswer
	if err := json.Unmarshal(raw, &made); err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"client id", made.ClientID}, {"client secret", made.ClientSecret}, {"", "It is shown this once; store it now."}}
		if others != "" {
			rows = append(rows, []string{"", others})
		}
		return table(w, rows...)
	})
}

// changes are the members that the flags set.
func (v *invocation) changes() (map[string]any, error) {
	body := map[string]any{}
	for name, member := range map[string]string{"token_networks": "tokenNetworks", "use_networks": "useNetworks", "origins": "origins"} {
		if v.given(name) {
			body[member] = append([]string{}, strings.Fields(strings.ReplaceAll(v.text(name), ",", " "))...)
		}
	}
	if v.given("description") {
		body["description"] = v.text("description")
	}
	for name, member := range map[string]string{"introspects": "introspects", "require_bound": "requireBound"} {
		if v.given(name) {
			body[member] = v.text(name) == "true"
		}
	}
	if v.given("scopes") {
		scopes, err := scopesOf(v.text("scopes"))
		if err != nil {
			return nil, err
		}
		body["scopes"] = scopes
	}
	return body, nil
}

// permissions sums up what the integration may; a server that is newer than the program
// may name scopes that this one does not know.
func (i integrationAnswer) permissions() string {
	set, err := tepin.ParseScopes(strings.Join(i.Scopes, " "))
	if err != nil {
		return strconv.Itoa(len(i.Scopes))
	}
	return set.Summary()
}

// scopesOf reads scopes, or the name of a set of them.
func scopesOf(text string) ([]tepin.Scope, error) {
	switch text {
	case "all":
		return tepin.AllScopes, nil
	case "read-only":
		return tepin.ReadOnlyScopes, nil
	case "none":
		return []tepin.Scope{}, nil
	}
	set, err := tepin.ParseScopes(strings.ReplaceAll(text, ",", " "))
	return append([]tepin.Scope{}, set.List()...), err
}

func updateIntegration(ctx context.Context, v *invocation) error {
	body, err := v.changes()
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return errors.New("say what is to change: tepin integration update -h lists the flags")
	}
	path, err := v.find(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "PATCH", path, body, &raw); err != nil {
		return err
	}
	return v.printIntegration(raw, nil)
}

func showIntegration(ctx context.Context, v *invocation) error {
	path, err := v.find(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	var secrets []secretAnswer
	if err := v.call(ctx, "GET", path, nil, &raw); err != nil {
		return err
	}
	if err := v.call(ctx, "GET", path+"/secrets", nil, &secrets); err != nil {
		return err
	}
	return v.printIntegration(raw, secrets)
}

func (v *invocation) printIntegration(raw json.RawMessage, secrets []secretAnswer) error {
	var i integrationAnswer
	if err := json.Unmarshal(raw, &i); err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"name", i.Name}, {"client id", i.ClientID}, {"id", i.ID}, {"state", i.state()}, {"scopes", strings.Join(i.Scopes, " ")}}
		for _, more := range []struct {
			name string
			list []string
		}{{"tokens for", i.Tokens}, {"used from", i.Use}, {"origins", i.Origins}} {
			if len(more.list) > 0 {
				rows = append(rows, []string{more.name, strings.Join(more.list, " ")})
			}
		}
		for _, s := range secrets {
			rows = append(rows, []string{"secret", s.String()})
		}
		return table(w, rows...)
	})
}

// String is a secret in one line.
func (s secretAnswer) String() string {
	text := s.ID + " …" + s.LastFour
	if s.Label != "" {
		text += " (" + s.Label + ")"
	}
	if !s.Live {
		text += ", not live"
	}
	if s.Expires != nil {
		text += ", ends " + s.Expires.UTC().Format(time.RFC3339)
	}
	if s.ExpiresSoon != nil {
		text += " (soon)"
	}
	if s.LastUsed == nil {
		return text + ", never used"
	}
	return text + ", last used " + s.LastUsed.UTC().Format(time.RFC3339) + " from " + s.From
}

func rotateSecret(ctx context.Context, v *invocation) error {
	previous, err := lifetime(v.text("previous_expires_in"))
	if err != nil {
		return err
	}
	if previous < 0 || previous > credential.MaxOverlap {
		return fmt.Errorf("-previous_expires_in: the others may go on working for at most %d days", credential.MaxOverlap/(24*time.Hour))
	}
	others := "The others have ended, and so have their tokens."
	if previous > 0 {
		others = "The others go on working for " + v.text("previous_expires_in") + ", those that end sooner until then."
	}
	return v.makeSecret(ctx, "/rotate-secret", map[string]any{"previousExpiresIn": int64(previous / time.Second)}, others)
}

func addSecret(ctx context.Context, v *invocation) error {
	return v.makeSecret(ctx, "/secrets", map[string]any{}, "")
}

// makeSecret makes a secret and prints it, with what becomes of the others.
func (v *invocation) makeSecret(ctx context.Context, path string, body map[string]any, others string) error {
	body["label"], body["force"] = v.text("label"), v.text("force") == "true"
	if err := v.ending(body); err != nil {
		return err
	}
	of, err := v.find(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "POST", of+path, body, &raw); err != nil {
		return err
	}
	return v.printSecret(raw, others)
}

// integrationVerb is a verb that makes one call about an integration and says what came
// of it.
func integrationVerb(method, path string, body any, done string) func(context.Context, *invocation) error {
	return func(ctx context.Context, v *invocation) error {
		of, err := v.find(ctx)
		if err == nil {
			err = v.call(ctx, method, of+path, body, nil)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(v.stdout, done)
		return err
	}
}

// secretVerb is the same about one of its secrets, named by id or last four characters.
func secretVerb(method, path, done string) func(context.Context, *invocation) error {
	return func(ctx context.Context, v *invocation) error {
		of, err := v.find(ctx)
		if err != nil {
			return err
		}
		var secrets []secretAnswer
		if err := v.call(ctx, "GET", of+"/secrets", nil, &secrets); err != nil {
			return err
		}
		var found []string
		for _, s := range secrets {
			if s.ID == v.args[1] || s.LastFour == v.args[1] {
				found = append(found, s.ID)
			}
		}
		if len(found) != 1 {
			return fmt.Errorf("%d secrets of the integration are named %q; tepin integration show lists them with their ids", len(found), v.args[1])
		}
		if err := v.call(ctx, method, of+"/secrets/"+found[0]+path, nil, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintln(v.stdout, done)
		return err
	}
}
