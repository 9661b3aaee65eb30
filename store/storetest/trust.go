package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

func trusts(w *world) {
	i, _ := w.integration(w.env, "one")
	v, err := w.CreateTrust(w.ctx, w.admin, tepin.Trust{EnvironmentID: w.env, IntegrationID: i.ID, Kind: tepin.TrustIssuer, Label: "CI", Keys: `{"keys":[]}`,
		URL: "https://issuer.example", Subject: "repo:a/b", Audience: "https://tepin.example", Reusable: true, NotBefore: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour)})
	w.must(err)
	equal(w, v.CreatedBy, w.admin.Name)
	got, err := w.Trust(w.ctx, w.env, i.ID, v.ID)
	w.must(err)
	equal(w, got, v)
	list, err := w.Trusts(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, list, []tepin.Trust{v})

	d, err := w.Directory(w.ctx)
	w.must(err)
	equal(w, d.Trusts, []tepin.Trust{v})
	before, err := w.ChangeCounter(w.ctx)
	w.must(err)
	w.must(w.TouchSecrets(w.ctx, []store.SecretUse{{ID: v.ID, At: w.clock.Now(), From: "192.0.2.1"}}))
	v, err = w.UpdateTrust(w.ctx, w.admin, w.env, i.ID, v.ID, tepin.TrustUpdate{Label: ptr("GitHub"), ExpiresAt: &time.Time{}})
	w.must(err)
	equal(w, v.Label, "GitHub")
	equal(w, v.ExpiresAt, time.Time{})
	equal(w, v.LastUsedFrom, "192.0.2.1")
	equal(w, v.LastUsedAt, w.clock.Now())
	after, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, after, before+1)

	elsewhere, _ := w.integration(w.other, "one")
	for _, id := range []struct {
		env         tepin.EnvironmentID
		integration tepin.IntegrationID
	}{{w.other, elsewhere.ID}, {w.other, i.ID}, {w.env, "absent"}} {
		_, err = w.Trust(w.ctx, id.env, id.integration, v.ID)
		w.is(tepin.NotFound, err)
		_, err = w.UpdateTrust(w.ctx, w.admin, id.env, id.integration, v.ID, tepin.TrustUpdate{Label: ptr("stolen")})
		w.is(tepin.NotFound, err)
		w.is(tepin.NotFound, w.DeleteTrust(w.ctx, w.admin, id.env, id.integration, v.ID))
	}
	_, err = w.Trusts(w.ctx, w.other, i.ID)
	w.is(tepin.NotFound, err)
	_, err = w.CreateTrust(w.ctx, w.admin, tepin.Trust{EnvironmentID: w.other, IntegrationID: i.ID})
	w.is(tepin.NotFound, err)

	var made atomic.Int64
	together(12, func(n int) {
		_, err := w.CreateTrust(w.ctx, w.admin, tepin.Trust{EnvironmentID: w.env, IntegrationID: i.ID, Kind: tepin.TrustKey, Label: fmt.Sprint(n)})
		if err == nil {
			made.Add(1)
		} else if tepin.KindOf(err) != tepin.Conflict {
			w.Error(err)
		}
	})
	equal(w, made.Load(), tepin.MaxTrusts-1)
	_, err = w.UpdateTrust(w.ctx, w.admin, w.env, i.ID, v.ID, tepin.TrustUpdate{ExpiresAt: ptr(w.clock.Now())}) // one that has ended makes room
	w.must(err)
	_, err = w.UpdateTrust(w.ctx, w.admin, w.env, i.ID, v.ID, tepin.TrustUpdate{ExpiresAt: &time.Time{}})
	w.is(tepin.Conflict, err)
	_, err = w.CreateTrust(w.ctx, w.admin, tepin.Trust{EnvironmentID: w.env, IntegrationID: i.ID, Kind: tepin.TrustKey})
	w.must(err)

	w.must(w.DeleteTrust(w.ctx, w.admin, w.env, i.ID, v.ID))
	w.is(tepin.NotFound, w.DeleteTrust(w.ctx, w.admin, w.env, i.ID, v.ID))
	list, err = w.Trusts(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, len(list), tepin.MaxTrusts)
}

// An assertion is taken once, however many nodes get it at the same time.
func acceptOnce(w *world) {
	until := w.clock.Now().Add(time.Minute)
	var taken atomic.Int64
	together(16, func(int) {
		err := w.AcceptOnce(w.ctx, []byte("one"), until)
		if err == nil {
			taken.Add(1)
		} else if tepin.KindOf(err) != tepin.Conflict {
			w.Error(err)
		}
	})
	equal(w, taken.Load(), 1)
	w.must(w.AcceptOnce(w.ctx, []byte("another"), until.Add(time.Minute)))

	// A clock that was set ahead, and back again, has made nobody forget it.
	n, err := w.ForgetAssertions(w.ctx, until.Add(3*time.Hour-time.Microsecond))
	w.must(err)
	equal(w, n, 0)
	w.is(tepin.Conflict, w.AcceptOnce(w.ctx, []byte("one"), until))
	n, err = w.ForgetAssertions(w.ctx, until.Add(3*time.Hour))
	w.must(err)
	equal(w, n, 1)
	w.is(tepin.Conflict, w.AcceptOnce(w.ctx, []byte("another"), until))
}
