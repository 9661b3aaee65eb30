package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// subscription returns the one of the world's environments.
func (w *world) subscription() tepin.SubscriptionID {
	w.Helper()
	e, err := w.Environment(w.ctx, w.env)
	w.must(err)
	return e.SubscriptionID
}

// member invites somebody and has them join.
func (w *world) member(in tepin.Invitation) tepin.Person {
	w.Helper()
	if in.SubscriptionID == "" {
		in.SubscriptionID = w.subscription()
	}
	link := []byte("link " + in.Email + string(in.SubscriptionID))
	p, err := w.Invite(w.ctx, w.admin, in, link, w.clock.Now().Add(time.Hour))
	w.must(err)
	hash := "hash"
	if p.PasswordHash != "" {
		hash = ""
	}
	_, err = w.UseInvitation(w.ctx, link, "", hash)
	w.must(err)
	p, err = w.Person(w.ctx, in.SubscriptionID, p.UserID)
	w.must(err)
	return p
}

func as(p tepin.Person) tepin.Actor {
	return tepin.Actor{Kind: tepin.ActorUser, ID: string(p.UserID), Name: p.Email}
}

func members(w *world) {
	sub := w.subscription()
	in := tepin.Invitation{SubscriptionID: sub, Email: "ann@example.com", Name: "Ann van Dam", LastName: "van Dam", SubscriptionAdmin: true,
		Environments: []tepin.EnvironmentRole{{EnvironmentID: w.env, Role: tepin.EnvironmentAdmin}}}
	p, err := w.Invite(w.ctx, w.admin, in, []byte("one"), w.clock.Now().Add(time.Hour))
	w.must(err)
	equal(w, p.State, tepin.MemberPending)
	equal(w, p.FirstName(), "Ann")
	equal(w, p.Environments, in.Environments)
	equal(w, p.LinkEnds, w.clock.Now().Add(time.Hour))
	_, err = w.Invite(w.ctx, w.admin, in, []byte("two"), w.clock.Now().Add(time.Hour))
	w.is(tepin.Conflict, err)
	// Another link takes the first one's place; each is good once, and until its end.
	_, err = w.InviteAgain(w.ctx, w.admin, sub, p.UserID, []byte("again"), w.clock.Now().Add(time.Hour))
	w.must(err)
	_, err = w.UseInvitation(w.ctx, []byte("one"), "", "hash")
	w.is(tepin.NotFound, err)
	w.is(tepin.Forbidden, w.CreateSession(w.ctx, tepin.Session{Hash: []byte{7}, UserID: p.UserID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	w.clock.Advance(time.Hour)
	_, err = w.UseInvitation(w.ctx, []byte("again"), "", "hash")
	w.is(tepin.NotFound, err)
	_, err = w.InviteAgain(w.ctx, w.admin, sub, p.UserID, []byte("third"), w.clock.Now().Add(time.Hour))
	w.must(err)
	var joined atomic.Int64
	together(4, func(int) {
		if _, err := w.UseInvitation(w.ctx, []byte("third"), "Ann", "hash"); err == nil {
			joined.Add(1)
		}
	})
	equal(w, joined.Load(), 1)
	_, err = w.InviteAgain(w.ctx, w.admin, sub, p.UserID, []byte("fourth"), w.clock.Now().Add(time.Hour))
	w.is(tepin.Conflict, err)
	ann, err := w.Person(w.ctx, sub, p.UserID)
	w.must(err)
	equal(w, ann.State, tepin.MemberActive)
	equal(w, ann.Name, "Ann")

	// The last who administers the subscription stays, unless the installation's does it.
	_, err = w.UpdateMember(w.ctx, as(ann), sub, ann.UserID, tepin.MemberUpdate{SubscriptionAdmin: ptr(false)})
	w.is(tepin.Conflict, err)
	_, err = w.UpdateMember(w.ctx, as(ann), sub, ann.UserID, tepin.MemberUpdate{State: ptr(tepin.MemberDeactivated)})
	w.is(tepin.Conflict, err)
	w.is(tepin.Conflict, w.RemoveMember(w.ctx, as(ann), sub, ann.UserID))
	bea := w.member(tepin.Invitation{Email: "bea@example.com", SubscriptionAdmin: true})
	var left atomic.Int64 // of the last two, one stays
	together(2, func(i int) {
		p := []tepin.Person{ann, bea}[i]
		if _, err := w.UpdateMember(w.ctx, as(p), sub, p.UserID, tepin.MemberUpdate{SubscriptionAdmin: ptr(false)}); err == nil {
			left.Add(1)
		}
	})
	equal(w, left.Load(), 1)

	// Deactivating ends what is open; what they were is kept.
	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{1}, UserID: ann.UserID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	off, err := w.UpdateMember(w.ctx, w.admin, sub, ann.UserID, tepin.MemberUpdate{State: ptr(tepin.MemberDeactivated)})
	w.must(err)
	equal(w, off.Environments, in.Environments)
	_, _, err = w.Session(w.ctx, []byte{1})
	w.is(tepin.NotFound, err)
	w.is(tepin.Forbidden, w.CreateSession(w.ctx, tepin.Session{Hash: []byte{2}, UserID: ann.UserID}))
	w.is(tepin.Conflict, w.CreatePasswordLink(w.ctx, w.admin, sub, ann.UserID, []byte("p"), w.clock.Now().Add(time.Hour)))
	_, err = w.UpdateMember(w.ctx, w.admin, sub, ann.UserID, tepin.MemberUpdate{State: ptr(tepin.MemberActive), IfVersion: ptr(off.Version - 1)})
	w.is(tepin.Stale, err)
	_, err = w.UpdateMember(w.ctx, w.admin, sub, ann.UserID, tepin.MemberUpdate{State: ptr(tepin.MemberActive)})
	w.must(err)
	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{3}, UserID: ann.UserID, ExpiresAt: w.clock.Now().Add(time.Hour)}))

	// Who is deleted is gone, and can be invited anew.
	w.must(w.RemoveMember(w.ctx, w.admin, sub, ann.UserID))
	_, err = w.User(w.ctx, ann.UserID)
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.RemoveMember(w.ctx, w.admin, sub, ann.UserID))
	if again := w.member(tepin.Invitation{Email: "ann@example.com"}); again.UserID == ann.UserID || len(again.Environments) > 0 {
		w.Fatalf("who was deleted is back: %+v", again)
	}
	var actions []string
	for _, e := range w.entries(store.InstanceChain) {
		if strings.HasPrefix(e.Action, "user.") && !slices.Contains(actions, e.Action) {
			actions = append(actions, e.Action)
		}
	}
	equal(w, actions, []string{"user.invite", "user.join", "user.update", "user.sign_in", "user.delete"})
}

// One subscription has no hold on the people of another (P3).
func membersElsewhere(w *world) {
	sub := w.subscription()
	other, err := w.CreateSubscription(w.ctx, tepin.System, tepin.Subscription{Name: "Other"})
	w.must(err)
	owner := w.member(tepin.Invitation{SubscriptionID: other.ID, Email: "owner@example.com", SubscriptionAdmin: true})
	ann := w.member(tepin.Invitation{SubscriptionID: sub, Email: "ann@example.com"})
	by := as(owner)
	_, err = w.UpdateMember(w.ctx, by, other.ID, ann.UserID, tepin.MemberUpdate{SubscriptionAdmin: ptr(true)})
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.RemoveMember(w.ctx, by, other.ID, ann.UserID))
	// Inviting them gives no more of a hold: neither their name nor their password.
	w.member(tepin.Invitation{SubscriptionID: other.ID, Email: "ann@example.com"})
	w.is(tepin.Forbidden, w.CreatePasswordLink(w.ctx, by, other.ID, ann.UserID, []byte("p"), w.clock.Now().Add(time.Hour)))
	_, err = w.UpdateMember(w.ctx, by, other.ID, ann.UserID, tepin.MemberUpdate{Name: ptr("Mallory")})
	w.is(tepin.Forbidden, err)
	_, err = w.UpdateMember(w.ctx, by, other.ID, ann.UserID, tepin.MemberUpdate{Environments: &[]tepin.EnvironmentRole{{EnvironmentID: w.env, Role: tepin.EnvironmentAdmin}}})
	w.is(tepin.Invalid, err)
	g, err := w.CreateGroup(w.ctx, w.admin, tepin.Group{SubscriptionID: sub, Name: "Team"})
	w.must(err)
	w.is(tepin.NotFound, w.SetGroupMember(w.ctx, by, other.ID, g.ID, owner.UserID, true))
	w.is(tepin.NotFound, w.SetGroupMember(w.ctx, by, sub, g.ID, owner.UserID, true))
	w.is(tepin.NotFound, w.DeleteGroup(w.ctx, by, other.ID, g.ID))
	_, err = w.UpdateGroup(w.ctx, by, other.ID, tepin.GroupID(other.ID), tepin.GroupUpdate{Access: &[]tepin.EnvironmentRole{{EnvironmentID: w.env, Role: tepin.EndUser}}})
	w.is(tepin.Invalid, err)
	// An administrator of the installation who is invited is not theirs either.
	root, err := w.CreateUser(w.ctx, w.admin, tepin.User{Email: "root@example.com", Name: "Root", PasswordHash: "hash", Administrator: true})
	w.must(err)
	w.member(tepin.Invitation{SubscriptionID: other.ID, Email: "root@example.com"})
	w.is(tepin.Forbidden, w.CreatePasswordLink(w.ctx, by, other.ID, root.ID, []byte("p"), w.clock.Now().Add(time.Hour)))
	// Who leaves one subscription stays in the other, with the account.
	w.must(w.RemoveMember(w.ctx, by, other.ID, ann.UserID))
	_, err = w.Person(w.ctx, sub, ann.UserID)
	w.must(err)
	w.must(w.RemoveMember(w.ctx, w.admin, other.ID, root.ID))
	_, err = w.User(w.ctx, root.ID)
	w.must(err)
}

func seats(w *world) {
	sub := w.subscription()
	_, err := w.UpdateSubscription(w.ctx, w.admin, sub, tepin.SubscriptionUpdate{DesignerSeats: ptr(int64(3)), Name: ptr("Renamed")})
	w.must(err)
	var ids []tepin.UserID
	for i := range 8 {
		ids = append(ids, w.member(tepin.Invitation{Email: fmt.Sprintf("p%d@example.com", i)}).UserID)
	}
	var got atomic.Int64
	together(len(ids), func(i int) {
		if _, err := w.UpdateMember(w.ctx, w.admin, sub, ids[i], tepin.MemberUpdate{TemplateDesigner: ptr(true)}); err == nil {
			got.Add(1)
		} else if tepin.KindOf(err) != tepin.Conflict {
			w.Errorf("a seat is refused with %v", err)
		}
	})
	equal(w, got.Load(), 3)
	used, err := w.UsedSeats(w.ctx, sub)
	w.must(err)
	equal(w, used, int64(3))
	_, err = w.Invite(w.ctx, w.admin, tepin.Invitation{SubscriptionID: sub, Email: "late@example.com", TemplateDesigner: true}, []byte("late"), w.clock.Now().Add(time.Hour))
	w.is(tepin.Conflict, err)
	// A seat is free while its holder is deactivated, and may be gone when they come back.
	list, err := w.People(w.ctx, sub)
	w.must(err)
	i := slices.IndexFunc(list, func(p tepin.Person) bool { return p.TemplateDesigner })
	_, err = w.UpdateMember(w.ctx, w.admin, sub, list[i].UserID, tepin.MemberUpdate{State: ptr(tepin.MemberDeactivated)})
	w.must(err)
	w.member(tepin.Invitation{Email: "late@example.com", TemplateDesigner: true})
	_, err = w.UpdateMember(w.ctx, w.admin, sub, list[i].UserID, tepin.MemberUpdate{State: ptr(tepin.MemberActive)})
	w.is(tepin.Conflict, err)
}

func personGroups(w *world) {
	sub := w.subscription()
	p := w.member(tepin.Invitation{Email: "p@example.com"})
	access := []tepin.EnvironmentRole{{EnvironmentID: w.env, Role: tepin.EndUser}}
	g, err := w.CreateGroup(w.ctx, w.admin, tepin.Group{SubscriptionID: sub, Name: "Team", Description: "d", Access: access})
	w.must(err)
	for _, name := range []string{"team", tepin.AllUsers, "[ALL users]"} {
		_, err = w.CreateGroup(w.ctx, w.admin, tepin.Group{SubscriptionID: sub, Name: name})
		w.is(tepin.Conflict, err)
	}
	w.must(w.SetGroupMember(w.ctx, w.admin, sub, g.ID, p.UserID, true))
	w.must(w.SetGroupMember(w.ctx, w.admin, sub, g.ID, p.UserID, true))
	list, err := w.GroupMembers(w.ctx, sub, g.ID)
	w.must(err)
	equal(w, len(list), 1)
	equal(w, list[0].Groups, []tepin.GroupID{g.ID})
	equal(w, len(list[0].Environments), 0) // the group's are not their own

	all := tepin.GroupID(sub)
	_, err = w.UpdateGroup(w.ctx, w.admin, sub, all, tepin.GroupUpdate{Name: ptr("Everybody")})
	w.is(tepin.Conflict, err)
	w.is(tepin.Conflict, w.DeleteGroup(w.ctx, w.admin, sub, all))
	w.is(tepin.Conflict, w.SetGroupMember(w.ctx, w.admin, sub, all, p.UserID, false))
	_, err = w.UpdateGroup(w.ctx, w.admin, sub, all, tepin.GroupUpdate{Access: &access})
	w.must(err)
	groups, err := w.Groups(w.ctx, sub)
	w.must(err)
	equal(w, len(groups), 2)
	equal(w, groups[0].BuiltIn(), true)
	equal(w, groups[0].Access, access)
	equal(w, groups[1].Members, 1)
	_, err = w.UpdateGroup(w.ctx, w.admin, sub, g.ID, tepin.GroupUpdate{Name: ptr("Crew"), IfVersion: ptr(int64(7))})
	w.is(tepin.Stale, err)
	for _, bad := range [][]tepin.EnvironmentRole{
		{{EnvironmentID: w.env, Role: tepin.SubscriptionAdmin}}, {{EnvironmentID: w.env, Role: tepin.TemplateDesigner}}, {{EnvironmentID: w.env, Role: "FA"}},
		{{EnvironmentID: "nowhere", Role: tepin.EndUser}}, {access[0], access[0]},
	} {
		_, err = w.UpdateGroup(w.ctx, w.admin, sub, g.ID, tepin.GroupUpdate{Access: &bad})
		w.is(tepin.Invalid, err)
	}
	dir, err := w.Store.Directory(w.ctx)
	w.must(err)
	equal(w, len(dir.Grants), 2)
	equal(w, dir.GroupMembers, []store.GroupMember{{GroupID: g.ID, UserID: p.UserID}})
	w.must(w.DeleteGroup(w.ctx, w.admin, sub, g.ID))
	w.must(w.SetEnvironmentRole(w.ctx, w.admin, w.env, p.UserID, tepin.EnvironmentAdmin))
	w.must(w.SetEnvironmentRole(w.ctx, w.admin, w.env, p.UserID, tepin.EndUser))
	w.is(tepin.Invalid, w.SetEnvironmentRole(w.ctx, w.admin, w.env, p.UserID, tepin.SubscriptionAdmin))
	w.is(tepin.NotFound, w.SetEnvironmentRole(w.ctx, w.admin, w.env, "nobody", tepin.EndUser))
	got, err := w.Person(w.ctx, sub, p.UserID)
	w.must(err)
	equal(w, got.Environments, access)
	w.must(w.SetEnvironmentRole(w.ctx, w.admin, w.env, p.UserID, ""))
}

func administrators(w *world) {
	var ids []tepin.UserID
	for _, email := range []string{"a@example.com", "b@example.com"} {
		u, err := w.CreateUser(w.ctx, w.admin, tepin.User{Email: email, PasswordHash: "hash", Administrator: true})
		w.must(err)
		ids = append(ids, u.ID)
	}
	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{1}, UserID: ids[0], ExpiresAt: w.clock.Now().Add(time.Hour)}))
	var gone atomic.Int64 // of the last two, one stays
	together(2, func(i int) {
		if err := w.SetAdministrator(w.ctx, w.admin, ids[i], false); err == nil {
			gone.Add(1)
		} else if tepin.KindOf(err) != tepin.Conflict {
			w.Errorf("the last administrator is kept by %v", err)
		}
	})
	equal(w, gone.Load(), 1)
	list, err := w.Administrators(w.ctx)
	w.must(err)
	equal(w, len(list), 1)
	w.is(tepin.NotFound, w.SetAdministrator(w.ctx, w.admin, "nobody", true))
	w.must(w.SetAdministrator(w.ctx, w.admin, ids[0], true))
	w.must(w.SetAdministrator(w.ctx, w.admin, ids[1], false))
	w.must(w.SetAdministrator(w.ctx, w.admin, ids[1], true))
	// A link to set a password ends what was open, and works once.
	p := w.member(tepin.Invitation{Email: "p@example.com"})
	w.must(w.CreateSession(w.ctx, tepin.Session{Hash: []byte{2}, UserID: p.UserID, ExpiresAt: w.clock.Now().Add(time.Hour)}))
	w.must(w.CreatePasswordLink(w.ctx, w.admin, w.subscription(), p.UserID, []byte("p"), w.clock.Now().Add(time.Minute)))
	_, err = w.UseInvitation(w.ctx, []byte("p"), "", "") // of another kind
	w.is(tepin.NotFound, err)
	_, err = w.UsePasswordLink(w.ctx, []byte("p"), "new")
	w.must(err)
	_, _, err = w.Session(w.ctx, []byte{2})
	w.is(tepin.NotFound, err)
	_, err = w.UsePasswordLink(w.ctx, []byte("p"), "newer")
	w.is(tepin.NotFound, err)
}
