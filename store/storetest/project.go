package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
)

func (w *world) project(by tepin.Actor, name string) tepin.Project {
	w.Helper()
	v, err := w.CreateProject(w.ctx, by, tepin.Project{EnvironmentID: w.env, Name: name, Document: w.blob(w.env)})
	w.must(err)
	return v
}

// share shares a project of alice's.
func (w *world) share(p tepin.Project, with tepin.Actor, access tepin.ProjectAccess) {
	w.Helper()
	_, err := w.ShareProject(w.ctx, w.alice, w.env, p.ID, tepin.ProjectShare{SubjectKind: with.Kind, SubjectID: with.ID, Access: access})
	w.must(err)
}

// names lists what an actor sees of projects, with how.
func (w *world) names(by tepin.Actor, p tepin.List) string {
	w.Helper()
	return fmt.Sprint(walk(w, p, func(p tepin.List) (tepin.Page[tepin.Project], error) { return w.Projects(w.ctx, w.env, by, p) },
		func(v tepin.Project) string { return v.Name + ":" + string(v.Access) }))
}

func sharedProjects(w *world) {
	p := w.project(w.alice, "Poster")
	i, _ := w.integration(w.env, "Bob's program")
	bob := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(i.ID), Name: "Bob"}
	rename := tepin.ProjectUpdate{Name: ptr("renamed")}
	see := func(by tepin.Actor) error { return second(w.Project(w.ctx, w.env, by, p.ID)) }
	write := func(by tepin.Actor) error {
		return second(w.UpdateProject(w.ctx, by, w.env, p.ID, rename))
	}
	w.is(tepin.NotFound, see(bob))
	to := tepin.ProjectShare{SubjectKind: bob.Kind, SubjectID: bob.ID, Access: tepin.ProjectReader}

	// Only the owner and administrators share.
	_, err := w.ShareProject(w.ctx, bob, w.env, p.ID, to)
	w.is(tepin.NotFound, err)
	_, err = w.ShareProject(w.ctx, w.admin, w.other, p.ID, to)
	w.is(tepin.NotFound, err)
	for _, access := range []tepin.ProjectAccess{"", "owner", "administrator", "x"} {
		_, err = w.ShareProject(w.ctx, w.alice, w.env, p.ID, tepin.ProjectShare{SubjectKind: bob.Kind, SubjectID: bob.ID, Access: access})
		w.is(tepin.Invalid, err)
	}
	_, err = w.ShareProject(w.ctx, w.alice, w.env, p.ID, tepin.ProjectShare{SubjectKind: w.alice.Kind, SubjectID: w.alice.ID, Access: tepin.ProjectReader})
	w.is(tepin.Conflict, err)
	got, err := w.ShareProject(w.ctx, w.alice, w.env, p.ID, to)
	w.must(err)
	equal(w, got, tepin.ProjectShare{SubjectKind: bob.Kind, SubjectID: bob.ID, SubjectName: "Bob's program", Access: tepin.ProjectReader, CreatedAt: w.clock.Now()})

	// A reader reads.
	seen, err := w.Project(w.ctx, w.env, bob, p.ID)
	w.must(err)
	equal(w, seen.Access, tepin.ProjectReader)
	equal(w, seen.Version, p.Version+1)
	w.is(tepin.Forbidden, write(bob))
	w.is(tepin.Forbidden, second(w.DeleteProject(w.ctx, bob, w.env, p.ID)))
	w.is(tepin.Forbidden, second(w.ShareProject(w.ctx, bob, w.env, p.ID, to)))
	w.is(tepin.Forbidden, second(w.ProjectShares(w.ctx, w.env, bob, p.ID)))
	w.is(tepin.Forbidden, w.UnshareProject(w.ctx, bob, w.env, p.ID, "somebody else"))
	sameID := bob
	sameID.Kind = tepin.ActorUser
	w.is(tepin.NotFound, see(sameID))

	// A writer writes, and no more; what was is kept.
	w.clock.Advance(time.Minute)
	to.Access = tepin.ProjectWriter
	got, err = w.ShareProject(w.ctx, w.admin, w.env, p.ID, to)
	w.must(err)
	equal(w, got.CreatedAt, w.clock.Now().Add(-time.Minute))
	w.must(write(bob))
	w.is(tepin.Forbidden, second(w.DeleteProject(w.ctx, bob, w.env, p.ID)))
	list, err := w.ProjectShares(w.ctx, w.env, w.alice, p.ID)
	w.must(err)
	equal(w, list, []tepin.ProjectShare{got})
	equal(w, w.names(bob, tepin.List{}), "[renamed:write]")

	// Taken back, it is as if it had never been.
	w.must(w.UnshareProject(w.ctx, w.alice, w.env, p.ID, bob.ID))
	w.is(tepin.NotFound, see(bob))
	w.is(tepin.NotFound, write(bob))
	w.is(tepin.NotFound, w.UnshareProject(w.ctx, w.alice, w.env, p.ID, bob.ID))
	w.is(tepin.NotFound, w.UnshareProject(w.ctx, w.alice, w.env, p.ID, w.alice.ID)) // the owner's own is no share
	equal(w, w.names(bob, tepin.List{}), "[]")
	w.share(p, bob, tepin.ProjectReader)
	w.must(w.UnshareProject(w.ctx, bob, w.env, p.ID, bob.ID)) // given back
	w.is(tepin.NotFound, see(bob))

	// Shares go and come with the project, and go with the integration.
	w.share(p, bob, tepin.ProjectReader)
	w.share(p, w.bob, tepin.ProjectReader)
	_, err = w.DeleteProject(w.ctx, w.alice, w.env, p.ID)
	w.must(err)
	w.is(tepin.NotFound, see(bob))
	equal(w, w.names(bob, tepin.List{}), "[]")
	w.is(tepin.NotFound, second(w.RestoreProject(w.ctx, bob, w.env, p.ID)))
	_, err = w.RestoreProject(w.ctx, w.alice, w.env, p.ID)
	w.must(err)
	equal(w, w.names(bob, tepin.List{Shared: ptr(true)}), "[renamed:read]")
	w.must(w.DeleteIntegration(w.ctx, w.admin, w.env, i.ID))
	w.is(tepin.NotFound, see(bob))
	w.must(see(w.bob))
	var actions []string
	for _, e := range w.entries(string(w.env)) {
		if e.Target == string(p.ID) {
			actions = append(actions, e.ActorName+" "+e.Action)
		}
	}
	equal(w, slices.Contains(actions, "Alice project.share") && slices.Contains(actions, "admin@example.com project.share") &&
		slices.Contains(actions, "Bob project.update") && slices.Contains(actions, "Bob project.unshare"), true)
	for n := range tepin.MaxProjectShares - 1 {
		w.share(p, tepin.Actor{Kind: tepin.ActorUser, ID: fmt.Sprint("user ", n)}, tepin.ProjectReader)
	}
	_, err = w.ShareProject(w.ctx, w.alice, w.env, p.ID, tepin.ProjectShare{SubjectKind: tepin.ActorUser, SubjectID: "one more", Access: tepin.ProjectReader})
	w.is(tepin.Conflict, err)
	list, err = w.ProjectShares(w.ctx, w.env, w.alice, p.ID)
	w.must(err)
	equal(w, len(list), tepin.MaxProjectShares)
}

// Lists show what is one's own and what is shared, in one order, on pages of any size.
func sharedLists(w *world) {
	for n := range 12 {
		name := fmt.Sprintf("project %c", 'a'+n)
		switch n % 3 {
		case 0:
			w.project(w.bob, name)
		case 1:
			w.share(w.project(w.alice, name), w.bob, tepin.ProjectReader)
		default:
			w.project(w.alice, name)
		}
	}
	const both = "[project a:owner project b:read project d:owner project e:read project g:owner project h:read project j:owner project k:read]"
	for limit := 1; limit < 10; limit++ {
		equal(w, w.names(w.bob, tepin.List{Limit: limit}), both)
		equal(w, w.names(w.bob, tepin.List{Limit: limit, SortBy: tepin.SortID}), both)
		equal(w, w.names(w.bob, tepin.List{Limit: limit, Shared: ptr(true)}), "[project b:read project e:read project h:read project k:read]")
		equal(w, w.names(w.bob, tepin.List{Limit: limit, Shared: ptr(false)}), "[project a:owner project d:owner project g:owner project j:owner]")
		equal(w, w.names(w.bob, tepin.List{Limit: limit, Shared: ptr(true), Desc: true}), "[project k:read project h:read project e:read project b:read]")
	}
	equal(w, w.names(w.bob, tepin.List{Search: "proj e"}), "[project e:read]")
	equal(w, w.names(w.bob, tepin.List{Search: "proj f"}), "[]")
	equal(w, w.names(w.bob, tepin.List{Search: "proj a", Shared: ptr(true)}), "[]")
	equal(w, w.names(w.admin, tepin.List{Search: "proj a"}), "[project a:administrator]")
	equal(w, w.names(w.admin, tepin.List{Shared: ptr(true)}), "[]")
	equal(w, len(walk(w, tepin.List{Limit: 5}, func(p tepin.List) (tepin.Page[tepin.Project], error) { return w.Projects(w.ctx, w.env, w.admin, p) },
		func(v tepin.Project) string { return v.Name })), 12)
}

func deleteProjects(w *world) {
	var ids []tepin.ProjectID
	for n := range 5 {
		ids = append(ids, w.project(w.alice, fmt.Sprint(n)).ID)
	}
	foreign := w.project(w.bob, "b").ID
	before := len(w.entries(string(w.env)))
	w.is(tepin.NotFound, w.DeleteProjects(w.ctx, w.alice, w.env, append(slices.Clone(ids), foreign)))
	equal(w, len(w.entries(string(w.env))), before)
	equal(w, w.names(w.alice, tepin.List{}), "[0:owner 1:owner 2:owner 3:owner 4:owner]")
	w.must(w.DeleteProjects(w.ctx, w.alice, w.env, append(slices.Clone(ids[:4]), ids[:4]...)))
	equal(w, len(w.entries(string(w.env))), before+4)
	equal(w, w.names(w.alice, tepin.List{}), "[4:owner]")

	// Many at once, in whatever order, do not block each other: one deletes all.
	var done atomic.Int64
	for n := range 6 {
		ids = append(ids, w.project(w.alice, fmt.Sprint("again ", n)).ID)
	}
	ids = ids[4:]
	together(4, func(n int) {
		mine := slices.Clone(ids)
		if n%2 == 1 {
			slices.Reverse(mine)
		}
		switch err := w.DeleteProjects(w.ctx, w.alice, w.env, mine); {
		case err == nil:
			done.Add(1)
		case tepin.KindOf(err) != tepin.NotFound:
			w.Error(err)
		}
	})
	equal(w, done.Load(), 1)
}

// A project of a collection has a template of it, and what the collection chose.
func projectsOfCollections(w *world) {
	ui := w.definition(tepin.UserInterface, "Shop")
	c := w.collection(w.env, "Summer")
	c, err := w.UpdateCollection(w.ctx, w.alice, w.env, c.ID, tepin.CollectionUpdate{UserInterfaceID: &ui.ID})
	w.must(err)
	in, out := w.template(w.env, "/", "in"), w.template(w.env, "/", "out")
	_, err = w.AddEntry(w.ctx, w.alice, w.env, c.ID, in.ID, "", nil)
	w.must(err)
	make := func(t tepin.TemplateID, c tepin.CollectionID, ui tepin.DefinitionID) (tepin.Project, error) {
		return w.CreateProject(w.ctx, w.alice, tepin.Project{EnvironmentID: w.env, Name: "p", TemplateID: t, CollectionID: c, UserInterfaceID: ui, Document: w.blob(w.env)})
	}
	_, err = make(out.ID, c.ID, "")
	w.is(tepin.Invalid, err)
	_, err = make(in.ID, w.collection(w.other, "Foreign").ID, "")
	w.is(tepin.NotFound, err)
	p, err := make(in.ID, c.ID, "")
	w.must(err)
	equal(w, p.UserInterfaceID, ui.ID)
	equal(w, p.CollectionID, c.ID)
	own, err := make(in.ID, c.ID, w.standard().ID)
	w.must(err)
	equal(w, own.UserInterfaceID, w.standard().ID)

	// Its copies do not need what it was made from.
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, in.ID, true)
	w.must(err)
	_, err = w.DeleteCollection(w.ctx, w.alice, w.env, c.ID, nil)
	w.must(err)
	w.must(w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, ui.ID, nil))
	copy, err := w.CopyProject(w.ctx, w.alice, p.ID, tepin.Project{EnvironmentID: w.env, Name: "copy", Document: w.blob(w.env)})
	w.must(err)
	equal(w, copy.TemplateID, in.ID)
	equal(w, copy.CollectionID, c.ID)
	equal(w, copy.UserInterfaceID, "")
	_, err = w.CopyProject(w.ctx, w.bob, p.ID, tepin.Project{EnvironmentID: w.env, Name: "copy", Document: w.blob(w.env)})
	w.is(tepin.NotFound, err)
	w.share(p, w.bob, tepin.ProjectReader)
	copy, err = w.CopyProject(w.ctx, w.bob, p.ID, tepin.Project{EnvironmentID: w.env, Name: "copy", Document: w.blob(w.env)})
	w.must(err)
	equal(w, copy.OwnerID, w.bob.ID)
	equal(w, copy.Access, tepin.ProjectOwner)
}
