package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// P5 on two nodes over one PostgreSQL, in real time: what one revokes, the other
// refuses within five seconds, by its own poll; and a node whose clock is more than
// two seconds from the database's is not ready (S5).
func TestTwoNodesOverPostgres(t *testing.T) {
	url := storetest.Postgres(t)
	open := func(now func() time.Time) *store.Store {
		return storetest.Open(t, store.Options{URL: url, AuditKey: make([]byte, 32), Now: now})
	}
	r := rigOver(t, open(nil), time.Now)
	second := &rig{t: t, now: time.Now, store: open(nil), env: r.env, keys: r.keys}
	second.Directory = second.node()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- second.Run(ctx) }()

	in := r.integration("one")
	raw := r.token(r.login(in, "tpn_one"), nil)
	deadline := time.Now().Add(5 * time.Second)
	var err error
	for ; time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err = second.Bearer(raw, access.Presenter{}); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("the other node does not learn of the integration: %v", err)
	}
	r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
	revoked := time.Now()
	_, err = r.Bearer(raw, access.Presenter{})
	accesstest.WantKind(t, "on the node that disabled it", err, tepin.Unauthorized)
	for err = nil; err == nil && time.Since(revoked) < 5*time.Second; time.Sleep(20 * time.Millisecond) {
		_, err = second.Bearer(raw, access.Presenter{})
	}
	accesstest.WantKind(t, "on the other node within 5 s", err, tepin.Unauthorized)
	if second.Ready() != nil {
		t.Errorf("not ready: %v", second.Ready())
	}

	// A compromised key: what it has signed dies at once here, within 5 s there (S9).
	in = r.integration("two")
	raw = r.token(r.login(in, "tpn_two"), nil)
	within := func(what string, so func() bool) {
		t.Helper()
		for begin := time.Now(); !so(); time.Sleep(20 * time.Millisecond) {
			if time.Since(begin) > 5*time.Second {
				t.Fatalf("not within 5 s: %s", what)
			}
		}
	}
	within("the other node takes the token", func() bool { _, err := second.Bearer(raw, access.Presenter{}); return err == nil })
	bad := r.keys.Signer(token.ES256, time.Now())
	if err := r.keyring(0).Compromised(t.Context(), admin, bad.ID); err != nil {
		t.Fatal(err)
	}
	_, err = r.Bearer(raw, access.Presenter{})
	accesstest.WantKind(t, "of a compromised key, on the node that withdrew it", err, tepin.Unauthorized)
	within("the other node refuses it", func() bool {
		_, err := second.Bearer(raw, access.Presenter{})
		return tepin.KindOf(err) == tepin.Unauthorized
	})
	within("the other node has the new key", func() bool {
		k := second.Keys().Signer(token.ES256, time.Now())
		return k != nil && k.ID == r.Keys().Signer(token.ES256, time.Now()).ID && k.ID != bad.ID
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}

	for _, ahead := range []time.Duration{3 * time.Second, -3 * time.Second} {
		now := func() time.Time { return time.Now().Add(ahead) }
		wrong := &rig{t: t, now: now, store: open(now), env: r.env, keys: r.keys}
		wrong.Directory = wrong.node()
		accesstest.WantKind(t, "a clock that is off by "+ahead.String(), wrong.Ready(), tepin.Unavailable)
	}
}
