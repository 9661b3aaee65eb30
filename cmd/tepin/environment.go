package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/url"
	"time"
)

// environmentVerbs are the verbs of `tepin environment`.
var environmentVerbs = []verb{
	{"list", "", "list the environments", nil, listEnvironments},
	{"show", "ENVIRONMENT", "show an environment", nil, showEnvironment},
	{"create", "NAME", "make an environment", environmentCreation, createEnvironment},
	{"rename", "ENVIRONMENT NAME", "change the name that people see", nil, renameEnvironment},
	{"update", "ENVIRONMENT", "change an environment's name, its tokens, or the browser guard", environmentChange, updateEnvironment},
	{"quota", "ENVIRONMENT", "show or set how much its integrations may use together in an hour and in a day", quotaFlags, environmentQuota},
	{"delete", "ENVIRONMENT", "delete an environment; its tokens end, and for 14 days it can be restored", nil, deleteEnvironment},
	{"deleted", "", "list the environments of a subscription that can be restored", inSubscription, deletedEnvironments},
	{"restore", "ENVIRONMENT", "bring a deleted environment back, with all that it holds", inSubscription, restoreEnvironment},
}

func runEnvironment(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return runVerb(ctx, "environment", environmentVerbs, args, env, stdout, stderr)
}

func environmentChange(f *flag.FlagSet) {
	f.String("name", "", "the name that people see")
	f.String("token_lifetime", "", "for how long access tokens live, such as 24h; 5m to 24h")
	f.String("signing_alg", "", "ES256, or RS256 for clients that cannot verify ES256")
	f.String("browser_guard", "", "what happens to a token with more than read scopes in a foreign web page: report, block or off")
}

func environmentQuota(ctx context.Context, v *invocation) error {
	return v.quota(ctx, "/environments/"+url.PathEscape(v.args[0]))
}

// environmentAnswer is what is shown of an environment.
type environmentAnswer struct {
	Name          string `json:"name"`
	TechnicalName string `json:"technicalName"`
	Type          string `json:"type"`
	Lifetime      int64  `json:"tokenLifetime"` // seconds
	Alg           string `json:"signingAlg"`
	Guard         string `json:"browserGuard"`
}

func listEnvironments(ctx context.Context, v *invocation) error {
	var raw json.RawMessage
	if err := v.call(ctx, "GET", "/environments", nil, &raw); err != nil {
		return err
	}
	var list []environmentAnswer
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"NAME", "TECHNICAL NAME", "TYPE"}}
		for _, e := range list {
			rows = append(rows, []string{e.Name, e.TechnicalName, e.Type})
		}
		return table(w, rows...)
	})
}

func showEnvironment(ctx context.Context, v *invocation) error {
	var raw json.RawMessage
	if err := v.call(ctx, "GET", "/environments/"+url.PathEscape(v.args[0]), nil, &raw); err != nil {
		return err
	}
	return v.printEnvironment(raw)
}

func updateEnvironment(ctx context.Context, v *invocation) error {
	body := map[string]any{}
	for name, member := range map[string]string{"name": "name", "signing_alg": "signingAlg", "browser_guard": "browserGuard"} {
		if v.given(name) {
			body[member] = v.text(name)
		}
	}
	if v.given("token_lifetime") {
		d, err := lifetime(v.text("token_lifetime"))
		if err != nil {
			return err
		}
		body["tokenLifetime"] = int64(d / time.Second)
	}
	if len(body) == 0 {
		return errors.New("say what is to change: tepin environment update -h lists the flags")
	}
	var raw json.RawMessage
	if err := v.call(ctx, "PATCH", "/environments/"+url.PathEscape(v.args[0]), body, &raw); err != nil {
		return err
	}
	return v.printEnvironment(raw)
}

func (v *invocation) printEnvironment(raw json.RawMessage) error {
	var e environmentAnswer
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		return table(w, []string{"name", e.Name}, []string{"technical name", e.TechnicalName}, []string{"type", e.Type},
			[]string{"tokens", e.Alg + ", " + (time.Duration(e.Lifetime) * time.Second).String()}, []string{"browser guard", e.Guard})
	})
}
