package environmentapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// doc is a whole document with odd spacing and order, which must survive.
const doc = `{ "layouts":[ {"id":"1","name":"Square","type":"top","childLayouts":[],"width":30000,"height":30000,"unit":"px","intent":"digitalStatic","frameProperties":[]} ],
 "selectedLayoutId":"1", "documentVersion":"0.23.0","zz":  1.50,
 "pages":[{"id":"1","number":0,"isVisible":true,"frames":[]}],"variables":[
   {"id":"v1","type":"shortText","parentId":"","name":"title","value":"Hello","privateData":{}}
 ],"properties":{"type":"template"} }
`

func (s *server) createTemplate(name, folder string) environmentapi.Template {
	s.t.Helper()
	var t environmentapi.Template
	s.do("POST", "/templates?"+url.Values{"name": {name}, "folderPath": {folder}}.Encode(), call{body: doc}).want(s.t, 201, &t)
	return t
}

func TestTemplate(t *testing.T) {
	s := newServer(t)
	made := s.createTemplate("Summer ☀", "/a//b/")
	if made.Name != "Summer ☀" || made.RelativePath != "/a/b" || made.Type != 0 || !tepin.IsID(string(made.ID)) || made.DateCreated.IsZero() {
		t.Errorf("%+v", made)
	}
	at := "/templates/" + string(made.ID)

	var got struct {
		Data  environmentapi.Template
		Links map[string]any
	}
	r := s.do("GET", strings.ToUpper(at[:12])+at[12:], call{})
	r = s.do("GET", at, call{}).want(t, 200, &got)
	if got.Data.ID != made.ID || got.Links == nil {
		t.Errorf("%s", r.body)
	}
	tag := r.Header.Get("ETag")
	for _, header := range []string{tag, "W/" + tag, `"0", ` + tag, "*"} {
		if r := s.do("GET", at, call{header: map[string]string{"If-None-Match": header}}); r.StatusCode != 304 || len(r.body) != 0 || r.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q", header, r.StatusCode, r.body)
		}
	}

	r = s.do("GET", at+"/download", call{}).want(t, 200, nil).tenant(t)
	if string(r.body) != doc {
		t.Errorf("the document came back as %s", r.body)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"Content-Disposition": `attachment; filename="Summer _.json"; filename*=UTF-8''Summer%20%E2%98%80.json`, "ETag": tag} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}

	// Document or name, not both; whoever has an old version does not win.
	var renamed environmentapi.Template
	s.do("PUT", at+"?name=x", call{body: doc}).says(t, 400, "either")
	s.do("PUT", at, call{}).says(t, 400, "nothing to change")
	r = s.do("PUT", at+"?name=Autumn&folderPath=", call{}).want(t, 200, &renamed)
	if renamed.Name != "Autumn" || renamed.RelativePath != "/a/b" || r.Header.Get("ETag") == tag || !renamed.LastModifiedContentUTC.Equal(made.LastModifiedContentUTC) {
		t.Errorf("%+v", renamed)
	}
	s.do("PUT", at+"?folderPath=/", call{}).want(t, 200, &renamed)
	s.do("PUT", at, call{body: doc, header: map[string]string{"If-Match": tag}}).says(t, 412)
	other := strings.Replace(doc, "Hello", "Goodbye", 1)
	r = s.do("PUT", at, call{body: io.MultiReader(strings.NewReader(other)), header: map[string]string{"If-Match": "*"}}).want(t, 200, nil) // chunked
	if r := s.do("GET", at+"/download", call{}); string(r.body) != other {
		t.Errorf("the document is %s", r.body)
	}
	s.do("DELETE", at, call{header: map[string]string{"If-Match": tag}}).says(t, 412)
	s.do("DELETE", at, call{header: map[string]string{"If-Match": r.Header.Get("ETag")}}).want(t, 200, &renamed)
	s.do("GET", at, call{}).says(t, 404)
	s.do("DELETE", at, call{}).says(t, 404)
}

// What is refused leaves no bytes behind.
func TestRefusedDocuments(t *testing.T) {
	s := newServer(t)
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	before := s.files()
	for name, c := range map[string]struct {
		body   any
		status int
		says   string
	}{
		"none":        {"", 400, "empty"},
		"cut":         {doc[:100], 400, "not valid JSON"},
		"two":         {doc + "{}", 400, "not valid JSON"},
		"deep":        {`{"pages":` + deep + `}`, 400, "200"},
		"list":        {"[]", 400, ""},
		"wrong type":  {strings.Replace(doc, `"layouts":[`, `"layouts":[7,`, 1), 400, "$.layouts[0]"},
		"80 MB":       {bytes.Repeat([]byte(" "), 80<<20), 413, "20 MB"},
		"endless":     {io.LimitReader(zeros{}, 80<<20), 413, "20"},
		"large, deep": {io.MultiReader(strings.NewReader(deep), strings.NewReader(strings.Repeat(" ", 3<<20))), 400, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := s.try("POST", "/templates?name=x", call{body: c.body})
			if err != nil && c.status == 413 {
				return // the server closed the connection on a sender that does not stop
			}
			check(t, err)
			r.says(t, c.status, c.says)
			if c.says == "not valid JSON" && !strings.Contains(string(r.body), `"exceptionDetails":[{`) {
				t.Errorf("no exceptionDetails: %s", r.body)
			}
			if after := s.files(); after != before {
				t.Errorf("%d files were left behind", after-before)
			}
		})
	}
	s.do("POST", "/templates?name=x", call{body: doc, header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
	s.do("POST", "/templates", call{body: doc}).says(t, 400, "name")
	s.do("POST", "/templates?name=a%2Fb", call{body: doc}).says(t, 400, "slash")
	s.do("PUT", "/templates/"+string(tepin.NewID[tepin.TemplateID]()), call{body: doc}).says(t, 404)
	if after := s.files(); after != before {
		t.Errorf("%d files were left behind", after-before)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A document of nearly 20 MB is kept byte for byte, and many at once do not fill the
// memory.
func TestLargeDocuments(t *testing.T) {
	s := newServer(t)
	large := strings.Replace(doc, `"zz":  1.50`, `"zz":"`+strings.Repeat("x", 19<<20)+`"`, 1)
	made := s.createTemplate("large", "/")
	const senders = 6
	done := make(chan error, senders)
	for range senders {
		go func() {
			r, err := s.try("PUT", "/templates/"+string(made.ID), call{body: strings.NewReader(large)})
			if err == nil && r.StatusCode != 200 {
				err = fmt.Errorf("%d %s", r.StatusCode, r.body)
			}
			done <- err
		}()
	}
	for range senders {
		check(t, <-done)
	}
	r := s.do("GET", "/templates/"+string(made.ID)+"/download", call{}).want(t, 200, nil)
	if string(r.body) != large {
		t.Error("the document came back changed")
	}
	r = s.do("GET", "/templates/"+string(made.ID)+"/download", call{header: map[string]string{"Range": "bytes=2-10"}}).want(t, 206, nil)
	if string(r.body) != large[2:11] {
		t.Errorf("bytes 2 to 10 are %q", r.body)
	}
}

// list follows a list to its end, as clients do: verbatim, with the token.
func list[T any](s *server, path string) (rows []T, pages int) {
	s.t.Helper()
	for path != "" && pages < 100 {
		var p environmentapi.Page[T]
		r := s.do("GET", path, call{}).want(s.t, 200, &p)
		if p.Data == nil {
			s.t.Fatalf("%s: data is null", r.body)
		}
		rows, path = append(rows, p.Data...), ""
		if p.Links != nil {
			path = p.Links.NextPage
			if !strings.HasPrefix(path, publicURL+"/grafx/api/v1/environment/demo/") {
				s.t.Fatalf("links.nextPage is %q", path)
			}
		}
		pages++
	}
	return rows, pages
}

func names(rows []environmentapi.Template) string {
	var list []string
	for _, t := range rows {
		list = append(list, t.Name)
	}
	return strings.Join(list, " ")
}

func TestListTemplates(t *testing.T) {
	s := newServer(t)
	ids := map[string]string{}
	for _, name := range []string{"delta", "Alpha", "charlie", "Bravo", "echo"} {
		folder := "/greek"
		if name == "delta" {
			folder = "/greek/letters"
		}
		ids[name] = string(s.createTemplate(name, folder).ID)
	}
	s.do("POST", "/grafx/api/v1/environment/other/templates?name=foreign", call{token: s.NewToken(s.other, tepin.AllScopes...), body: doc}).want(t, 201, nil)
	for query, want := range map[string]string{
		"":                                      "Alpha Bravo charlie delta echo",
		"limit=2":                               "Alpha Bravo charlie delta echo",
		"limit=5":                               "Alpha Bravo charlie delta echo",
		"limit=2&sortBy=NAME&sortOrder=Desc":    "echo delta charlie Bravo Alpha",
		"limit=2&sortBy=&sortOrder=desc":        "echo delta charlie Bravo Alpha",
		"limit=2&sortBy=id":                     "delta Alpha charlie Bravo echo",
		"limit=1&sortBy=relativepath":           "Alpha Bravo charlie echo delta",
		"search=CH":                             "charlie",
		"search=" + ids["Bravo"]:                "Bravo",
		"search=nothing":                        "",
		"search=&folder=&limit=&nextPageToken=": "Alpha Bravo charlie delta echo",
		"folder=/greek&limit=2":                 "Alpha Bravo charlie echo",
		"folder=greek/letters":                  "delta",
		"folder=/greek&includeItemsFromSubfolders=true&limit=2": "Alpha Bravo charlie delta echo",
		"folder=/nowhere": "",
	} {
		rows, _ := list[environmentapi.Template](s, "/templates?"+query)
		if got := names(rows); got != want {
			t.Errorf("%s: %q, not %q", query, got, want)
		}
	}
	if _, pages := list[environmentapi.Template](s, "/templates?limit=2"); pages != 3 {
		t.Errorf("%d pages", pages)
	}
	for query, says := range map[string]string{
		"limit=0": "limit", "limit=1001": "limit", "limit=x": "limit", "sortBy=date": "sortBy", "sortOrder=up": "sortOrder",
		"search=%00": "search", "folder=/a/../b": "folderPath", "nextPageToken=nonsense": "nextPageToken", "includeItemsFromSubfolders=maybe": "includeItems",
	} {
		s.do("GET", "/templates?"+query, call{}).says(t, 400, says)
	}
}

func TestPageTokens(t *testing.T) {
	s := newServer(t)
	for i := range 3 {
		s.createTemplate(fmt.Sprintf("t%d", i), "/")
	}
	var p environmentapi.Page[environmentapi.Template]
	s.do("GET", "/templates?limit=1&sortOrder=desc", call{}).want(t, 200, &p)
	if p.PageSize != 1 || names(p.Data) != "t2" {
		t.Errorf("%+v", p)
	}
	next, err := url.Parse(p.Links.NextPage)
	check(t, err)
	token := url.QueryEscape(next.Query().Get("nextPageToken"))

	// Some clients take the token out, and send it with the parameters of before, empty.
	var q environmentapi.Page[environmentapi.Template]
	s.do("GET", "/templates?limit=2&sortBy=&sortOrder=&search=&folder=&nextPageToken="+token, call{}).want(t, 200, &q)
	if names(q.Data) != "t1 t0" || q.Links != nil {
		t.Errorf("%+v", q)
	}
	s.do("GET", "/templates?sortOrder=desc&nextPageToken="+token, call{}).says(t, 400, "nextPageToken")
	s.do("GET", "/templates?sortBy=name&nextPageToken="+token, call{}).says(t, 400, "nextPageToken")
	s.do("GET", "/projects?nextPageToken="+token, call{}).says(t, 400, "nextPageToken") // of another list
	s.do("GET", "/templates?nextPageToken="+token, call{token: s.NewToken(s.env, tepin.TemplateList)}).says(t, 400, "nextPageToken")
	s.ahead = 23 * time.Hour
	s.do("GET", "/templates?nextPageToken="+token, call{}).want(t, 200, nil)
	s.ahead = 25 * time.Hour
	s.do("GET", "/templates?nextPageToken="+token, call{}).says(t, 410, "24 hours")
}

// The environment is told by id or technical name, in any case; the older path and
// doubled slashes mean the same.
func TestPaths(t *testing.T) {
	s := newServer(t)
	id := string(s.createTemplate("t", "/").ID)
	for _, path := range []string{
		"/grafx/api/v1/environment/DEMO/templates/" + id,
		"/grafx/api/v1/environment/" + strings.ToUpper(string(s.env.ID)) + "/templates/" + id,
		"/grafx/api/experimental/environment/demo/templates/" + strings.ToUpper(id),
		"/grafx//api/v1//environment/demo//templates/" + id,
	} {
		s.do("GET", path, call{}).want(t, 200, nil)
	}
	s.do("GET", "/templates/not-an-id", call{}).says(t, 404)
	s.do("GET", "/templates/%00", call{}).says(t, 404)
	s.do("GET", "/nothing", call{}).says(t, 404)
	if r := s.do("PATCH", "/templates/"+id, call{body: "{}"}).says(t, 405); !strings.Contains(r.Header.Get("Allow"), "PUT") {
		t.Errorf("Allow: %s", r.Header.Get("Allow"))
	}
	for _, path := range []string{"/grafx/api/ping", "/grafx/api/v1/ping"} {
		if r := s.do("GET", path, call{token: "-"}).want(t, 200, nil); len(r.body) != 0 {
			t.Errorf("%s answers %q", path, r.body)
		}
	}
	var info environmentapi.Item[environmentapi.Info]
	s.do("GET", "/grafx/api/v1/info", call{token: "-"}).want(t, 200, &info)
	if info.Data.ServerVersion != "test" {
		t.Errorf("%+v", info)
	}
	var settings environmentapi.Settings
	s.do("GET", "/settings", call{}).want(t, 200, &settings)
	if settings.SDKVersionPublic != "latest" || !settings.ApplicationsConfig["studio"].Enabled {
		t.Errorf("%+v", settings)
	}
	var versions map[string]map[string]string
	s.do("GET", "/grafx/api/v1/environment/settings/available-sdk-versions", call{}).want(t, 200, &versions)
	if versions["latest"]["engineVersion"] == "" {
		t.Errorf("%+v", versions)
	}
	s.do("GET", "/grafx/api/v1/environment/settings/available-sdk-versions", call{token: "-"}).says(t, 401)
}

// Two saves at once both succeed, and the last whole one wins.
func TestSavesAtOnce(t *testing.T) {
	s := newServer(t)
	at := "/templates/" + string(s.createTemplate("t", "/").ID)
	const savers = 8
	done := make(chan error, savers)
	texts := map[string]bool{}
	for i := range savers {
		text := strings.Replace(doc, "Hello", strings.Repeat(fmt.Sprint(i), 10_000), 1)
		texts[text] = true
		go func() {
			r, err := s.try("PUT", at, call{body: text})
			if err == nil && r.StatusCode != http.StatusOK {
				err = fmt.Errorf("%d %s", r.StatusCode, r.body)
			}
			done <- err
		}()
	}
	for range savers {
		check(t, <-done)
	}
	if r := s.do("GET", at+"/download", call{}); !texts[string(r.body)] {
		t.Error("the document is none of those that were saved")
	}
}

// With If-Match one of two savers loses with 412, and loses nothing of the winner's.
func TestSavesWithIfMatch(t *testing.T) {
	s := newServer(t)
	at := "/templates/" + string(s.createTemplate("t", "/").ID)
	tag := s.do("GET", at, call{}).Header.Get("ETag")
	const savers = 4
	statuses := make(chan int, savers)
	for range savers {
		go func() {
			r, err := s.try("PUT", at, call{body: doc, header: map[string]string{"If-Match": tag}})
			if err != nil {
				t.Error(err)
			}
			statuses <- r.StatusCode
		}()
	}
	count := map[int]int{}
	for range savers {
		count[<-statuses]++
	}
	if count[200] != 1 || count[412] != savers-1 {
		t.Errorf("statuses %v", count)
	}
}
