package storetest

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// connector adds a connector.
func (w *world) connector(name string) tepin.Connector {
	w.Helper()
	v, err := w.CreateConnector(w.ctx, w.admin, tepin.Connector{EnvironmentID: w.env, Name: name, Type: tepin.MediaConnector, Enabled: true, Release: "1.0.0",
		AllowedDomains: []string{"api.example.com", "*.example.org"}, Options: json.RawMessage(`{"a": 1}`)}, "export default class {}")
	w.must(err)
	return v
}

// connectorCredential gives a connector a credential.
func (w *world) connectorCredential(c tepin.Connector, usage tepin.AuthUsage, kind tepin.AuthKind) tepin.ConnectorCredential {
	w.Helper()
	id := tepin.NewID[tepin.ConnectorCredentialID]()
	v := tepin.ConnectorCredential{ID: id, EnvironmentID: c.EnvironmentID, ConnectorID: c.ID, Usage: usage, Kind: kind, Name: "n", Sealed: []byte("sealed " + string(id)), SealedBy: "m"}
	w.must(w.PutConnectorCredential(w.ctx, w.admin, v))
	return v
}

func connectors(w *world) {
	v := w.connector("My DAM")
	equal(w, v.Version, 1)
	equal(w, []any{v.Owner, v.ScriptSource, v.Default, v.Enabled, v.ScriptSize, string(v.Options), strings.Join(v.AllowedDomains, " ")},
		[]any{tepin.UserConnector, tepin.ExternalScript, false, true, int64(23), `{"a": 1}`, "api.example.com *.example.org"})
	got, err := w.Connector(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, v)
	script, err := w.ConnectorScript(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, script, "export default class {}")
	for _, err := range []error{
		func() error { _, err := w.Connector(w.ctx, w.other, v.ID); return err }(),
		func() error { _, err := w.ConnectorScript(w.ctx, w.other, v.ID); return err }(),
		func() error {
			_, err := w.UpdateConnector(w.ctx, w.admin, w.other, v.ID, tepin.ConnectorUpdate{Name: ptr("x")})
			return err
		}(),
		func() error { _, err := w.DeleteConnector(w.ctx, w.admin, w.other, v.ID); return err }(),
	} {
		w.is(tepin.NotFound, err)
	}
	page, err := w.Connectors(w.ctx, w.env, tepin.List{Search: "dam"})
	w.must(err)
	equal(w, len(page.Items), 1)
	page, err = w.Connectors(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, len(page.Items), 3) // with those that are built in

	changed, err := w.UpdateConnector(w.ctx, w.admin, w.env, v.ID, tepin.ConnectorUpdate{Name: ptr("Other"), Script: ptr("export default 1"), AllowedDomains: &[]string{}, IfVersion: ptr(int64(1))})
	w.must(err)
	equal(w, []any{changed.Version, changed.Name, changed.ScriptSize, len(changed.AllowedDomains)}, []any{int64(2), "Other", int64(16), 0})
	_, err = w.UpdateConnector(w.ctx, w.admin, w.env, v.ID, tepin.ConnectorUpdate{Name: ptr("x"), IfVersion: ptr(int64(1))})
	w.is(tepin.Stale, err)
	_, err = w.UpdateConnector(w.ctx, w.admin, w.env, v.ID, tepin.ConnectorUpdate{Script: ptr("a\x00b")})
	w.is(tepin.Invalid, err)

	w.connectorCredential(v, tepin.ServerUsage, tepin.AuthStaticKey)
	_, err = w.DeleteConnector(w.ctx, w.admin, w.env, v.ID)
	w.must(err)
	_, err = w.Connector(w.ctx, w.env, v.ID)
	w.is(tepin.NotFound, err)
	back, err := w.RestoreConnector(w.ctx, w.admin, w.env, v.ID)
	w.must(err)
	equal(w, back.AuthFor(tepin.ServerUsage), tepin.AuthStaticKey)
	_, err = w.DeleteConnector(w.ctx, w.admin, w.env, v.ID)
	w.must(err)
	w.purge()
	_, err = w.RestoreConnector(w.ctx, w.admin, w.env, v.ID)
	w.is(tepin.NotFound, err)
	list, err := w.ConnectorCredentials(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, len(list), 0)
}

// Each type has one default, whoever wants to be it at once.
func connectorDefaults(w *world) {
	builtIn, err := w.DefaultConnector(w.ctx, w.env, tepin.MediaConnector)
	w.must(err)
	equal(w, []any{builtIn.Owner, builtIn.ScriptSource}, []any{tepin.BuiltInConnector, tepin.DefaultMedia})
	fonts, err := w.DefaultConnector(w.ctx, w.env, tepin.FontConnector)
	w.must(err)
	equal(w, fonts.ScriptSource, tepin.DefaultFonts)
	_, err = w.DefaultConnector(w.ctx, w.env, tepin.DataConnector)
	w.is(tepin.NotFound, err)

	for _, u := range []tepin.ConnectorUpdate{{Default: ptr(false)}, {Name: ptr("mine")}, {Script: ptr("x")}} {
		_, err = w.UpdateConnector(w.ctx, w.admin, w.env, builtIn.ID, u)
		w.is(tepin.Conflict, err)
	}
	_, err = w.DeleteConnector(w.ctx, w.admin, w.env, builtIn.ID)
	w.is(tepin.Conflict, err)
	w.is(tepin.Conflict, w.PutConnectorCredential(w.ctx, w.admin, tepin.ConnectorCredential{ID: "c", EnvironmentID: w.env, ConnectorID: builtIn.ID, Usage: tepin.BrowserUsage, Kind: tepin.AuthStaticKey, SealedBy: "m"}))
	off, err := w.UpdateConnector(w.ctx, w.admin, w.env, builtIn.ID, tepin.ConnectorUpdate{Enabled: ptr(false)})
	w.must(err)
	equal(w, off.Enabled, false)

	isDefault := func(want tepin.ConnectorID) {
		w.Helper()
		v, err := w.DefaultConnector(w.ctx, w.env, tepin.MediaConnector)
		w.must(err)
		equal(w, v.ID, want)
	}
	a, b := w.connector("a"), w.connector("b")
	for _, c := range []tepin.Connector{a, b} {
		_, err := w.UpdateConnector(w.ctx, w.admin, w.env, c.ID, tepin.ConnectorUpdate{Default: ptr(true)})
		w.must(err)
		isDefault(c.ID)
	}
	_, err = w.UpdateConnector(w.ctx, w.admin, w.env, b.ID, tepin.ConnectorUpdate{Type: ptr(tepin.DataConnector)})
	w.is(tepin.Conflict, err)
	_, err = w.UpdateConnector(w.ctx, w.admin, w.env, b.ID, tepin.ConnectorUpdate{Default: ptr(false)})
	w.must(err)
	isDefault(builtIn.ID)
	_, err = w.UpdateConnector(w.ctx, w.admin, w.env, a.ID, tepin.ConnectorUpdate{Default: ptr(true)})
	w.must(err)
	_, err = w.DeleteConnector(w.ctx, w.admin, w.env, a.ID)
	w.must(err)
	isDefault(builtIn.ID)
	back, err := w.RestoreConnector(w.ctx, w.admin, w.env, a.ID)
	w.must(err)
	equal(w, back.Default, false)

	var won atomic.Int64
	together(6, func(i int) {
		if _, err := w.UpdateConnector(w.ctx, w.admin, w.env, []tepin.ConnectorID{a.ID, b.ID}[i%2], tepin.ConnectorUpdate{Default: ptr(true)}); err == nil {
			won.Add(1)
		}
	})
	page, err := w.Connectors(w.ctx, w.env, tepin.List{})
	w.must(err)
	defaults := 0
	for _, c := range page.Items {
		if c.Default && c.Type == tepin.MediaConnector {
			defaults++
		}
	}
	equal(w, defaults, 1)
	equal(w, won.Load(), int64(6))
	w.must(w.AddBuiltInConnectors(w.ctx)) // all have them
	again, err := w.Connectors(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, len(again.Items), len(page.Items))

	// An environment that is deleted gets none any more.
	err = w.DeleteEnvironment(w.ctx, w.admin, w.other, nil)
	w.must(err)
	w.clock.Advance(365 * 24 * time.Hour)
	_, err = w.PurgeEnvironments(w.ctx, w.clock.Now(), 100, 100)
	w.must(err)
	w.must(w.AddBuiltInConnectors(w.ctx))
	gone, err := w.Connectors(w.ctx, w.other, tepin.List{})
	w.must(err)
	equal(w, len(gone.Items), 0)
}

func connectorAuth(w *world) {
	c := w.connector("DAM")
	first := w.connectorCredential(c, tepin.BrowserUsage, tepin.AuthCode)
	w.must(w.PutConnectorToken(w.ctx, w.admin, tepin.ConnectorToken{ID: "t", EnvironmentID: w.env, ConnectorID: c.ID, CredentialID: first.ID, UserID: "ada", Sealed: []byte{1}, SealedBy: "m"}))
	w.connectorCredential(c, tepin.ServerUsage, tepin.AuthStaticKey)
	got, err := w.Connector(w.ctx, w.env, c.ID)
	w.must(err)
	equal(w, []any{got.AuthFor(tepin.BrowserUsage), got.AuthFor(tepin.ServerUsage), got.Version}, []any{tepin.AuthCode, tepin.AuthStaticKey, int64(3)})
	equal(w, c.AuthFor(tepin.BrowserUsage), tepin.AuthNone)

	second := w.connectorCredential(c, tepin.BrowserUsage, tepin.AuthClientCredentials)
	list, err := w.ConnectorCredentials(w.ctx, w.env, c.ID)
	w.must(err)
	equal(w, len(list), 2)
	stored, err := w.ConnectorCredential(w.ctx, w.env, c.ID, tepin.BrowserUsage)
	w.must(err)
	equal(w, string(stored.Sealed), string(second.Sealed))
	_, err = w.ConnectorToken(w.ctx, w.env, first.ID, "ada")
	w.is(tepin.NotFound, err) // it went with its credential
	_, err = w.ConnectorCredential(w.ctx, w.other, c.ID, tepin.BrowserUsage)
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.DeleteConnectorCredential(w.ctx, w.admin, w.other, c.ID, tepin.BrowserUsage))
	w.must(w.DeleteConnectorCredential(w.ctx, w.admin, w.env, c.ID, tepin.BrowserUsage))
	w.is(tepin.NotFound, w.DeleteConnectorCredential(w.ctx, w.admin, w.env, c.ID, tepin.BrowserUsage))
	second.EnvironmentID = w.other
	w.is(tepin.NotFound, w.PutConnectorCredential(w.ctx, w.admin, second))
}

func connectorSignIns(w *world) {
	c := w.connector("DAM")
	credential := w.connectorCredential(c, tepin.BrowserUsage, tepin.AuthCode)
	begin := func(state string) {
		w.Helper()
		w.must(w.BeginConnectorSignIn(w.ctx, tepin.ConnectorSignIn{State: []byte(state), Cookie: []byte("cookie"), EnvironmentID: w.env, ConnectorID: c.ID, CredentialID: credential.ID, UserID: "ada", Verifier: "v"}))
	}
	begin("a")
	_, err := w.TakeConnectorSignIn(w.ctx, w.other, []byte("a"))
	w.is(tepin.NotFound, err)
	var taken atomic.Int64
	together(5, func(int) {
		if v, err := w.TakeConnectorSignIn(w.ctx, w.env, []byte("a")); err == nil && string(v.Cookie) == "cookie" && v.UserID == "ada" && v.Verifier == "v" {
			taken.Add(1)
		}
	})
	equal(w, taken.Load(), int64(1))
	begin("b")
	w.clock.Advance(tepin.SignInTime + time.Second)
	_, err = w.TakeConnectorSignIn(w.ctx, w.env, []byte("b"))
	w.is(tepin.NotFound, err)

	token := tepin.ConnectorToken{ID: "t1", EnvironmentID: w.env, ConnectorID: c.ID, CredentialID: credential.ID, UserID: "ada", Sealed: []byte{1}, SealedBy: "m"}
	w.must(w.PutConnectorToken(w.ctx, w.admin, token))
	got, err := w.ConnectorToken(w.ctx, w.env, credential.ID, "ada")
	w.must(err)
	equal(w, got.Version, 1)
	got.Sealed = []byte{2}
	w.must(w.PutConnectorToken(w.ctx, w.admin, got))
	w.is(tepin.Stale, w.PutConnectorToken(w.ctx, w.admin, got)) // another node was first
	token.ID = "t2"
	w.must(w.PutConnectorToken(w.ctx, w.admin, token)) // signed in again
	_, err = w.ConnectorToken(w.ctx, w.env, credential.ID, "bob")
	w.is(tepin.NotFound, err)
	w.must(w.DeleteConnectorToken(w.ctx, w.admin, w.other, c.ID, "ada"))
	_, err = w.ConnectorToken(w.ctx, w.env, credential.ID, "ada")
	w.must(err)
	w.must(w.DeleteConnectorToken(w.ctx, w.admin, w.env, c.ID, "ada"))
	w.must(w.DeleteConnectorToken(w.ctx, w.admin, w.env, c.ID, "ada"))
	_, err = w.ConnectorToken(w.ctx, w.env, credential.ID, "ada")
	w.is(tepin.NotFound, err)
}

func stagedFiles(w *world) {
	c := w.connector("DAM")
	files := []tepin.StagedFile{{Name: "a.png", ContentType: "image/png", Blob: w.blob(w.env)}, {Name: "b.png", ContentType: "image/png", Blob: w.blob(w.env)}}
	w.must(w.StageFiles(w.ctx, w.alice, w.env, c.ID, files))
	got, err := w.StagedFile(w.ctx, w.alice, w.env, c.ID, files[1].ID)
	w.must(err)
	equal(w, got, files[1])
	_, err = w.StagedFile(w.ctx, w.bob, w.env, c.ID, files[1].ID)
	w.is(tepin.NotFound, err)
	_, err = w.StagedFile(w.ctx, w.alice, w.other, c.ID, files[1].ID)
	w.is(tepin.NotFound, err)
	_, err = w.StagedFile(w.ctx, w.alice, w.env, w.connector("other").ID, files[1].ID)
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.DeleteStagedFile(w.ctx, w.bob, w.env, files[1].ID))
	w.must(w.DeleteStagedFile(w.ctx, w.alice, w.env, files[1].ID))
	w.is(tepin.TooMany, w.StageFiles(w.ctx, w.alice, w.env, c.ID, make([]tepin.StagedFile, 1000)))
	large := tepin.StagedFile{Name: "large", Blob: tepin.BlobRef{Key: "large", Size: store.MaxStagedBytes}}
	w.is(tepin.TooMany, w.StageFiles(w.ctx, w.alice, w.env, c.ID, []tepin.StagedFile{large}))
	w.clock.Advance(tepin.StagedKept + time.Second)
	_, err = w.StagedFile(w.ctx, w.alice, w.env, c.ID, files[0].ID)
	w.is(tepin.NotFound, err)
	n, err := w.ExpireStagedFiles(w.ctx, w.clock.Now().Add(-tepin.StagedKept))
	w.must(err)
	equal(w, n, 1)
	swept := w.swept()
	equal(w, swept[files[0].Blob.Key] && swept[files[1].Blob.Key], true)
}
