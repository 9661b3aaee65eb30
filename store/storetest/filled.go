package storetest

import (
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Filled opens the empty database of url with an environment that f has filled; f learns
// its id.
func Filled(t testing.TB, url string, f *Fill) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, AuditKey: AuditKey})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := s.FirstSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "S"})
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "E", TechnicalName: "filled"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f.Environment = env.ID
	if err := FillInto(t.Context(), url, *f); err != nil {
		t.Fatal(err)
	}
	return Open(t, store.Options{URL: url})
}
