package grant_test

import (
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// The end of a sign-in that this node cannot read back is done, and until the node knows
// of it, it lets nobody in by what it knew before (S3).
func TestUnreadEndOfLogin(t *testing.T) {
	url := storetest.Postgres(t)
	open := func() *store.Store {
		return storetest.Open(t, store.Options{URL: url, AuditKey: make([]byte, 32)})
	}
	writes, reads := open(), open()
	accesstest.AddKey(t, writes, token.ES256)
	user, err := writes.CreateUser(t.Context(), tepin.System, tepin.User{Email: "ada@example.com", Administrator: true})
	if err != nil {
		t.Fatal(err)
	}
	session := tepin.Session{Hash: []byte("session"), UserID: user.ID, ExpiresAt: time.Now().Add(time.Hour)}
	if err := writes.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	directory := accesstest.Bare(t, reads, time.Now)
	people := grant.NewPeople(grant.PeopleOptions{Store: writes, Access: directory, PublicURL: accesstest.BareURL, CodeKey: []byte("key")})
	application := tepin.FirstParty[0]
	const verifier, callback = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "http://127.0.0.1/"
	code, err := people.Consent(t.Context(), grant.Person{User: user, Session: session.Hash, SignedInAt: time.Now(), From: accesstest.Home}, grant.AuthorizationRequest{
		Application: application, RedirectURI: callback, Scopes: tepin.PersonScopes{Identity: tepin.OfflineAccess}, Audience: grant.Audience(accesstest.BareURL),
		Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", // RFC 7636 App. B
	})
	if err != nil {
		t.Fatal(err)
	}
	by := access.Presenter{From: accesstest.Home}
	tokens, err := people.Redeem(t.Context(), grant.Redemption{Application: application, Code: code, RedirectURI: callback, Verifier: verifier, By: by})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Bearer(tokens.Access, by); err != nil {
		t.Fatal(err)
	}
	if err := reads.Close(); err != nil {
		t.Fatal(err)
	}
	accesstest.WantKind(t, "the end", people.End(t.Context(), application, tokens.Refresh), tepin.Unavailable)
	_, err = directory.Bearer(tokens.Access, by)
	accesstest.WantKind(t, "the access token afterwards", err, tepin.Unavailable)
}
