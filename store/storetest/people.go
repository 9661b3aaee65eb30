package storetest

import (
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
)

func instance(w *world) {
	i, err := w.Instance(w.ctx)
	w.must(err)
	equal(w, i.Issuer, "https://tepin.example/")
	equal(w, string(i.PepperCheck), "\x02")
	equal(w, i.CreatedAt, w.clock.Now())
	w.is(tepin.Conflict, w.CreateInstance(w.ctx, tepin.Instance{ID: "second"}))
	w.must(w.Ping(w.ctx))
	skew, err := w.Skew(w.ctx)
	w.must(err)
	if w.Dialect() == "sqlite" {
		equal(w, skew, 0)
	} else if real := time.Since(w.clock.Now()); skew < real-time.Minute || skew > real+time.Minute {
		w.Fatalf("skew %v, the clock is off by %v", skew, real)
	}
}

func rekey(w *world) {
	i, secret := w.integration(w.env, "one")
	_, err := w.PutGrant(w.ctx, w.grant(i, secret, "x"), w.clock.Now())
	w.must(err)
	w.must(w.AddSigningKey(w.ctx, w.admin, tepin.SigningKey{ID: "k", Alg: "ES256", Public: []byte{1}, Sealed: []byte{2}}))
	u, err := w.CreateUser(w.ctx, w.admin, tepin.User{Email: "a@example.com", Administrator: true})
	w.must(err)
	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{9}, UserID: u.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	p := w.person("b@example.com")
	w.refreshing(p, "refresh")
	w.device("waiting")
	before, err := w.ChangeCounter(w.ctx)
	w.must(err)

	w.must(w.Rekey(w.ctx, w.admin, "https://new.example/"))

	inst, err := w.Instance(w.ctx)
	w.must(err)
	equal(w, inst.Issuer, "https://new.example/")
	keys, err := w.SigningKeys(w.ctx)
	w.must(err)
	equal(w, len(keys), 0)
	_, _, err = w.Session(w.ctx, []byte{9})
	w.is(tepin.NotFound, err)
	_, err = w.Refresh(w.ctx, []byte("refresh"), w.issue("x"))
	w.is(tepin.NotFound, err)
	_, err = w.DeviceRequest(w.ctx, []byte("userwaiting"))
	w.is(tepin.NotFound, err)
	q, err := w.User(w.ctx, p.ID)
	w.must(err)
	equal(w, q.Epoch, p.Epoch+1)
	_, err = w.Grant(w.ctx, w.grant(i, secret, "x").Key)
	w.is(tepin.NotFound, err)
	again, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, again.Epoch, i.Epoch+1)
	after, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, after, before+1)
}

func people(w *world) {
	u, err := w.CreateUser(w.ctx, w.admin, tepin.User{Email: "a@example.com", Name: "A", Administrator: true})
	w.must(err)
	n, err := w.CountAdministrators(w.ctx)
	w.must(err)
	equal(w, n, 0) // without a password nobody can sign in
	_, err = w.CreateUser(w.ctx, w.admin, tepin.User{Email: "a@example.com", Administrator: true})
	w.is(tepin.Conflict, err)

	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{1}, UserID: u.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	w.must(w.SetUserPassword(w.ctx, w.admin, u.ID, "$argon2id$…"))
	_, _, err = w.Session(w.ctx, []byte{1})
	w.is(tepin.NotFound, err)
	n, err = w.CountAdministrators(w.ctx)
	w.must(err)
	equal(w, n, 1)

	byEmail, err := w.UserByEmail(w.ctx, "a@example.com")
	w.must(err)
	byID, err := w.User(w.ctx, u.ID)
	w.must(err)
	equal(w, byEmail, byID)
	equal(w, byID.PasswordHash, "$argon2id$…")
	_, err = w.UserByEmail(w.ctx, "b@example.com")
	w.is(tepin.NotFound, err)
	_, err = w.User(w.ctx, "nobody")
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.SetUserPassword(w.ctx, w.admin, "nobody", "x"))
}

func setupLink(w *world) {
	admin := tepin.User{Email: "root@example.com", Name: "Root", PasswordHash: "hash"}
	w.must(w.CreateSetupLink(w.ctx, []byte("old"), w.clock.Now().Add(time.Hour)))
	w.must(w.CreateSetupLink(w.ctx, []byte("late"), w.clock.Now().Add(time.Minute)))
	_, err := w.UseSetupLink(w.ctx, []byte("old"), admin) // replaced
	w.is(tepin.NotFound, err)
	w.clock.Advance(time.Minute)
	_, err = w.UseSetupLink(w.ctx, []byte("late"), admin) // over
	w.is(tepin.NotFound, err)

	waiting, err := w.CreateUser(w.ctx, tepin.System, tepin.User{Email: "waiting@example.com", Administrator: true})
	w.must(err)
	w.must(w.CreateSetupLink(w.ctx, []byte("link"), w.clock.Now().Add(time.Hour)))
	var won atomic.Int64
	together(8, func(int) {
		if u, err := w.UseSetupLink(w.ctx, []byte("link"), admin); err == nil {
			won.Add(1)
			if u.ID != waiting.ID || u.Email != admin.Email {
				w.Errorf("the administrator is %+v", u)
			}
		} else if kind := tepin.KindOf(err); kind != tepin.NotFound && kind != tepin.Conflict {
			w.Error(err)
		}
	})
	equal(w, won.Load(), 1)
	w.must(w.CreateSetupLink(w.ctx, []byte("second"), w.clock.Now().Add(time.Hour)))
	_, err = w.UseSetupLink(w.ctx, []byte("second"), admin) // there is an administrator
	w.is(tepin.Conflict, err)
}

func sessions(w *world) {
	u, err := w.CreateUser(w.ctx, w.admin, tepin.User{Email: "a@example.com", Name: "A", Administrator: true})
	w.must(err)
	w.is(tepin.NotFound, w.CreateSession(w.ctx, tepin.Session{Hash: []byte{0}, UserID: "nobody"}))
	for i := range 3 {
		w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{byte(i)}, UserID: u.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	}
	session, who, err := w.Session(w.ctx, []byte{1})
	w.must(err)
	u.LastSeenAt = w.clock.Now()
	equal(w, who, u)
	equal(w, session.ExpiresAt, w.clock.Now().Add(time.Hour))
	w.must(w.DeleteSession(w.ctx, []byte{1}))
	w.must(w.DeleteSession(w.ctx, []byte{1}))
	_, _, err = w.Session(w.ctx, []byte{1})
	w.is(tepin.NotFound, err)
	w.clock.Advance(time.Hour)
	_, _, err = w.Session(w.ctx, []byte{2})
	w.is(tepin.NotFound, err)
}
