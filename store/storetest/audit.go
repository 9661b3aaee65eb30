package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Notices go into their chains whole or not at all, and batches do not block each
// other, whatever order they come in.
func notices(w *world) {
	lines := []store.Notice{
		{Chain: string(w.other), By: tepin.System, Action: "credential.refuse", Target: "x", Detail: map[string]any{"count": 3}},
		{Chain: store.InstanceChain, By: w.alice, Action: "guard.report", Target: "y"},
		{Chain: string(w.env), By: tepin.System, Action: "credential.refuse"},
	}
	last := func(chain string) tepin.AuditEntry {
		w.Helper()
		head, err := w.AuditHead(w.ctx, chain)
		w.must(err)
		list, err := w.AuditEntries(w.ctx, chain, head.Seq-1, 10)
		w.must(err)
		equal(w, len(list), 1)
		return list[0]
	}
	w.must(w.RecordNotices(w.ctx, nil))
	before := last(store.InstanceChain).Seq
	w.must(w.RecordNotices(w.ctx, lines))
	e := last(string(w.other))
	equal(w, [...]string{e.Action, e.Target, e.Detail, e.ActorID}, [...]string{"credential.refuse", "x", `{"count":3}`, tepin.System.ID})
	e = last(store.InstanceChain)
	equal(w, [...]string{e.Action, e.ActorName, e.Detail}, [...]string{"guard.report", w.alice.Name, "{}"})
	equal(w, e.Seq, before+1)
	w.is(tepin.Invalid, w.RecordNotices(w.ctx, append(lines, store.Notice{Chain: string(w.env), By: tepin.System, Action: "a", Target: "\x00"})))
	equal(w, last(store.InstanceChain).Seq, before+1)

	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		list := []store.Notice{lines[i%3], lines[(i+1)%3], lines[(i+2)%3]}
		wg.Go(func() {
			for range 10 {
				if err := w.RecordNotices(w.ctx, list); err != nil {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		w.must(err)
	}
	equal(w, last(store.InstanceChain).Seq, before+61)
}

// The log of an environment and of one of its integrations is read from the newest on,
// page by page, and by what actions begin with.
func auditLog(w *world) {
	one, _ := w.integration(w.env, "one")
	two, secret := w.integration(w.env, "two")
	by := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(one.ID), Name: "one"}
	made, err := w.CreateTemplate(w.ctx, by, tepin.Template{EnvironmentID: w.env, Name: "t", Document: w.blob(w.env)})
	w.must(err)
	w.must(w.DeleteSecret(w.ctx, w.admin, w.env, two.ID, secret.ID))
	w.must(w.RecordNotices(w.ctx, []store.Notice{
		{Chain: string(w.env), By: tepin.System, Action: "credential.refuse", Target: string(one.ID)},
		{Chain: string(w.env), By: tepin.System, Action: "credential.refuse", Target: string(two.ID)},
	}))
	read := func(q store.AuditQuery) (text string, next int64) {
		w.Helper()
		list, next, err := w.AuditLog(w.ctx, q)
		w.must(err)
		for _, e := range list {
			text += e.Action + " "
		}
		return strings.TrimSpace(text), next
	}
	want := func(q store.AuditQuery, text string) {
		w.Helper()
		q.Chain = string(w.env)
		for limit := 1; limit <= 8; limit++ {
			q.Limit, q.Before = limit, 0
			var got []string
			for {
				page, next := read(q)
				if page != "" {
					got = append(got, page)
				}
				if q.Before = next; next == 0 {
					break
				}
			}
			if strings.Join(got, " ") != text {
				w.Fatalf("by %d: %s\nwant: %s", limit, strings.Join(got, " "), text)
			}
			if n := len(strings.Fields(text)); len(got) != (n+limit-1)/limit {
				w.Fatalf("by %d, %d entries are %d pages", limit, n, len(got))
			}
		}
	}
	want(store.AuditQuery{}, "credential.refuse credential.refuse secret.delete template.create integration.create integration.create environment.create")
	want(store.AuditQuery{About: string(one.ID)}, "credential.refuse template.create integration.create")
	want(store.AuditQuery{About: string(two.ID)}, "credential.refuse secret.delete integration.create")
	want(store.AuditQuery{Action: "integration."}, "integration.create integration.create")
	want(store.AuditQuery{About: string(two.ID), Action: "secret."}, "secret.delete")
	want(store.AuditQuery{About: string(made.ID)}, "")
	if got, next := read(store.AuditQuery{Chain: string(w.other), About: string(one.ID), Limit: 10}); got != "" || next != 0 {
		w.Fatalf("in another environment: %s", got)
	}
}

// The heads are signed once a day, by one of however many nodes, in parts that have a
// bound.
func signedHeads(w *world) {
	for n := range 102 {
		w.must(w.RecordNotices(w.ctx, []store.Notice{{Chain: fmt.Sprintf("chain %03d", n), By: tepin.System, Action: "a"}}))
	}
	refused := errors.New("no key")
	_, err := w.SignHeads(w.ctx, func([]tepin.AuditEntry) (string, error) { return "", refused })
	if !errors.Is(err, refused) {
		w.Fatal(err)
	}
	sign := func(heads []tepin.AuditEntry) (string, error) {
		return fmt.Sprint(len(heads), " from ", heads[0].Chain), nil
	}
	var parts atomic.Int64
	together(6, func(int) {
		list, err := w.SignHeads(w.ctx, sign)
		if err != nil {
			w.Error(err)
		}
		parts.Add(int64(len(list)))
	})
	equal(w, parts.Load(), 2)
	list, err := w.SignedHeads(w.ctx, 0, 10)
	w.must(err)
	equal(w, len(list), 2)
	equal(w, list[1].Detail, `{"jws":"100 from `+min(string(w.env), string(w.other), "chain 000")+`"}`)
	equal(w, list[0].Detail, `{"jws":"5 from chain 098"}`)
	older, err := w.SignedHeads(w.ctx, list[0].Seq, 10)
	w.must(err)
	equal(w, len(older), 1)

	again := func(want int) {
		w.Helper()
		list, err := w.SignHeads(w.ctx, sign)
		w.must(err)
		equal(w, len(list), want)
	}
	w.clock.Advance(18 * time.Hour) // to 23:06:07
	again(0)
	w.clock.Advance(time.Hour)
	again(2)
	w.clock.Advance(365 * 24 * time.Hour) // a clock that is wrong
	again(2)
	w.clock.Advance(-364 * 24 * time.Hour)
	again(2)
	again(0)
}
