package credential_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// A revocation that this node cannot read back is done, and until the node knows of it,
// it lets nobody in by what it knew before (S3).
func TestUnreadRevocation(t *testing.T) {
	url := storetest.Postgres(t)
	open := func() *store.Store {
		return storetest.Open(t, store.Options{URL: url, AuditKey: make([]byte, 32)})
	}
	writes, reads := open(), open()
	accesstest.AddKey(t, writes, token.ES256)
	sub, err := writes.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	in := accesstest.NewIntegration(accesstest.AddEnvironment(t, writes, sub.ID, "e").ID, "one")
	if in, err = writes.CreateIntegration(t.Context(), tepin.System, in, accesstest.SecretOf(in, "tpn_one")); err != nil {
		t.Fatal(err)
	}
	keys, err := credential.ReadKeys(t.TempDir(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	directory := accesstest.Bare(t, reads, time.Now)
	service := credential.New(credential.Options{Store: writes, Access: directory, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	if _, err := directory.Authenticate(t.Context(), in.ClientID, "tpn_one", accesstest.Home); err != nil {
		t.Fatal(err)
	}
	if err := reads.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := service.RevokeTokens(t.Context(), tepin.System, in.EnvironmentID, in.ID); err != nil {
		t.Errorf("the revocation: %v", err)
	}
	_, err = directory.Authenticate(t.Context(), in.ClientID, "tpn_one", accesstest.Home)
	accesstest.WantKind(t, "the client afterwards", err, tepin.Unavailable)
}
