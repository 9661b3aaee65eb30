package audit_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// Cutting the end of a chain off together with its head leaves the heads that are
// kept elsewhere.
func TestCutWithItsHead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tepin.db")
	s := storetest.Open(t, store.Options{URL: "sqlite:" + path})
	sub, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "e", TechnicalName: "e", Type: tepin.Production, TokenLifetime: time.Hour, SigningAlg: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	deny := func(id string) {
		t.Helper()
		if err := s.DenyToken(t.Context(), tepin.System, env.ID, store.DeniedToken{TokenID: id, ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	deny("one")
	var log bytes.Buffer
	k := &audit.Keeper{Store: s, Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 2 { // the second time there is nothing new
		if err := k.RecordHeads(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := k.LogHead(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Count(log.String(), "audit head") != 1 {
		t.Errorf("the log says:\n%s", log.String())
	}
	_, logged, _ := strings.Cut(strings.TrimSpace(log.String()), "head=")
	head, err := audit.ParseHead(logged)
	if err != nil {
		t.Fatal(err)
	}
	deny("two") // what comes later does no harm
	if list, err := audit.Verify(t.Context(), s, storetest.AuditKey, head); err != nil || len(list) > 0 {
		t.Fatalf("%v, %v", list, err)
	}

	chain := string(env.ID)
	raw := around(t, "sqlite", "file:"+path)
	cut := func(chain string, to int64) {
		t.Helper()
		for _, q := range []string{
			`DELETE FROM audit_entry WHERE chain = $1 AND seq > $2`,
			`UPDATE audit_head SET seq = $2, mac = (SELECT mac FROM audit_entry WHERE chain = $1 AND seq = $2) WHERE chain = $1`,
		} {
			if _, err := raw.Exec(q, chain, to); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := s.AuditEntries(t.Context(), chain, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	cut(chain, entries[0].Seq)
	if got := findings(t, s, storetest.AuditKey); !strings.Contains(got, chain+"/") || !strings.Contains(got, "once the last is missing") {
		t.Errorf("an environment's chain is cut, and found is:\n%s", got)
	}
	cut(store.InstanceChain, 1) // and what would have told it
	list, err := audit.Verify(t.Context(), s, storetest.AuditKey, head)
	if err != nil || len(list) == 0 || list[len(list)-1].Chain != store.InstanceChain {
		t.Errorf("with the kept head: %v, %v", list, err)
	}
}

func TestParseHead(t *testing.T) {
	h := audit.Head{Chain: "instance", Seq: 7, MAC: []byte{1, 0xab}}
	got, err := audit.ParseHead(h.String())
	if err != nil || got.String() != "instance:7:01ab" {
		t.Errorf("%v, %v", got, err)
	}
	for _, no := range []string{"", "instance", "instance:7", "instance:x:01", "instance:0:01", "instance:7:zz", "a:b:c:d"} {
		if _, err := audit.ParseHead(no); err == nil {
			t.Errorf("%q is taken for a head", no)
		}
	}
}
