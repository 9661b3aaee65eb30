package environmentapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/sample"
)

// mediaScript is a connector as they are written: its upstream is the option base.
const mediaScript = `
export default class {
  constructor(runtime) { this.runtime = runtime; }
  async ask(path, init) {
    const r = await this.runtime.fetch(this.runtime.options.base + path, init ?? {});
    if (!r.ok) throw new ConnectorHttpError(r.status, "asking " + path + " failed");
    return r;
  }
  async query(options, context) {
    const r = await this.ask("/list?q=" + encodeURIComponent((options.filter ?? []).join(" ")) + "&token=" + (options.pageToken ?? ""));
    const data = JSON.parse(r.text).map((m) => ({ id: m, name: m, relativePath: "/", type: 0, metaData: { from: context.from ?? "", size: options.pageSize } }));
    return { pageSize: options.pageSize, data, links: { nextPage: "more" } };
  }
  async detail(id) { return { id, name: id, relativePath: "/", type: "Directory", metaData: {}, width: 2, height: 3 }; }
  async download(id, type, intent) {
    if (id === "flood") for (let i = 0; i < 3; i++) await this.ask("/file/flood");
    if (id === "nothing") return { id: "7", bytes: 1 };
    if (id === "unchecked") return (await this.runtime.fetch(this.runtime.options.base + "/absent.png", {})).arrayBuffer;
    if (id === "elsewhere") return (await this.runtime.fetch("https://elsewhere.example/", {})).arrayBuffer;
    if (id === "inside") return (await this.runtime.fetch("http://169.254.169.254/latest", {})).arrayBuffer;
    return (await this.ask("/file/" + id + "?" + type + "&" + intent)).arrayBuffer;
  }
  async upload(files, context) {
    const form = new StudioFormData();
    form.append("folder", context.folder);
    for (const f of files) form.append("file", f, "sent-" + f.name);
    const r = await this.ask("/upload", { method: "POST", body: form });
    return [{ id: "new", name: r.text, relativePath: "/", type: 0, metaData: {} }];
  }
  getCapabilities() { return { query: true, detail: true, filtering: true, metadata: false }; }
  getConfigurationOptions() { return [{ name: "from", displayName: "From", type: "text" }]; }
}`

// mediaUpstream is what connectors of the tests ask.
func mediaUpstream(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /list", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode([]string{r.FormValue("q"), r.FormValue("token"), r.Header.Get("X-Key")})
	})
	mux.HandleFunc("GET /file/{id}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("id") {
		case "page":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<script>alert(1)</script>")
		case "chunked":
			w.Header().Set("Content-Type", "image/png")
			for range 3 {
				_, _ = w.Write([]byte("abc"))
				w.(http.Flusher).Flush()
			}
		case "huge":
			w.Header().Set("Content-Type", "application/json")
			for range 40 {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		case "flood":
			w.Header().Set("Content-Type", "image/png")
			for range 200 {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		case "endless":
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Content-Length", fmt.Sprint(int64(1)<<30))
			_, _ = w.Write([]byte("x"))
		case "401", "403", "404", "429", "500", "418":
			w.WriteHeader(map[string]int{"401": 401, "403": 403, "404": 404, "429": 429, "500": 500, "418": 418}[r.PathValue("id")])
		default:
			w.Header().Set("Content-Type", "image/png")
			_, _ = io.WriteString(w, r.URL.RawQuery)
		}
	})
	mux.HandleFunc("POST /upload", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		f, h, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		n, _ := io.Copy(io.Discard, f)
		fmt.Fprintf(w, "%s %d %s", h.Filename, n, r.FormValue("folder"))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

// publish stores an enabled connector with the script.
func (s *server) publish(of tepin.ConnectorType, script, base string) string {
	s.t.Helper()
	u, err := url.Parse(base)
	check(s.t, err)
	options, err := json.Marshal(map[string]string{"base": base, "from": "options"})
	check(s.t, err)
	v, err := s.Store.CreateConnector(s.t.Context(), tepin.System, tepin.Connector{EnvironmentID: s.env.ID, Name: "C" + string(of), Type: of, Enabled: true, Options: options, AllowedDomains: []string{u.Host}}, script)
	check(s.t, err)
	return "/connectors/" + string(v.ID)
}

func TestMediaOfScript(t *testing.T) {
	s := newServer(t)
	base := mediaUpstream(t)
	c := s.publish(tepin.MediaConnector, mediaScript, base)
	front := call{token: s.NewToken(s.env, tepin.MediaRead)} // as a page has
	with := func(body any) call { front.body = body; return front }

	var caps map[string]bool
	s.do("GET", c+"/capabilities", front).want(t, 200, &caps)
	if !caps["query"] || !caps["filtering"] || caps["metadata"] {
		t.Error(caps)
	}
	var options environmentapi.Described
	s.do("GET", c+"/configuration-options", front).want(t, 200, &options)
	if len(options.Data) != 1 || options.Data[0].Name != "from" {
		t.Error(options)
	}
	var page connector.Page[connector.MediaItem]
	s.do("POST", c+"/media/query", with(map[string]any{"filter": []string{"a", "b"}, "pageToken": "t", "pageSize": 7, "context": map[string]any{"from": "call"}})).want(t, 200, &page)
	if len(page.Data) != 3 || page.Data[0].ID != "a b" || page.Data[1].ID != "t" || page.Data[0].MetaData["from"] != "call" || page.Data[0].MetaData["size"] != 7.0 || page.Links.NextPage != "more" {
		t.Errorf("%+v", page)
	}
	s.do("POST", c+"/media/query", with(map[string]any{})).want(t, 200, &page)
	if page.Data[0].MetaData["from"] != "options" || page.PageSize != tepin.DefaultLimit {
		t.Errorf("%+v", page)
	}
	var item connector.MediaItem
	s.do("POST", c+"/media/detail", with(map[string]any{"id": "x"})).want(t, 200, &item)
	if item.ID != "x" || item.Type != connector.Folder || item.Height != 3 {
		t.Errorf("%+v", item)
	}
	for id, want := range map[string]string{"one": "thumbnail&print", "chunked": "abcabcabc", "page": "<script>alert(1)</script>"} {
		r := s.do("POST", c+"/media/download", with(map[string]any{"id": id, "previewType": "thumbnail", "intent": "print"})).want(t, 200, nil).tenant(t)
		if string(r.body) != want || strings.Contains(r.Header.Get("Content-Type"), "html") {
			t.Errorf("%s: %s, %q", id, r.Header.Get("Content-Type"), r.body)
		}
	}
}

// What goes wrong in a script, or with its upstream, is told with the right status.
func TestRefusalsOfScript(t *testing.T) {
	s := newServer(t)
	c := s.publish(tepin.MediaConnector, mediaScript, mediaUpstream(t))
	id := strings.TrimPrefix(c, "/connectors/")
	broken := s.publish(tepin.MediaConnector, "export default class {", "http://127.0.0.1")
	lying := s.publish(tepin.MediaConnector, "export default class { query() { return 'no page' } detail() { return {type: 'x'} } download() { for (;;) {} } }", "http://127.0.0.1")
	other := s.publish(tepin.FontConnector, "export default class {}", "http://127.0.0.1")
	off, err := s.Store.CreateConnector(t.Context(), tepin.System, tepin.Connector{EnvironmentID: s.env.ID, Name: "Off", Type: tepin.MediaConnector}, mediaScript)
	check(t, err)
	for name, each := range map[string]struct {
		path   string
		body   any
		status int
		says   string
	}{
		"404 of the upstream":    {c + "/media/download", map[string]any{"id": "404"}, 404, "refused by its upstream, with status 404: asking /file/404"},
		"403 of the upstream":    {c + "/media/download", map[string]any{"id": "403"}, 403, "refused by its upstream"},
		"429 of the upstream":    {c + "/media/download", map[string]any{"id": "429"}, 429, "refused by its upstream"},
		"500 of the upstream":    {c + "/media/download", map[string]any{"id": "500"}, 503, "status 500"},
		"418 of the upstream":    {c + "/media/download", map[string]any{"id": "418"}, 422, "status 418"},
		"an unchecked answer":    {c + "/media/download", map[string]any{"id": "unchecked"}, 404, "answered 404 instead of the file"},
		"a pointer to nothing":   {c + "/media/download", map[string]any{"id": "nothing"}, 422, "arrayBuffer"},
		"another host":           {c + "/media/download", map[string]any{"id": "elsewhere"}, 422, "allowedDomains"},
		"the cloud's metadata":   {c + "/media/download", map[string]any{"id": "inside"}, 422, "TypeError"},
		"text without end":       {c + "/media/download", map[string]any{"id": "huge"}, 422, "8 MB"},
		"files without length":   {c + "/media/download", map[string]any{"id": "flood"}, 422, "512 MB"},
		"no preview type":        {c + "/media/download", map[string]any{"id": "x", "previewType": "large"}, 400, "preview type"},
		"no intent":              {c + "/media/download", map[string]any{"id": "x", "intent": "fun"}, 400, "intent"},
		"no id":                  {c + "/media/download", map[string]any{}, 400, "name the media"},
		"an id of a number":      {c + "/media/download", map[string]any{"id": 1}, 400, "id"},
		"no JSON":                {c + "/media/download", "{", 400, "JSON"},
		"a large body":           {c + "/media/download", `{"id":"` + strings.Repeat("x", 300<<10) + `"}`, 413, "larger"},
		"a list as context":      {c + "/media/query", map[string]any{"context": map[string]any{"a": []int{1}}}, 400, "no string"},
		"a page too large":       {c + "/media/query", map[string]any{"pageSize": 5000}, 400, "1000"},
		"another's method":       {c + "/fonts/query", map[string]any{}, 409, "for media, not for fonts"},
		"a data method":          {c + "/data/page", map[string]any{}, 409, "not for data"},
		"a disabled one":         {"/connectors/" + string(off.ID) + "/media/query", map[string]any{}, 409, "disabled"},
		"nobody's":               {"/connectors/" + string(tepin.NewID[tepin.ConnectorID]()) + "/media/query", map[string]any{}, 404, "no such connector"},
		"a script that is none":  {broken + "/media/query", map[string]any{}, 422, "SyntaxError"},
		"a method that is none":  {lying + "/media/upload", map[string]any{"files": []string{string(tepin.NewID[tepin.StagedFileID]())}}, 404, "staged file"},
		"an answer that is none": {lying + "/media/query", map[string]any{}, 422, "something else than its interface"},
		"a type that is none":    {lying + "/media/detail", map[string]any{"id": "x"}, 422, "something else than its interface"},
		"a loop":                 {lying + "/media/download", map[string]any{"id": "x"}, 422, "took too long"},
		"an absent method":       {other + "/fonts/query", map[string]any{}, 422, "has no query"},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.do("POST", each.path, call{body: each.body})
			r.says(t, each.status)
			if !strings.Contains(string(r.body), each.says) || strings.Contains(string(r.body), "runtime.js") {
				t.Errorf("%s", r.body)
			}
		})
	}
	// It is the upstream's 401, not one of the caller's token.
	r := s.do("POST", c+"/media/download", call{body: map[string]any{"id": "401"}}).says(t, 401, "status 401")
	if r.Header.Get("X-GRAFX-UNAUTHORIZED") != "None, "+id {
		t.Errorf("%v", r.Header)
	}
	abroad := s.NewToken(s.other, tepin.AllScopes...)
	s.do("POST", "/grafx/api/v1/environment/other"+c+"/media/query", call{token: abroad, body: map[string]any{}}).says(t, 404, "no such connector")
	s.do("POST", c+"/media/query", call{body: strings.NewReader("x"), header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
	s.do("POST", c+"/media/download", call{body: strings.NewReader("x"), header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
}

// A gigabyte that an upstream announces is not waited for, nor kept.
func TestDownloadBreaksOff(t *testing.T) {
	s := newServer(t)
	c := s.publish(tepin.MediaConnector, mediaScript, mediaUpstream(t))
	r, err := s.try("POST", c+"/media/download", call{body: map[string]any{"id": "endless"}})
	if err == nil && r.StatusCode == 200 {
		t.Errorf("%d bytes of a file that broke off", len(r.body))
	}
}

func TestUploadByScript(t *testing.T) {
	s := newServer(t)
	c := s.publish(tepin.MediaConnector, mediaScript, mediaUpstream(t))
	staging := multi(t, file{"files", "beach.png", picture(t)})
	var staged []environmentapi.StagedFile
	s.do("POST", c+"/stage", staging).want(t, 200, &staged)
	files := map[string]any{"files": []string{string(staged[0].ID)}, "context": map[string]any{"folder": "/a"}}
	s.do("POST", c+"/media/upload", call{token: s.NewToken(s.env, tepin.MediaWrite), body: files}).says(t, 404, "staged file") // another's
	var up environmentapi.Uploaded
	s.do("POST", c+"/media/upload", call{body: files}).want(t, 200, &up)
	if len(up.Data) != 1 || up.Data[0].Name != fmt.Sprintf("sent-beach.png %d /a", len(picture(t))) {
		t.Errorf("%+v", up)
	}
	s.do("POST", c+"/media/upload", call{body: files}).says(t, 404, "staged file") // it is uploaded
}

// The built-in connectors show the environment's own media and fonts to whom the scopes do.
func TestBuiltInMedia(t *testing.T) {
	s := newServer(t)
	v, err := s.Store.DefaultConnector(t.Context(), s.env.ID, tepin.MediaConnector)
	check(t, err)
	c := "/connectors/" + string(v.ID)
	m := s.upload("beach", picture(t))
	for i := range 3 {
		s.upload(fmt.Sprintf("more %d", i), picture(t))
	}
	var page connector.Page[connector.MediaItem]
	s.do("POST", c+"/media/query", call{body: map[string]any{}}).want(t, 200, &page)
	if len(page.Data) != 1 || page.Data[0].Name != "Upload" || page.Data[0].Type != connector.Folder {
		t.Errorf("%+v", page.Data)
	}
	s.do("POST", c+"/media/query", call{body: map[string]any{"filter": []string{"bea"}}}).want(t, 200, &page)
	if len(page.Data) != 1 || page.Data[0].ID != string(m.ID) || page.Data[0].Width == 0 {
		t.Errorf("%+v", page.Data)
	}
	s.do("POST", c+"/media/query", call{body: map[string]any{"filter": []string{string(m.ID)}}}).want(t, 200, &page)
	if len(page.Data) != 1 {
		t.Errorf("%+v", page.Data)
	}
	var names []string
	in := map[string]any{"collection": "/Upload", "pageSize": 3, "sortBy": "name", "sortOrder": "desc"}
	for range 3 {
		s.do("POST", c+"/media/query", call{body: in}).want(t, 200, &page)
		for _, each := range page.Data {
			names = append(names, each.Name)
		}
		if page.Links.NextPage == "" {
			break
		}
		in = map[string]any{"pageToken": page.Links.NextPage}
	}
	if strings.Join(names, ",") != "more 2,more 1,more 0,beach" {
		t.Error(names)
	}
	s.do("POST", c+"/media/query", call{body: map[string]any{"pageToken": "x"}}).says(t, 400, "page token")
	var item connector.MediaItem
	s.do("POST", c+"/media/detail", call{body: map[string]any{"id": m.ID}}).want(t, 200, &item)
	for _, size := range []string{"thumbnail", "mediumres", "highres", "fullres", "original"} {
		for _, intent := range []string{"web", "print", "animation"} {
			r := s.do("POST", c+"/media/download", call{body: map[string]any{"id": m.ID, "previewType": size, "intent": intent}}).want(t, 200, nil).tenant(t)
			if whole := size == "original" || size == "fullres" && intent == "print"; whole != (string(r.body) == string(picture(t))) {
				t.Errorf("%s for %s: %d bytes of %s", size, intent, len(r.body), r.Header.Get("Content-Type"))
			}
		}
	}
	s.do("POST", c+"/media/detail", call{body: map[string]any{"id": "../x"}}).says(t, 404)
	staging := multi(t, file{"files", "staged.png", picture(t)})
	var staged []environmentapi.StagedFile
	s.do("POST", c+"/stage", staging).want(t, 200, &staged)
	var up environmentapi.Uploaded
	s.do("POST", c+"/media/upload", call{body: map[string]any{"files": []any{staged[0].ID}, "context": map[string]any{"uploadFolder": "/from/here"}}}).want(t, 200, &up)
	if len(up.Data) != 1 || up.Data[0].RelativePath != "/from/here" || up.Data[0].Name != "staged" {
		t.Errorf("%+v", up)
	}
	// The same scopes as of the routes for media.
	for path, need := range map[string]tepin.Scope{"query": tepin.MediaList, "detail": tepin.MediaRead, "download": tepin.MediaRead, "upload": tepin.MediaWrite} {
		var others []tepin.Scope
		for _, each := range tepin.AllScopes {
			if each != need {
				others = append(others, each)
			}
		}
		in := map[string]any{"id": m.ID, "files": []any{staged[0].ID}}
		s.do("POST", c+"/media/"+path, call{token: s.NewToken(s.env, others...), body: in}).says(t, 403, string(need))
	}
}

func TestBuiltInFonts(t *testing.T) {
	s := newServer(t)
	v, err := s.Store.DefaultConnector(t.Context(), s.env.ID, tepin.FontConnector)
	check(t, err)
	c := "/connectors/" + string(v.ID)
	styles := s.fonts(file{"file", sample.Fonts()[0].Name, sample.Fonts()[0].Data})
	var page connector.Page[connector.Family]
	s.do("POST", c+"/fonts/query", call{body: map[string]any{"filter": []string{styles[0].FamilyName}}}).want(t, 200, &page)
	if len(page.Data) != 1 || page.Data[0].FontStylesCount == 0 {
		t.Fatalf("%+v", page)
	}
	var list environmentapi.Styles
	s.do("POST", c+"/fonts/detail", call{body: map[string]any{"id": page.Data[0].ID}}).want(t, 200, &list)
	if len(list.Data) == 0 || list.Data[0].FamilyID != page.Data[0].ID {
		t.Fatalf("%+v", list)
	}
	r := s.do("POST", c+"/fonts/download", call{body: map[string]any{"id": list.Data[0].ID}}).want(t, 200, nil).tenant(t)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "font/") || len(r.body) < 1000 {
		t.Errorf("%v, %d bytes", r.Header, len(r.body))
	}
	for _, format := range []string{"", "square", "line"} {
		r := s.do("POST", c+"/fonts/preview", call{body: map[string]any{"id": page.Data[0].ID, "format": format}}).want(t, 200, nil).tenant(t)
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "image/") {
			t.Errorf("%v", r.Header)
		}
	}
	s.do("POST", c+"/fonts/preview", call{body: map[string]any{"id": page.Data[0].ID, "format": "round"}}).says(t, 400, "square or line")
	s.do("POST", c+"/fonts/query", call{token: s.NewToken(s.env, tepin.FontRead), body: map[string]any{}}).says(t, 403, "font:list")
	s.do("POST", c+"/fonts/download", call{token: s.NewToken(s.env, tepin.FontList), body: map[string]any{"id": list.Data[0].ID}}).says(t, 403, "font:read")
}

const dataScript = `
export default class {
  constructor(runtime) { this.runtime = runtime; }
  async getPage(config, context) {
    const from = Number(config.continuationToken ?? 0), to = Math.min(from + config.limit, context.rows ?? 5);
    const data = [];
    for (let i = from; i < to; i++) data.push({ id: String(i), Name: "row " + i, n: i });
    return { data, continuationToken: to < (context.rows ?? 5) ? String(to) : null };
  }
  async getPageItemById(id) { return id === "none" ? null : { id, Name: "row " + id }; }
  async getModel() { return { properties: [{ name: "Name", type: "singleLine" }], itemIdPropertyName: "id" }; }
  getCapabilities() { return { filtering: false, sorting: false, model: true }; }
  getConfigurationOptions() { return null; }
}`

func TestDataOfScript(t *testing.T) {
	s := newServer(t)
	c := s.publish(tepin.DataConnector, dataScript, "http://127.0.0.1")
	var page connector.RowPage
	s.do("POST", c+"/data/page", call{body: map[string]any{"limit": 3}}).want(t, 200, &page)
	if len(page.Data) != 3 || page.ContinuationToken == nil || *page.ContinuationToken != "3" {
		t.Errorf("%+v", page)
	}
	s.do("POST", c+"/data/page", call{body: map[string]any{"continuationToken": "3"}}).want(t, 200, &page)
	if len(page.Data) != 2 || page.Data[0]["n"] != 3.0 {
		t.Errorf("%+v", page)
	}
	var row map[string]any
	s.do("POST", c+"/data/item", call{body: map[string]any{"id": "4"}}).want(t, 200, &row)
	if row["Name"] != "row 4" {
		t.Error(row)
	}
	if r := s.do("POST", c+"/data/item", call{body: map[string]any{"id": "none"}}).want(t, 200, nil); strings.TrimSpace(string(r.body)) != "null" {
		t.Errorf("%s", r.body)
	}
	var model connector.Model
	s.do("POST", c+"/data/model", call{body: map[string]any{}}).want(t, 200, &model)
	if len(model.Properties) != 1 || model.ItemIDPropertyName != "id" {
		t.Errorf("%+v", model)
	}
	var options environmentapi.Described
	s.do("GET", c+"/configuration-options", call{}).want(t, 200, &options)
}
