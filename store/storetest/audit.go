package storetest

import (
	"sync"

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
