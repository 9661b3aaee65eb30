package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// applicationVerbs are the verbs of `tepin application`.
var applicationVerbs = []verb{
	{"list", "", "list the applications that people sign in to, to work in an environment", inEnvironment, listApplications},
	{"create", "NAME", "register one", redirects, createApplication},
	{"update", "APPLICATION", "change its name, or where people may be sent back to", applicationChange, updateApplication},
	{"delete", "APPLICATION", "delete one; the tokens that people gave to it end", inEnvironment, deleteApplication},
}

func runApplication(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return runVerb(ctx, "application", applicationVerbs, args, env, stdout, stderr)
}

func redirects(f *flag.FlagSet) {
	inEnvironment(f)
	f.String("redirects", "", "where people may be sent back to, separated by spaces, such as https://editor.example/callback")
}

func applicationChange(f *flag.FlagSet) {
	redirects(f)
	f.String("name", "", "the name that people are asked about")
}

// applicationAnswer is what is shown of an application.
type applicationAnswer struct {
	ID        string   `json:"id"`
	ClientID  string   `json:"clientId"`
	Name      string   `json:"name"`
	Redirects []string `json:"redirectUris"`
}

func (a applicationAnswer) row() []string {
	return []string{a.Name, a.ClientID, strings.Join(a.Redirects, " ")}
}

func listApplications(ctx context.Context, v *invocation) error {
	var list []applicationAnswer
	_, raw, err := v.things(ctx, "application", &list)
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"NAME", "CLIENT ID", "SENDS PEOPLE BACK TO"}}
		for _, a := range list {
			rows = append(rows, a.row())
		}
		return table(w, rows...)
	})
}

func createApplication(ctx context.Context, v *invocation) error {
	path, err := v.environmentPath(ctx)
	if err != nil {
		return err
	}
	body := map[string]any{"name": v.args[0], "redirectUris": append([]string{}, strings.Fields(v.text("redirects"))...)}
	return v.changeApplication(ctx, "POST", path+"/applications", body)
}

// changeApplication sends a change and prints the application as it is then.
func (v *invocation) changeApplication(ctx context.Context, method, path string, body map[string]any) error {
	var raw json.RawMessage
	var a applicationAnswer
	err := v.call(ctx, method, path, body, &raw)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error { return table(w, a.row()) })
}

func updateApplication(ctx context.Context, v *invocation) error {
	body := map[string]any{}
	if v.given("name") {
		body["name"] = v.text("name")
	}
	if v.given("redirects") {
		body["redirectUris"] = append([]string{}, strings.Fields(v.text("redirects"))...)
	}
	if len(body) == 0 {
		return errors.New("say what is to change: tepin application update -h lists the flags")
	}
	path, err := v.named(ctx, "application")
	if err != nil {
		return err
	}
	return v.changeApplication(ctx, "PATCH", path, body)
}

func deleteApplication(ctx context.Context, v *invocation) error {
	path, err := v.named(ctx, "application")
	if err == nil {
		err = v.call(ctx, "DELETE", path, nil, nil)
	}
	if err == nil {
		_, err = fmt.Fprintln(v.stdout, "It is deleted; the tokens that people gave to it have ended.")
	}
	return err
}
