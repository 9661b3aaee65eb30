// Package examples_test runs the integration guide's snippets against a real server.
package examples_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tepin/tepin/demotest"
)

// demo starts the server and returns when it answers requests.
func demo(t *testing.T) *demotest.Demo {
	t.Helper()
	d, err := demotest.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// token is the answer of the token endpoint.
type token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

func TestExamples(t *testing.T) {
	goToken := filepath.Join(t.TempDir(), "token")
	if out, err := exec.Command("go", "build", "-o", goToken, "./gettoken").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	tests := []struct {
		name    string
		command []string
		debian  string // the package that has what it needs
	}{
		{"curl with a form", []string{"./get_token_form.sh"}, "curl"},
		{"curl with JSON", []string{"./get_token_json.sh"}, "curl"},
		{"Go", []string{goToken}, "golang"},
		{"Python", []string{"/usr/bin/python3", "get_token.py"}, "python3-requests"},
		{"Node", []string{"node", "get_token.mjs"}, "nodejs"},
		{"Java", []string{"java", "GetToken.java"}, "default-jdk-headless"},
	}
	c := demo(t)
	var first token
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				out, stderr, err := run(c, c.Integrations.All.ClientSecret, tt.command)
				if err != nil {
					t.Fatalf("%v\n%s%s\n(does this machine have Debian's package %s?)", err, out, stderr, tt.debian)
				}
				var got token
				if err := json.Unmarshal([]byte(out), &got); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if got.TokenType != "Bearer" || got.ExpiresIn <= 3600 || got.ExpiresIn > 86400 || strings.Count(got.AccessToken, ".") != 2 {
					t.Errorf("got %+v", got)
				}
				if !strings.Contains(" "+got.Scope+" ", " template:read ") {
					t.Errorf("the scopes are %q", got.Scope)
				}
				if first.AccessToken == "" {
					first = got
				}
				if got.AccessToken != first.AccessToken || got.ExpiresIn > first.ExpiresIn || got.Scope != first.Scope {
					t.Errorf("got %+v, want the token that was given before: %+v", got, first)
				}
			}
		})
	}
	for _, tt := range tests {
		t.Run(tt.name+" without its settings", func(t *testing.T) {
			saysOnly(t, tt.command, "TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set")
		})
	}
	for _, tt := range tests {
		t.Run(tt.name+" with a wrong secret", func(t *testing.T) {
			secret := c.Integrations.All.ClientSecret
			out, stderr, err := run(c, secret[:len(secret)-7]+"0000000", tt.command)
			if err == nil {
				t.Errorf("it succeeded: %s", out)
			}
			if said := out + stderr; !strings.Contains(said, "401") || !strings.Contains(said, "invalid_client") || strings.Contains(said, secret[:20]) {
				t.Errorf("it said %q", said)
			}
		})
	}
}

// saysOnly runs an example without settings: it fails with one sentence.
func saysOnly(t *testing.T, command []string, want string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	out, err := cmd.CombinedOutput()
	if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 1 || strings.TrimSpace(string(out)) != want {
		t.Errorf("%v: it said %s", err, out)
	}
}

// The whole way, from a template to a PDF that says what the example set.
func TestRender(t *testing.T) {
	saysOnly(t, []string{"/usr/bin/python3", "render.py"}, "usage: render.py FILE.pdf")
	saysOnly(t, []string{"/usr/bin/python3", "render.py", "out.pdf"}, "TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set")
	c := demo(t)
	file := filepath.Join(t.TempDir(), "out.pdf")
	if out, stderr, err := run(c, c.Integrations.All.ClientSecret, []string{"/usr/bin/python3", "render.py", file}); err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	text, err := exec.Command("pdftotext", file, "-").CombinedOutput()
	if err != nil || !strings.Contains(string(text), "Hello, Tepin") {
		t.Errorf("%v: the PDF says %q", err, text)
	}
}

// run runs an example as its reader would.
func run(c *demotest.Demo, secret string, command []string) (stdout, stderr string, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "no_proxy=*", "TEPIN_URL="+c.URL, "TEPIN_CLIENT_ID="+c.Integrations.All.ClientID, "TEPIN_CLIENT_SECRET="+secret)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}
