package environmentapi_test

import (
	"bytes"
	"image"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/sample"
	"github.com/tepin/tepin/web"
)

// draw makes the previews that are queued, as the job runner does, and returns how many.
func (s *server) draw() int {
	s.t.Helper()
	for n := 0; ; n++ {
		job, err := s.Store.ClaimJob(s.t.Context(), []string{"preview"}, time.Minute)
		if tepin.KindOf(err) == tepin.NotFound {
			return n
		}
		check(s.t, err)
		check(s.t, s.preview.Run(s.t.Context(), job))
	}
}

// pending asks for a preview that is not there yet and returns the address of its task.
func (s *server) pending(path string) string {
	s.t.Helper()
	var task environmentapi.PreviewTask
	s.do("GET", path, call{}).want(s.t, 202, &task)
	if !strings.HasSuffix(task.Links.TaskInfo, "/preview/tasks/"+string(task.Data.TaskID)) || !tepin.IsID(string(task.Data.TaskID)) {
		s.t.Fatalf("%+v", task)
	}
	return task.Links.TaskInfo
}

// withPicture is the document with a picture in it.
func withPicture(id tepin.MediaID) string {
	d := strings.Replace(doc, `"frames":[]`, `"frames":[{"id":"f","name":"picture","type":"image","src":{"type":"connector","id":"c","assetId":"`+string(id)+`"}}]`, 1)
	return strings.Replace(d, `"frameProperties":[]`, `"frameProperties":[{"id":"f","type":"top","x":0,"y":0,"width":10000,"height":10000,"isVisible":true}]`, 1)
}

func TestTemplatePreviews(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("Poster", "/")
	at := "/templates/" + string(tpl.ID)
	task := s.pending(at + "/preview")
	if again := s.pending(at + "/preview/Thumbnail?previewType=medium"); again != task {
		t.Error("the same preview has two tasks")
	}
	if r := s.do("GET", task, call{}); r.StatusCode != 202 || len(r.body) != 0 || r.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	s.do("GET", task+"/download", call{}).says(t, 400, "ask again")
	s.do("GET", task+"/report", call{}).says(t, 404)
	if n := s.draw(); n != 1 {
		t.Errorf("%d previews were drawn", n)
	}
	// Either path takes the task, and each links the picture below itself.
	for _, path := range []string{task, strings.Replace(task, "/templates/", "/projects/", 1)} {
		var done environmentapi.PreviewTask
		s.do("GET", path, call{}).want(t, 200, &done)
		if done.Links.Download != path+"/download" {
			t.Errorf("%+v", done)
		}
		r := s.do("GET", done.Links.Download, call{}).want(t, 200, nil).tenant(t)
		img, kind, err := image.Decode(bytes.NewReader(r.body))
		check(t, err)
		if img.Bounds().Size() != (image.Point{X: 256, Y: 256}) || kind != "png" {
			t.Errorf("%s %v", kind, img.Bounds())
		}
		s.do("GET", done.Links.Download, call{token: "-"}).says(t, 401)
	}
	s.do("GET", at+"/preview/thumbnail?layoutId=&pageId=", call{}).want(t, 200, nil)
	s.do("GET", at+"/preview/thumbnail?layoutId=nope", call{}).says(t, 400, "Square")
	s.do("GET", at+"/preview/thumbnail?pageId=nope", call{}).says(t, 400, `"1"`)
	s.do("GET", at+"/preview/thumbnail?pageId="+strings.Repeat("x", 201), call{}).says(t, 400, "200 bytes")
	s.do("GET", at+"/preview/x4096", call{}).says(t, 400, "highest")
	s.pending(at + "/preview/thumbnail?layoutId=1&pageId=1")
	s.do("GET", "/templates/preview/tasks/"+string(tepin.NewID[tepin.PreviewID]()), call{}).says(t, 404)
	foreign := s.NewToken(s.other, tepin.AllScopes...)
	for _, below := range []string{"", "/download", "/report"} { // of another tenant, in its own environment
		s.do("GET", strings.Replace(task, "/environment/demo/", "/environment/other/", 1)+below, call{token: foreign}).says(t, 404, "no such")
	}

	// Saving makes it new; so does the template's end.
	s.do("PUT", at, call{body: strings.Replace(doc, "30000", "60000", 1)}).want(t, 200, nil)
	if newer := s.pending(at + "/preview"); newer == task {
		t.Error("the saved document has the old task")
	}
	reader := s.NewToken(s.env, tepin.ProjectRead)
	s.do("GET", strings.Replace(task, "/templates/", "/projects/", 1), call{token: reader}).says(t, 404)
	s.do("DELETE", at, call{}).want(t, 200, nil)
	s.do("GET", at+"/preview", call{}).says(t, 404)
	s.do("GET", task, call{}).says(t, 404)
	s.do("GET", task+"/download", call{}).says(t, 404)
}

// A preview is of the pictures that there are now, and a failure lasts until something
// changes.
func TestPreviewFollowsMedia(t *testing.T) {
	s := newServer(t)
	media := s.upload("a.png", picture(t))
	var tpl environmentapi.Template
	s.do("POST", "/templates?name=p", call{body: withPicture(media.ID)}).want(t, 201, &tpl)
	at := "/templates/" + string(tpl.ID) + "/preview/medium"
	first := s.pending(at)
	s.draw()
	s.do("GET", at, call{}).want(t, 200, nil)

	_, err := s.Store.DeleteMedia(t.Context(), tepin.System, s.env.ID, media.ID, nil)
	check(t, err)
	second := s.pending(at)
	if second == first {
		t.Fatal("the picture is gone, and the preview stays")
	}
	s.do("GET", first, call{}).says(t, 404)
	s.draw()
	r := s.do("GET", second, call{}).says(t, 500, "could not be loaded", "Error report: http")
	var p web.Problem
	unmarshal(t, r.body, &p)
	found := reportURL.FindStringSubmatch(p.Detail)
	var report []struct{ ErrorList []struct{ Type string } }
	s.do("GET", found[1], call{}).want(t, 200, &report).tenant(t)
	if p.Type != "ImageLoadFailed" || report[0].ErrorList[0].Type != "ImageLoadFailed" {
		t.Errorf("%+v %+v", p, report)
	}
	if again := s.pending(at); again != second || s.draw() != 0 {
		t.Error("the failure is not remembered")
	}
	s.do("GET", second+"/download", call{}).says(t, 400, "could not be loaded")
	_, err = s.Store.RestoreMedia(t.Context(), tepin.System, s.env.ID, media.ID)
	check(t, err)
	third := s.pending(at)
	if third == second || s.draw() != 1 {
		t.Error("the picture is back, and the failure stays")
	}
	s.do("GET", at, call{}).want(t, 200, nil)
	counts, err := s.Store.RenderCounts(t.Context(), s.env.ID, time.Now().Add(-48*time.Hour), time.Now().Add(48*time.Hour))
	check(t, err)
	if len(counts) != 0 {
		t.Errorf("previews were counted: %v", counts)
	}
}

func TestProjectPreviews(t *testing.T) {
	s := newServer(t)
	project := s.createProject(s.createTemplate("Poster", "/"), "Mine")
	at := "/projects/" + string(project.ID) + "/preview"
	task := s.pending(at + "?previewType=HIGHEST")
	s.draw()
	s.do("GET", task, call{}).want(t, 200, nil)
	s.do("GET", strings.Replace(task, "/projects/", "/templates/", 1)+"/download", call{}).want(t, 200, nil)
	other := s.NewToken(s.env, tepin.AllScopes...)
	for _, path := range []string{at, at + "/highest", task, task + "/download", task + "/report", strings.Replace(task, "/projects/", "/templates/", 1)} {
		s.do("GET", path, call{token: other}).says(t, 404)
	}
}

// However many ask at once, a preview is drawn once.
func TestPreviewsAtOnce(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("Poster", "/")
	media := s.upload("a.png", half(t, 800, 600))
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			r, err := s.try("GET", "/templates/"+string(tpl.ID)+"/preview", call{})
			if err != nil || r.StatusCode != 202 {
				t.Errorf("%d %s %v", r.StatusCode, r.body, err)
			}
			r, err = s.try("GET", "/media/"+string(media.ID)+"/preview/medium", call{})
			if err != nil || r.StatusCode != 200 {
				t.Errorf("%d %s %v", r.StatusCode, r.body, err)
			}
		})
	}
	wg.Wait()
	before := s.files()
	if n := s.draw(); n != 1 {
		t.Errorf("%d previews were drawn", n)
	}
	if after := s.files(); before != 3 || after != 4 { // document, original, preview
		t.Errorf("%d, then %d files", before, after)
	}
}

// The sample looks as it should; TEPIN_LOOK names a directory for the pictures.
func TestSamplePreview(t *testing.T) {
	s := newServer(t)
	name, data := sample.Media()
	media := s.upload(name, data)
	var tpl environmentapi.Template
	s.do("POST", "/templates?"+url.Values{"name": {"Sample"}}.Encode(), call{body: sample.Template(nil, string(media.ID))}).want(t, 201, &tpl)
	at := "/templates/" + string(tpl.ID) + "/preview/medium"
	s.pending(at)
	s.draw()
	r := s.do("GET", at, call{}).want(t, 200, nil).tenant(t)
	img, kind, err := image.Decode(bytes.NewReader(r.body))
	check(t, err)
	if b := img.Bounds(); kind != "jpeg" || max(b.Dx(), b.Dy()) != 1024 {
		t.Errorf("%s %v", kind, b)
	}
	look(t, "sample.jpg", r.body)
	check(t, s.preview.Sweep(t.Context()))
	s.do("GET", at, call{}).want(t, 200, nil)
	s.ahead = preview.Unused + time.Hour
	check(t, s.preview.Sweep(t.Context()))
	s.pending(at)
}

// The examples of docs/previews.md work.
func TestDocumentedPreviews(t *testing.T) {
	s := newServer(t)
	font := sample.Fonts()[0]
	style := s.fonts(file{"file", font.Name, font.Data})[0]
	names := strings.NewReplacer("{media}", string(s.upload("a.png", picture(t)).ID), "{template}", string(s.createTemplate("Poster", "/").ID), "{family}", string(style.FamilyID))
	page, err := os.ReadFile("../docs/previews.md")
	check(t, err)
	examples := httpExample.FindAllStringSubmatch(string(page), -1)
	if len(examples) < 3 {
		t.Errorf("only %d examples; is the page in another form now?", len(examples))
	}
	for _, e := range examples {
		if r := s.do(e[1], names.Replace(e[2]), call{}); r.StatusCode/100 != 2 {
			t.Errorf("%s %s: %d %s", e[1], e[2], r.StatusCode, r.body)
		}
	}
}

// look keeps a picture that was made, to be looked at.
func look(t *testing.T, name string, data []byte) {
	t.Helper()
	if dir := os.Getenv("TEPIN_LOOK"); dir != "" {
		check(t, os.WriteFile(dir+"/"+name, data, 0o644))
	}
}
