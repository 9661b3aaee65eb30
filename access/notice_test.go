package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/store"
)

// written returns the lines of a chain with the action, as "target detail", and fails
// the test if they name what they must not.
func (r *rig) written(chain, action string) []string {
	r.t.Helper()
	list, err := r.store.AuditEntries(r.t.Context(), chain, 0, 10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	for _, e := range list {
		if e.Action == action {
			lines = append(lines, e.Target+" "+e.Detail)
		}
	}
	return lines
}

func (r *rig) flushNotices(end bool) {
	r.t.Helper()
	if err := r.FlushNotices(r.t.Context(), end); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) try(id tepin.ClientID, secret string, from netip.Addr) {
	r.t.Helper()
	_, err := r.Authenticate(r.t.Context(), id, secret, from)
	if err == nil {
		r.t.Fatalf("%s is let in with %s", id, secret)
	}
	r.RefusedClient(id, from, err)
}

// A refused credential is told once at once, and counted to the end of its hour: for a
// known client in its environment's log, for an unknown one in the instance's, and
// there as an HMAC (S35).
func TestRefusalsAreNoticed(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	for range 3 {
		r.try(in.ClientID, "tpn_wrong", home)
	}
	r.try("int_stranger", "tpn_wrong", home)
	r.try("int_stranger", "tpn_other", home)
	r.try("int_another", "tpn_wrong", home)
	r.flushNotices(false)
	r.flushNotices(false)
	const at = `"since":"2026-11-21T12:00:00Z","until":"2026-11-21T12:00:00Z"`
	want := []string{string(in.ID) + ` {"count":3,"network":"192.0.2.7","reason":"the client id or the client secret is wrong",` + at + `}`}
	if got := r.written(string(r.env.ID), access.ActionRefused); !slices.Equal(got, want) {
		t.Errorf("of the known client:\n%s\nwant\n%s", strings.Join(got, "\n"), want[0])
	}
	unknown := r.written(store.InstanceChain, access.ActionRefused)
	if len(unknown) != 2 || strings.Contains(strings.Join(unknown, ""), "int_") {
		t.Fatalf("of unknown ones: %q", unknown)
	}
	var detail struct{ Claimed, Network string }
	var counts []int64
	claimed := map[string]bool{}
	for _, line := range unknown {
		var count struct{ Count int64 }
		if json.Unmarshal([]byte(line), &detail) != nil || json.Unmarshal([]byte(line), &count) != nil || len(detail.Claimed) != 16 || detail.Network != "192.0.2.7" {
			t.Errorf("line %s", line)
		}
		claimed[detail.Claimed] = true
		counts = append(counts, count.Count)
	}
	if slices.Sort(counts); !slices.Equal(counts, []int64{1, 2}) || len(claimed) != 2 {
		t.Errorf("counts %v of %v", counts, claimed)
	}

	r.clock.Advance(10 * time.Minute)
	r.refresh()
	r.try(in.ClientID, "tpn_wrong", home)
	r.try(in.ClientID, "tpn_wrong", home.Next())
	r.flushNotices(false)
	if got := r.written(string(r.env.ID), access.ActionRefused); len(got) != 2 || !strings.Contains(got[1], "192.0.2.8") {
		t.Errorf("within the hour another network alone has a line: %q", got)
	}
	r.clock.Advance(50 * time.Minute)
	r.refresh()
	r.flushNotices(false)
	if got := r.written(string(r.env.ID), access.ActionRefused); len(got) != 3 || !strings.Contains(got[2], `{"count":1,"network":"192.0.2.7"`) || !strings.Contains(got[2], `"until":"2026-11-21T12:10:00Z"`) {
		t.Errorf("the rest of the count, after the hour: %q", got)
	}
	r.try(in.ClientID, "tpn_wrong", home)
	r.flushNotices(false)
	r.try(in.ClientID, "tpn_wrong", home)
	r.flushNotices(true)
	if got := r.written(string(r.env.ID), access.ActionRefused); len(got) != 5 {
		t.Errorf("a new hour, and the end of the server: %q", got)
	}
}

// The log tells apart what callers are not told.
func TestReasonsOfRefusals(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	c := r.login(in, "tpn_one")
	raw := r.token(c, nil)
	bearer := func(raw string) {
		t.Helper()
		if _, err := r.Bearer(raw, access.Presenter{From: home}); err == nil {
			t.Fatal("let in")
		}
	}
	bearer("garbage")
	bearer(strings.Repeat("x", 10_000))
	r.try(in.ClientID, "hunter2", home)
	off := false
	r.update(in, tepin.IntegrationUpdate{Enabled: &off})
	bearer(raw)
	r.try(in.ClientID, "tpn_one", home)
	on := true
	r.update(in, tepin.IntegrationUpdate{Enabled: &on})
	bearer(raw)
	r.rotate(in, "tpn_next", 0)
	r.try(in.ClientID, "tpn_one", home)
	r.clock.Advance(time.Minute) // nothing is known: no refusal
	if _, err := r.Bearer(raw, access.Presenter{From: home}); tepin.KindOf(err) != tepin.Unavailable {
		t.Fatal(err)
	}
	r.RefusedClient(in.ClientID, home, tepin.Errorf(tepin.Unavailable, "not now"))
	r.RefusedClient(in.ClientID, home, fmt.Errorf("internal"))
	r.flushNotices(false)
	reasons := func(chain string) []string {
		var list []string
		for _, line := range r.written(chain, access.ActionRefused) {
			var detail struct{ Reason string }
			_, text, _ := strings.Cut(line, " ")
			if err := json.Unmarshal([]byte(text), &detail); err != nil {
				t.Fatal(err)
			}
			list = append(list, detail.Reason)
		}
		slices.Sort(list)
		return list
	}
	if got, want := reasons(string(r.env.ID)), []string{
		"the access token was withdrawn when its integration changed",
		"the integration is disabled",
		"the integration of this access token is disabled",
		"the secret has ended, or has not begun",
		"the text is no client secret of this server, or has a typing error",
	}; !slices.Equal(got, want) {
		t.Errorf("for the client\n%s", strings.Join(got, "\n"))
	}
	if got, want := reasons(store.InstanceChain), []string{
		"the access token is longer than tokens of this server are",
		"the access token was not signed by this server",
	}; !slices.Equal(got, want) {
		t.Errorf("for nobody\n%s", strings.Join(got, "\n"))
	}
}

// However many networks and ids strangers bring along, the log takes a bounded number
// of lines in an hour, and the count is right.
func TestNoticesAreBounded(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	const tries = 2000
	at := home
	for n := range tries {
		at = at.Next()
		r.RefusedClient(in.ClientID, at, tepin.Errorf(tepin.Unauthorized, "no"))
		r.RefusedClient(tepin.ClientID(fmt.Sprint("int_", n)), home, tepin.Errorf(tepin.TooMany, "too many"))
	}
	r.flushNotices(false)
	for chain, action := range map[string]string{string(r.env.ID): access.ActionRefused, store.InstanceChain: access.ActionLimited} {
		lines := r.written(chain, action)
		var count int64
		others := 0
		for _, line := range lines {
			var detail struct {
				Count  int64
				Others bool
			}
			_, text, _ := strings.Cut(line, " ")
			if err := json.Unmarshal([]byte(text), &detail); err != nil {
				t.Fatal(err)
			}
			count += detail.Count
			if detail.Others {
				others++
			}
		}
		if len(lines) > 257 || count != tries || others != 1 {
			t.Errorf("%s: %d lines, %d of them for others, %d tries", chain, len(lines), others, count)
		}
	}
	r.clock.Advance(time.Hour)
	r.refresh()
	r.flushNotices(false)
	r.try(in.ClientID, "tpn_wrong", home)
	r.flushNotices(false)
	if got := r.written(string(r.env.ID), access.ActionRefused); strings.Contains(got[len(got)-1], "others") {
		t.Errorf("the hour is over, and there is no room: %s", got[len(got)-1])
	}
}

// An event of the browser guard is one line for an integration, an origin and an hour.
func TestGuardNotices(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	actor, err := r.Bearer(r.token(r.login(in, "tpn_one"), nil), access.Presenter{From: home})
	if err != nil {
		t.Fatal(err)
	}
	note := func(origin string) {
		r.Notice(access.Notice{Action: access.ActionGuardReport, Environment: actor.EnvironmentID, By: actor, Target: actor.ID, Origin: origin, Once: true})
	}
	for range 3 {
		note("https://shop.example")
		r.flushNotices(false)
	}
	note("https://evil.example/\x00\r\n" + strings.Repeat("ü", 300))
	r.flushNotices(true)
	got := r.written(string(r.env.ID), access.ActionGuardReport)
	if len(got) != 2 || got[0] != string(in.ID)+` {"origin":"https://shop.example"}` {
		t.Fatalf("%q", got)
	}
	if strings.ContainsAny(got[1], "\x00ü") || len(got[1]) > 300 {
		t.Errorf("what a stranger sends stands in the log: %q", got[1])
	}
	list, err := r.store.AuditEntries(t.Context(), string(r.env.ID), 0, 1000)
	if err != nil || list[len(list)-1].ActorID != string(in.ID) {
		t.Errorf("by %s, %v", list[len(list)-1].ActorID, err)
	}
	r.clock.Advance(time.Hour)
	r.refresh()
	note("https://shop.example")
	r.flushNotices(false)
	if got := r.written(string(r.env.ID), access.ActionGuardReport); len(got) != 3 {
		t.Errorf("in the next hour: %q", got)
	}
}

// What could not be written is written later, whole.
func TestNoticesOutliveTheDatabase(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	r.try(in.ClientID, "tpn_wrong", home)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.FlushNotices(ctx, false); err == nil {
		t.Error("written into a database that cannot be asked")
	}
	r.try(in.ClientID, "tpn_wrong", home)
	r.flushNotices(false)
	if got := r.written(string(r.env.ID), access.ActionRefused); len(got) != 1 || !strings.Contains(got[0], `"count":2`) {
		t.Errorf("%q", got)
	}
}

// The first use of a credential from a place is told, once; one from where it was used
// last, as the database knows, is none.
func TestFirstUseFromAPlace(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	use := func(d *access.Directory, from netip.Addr) {
		t.Helper()
		if _, err := d.Authenticate(t.Context(), in.ClientID, "tpn_one", from); err != nil {
			t.Fatal(err)
		}
	}
	lines := func() []string {
		t.Helper()
		r.flushNotices(false)
		return r.written(string(r.env.ID), access.ActionNetwork)
	}
	credential := r.login(in, "tpn_one").Credential
	use(r.Directory, home)
	want := []string{string(in.ID) + ` {"credential":"` + string(credential) + `","network":"192.0.2.7"}`}
	if got := lines(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	six, neighbour := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff")
	for range 3 {
		use(r.Directory, six)
		use(r.Directory, home)
		use(r.Directory, neighbour) // one place
	}
	if got := lines(); len(got) != 2 || !strings.Contains(got[1], "2001:db8::/64") {
		t.Errorf("%q", got)
	}
	for range 3 {
		r.clock.Advance(25 * time.Hour)
		r.refresh()
		use(r.Directory, home)
	}
	if got := lines(); len(got) != 2 {
		t.Errorf("days later: %q", got)
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := r.node() // after a restart
	use(next, home)
	if err := next.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := lines(); len(got) != 2 {
		t.Errorf("from where it was used last: %q", got)
	}
}
