package storetest

import (
	"fmt"
	"time"

	"github.com/tepin/tepin"
)

func applications(w *world) {
	uris := []string{"https://shop.example/cb", "http://localhost/cb"}
	v, err := w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: w.env, Name: "Shop", RedirectURIs: uris})
	w.must(err)
	equal(w, v.Version, 1)
	equal(w, v.Reach, tepin.ReachEnvironment)
	_, err = w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: w.env, Name: "SHOP"})
	w.is(tepin.Conflict, err)
	_, err = w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: "absent", Name: "Shop"})
	w.is(tepin.NotFound, err)
	second, err := w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: w.env, Name: "A second", RedirectURIs: uris})
	w.must(err)
	_, err = w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: w.other, Name: "Shop"})
	w.must(err)

	list, err := w.Applications(w.ctx, w.env)
	w.must(err)
	equal(w, list, []tepin.Application{second, v})
	_, err = w.Application(w.ctx, w.other, v.ID)
	w.is(tepin.NotFound, err)
	d, err := w.Directory(w.ctx)
	w.must(err)
	equal(w, len(d.Applications), 3)

	w.clock.Advance(time.Second)
	u, err := w.UpdateApplication(w.ctx, w.admin, w.env, v.ID, tepin.ApplicationUpdate{Name: ptr("Store"), RedirectURIs: ptr(uris[:1]), IfVersion: ptr(int64(1))})
	w.must(err)
	equal(w, u.RedirectURIs, uris[:1])
	equal(w, u.UpdatedAt, w.clock.Now())
	got, err := w.Application(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, u)
	_, err = w.UpdateApplication(w.ctx, w.admin, w.env, v.ID, tepin.ApplicationUpdate{IfVersion: ptr(int64(1))})
	w.is(tepin.Stale, err)
	_, err = w.UpdateApplication(w.ctx, w.admin, w.env, v.ID, tepin.ApplicationUpdate{Name: ptr("a SECOND")})
	w.is(tepin.Conflict, err)
	_, err = w.UpdateApplication(w.ctx, w.admin, w.other, v.ID, tepin.ApplicationUpdate{})
	w.is(tepin.NotFound, err)

	p := w.person("a@example.com")
	l := w.login(p, "openid offline_access")
	l.ClientID = v.ClientID
	w.authorize(p, l, "code")
	w.is(tepin.NotFound, w.DeleteApplication(w.ctx, w.admin, w.other, v.ID))
	w.must(w.DeleteApplication(w.ctx, w.admin, w.env, v.ID))
	w.is(tepin.NotFound, w.DeleteApplication(w.ctx, w.admin, w.env, v.ID))
	o := w.issue("r")
	o.ClientID = v.ClientID
	_, err = w.RedeemCode(w.ctx, []byte("code"), callback, challenge, o)
	w.is(tepin.NotFound, err) // its login has ended

	for i := range tepin.MaxApplications - 1 {
		_, err = w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: w.env, Name: fmt.Sprint("n", i)})
		w.must(err)
	}
	_, err = w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: w.env, Name: "one too many"})
	w.is(tepin.Conflict, err)
}
