package credential_test

import (
	"regexp"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

func TestSecretForm(t *testing.T) {
	forms := map[tepin.EnvironmentType]*regexp.Regexp{
		tepin.Production:  regexp.MustCompile(`^tpn_live_[0-9A-Za-z]{36}$`),
		tepin.Development: regexp.MustCompile(`^tpn_test_[0-9A-Za-z]{36}$`),
		tepin.Sandbox:     regexp.MustCompile(`^tpn_test_[0-9A-Za-z]{36}$`),
	}
	seen := map[string]bool{}
	for kind, form := range forms {
		for range 200 {
			s := credential.NewSecret(kind)
			if !form.MatchString(s) || !credential.CheckForm(s) || seen[s] {
				t.Fatalf("%s: %q", kind, s)
			}
			seen[s] = true
		}
	}
}

// A golden value: the layout may never change, secret scanners know it.
func TestSecretChecksum(t *testing.T) {
	const known = "tpn_live_0123456789ABCDEFGHIJKLMNOPQRST"
	for _, tt := range []struct {
		secret string
		want   bool
	}{
		{known + "0p3WnZ", true},
		{"", false},
		{known, false},
		{known + "000000", false},
		{"tpn_live_", false},
	} {
		if got := credential.CheckForm(tt.secret); got != tt.want {
			t.Errorf("CheckForm(%q) = %v", tt.secret, got)
		}
	}
	s := credential.NewSecret(tepin.Production)
	for i := range s { // every single typing error is found
		for _, c := range []byte("aZ0_") {
			if wrong := s[:i] + string(c) + s[i+1:]; wrong != s && credential.CheckForm(wrong) {
				t.Errorf("CheckForm(%q) holds, a typing error in %q", wrong, s)
			}
		}
	}
	for _, wrong := range []string{s + "a", s[1:], " " + s, s[:len(s)-1] + "\n", "tpn_test_" + s[9:]} {
		if credential.CheckForm(wrong) {
			t.Errorf("CheckForm(%q) holds", wrong)
		}
	}
}

// Fields are length-prefixed: moving a byte from one to the next changes the MAC.
func TestMAC(t *testing.T) {
	keys := read(t, t.TempDir())
	p, id := keys.Pepper, keys.Pepper.ID()
	base := string(p.MAC(id, "env", "client", "secret", "plain"))
	if len(base) != 32 {
		t.Fatalf("%d bytes", len(base))
	}
	for name, other := range map[string][]byte{
		"shifted":     p.MAC(id, "envc", "lient", "secret", "plain"),
		"environment": p.MAC(id, "env2", "client", "secret", "plain"),
		"client":      p.MAC(id, "env", "client2", "secret", "plain"),
		"secret id":   p.MAC(id, "env", "client", "secret2", "plain"),
		"secret":      p.MAC(id, "env", "client", "secret", "plain2"),
		"pepper":      read(t, t.TempDir()).Pepper.MAC(id, "env", "client", "secret", "plain"),
	} {
		if string(other) == base {
			t.Errorf("another %s gives the same MAC", name)
		}
	}
	if p.MAC("unknown", "env", "client", "secret", "plain") != nil {
		t.Error("an unknown pepper gives a MAC")
	}
}

func FuzzCheckForm(f *testing.F) {
	f.Add(credential.NewSecret(tepin.Sandbox))
	f.Add("tpn_live_")
	f.Add("tpn_test_\xff")
	form := regexp.MustCompile(`\Atpn_(live|test)_[0-9A-Za-z]{36}\z`)
	f.Fuzz(func(t *testing.T, s string) {
		if credential.CheckForm(s) && !form.MatchString(s) {
			t.Errorf("CheckForm(%q) holds", s)
		}
	})
}
