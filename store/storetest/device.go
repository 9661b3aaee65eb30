package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// device makes a request under the codes "device" + name and "user" + name.
func (w *world) device(name string) tepin.DeviceRequest {
	w.Helper()
	v, err := w.CreateDeviceRequest(w.ctx, tepin.DeviceRequest{ClientID: shop, Scopes: tepin.AskedScopes("openid offline_access"), Audience: "a", From: "192.0.2.9",
		Interval: 5 * time.Second, ExpiresAt: w.clock.Now().Add(10 * time.Minute)}, []byte("device"+name), []byte("user"+name))
	w.must(err)
	return v
}

func (w *world) poll(name, refresh string) store.DevicePoll {
	w.Helper()
	p, err := w.PollDevice(w.ctx, []byte("device"+name), w.issue(refresh))
	w.must(err)
	return p
}

func devices(w *world) {
	p := w.person("a@example.com")
	v := w.device("1")
	_, err := w.CreateDeviceRequest(w.ctx, tepin.DeviceRequest{ClientID: shop, ExpiresAt: w.clock.Now().Add(time.Minute)}, []byte("x"), []byte("user1"))
	w.is(tepin.Conflict, err)
	got, err := w.DeviceRequest(w.ctx, []byte("user1"))
	w.must(err)
	equal(w, got, v)
	_, err = w.DeviceRequest(w.ctx, []byte("user2"))
	w.is(tepin.NotFound, err)

	// Asked at its interval, give or take a little, it waits; asked sooner, it has to slow down.
	for _, step := range []struct {
		after    time.Duration
		tooSoon  bool
		interval time.Duration
	}{{0, false, 5}, {5 * time.Second, false, 5}, {4 * time.Second, false, 5}, {3 * time.Second, true, 10}, {9 * time.Second, false, 10}, {5 * time.Second, true, 15},
		{time.Second, true, 20}, {0, true, 25}, {0, true, 30}, {0, true, 35}, {0, true, 40}, {0, true, 45}, {0, true, 50}, {0, true, 55}, {0, true, 60}, {0, true, 60}, {59 * time.Second, false, 60}} {
		w.clock.Advance(step.after)
		got := w.poll("1", "x")
		if got.TooSoon != step.tooSoon || got.Request.Interval != step.interval*time.Second || got.Request.State != tepin.DeviceWaiting {
			w.Fatalf("after %v: %+v, want %+v", step.after, got, step)
		}
	}
	_, err = w.PollDevice(w.ctx, []byte("device2"), w.issue("x"))
	w.is(tepin.NotFound, err)
	other := w.issue("x")
	other.ClientID = "app_other"
	_, err = w.PollDevice(w.ctx, []byte("device1"), other)
	w.is(tepin.NotFound, err)

	w.must(w.ApproveDevice(w.ctx, p.actor, v.ID, w.login(p, "nothing of this counts"), p.session))
	w.is(tepin.NotFound, w.ApproveDevice(w.ctx, p.actor, v.ID, w.login(p, ""), p.session))
	w.is(tepin.NotFound, w.DenyDevice(w.ctx, p.actor, v.ID))
	_, err = w.DeviceRequest(w.ctx, []byte("user1"))
	w.is(tepin.NotFound, err)
	granted := w.poll("1", "refresh").Granted // at once: who waited too little is not kept waiting
	equal(w, granted.User, p.User)
	equal(w, granted.Login.Scopes.String(), "openid offline_access")
	equal(w, granted.Login.From, "192.0.2.9")
	equal(w, granted.Login.EnvironmentID, w.env)
	again := w.poll("1", "x")
	equal(w, again.Request.State, tepin.DeviceSpent)
	equal(w, again.Granted.Login.ID, "")
	_, err = w.Refresh(w.ctx, []byte("refresh"), w.issue("next"))
	w.must(err)

	v = w.device("denied")
	w.must(w.DenyDevice(w.ctx, p.actor, v.ID))
	equal(w, w.poll("denied", "x").Request.State, tepin.DeviceDenied)

	v = w.device("missed")
	for i := range tepin.MaxDeviceMisses {
		got, err := w.MissDeviceCode(w.ctx, p.actor, v.ID)
		w.must(err)
		equal(w, got.Misses, i+1)
		equal(w, got.State == tepin.DeviceDenied, i+1 == tepin.MaxDeviceMisses)
	}
	_, err = w.MissDeviceCode(w.ctx, p.actor, v.ID)
	w.is(tepin.NotFound, err)
	equal(w, w.poll("missed", "x").Request.State, tepin.DeviceDenied)

	v = w.device("session")
	w.is(tepin.Unauthorized, w.ApproveDevice(w.ctx, p.actor, v.ID, w.login(p, ""), []byte("no session")))
	equal(w, w.poll("session", "x").Request.State, tepin.DeviceWaiting)

	v = w.device("late")
	w.must(w.ApproveDevice(w.ctx, p.actor, v.ID, w.login(p, ""), p.session))
	w.must(w.SetUserPassword(w.ctx, w.admin, p.ID, "hash")) // in between
	equal(w, w.poll("late", "x").Request.State, tepin.DeviceDenied)

	p.session = w.session(p, "second")
	v = w.device("old")
	w.clock.Advance(10 * time.Minute)
	w.is(tepin.NotFound, w.ApproveDevice(w.ctx, p.actor, v.ID, w.login(p, ""), p.session))
	old := w.poll("old", "x")
	equal(w, old.Request.State, tepin.DeviceWaiting)
	equal(w, old.Request.ExpiresAt, w.clock.Now())
	w.clock.Advance(time.Hour)
	w.must(w.SweepLogins(w.ctx))
	_, err = w.PollDevice(w.ctx, []byte("deviceold"), w.issue("x"))
	w.is(tepin.NotFound, err)
}

// Of many polls of one approved request, one gets tokens; of approval and denial at
// once, one counts.
func devicesConcurrent(w *world) {
	p := w.person("a@example.com")
	v := w.device("1")
	w.must(w.ApproveDevice(w.ctx, p.actor, v.ID, w.login(p, ""), p.session))
	var won atomic.Int64
	together(8, func(i int) {
		got, err := w.PollDevice(w.ctx, []byte("device1"), w.issue(fmt.Sprint("r", i)))
		if err != nil {
			w.Error(err)
		}
		if got.Granted.Login.ID != "" {
			won.Add(1)
		}
	})
	equal(w, won.Load(), 1)

	v = w.device("2")
	var decided atomic.Int64
	together(8, func(i int) {
		var err error
		if i%2 == 0 {
			err = w.ApproveDevice(w.ctx, p.actor, v.ID, w.login(p, ""), p.session)
		} else {
			err = w.DenyDevice(w.ctx, p.actor, v.ID)
		}
		if err == nil {
			decided.Add(1)
		} else if tepin.KindOf(err) != tepin.NotFound {
			w.Error(err)
		}
	})
	equal(w, decided.Load(), 1)
}
