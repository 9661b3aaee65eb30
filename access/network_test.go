package access_test

import (
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
)

// Whatever a client proves itself by, it gets its tokens from its networks alone. What
// came from elsewhere is no use of the credential, and spends nothing that counts once;
// the answer is that of a wrong one.
func TestTokenNetworks(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	networks, err := tepin.ParseNetworks("198.51.100.0/24")
	if err != nil {
		t.Fatal(err)
	}
	cert := accesstest.NewCertificate(t, "one", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start.Add(-time.Hour), start.Add(time.Hour) }).Leaf.Raw
	_, err = r.store.CreateTrust(t.Context(), admin, tepin.Trust{EnvironmentID: in.EnvironmentID, IntegrationID: in.ID, Kind: tepin.TrustCertificate, Thumbprint: access.Thumbprint(cert)})
	if err != nil {
		t.Fatal(err)
	}
	key := r.trust(in, tepin.Trust{})
	raw := r.token(r.login(in, "tpn_one"), nil)
	r.update(in, tepin.IntegrationUpdate{TokenNetworks: &networks})
	inside, outside := netip.MustParseAddr("198.51.100.200"), netip.MustParseAddr("198.51.101.1")
	for name, prove := range map[string]func(id tepin.ClientID, from netip.Addr) (access.Client, error){
		"secret": func(id tepin.ClientID, from netip.Addr) (access.Client, error) {
			return r.Authenticate(t.Context(), id, "tpn_one", from)
		},
		"certificate": func(id tepin.ClientID, from netip.Addr) (access.Client, error) {
			return r.AuthenticateCertificate(t.Context(), id, cert, from)
		},
		"assertion": func(id tepin.ClientID, from netip.Addr) (access.Client, error) {
			return r.Trusted(t.Context(), access.Proof{Client: id, Trust: key.ID, Once: []byte("once"), Until: start.Add(time.Minute)}, from)
		},
	} {
		_, refused := prove("int_nobody", outside)
		for _, from := range []netip.Addr{outside, {}} {
			_, err := prove(in.ClientID, from)
			accesstest.WantKind(t, name+" from elsewhere", err, tepin.Unauthorized)
			e := err.(*tepin.Error)
			if e.Message != refused.(*tepin.Error).Message || e.Cause == nil || !strings.Contains(e.Cause.Error(), "token networks") {
				t.Errorf("%s from elsewhere: %v; of a stranger: %v", name, err, refused)
			}
		}
		c, err := prove(in.ClientID, inside)
		if err != nil {
			t.Errorf("%s from inside: %v", name, err)
			continue
		}
		if _, from, ok := r.LastUse(c.Credential); !ok || from != inside.String() {
			t.Errorf("%s: last used from %s, %t", name, from, ok)
		}
	}
	// Tokens that it has go on.
	if _, err := r.Bearer(raw, access.Presenter{From: outside}); err != nil {
		t.Errorf("a token used elsewhere: %v", err)
	}
}

// Proofs of all kinds are counted, each once, for clients that exist and others alike.
func TestFailureBudgetOfOtherProofs(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	refusal := tepin.Errorf(tepin.Unauthorized, "no")
	for _, id := range []tepin.ClientID{in.ClientID, "int_nobody"} {
		for n := range 10 {
			for range 3 {
				if err := r.Wrong(id, "assertion"+string(rune('a'+n)), home, refusal); err != refusal {
					t.Errorf("within the budget: %v", err)
				}
			}
		}
		err := r.Wrong(id, "another", home, refusal)
		accesstest.WantKind(t, "budget spent", err, tepin.TooMany)
		if e := err.(*tepin.Error); e.RetryAfter != 5*time.Minute {
			t.Errorf("wait %s", e.RetryAfter)
		}
		_, err = r.Authenticate(t.Context(), id, "tpn_wrong", home)
		accesstest.WantKind(t, "a secret, when it is spent", err, tepin.TooMany)
	}
	r.login(in, "tpn_one") // the right one passes
}
