package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// A repeated token request through the whole stack, without the network.
func BenchmarkRepeatedToken(b *testing.B) {
	r := newRig(b)
	in, secret := r.Integration(r.env, tepin.AllScopes...)
	body := credentialsForm(in, secret)
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest("POST", "http://localhost/oauth/token", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
