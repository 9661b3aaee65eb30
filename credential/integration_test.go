package credential_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

func TestIntegrationTexts(t *testing.T) {
	r := newRig(t)
	ptr := func(s string) *string { return &s }
	for _, tt := range []struct {
		name, description string
		want              tepin.Integration // what is stored; empty name = refused
		refused           []string          // fields
	}{
		{name: "Web shop", description: "Sells", want: tepin.Integration{Name: "Web shop", Description: "Sells"}},
		{name: "  padded\t ", want: tepin.Integration{Name: "padded"}},
		{name: strings.Repeat("x", 20), want: tepin.Integration{Name: strings.Repeat("x", 20)}},
		{name: strings.Repeat("é", 20), want: tepin.Integration{Name: strings.Repeat("é", 20)}},
		{name: strings.Repeat("a\u0301", 20), want: tepin.Integration{Name: strings.Repeat("á", 20)}}, // counted after NFC
		{name: strings.Repeat("😀", 20), want: tepin.Integration{Name: strings.Repeat("😀", 20)}},
		{name: strings.Repeat("x", 21), refused: []string{"name"}},
		{name: "", refused: []string{"name"}},
		{name: "   ", refused: []string{"name"}},
		{name: "\u200b\u200d", refused: []string{"name"}}, // nothing to see
		{name: "two\nlines", refused: []string{"name"}},
		{name: "bell\a", refused: []string{"name"}},
		{name: "\xff", refused: []string{"name"}},
		{name: "exe\u202egpj", refused: []string{"name"}}, // shown as "exejpg"
		{name: "פרויקט", want: tepin.Integration{Name: "פרויקט"}},
		{name: "desc", description: strings.Repeat("x", 140), want: tepin.Integration{Name: "desc", Description: strings.Repeat("x", 140)}},
		{name: "desc2", description: strings.Repeat("x", 141), refused: []string{"description"}},
		{name: "", description: "\x00", refused: []string{"description", "name"}},
	} {
		in, secret, err := r.CreateIntegration(t.Context(), admin, tepin.Integration{EnvironmentID: r.env.ID, Name: tt.name, Description: tt.description})
		if tt.want.Name == "" {
			wantKind(t, err, tepin.Invalid)
			wantFields(t, err, tt.refused)
			u := tepin.IntegrationUpdate{Name: ptr(tt.name), Description: ptr(tt.description)}
			_, err := r.UpdateIntegration(t.Context(), admin, r.env.ID, tepin.NewID[tepin.IntegrationID](), u)
			wantFields(t, err, tt.refused) // the same rules for changes, before any row is looked at
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.name, err)
			continue
		}
		if in.Name != tt.want.Name || in.Description != tt.want.Description || !in.Enabled {
			t.Errorf("%q: made %+v", tt.name, in)
		}
		if !r.works(in, secret) {
			t.Errorf("%q: the secret does not work", tt.name)
		}
	}
	_, _, err := r.CreateIntegration(t.Context(), admin, tepin.Integration{EnvironmentID: r.env.ID, Name: "WEB SHOP"})
	wantKind(t, err, tepin.Conflict)
	wantFields(t, err, []string{"name"})
	_, _, err = r.CreateIntegration(t.Context(), admin, tepin.Integration{EnvironmentID: tepin.NewID[tepin.EnvironmentID](), Name: "Lost"})
	wantKind(t, err, tepin.NotFound)
}

func wantFields(t *testing.T, err error, want []string) {
	t.Helper()
	got := map[string]bool{}
	for field, message := range credential.Refusals(err) {
		got[field] = true
		if message == "" {
			t.Errorf("%s: no message", field)
		}
	}
	wanted := map[string]bool{}
	for _, field := range want {
		wanted[field] = true
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("%v: refused fields: %s", err, diff)
	}
}

// P1: the secret is nowhere in the database.
func TestSecretIsNotStored(t *testing.T) {
	r := newRig(t)
	in, secret := r.integration("Shop")
	rows, err := r.store.Secrets(t.Context(), r.env.ID, in.ID)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	row := rows[0]
	if row.LastFour != secret[len(secret)-4:] || row.CreatedBy != "Ada" || len(row.MAC) != 32 {
		t.Errorf("row %+v", row)
	}
	if strings.Contains(string(row.MAC), secret[9:20]) {
		t.Error("the row holds the secret")
	}
	entries, err := r.store.AuditEntries(t.Context(), string(r.env.ID), 0, 100)
	if err != nil || len(entries) == 0 {
		t.Fatalf("no audit: %v", err)
	}
	for _, e := range entries {
		if strings.Contains(e.Detail, secret) || strings.Contains(e.Detail, secret[9:]) {
			t.Errorf("the audit log holds the secret: %s", e.Detail)
		}
	}
}

func TestRotate(t *testing.T) {
	for _, tt := range []struct {
		name    string
		overlap time.Duration
		now     bool // the old secret works right after
		later   bool // and 59 minutes later
	}{
		{"at once", 0, false, false},
		{"half an hour", 30 * time.Minute, true, false},
		{"an hour", time.Hour, true, true},
		{"the longest", credential.MaxOverlap, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			in, old := r.integration("Shop")
			r.clock.Advance(time.Minute)
			made, fresh, err := r.Rotate(t.Context(), admin, r.env.ID, in.ID, tt.overlap, credential.SecretOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if fresh == old || made.LastFour != fresh[len(fresh)-4:] || !strings.HasPrefix(fresh, "tpn_test_") {
				t.Errorf("made %+v", made)
			}
			if !r.works(in, fresh) || r.works(in, old) != tt.now {
				t.Errorf("right after: old works %v", r.works(in, old))
			}
			r.clock.Advance(59 * time.Minute)
			if !r.works(in, fresh) || r.works(in, old) != tt.later {
				t.Errorf("59 minutes later: old works %v", r.works(in, old))
			}
		})
	}
}

func TestRotateRefusals(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Shop")
	for _, overlap := range []time.Duration{-time.Second, credential.MaxOverlap + time.Second} {
		_, _, err := r.Rotate(t.Context(), admin, r.env.ID, in.ID, overlap, credential.SecretOptions{})
		wantFields(t, err, []string{"overlap"})
	}
	for range tepin.MaxLiveSecrets - 1 {
		if _, _, err := r.Rotate(t.Context(), admin, r.env.ID, in.ID, time.Hour, credential.SecretOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := r.Rotate(t.Context(), admin, r.env.ID, in.ID, time.Hour, credential.SecretOptions{})
	wantKind(t, err, tepin.Conflict)
	if _, _, err := r.Rotate(t.Context(), admin, r.env.ID, in.ID, 0, credential.SecretOptions{}); err != nil {
		t.Errorf("ending all others at once makes room: %v", err)
	}
	_, _, err = r.Rotate(t.Context(), admin, r.env.ID, tepin.NewID[tepin.IntegrationID](), 0, credential.SecretOptions{})
	wantKind(t, err, tepin.NotFound)
}

// Each of these bites on this node before the call returns (P5).
func TestEndings(t *testing.T) {
	yes, no := true, false
	r := newRig(t)
	in, secret := r.integration("Shop")
	authenticate := func() error {
		_, err := r.access.Authenticate(t.Context(), in.ClientID, secret, home)
		return err
	}
	if err := authenticate(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Enabled: &no}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, authenticate(), tepin.Unauthorized)
	if _, err := r.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Enabled: &yes}); err != nil {
		t.Fatal(err)
	}
	if err := authenticate(); err != nil {
		t.Error(err)
	}
	secrets, err := r.store.Secrets(t.Context(), r.env.ID, in.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteSecret(t.Context(), admin, r.env.ID, in.ID, secrets[0].ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, authenticate(), tepin.Unauthorized)
	if _, secret, err = r.Rotate(t.Context(), admin, r.env.ID, in.ID, 0, credential.SecretOptions{}); err != nil || authenticate() != nil {
		t.Errorf("a new secret after the last was removed: %v, %v", err, authenticate())
	}
	if err := r.DeleteIntegration(t.Context(), admin, r.env.ID, in.ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, authenticate(), tepin.Unauthorized)
	wantKind(t, r.DeleteIntegration(t.Context(), admin, r.env.ID, in.ID), tepin.NotFound)
}

func TestTwoEditors(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Shop")
	mine, theirs := "Mine", "Theirs"
	if _, err := r.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Name: &theirs, IfVersion: &in.Version}); err != nil {
		t.Fatal(err)
	}
	_, err := r.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Name: &mine, IfVersion: &in.Version})
	wantKind(t, err, tepin.Stale)
}

func TestEnvironment(t *testing.T) {
	r := newRig(t)
	good := tepin.Environment{SubscriptionID: r.env.SubscriptionID, Name: "Fresh", TechnicalName: "fresh", Type: tepin.Production}
	for _, tt := range []struct {
		name    string
		change  func(*tepin.Environment)
		refused []string
	}{
		{"no name", func(e *tepin.Environment) { e.Name = " " }, []string{"name"}},
		{"long name", func(e *tepin.Environment) { e.Name = strings.Repeat("x", 101) }, []string{"name"}},
		{"capital", func(e *tepin.Environment) { e.TechnicalName = "Fresh" }, []string{"technicalName"}},
		{"reserved", func(e *tepin.Environment) { e.TechnicalName = "settings" }, []string{"technicalName"}},
		{"taken", func(e *tepin.Environment) { e.TechnicalName = "demo" }, []string{"technicalName"}},
		{"type", func(e *tepin.Environment) { e.Type = "live" }, []string{"type"}},
		{"algorithm", func(e *tepin.Environment) { e.SigningAlg = "none" }, []string{"signingAlg"}},
		{"short", func(e *tepin.Environment) { e.TokenLifetime = time.Minute }, []string{"tokenLifetime"}},
		{"long", func(e *tepin.Environment) { e.TokenLifetime = 25 * time.Hour }, []string{"tokenLifetime"}},
		{"fraction", func(e *tepin.Environment) { e.TokenLifetime = time.Hour + time.Millisecond }, []string{"tokenLifetime"}},
		{"all", func(e *tepin.Environment) { *e = tepin.Environment{} }, []string{"name", "technicalName", "type"}},
	} {
		e := good
		tt.change(&e)
		_, err := r.CreateEnvironment(t.Context(), admin, e)
		if err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
		wantFields(t, err, tt.refused)
	}
	e, err := r.CreateEnvironment(t.Context(), admin, good)
	if err != nil || e.SigningAlg != "ES256" || e.TokenLifetime != 24*time.Hour {
		t.Errorf("%+v, %v", e, err)
	}
	name, lifetime, alg := "Renamed", 5*time.Minute, "RS256"
	version := e.Version
	u := tepin.EnvironmentUpdate{Name: &name, TokenLifetime: &lifetime, SigningAlg: &alg, IfVersion: &version}
	if e, err = r.UpdateEnvironment(t.Context(), admin, e.ID, u); err != nil || e.Name != name || e.TokenLifetime != lifetime || e.SigningAlg != alg {
		t.Errorf("%+v, %v", e, err)
	}
	_, err = r.UpdateEnvironment(t.Context(), admin, e.ID, u)
	wantKind(t, err, tepin.Stale)
	if cached, ok := r.access.Environment("FRESH"); !ok || cached.TokenLifetime != lifetime {
		t.Errorf("the directory still has %+v", cached)
	}
	long := 48 * time.Hour
	_, err = r.UpdateEnvironment(t.Context(), admin, e.ID, tepin.EnvironmentUpdate{TokenLifetime: &long})
	wantFields(t, err, []string{"tokenLifetime"})
}
