package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/tepin/tepin"
)

// runner drives one client, which is told who it is, and returns what it saw. Scripts
// find the settings in their environment.
type runner func(ctx context.Context, in *installation, c client, settings []string) (report, error)

// node runs a script of js/ with its arguments.
func node(script string, args ...string) runner {
	return func(ctx context.Context, in *installation, _ client, settings []string) (report, error) {
		program, err := nodeProgram(ctx, in.dir)
		if err != nil {
			return report{}, err
		}
		return in.script(ctx, append([]string{program, "js/" + script + ".mjs"}, args...), settings)
	}
}

// debian runs a program with a script of debian/. The package is what is missing if the
// script fails at once.
func debian(pkg, program, script string, args ...string) runner {
	return func(ctx context.Context, in *installation, _ client, settings []string) (report, error) {
		found, err := in.script(ctx, append([]string{program, "debian/" + script}, args...), settings)
		if err != nil {
			err = fmt.Errorf("%w\n(does this machine have Debian's package %s? .ci/install installs it)", err, pkg)
		}
		return found, err
	}
}

// extra makes settings that not every script needs.
type extra func(ctx context.Context, in *installation, c client) ([]string, error)

// with adds settings.
func (run runner) with(more extra) runner {
	return func(ctx context.Context, in *installation, c client, settings []string) (report, error) {
		added, err := more(ctx, in, c)
		if err != nil {
			return report{}, err
		}
		return run(ctx, in, c, append(settings, added...))
	}
}

// aToken is one to verify, and the same altered.
func aToken(ctx context.Context, in *installation, c client) ([]string, error) {
	token, err := in.token(ctx, c)
	if err != nil {
		return nil, err
	}
	altered, err := alter(token)
	return []string{"TEPIN_TOKEN=" + token, "TEPIN_ALTERED=" + altered}, err
}

// aForeignToken is a good one of another client in the demo's environment.
func aForeignToken(ctx context.Context, in *installation, _ client) ([]string, error) {
	other := in.Integrations.ReadOnly
	token, err := in.token(ctx, client{id: tepin.ClientID(other.ClientID), secret: other.ClientSecret})
	return []string{"TEPIN_FOREIGN_TOKEN=" + token}, err
}

// settings are what every script finds in its environment.
func (in *installation) settings(c client) []string {
	return []string{
		"TEPIN_URL=" + in.URL, "TEPIN_ISSUER=" + in.issuer(), "TEPIN_AUDIENCE=" + audience, "TEPIN_TEMPLATES=" + in.templates(), "TEPIN_ORIGIN=" + page,
		"TEPIN_CLIENT_ID=" + string(c.id), "TEPIN_CLIENT_SECRET=" + c.secret, "TEPIN_WRONG_SECRET=" + in.wrongSecret,
	}
}

// trustVariables name the file of trusted certificates to OpenSSL, and to those who look elsewhere.
var trustVariables = []string{"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PERL_LWP_SSL_CA_FILE"}

// script runs a command in the scripts' directory and reads the report that it prints.
func (in *installation) script(ctx context.Context, command, settings []string) (found report, err error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = in.dir
	cmd.Env = append(settings, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"), "LANG=C.UTF-8", "no_proxy=*")
	for _, name := range trustVariables {
		cmd.Env = append(cmd.Env, name+"="+in.trust)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return report{}, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, withoutSecrets(stderr.String(), settings))
	}
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		return report{}, fmt.Errorf("%s prints no report: %w: %s", strings.Join(command, " "), err, withoutSecrets(stdout.String(), settings))
	}
	return found, nil
}

// withoutSecrets blackens the values of settings that are secrets or tokens.
func withoutSecrets(text string, settings []string) string {
	var pairs []string
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		if strings.HasSuffix(name, "_SECRET") || strings.HasSuffix(name, "_TOKEN") || strings.HasSuffix(name, "_ALTERED") || strings.HasSuffix(name, "_KEY") {
			pairs = append(pairs, value, "["+name+"]")
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
