package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// person is somebody who has signed in to the console.
type person struct {
	tepin.User
	actor   tepin.Actor
	session []byte
}

func (w *world) person(email string) person {
	w.Helper()
	u, err := w.CreateUser(w.ctx, w.admin, tepin.User{Email: email, Name: "P", Administrator: true})
	w.must(err)
	p := person{User: u, actor: tepin.Actor{Kind: tepin.ActorUser, ID: string(u.ID), Name: u.Name}}
	p.session, p.LastSeenAt = w.session(p, "first"), w.clock.Now()
	return p
}

func (w *world) session(p person, name string) []byte {
	w.Helper()
	hash := []byte(name + " session of " + p.Email)
	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: hash, UserID: p.ID, ExpiresAt: w.clock.Now().Add(12 * time.Hour)}))
	return hash
}

const shop tepin.ClientID = "app_shop"

// login is what a person is asked to agree to.
func (w *world) login(p person, scopes string) tepin.Login {
	return tepin.Login{UserID: p.ID, ClientID: shop, EnvironmentID: w.env, Scopes: tepin.AskedScopes(scopes), Audience: "a b",
		SignedInAt: w.clock.Now(), EndsAt: w.clock.Now().Add(90 * 24 * time.Hour)}
}

// issue is how shop asks for tokens, which live an hour.
func (w *world) issue(refresh string) store.Issue {
	return store.Issue{ClientID: shop, RefreshHash: []byte(refresh), From: "192.0.2.1", Ends: func(tepin.Login) time.Time { return w.clock.Now().Add(time.Hour) }}
}

const (
	callback  = "https://shop.example/cb"
	challenge = "challenge"
)

// authorize begins a login of the code.
func (w *world) authorize(p person, v tepin.Login, code string) tepin.Login {
	w.Helper()
	v, err := w.Authorize(w.ctx, v, p.session, []byte(code), tepin.AuthorizationCode{RedirectURI: callback, Challenge: challenge, Nonce: "n", ExpiresAt: w.clock.Now().Add(time.Minute)})
	w.must(err)
	return v
}

func (w *world) redeem(code, refresh string) (store.Granted, error) {
	return w.RedeemCode(w.ctx, []byte(code), callback, challenge, w.issue(refresh))
}

// refreshing logs p in to shop with a first refresh token.
func (w *world) refreshing(p person, refresh string) tepin.Login {
	w.Helper()
	v := w.authorize(p, w.login(p, "openid offline_access"), "code for "+refresh)
	_, err := w.redeem("code for "+refresh, refresh)
	w.must(err)
	return v
}

// denied reports whether the access tokens of a login are refused.
func (w *world) denied(v tepin.Login) bool {
	w.Helper()
	d, err := w.Directory(w.ctx)
	w.must(err)
	for _, t := range d.Denied {
		if t.TokenID == string(v.ID) {
			return true
		}
	}
	return false
}

func codes(w *world) {
	p := w.person("a@example.com")
	want := w.authorize(p, w.login(p, "openid profile offline_access template:read"), "code")
	list, err := w.Logins(w.ctx, p.ID)
	w.must(err)
	equal(w, len(list), 0) // nobody has taken it up

	w.clock.Advance(time.Second)
	got, err := w.redeem("code", "refresh")
	w.must(err)
	want.UsedAt = w.clock.Now()
	equal(w, got.Login, want)
	equal(w, got.User, p.User)
	equal(w, got.Nonce, "n")
	list, err = w.Logins(w.ctx, p.ID)
	w.must(err)
	equal(w, len(list), 1)
	equal(w, list[0].UsedAt, w.clock.Now())
	equal(w, w.denied(want), false)

	_, err = w.redeem("code", "other") // a second time: the login ends
	w.is(tepin.Gone, err)
	equal(w, w.denied(want), true)
	_, err = w.Refresh(w.ctx, []byte("refresh"), w.issue("next"))
	w.is(tepin.NotFound, err)
	counter, err := w.ChangeCounter(w.ctx)
	w.must(err)
	_, err = w.redeem("code", "other") // a third time: nothing is left to end
	w.is(tepin.Gone, err)
	same, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, same, counter)

	w.authorize(p, w.login(p, "openid"), "late")
	w.clock.Advance(time.Minute)
	_, err = w.redeem("late", "x")
	w.is(tepin.NotFound, err)
	_, err = w.redeem("never", "x")
	w.is(tepin.NotFound, err)

	// Whoever has the code and not the rest spends it, and gets nothing.
	for name, try := range map[string]func(code []byte) error{
		"another client": func(code []byte) error {
			o := w.issue("x")
			o.ClientID = "app_other"
			_, err := w.RedeemCode(w.ctx, code, callback, challenge, o)
			return err
		},
		"another address": func(code []byte) error {
			_, err := w.RedeemCode(w.ctx, code, callback+"/", challenge, w.issue("x"))
			return err
		},
		"another verifier": func(code []byte) error {
			_, err := w.RedeemCode(w.ctx, code, callback, "x", w.issue("x"))
			return err
		},
	} {
		w.authorize(p, w.login(p, "openid"), name)
		w.is(tepin.Gone, try([]byte(name)))
		_, err = w.redeem(name, "x")
		w.is(tepin.Gone, err)
	}
}

// Of many that come with one code, on any number of nodes, one gets tokens; and then
// all have ended, since a code that comes twice may be stolen.
func codesConcurrent(w *world) {
	p := w.person("a@example.com")
	v := w.authorize(p, w.login(p, "openid offline_access"), "code")
	var won atomic.Int64
	together(8, func(i int) {
		_, err := w.redeem("code", fmt.Sprint("refresh", i))
		if err == nil {
			won.Add(1)
		} else if tepin.KindOf(err) != tepin.Gone {
			w.Error(err)
		}
	})
	equal(w, won.Load(), 1)
	equal(w, w.denied(v), true)
}

func refreshTokens(w *world) {
	p := w.person("a@example.com")
	v := w.refreshing(p, "1")
	for i := 1; i < 4; i++ {
		w.clock.Advance(time.Hour)
		got, err := w.Refresh(w.ctx, []byte(fmt.Sprint(i)), w.issue(fmt.Sprint(i+1)))
		w.must(err)
		equal(w, got.Login.ID, v.ID)
		equal(w, got.User, p.User)
	}
	_, err := w.Refresh(w.ctx, []byte("5"), w.issue("x"))
	w.is(tepin.NotFound, err)
	_, err = w.Refresh(w.ctx, []byte("2"), w.issue("x")) // an old one: somebody has it beside the client
	w.is(tepin.Gone, err)
	equal(w, w.denied(v), true)
	_, err = w.Refresh(w.ctx, []byte("4"), w.issue("x"))
	w.is(tepin.NotFound, err)

	other := w.issue("x")
	other.ClientID = "app_other"
	v = w.refreshing(p, "a")
	_, err = w.Refresh(w.ctx, []byte("a"), other)
	w.is(tepin.Gone, err)
	equal(w, w.denied(v), true)

	w.refreshing(p, "idle")
	w.clock.Advance(store.LoginIdle)
	_, err = w.Refresh(w.ctx, []byte("idle"), w.issue("x"))
	w.is(tepin.NotFound, err)

	p.session = w.session(p, "second")
	v = w.refreshing(p, "old0")
	for i := range 9 { // used all the time, until its end
		w.clock.Advance(10 * 24 * time.Hour)
		_, err = w.Refresh(w.ctx, []byte(fmt.Sprint("old", i)), w.issue(fmt.Sprint("old", i+1)))
		if i < 8 {
			w.must(err)
		}
	}
	w.is(tepin.NotFound, err)
	equal(w, w.clock.Now(), v.EndsAt)

	p.session = w.session(p, "third")
	v = w.authorize(p, w.login(p, "openid"), "no refresh token")
	_, err = w.redeem("no refresh token", "never stored")
	w.must(err)
	_, err = w.Refresh(w.ctx, []byte("never stored"), w.issue("x"))
	w.is(tepin.NotFound, err)
	equal(w, w.denied(v), false)
}

// A login is bound to what its application held when it got the first token. Who holds
// something else gets nothing, and spoils nothing.
func boundRefreshTokens(w *world) {
	p := w.person("a@example.com")
	for _, held := range []tepin.Confirmation{{KeyThumbprint: "key"}, {CertificateThumbprint: "certificate"}} {
		name := held.KeyThumbprint + held.CertificateThumbprint
		by := func(held tepin.Confirmation, refresh string) store.Issue {
			o := w.issue(name + refresh)
			o.Held = held
			return o
		}
		v := w.authorize(p, w.login(p, "openid offline_access"), "code "+name)
		got, err := w.RedeemCode(w.ctx, []byte("code "+name), callback, challenge, by(held, "1"))
		w.must(err)
		equal(w, got.Login.Bound, held)
		for _, other := range []tepin.Confirmation{{}, {KeyThumbprint: "other"}, {CertificateThumbprint: held.KeyThumbprint, KeyThumbprint: held.CertificateThumbprint}} {
			_, err = w.Refresh(w.ctx, []byte(name+"1"), by(other, "x"))
			w.is(tepin.NotFound, err)
		}
		got, err = w.Refresh(w.ctx, []byte(name+"1"), by(held, "2"))
		w.must(err)
		equal(w, got.Login.Bound, held)
		equal(w, w.denied(v), false)
		_, err = w.Refresh(w.ctx, []byte(name+"1"), by(tepin.Confirmation{}, "x")) // spent: that tells first
		w.is(tepin.Gone, err)
		equal(w, w.denied(v), true)
	}
	w.refreshing(p, "free")
	o := w.issue("free'")
	o.Held.KeyThumbprint = "late"
	got, err := w.Refresh(w.ctx, []byte("free"), o)
	w.must(err)
	equal(w, got.Login.Bound, tepin.Confirmation{})
	_, err = w.Refresh(w.ctx, []byte("free'"), w.issue("free''"))
	w.must(err)
}

func refreshConcurrent(w *world) {
	p := w.person("a@example.com")
	v := w.refreshing(p, "r")
	var won atomic.Int64
	together(8, func(i int) {
		_, err := w.Refresh(w.ctx, []byte("r"), w.issue(fmt.Sprint("next", i)))
		if err == nil {
			won.Add(1)
		} else if tepin.KindOf(err) != tepin.Gone {
			w.Error(err)
		}
	})
	equal(w, won.Load(), 1)
	equal(w, w.denied(v), true)
}

// What ends logins: sign-out those that were begun in the session, a new password all,
// their owner and their client one, and an application that goes its own.
func loginsEnd(w *world) {
	p, q := w.person("a@example.com"), w.person("b@example.com")
	begin := func(p person, name string, tied bool) tepin.Login {
		v := w.login(p, "openid offline_access")
		if tied {
			v.Session = p.session
		}
		v = w.authorize(p, v, "code "+name)
		_, err := w.redeem("code "+name, name)
		w.must(err)
		return v
	}
	lives := func(v tepin.Login, name string, want bool) {
		w.Helper()
		list, err := w.Logins(w.ctx, v.UserID)
		w.must(err)
		lives := false
		for _, l := range list {
			lives = lives || l.ID == v.ID
		}
		_, err = w.Refresh(w.ctx, []byte(name), w.issue(name+"'"))
		if lives != want || (err == nil) != want {
			w.Fatalf("%s: listed %t, refresh %v, want %t", name, lives, err, want)
		}
	}
	tied, free := begin(p, "tied", true), begin(p, "free", false)
	other := begin(q, "other", true)
	w.must(w.DeleteSession(w.ctx, p.session))
	lives(tied, "tied", false)
	equal(w, w.denied(tied), true)
	lives(free, "free", true)
	lives(other, "other", true)

	_, err := w.Authorize(w.ctx, w.login(p, "openid"), p.session, []byte("x"), tepin.AuthorizationCode{})
	w.is(tepin.Unauthorized, err) // the session is over
	_, err = w.Authorize(w.ctx, w.login(p, "openid"), q.session, []byte("x"), tepin.AuthorizationCode{})
	w.is(tepin.Unauthorized, err) // it is another's

	p.session = w.session(p, "second")
	mine := begin(p, "mine", false)
	w.is(tepin.NotFound, w.EndLogin(w.ctx, q.actor, mine.ID, "wish"))
	w.is(tepin.NotFound, w.EndLogin(w.ctx, p.actor, "absent", "wish"))
	lives(mine, "mine", true)
	w.must(w.EndLogin(w.ctx, p.actor, mine.ID, "wish"))
	w.must(w.EndLogin(w.ctx, p.actor, mine.ID, "wish"))
	lives(mine, "mine'", false)
	equal(w, w.denied(mine), true)

	revoked := begin(p, "revoked", false)
	for token, client := range map[string]tepin.ClientID{"revoked": "app_other", "unknown": shop} {
		ended, err := w.EndLoginByToken(w.ctx, []byte(token), client)
		w.must(err)
		equal(w, ended, false)
	}
	ended, err := w.EndLoginByToken(w.ctx, []byte("revoked"), shop)
	w.must(err)
	equal(w, ended, true)
	lives(revoked, "revoked", false)

	epoch := p.Epoch
	w.must(w.SetUserPassword(w.ctx, w.admin, p.ID, "hash"))
	lives(free, "free'", false)
	lives(other, "other'", true)
	p.User, err = w.User(w.ctx, p.ID)
	w.must(err)
	equal(w, p.Epoch, epoch+1)
	d, err := w.Directory(w.ctx)
	w.must(err)
	for _, u := range d.People {
		if u.ID == p.ID && u.Epoch != p.Epoch || u.PasswordHash != "" {
			w.Fatalf("the directory has %+v", u)
		}
	}
}

// One person has so many logins; a new one makes the least lately used end.
func loginsLimited(w *world) {
	p := w.person("a@example.com")
	first := w.refreshing(p, "first")
	second := w.refreshing(p, "second")
	for i := range store.MaxLogins - 2 {
		w.clock.Advance(time.Second)
		w.authorize(p, w.login(p, "openid"), fmt.Sprint("c", i))
	}
	_, err := w.Refresh(w.ctx, []byte("first"), w.issue("first'"))
	w.must(err)
	w.authorize(p, w.login(p, "openid"), "one too many")
	equal(w, w.denied(second), true)
	equal(w, w.denied(first), false)
	_, err = w.Refresh(w.ctx, []byte("first'"), w.issue("first''"))
	w.must(err)
}

// What is over goes, and what is not stays.
func loginSweep(w *world) {
	p := w.person("a@example.com")
	kept := w.refreshing(p, "kept")
	bare := w.authorize(p, w.login(p, "openid"), "bare")
	_, err := w.redeem("bare", "x")
	w.must(err)
	w.authorize(p, w.login(p, "openid"), "unused")
	w.clock.Advance(16 * time.Minute)
	w.must(w.SweepLogins(w.ctx))
	list, err := w.Logins(w.ctx, p.ID)
	w.must(err)
	equal(w, len(list), 2)
	_, err = w.redeem("unused", "x")
	w.is(tepin.NotFound, err)
	w.is(tepin.Gone, func() error { _, err := w.redeem("bare", "x"); return err }()) // it is remembered as used
	equal(w, w.denied(bare), true)

	w.clock.Advance(13 * 24 * time.Hour)
	w.must(w.SweepLogins(w.ctx))
	w.is(tepin.NotFound, w.EndLogin(w.ctx, w.admin, bare.ID, ""))
	_, err = w.Refresh(w.ctx, []byte("kept"), w.issue("kept'"))
	w.must(err)
	w.clock.Advance(store.LoginIdle)
	w.must(w.SweepLogins(w.ctx))
	w.is(tepin.NotFound, w.EndLogin(w.ctx, w.admin, kept.ID, ""))
	w.must(w.SweepLogins(w.ctx))
}

// The password given again in a session is noted in it.
func sessionsProved(w *world) {
	p := w.person("a@example.com")
	s, _, err := w.Session(w.ctx, p.session)
	w.must(err)
	equal(w, s.ProvedAt, s.CreatedAt)
	w.clock.Advance(time.Hour)
	w.must(w.ProveSession(w.ctx, p.session))
	s, _, err = w.Session(w.ctx, p.session)
	w.must(err)
	equal(w, s.ProvedAt, w.clock.Now())
	equal(w, s.CreatedAt, w.clock.Now().Add(-time.Hour))
	w.is(tepin.NotFound, w.ProveSession(w.ctx, []byte("none")))
}
