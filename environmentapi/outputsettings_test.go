package environmentapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// chief is a token of a person who may everything in the environment.
func (s *server) chief() string {
	who, _ := s.SignedIn("ada@example.org")
	return s.PersonTokens(who, s.Application(s.env, "Editor", "https://editor.example/"), "", "openid").Access
}

func (s *server) settings(token string) map[string]environmentapi.OutputSettings {
	s.t.Helper()
	var all environmentapi.Page[environmentapi.OutputSettings]
	s.do("GET", "/output/settings", call{token: token}).want(s.t, 200, &all)
	byName := map[string]environmentapi.OutputSettings{}
	for _, one := range all.Data {
		byName[one.Name] = one
	}
	return byName
}

func TestOutputSettings(t *testing.T) {
	s := newServer(t)
	reader := s.NewToken(s.env, tepin.CollectionRead)
	all := s.settings(reader)
	for _, f := range tepin.Formats {
		name := strings.ToUpper(string(f))
		set := all["Default "+name]
		var one environmentapi.OutputSettings
		r := s.do("GET", "/output/settings/"+string(set.ID), call{token: reader}).want(t, 200, &one)
		if one.ID != set.ID || !one.Default || one.Type != name || r.Header.Get("ETag") == "" {
			t.Errorf("%s: %s", f, r.body)
		}
		s.do("GET", "/output/settings/"+string(set.ID), call{header: map[string]string{"If-None-Match": r.Header.Get("ETag")}}).want(t, 304, nil)
	}
	if len(all) != len(tepin.Formats) {
		t.Errorf("%+v", all)
	}
	s.do("GET", "/output/settings/"+string(tepin.NewID[tepin.OutputSettingsID]()), call{}).says(t, 404)
	foreign := environmentapi.Page[environmentapi.OutputSettings]{}
	s.do("GET", "/grafx/api/v1/environment/other/output/settings", call{token: s.NewToken(s.other, tepin.OutputStatic)}).want(t, 200, &foreign)
	s.do("GET", "/output/settings/"+string(foreign.Data[0].ID), call{}).says(t, 404)
	admin := s.chief()
	s.do("PUT", "/output/settings/"+string(foreign.Data[0].ID), call{token: admin, body: `{"name":"mine"}`}).says(t, 404)
	s.do("DELETE", "/output/settings/"+string(foreign.Data[0].ID), call{token: admin}).says(t, 404)
}

// Settings are made, replaced and deleted; of each format one is the default at any time.
func TestOutputSettingsLife(t *testing.T) {
	s := newServer(t)
	admin := s.chief()
	var made environmentapi.OutputSettings
	r := s.do("POST", "/output/settings/jpg", call{token: admin, body: `{"name":"Double","scaling":2,"quality":70,"default":true,"watermark":true,"watermarkText":"Proof","maxFileSizeInKiloBytes":500,"description":null,"continueOnError":true,"dataSourceEnabled":true}`}).want(t, 201, &made)
	if !made.Default || *made.Scaling != 2 || *made.Quality != 70 || *made.MaxFileSizeInKiloBytes != 500 || !made.ContinueOnError || !made.DataSourceEnabled || made.IncludeBleed != nil || made.FPS != nil {
		t.Errorf("%s", r.body)
	}
	old := s.settings(admin)["Default JPG"]
	if old.Default {
		t.Error("two settings are the default")
	}
	// What was got can be put, changed or not.
	path, etag := "/output/settings/"+string(made.ID), r.Header.Get("ETag")
	made.Name = "Triple"
	*made.Scaling = 3
	made.Default = true
	r = s.do("PUT", path, call{token: admin, body: made, header: map[string]string{"If-Match": etag}}).want(t, 200, &made)
	if made.Name != "Triple" || *made.Scaling != 3 || !made.Default || made.WatermarkText != "Proof" {
		t.Errorf("%s", r.body)
	}
	s.do("PUT", path, call{token: admin, body: made, header: map[string]string{"If-Match": etag}}).says(t, 412, "version 2")
	s.do("DELETE", path, call{token: admin, header: map[string]string{"If-Match": etag}}).says(t, 412)
	s.do("PUT", path, call{token: admin, body: `{"name":"Triple","default":false}`}).says(t, 409, "make others the default")
	s.do("DELETE", path, call{token: admin}).says(t, 409, "default")
	s.do("DELETE", "/output/settings?ids="+string(old.ID)+","+string(made.ID), call{token: admin}).says(t, 409)
	if _, there := s.settings(admin)["Default JPG"]; !there {
		t.Fatal("a refused deletion deleted one")
	}
	s.do("PUT", "/output/settings/"+string(old.ID), call{token: admin, body: `{"name":"Default JPG","default":true}`}).want(t, 200, nil)
	s.do("DELETE", path, call{token: admin}).want(t, 204, nil)
	s.do("DELETE", path, call{token: admin}).says(t, 404)
	s.do("DELETE", "/output/settings?ids="+string(old.ID), call{token: admin}).says(t, 409)
	s.do("DELETE", "/output/settings", call{token: admin}).says(t, 400)
	s.do("DELETE", "/output/settings?ids=nonsense", call{token: admin}).says(t, 404)

	var pdf environmentapi.OutputSettings
	s.do("POST", "/output/settings/pdf", call{token: admin, body: `{"name":"Print","includeBleed":true,"outlineText":true,"cropMarks":{"offset":9,"weight":0.25},"barWidthReduction":0,"postProcessing":{"pdfVersion":"1.4"}}`}).want(t, 201, &pdf)
	if !*pdf.OutlineText || *pdf.CropMarks != (environmentapi.CropMarks{Offset: 9, Weight: 0.25}) || *pdf.PostProcessing.PDFVersion != "1.4" || pdf.Default {
		t.Errorf("%+v", pdf)
	}
	s.do("PUT", "/output/settings/"+string(pdf.ID), call{token: admin, body: `{"name":"Print"}`}).want(t, 200, &pdf)
	if got := s.settings(admin)["Print"]; *got.OutlineText || got.CropMarks != nil || got.PostProcessing != nil || *got.IncludeBleed {
		t.Errorf("what was left out is as before: %+v", got)
	}
}

func TestRefusedOutputSettings(t *testing.T) {
	s := newServer(t)
	admin := s.chief()
	long := strings.Repeat("x", 1001)
	for name, c := range map[string]struct {
		format, body string
		status       int
		says         string
	}{
		"nothing":          {"png", ``, 400, ""},
		"not JSON":         {"png", `{"name":`, 400, ""},
		"list":             {"png", `[]`, 400, ""},
		"no name":          {"png", `{}`, 400, "name"},
		"empty name":       {"png", `{"name":" "}`, 400, "name"},
		"control":          {"png", `{"name":"a\u0000b"}`, 400, ""},
		"long name":        {"png", `{"name":"` + strings.Repeat("x", 256) + `"}`, 400, "255"},
		"long description": {"png", `{"name":"a","description":"` + long + `"}`, 400, "1000"},
		"long watermark":   {"png", `{"name":"a","watermarkText":"` + long + `"}`, 400, "100"},
		"unknown member":   {"png", `{"name":"a","sharpen":true}`, 400, "sharpen"},
		"wrong type":       {"png", `{"name":"a","scaling":"2"}`, 400, "scaling"},
		"other type":       {"png", `{"name":"a","type":"PDF"}`, 400, "$.type"},
		"id":               {"png", `{"name":"a","id":"0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11"}`, 400, "$.id"},
		"scaling":          {"png", `{"name":"a","scaling":0}`, 400, "$.scaling"},
		"huge scaling":     {"gif", `{"name":"a","scaling":1e300}`, 400, "scaling"},
		"PDF's scaling":    {"pdf", `{"name":"a","scaling":2}`, 400, "$.scaling"},
		"quality":          {"jpg", `{"name":"a","quality":101}`, 400, "$.quality"},
		"PNG's quality":    {"png", `{"name":"a","quality":50}`, 400, "$.quality"},
		"fps":              {"gif", `{"name":"a","fps":51}`, 400, "1 to 50"},
		"MP4's fps":        {"mp4", `{"name":"a","fps":61}`, 400, "1 to 60"},
		"HTML's fps":       {"html", `{"name":"a","fps":25}`, 400, "$.fps"},
		"kilobytes":        {"jpg", `{"name":"a","maxFileSizeInKiloBytes":-1}`, 400, "$.maxFileSizeInKiloBytes"},
		"gigabytes":        {"jpg", `{"name":"a","maxFileSizeInKiloBytes":1000001}`, 400, "1000000"},
		"bleed of a PNG":   {"png", `{"name":"a","includeBleed":true}`, 400, "$.includeBleed"},
		"marks":            {"pdf", `{"name":"a","cropMarks":{"offset":-1,"weight":1}}`, 400, "ropMarks"},
		"heavy marks":      {"pdf", `{"name":"a","cropMarks":{"offset":1,"weight":11}}`, 400, "ropMarks"},
		"half a mark":      {"pdf", `{"name":"a","cropMarks":{"offset":1}}`, 400, "weight"},
		"bars":             {"pdf", `{"name":"a","barWidthReduction":0.1}`, 400, "$.barWidthReduction: barcodes are not drawn yet"},
		"version":          {"pdf", `{"name":"a","postProcessing":{"pdfVersion":"1.3"}}`, 400, "pdfVersion"},
		"profile":          {"pdf", `{"name":"a","postProcessing":{"colorProfileEmbedding":{"iccProfile":"x"}}}`, 400, "$.postProcessing.colorProfileEmbedding"},
		"media type":       {"png", `-`, 415, ""},
		"too much":         {"png", `{"name":"` + strings.Repeat("x", 200<<10) + `"}`, 413, ""},
		"no such format":   {"bmp", `{"name":"a"}`, 405, ""},
	} {
		header := map[string]string{"Content-Type": "application/json"}
		if c.body == "-" {
			header["Content-Type"] = "text/plain"
		}
		if r := s.do("POST", "/output/settings/"+c.format, call{token: admin, body: c.body, header: header}); r.StatusCode != c.status {
			t.Errorf("%s: %d, not %d: %s", name, r.StatusCode, c.status, r.body)
		} else {
			r.says(t, c.status, c.says)
		}
	}
	if n := len(s.settings(admin)); n != len(tepin.Formats) {
		t.Errorf("%d settings", n)
	}
}

// Many who all want to be the default: one is.
func TestOneDefault(t *testing.T) {
	s := newServer(t)
	admin := s.chief()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r, err := s.try("POST", "/output/settings/mp4", call{token: admin, body: fmt.Sprintf(`{"name":"%d","default":true}`, i)})
			if err != nil || r.StatusCode != 201 {
				t.Errorf("%v %s", err, r.body)
			}
		})
	}
	wg.Wait()
	n := 0
	for _, one := range s.settings(admin) {
		if one.Type == "MP4" && one.Default {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d defaults", n)
	}
}

// Tasks are listed by what they are, and staff see those of everybody; whoever may order
// an output may cancel it.
func TestTasksOfOthers(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("Poster", "/")
	other := s.NewToken(s.env, tepin.AllScopes...)
	mine := s.order("/output/png", map[string]any{"templateId": tpl.ID})
	s.order("/output/gif", map[string]any{"documentContent": raw(doc)})
	var theirs environmentapi.TaskInfo
	s.do("POST", "/output/pdf", call{token: other, body: map[string]any{"templateId": tpl.ID}}).want(t, 200, &theirs)
	s.work()
	pending := s.order("/output/png", map[string]any{"templateId": tpl.ID, "variables": []map[string]any{{"title": "a"}, {"title": "b"}}})
	admin := s.chief()
	count := func(token, query string) int {
		var p environmentapi.Page[environmentapi.Task]
		s.do("GET", "/output/tasks?"+query, call{token: token}).want(t, 200, &p)
		return len(p.Data)
	}
	for query, want := range map[string][2]int{
		"":                                {3, 4},
		"status=FINISHED":                 {2, 3},
		"status=pending":                  {1, 1},
		"status=Error":                    {0, 0},
		"format=png":                      {2, 2},
		"format=PDF":                      {0, 1},
		"source=template":                 {2, 3},
		"source=Document&format=gif":      {1, 1},
		"owner=me":                        {3, 0},
		"owner=nobody":                    {0, 0},
		"search=post&status=finished":     {1, 2},
		"sortBy=name&format=png&limit=10": {2, 2},
	} {
		if got := [2]int{count("", query), count(admin, query)}; got != want {
			t.Errorf("%q: %v tasks, want %v", query, got, want)
		}
	}
	for query, says := range map[string]string{"status=late": "status", "format=bmp": "format", "source=x": "source", "owner=%00": "owner"} {
		s.do("GET", "/output/tasks?"+query, call{}).says(t, 400, says)
	}

	// The next page has the filters of the first.
	var first environmentapi.Page[environmentapi.Task]
	s.do("GET", "/output/tasks?limit=1&format=png", call{token: admin}).want(t, 200, &first)
	var second environmentapi.Page[environmentapi.Task]
	s.do("GET", first.Links.NextPage, call{token: admin}).want(t, 200, &second)
	if len(second.Data) != 1 || second.Data[0].Format != "PNG" || second.Links != nil {
		t.Errorf("%+v", second)
	}
	if first.Data[0].TotalRecords != 2 || first.Data[0].SuccessfulRecords != 0 {
		t.Errorf("%+v", first.Data[0])
	}

	s.do("GET", theirs.Links.TaskInfo+"/download", call{token: admin}).want(t, 200, nil)
	s.do("DELETE", theirs.Links.TaskInfo, call{}).says(t, 404)
	s.do("DELETE", mine, call{token: s.NewToken(s.env, tepin.OutputStatic)}).says(t, 404)
	before := s.files()
	for _, task := range []string{mine, pending, theirs.Links.TaskInfo} {
		token := ""
		if task == theirs.Links.TaskInfo {
			token = admin
		}
		s.do("DELETE", task, call{token: token}).want(t, 204, nil)
		s.do("DELETE", task, call{token: token}).says(t, 404)
		s.do("GET", task, call{token: token}).says(t, 404)
	}
	s.work()
	if after := s.files(); after > before {
		t.Errorf("%d files, before %d", after, before)
	}
	if n := count(admin, ""); n != 1 {
		t.Errorf("%d tasks are left", n)
	}
}
