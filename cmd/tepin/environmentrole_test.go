package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/platformapi"
	"github.com/tepin/tepin/web"
)

// Who administers an environment says who enters it; of the subscription they are told
// nothing.
func TestRoleByEnvironmentAdministrator(t *testing.T) {
	i := accesstest.New(t, accesstest.Options{})
	sub := i.Subscription("Main")
	env := i.Environment(sub, "demo", tepin.Sandbox)
	ea, _ := i.Member(tepin.Invitation{SubscriptionID: sub.ID, Email: "ea@example.org", Environments: []tepin.EnvironmentRole{{EnvironmentID: env.ID, Role: tepin.EnvironmentAdmin}}})
	i.Member(tepin.Invitation{SubscriptionID: sub.ID, Email: "bea@example.org"})
	api := platformapi.New(platformapi.Options{Store: i.Store, Access: i.Access, Credential: i.Credential, Quota: i.Quota, Version: "1.2.3"})
	server := httptest.NewServer((&web.Stack{Log: slog.New(slog.DiscardHandler)}).Wrap(api))
	t.Cleanup(server.Close)
	variables := map[string]string{"TEPIN_SERVER": server.URL, "TEPIN_TOKEN": i.PersonTokens(ea, tepin.FirstParty[0], "", "openid").Access}
	for _, c := range []struct{ args, want string }{
		{"role bea@example.org -environment demo -as EA", "demo EU EA"},
		{"role bea@example.org -environment demo -as none", "may not enter demo any more"},
		{"role cleo@example.org -environment demo -as EU", "nobody in the environment's subscription has this e-mail address"},
		{"role bea@example.org -template_designer", "subscription administrator"},
	} {
		var out bytes.Buffer
		err := runUser(t.Context(), strings.Fields(c.args), func(name string) string { return variables[name] }, &out, &out)
		if err != nil {
			out.WriteString(err.Error())
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %s, want %s", c.args, &out, c.want)
		}
	}
}
