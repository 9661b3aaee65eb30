package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// denied are the tokens that the directory refuses.
func (w *world) deniedTokens() []string {
	w.Helper()
	d, err := w.Directory(w.ctx)
	w.must(err)
	var ids []string
	for _, v := range d.Denied {
		ids = append(ids, v.TokenID)
	}
	return ids
}

// Revoking one token takes its grant, and no other; revoking all raises the epoch and
// forgets what was known of single ones.
func revocation(w *world) {
	i, secret := w.integration(w.env, "one")
	neighbour, theirs := w.integration(w.env, "two")
	grants := []tepin.Grant{w.grant(i, secret, "a"), w.grant(i, secret, "b"), w.grant(neighbour, theirs, "a")}
	stands := func(g tepin.Grant) bool {
		_, err := w.Grant(w.ctx, g.Key)
		return err == nil
	}
	for _, g := range grants {
		_, err := w.PutGrant(w.ctx, g, w.clock.Now())
		w.must(err)
	}
	deny := store.DeniedToken{TokenID: grants[0].TokenID, IntegrationID: i.ID, ExpiresAt: grants[0].ExpiresAt}
	w.is(tepin.NotFound, w.DenyToken(w.ctx, w.admin, w.other, deny))
	w.is(tepin.Invalid, w.DenyToken(w.ctx, w.admin, w.env, store.DeniedToken{IntegrationID: i.ID, ExpiresAt: deny.ExpiresAt}))
	before, err := w.ChangeCounter(w.ctx)
	w.must(err)
	lines := len(w.entries(string(w.env)))
	for range 2 { // the second changes nothing
		w.must(w.DenyToken(w.ctx, w.alice, w.env, deny))
	}
	after, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, after, before+1)
	log := w.entries(string(w.env))[lines:]
	equal(w, len(log), 1)
	equal(w, log[0].Action+" "+log[0].Target+" "+log[0].ActorName, "token.revoke "+deny.TokenID+" Alice")
	equal(w, fmt.Sprint(stands(grants[0]), stands(grants[1]), stands(grants[2])), "false true true")
	equal(w, fmt.Sprint(w.deniedTokens()), "["+deny.TokenID+"]")

	u, err := w.RevokeTokens(w.ctx, w.admin, w.env, i.ID)
	w.must(err)
	equal(w, u.Epoch, i.Epoch+1)
	equal(w, u.Version, i.Version+1)
	read, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, read, u)
	equal(w, fmt.Sprint(stands(grants[1]), stands(grants[2])), "false true")
	equal(w, len(w.deniedTokens()), 0)
	equal(w, w.entries(string(w.env))[lines+1].Action, "integration.revoke_tokens")
	again, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, again, after+1)
	_, err = w.RevokeTokens(w.ctx, w.admin, w.other, i.ID)
	w.is(tepin.NotFound, err)

	// What has ended for long is forgotten with the next revocation.
	w.must(w.DenyToken(w.ctx, w.admin, w.env, deny))
	w.clock.Advance(49 * time.Hour)
	w.must(w.DenyToken(w.ctx, w.admin, w.env, store.DeniedToken{TokenID: "late", IntegrationID: i.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	equal(w, strings.Join(w.deniedTokens(), " "), "late")
}

// An integration that revokes token after token ends with all of them revoked, and not
// with a directory that grows: those that have just expired are held too, and count.
func revocationLimited(w *world) {
	i, _ := w.integration(w.env, "one")
	neighbour, _ := w.integration(w.env, "two")
	for n := range store.MaxDenied {
		w.must(w.DenyToken(w.ctx, w.alice, w.env, store.DeniedToken{TokenID: fmt.Sprint("token", n), IntegrationID: i.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	}
	w.must(w.DenyToken(w.ctx, w.bob, w.env, store.DeniedToken{TokenID: "theirs", IntegrationID: neighbour.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	equal(w, len(w.deniedTokens()), store.MaxDenied+1)
	w.clock.Advance(2 * time.Hour) // they have expired, and are held for a while
	w.must(w.DenyToken(w.ctx, w.alice, w.env, store.DeniedToken{TokenID: "one more", IntegrationID: i.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	equal(w, fmt.Sprint(w.deniedTokens()), "[theirs]")
	read, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, read.Epoch, i.Epoch+1)
}
