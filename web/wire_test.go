package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
)

func TestIfMatch(t *testing.T) {
	five := int64(5)
	for _, c := range []struct {
		header []string
		want   *int64
		kind   tepin.Kind
	}{
		{nil, nil, 0}, {[]string{"*"}, nil, 0}, {[]string{`"5"`}, &five, 0}, {[]string{`W/"5"`}, &five, 0},
		{[]string{`"5", "6"`}, nil, tepin.Invalid}, {[]string{`"5"`, `"6"`}, nil, tepin.Invalid},
		{[]string{`5`}, nil, tepin.Stale}, {[]string{`"abc"`}, nil, tepin.Stale}, {[]string{`"05"`}, nil, tepin.Stale}, {[]string{`"`}, nil, tepin.Stale},
		{[]string{""}, nil, 0}, {[]string{DetailedETag(5, []byte("shown"))}, &five, 0}, {[]string{"W/" + DetailedETag(5, nil)}, &five, 0},
		{[]string{`"5."`}, nil, tepin.Stale}, {[]string{`"5.00"`}, nil, tepin.Stale}, {[]string{`"5.x"`}, nil, tepin.Stale},
	} {
		r := request("PUT", "/", nil)
		r.Header["If-Match"] = c.header
		got, err := IfMatch(r)
		if !cmp.Equal(got, c.want) || (err != nil || c.kind != 0) && tepin.KindOf(err) != c.kind {
			t.Errorf("%q: %v, %v", c.header, got, err)
		}
	}
}

func TestNotModified(t *testing.T) {
	for _, c := range []struct {
		method, header string
		want           bool
	}{
		{"GET", ETag(5), true}, {"HEAD", ETag(5), true}, {"GET", `W/"5"`, true}, {"GET", `"4", W/"5"`, true}, {"GET", "*", true},
		{"GET", "", false}, {"GET", `"4"`, false}, {"GET", "5", false}, {"PUT", `"5"`, false}, {"GET", DetailedETag(5, nil), false},
	} {
		r := request(c.method, "/", nil)
		r.Header.Set("If-None-Match", c.header)
		if got := NotModified(r, 5); got != c.want {
			t.Errorf("%s %q: %v", c.method, c.header, got)
		}
	}
}

var (
	pageActor = tepin.Actor{Kind: tepin.ActorIntegration, ID: "i1"}
	pageList  = tepin.List{Limit: 10, SortBy: tepin.SortRelativePath, Desc: true, Search: "ab c", Folder: "/x/ÿ", Recursive: true,
		After: &tepin.Cursor{Folder: "/x", NameKey: []byte{0, 255, 'a'}, ID: "id"}}
)

func TestPageTokens(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	p := PageTokens{Key: bytes.Repeat([]byte{7}, 32), Now: func() time.Time { return now }}
	token := p.Seal("e1", pageActor, "templates", pageList)
	if again := p.Seal("e1", pageActor, "templates", pageList); again == token {
		t.Error("two seals are equal: the nonce repeats")
	}
	got, err := p.Open(token, "e1", pageActor, "templates")
	if err != nil || !cmp.Equal(got, pageList) {
		t.Fatalf("%v, %v", got, err)
	}
	stranger := tepin.Actor{Kind: tepin.ActorUser, ID: "i1"}
	other := PageTokens{Key: bytes.Repeat([]byte{8}, 32), Now: p.Now}
	for name, open := range map[string]func() (tepin.List, error){
		"other environment": func() (tepin.List, error) { return p.Open(token, "e2", pageActor, "templates") },
		"other actor":       func() (tepin.List, error) { return p.Open(token, "e1", stranger, "templates") },
		"other route":       func() (tepin.List, error) { return p.Open(token, "e1", pageActor, "media") },
		"other key":         func() (tepin.List, error) { return other.Open(token, "e1", pageActor, "templates") },
		"shifted parts": func() (tepin.List, error) {
			return p.Open(token, "e", tepin.Actor{Kind: "1" + pageActor.Kind, ID: "i1"}, "templates")
		},
		"changed": func() (tepin.List, error) { return p.Open(token[:len(token)-1], "e1", pageActor, "templates") },
		"empty":   func() (tepin.List, error) { return p.Open("", "e1", pageActor, "templates") },
		"huge":    func() (tepin.List, error) { return p.Open(strings.Repeat("A", 1<<20), "e1", pageActor, "templates") },
		"no cursor": func() (tepin.List, error) {
			return p.Open(p.Seal("e1", pageActor, "templates", tepin.List{}), "e1", pageActor, "templates")
		},
	} {
		if _, err := open(); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	now = now.Add(PageTokenLife)
	if _, err := p.Open(token, "e1", pageActor, "templates"); err != nil {
		t.Errorf("at its last second: %v", err)
	}
	now = now.Add(time.Second)
	if _, err := p.Open(token, "e1", pageActor, "templates"); tepin.KindOf(err) != tepin.Gone {
		t.Errorf("after 24 hours: %v", err)
	}
}

// No text opens but what was sealed under the key, and none makes Open fail otherwise.
func FuzzPageToken(f *testing.F) {
	p := PageTokens{Key: bytes.Repeat([]byte{7}, 32)}
	token := p.Seal("e1", pageActor, "templates", pageList)
	f.Add(token)
	f.Add(token[:40])
	f.Add("")
	f.Add("====")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := p.Open(text, "e1", pageActor, "templates")
		if err == nil && !cmp.Equal(list, pageList) {
			t.Errorf("%q opened as %v", text, list)
		}
		if err != nil && tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func tenant(b Blob, content string) Handler {
	b.Size = int64(len(content))
	b.Open = func(offset, length int64) (io.ReadCloser, error) {
		if offset+length > b.Size {
			return nil, errors.New("beyond the end")
		}
		return io.NopCloser(strings.NewReader(content[offset : offset+length])), nil
	}
	return func(w http.ResponseWriter, r *http.Request) error { return ServeTenant(w, r, b) }
}

// What tenants upload never runs or lays out in our origin (S14).
func TestTenantTypes(t *testing.T) {
	for _, c := range []struct {
		contentType, want, disposition string
		inline                         bool
	}{
		{"image/svg+xml", "application/octet-stream", "attachment", true},
		{"text/html", "application/octet-stream", "attachment", true},
		{"text/html; charset=utf-8", "application/octet-stream", "attachment", true},
		{"text/javascript", "application/octet-stream", "attachment", true},
		{"application/xhtml+xml", "application/octet-stream", "attachment", false},
		{"application/pdf", "application/pdf", "attachment", true},
		{"application/json", "application/json", "attachment", true},
		{"image/gif", "image/gif", "attachment", true},
		{"image/png", "image/png", "inline", true},
		{"image/png", "image/png", "attachment", false},
		{"", "application/octet-stream", "attachment", false},
	} {
		w, _ := serve(t, Stack{}, tenant(Blob{Name: "x", ContentType: c.contentType, Inline: c.inline}, "<script>alert(1)</script>"), request("GET", "/", nil))
		h := w.Header()
		if h.Get("Content-Type") != c.want || !strings.HasPrefix(h.Get("Content-Disposition"), c.disposition+";") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" {
			t.Errorf("%q: %v", c.contentType, h)
		}
	}
}

func TestFileNames(t *testing.T) {
	for name, want := range map[string]string{
		"a.pdf":                           `; filename="a.pdf"`,
		"":                                "",
		"../../etc/passwd":                `; filename="_.._etc_passwd"`,
		`C:\x"; evil=1.pdf`:               `; filename="C__x_; evil=1.pdf"`,
		"a\r\nSet-Cookie: x.pdf":          `; filename="a__Set-Cookie_ x.pdf"`,
		"Été 100%.pdf":                    `; filename="_t_ 100_.pdf"; filename*=UTF-8''%C3%89t%C3%A9%20100%25.pdf`,
		"gpj.\u202eexe":                   `; filename="gpj._exe"`,
		strings.Repeat("é", 300) + ".pdf": `; filename="` + strings.Repeat("_", 146) + `.pdf"; filename*=UTF-8''` + strings.Repeat("%C3%A9", 146) + ".pdf",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	const content = "0123456789"
	for _, c := range []struct {
		header, ifRange string
		status          int
		body, rng       string
	}{
		{"", "", 200, content, ""},
		{"bytes=0-3", "", 206, "0123", "bytes 0-3/10"},
		{"bytes=8-", "", 206, "89", "bytes 8-9/10"},
		{"bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"bytes=-30", "", 206, content, "bytes 0-9/10"},
		{"bytes=5-100", "", 206, "56789", "bytes 5-9/10"},
		{"bytes=0-3", `"1"`, 206, "0123", "bytes 0-3/10"},
		{"bytes=0-3", `"2"`, 200, content, ""},
		{"bytes=0-3, 5-6", "", 200, content, ""},
		{"bytes=3-1", "", 200, content, ""},
		{"bytes=a-b", "", 200, content, ""},
		{"bytes=-9223372036854775808", "", 200, content, ""},
		{"bytes=99999999999999999999-", "", 200, content, ""},
		{"lines=0-1", "", 200, content, ""},
		{"bytes=10-", "", 416, "", "bytes */10"},
		{"bytes=-0", "", 416, "", "bytes */10"},
	} {
		r := request("GET", "/", nil)
		r.Header.Set("Range", c.header)
		r.Header.Set("If-Range", c.ifRange)
		w, _ := serve(t, Stack{}, tenant(Blob{Name: "x.png", ContentType: "image/png", ETag: `"1"`}, content), r)
		if w.Code != c.status || c.status != 416 && w.Body.String() != c.body || w.Header().Get("Content-Range") != c.rng {
			t.Errorf("%s: %d %q %v", c.header, w.Code, w.Body, w.Header())
		}
	}
	w, _ := serve(t, Stack{}, tenant(Blob{Name: "x.png", ContentType: "image/png"}, content), request("HEAD", "/", nil))
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "10" {
		t.Errorf("HEAD: %d %q %v", w.Code, w.Body, w.Header())
	}
}

// A file that is shorter than its record must not look whole.
func TestTruncatedBlob(t *testing.T) {
	b := Blob{Name: "x", Size: 10, Open: func(int64, int64) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("short")), nil }}
	_, events := serve(t, Stack{}, Handler(func(w http.ResponseWriter, r *http.Request) error { return ServeTenant(w, r, b) }), request("GET", "/", nil))
	if e, _ := events[0]["error"].(string); !strings.Contains(e, "5 of 10 bytes") {
		t.Errorf("logged %v", events[0])
	}
}

func TestCheckOrigin(t *testing.T) {
	for _, c := range []struct {
		site, origin string
		ok           bool
	}{
		{"same-origin", "", true}, {"same-origin", "https://evil.example", true},
		{"cross-site", "http://localhost:8080", false}, {"same-site", "", false}, {"none", "", false},
		{"", "http://localhost:8080", true}, {"", "HTTP://LOCALHOST:8080", true},
		{"", "http://localhost", false}, {"", "https://localhost:8080", false}, {"", "null", false}, {"", "", false},
	} {
		r := request("POST", "/", nil)
		r.Header.Set("Sec-Fetch-Site", c.site)
		r.Header.Set("Origin", c.origin)
		if err := CheckOrigin(r); (err == nil) != c.ok {
			t.Errorf("Sec-Fetch-Site %q, Origin %q: %v", c.site, c.origin, err)
		}
		r.Header.Set("X-CSRF-Token", "right")
		if err := CheckSameOrigin(r, "right"); (err == nil) != c.ok {
			t.Errorf("with CSRF token: %v", err)
		}
		for _, csrf := range []string{"wrong", ""} {
			if CheckSameOrigin(r, csrf) == nil {
				t.Errorf("the CSRF token of another session passed")
			}
		}
	}
	if err := CheckSameOrigin(httptest.NewRequest("GET", "/", nil), ""); err != nil {
		t.Errorf("reading needs no proof: %v", err)
	}
}
