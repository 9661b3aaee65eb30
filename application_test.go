package tepin

import (
	"strings"
	"testing"
)

func TestParseRedirectURI(t *testing.T) {
	for _, good := range []string{
		"https://shop.example", "https://shop.example/", "https://shop.example:8443/a/b?c=d", "http://localhost/cb", "http://localhost:3000",
		"http://127.0.0.1:1/cb", "http://127.9.9.9/", "http://[::1]:3000/cb", "https://shop.example/a%20b", "https://xn--bcher-kva.example/",
	} {
		if got, err := ParseRedirectURI(good); err != nil || got != good {
			t.Errorf("%s: %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", "shop.example", "/callback", "//shop.example/", "http://shop.example/", "https:shop.example", "https:///cb", "https://:443/", "https://shop.example/#", "https://shop.example/#x",
		"https://*.shop.example/", "https://shop.example/*", "https://a:b@shop.example/", "https://a@shop.example/", "ftp://localhost/", "javascript:alert(1)", "data:text/html,x",
		"com.example.app:/cb", "https://shop.example/a b", "https://shop.example/\r\nX: y", "https://shop.example/\x00", "https://shop.example\\@evil.example/", "https://büch.er/",
		"http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "http://0.0.0.0/", "http://192.168.0.1/", "https://shop.example/" + strings.Repeat("x", MaxRedirectURI), `https://shop.example/"><script>`,
	} {
		if got, err := ParseRedirectURI(bad); KindOf(err) != Invalid {
			t.Errorf("%q is taken as %q", bad, got)
		}
	}
}

func TestRedirects(t *testing.T) {
	a := Application{RedirectURIs: []string{"https://shop.example/cb", "http://127.0.0.1/cb?x=1", "http://[::1]:1/", "http://localhost:3000"}}
	for uri, want := range map[string]bool{
		"https://shop.example/cb":                          true,
		"https://shop.example/cb/":                         false,
		"https://shop.example/cb?":                         false,
		"https://shop.example/cb?x":                        false,
		"https://shop.example:443/cb":                      false,
		"https://shop.example/CB":                          false,
		"https://SHOP.example/cb":                          false,
		"https://shop.example/%63b":                        false,
		"https://shop.example/x/../cb":                     false,
		"https://shop.example.evil.example/cb":             false,
		"https://shop.example@evil.example/cb":             false,
		"http://shop.example/cb":                           false,
		"http://127.0.0.1/cb?x=1":                          true,
		"http://127.0.0.1:49152/cb?x=1":                    true,
		"http://127.0.0.1:49152/cb?x=2":                    false,
		"http://127.0.0.1:49152/cb":                        false,
		"http://127.0.0.1:49152/%63b?x=1":                  false,
		"http://127.0.0.1:99999999/cb?x=1#":                false,
		"http://127.0.0.2:49152/cb?x=1":                    false,
		"http://localhost:49152/cb?x=1":                    false,
		"http://127.0.0.1:@evil.example/cb?x=1":            false,
		"http://127.0.0.1:80@evil.example/cb?x=1":          false,
		"http://[::1]:2/":                                  true,
		"http://[::1]/":                                    true,
		"http://localhost:4000":                            true,
		"http://localhost:4000/":                           false,
		"https://localhost:3000":                           false,
		"":                                                 false,
		"http://127.0.0.1:49152\\@evil.example/cb?x=1":     false,
		"http://127.0.0.1:49152/cb?x=1\r\nSet-Cookie: a=b": false,
	} {
		if got := a.Redirects(uri); got != want {
			t.Errorf("%q: %t", uri, got)
		}
	}
}

// A person's id can never be taken for a client's (S7), and first parties keep to what
// they are for.
func TestClientIDs(t *testing.T) {
	seen := map[ClientID]bool{}
	for _, a := range FirstParty {
		if IsID(string(a.ClientID)) || strings.HasPrefix(string(a.ClientID), "int_") || strings.HasPrefix(string(a.ClientID), "app_") || seen[a.ClientID] {
			t.Errorf("client id %s", a.ClientID)
		}
		seen[a.ClientID] = true
		if a.ID != "" || a.EnvironmentID != "" || a.Reach == ReachEnvironment || a.Name == "" {
			t.Errorf("%+v", a)
		}
	}
	if id := NewApplicationClientID(); IsID(string(id)) || len(id) != 26 || !strings.HasPrefix(string(id), "app_") {
		t.Errorf("client id %s", id)
	}
}

func TestPersonScopes(t *testing.T) {
	for asked, want := range map[string]string{
		"":               "",
		"openid profile": "openid profile",
		"offline_access email  profile openid openid": "openid profile email offline_access",
		"openid magic template:read OPENID":           "openid template:read",
		"template:list template:read":                 "template:read template:list",
	} {
		got := AskedScopes(asked)
		if got.String() != want {
			t.Errorf("%q is granted as %q", asked, got)
		}
		if again, err := ParsePersonScopes(got.String()); err != nil || again != got {
			t.Errorf("%q is read back as %q, %v", got, again, err)
		}
	}
	if set, err := ParsePersonScopes("openid magic"); KindOf(err) != Invalid || set != (PersonScopes{}) {
		t.Errorf("an unknown scope: %v, %v", set, err)
	}
	if s := AskedScopes("openid email"); !s.Identity.Has(OpenID|Email) || s.Identity.Has(Profile) {
		t.Errorf("%v", s)
	}
}

// Where people are sent back to is never anything that a browser reads otherwise.
func FuzzRedirectURI(f *testing.F) {
	for _, s := range []string{"https://shop.example/cb", "http://127.0.0.1:1/cb?x=1", "http://[::1]/", "https://a@b/", "https://a\\b/", "http://localhost:x/"} {
		f.Add(s)
	}
	own := Application{RedirectURIs: []string{"https://shop.example/cb", "http://127.0.0.1/cb", "http://[::1]:80/cb?x=1"}}
	f.Fuzz(func(t *testing.T, s string) {
		_, err := ParseRedirectURI(s)
		if err == nil && (strings.ContainsAny(s, "#*\\\r\n\t \"<>\x00") || !strings.HasPrefix(s, "http") || strings.Contains(strings.Split(s, "/")[2], "@")) {
			t.Errorf("%q is taken", s)
		}
		if !own.Redirects(s) {
			return
		}
		if err != nil || s != "https://shop.example/cb" && !strings.HasPrefix(s, "http://127.0.0.1") && !strings.HasPrefix(s, "http://[::1]") {
			t.Errorf("%q is redirected to, %v", s, err)
		}
	})
}

// What is granted says so in words that are read back as the same.
func FuzzPersonScopes(f *testing.F) {
	for _, s := range []string{"", "openid profile", "openid  template:read magic", "OPENID", "offline_access\ttemplate:read"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set := AskedScopes(text)
		if again, err := ParsePersonScopes(set.String()); err != nil || again != set {
			t.Errorf("%q is granted as %q, which is read as %q, %v", text, set, again, err)
		}
		for word := range strings.SplitSeq(set.String(), " ") {
			if word != "" && !strings.Contains(" "+text+" ", " "+word+" ") {
				t.Errorf("%q is granted %s", text, word)
			}
		}
	})
}
