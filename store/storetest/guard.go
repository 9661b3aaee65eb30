package storetest

import (
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// What the browser guard saw is summed up by integration and page, from what has been
// written since, of the environment's own integrations.
func guardFindings(w *world) {
	shop, _ := w.integration(w.env, "Shop")
	app, _ := w.integration(w.env, "App")
	gone, _ := w.integration(w.env, "Gone")
	theirs, _ := w.integration(w.other, "Theirs")
	saw := func(env tepin.EnvironmentID, action string, i tepin.Integration, detail map[string]any) {
		by := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(i.ID), Name: i.Name}
		w.must(w.RecordNotices(w.ctx, []store.Notice{{Chain: string(env), By: by, Action: action, Target: string(i.ID), Detail: detail}}))
	}
	saw(w.env, store.ActionGuardReport, shop, map[string]any{"origin": "https://old.example", "count": 9})
	w.clock.Advance(time.Hour)
	since := w.clock.Now()
	until := since.Add(30 * time.Minute).Truncate(time.Second)
	saw(w.env, store.ActionGuardReport, shop, map[string]any{"origin": "https://shop.example", "count": 2})
	saw(w.env, store.ActionGuardReport, shop, map[string]any{"origin": "https://shop.example", "count": 40, "until": until.Format(time.RFC3339)})
	w.clock.Advance(time.Minute)
	saw(w.env, store.ActionGuardBlock, shop, map[string]any{"origin": "https://shop.example", "count": 5})
	saw(w.env, store.ActionGuardReport, app, map[string]any{"count": 1})
	saw(w.env, store.ActionGuardReport, gone, map[string]any{"origin": "null", "count": 1})
	saw(w.env, store.ActionGuardReport, theirs, map[string]any{"origin": "https://strange.example", "count": 1})
	saw(w.env, store.ActionGuardReport, tepin.Integration{}, map[string]any{"others": true, "count": 7})
	saw(w.other, store.ActionGuardReport, theirs, map[string]any{"origin": "https://theirs.example", "count": 3})
	saw(w.env, "credential.refuse", shop, map[string]any{"origin": "https://shop.example", "count": 100})
	w.must(w.DeleteIntegration(w.ctx, w.admin, w.env, gone.ID))

	got, err := w.GuardFindings(w.ctx, w.env, since)
	w.must(err)
	equal(w, got, []tepin.GuardFinding{
		{IntegrationID: shop.ID, Name: "Shop", Origin: "https://shop.example", Reported: 42, Blocked: 5, LastAt: until},
		{IntegrationID: app.ID, Name: "App", Reported: 1, LastAt: w.clock.Now()},
	})
	got, err = w.GuardFindings(w.ctx, w.other, since)
	w.must(err)
	equal(w, len(got), 1)
	equal(w, got[0].Origin, "https://theirs.example")
	got, err = w.GuardFindings(w.ctx, w.env, w.clock.Now().Add(time.Second))
	w.must(err)
	equal(w, len(got), 0)
}
