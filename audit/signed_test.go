package audit_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// signedRig is an installation whose heads are signed.
type signedRig struct {
	*accesstest.Installation
	t      *testing.T
	path   string
	clock  *accesstest.Clock
	keeper *audit.Keeper
	log    bytes.Buffer
}

func newSignedRig(t *testing.T) *signedRig {
	t.Helper()
	dir := t.TempDir()
	r := &signedRig{t: t, path: filepath.Join(dir, "tepin.db"), clock: accesstest.NewClock()}
	r.Installation = accesstest.New(t, accesstest.Options{Directory: dir, Now: r.clock.Now})
	r.keeper = &audit.Keeper{Store: r.Store, Log: slog.New(slog.NewJSONHandler(&r.log, nil)), Issuer: accesstest.PublicURL + "/", Sign: r.Access.SignAuditHeads, Now: r.clock.Now}
	return r
}

func (r *signedRig) sign() string {
	r.t.Helper()
	if err := r.Access.Refresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	if err := r.keeper.SignHeads(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	list, err := r.Store.SignedHeads(r.t.Context(), 0, 1)
	if err != nil || len(list) == 0 {
		r.t.Fatalf("%v, %v", list, err)
	}
	var detail struct{ JWS string }
	if err := json.Unmarshal([]byte(list[0].Detail), &detail); err != nil {
		r.t.Fatal(err)
	}
	return detail.JWS
}

func (r *signedRig) keys() []tepin.SigningKey {
	r.t.Helper()
	keys, err := r.Store.SigningKeys(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return keys
}

func (r *signedRig) verify(jws string) string {
	r.t.Helper()
	heads, err := audit.ParseHeads(jws, r.keys())
	if err != nil {
		return err.Error()
	}
	list, err := audit.Verify(r.t.Context(), r.Store, r.Keys.Seal.Derive("audit chain", 32), heads...)
	if err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	for _, f := range list {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// Anybody who has the key set verifies the signature with a library of his own, and finds
// the heads in it; they stand in the log and in the database.
func TestSignedHeadsOffline(t *testing.T) {
	r := newSignedRig(t)
	env := r.Environment(r.Subscription("s"), "e", tepin.Sandbox)
	want := map[string]tepin.AuditEntry{}
	for _, chain := range []string{store.InstanceChain, string(env.ID)} {
		head, err := r.Store.AuditHead(t.Context(), chain)
		if err != nil {
			t.Fatal(err)
		}
		want[chain] = head
	}
	jws := r.sign()
	if !strings.Contains(r.log.String(), jws) {
		t.Error("the log does not have it")
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(r.Access.Keys().JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := parsed.Verify(set)
	if err != nil || parsed.Signatures[0].Header.ExtraHeaders["typ"] != "tepin-audit-head+jwt" {
		t.Fatalf("%v, header %v", err, parsed.Signatures[0].Header)
	}
	var signed struct {
		Iss   string
		Iat   int64
		Heads []struct {
			Chain string
			Seq   int64
			MAC   string
		}
	}
	if err := json.Unmarshal(payload, &signed); err != nil || signed.Iss != accesstest.PublicURL+"/" || signed.Iat != accesstest.Start.Unix() || len(signed.Heads) != 2 {
		t.Fatalf("%s, %v", payload, err)
	}
	for _, h := range signed.Heads {
		if h.Seq != want[h.Chain].Seq || h.MAC != hex.EncodeToString(want[h.Chain].MAC) {
			t.Errorf("head %+v, want %+v", h, want[h.Chain])
		}
	}
	var all jose.JSONWebKeySet
	raw, err := audit.KeySet(r.keys())
	if err != nil || json.Unmarshal(raw, &all) != nil || len(all.Keys) != 1 {
		t.Fatalf("%s, %v", raw, err)
	}
	if _, err := parsed.Verify(all); err != nil {
		t.Error(err)
	}
}

// Somebody who has the database and all its keys writes a chain anew, MACs and all. The
// signed head that was kept elsewhere tells.
func TestSignedHeadTellsARewrittenChain(t *testing.T) {
	r := newSignedRig(t)
	r.Environment(r.Subscription("s"), "e", tepin.Sandbox)
	jws := r.sign()
	if got := r.verify(jws); got != "" {
		t.Fatalf("untouched: %s", got)
	}
	raw := around(t, "sqlite", "file:"+r.path)
	list, err := r.Store.AuditEntries(t.Context(), store.InstanceChain, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var prev []byte
	for _, e := range list {
		if e.Action == "subscription.create" {
			e.ActorName = "Somebody else"
		}
		e.MAC = store.AuditMAC(r.Keys.Seal.Derive("audit chain", 32), prev, e)
		if _, err := raw.Exec(`UPDATE audit_entry SET actor_name = $3, mac = $4 WHERE chain = $1 AND seq = $2`, e.Chain, e.Seq, e.ActorName, e.MAC); err != nil {
			t.Fatal(err)
		}
		prev = e.MAC
	}
	if _, err := raw.Exec(`UPDATE audit_head SET mac = $2 WHERE chain = $1`, store.InstanceChain, prev); err != nil {
		t.Fatal(err)
	}
	if list, err := audit.Verify(t.Context(), r.Store, r.Keys.Seal.Derive("audit chain", 32)); err != nil || len(list) > 0 {
		t.Fatalf("the forgery is clumsy: %v, %v", list, err)
	}
	if got := r.verify(jws); !strings.HasPrefix(got, "instance/") || !strings.HasSuffix(got, "the entry that was once the last is another") {
		t.Errorf("with the head that was kept: %s", got)
	}
}

// Heads stay verifiable when their key has been retired, and prove nothing when it was
// compromised.
func TestSignedHeadsOutliveTheirKey(t *testing.T) {
	r := newSignedRig(t)
	r.Subscription("s")
	jws := r.sign()
	keyring := &access.Keyring{Store: r.Store, Access: r.Access, Seal: r.Keys.SealSigningKey, Now: r.clock.Now}
	if _, err := keyring.Rotate(t.Context(), tepin.System, tepin.AuditHeads); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(48 * time.Hour)
	if err := r.Access.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := keyring.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	old, err := audit.OpenSigned(jws, r.keys())
	if err != nil || r.Access.Keys().Key(old.KeyID) != nil {
		t.Fatalf("%+v, %v: the key still signs", old, err)
	}
	if got := r.verify(jws); got != "" {
		t.Errorf("by a retired key: %s", got)
	}
	next := r.sign()
	if s, err := audit.OpenSigned(next, r.keys()); err != nil || s.KeyID == old.KeyID || !s.At.Equal(r.clock.Now()) {
		t.Errorf("by the next key: %+v, %v", s, err)
	}
	if err := r.Store.DenyKey(t.Context(), tepin.System, old.KeyID); err != nil {
		t.Fatal(err)
	}
	if got := r.verify(jws); !strings.Contains(got, "withdrawn as compromised on") {
		t.Errorf("by a compromised key: %s", got)
	}
	if got := r.verify(next); got != "" {
		t.Errorf("by the next key: %s", got)
	}
	if _, err := around(t, "sqlite", "file:"+r.path).Exec(`UPDATE signing_key SET public = (SELECT public FROM signing_key WHERE purpose = 'access' AND alg = 'ES256') WHERE id = $1`, old.KeyID); err != nil {
		t.Fatal(err)
	}
	if got := r.verify(jws); !strings.Contains(got, "is stored as") {
		t.Errorf("by another key under its name: %s", got)
	}
}

func TestOpenSignedRefuses(t *testing.T) {
	r := newSignedRig(t)
	r.Subscription("s")
	jws := r.sign()
	id, err := r.Access.SignIDToken(map[string]any{"heads": []string{}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"an id_token": id, "altered": jws[:len(jws)-4] + "AAAA", "nothing": "..", "too long": jws + strings.Repeat("A", 100_000), "another header": "eyJhbGciOiJub25lIn0" + jws[strings.Index(jws, "."):],
	} {
		if s, err := audit.OpenSigned(text, r.keys()); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if _, err := audit.OpenSigned("  "+jws+"\n", r.keys()); err != nil {
		t.Errorf("with white space around it: %v", err)
	}
}

func FuzzParseHeads(f *testing.F) {
	f.Add("instance:1:00")
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		heads, err := audit.ParseHeads(text, nil)
		if err == nil && (len(heads) != 1 || heads[0].Seq < 1) {
			t.Errorf("%q is %v", text, heads)
		}
	})
}

// What is written out is all that there is, line by line, and can be verified with the
// key alone.
func TestExport(t *testing.T) {
	s := storetest.SQLite(t)
	record(t, s, 1100) // more than a page
	export := func(f audit.Filter) []audit.Line {
		t.Helper()
		var out bytes.Buffer
		if err := audit.Export(t.Context(), s, f, &out); err != nil {
			t.Fatal(err)
		}
		var lines []audit.Line
		for text := range strings.Lines(out.String()) {
			var line audit.Line
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			lines = append(lines, line)
		}
		return lines
	}
	all := export(audit.Filter{})
	if len(all) != 1100 {
		t.Fatalf("%d lines", len(all))
	}
	var prev []byte
	for _, line := range all {
		at, err := time.Parse(audit.TimeFormat, line.Time)
		if err != nil {
			t.Fatal(err)
		}
		mac := store.AuditMAC(storetest.AuditKey, prev, tepin.AuditEntry{Chain: line.Chain, Seq: line.Seq, At: at, ActorKind: line.Actor.Kind, ActorID: line.Actor.ID,
			ActorName: line.Actor.Name, Action: line.Action, Target: line.Target, Detail: string(line.Detail)})
		if hex.EncodeToString(mac) != line.MAC {
			t.Fatalf("line %d: the MAC cannot be computed from it", line.Seq)
		}
		prev = mac
	}
	middle, err := time.Parse(audit.TimeFormat, all[500].Time)
	if err != nil {
		t.Fatal(err)
	}
	before, after := export(audit.Filter{Until: middle}), export(audit.Filter{Since: middle})
	if len(before)+len(after) != 1100 || before[len(before)-1].Time >= all[500].Time || after[0].Time != all[500].Time {
		t.Errorf("%d before, %d after", len(before), len(after))
	}
	if n := len(export(audit.Filter{Action: "subscription."})); n != 1100 {
		t.Errorf("%d by action", n)
	}
	if n := len(export(audit.Filter{Action: "x"})) + len(export(audit.Filter{Chain: "nowhere"})); n != 0 {
		t.Errorf("%d of what there is not", n)
	}
}
