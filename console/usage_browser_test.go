package console_test

import (
	"testing"
	"time"

	"github.com/tepin/tepin"
)

// render finishes a task that counts so many renders.
func (r *rig) render(f tepin.Format, renders int64, watermarked bool) {
	r.t.Helper()
	ctx := r.t.Context()
	blob := func(size int64) tepin.BlobRef {
		key := string(r.env.ID) + "/" + tepin.NewID[string]()
		if err := r.Store.ReserveBlob(ctx, r.env.ID, key); err != nil {
			r.t.Fatal(err)
		}
		return tepin.BlobRef{Key: key, Size: size}
	}
	made, err := r.Store.CreateTask(ctx, r.admin, tepin.Task{EnvironmentID: r.env.ID, Format: f, Name: "Poster", Source: "project", Request: blob(2_000)})
	var j tepin.Job
	for string(made.ID) != j.Payload && err == nil {
		j, err = r.Store.ClaimJob(ctx, []string{"output"}, time.Minute)
	}
	if err == nil {
		err = r.Store.FinishTask(ctx, r.env.ID, j.ID, tepin.Task{ID: made.ID, Result: blob(4_500_000), Renders: renders, Watermarked: watermarked})
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// The screens of a subscription, in every look.
func TestScreensOfSubscription(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	sub := r.env.SubscriptionID
	quota, seats := int64(90), int64(5)
	if _, err := r.Store.UpdateSubscription(ctx, r.admin, sub, tepin.SubscriptionUpdate{MaxRenders: &quota, DesignerSeats: &seats}); err != nil {
		t.Fatal(err)
	}
	r.environment("Northwind production, with a name that is rather long for a field of this width", "northwind", tepin.Production)
	r.render(tepin.PDF, 120, false)
	r.render(tepin.PNG, 30, false)
	r.render(tepin.PNG, 0, true)
	bea, _ := r.Member(tepin.Invitation{SubscriptionID: sub, Email: "bea@example.com", Name: "Bea van den Berg", LastName: "van den Berg", TemplateDesigner: true, Environments: []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EnvironmentAdmin}}})
	pending, _, err := r.Credential.Invite(ctx, r.admin, tepin.Invitation{SubscriptionID: sub, Email: "somebody-with-a-long-address@subsidiary.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := r.Credential.CreateGroup(ctx, r.admin, tepin.Group{SubscriptionID: sub, Name: "Designers", Description: "Those who make templates", Access: []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EndUser}}})
	if err == nil {
		err = r.Credential.SetGroupMember(ctx, r.admin, sub, g.ID, bea.User.ID, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := r.tab(t)
	b.signIn()
	path := r.subscriptionPath()
	for _, s := range []struct{ name, path string }{
		{"people", path + "/people"},
		{"person-new", path + "/people/new"},
		{"person", path + "/people/" + string(bea.User.ID)},
		{"person-pending", path + "/people/" + string(pending.UserID)},
		{"person-delete", path + "/people/" + string(bea.User.ID) + "/delete"},
		{"groups", path + "/groups"},
		{"group", path + "/groups/" + string(g.ID)},
		{"group-all", path + "/groups/" + string(sub)},
		{"usage", path + "/usage"},
		{"usage-year", path + "/usage?by=year"},
		{"environment-usage", "/environments/" + string(r.env.ID) + "/usage"},
	} {
		b.open(s.path)
		b.inEveryLook(s.name)
	}
	b.open(path + "/people/" + string(pending.UserID))
	b.Click("#make-link")
	b.See("#one-time-link")
	b.inEveryLook("person-link")
	b.open("/")
	b.Click("#sign-out")
	b.See("#login-form")
	b.open("/join#code")
	b.inEveryLook("join")
	b.open("/password#code")
	b.inEveryLook("password")
	b.quiet("none")
}
