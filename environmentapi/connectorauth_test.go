package environmentapi_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tepin/tepin"
)

// tokenHost is an upstream with a token endpoint: each token is a new one, and only the
// newest is good.
type tokenHost struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []url.Values // of the token endpoint
	types  []string
	basic  []string
	good   string
	count  atomic.Int64
	life   any
	answer func(w http.ResponseWriter, r *http.Request, form url.Values) bool // true = it has answered
}

func newTokenHost(t *testing.T) *tokenHost {
	h := &tokenHost{life: 3600}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", h.token)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+h.good {
			w.WriteHeader(401)
		}
		_, _ = io.Copy(w, r.Body)
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *tokenHost) token(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	form := url.Values{}
	if strings.Contains(r.Header.Get("Content-Type"), "json") {
		var members map[string]string
		_ = json.Unmarshal(raw, &members)
		for name, value := range members {
			form.Set(name, value)
		}
	} else {
		form, _ = url.ParseQuery(string(raw))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	h.asked, h.types, h.basic = append(h.asked, form), append(h.types, r.Header.Get("Content-Type")), append(h.basic, id+":"+secret)
	if h.answer != nil && h.answer(w, r, form) {
		return
	}
	h.good = fmt.Sprintf("t%d", h.count.Add(1))
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": h.good, "token_type": "bearer", "expires_in": h.life, "refresh_token": "r" + h.good})
}

// last is what the token endpoint was asked last.
func (h *tokenHost) last() (url.Values, string, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.asked) - 1
	return h.asked[n], h.types[n], h.basic[n]
}

func TestConnectorClientCredentials(t *testing.T) {
	s := newServer(t)
	ada, up := s.administrator(), newTokenHost(t)
	id := s.published(ada, nil)
	proxy := "/connectors/" + id + "/proxy"
	body := map[string]any{"usage": "browser", "name": "cc", "clientId": "me", "clientSecret": "geheim", "scope": "a b", "tokenEndpoint": up.URL + "/token"}
	set := func() {
		t.Helper()
		s.do("PUT", "/connectors/"+id+"/auth/oauth-client-credentials", call{token: ada, body: body}).want(t, 204, nil)
	}
	set()
	// Of many that come at once, one asks for the token.
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			r, err := s.try("GET", proxy, through(up.URL))
			if err != nil || r.StatusCode != 200 {
				t.Error(err, r.StatusCode)
			}
		})
	}
	all.Wait()
	if n := up.count.Load(); n != 1 {
		t.Errorf("%d tokens were asked for", n)
	}
	if form, kind, _ := up.last(); form.Encode() != "client_id=me&client_secret=geheim&grant_type=client_credentials&scope=a+b" || kind != "application/x-www-form-urlencoded" {
		t.Errorf("%s as %s", form.Encode(), kind)
	}
	// It is renewed before its end.
	s.ahead = 59*time.Minute + 30*time.Second
	s.do("GET", proxy, through(up.URL)).want(t, 200, nil)
	if n := up.count.Load(); n != 2 {
		t.Errorf("%d tokens near the end", n)
	}
	// One that was taken back is replaced once; the body is sent again.
	up.mu.Lock()
	up.good = "another"
	up.mu.Unlock()
	c := through(up.URL)
	c.body = `{"q":1}`
	if r := s.do("POST", proxy, c).want(t, 200, nil); string(r.body) != `{"q":1}` {
		t.Errorf("%s", r.body)
	}
	if n := up.count.Load(); n != 3 {
		t.Errorf("%d tokens after the 401", n)
	}
	// A credential that is given anew has no old tokens.
	set()
	s.do("GET", proxy, through(up.URL)).want(t, 200, nil)
	if n := up.count.Load(); n != 4 {
		t.Errorf("%d tokens after the change", n)
	}
	// The endpoint may want the secret in a header.
	up.mu.Lock()
	up.answer = func(w http.ResponseWriter, _ *http.Request, form url.Values) bool {
		if form.Get("client_secret") == "" {
			return false
		}
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"you sent geheim"}`)
		return true
	}
	up.mu.Unlock()
	set()
	s.do("GET", proxy, through(up.URL)).want(t, 200, nil)
	if _, _, basic := up.last(); basic != "me:geheim" {
		t.Errorf("basic %s", basic)
	}
	// Refusals and broken answers show nothing of the secret.
	for name, c := range map[string]struct {
		status int
		answer string
		want   int
	}{
		"refused":       {400, `{"error":"invalid_scope","error_description":"geheim"}`, 401},
		"no token":      {200, `{"token_type":"bearer"}`, 503},
		"another type":  {200, `{"access_token":"x","token_type":"mac"}`, 503},
		"with a line":   {200, `{"access_token":"x\r\nEvil: 1","token_type":"bearer"}`, 503},
		"not JSON":      {200, `geheim`, 503},
		"away":          {500, `geheim`, 503},
		"redirects":     {302, ``, 503},
		"much too long": {200, `{"access_token":"` + strings.Repeat("x", 300<<10) + `"}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			up.mu.Lock()
			up.answer = func(w http.ResponseWriter, _ *http.Request, _ url.Values) bool {
				w.Header().Set("Location", "http://127.0.0.2/")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
				return true
			}
			before := len(up.asked)
			up.mu.Unlock()
			set()
			r := s.do("GET", proxy, through(up.URL)).want(t, c.want, nil)
			if strings.Contains(string(r.body), "geheim") || c.want == 401 && r.Header.Get("X-GRAFX-UNAUTHORIZED") != "OAuthClientCredentials, "+id {
				t.Errorf("%v %s", r.Header, r.body)
			}
			s.do("GET", proxy, through(up.URL)).want(t, c.want, nil) // it is left alone for a while
			if asked := len(up.asked) - before; asked > 1 {
				t.Errorf("the endpoint was asked %d times", asked)
			}
		})
	}
}

func TestConnectorPassword(t *testing.T) {
	s := newServer(t)
	ada, up := s.administrator(), newTokenHost(t)
	id := s.published(ada, nil)
	s.do("PUT", "/connectors/"+id+"/auth/oauth-resource-owner-password", call{token: ada, body: map[string]any{"usage": "browser", "clientId": "me", "clientSecret": "geheim", "username": "u", "password": "p",
		"bodyFormat": "applicationJson", "authorizationServerMetadata": map[string]any{"token_endpoint": up.URL + "/token", "issuer": "x", "token_endpoint_auth_methods_supported": []string{"client_secret_basic"}}}}).want(t, 204, nil)
	s.do("GET", "/connectors/"+id+"/proxy", through(up.URL)).want(t, 200, nil)
	form, kind, basic := up.last()
	if form.Encode() != "grant_type=password&password=p&username=u" || kind != "application/json" || basic != "me:geheim" {
		t.Errorf("%s %s %s", form.Encode(), kind, basic)
	}
	var auth struct{ Data []struct{ Name string } }
	s.do("GET", "/connectors/"+id+"/auth", call{token: ada}).want(t, 200, &auth)
	if len(auth.Data) != 1 || auth.Data[0].Name != id+"-browser-oAuth2ResourceOwnerPassword" {
		t.Errorf("%+v", auth)
	}
}

func TestConnectorJWTBearer(t *testing.T) {
	s := newServer(t)
	ada, up := s.administrator(), newTokenHost(t)
	id := s.published(ada, nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	for _, private := range []string{
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), "\n", `\n`),
	} {
		s.do("PUT", "/connectors/"+id+"/auth/oauth-jwt-bearer", call{token: ada, body: map[string]any{"usage": "browser", "tokenEndpoint": up.URL + "/token", "jwtTokenParamName": "assertion",
			"signatureConfig": map[string]any{"algorithm": "RS256", "privateKey": private}, "jwtPayload": map[string]any{"iss": "me", "aud": "there", "deep": map[string]any{"a": 1}},
			"requestBodyParams": map[string]string{"client_id": "me"}}}).want(t, 204, nil)
		s.do("GET", "/connectors/"+id+"/proxy", through(up.URL)).want(t, 200, nil)
		form, _, _ := up.last()
		signed, err := jwt.ParseSigned(form.Get("assertion"), []jose.SignatureAlgorithm{jose.RS256})
		check(t, err)
		var claims struct {
			jwt.Claims
			Deep map[string]any `json:"deep"`
		}
		check(t, signed.Claims(&key.PublicKey, &claims))
		if claims.Issuer != "me" || claims.Deep["a"] != 1.0 || claims.ID == "" || claims.Expiry.Time().Sub(claims.IssuedAt.Time()) != 5*time.Minute ||
			form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || form.Get("client_id") != "me" {
			t.Errorf("%+v %v", claims, form)
		}
	}
}

// A person signs in to the upstream, works with their own token, which is renewed, and signs
// out; nobody else's browser, person or connector gets in between.
func TestConnectorSignIn(t *testing.T) {
	s := newServer(t)
	adminToken, up := s.administrator(), newTokenHost(t)
	who, cookie := s.SignedIn("grace@example.org")
	editor := s.Application(s.env, "Editor", "https://editor.example/")
	grace := s.PersonTokens(who, editor, "", "openid").Access
	_, mallory := s.SignedIn("mallory@example.org")
	id, another := s.published(adminToken, nil), s.published(adminToken, nil)
	for _, each := range []string{id, another} {
		s.do("PUT", "/connectors/"+each+"/auth/oauth-authorization-code", call{token: adminToken, body: map[string]any{"usage": "browser", "clientId": "me", "clientSecret": "geheim", "scope": "read",
			"authorizationServerMetadata": map[string]any{"authorization_endpoint": "https://login.example/authorize?tenant=1", "token_endpoint": up.URL + "/token", "token_endpoint_auth_methods_supported": []string{"client_secret_post"}},
			"specCustomization":           map[string]any{"codeParameterName": "auth_code", "requestContentType": "formUrlEncoded"}}}).want(t, 204, nil)
	}
	proxy := "/connectors/" + id + "/proxy"
	for _, token := range []string{grace, s.all} {
		c := through(up.URL)
		c.token = token
		if r := s.do("GET", proxy, c).want(t, 401, nil); r.Header.Get("X-GRAFX-UNAUTHORIZED") != "OAuthAuthorizationCode, "+id {
			t.Errorf("%v", r.Header)
		}
	}
	s.http.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	auth := "/connectors/" + id + "/auth/oauth-authorization-code/"
	begin := func() string {
		t.Helper()
		var begun struct{ AuthorizationURL string }
		s.do("POST", auth+"login", call{token: grace}).want(t, 200, &begun)
		return begun.AuthorizationURL
	}
	browser := func(path string, cookies ...string) reply {
		return s.do("GET", path, call{token: "-", header: map[string]string{"Cookie": strings.Join(cookies, "; ")}})
	}
	session := "session=" + cookie
	// start takes the browser to the upstream, and returns the state and the cookie.
	start := func() (state, kept string) {
		t.Helper()
		r := browser(begin(), session).want(t, 303, nil)
		to, err := url.Parse(r.Header.Get("Location"))
		check(t, err)
		q := to.Query()
		if to.Host != "login.example" || q.Get("tenant") != "1" || q.Get("client_id") != "me" || q.Get("scope") != "read" || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
			q.Get("redirect_uri") != publicURL+"/grafx/api/v1/environment/demo"+auth+"redirect" || len(q.Get("state")) < 22 {
			t.Fatalf("%s", to)
		}
		kept = strings.Split(r.Header.Get("Set-Cookie"), ";")[0]
		if c := r.Header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
			t.Errorf("cookie %s", c)
		}
		challenge = q.Get("code_challenge")
		return q.Get("state"), kept
	}
	// Who is nothing here is not told which connectors there are.
	_, foreign := s.Member(tepin.Invitation{SubscriptionID: s.env.SubscriptionID, Email: "foreign@example.org", Environments: []tepin.EnvironmentRole{{EnvironmentID: s.other.ID, Role: tepin.EnvironmentAdmin}}})
	browser(begin(), "session="+foreign).says(t, 404, "no such connector")
	browser(auth+"redirect?code=abc&state=x", "session="+foreign).says(t, 404, "no such connector")
	ticket := begin()
	if r := browser(ticket).want(t, 303, nil); !strings.HasPrefix(r.Header.Get("Location"), "/login?next=%2Fgrafx") {
		t.Errorf("%s", r.Header.Get("Location"))
	}
	browser(ticket, "session="+mallory).says(t, 400, "is over")
	browser(ticket, session).says(t, 400, "is over") // a ticket is taken up once
	state, kept := start()
	back := func(path, state string) string { return path + "redirect?code=abc&state=" + state }
	browser(back(auth, state), session).says(t, 400, "is over") // without the cookie, and now it is spent
	browser(back(auth, state), session, kept).says(t, 400, "is over")
	state, kept = start()
	browser(back(auth, state), "session="+mallory, kept).says(t, 400, "is over")
	state, kept = start()
	browser(back("/connectors/"+another+"/auth/oauth-authorization-code/", state), session, kept).says(t, 400, "is over")
	state, kept = start()
	browser(back("/grafx/api/v1/environment/other"+auth, state), session, kept).says(t, 404)
	browser(auth+"redirect?error=access_denied&state="+state, session, kept).says(t, 403, "has not let you in")
	state, kept = start()
	browser(back(auth, state), kept).says(t, 401)
	if up.count.Load() != 0 {
		t.Fatal("a code was exchanged")
	}
	r := browser(back(auth, state), session, kept).want(t, 200, nil)
	if !strings.Contains(string(r.body), "You are signed in to Archive") || r.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s", r.body)
	}
	form, _, _ := up.last()
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if form.Get("auth_code") != "abc" || form.Get("client_secret") != "geheim" || form.Get("grant_type") != "authorization_code" || base64.RawURLEncoding.EncodeToString(sum[:]) != challenge {
		t.Errorf("%v", form)
	}
	browser(back(auth, state), session, kept).says(t, 400, "is over")

	asGrace := through(up.URL)
	asGrace.token = grace
	s.do("GET", proxy, asGrace).want(t, 200, nil)
	s.do("GET", proxy, through(up.URL)).want(t, 401, nil) // an integration has not signed in
	credential, err := s.Store.ConnectorCredential(t.Context(), s.env.ID, tepin.ConnectorID(id), tepin.BrowserUsage)
	check(t, err)
	row, err := s.Store.ConnectorToken(t.Context(), s.env.ID, credential.ID, who.User.ID)
	check(t, err)
	if bytes.Contains(row.Sealed, []byte("t1")) {
		t.Error("the token is stored as it is")
	}
	// It is renewed, by one of many.
	s.ahead = 59*time.Minute + 30*time.Second
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if r, err := s.try("GET", proxy, asGrace); err != nil || r.StatusCode != 200 {
				t.Error(err, r.StatusCode)
			}
		})
	}
	all.Wait()
	if form, _, _ := up.last(); form.Get("refresh_token") != "rt1" || up.count.Load() != 2 {
		t.Errorf("%v, %d tokens", form, up.count.Load())
	}
	// What the upstream has taken back is not tried again.
	up.mu.Lock()
	up.answer = func(w http.ResponseWriter, _ *http.Request, _ url.Values) bool {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		return true
	}
	asked := len(up.asked)
	up.good = "another"
	up.mu.Unlock()
	for range 2 {
		s.do("GET", proxy, asGrace).want(t, 401, nil)
	}
	if n := len(up.asked) - asked; n != 1 {
		t.Errorf("the endpoint was asked %d times", n)
	}
	up.answer = nil
	state, kept = start()
	browser(back(auth, state), session, kept).want(t, 200, nil)
	s.do("GET", proxy, asGrace).want(t, 200, nil)
	s.do("POST", auth+"logout", call{}).says(t, 403, "needs a person")
	s.do("POST", auth+"logout", call{token: grace}).want(t, 204, nil)
	s.do("GET", proxy, asGrace).want(t, 401, nil)
}

// challenge is the code challenge of the sign-in that was started last.
var challenge string

func TestStage(t *testing.T) {
	s := newServer(t)
	id := s.published(s.administrator(), nil)
	stage := func(check string, files ...[]byte) reply {
		t.Helper()
		body, kind := multipartBody(t, check, files...)
		return s.do("POST", "/connectors/"+id+"//stage", call{body: body, header: map[string]string{"Content-Type": kind}})
	}
	picture := squarePNG(t, 20)
	var staged []struct{ ID, URL, Name string }
	stage(`{"allowedMimeTypes":["image/png"],"minDimensions":{"width":20,"height":20}}`, picture, picture).want(t, 200, &staged)
	if len(staged) != 2 || staged[0].Name != "0.png" || !strings.HasPrefix(staged[1].URL, publicURL+"/grafx/api/v1/environment/demo/connectors/"+id+"/stage/") {
		t.Errorf("%+v", staged)
	}
	if r := s.do("GET", staged[0].URL, call{}).want(t, 200, nil).tenant(t); !bytes.Equal(r.body, picture) {
		t.Errorf("%d bytes of %d come back", len(r.body), len(picture))
	}
	s.do("GET", staged[0].URL, call{token: s.NewToken(s.env, tepin.AllScopes...)}).says(t, 404, "no such staged file")
	files := s.files()
	for check, says := range map[string]string{
		`{"minDimensions":{"width":21,"height":1}}`: "too small", `{"allowedMimeTypes":["image/jpeg","video/*"]}`: "not wanted",
	} {
		var refused struct{ Message string }
		r := stage(check, picture).want(t, 422, &refused)
		if !strings.Contains(refused.Message, says) {
			t.Errorf("%s", r.body)
		}
	}
	stage(`[]`, picture).says(t, 400, "expected")
	stage(``).says(t, 400, "no part called files")
	stage(``, []byte("MZ\x90\x00 a program")).says(t, 415)
	stage(``, make([][]byte, 21)...).says(t, 400)
	many := make([][]byte, 21)
	for i := range many {
		many[i] = picture
	}
	stage(``, many...).says(t, 413, "20 files")
	s.do("POST", "/connectors/"+id+"/stage", call{body: "{}"}).says(t, 415)
	s.do("POST", "/connectors/"+string(tepin.NewID[tepin.ConnectorID]())+"/stage", call{body: "{}"}).says(t, 404)
	if now := s.files(); now != files {
		t.Errorf("refused files left %d behind", now-files)
	}
}

// multipartBody is what the SDK sends: parts called files, and perhaps validationJson.
func multipartBody(t *testing.T, validation string, files ...[]byte) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, data := range files {
		part, err := w.CreateFormFile("files", fmt.Sprintf("../%d.png", i))
		check(t, err)
		_, err = part.Write(data)
		check(t, err)
	}
	if validation != "" {
		check(t, w.WriteField("validationJson", validation))
	}
	check(t, w.Close())
	return b.Bytes(), w.FormDataContentType()
}

func squarePNG(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, side, side))))
	return b.Bytes()
}
