package storetest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// An environment that had something in every table leaves nothing but what it has
// rendered, and the environment beside it keeps all that it has.
func environmentPurge(w *world) {
	w.fill(w.other)
	w.fill(w.env)
	rows := func(env tepin.EnvironmentID) map[string][]string {
		w.Helper()
		list, err := w.db.RowsOf(w.Store, w.ctx, env)
		w.must(err)
		return list
	}
	full := rows(w.env)
	for table, list := range full {
		if len(list) == 0 {
			w.Errorf("nothing of the environment is in %s: put something there, in fill", table)
		}
	}
	if len(full) < 30 {
		w.Fatalf("only %d tables were found: %v", len(full), slices.Sorted(maps.Keys(full)))
	}
	keys := map[string]bool{}
	for _, row := range full["blob"] {
		key := string(w.env) + "/" + strings.Fields(row[strings.Index(row, string(w.env)+"/")+len(w.env)+1:])[0]
		keys[key] = true
	}
	beside := rows(w.other)

	w.must(w.DeleteEnvironment(w.ctx, w.admin, w.env, nil))
	w.clock.Advance(tepin.EnvironmentGrace + time.Second)
	for n := 1; n > 0; {
		var err error
		n, err = w.PurgeEnvironments(w.ctx, w.clock.Now().Add(-tepin.EnvironmentGrace), 7, 20)
		w.must(err)
	}
	w.clock.Advance(time.Second)
	gone := w.swept()
	for key := range keys {
		if !gone[key] {
			w.Errorf("the bytes %s are left", key)
		}
	}
	for key := range gone {
		if strings.HasPrefix(key, string(w.other)+"/") {
			w.Errorf("the bytes %s of the other environment are gone", key)
		}
	}
	for table, list := range rows(w.env) {
		if kept := table == "render_count"; (len(list) > 0) != kept {
			w.Errorf("%s has %d rows", table, len(list))
		}
	}
	for table, list := range rows(w.other) {
		if !slices.Equal(list, beside[table]) {
			w.Errorf("%s of the other environment: %q was %q", table, list, beside[table])
		}
	}
}

// fill puts something of an environment into every table that can hold it.
func (w *world) fill(env tepin.EnvironmentID) {
	w.Helper()
	was := w.env
	w.env = env
	defer func() { w.env = was }()
	w.fillAccess()
	w.fillContent()
	w.fillWork()
}

// fillAccess makes who may enter: people, groups, integrations, applications.
func (w *world) fillAccess() {
	w.Helper()
	at := string(w.env) + ".example"
	i, secret := w.integration(w.env, "one")
	_, err := w.PutGrant(w.ctx, w.grant(i, secret, "x"), w.clock.Now())
	w.must(err)
	_, err = w.CreateTrust(w.ctx, w.admin, tepin.Trust{EnvironmentID: w.env, IntegrationID: i.ID, Kind: tepin.TrustIssuer, Label: "CI", URL: "https://issuer.example", Subject: "s", Audience: "a"})
	w.must(err)
	_, err = w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Quota: &tepin.Quota{Mode: tepin.QuotaObserve, Requests: tepin.Allowance{PerHour: 10}}})
	w.must(err)
	w.uses(i.ID, time.Hour, 1)
	_, err = w.CreateApplication(w.ctx, w.admin, tepin.Application{EnvironmentID: w.env, Name: "Shop", RedirectURIs: []string{callback}})
	w.must(err)

	roles := []tepin.EnvironmentRole{{EnvironmentID: w.env, Role: tepin.EndUser}}
	member := w.member(tepin.Invitation{Email: "member@" + at, Environments: roles})
	g, err := w.CreateGroup(w.ctx, w.admin, tepin.Group{SubscriptionID: w.subscription(), Name: string(w.env), Access: roles})
	w.must(err)
	w.must(w.SetGroupMember(w.ctx, w.admin, w.subscription(), g.ID, member.UserID, true))
	_, err = w.Invite(w.ctx, w.admin, tepin.Invitation{SubscriptionID: w.subscription(), Email: "pending@" + at, Environments: roles}, []byte("link "+at), w.clock.Now().Add(time.Hour))
	w.must(err)
	p := w.person("person@" + at)
	w.refreshing(p, "refresh "+at)
	w.device(at)
	d, err := w.DeviceRequest(w.ctx, []byte("user"+at))
	w.must(err)
	w.must(w.ApproveDevice(w.ctx, p.actor, d.ID, w.login(p, "openid offline_access"), p.session))
}

// fillContent makes what people work on and with.
func (w *world) fillContent() {
	w.Helper()
	tpl := w.template(w.env, "/a/b", "t")
	red, err := w.CreateTag(w.ctx, w.admin, w.env, "red")
	w.must(err)
	_, err = w.SetTemplateTags(w.ctx, w.alice, w.env, tpl.ID, []tepin.TagID{red.ID}, nil)
	w.must(err)
	c := w.collection(w.env, "c")
	_, err = w.AddEntry(w.ctx, w.alice, w.env, c.ID, tpl.ID, "", nil)
	w.must(err)
	cover := w.blob(w.env)
	_, err = w.UpdateCollection(w.ctx, w.alice, w.env, c.ID, tepin.CollectionUpdate{Cover: &cover, CoverType: "image/png"})
	w.must(err)
	_, err = w.CreateComponent(w.ctx, w.alice, tepin.Component{EnvironmentID: w.env, Name: "Card", Document: w.blob(w.env)})
	w.must(err)
	for _, kind := range []tepin.DefinitionKind{tepin.UserInterface, tepin.RichTextRules, tepin.BrandKit, tepin.SubjectType} {
		w.definition(kind, "d")
	}
	_, err = w.UpdateEnvironmentSettings(w.ctx, w.admin, w.env, tepin.EnvironmentSettingsUpdate{SDKVersion: ptr("1.44")})
	w.must(err)
	p := w.project(w.alice, "p")
	w.share(p, w.bob, tepin.ProjectReader)
	deleted := w.project(w.alice, "deleted")
	_, err = w.DeleteProject(w.ctx, w.alice, w.env, deleted.ID)
	w.must(err)
	m := w.picture("m")
	_, err = w.SetCrop(w.ctx, w.alice, w.env, tepin.Pictured{Media: m.ID}, "", &tepin.Crop{PointOfInterest: &tepin.Point{X: 0.5}}, nil)
	w.must(err)
	_, err = w.PutExternalMedia(w.ctx, w.alice, tepin.ExternalMedia{ID: "ab", EnvironmentID: w.env, ContentType: "image/png", Width: 1, Height: 2})
	w.must(err)
	w.fonts("Noto Regular", "Noto Bold")
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, tepin.NewID[tepin.FontBatchID](), []tepin.FontUpload{w.upload("Serif", "Regular")}))
	_, err = w.KeepPreview(w.ctx, w.preview(m, "kept"))
	w.must(err)
	_, err = w.RequestPreview(w.ctx, w.wanted(tpl, "wanted"), "")
	w.must(err)
}

// fillWork makes connectors, and output that is done and that waits.
func (w *world) fillWork() {
	w.Helper()
	at := string(w.env)
	c := w.connector("DAM")
	v := w.connectorCredential(c, tepin.BrowserUsage, tepin.AuthCode)
	w.must(w.PutConnectorToken(w.ctx, w.admin, tepin.ConnectorToken{ID: "token " + at, EnvironmentID: w.env, ConnectorID: c.ID, CredentialID: v.ID, UserID: "ada", Sealed: []byte{1}, SealedBy: "m"}))
	w.must(w.BeginConnectorSignIn(w.ctx, tepin.ConnectorSignIn{State: []byte("state " + at), Cookie: []byte("cookie"), EnvironmentID: w.env, ConnectorID: c.ID, CredentialID: v.ID, UserID: "ada", Verifier: "v"}))
	w.must(w.StageFiles(w.ctx, w.alice, w.env, c.ID, []tepin.StagedFile{{Name: "a.png", ContentType: "image/png", Blob: w.blob(w.env)}}))
	_, err := w.CreateOutputSettings(w.ctx, w.admin, tepin.OutputSettings{EnvironmentID: w.env, Name: "for print", Format: tepin.PDF})
	w.must(err)

	done := w.task(w.alice, "done")
	j := w.claim()
	for j.Payload != string(done.ID) {
		j = w.claim()
	}
	w.must(w.FinishTask(w.ctx, w.env, j.ID, tepin.Task{ID: done.ID, Result: w.blob(w.env), Renders: 1}))
	w.task(w.alice, "waits")
}
