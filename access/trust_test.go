package access_test

import (
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
)

// trust gives the integration a trust, and refreshes.
func (r *rig) trust(in tepin.Integration, v tepin.Trust) tepin.Trust {
	r.t.Helper()
	v.EnvironmentID, v.IntegrationID, v.Kind = in.EnvironmentID, in.ID, tepin.TrustKey
	v, err := r.store.CreateTrust(r.t.Context(), admin, v)
	if err != nil {
		r.t.Fatal(err)
	}
	r.refresh()
	return v
}

func TestTrusts(t *testing.T) {
	r := newRig(t)
	in, other := r.integration("one"), r.integration("two")
	r.trust(other, tepin.Trust{Label: "another's"})
	r.trust(in, tepin.Trust{Label: "now", ExpiresAt: start.Add(time.Hour)})
	r.trust(in, tepin.Trust{Label: "later", NotBefore: start.Add(time.Hour)})
	labels := func(id tepin.ClientID) (all string) {
		t.Helper()
		list, err := r.Trusts(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range list {
			all += v.Label + " "
		}
		return all
	}
	if got := labels(in.ClientID); got != "now " {
		t.Errorf("at first: %s", got)
	}
	r.clock.Advance(time.Hour)
	r.refresh()
	if got := labels(in.ClientID); got != "later " {
		t.Errorf("an hour later: %s", got)
	}
	if got := labels("int_nobody"); got != "" {
		t.Errorf("of nobody: %s", got)
	}
	r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
	if got := labels(in.ClientID); got != "" {
		t.Errorf("of a disabled one: %s", got)
	}
	r.clock.Advance(5 * time.Second)
	_, err := r.Trusts(t.Context(), in.ClientID)
	accesstest.WantKind(t, "a stale directory", err, tepin.Unavailable)
	_, err = r.Trusted(t.Context(), access.Proof{Client: in.ClientID}, home)
	accesstest.WantKind(t, "a stale directory", err, tepin.Unavailable)
}

// A client that has no trust here may have got one on another node.
func TestTrustsOfAnotherNode(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	node := r.node()
	r.trust(in, tepin.Trust{})
	list, err := node.Trusts(t.Context(), in.ClientID)
	if err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
}

func TestTrusted(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	v := r.trust(in, tepin.Trust{ExpiresAt: start.Add(time.Hour)})
	once := access.Proof{Client: in.ClientID, Trust: v.ID, Once: []byte("hash"), Until: start.Add(time.Minute)}
	c, err := r.Trusted(t.Context(), once, home)
	if err != nil || c.Integration.ID != in.ID || c.Environment.ID != r.env.ID || c.Credential != v.ID || !c.CredentialEnds.Equal(start.Add(time.Hour)) || c.BySecret {
		t.Errorf("%+v %v", c, err)
	}
	for _, d := range []*access.Directory{r.Directory, r.node()} {
		_, err = d.Trusted(t.Context(), once, home)
		accesstest.WantKind(t, "what counts once, again", err, tepin.Conflict)
	}

	often := access.Proof{Client: in.ClientID, Trust: v.ID, Ends: start.Add(time.Minute)}
	for range 2 {
		if c, err = r.Trusted(t.Context(), often, home); err != nil || !c.CredentialEnds.Equal(start.Add(time.Minute)) {
			t.Errorf("%+v %v", c, err)
		}
	}
	if c, err = r.Renew(c); err != nil || !c.CredentialEnds.Equal(start.Add(time.Minute)) {
		t.Errorf("renewed: %+v %v", c, err)
	}
	if at, from, ok := r.LastUse(v.ID); !ok || !at.Equal(start) || from != home.String() {
		t.Errorf("last used %s from %s, %v", at, from, ok)
	}
	raw := r.token(c, nil)
	if _, err := r.Bearer(raw, access.Presenter{}); err != nil {
		t.Error(err)
	}

	for name, p := range map[string]access.Proof{
		"nobody": {Client: "int_nobody", Trust: v.ID}, "another's trust": {Client: r.integration("two").ClientID, Trust: v.ID}, "no trust": {Client: in.ClientID},
	} {
		_, err = r.Trusted(t.Context(), p, home)
		accesstest.WantKind(t, name, err, tepin.Unauthorized)
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := r.store.Trust(t.Context(), in.EnvironmentID, in.ID, v.ID); err != nil || !got.LastUsedAt.Equal(start) || got.LastUsedFrom != home.String() {
		t.Errorf("%+v %v", got, err)
	}
	if err := r.store.DeleteTrust(t.Context(), admin, in.EnvironmentID, in.ID, v.ID); err != nil {
		t.Fatal(err)
	}
	r.refresh()
	_, err = r.Trusted(t.Context(), often, home)
	accesstest.WantKind(t, "a trust that was deleted", err, tepin.Unauthorized)
	_, err = r.Bearer(raw, access.Presenter{})
	accesstest.WantKind(t, "a token of a trust that was deleted", err, tepin.Unauthorized)
}
