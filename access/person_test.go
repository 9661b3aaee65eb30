package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// person adds an administrator and an application of the rig's environment.
func (r *rig) person() (tepin.User, tepin.Application) {
	r.t.Helper()
	u, err := r.store.CreateUser(r.t.Context(), admin, tepin.User{Email: tepin.RandomBase62(8) + "@example.com", Name: "Ada", Administrator: true})
	if err != nil {
		r.t.Fatal(err)
	}
	a, err := r.store.CreateApplication(r.t.Context(), admin, tepin.Application{EnvironmentID: r.env.ID, Name: tepin.RandomBase62(8), RedirectURIs: []string{"https://shop.example/"}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.refresh()
	return u, a
}

// personToken signs a token of the person for the application, after change.
func (r *rig) personToken(u tepin.User, client tepin.ClientID, env tepin.EnvironmentID, change func(*token.Claims)) string {
	r.t.Helper()
	now := r.now()
	claims := token.Claims{Issuer: publicURL + "/", Subject: string(u.ID), ClientID: client, Audience: []string{publicURL}, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
		ID: tepin.NewID[string](), Identity: tepin.OpenID | tepin.Profile, Environment: env, Epoch: u.Epoch, Credential: tepin.NewID[tepin.CredentialID]()}
	if change != nil {
		change(&claims)
	}
	raw, err := r.keys.Signer(token.ES256, now).Sign(claims)
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// A person acts by an application as far as that reaches.
func TestBearerOfAPerson(t *testing.T) {
	r := newRig(t)
	u, a := r.person()
	all := tepin.MustScopes(tepin.AllScopes...)
	cut := tepin.MustScopes(tepin.TemplateRead)
	for _, tt := range []struct {
		name          string
		client        tepin.ClientID
		env           tepin.EnvironmentID
		scopes        tepin.Scopes
		reach         tepin.Reach
		want          tepin.Scopes
		administrator bool
	}{
		{"a registered application", a.ClientID, r.env.ID, 0, tepin.ReachEnvironment, all, false},
		{"one that asked for less", a.ClientID, r.env.ID, cut, tepin.ReachEnvironment, cut, false},
		{"the connector tool", tepin.FirstParty[1].ClientID, r.env.ID, 0, tepin.ReachIdentity, 0, false},
		{"the connector tool, with scopes", tepin.FirstParty[1].ClientID, r.env.ID, cut, tepin.ReachIdentity, 0, false},
		{"the command line", "tepin", "", 0, tepin.ReachInstallation, 0, true},
	} {
		raw := r.personToken(u, tt.client, tt.env, func(c *token.Claims) { c.Scopes = tt.scopes })
		got, err := r.Bearer(raw, access.Presenter{From: home})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got.TokenID, got.Roles = "", 0
		if want := (tepin.Actor{Kind: tepin.ActorUser, ID: string(u.ID), Name: "Ada", EnvironmentID: tt.env, ClientID: tt.client, Scopes: tt.want,
			Identity: tepin.OpenID | tepin.Profile, Reach: tt.reach, Administrator: tt.administrator}); got != want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, want)
		}
	}
}

// Who a token says it is of has to be there, in the environment that it says.
func TestBearerOfNobody(t *testing.T) {
	r := newRig(t)
	u, a := r.person()
	in := r.integration("one")
	other := accesstest.AddEnvironment(t, r.store, r.env.SubscriptionID, "second")
	if err := r.store.DenyToken(t.Context(), admin, r.env.ID, store.DeniedToken{TokenID: "revoked", ExpiresAt: start.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	r.refresh()
	for name, change := range map[string]func(*token.Claims){
		"an unknown person":            func(c *token.Claims) { c.Subject = string(tepin.NewID[tepin.UserID]()) },
		"no person":                    func(c *token.Claims) { c.Subject = "" },
		"an unknown application":       func(c *token.Claims) { c.ClientID = tepin.NewApplicationClientID() },
		"an integration's client id":   func(c *token.Claims) { c.ClientID = in.ClientID },
		"an application alone":         func(c *token.Claims) { c.Subject = string(c.ClientID) },
		"an integration for a person":  func(c *token.Claims) { c.Subject = string(in.ClientID) },
		"an integration, by its id":    func(c *token.Claims) { c.Subject = string(in.ID) },
		"a person for a client":        func(c *token.Claims) { c.ClientID = tepin.ClientID(c.Subject) },
		"another environment":          func(c *token.Claims) { c.Environment = other.ID },
		"no environment":               func(c *token.Claims) { c.Environment = "" },
		"an older password":            func(c *token.Claims) { c.Epoch-- },
		"a password to come":           func(c *token.Claims) { c.Epoch++ },
		"an absent environment":        func(c *token.Claims) { c.ClientID, c.Environment = "tepin", "absent" },
		"what has ended":               func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = start.Add(-2*time.Hour), start.Add(-time.Hour) },
		"what was exchanged, revoked":  func(c *token.Claims) { c.Parent = "revoked" },
		"what was revoked":             func(c *token.Claims) { c.ID = "revoked" },
		"of a sign-in that has ended":  func(c *token.Claims) { c.Credential = "revoked" },
		"bound to a key, held by none": func(c *token.Claims) { c.Confirm.KeyThumbprint = "x" },
	} {
		raw := r.personToken(u, a.ClientID, r.env.ID, change)
		_, err := r.Bearer(raw, access.Presenter{From: home})
		accesstest.WantKind(t, name, err, tepin.Unauthorized)
	}
	if _, err := r.Bearer(r.personToken(u, a.ClientID, r.env.ID, nil), access.Presenter{From: home}); err != nil {
		t.Errorf("the one that they were made from: %v", err)
	}
}

// What ends a person's tokens bites at once where it is done (P5).
func TestPersonTokensDie(t *testing.T) {
	r := newRig(t)
	for name, end := range map[string]func(u tepin.User, a tepin.Application, login tepin.LoginID) error{
		"a new password": func(u tepin.User, _ tepin.Application, _ tepin.LoginID) error {
			return r.store.SetUserPassword(t.Context(), admin, u.ID, "hash")
		},
		"the application is deleted": func(_ tepin.User, a tepin.Application, _ tepin.LoginID) error {
			return r.store.DeleteApplication(t.Context(), admin, r.env.ID, a.ID)
		},
		"the login has ended": func(_ tepin.User, _ tepin.Application, login tepin.LoginID) error {
			return r.store.EndLogin(t.Context(), admin, login, "wish")
		},
	} {
		u, a := r.person()
		login := r.begin(u, a)
		raw := r.personToken(u, a.ClientID, r.env.ID, func(c *token.Claims) { c.Credential = tepin.CredentialID(login) })
		if _, err := r.Bearer(raw, access.Presenter{From: home}); err != nil {
			t.Fatalf("before %s: %v", name, err)
		}
		if err := end(u, a, login); err != nil {
			t.Fatal(err)
		}
		r.refresh()
		_, err := r.Bearer(raw, access.Presenter{From: home})
		accesstest.WantKind(t, name, err, tepin.Unauthorized)
	}
}

// begin logs the person in to the application, in the store.
func (r *rig) begin(u tepin.User, a tepin.Application) tepin.LoginID {
	r.t.Helper()
	ctx, session, code := r.t.Context(), []byte("session of "+u.ID), []byte("code of "+u.ID)
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	must(r.store.CreateSession(ctx, tepin.Session{Hash: session, UserID: u.ID, ExpiresAt: r.now().Add(time.Hour)}))
	v, err := r.store.Authorize(ctx, tepin.Login{UserID: u.ID, ClientID: a.ClientID, EnvironmentID: a.EnvironmentID, EndsAt: r.now().Add(time.Hour)},
		session, code, tepin.AuthorizationCode{ExpiresAt: r.now().Add(time.Minute)})
	must(err)
	_, err = r.store.RedeemCode(ctx, code, "", "", store.Issue{ClientID: a.ClientID, Ends: func(tepin.Login) time.Time { return r.now().Add(time.Hour) }})
	must(err)
	return v.ID
}

// On another node over PostgreSQL it bites within five seconds, by that node's own poll.
func TestPersonTokensDieOnAnotherNode(t *testing.T) {
	url := storetest.Postgres(t)
	open := func() *store.Store {
		return storetest.Open(t, store.Options{URL: url, AuditKey: make([]byte, 32)})
	}
	r := rigOver(t, open(), time.Now)
	u, a := r.person()
	login := r.begin(u, a)
	raw := r.personToken(u, a.ClientID, r.env.ID, func(c *token.Claims) { c.Credential = tepin.CredentialID(login) })
	second := &rig{t: t, now: time.Now, store: open(), env: r.env, keys: r.keys}
	second.Directory = second.node()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- second.Run(ctx) }()
	if _, err := second.Bearer(raw, access.Presenter{From: home}); err != nil {
		t.Fatal(err)
	}
	if err := r.store.EndLogin(t.Context(), admin, login, "wish"); err != nil {
		t.Fatal(err)
	}
	ended, err := time.Now(), error(nil)
	for err == nil && time.Since(ended) < 5*time.Second {
		time.Sleep(20 * time.Millisecond)
		_, err = second.Bearer(raw, access.Presenter{From: home})
	}
	accesstest.WantKind(t, "within 5 s", err, tepin.Unauthorized)
	// An application that this node has just registered is known to the other at once.
	_, late := r.person()
	if got, ok := second.Application(t.Context(), late.ClientID); !ok || got.ID != late.ID {
		t.Errorf("the other node does not know of an application: %+v", got)
	}
	if _, ok := second.Application(t.Context(), "app_unknown"); ok {
		t.Error("an application that nobody registered is known")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
