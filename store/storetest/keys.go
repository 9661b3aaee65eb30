package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// key is a signing key that can be used at the given time.
func (w *world) key(id string, purpose tepin.KeyPurpose, usable time.Time, seen ...string) {
	w.Helper()
	w.must(w.AddSigningKey(w.ctx, w.admin, tepin.SigningKey{ID: id, Purpose: purpose, Alg: "ES256", Public: []byte(id), Sealed: []byte("sealed " + id), UsableAt: usable}, seen...))
}

// keys returns the ids of the signing keys; those without a private half in brackets.
func (w *world) keys() string {
	w.Helper()
	list, err := w.SigningKeys(w.ctx)
	w.must(err)
	var ids []string
	for _, k := range list {
		if !k.Signs() {
			k.ID = "(" + k.ID + ")"
		}
		ids = append(ids, k.ID)
	}
	slices.Sort(ids)
	return fmt.Sprint(ids)
}

// actions returns the last n actions of the instance's chain, the newest last.
func (w *world) actions(n int64) string {
	w.Helper()
	head, err := w.AuditHead(w.ctx, store.InstanceChain)
	w.must(err)
	list, err := w.AuditEntries(w.ctx, store.InstanceChain, head.Seq-n, int(n))
	w.must(err)
	var names []string
	for _, e := range list {
		names = append(names, e.Action+" "+e.Target)
	}
	return fmt.Sprint(names)
}

// A key goes when another has followed it for long enough, and no sooner; of those of
// the audit log the public half stays.
func keysRetire(w *world) {
	now := w.clock.Now()
	w.key("old", tepin.AccessTokens, now.Add(-time.Hour))
	w.key("new", tepin.AccessTokens, now, "old")
	w.key("next", tepin.AccessTokens, now.Add(time.Hour), "old", "new")
	w.key("id", tepin.IDTokens, now.Add(-time.Hour))
	w.key("audit old", tepin.AuditHeads, now.Add(-time.Hour))
	w.key("audit new", tepin.AuditHeads, now, "audit old")
	counter, err := w.ChangeCounter(w.ctx)
	w.must(err)

	w.must(w.RetireSigningKeys(w.ctx, w.admin, now.Add(-time.Microsecond)))
	equal(w, w.keys(), "[audit new audit old id new next old]")
	same, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, same, counter) // nothing changed, and nobody reads anew

	w.must(w.RetireSigningKeys(w.ctx, w.admin, now))
	equal(w, w.keys(), "[(audit old) audit new id new next]")
	equal(w, w.actions(2), "[signing_key.retire old signing_key.retire audit old]")
	w.must(w.RetireSigningKeys(w.ctx, w.admin, now))
	equal(w, w.actions(2), "[signing_key.retire old signing_key.retire audit old]") // once
	more, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, more, counter+1)

	// A key that is denied has followed nobody, and goes after the same time.
	w.clock.Advance(2 * time.Hour)
	w.must(w.DenyKey(w.ctx, w.admin, "next"))
	w.must(w.RetireSigningKeys(w.ctx, w.admin, w.clock.Now().Add(-time.Microsecond)))
	equal(w, w.keys(), "[(audit old) (next) audit new id new]")
	w.must(w.RetireSigningKeys(w.ctx, w.admin, w.clock.Now()))
	equal(w, w.keys(), "[(audit old) audit new id new]")
}

// A denied key is told from the others, and what it signed goes.
func keyDenied(w *world) {
	w.key("kid", tepin.AccessTokens, w.clock.Now())
	i, secret := w.integration(w.env, "one")
	g := w.grant(i, secret, "x")
	_, err := w.PutGrant(w.ctx, g, w.clock.Now())
	w.must(err)
	w.must(w.DenyKey(w.ctx, w.admin, "kid"))
	w.must(w.DenyKey(w.ctx, w.admin, "kid"))
	_, err = w.Grant(w.ctx, g.Key)
	w.is(tepin.NotFound, err)
	list, err := w.SigningKeys(w.ctx)
	w.must(err)
	equal(w, list[0].DeniedAt, w.clock.Now())
	equal(w, list[0].Signs(), false)
	w.key("kid2", tepin.AccessTokens, w.clock.Now()) // none is in the way
	w.must(w.RaiseEpochs(w.ctx, w.admin))
	again, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, again.Epoch, i.Epoch+1)
}

// The master key changes in one step, or not at all, and values that were sealed under
// the old one are kept out from then on.
func reseal(w *world) {
	w.key("a", tepin.AccessTokens, w.clock.Now())
	w.key("b", tepin.IDTokens, w.clock.Now())
	next := tepin.Instance{MasterKeyID: "m2", MasterKeyCheck: []byte{7}, AuditKey: []byte("sealed audit key")}
	again := func(kid string, sealed []byte) ([]byte, error) {
		if !bytes.Equal(sealed, []byte("sealed "+kid)) {
			return nil, fmt.Errorf("%s is %q", kid, sealed)
		}
		return []byte("resealed " + kid), nil
	}
	place := func(p tepin.SealedPlace, sealed []byte) ([]byte, error) {
		if p.Instance != "i" || p.Column != "sealed" || p.EnvironmentID != w.env || !bytes.Equal(sealed, []byte("sealed "+p.Row)) {
			return nil, fmt.Errorf("%v is %q", p, sealed)
		}
		return []byte("resealed " + p.Table + " " + p.Row), nil
	}
	c := w.connector("DAM")
	credential := w.connectorCredential(c, tepin.BrowserUsage, tepin.AuthCode)
	token := tepin.ConnectorToken{ID: "t", EnvironmentID: w.env, ConnectorID: c.ID, CredentialID: credential.ID, UserID: "ada", Sealed: []byte("sealed t"), SealedBy: "m"}
	w.must(w.PutConnectorToken(w.ctx, w.admin, token))
	w.is(tepin.Unavailable, w.Reseal(w.ctx, w.admin, "m0", next, again, place))
	broken := errors.New("broken")
	err := w.Reseal(w.ctx, w.admin, "m", next, func(kid string, sealed []byte) ([]byte, error) {
		if kid == "b" {
			return nil, broken
		}
		return again(kid, sealed)
	}, place)
	if !errors.Is(err, broken) {
		w.Fatal(err)
	}
	list, err := w.SigningKeys(w.ctx)
	w.must(err)
	equal(w, string(list[0].Sealed)+string(list[1].Sealed), "sealed asealed b")

	err = w.Reseal(w.ctx, w.admin, "m", next, again, func(tepin.SealedPlace, []byte) ([]byte, error) { return nil, broken })
	if !errors.Is(err, broken) {
		w.Fatal(err)
	}
	w.must(w.Reseal(w.ctx, w.admin, "m", next, again, place))
	resealed, err := w.ConnectorCredential(w.ctx, w.env, c.ID, tepin.BrowserUsage)
	w.must(err)
	equal(w, string(resealed.Sealed)+resealed.SealedBy, "resealed connector_credential "+string(credential.ID)+"m2")
	renewed, err := w.ConnectorToken(w.ctx, w.env, credential.ID, "ada")
	w.must(err)
	equal(w, string(renewed.Sealed)+renewed.SealedBy, "resealed connector_token tm2")
	credential.ID = "late"
	w.is(tepin.Unavailable, w.PutConnectorCredential(w.ctx, w.admin, credential))
	w.is(tepin.Unavailable, w.PutConnectorToken(w.ctx, w.admin, token))
	inst, err := w.Instance(w.ctx)
	w.must(err)
	equal(w, [...]string{inst.MasterKeyID, string(inst.MasterKeyCheck), string(inst.AuditKey)}, [...]string{"m2", "\x07", "sealed audit key"})
	list, err = w.SigningKeys(w.ctx)
	w.must(err)
	equal(w, string(list[0].Sealed)+string(list[1].Sealed), "resealed aresealed b")
	equal(w, list[0].SealedBy, "m2")
	equal(w, w.actions(1), "[instance.reseal ]")

	late := tepin.SigningKey{ID: "c", Alg: "RS256", Sealed: []byte{1}, SealedBy: "m"}
	w.is(tepin.Unavailable, w.AddSigningKey(w.ctx, w.admin, late))
	late.SealedBy = "m2"
	w.must(w.AddSigningKey(w.ctx, w.admin, late))
}

// After a recovery nothing is left that was issued before, and epochs are past any
// that there can have been.
func recovered(w *world) {
	i, secret := w.integration(w.env, "one")
	_, err := w.PutGrant(w.ctx, w.grant(i, secret, "x"), w.clock.Now())
	w.must(err)
	w.key("k", tepin.AccessTokens, w.clock.Now())
	w.key("audit", tepin.AuditHeads, w.clock.Now())
	u, err := w.CreateUser(w.ctx, w.admin, tepin.User{Email: "a@example.com", Administrator: true})
	w.must(err)
	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{9}, UserID: u.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	w.must(w.CreateSetupLink(w.ctx, []byte("link"), w.clock.Now().Add(time.Hour)))
	w.clock.Advance(300 * time.Millisecond)

	at, err := w.Recover(w.ctx, w.admin)
	w.must(err)
	equal(w, at, w.clock.Now().Truncate(time.Second).Add(time.Second))
	d, err := w.Directory(w.ctx)
	w.must(err)
	equal(w, d.NotBefore, at)
	// A server that runs through a fail-over has seen changes that this database lacks. By
	// the number of the changes alone it would take the database for the one that it knows.
	if d.Counter <= at.Add(-time.Second).UnixMicro() {
		w.Fatalf("the change counter is %d after a recovery, which the lost changes may have reached too", d.Counter)
	}
	equal(w, w.keys(), "[(audit)]")
	_, _, err = w.Session(w.ctx, []byte{9})
	w.is(tepin.NotFound, err)
	_, err = w.UseSetupLink(w.ctx, []byte("link"), tepin.User{Email: "root@example.com", PasswordHash: "hash"})
	w.is(tepin.NotFound, err)
	_, err = w.Grant(w.ctx, w.grant(i, secret, "x").Key)
	w.is(tepin.NotFound, err)
	again, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, again.Epoch, at.Unix()+1)
	person, err := w.User(w.ctx, u.ID)
	w.must(err)
	equal(w, person.Epoch, at.Unix()+1)
	equal(w, w.actions(1), "[instance.recover ]")

	// A second one, of a backup from before the first, goes past that.
	w.clock.Advance(time.Hour)
	at, err = w.Recover(w.ctx, w.admin)
	w.must(err)
	later, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, later.Epoch, at.Unix()+1)
	if later.Epoch <= again.Epoch {
		w.Fatalf("epoch %d after %d", later.Epoch, again.Epoch)
	}
}
