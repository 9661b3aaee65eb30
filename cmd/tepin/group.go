package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// groupVerbs are the verbs of `tepin group`.
var groupVerbs = []verb{
	{"list", "", "list a subscription's groups", inSubscription, listGroups},
	{"create", "NAME", "make a group", groupFlags, createGroup},
	{"access", "GROUP", "change what a group's members are in an environment", groupAccessFlags, groupAccess},
	{"join", "GROUP USER", "take a user into a group", inSubscription, groupMember("PUT", "They are in the group.")},
	{"leave", "GROUP USER", "take a user out of a group", inSubscription, groupMember("DELETE", "They are not in the group.")},
	{"delete", "GROUP", "delete a group; its members lose what it opens to them", inSubscription, deleteGroup},
}

func runGroup(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return runVerb(ctx, "group", groupVerbs, args, env, stdout, stderr)
}

func groupFlags(f *flag.FlagSet) {
	inSubscription(f)
	f.String("description", "", "what it is for")
	accessFlags(f)
}

func groupAccessFlags(f *flag.FlagSet) {
	inSubscription(f)
	accessFlags(f)
}

// groupAnswer is what is shown of a group.
type groupAnswer struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Members     int          `json:"members"`
	Access      []roleAnswer `json:"access"`
}

// groupList reads the groups of the subscription, and returns its path.
func (v *invocation) groupList(ctx context.Context) (list []groupAnswer, raw json.RawMessage, path string, err error) {
	if path, err = v.subscriptionPath(ctx); err != nil {
		return nil, nil, "", err
	}
	if err = v.call(ctx, "GET", path+"/groups", nil, &raw); err == nil {
		err = json.Unmarshal(raw, &list)
	}
	return list, raw, path, err
}

// group finds the group of the first argument, by id or name, and the subscription's path.
func (v *invocation) group(ctx context.Context) (g groupAnswer, path string, err error) {
	list, _, path, err := v.groupList(ctx)
	if err != nil {
		return g, "", err
	}
	for _, g := range list {
		if g.ID == v.args[0] || strings.EqualFold(g.Name, v.args[0]) {
			return g, path, nil
		}
	}
	return g, "", fmt.Errorf("the subscription has no group %q; tepin group list shows those that it has", v.args[0])
}

func listGroups(ctx context.Context, v *invocation) error {
	list, raw, _, err := v.groupList(ctx)
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"NAME", "MEMBERS", "ENVIRONMENTS", "DESCRIPTION"}}
		for _, g := range list {
			rows = append(rows, []string{g.Name, strconv.Itoa(g.Members), strconv.Itoa(len(g.Access)), g.Description})
		}
		return table(w, rows...)
	})
}

func createGroup(ctx context.Context, v *invocation) error {
	path, err := v.subscriptionPath(ctx)
	if err != nil {
		return err
	}
	access, err := v.roles(ctx, []roleAnswer{})
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "POST", path+"/groups", map[string]any{"name": v.args[0], "description": v.text("description"), "access": access}, &raw); err != nil {
		return err
	}
	return printGroup(ctx, v, raw)
}

func printGroup(ctx context.Context, v *invocation, raw json.RawMessage) error {
	var g groupAnswer
	if err := json.Unmarshal(raw, &g); err != nil {
		return err
	}
	names, err := v.environmentNames(ctx)
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"name", g.Name}, {"id", g.ID}, {"members", strconv.Itoa(g.Members)}}
		for _, r := range g.Access {
			rows = append(rows, []string{"environment", r.in(names)})
		}
		return table(w, rows...)
	})
}

func groupAccess(ctx context.Context, v *invocation) error {
	if !v.given("environment") {
		return errors.New("say what is to change: tepin group access -h lists the flags")
	}
	g, path, err := v.group(ctx)
	if err != nil {
		return err
	}
	access, err := v.roles(ctx, g.Access)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "PATCH", path+"/groups/"+g.ID, map[string]any{"access": access}, &raw); err != nil {
		return err
	}
	return printGroup(ctx, v, raw)
}

func groupMember(method, done string) func(context.Context, *invocation) error {
	return func(ctx context.Context, v *invocation) error {
		g, path, err := v.group(ctx)
		if err != nil {
			return err
		}
		u, err := v.theUser(ctx, path, v.args[1])
		if err == nil {
			err = v.call(ctx, method, path+"/groups/"+g.ID+"/users/"+u.ID, nil, nil)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(v.stdout, done)
		return err
	}
}

func deleteGroup(ctx context.Context, v *invocation) error {
	g, path, err := v.group(ctx)
	if err == nil {
		err = v.call(ctx, "DELETE", path+"/groups/"+g.ID, nil, nil)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(v.stdout, "It is deleted.")
	return err
}
