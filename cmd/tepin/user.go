package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// userVerbs are the verbs of `tepin user`. Each is one or two calls of the Platform API,
// by the person who has signed in with `tepin login`.
var userVerbs = []verb{
	{"list", "", "list a subscription's users", inSubscription, listUsers},
	{"invite", "EMAIL", "invite somebody; prints the link to give to them, this once", invitation, inviteUser},
	{"show", "USER", "show a user", inSubscription, showUser},
	{"role", "USER", "change what a user is in the subscription, or in an environment", roleFlags, userRole},
	{"link", "USER", "print another link: for a pending user the invitation's, else one for a new password", inSubscription, userLink},
	{"deactivate", "USER", "keep a user out; their sessions and tokens end, their roles are kept", inSubscription, userStatus("Deactivated", "They are deactivated; their sessions and tokens have ended.")},
	{"activate", "USER", "let a user in again", inSubscription, userStatus("Active", "They are active again.")},
	{"delete", "USER", "delete a user, for good; what they made stays", inSubscription, deleteUser},
}

func runUser(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return runVerb(ctx, "user", userVerbs, args, env, stdout, stderr)
}

func inSubscription(f *flag.FlagSet) {
	f.String("subscription", "", "id or name of the subscription; may be left out where there is only one")
}

func roleFlags(f *flag.FlagSet) {
	inSubscription(f)
	f.Bool("subscription_admin", false, "they administer the subscription")
	f.Bool("template_designer", false, "they have a seat of a template designer")
	accessFlags(f)
}

func accessFlags(f *flag.FlagSet) {
	f.String("environment", "", "id or technical name of an environment")
	f.String("as", "", "what they are in it: EU (end user), EA (administrator) or none")
}

func invitation(f *flag.FlagSet) {
	roleFlags(f)
	f.String("first_name", "", "their first name")
	f.String("last_name", "", "their last name")
}

// userAnswer is what is shown of a user.
type userAnswer struct {
	ID         string       `json:"id"`
	Email      string       `json:"email"`
	FirstName  string       `json:"firstName"`
	LastName   string       `json:"lastName"`
	Status     string       `json:"status"`
	Roles      []string     `json:"subscriptionRoles"`
	In         []roleAnswer `json:"environmentRoles"`
	Invitation linkAnswer   `json:"invitation"`
}

type roleAnswer struct {
	Environment string `json:"environmentId"`
	Role        string `json:"role"`
}

type linkAnswer struct {
	Link string    `json:"link"`
	Ends time.Time `json:"ends"`
}

func (u userAnswer) name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// print shows a one-time link.
func (l linkAnswer) print(v *invocation, raw json.RawMessage) error {
	return v.print(raw, func(w io.Writer) error {
		return table(w, []string{"link", l.Link}, []string{"", "Give it to them: it is shown this once, and works once, until " + l.Ends.UTC().Format(time.RFC3339) + "."})
	})
}

// subscriptionPath is the path of the subscription that the invocation is about.
func (v *invocation) subscriptionPath(ctx context.Context) (string, error) {
	var list []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	if err := v.call(ctx, "GET", "/subscriptions", nil, &list); err != nil {
		return "", err
	}
	var names []string
	for _, s := range list {
		if name := v.text("subscription"); s.ID == name || strings.EqualFold(s.Name, name) || name == "" && len(list) == 1 {
			return "/subscriptions/" + s.ID, nil
		}
		names = append(names, s.Name)
	}
	return "", fmt.Errorf("say which subscription is meant: -subscription, one of %q", names)
}

// environmentID is the id of the environment of the flag.
func (v *invocation) environmentID(ctx context.Context) (string, error) {
	var e struct {
		ID string `json:"id"`
	}
	err := v.call(ctx, "GET", "/environments/"+url.PathEscape(v.text("environment")), nil, &e)
	return e.ID, err
}

// roles returns a list of roles in which the one of the flags stands.
func (v *invocation) roles(ctx context.Context, list []roleAnswer) ([]roleAnswer, error) {
	if v.given("environment") != v.given("as") {
		return nil, errors.New("-environment and -as go together")
	}
	if !v.given("environment") {
		return list, nil
	}
	id, err := v.environmentID(ctx)
	if err != nil {
		return nil, err
	}
	kept := []roleAnswer{}
	for _, r := range list {
		if r.Environment != id {
			kept = append(kept, r)
		}
	}
	if as := strings.ToUpper(v.text("as")); as != "NONE" {
		kept = append(kept, roleAnswer{id, as})
	}
	return kept, nil
}

// environmentNames are the technical names of the environments that the person sees.
func (v *invocation) environmentNames(ctx context.Context) (map[string]string, error) {
	var list []struct {
		ID   string `json:"id"`
		Name string `json:"technicalName"`
	}
	err := v.call(ctx, "GET", "/environments", nil, &list)
	names := make(map[string]string, len(list))
	for _, e := range list {
		names[e.ID] = e.Name
	}
	return names, err
}

// in is a role with its environment, by name where that is known.
func (r roleAnswer) in(names map[string]string) string {
	if name := names[r.Environment]; name != "" {
		return name + " " + r.Role
	}
	return r.Environment + " " + r.Role
}

// maxRolesShown is how many environments a line of a list names.
const maxRolesShown = 2

// rolesText is all that a user is, on one line: "EU TDS, demo EA and 2 more".
func (u userAnswer) rolesText(names map[string]string) string {
	text := strings.Join(append([]string{"EU"}, u.Roles...), " ")
	for i, r := range u.In {
		if i == maxRolesShown {
			return fmt.Sprintf("%s and %d more", text, len(u.In)-i)
		}
		text += ", " + r.in(names)
	}
	return text
}

// theUser finds the user that an argument names, by id or e-mail address, in the path of
// a subscription.
func (v *invocation) theUser(ctx context.Context, path, named string) (u userAnswer, err error) {
	var list []userAnswer
	if err := v.call(ctx, "GET", path+"/users", nil, &list); err != nil {
		return u, err
	}
	for _, u := range list {
		if u.ID == named || strings.EqualFold(u.Email, named) {
			return u, nil
		}
	}
	return u, fmt.Errorf("the subscription has no user %q; tepin user list shows those that it has", named)
}

// user finds the user of the first argument, and their path.
func (v *invocation) user(ctx context.Context) (u userAnswer, path string, err error) {
	if path, err = v.subscriptionPath(ctx); err == nil {
		u, err = v.theUser(ctx, path, v.args[0])
	}
	return u, path + "/users/" + u.ID, err
}

func listUsers(ctx context.Context, v *invocation) error {
	path, err := v.subscriptionPath(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "GET", path+"/users", nil, &raw); err != nil {
		return err
	}
	var list []userAnswer
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	names, err := v.environmentNames(ctx)
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"E-MAIL", "NAME", "STATUS", "ROLES"}}
		for _, u := range list {
			rows = append(rows, []string{u.Email, u.name(), u.Status, u.rolesText(names)})
		}
		return table(w, rows...)
	})
}

// subscriptionRoles are those of the flags that are given, the others as they were.
func (v *invocation) subscriptionRoles(had []string) []string {
	roles := []string{}
	for name, role := range map[string]string{"subscription_admin": "SA", "template_designer": "TDS"} {
		is := strings.Contains(" "+strings.Join(had, " ")+" ", " "+role+" ")
		if v.given(name) {
			is = v.text(name) == "true"
		}
		if is {
			roles = append(roles, role)
		}
	}
	return roles
}

func inviteUser(ctx context.Context, v *invocation) error {
	path, err := v.subscriptionPath(ctx)
	if err != nil {
		return err
	}
	in, err := v.roles(ctx, []roleAnswer{})
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "POST", path+"/users", map[string]any{"email": v.args[0], "firstName": v.text("first_name"), "lastName": v.text("last_name"),
		"subscriptionRoles": v.subscriptionRoles(nil), "environmentRoles": in}, &raw); err != nil {
		return err
	}
	return printInvitation(v, raw)
}

func printInvitation(v *invocation, raw json.RawMessage) error {
	var made userAnswer
	if err := json.Unmarshal(raw, &made); err != nil {
		return err
	}
	return made.Invitation.print(v, raw)
}

func showUser(ctx context.Context, v *invocation) error {
	_, path, err := v.user(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "GET", path, nil, &raw); err != nil {
		return err
	}
	return printUser(ctx, v, raw)
}

func printUser(ctx context.Context, v *invocation, raw json.RawMessage) error {
	var u userAnswer
	if err := json.Unmarshal(raw, &u); err != nil {
		return err
	}
	names, err := v.environmentNames(ctx)
	if err != nil {
		return err
	}
	return v.print(raw, func(w io.Writer) error {
		rows := [][]string{{"e-mail", u.Email}, {"name", u.name()}, {"id", u.ID}, {"status", u.Status}, {"roles", strings.Join(append([]string{"EU"}, u.Roles...), " ")}}
		for _, r := range u.In {
			rows = append(rows, []string{"environment", r.in(names)})
		}
		return table(w, rows...)
	})
}

func userRole(ctx context.Context, v *invocation) error {
	if !v.given("subscription_admin") && !v.given("template_designer") && !v.given("environment") {
		return errors.New("say what is to change: tepin user role -h lists the flags")
	}
	if v.given("environment") && v.given("as") && !v.given("subscription_admin") && !v.given("template_designer") {
		return environmentRole(ctx, v)
	}
	u, path, err := v.user(ctx)
	if err != nil {
		return err
	}
	in, err := v.roles(ctx, u.In)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := v.call(ctx, "PATCH", path, map[string]any{"subscriptionRoles": v.subscriptionRoles(u.Roles), "environmentRoles": in}, &raw); err != nil {
		return err
	}
	return printUser(ctx, v, raw)
}

// environmentRole changes what a user is in an environment by the environment's own route,
// for which it is enough to administer the environment.
func environmentRole(ctx context.Context, v *invocation) error {
	users := "/environments/" + url.PathEscape(v.text("environment")) + "/users"
	named, role := v.args[0], strings.ToUpper(v.text("as"))
	one := users + "/" + url.PathEscape(named)
	var err error
	if role == "NONE" {
		err = v.call(ctx, "DELETE", one, nil, nil)
	} else {
		err = v.call(ctx, "PUT", one, map[string]string{"role": role}, nil)
	}
	if err != nil {
		return err
	}
	var list []json.RawMessage
	if err := v.call(ctx, "GET", users, nil, &list); err != nil {
		return err
	}
	for _, raw := range list {
		var u environmentUserAnswer
		if err := json.Unmarshal(raw, &u); err != nil {
			return err
		}
		if u.ID == strings.ToLower(named) || strings.EqualFold(u.Email, named) {
			return v.print(raw, func(w io.Writer) error {
				return table(w, []string{"e-mail", u.Email}, []string{"id", u.ID}, []string{"environment", v.text("environment") + " " + strings.Join(u.Roles, " ")})
			})
		}
	}
	said := fmt.Sprintf("%s may not enter %s any more.", named, v.text("environment"))
	if role != "NONE" {
		said = fmt.Sprintf("%s is %s in %s as soon as they are active.", named, role, v.text("environment"))
	}
	return v.print(json.RawMessage(`{"roles":[]}`), func(w io.Writer) error {
		_, err := fmt.Fprintln(w, said)
		return err
	})
}

// environmentUserAnswer is what is shown of somebody in an environment.
type environmentUserAnswer struct {
	ID    string   `json:"id"`
	Email string   `json:"email"`
	Roles []string `json:"roles"`
}

func userLink(ctx context.Context, v *invocation) error {
	u, path, err := v.user(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if u.Status == "Pending" {
		if err := v.call(ctx, "POST", path+"/invitation", nil, &raw); err != nil {
			return err
		}
		return printInvitation(v, raw)
	}
	if err := v.call(ctx, "POST", path+"/password-link", nil, &raw); err != nil {
		return err
	}
	var link linkAnswer
	if err := json.Unmarshal(raw, &link); err != nil {
		return err
	}
	return link.print(v, raw)
}

func userStatus(status, done string) func(context.Context, *invocation) error {
	return func(ctx context.Context, v *invocation) error {
		_, path, err := v.user(ctx)
		if err == nil {
			err = v.call(ctx, "PATCH", path, map[string]any{"status": status}, nil)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(v.stdout, done)
		return err
	}
}

func deleteUser(ctx context.Context, v *invocation) error {
	_, path, err := v.user(ctx)
	if err == nil {
		err = v.call(ctx, "DELETE", path, nil, nil)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(v.stdout, "They are deleted; what they made stays.")
	return err
}
