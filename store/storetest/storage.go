package storetest

import (
	"math/rand/v2"
	"time"

	"github.com/tepin/tepin"
)

// What is counted as stored is what a recount finds, whatever was done in what order.
func storageCounts(w *world) {
	random := rand.New(rand.NewPCG(1, 2))
	var templates []tepin.TemplateID
	var pictures []tepin.MediaID
	check := func() {
		w.Helper()
		got, err := w.Storage(w.ctx, w.env)
		w.must(err)
		want, err := w.Recount(w.ctx, w.env)
		w.must(err)
		for _, as := range tepin.StorageCategories {
			if got[as] != want[as] || got[as] < 0 {
				w.Fatalf("%s: %d bytes are counted, %d are there", as, got[as], want[as])
			}
		}
	}
	blob := func() tepin.BlobRef {
		ref := w.blob(w.env)
		ref.Size = random.Int64N(1 << 30)
		return ref
	}
	for range 150 {
		switch n := random.IntN(7); {
		case n == 0 || len(templates) == 0:
			v, err := w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "t", Document: blob()})
			w.must(err)
			templates = append(templates, v.ID)
		case n == 1 || len(pictures) == 0:
			v, err := w.CreateMedia(w.ctx, w.alice, tepin.Media{EnvironmentID: w.env, Name: tepin.NewID[string](), Blob: blob()})
			w.must(err)
			pictures = append(pictures, v.ID)
		case n == 2: // a new document replaces one
			ref := blob()
			_, err := w.UpdateTemplate(w.ctx, w.alice, w.env, templates[random.IntN(len(templates))], tepin.TemplateUpdate{Document: &ref})
			w.must(err)
		case n == 3: // what is refused counts nothing
			ref := blob()
			v, err := w.CreateMedia(w.ctx, w.alice, tepin.Media{EnvironmentID: w.env, Name: tepin.NewID[string](), Blob: ref})
			w.must(err)
			pictures = append(pictures, v.ID)
			_, err = w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "t", Document: ref})
			w.is(tepin.Conflict, err)
		case n == 4:
			i := random.IntN(len(pictures))
			_, err := w.DeleteMedia(w.ctx, w.alice, w.env, pictures[i], nil)
			w.must(err)
			pictures = append(pictures[:i], pictures[i+1:]...)
		case n == 5:
			w.clock.Advance(tepin.RestoreTime + time.Second)
			_, err := w.PurgeDeleted(w.ctx, w.clock.Now().Add(-tepin.RestoreTime), 3)
			w.must(err)
		default:
			w.swept()
		}
	}
	check()
	got, err := w.Storage(w.ctx, w.env)
	w.must(err)
	if got[tepin.StoredAssets] == 0 || got[tepin.StoredDocuments] == 0 {
		w.Fatalf("nothing is counted: %v", got)
	}
	before := got[tepin.StoredAssets]
	together(8, func(int) { // at once
		ref := tepin.BlobRef{Key: string(w.env) + "/" + tepin.NewID[string](), Size: 10, SHA256: "abc"}
		err := w.ReserveBlob(w.ctx, w.env, ref.Key)
		if err == nil {
			_, err = w.CreateMedia(w.ctx, w.alice, tepin.Media{EnvironmentID: w.env, Name: tepin.NewID[string](), Blob: ref})
		}
		if err != nil {
			w.Error(err)
		}
	})
	check()
	got, err = w.Storage(w.ctx, w.env)
	w.must(err)
	equal(w, got[tepin.StoredAssets], before+80)
	all, err := w.StorageOf(w.ctx, w.subscription())
	w.must(err)
	equal(w, all[w.env].Total(), got.Total())
	equal(w, all[w.other].Total(), 0)
}

// A deleted environment is out of reach at once, can be restored for a time, and then
// leaves nothing but its name and what it has rendered.
func environmentLife(w *world) {
	i, secret := w.integration(w.env, "one")
	_, err := w.PutGrant(w.ctx, w.grant(i, secret, "x"), w.clock.Now())
	w.must(err)
	w.refreshing(w.person("p@example.com"), "refresh")
	member := w.member(tepin.Invitation{Email: "m@example.com", Environments: []tepin.EnvironmentRole{{EnvironmentID: w.env, Role: tepin.EndUser}}})
	keys := map[string]bool{}
	for range 30 {
		v := w.template(w.env, "/a", "t")
		keys[v.Document.Key] = true
	}
	_, err = w.CreateProject(w.ctx, w.alice, tepin.Project{EnvironmentID: w.env, Name: "p", Document: w.blob(w.env)})
	w.must(err)
	sub := w.subscription()
	e, err := w.Environment(w.ctx, w.env)
	w.must(err)
	w.is(tepin.Stale, w.DeleteEnvironment(w.ctx, w.admin, w.env, ptr(e.Version+1)))
	w.must(w.DeleteEnvironment(w.ctx, w.admin, w.env, &e.Version))
	w.is(tepin.NotFound, w.DeleteEnvironment(w.ctx, w.admin, w.env, nil))
	dir, err := w.Store.Directory(w.ctx)
	w.must(err)
	for _, left := range dir.Environments {
		if left.ID == w.env {
			w.Fatal("the directory has a deleted environment")
		}
	}
	_, err = w.CreateEnvironment(w.ctx, w.admin, tepin.Environment{SubscriptionID: sub, Name: "Again", TechnicalName: e.TechnicalName})
	w.is(tepin.Conflict, err)

	elsewhere, err := w.CreateSubscription(w.ctx, tepin.System, tepin.Subscription{Name: "Elsewhere"})
	w.must(err)
	_, err = w.RestoreEnvironment(w.ctx, w.admin, elsewhere.ID, w.env)
	w.is(tepin.NotFound, err)
	deleted, err := w.DeletedEnvironments(w.ctx, sub)
	w.must(err)
	equal(w, len(deleted), 1)
	equal(w, deleted[0].DeletedAt, w.clock.Now())
	back, err := w.RestoreEnvironment(w.ctx, w.admin, sub, w.env)
	w.must(err)
	equal(w, back.Name, e.Name)
	_, err = w.RestoreEnvironment(w.ctx, w.admin, sub, w.env)
	w.is(tepin.NotFound, err)
	again, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, again.Epoch, i.Epoch+1) // its tokens are not back

	w.must(w.DeleteEnvironment(w.ctx, w.admin, w.env, nil))
	before := func() time.Time { return w.clock.Now().Add(-tepin.EnvironmentGrace) }
	n, err := w.PurgeEnvironments(w.ctx, before(), 10, 100)
	w.must(err)
	equal(w, n, 0)
	w.clock.Advance(tepin.EnvironmentGrace + time.Second)
	_, err = w.RestoreEnvironment(w.ctx, w.admin, sub, w.env)
	w.is(tepin.Gone, err)
	n, err = w.PurgeEnvironments(w.ctx, before(), 10, 2) // two batches: it takes several calls
	w.must(err)
	equal(w, n, 20)
	for n > 0 {
		n, err = w.PurgeEnvironments(w.ctx, before(), 10, 5)
		w.must(err)
	}
	w.must(err)
	w.clock.Advance(time.Second)
	gone := w.swept()
	for key := range keys {
		if !gone[key] {
			w.Fatal("bytes are left")
		}
	}
	left, err := w.Storage(w.ctx, w.env)
	w.must(err)
	equal(w, left.Total(), 0)
	got, err := w.Person(w.ctx, sub, member.UserID)
	w.must(err)
	equal(w, len(got.Environments), 0)
	_, err = w.CreateEnvironment(w.ctx, w.admin, tepin.Environment{SubscriptionID: sub, Name: "Again", TechnicalName: e.TechnicalName})
	w.is(tepin.Conflict, err)
	if _, err := w.Environment(w.ctx, w.other); err != nil {
		w.Fatalf("the other environment: %v", err)
	}
	// Subscriptions have no more environments of a type than they may.
	_, err = w.UpdateSubscription(w.ctx, w.admin, sub, tepin.SubscriptionUpdate{ProductionEnvironments: ptr(int64(1))})
	w.must(err)
	_, err = w.CreateEnvironment(w.ctx, w.admin, tepin.Environment{SubscriptionID: sub, Name: "More", TechnicalName: "more"})
	w.is(tepin.Conflict, err)
	_, err = w.CreateEnvironment(w.ctx, w.admin, tepin.Environment{SubscriptionID: sub, Name: "More", TechnicalName: "more", Type: tepin.Sandbox})
	w.must(err)
}
