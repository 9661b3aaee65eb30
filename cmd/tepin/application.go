package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
)

// applicationVerbs are the verbs of `tepin application`.
var applicationVerbs = []verb{
	{"list", "", "list the applications that people sign in to, to work in an environment", inEnvironment, listApplications},
	{"create", "NAME", "register one", redirects, createApplication},
	{"delete", "APPLICATION", "delete one; the tokens that people gave to it end", inEnvironment, deleteApplication},
}

func runApplication(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return runVerb(ctx, "application", applicationVerbs, args, env, stdout, stderr)
}

func redirects(f *flag.FlagSet) {
	inEnvironment(f)
	f.String("redirects", "", "where people may be sent back to, separated by spaces, such as https://editor.example/callback")
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

func (v *invocation) applications(ctx context.Context) (path string, list []applicationAnswer, raw json.RawMessage, err error) {
	if path, err = v.environmentPath(ctx); err != nil {
		return "", nil, nil, err
	}
	path += "/applications"
	if err = v.call(ctx, "GET", path, nil, &raw); err == nil {
		err = json.Unmarshal(raw, &list)
	}
	return path, list, raw, err
}

func listApplications(ctx context.Context, v *invocation) error {
	_, list, raw, err := v.applications(ctx)
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
	var raw json.RawMessage
	var made applicationAnswer
	if err = v.call(ctx, "POST", path+"/applications", body, &raw); err == nil {
		err = json.Unmarshal(raw, &made)
	}
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error { return table(w, made.row()) })
}

func deleteApplication(ctx context.Context, v *invocation) error {
	path, list, _, err := v.applications(ctx)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.ID != v.args[0] && a.ClientID != v.args[0] && !strings.EqualFold(a.Name, v.args[0]) {
			continue
		}
		if err := v.call(ctx, "DELETE", path+"/"+a.ID, nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintln(v.stdout, "It is deleted; the tokens that people gave to it have ended.")
		return err
	}
	return fmt.Errorf("the environment has no application %q; tepin application list shows those that it has", v.args[0])
}
