package storetest

import (
	"slices"
	"time"

	"github.com/tepin/tepin"
)

// secret adds a secret to an integration.
func (w *world) secret(id tepin.IntegrationID, r tepin.Rotation) tepin.Secret {
	w.Helper()
	w.clock.Advance(time.Second)
	s, err := w.CreateSecret(w.ctx, w.admin, tepin.Secret{EnvironmentID: w.env, IntegrationID: id, MAC: []byte{1}}, r)
	w.must(err)
	return s
}

// ends returns when each of an integration's secrets ends.
func (w *world) ends(id tepin.IntegrationID) map[tepin.CredentialID]time.Time {
	w.Helper()
	list, err := w.Secrets(w.ctx, w.env, id)
	w.must(err)
	ends := map[tepin.CredentialID]time.Time{}
	for _, s := range list {
		ends[s.ID] = s.ExpiresAt
	}
	return ends
}

func rotation(w *world) {
	i, first := w.integration(w.env, "one")
	limited := w.secret(i.ID, tepin.Rotation{})
	early := w.clock.Now().Add(30 * time.Minute)
	_, err := w.UpdateSecret(w.ctx, w.admin, w.env, i.ID, limited.ID, tepin.SecretUpdate{ExpiresAt: &early})
	w.must(err)

	end := w.clock.Now().Add(time.Hour)
	second := w.secret(i.ID, tepin.Rotation{PreviousEnd: end})
	equal(w, w.ends(i.ID), map[tepin.CredentialID]time.Time{first.ID: end, limited.ID: early, second.ID: {}})
	later := w.clock.Now().Add(2 * time.Hour)
	third := w.secret(i.ID, tepin.Rotation{PreviousEnd: later}) // rotated again before the first rotation is over
	equal(w, w.ends(i.ID), map[tepin.CredentialID]time.Time{first.ID: end, limited.ID: early, second.ID: later, third.ID: {}})

	w.must(w.CancelRotation(w.ctx, w.admin, w.env, i.ID, third.ID))
	equal(w, w.ends(i.ID), map[tepin.CredentialID]time.Time{first.ID: end, limited.ID: early, second.ID: {}})
	w.is(tepin.NotFound, w.CancelRotation(w.ctx, w.admin, w.env, i.ID, third.ID))
	w.is(tepin.NotFound, w.CompleteRotation(w.ctx, w.admin, w.other, i.ID, second.ID))
	w.must(w.CancelRotation(w.ctx, w.admin, w.env, i.ID, second.ID))
	equal(w, w.ends(i.ID), map[tepin.CredentialID]time.Time{first.ID: first.ExpiresAt, limited.ID: early})

	fourth := w.secret(i.ID, tepin.Rotation{PreviousEnd: end})
	w.clock.Advance(time.Minute)
	w.must(w.CompleteRotation(w.ctx, w.admin, w.env, i.ID, fourth.ID))
	now := w.clock.Now()
	equal(w, w.ends(i.ID), map[tepin.CredentialID]time.Time{first.ID: now, limited.ID: now, fourth.ID: {}})
	w.is(tepin.Conflict, w.CompleteRotation(w.ctx, w.admin, w.env, i.ID, fourth.ID))
	w.is(tepin.Conflict, w.CancelRotation(w.ctx, w.admin, w.env, i.ID, fourth.ID))
	_, err = w.UpdateSecret(w.ctx, w.admin, w.env, i.ID, first.ID, tepin.SecretUpdate{ExpiresAt: &later})
	w.is(tepin.Conflict, err) // what has ended stays so

	for range tepin.MaxLiveSecrets - 1 {
		w.secret(i.ID, tepin.Rotation{})
	}
	w.secret(i.ID, tepin.Rotation{Force: true})
	_, there := w.ends(i.ID)[fourth.ID]
	equal(w, there, false)
}

// rotationAgain makes a second rotation before the first is over: that is not undone by
// taking back the first, and completing it ends all that either has replaced.
func rotationAgain(w *world) {
	i, first := w.integration(w.env, "one")
	second := w.secret(i.ID, tepin.Rotation{PreviousEnd: w.clock.Now().Add(2 * time.Hour)})
	sooner := w.clock.Now().Add(time.Hour)
	third := w.secret(i.ID, tepin.Rotation{PreviousEnd: sooner})
	now := map[tepin.CredentialID]time.Time{first.ID: sooner, second.ID: sooner, third.ID: {}}
	equal(w, w.ends(i.ID), now)
	w.is(tepin.Conflict, w.CancelRotation(w.ctx, w.admin, w.env, i.ID, second.ID))
	equal(w, w.ends(i.ID), now)

	w.must(w.CompleteRotation(w.ctx, w.admin, w.env, i.ID, third.ID))
	ended := w.clock.Now()
	equal(w, w.ends(i.ID), map[tepin.CredentialID]time.Time{first.ID: ended, second.ID: ended, third.ID: {}})
}

func expiryWarnings(w *world) {
	i, first := w.integration(w.env, "one")
	w.must(w.DeleteSecret(w.ctx, w.admin, w.env, i.ID, first.ID))
	ending := func(in time.Duration) tepin.Secret {
		s, err := w.CreateSecret(w.ctx, w.admin, tepin.Secret{EnvironmentID: w.env, IntegrationID: i.ID, MAC: []byte{1}, ExpiresAt: w.clock.Now().Add(in)}, tepin.Rotation{})
		w.must(err)
		return s
	}
	const day = 24 * time.Hour
	quarter, fortnight := ending(90*day), ending(14*day)
	for _, step := range []struct {
		passes time.Duration
		warned []tepin.CredentialID
	}{
		{time.Hour, nil}, // a life of 14 days is not warned of for 30 days before its end
		{7 * day, []tepin.CredentialID{fortnight.ID}},
		{time.Hour, nil}, // once is enough
		{6*day + time.Hour, []tepin.CredentialID{fortnight.ID}},
		{47 * day, []tepin.CredentialID{quarter.ID}},
		{23 * day, []tepin.CredentialID{quarter.ID}},
		{6 * day, []tepin.CredentialID{quarter.ID}},
		{2 * day, nil}, // it has ended
	} {
		w.clock.Advance(step.passes)
		head, err := w.AuditHead(w.ctx, string(w.env))
		w.must(err)
		n, err := w.WarnOfExpiry(w.ctx)
		w.must(err)
		lines, err := w.AuditEntries(w.ctx, string(w.env), head.Seq, 10)
		w.must(err)
		var warned []tepin.CredentialID
		for _, l := range lines {
			equal(w, l.Action, "secret.expires_soon")
			warned = append(warned, tepin.CredentialID(l.Target))
		}
		equal(w, n, len(step.warned))
		equal(w, slices.Equal(warned, step.warned), true)
	}
}
