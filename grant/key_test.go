package grant

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// S4: two different requests never share a key. The audiences are the one field that
// is made of several; the others stand in the key as they are.
func FuzzKey(f *testing.F) {
	f.Add("https://a", "https://b", "e", "i", "s", uint32(1), "https://a", "https://b", "e", "i", "s", uint32(1))
	f.Add("a", "b", "e", "i", "s", uint32(1), "a b", "", "e", "i", "s", uint32(1))
	f.Add("a", "b", "ei", "", "s", uint32(1), "b", "a", "e", "i", "s", uint32(1))
	f.Fuzz(func(t *testing.T, a1, b1, env1, in1, sec1 string, scopes1 uint32, a2, b2, env2, in2, sec2 string, scopes2 uint32) {
		make := func(a, b, env, in, secret string, scopes uint32) (Request, map[string]bool, error) {
			audience, err := NewAudience(a, b)
			return Request{Scopes: tepin.Scopes(scopes), Audience: audience, Client: access.Client{
				Environment: &tepin.Environment{ID: tepin.EnvironmentID(env), TokenLifetime: time.Hour}, Credential: tepin.CredentialID(secret),
				Integration: &tepin.Integration{ID: tepin.IntegrationID(in)}}}, map[string]bool{a: true, b: true}, err
		}
		first, set1, err1 := make(a1, b1, env1, in1, sec1, scopes1)
		second, set2, err2 := make(a2, b2, env2, in2, sec2, scopes2)
		if err1 != nil || err2 != nil {
			return
		}
		key1, key2 := keyOf(first), keyOf(second)
		same := env1 == env2 && in1 == in2 && sec1 == sec2 && scopes1 == scopes2 && maps.Equal(set1, set2)
		if (key1 == key2) != same {
			t.Errorf("%+v and %+v: same key %t, same request %t", first, second, key1 == key2, same)
		}
		if back := strings.Split(key1.Audience, " "); !slices.Equal(back, slices.Sorted(maps.Keys(set1))) {
			t.Errorf("the audiences %v come back as %v", set1, back)
		}
	})
}

// Memory never holds more than its bounds, for one client and in all.
func TestMemoryBounds(t *testing.T) {
	var m memory
	at := time.Unix(0, 0)
	put := func(in, secret int) tepin.GrantKey {
		key := tepin.GrantKey{IntegrationID: tepin.IntegrationID(rune('a' + in)), SecretID: tepin.CredentialID(rune('a' + secret))}
		at = at.Add(time.Second)
		m.put(signed{grant: tepin.Grant{Key: key, IssuedAt: at}})
		return key
	}
	first := put(0, 0)
	for n := range perClient {
		put(0, n+1)
	}
	if _, ok := m.get(first); ok || m.size != perClient {
		t.Errorf("after %d tokens of one client: %d kept, the oldest among them %t", perClient+1, m.size, ok)
	}
	for in := range inAll {
		put(in, 0)
		put(in, 1)
	}
	total := 0
	for _, tokens := range m.clients {
		total += len(tokens)
	}
	if total != m.size || total > inAll {
		t.Errorf("%d tokens kept, counted as %d, want at most %d", total, m.size, inAll)
	}
	last := put(1, 1)
	if _, ok := m.get(last); !ok {
		t.Error("the newest token is not kept")
	}
}
