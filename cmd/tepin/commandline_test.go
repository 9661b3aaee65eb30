package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/command-line.md is what the program says of itself.
func TestCommandLinePage(t *testing.T) {
	var b bytes.Buffer
	fmt.Fprint(&b, `# The command line

`+"`tepin COMMAND -h`"+` lists the flags of a command. Commands that work on the data itself (`+"`serve`, `rekey`, `keys`, `recover`, `audit`"+`) take the settings of
[configuration.md](configuration.md). The others talk to a server, as the person who has signed in:

`+"```"+`
tepin login https://tepin.example
tepin integration create "Night job" -environment demo -scopes read-only
tepin integration rotate "Night job" -previous_expires_in 24h
tepin logout
`+"```"+`

Flags may stand before and behind names. `+"`tepin login`"+` shows a code to be typed into the console, by whoever administers something there or designs templates. What it gets is kept in a file that
only its owner may read (`+"`TEPIN_SESSIONS`"+` names another) and renewed when it is over. A machine sets `+"`TEPIN_SERVER`"+` and `+"`TEPIN_TOKEN`"+` instead. Everything is
printed for people, or with `+"`-json`"+` as the server has it. Secrets are never arguments: `+"`tepin token`"+` takes one from `+"`TEPIN_CLIENT_SECRET`"+`, from a file, or
from standard input.

The token of who has signed in opens the Platform API to other programs, too; its reference is at `+"`/swagger/index.html`"+`:

`+"```"+`
curl -s https://tepin.example/api/v1/environments -H "Authorization: Bearer $(tepin token)"
`+"```"+`

A server whose certificate the system does not know is believed with `+"`SSL_CERT_FILE=chain.pem`"+` in the environment, on Linux.

| command | what it does |
|---|---|
`)
	for _, c := range commands {
		fmt.Fprintf(&b, "| `tepin %s` | %s |\n", c.name, c.summary)
	}
	for _, of := range []struct {
		command string
		verbs   []verb
	}{{"integration", integrationVerbs}, {"environment", environmentVerbs}, {"application", applicationVerbs}, {"user", userVerbs}, {"group", groupVerbs}} {
		fmt.Fprintf(&b, "\n| verb of `tepin %s` | what it does |\n|---|---|\n", of.command)
		for _, v := range of.verbs {
			fmt.Fprintf(&b, "| `%s` | %s |\n", strings.TrimSpace(v.name+" "+v.args), v.summary)
		}
	}
	fmt.Fprint(&b, "\nAn integration or an application is named by its name, its client id or its id; a secret by its id or its last four characters; a user by e-mail address or id; a group or a subscription by its name or its id.\n")

	const page = "../../docs/command-line.md"
	if *update {
		if err := os.WriteFile(page, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, b.Bytes()) {
		t.Error("docs/command-line.md is not what the program says; go test ./cmd/tepin -run CommandLinePage -update writes it anew")
	}
}

func TestServerURL(t *testing.T) {
	for text, want := range map[string]string{
		"tepin.example": "https://tepin.example", "https://Tepin.example/": "https://tepin.example", "http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://localhost": "http://localhost",
	} {
		if got, err := serverURL(text); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, bad := range []string{"http://tepin.example", "ftp://tepin.example", "https://tepin.example/x", "https://u:p@tepin.example", "https://", "https://a?b"} {
		if got, err := serverURL(bad); err == nil {
			t.Errorf("%s is the server %s", bad, got)
		}
	}
}

func TestLifetime(t *testing.T) {
	for text, want := range map[string]string{"90d": "2160h0m0s", "24h": "24h0m0s", "30m": "30m0s"} {
		if got, err := lifetime(text); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "d", "1.5d", "1dd", "soon", "-1d", "999999999999d"} {
		if got, err := lifetime(bad); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
}

// What the verbs of the command line do, on the built binary, by the person who has
// signed in: an integration from its making to its end.
func TestCommandLine(t *testing.T) {
	p := newPeople(t)
	binary, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	login := p.run(nil, binary, "login", p.server.demo.URL)
	said := login.says(typeCode)
	p.approve(p.server.demo.URL+"/device?user_code="+said[0], said[0])
	login.finish()
	secret := regexp.MustCompile(`tpn_test_[0-9A-Za-z]{36}`)
	key, err := os.ReadFile("../../token/testdata/es256.pem")
	if err != nil {
		t.Fatal(err)
	}
	private := filepath.Join(p.home, "key.pem")
	if err := os.WriteFile(private, key, 0o600); err != nil {
		t.Fatal(err)
	}
	says := func(want string, args ...string) string {
		t.Helper()
		r := p.run(nil, binary, args...)
		_ = r.end() // what it says tells
		if out := r.all.String(); !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("tepin %s says %s, want %s", strings.Join(args, " "), out, want)
		}
		return r.all.String()
	}
	all := p.server.demo.Integrations.All
	credentials := []string{"TEPIN_CLIENT_ID=" + string(all.ClientID), "TEPIN_CLIENT_SECRET=" + all.ClientSecret}
	if out := p.run(credentials, binary, "token").finish(); !strings.HasPrefix(out, "eyJ") {
		t.Errorf("an integration's token, from the server of the last login: %s", out)
	}
	const name = "Night job"
	first := secret.FindString(says("client secret +tpn_test_", "integration", "create", name, "-scopes", "template:list", "-token_networks", "127.0.0.0/8"))
	says("(?s)127.0.0.0/8.*never used", "integration", "show", "night JOB")
	second := secret.FindString(says("(?s)client secret.*others go on working for 1h", "integration", "rotate", name, "-previous_expires_in", "1h", "-label", "new one"))
	if first == "" || second == "" || first == second {
		t.Fatalf("secrets %q and %q", first, second)
	}
	says("those that it replaced stay", "integration", "cancel", name, second[len(second)-4:])
	says("no rotation to complete", "integration", "complete", name, first[len(first)-4:])
	says("17 of 17|font:read", "integration", "update", name, "-scopes", "all")
	says("at most 30 days", "integration", "rotate", name, "-previous_expires_in", "31d")
	says("The others have ended", "integration", "rotate", name)
	says(`usage: tepin integration rotate \[FLAGS\] INTEGRATION\n`, "integration", "rotate", "-h")
	says("there is no such environment; name one", "environment", "show", "nope")
	says("observe", "integration", "quota", name, "-mode", "observe", "-tokens_per_hour", "10")
	says("say what the limits do", "integration", "quota", name, "-tokens_per_hour", "10")
	says("no user", "user", "deactivate", "nobody@example.org")
	says("link +http.*/join#", "user", "invite", "bea@example.org", "-first_name", "Bea", "-environment", "demo", "-as", "EU")
	says("bea@example.org +Bea +Pending +EU, demo EU", "user", "list")
	says("already", "user", "invite", "BEA@example.org")
	says("(?s)roles +EU .*TDS.* EA", "user", "role", "bea@example.org", "-template_designer", "-environment", "demo", "-as", "EA")
	says("link +http.*/join#", "user", "link", "bea@example.org")
	says("(?i)bea@example.org is EU in demo as soon as they are active", "user", "role", "BEA@example.org", "-environment", "demo", "-as", "eu")
	says("go together", "user", "role", "bea@example.org", "-environment", "demo")
	says("(?s)Crew.*environment +demo EU", "group", "create", "Crew", "-environment", "demo", "-as", "EU")
	says("in the group", "group", "join", "crew", "bea@example.org")
	says(`(?s)\[All users\] +1.*Crew +1 +1`, "group", "list")
	says("built in", "group", "delete", "[all users]")
	says("not in the group", "group", "leave", "Crew", "bea@example.org")
	says("name +Crew", "group", "access", "Crew", "-environment", "demo", "-as", "none")
	says("It is deleted", "group", "delete", "Crew")
	says("deactivated", "user", "deactivate", "bea@example.org")
	says("what they made stays", "user", "delete", "bea@example.org")
	says("must never leave the machine", "integration", "add-trust", name, "-key", private)
	says("one of -key, -key_set", "integration", "add-trust", name)
	says("have ended; its secrets get new ones", "integration", "revoke", name)
	says("is disabled", "integration", "disable", name)
	says(name+" .*disabled .*All permissions", "integration", "list")
	says(`"technicalName": "demo"`, "environment", "list", "-json")
	says("browser guard +block", "environment", "update", "demo", "-browser_guard", "block")
	says("technicalName: must be", "environment", "create", "Web shop")
	says("(?s)technical name +webshop.*type +development", "environment", "create", "Web shop", "-technical_name", "webshop", "-type", "development")
	says("name +Shop of 2026", "environment", "rename", "WEBSHOP", "Shop of 2026")
	says("its tokens have ended", "environment", "delete", "webshop")
	says("there is no such environment", "environment", "delete", "webshop")
	says(`Shop of 2026 +webshop +20\d\d-`, "environment", "deleted")
	says("(?s)name +Shop of 2026.*technical name +webshop", "environment", "restore", "Webshop")
	says("can be restored", "environment", "restore", "webshop")
	says("its tokens have ended", "environment", "delete", "webshop")
	says("is no scope|unknown scope", "integration", "create", "x", "-scopes", "everything")
	says("is deleted", "integration", "delete", name)
	says("has no integration", "integration", "show", name)
	says("Web editor +app_", "application", "create", "Web editor", "-redirects", "https://editor.example/callback")
	says("is not https", "application", "create", "Other", "-redirects", "http://editor.example/callback")
	says("Studio +app_.* +https://editor.example/callback", "application", "update", "web EDITOR", "-name", "Studio")
	says("https://studio.example/", "application", "update", "Studio", "-redirects", "https://studio.example/ http://localhost/")
	says("say what is to change", "application", "update", "Studio")
	says("Studio +app_", "application", "list")
	says("have ended", "application", "delete", "studio")
	says("has no application", "application", "delete", "studio")
	for _, wrong := range [][]string{{"integration"}, {"integration", "bogus"}, {"integration", "show"}, {"integration", "show", "a", "b"}, {"integration", "list", "-bogus"}, {"token", "tpn_live_x"}} {
		if r := p.run(nil, binary, wrong...); r.end() == nil {
			t.Errorf("tepin %s ends well: %s", strings.Join(wrong, " "), r.all)
		}
	}
}
