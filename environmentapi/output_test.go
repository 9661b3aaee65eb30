package environmentapi_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/web"
)

// work performs the tasks that are queued, as the job runner does.
func (s *server) work() {
	s.t.Helper()
	for {
		job, err := s.Store.ClaimJob(s.t.Context(), []string{"output"}, time.Minute)
		if tepin.KindOf(err) == tepin.NotFound {
			return
		}
		check(s.t, err)
		check(s.t, s.output.Run(s.t.Context(), job))
	}
}

// order asks for an output and returns the path of its task, as the answer links it.
func (s *server) order(path string, body any) string {
	s.t.Helper()
	var started environmentapi.TaskInfo
	r := s.do("POST", path, call{body: body}).want(s.t, 200, &started)
	var members map[string]json.RawMessage
	unmarshal(s.t, r.body, &members)
	if _, has := members["status"]; has || len(members) != 2 || !tepin.IsID(string(started.Data.TaskID)) ||
		started.Links.TaskInfo != publicURL+"/grafx/api/v1/environment/demo/output/tasks/"+string(started.Data.TaskID) {
		s.t.Fatalf("%s", r.body)
	}
	return started.Links.TaskInfo
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func TestOutput(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("Poster", "/")
	project := s.createProject(tpl, "My poster")
	for name, c := range map[string]struct {
		path string
		body any
		file string
	}{
		"png":       {"/output/png", map[string]any{"documentContent": raw(doc), "projectId": project.ID, "layoutsToExport": []string{"1"}, "engineVersion": nil, "unknown": 1, "anotherOne": nil}, "My poster.png"},
		"jpg":       {"/output/jpg", map[string]any{"templateId": tpl.ID}, "Poster.jpg"},
		"pdf":       {"/output/pdf", map[string]any{"projectId": project.ID, "templateId": nil, "variables": []map[string]any{{"title": "One"}}, "postProcessing": nil}, "My poster.pdf"},
		"image":     {"/output/image?outputType=png&layoutToExport=1&pixelRatio=2&projectId=" + string(project.ID), nil, "My poster.png"},
		"document":  {"/output/image?outputType=JPG", doc, "output.jpg"},
		"gif":       {"/output/gif", map[string]any{"templateId": tpl.ID}, "Poster.gif"},
		"html":      {"/output/html", map[string]any{"templateId": tpl.ID}, "Poster.zip"},
		"parts":     {"/output/pdf", map[string]any{"projectId": project.ID, "variables": []map[string]any{{}, {}, {}}, "maxRecordsPerFile": 2, "postProcessing": map[string]any{"pdfVersion": "1.4"}}, "My poster.zip"},
		"animation": {"/output/animation?outputType=gif&fps=50&pixelRatio=2&templateId=" + string(tpl.ID), nil, "Poster.gif"},
		"{}":        {"/output/image?outputType=png&templateId=" + string(tpl.ID), " { }\n", "Poster.png"},
		"null":      {"/output/image?outputType=png&templateId=" + string(tpl.ID), "null", "Poster.png"},
	} {
		t.Run(name, func(t *testing.T) {
			task := s.order(c.path, c.body)
			if r := s.do("GET", task, call{}); r.StatusCode != 202 || len(r.body) != 0 {
				t.Errorf("pending: %d %q", r.StatusCode, r.body)
			}
			s.do("GET", task+"/download", call{}).says(t, 400, "no output yet")
			s.work()
			var done environmentapi.TaskInfo
			s.do("GET", task, call{}).want(t, 200, &done)
			if done.Links.Download != task+"/download" {
				t.Fatalf("%+v", done)
			}
			r := s.do("GET", done.Links.Download, call{}).want(t, 200, nil).tenant(t)
			if got := r.Header.Get("Content-Disposition"); !strings.Contains(got, `filename="`+c.file+`"`) {
				t.Errorf("Content-Disposition %q, not %q", got, c.file)
			}
			isWhole(t, r)
		})
	}

	// The owner lists its tasks; others see none of them.
	tasks, _ := list[environmentapi.Task](s, "/output/tasks?limit=2")
	if len(tasks) != 11 {
		t.Fatalf("%d tasks", len(tasks))
	}
	oldestFirst, _ := list[environmentapi.Task](s, "/output/tasks?limit=2&sortOrder=asc")
	for i := range tasks {
		if i > 0 && tasks[i].ID > tasks[i-1].ID || tasks[i].ID != oldestFirst[10-i].ID {
			t.Errorf("task %d is not in order", i)
		}
	}
	for _, task := range tasks {
		if task.Status != "Finished" || task.TotalRecords < 1 || task.SuccessfulRecords != task.TotalRecords || task.TotalSuccessfulRecords != task.TotalRecords || !task.OutputAvailable || task.DateProcessed == nil || !task.Watermarked || task.Renders != 0 {
			t.Errorf("%+v", task)
		}
	}
	stranger := s.NewToken(s.env, tepin.AllScopes...)
	at := "/output/tasks/" + string(tasks[0].ID)
	for _, below := range []string{"", "/download", "/report"} {
		s.do("GET", at+below, call{token: stranger}).says(t, 404, "no such task")
	}

	// After 4 hours the file is gone, and the task tells so.
	s.ahead = tepin.OutputKept + time.Minute
	s.do("GET", at+"/download", call{}).says(t, 410, "no longer available", "4 hours")
	if tasks, _ := list[environmentapi.Task](s, "/output/tasks"); tasks[0].OutputAvailable {
		t.Errorf("%+v", tasks[0])
	}
}

// isWhole decodes a download.
func isWhole(t *testing.T, r reply) {
	t.Helper()
	var err error
	switch r.Header.Get("Content-Type") {
	case "image/png":
		_, err = png.Decode(bytes.NewReader(r.body))
	case "image/jpeg":
		_, err = jpeg.Decode(bytes.NewReader(r.body))
	case "image/gif":
		_, err = gif.DecodeAll(bytes.NewReader(r.body))
	case "application/zip":
		_, err = zip.NewReader(bytes.NewReader(r.body), int64(len(r.body)))
	case "application/pdf":
		if !bytes.HasPrefix(r.body, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(r.body), []byte("%%EOF")) {
			err = fmt.Errorf("not a whole PDF: %d bytes", len(r.body))
		}
	default:
		err = fmt.Errorf("content type %q", r.Header.Get("Content-Type"))
	}
	check(t, err)
}

func TestRefusedOutput(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("t", "/")
	absent := string(tepin.NewID[tepin.TemplateID]())
	rows := strings.Repeat("{},", 10_000) + "{}"
	before := s.files()
	for name, c := range map[string]struct {
		path   string
		body   any
		status int
		says   string
	}{
		"nothing":         {"/output/png", `{}`, 400, "nothing to render"},
		"no body":         {"/output/png", ``, 400, "empty"},
		"not JSON":        {"/output/png", `{"documentContent":`, 400, "not valid JSON"},
		"list":            {"/output/png", `[]`, 400, ""},
		"both":            {"/output/png", fmt.Sprintf(`{"templateId":%q,"projectId":%q}`, absent, absent), 400, "not both"},
		"absent template": {"/output/png", fmt.Sprintf(`{"templateId":%q}`, absent), 404, "template"},
		"absent project":  {"/output/png", fmt.Sprintf(`{"projectId":%q}`, absent), 404, "project"},
		"absent settings": {"/output/png", fmt.Sprintf(`{"templateId":%q,"outputSettingsId":%q}`, tpl.ID, absent), 404, "settings"},
		"layouts":         {"/output/png", `{"layoutsToExport":"1"}`, 400, "$.layoutsToExport: expected a list of strings"},
		"layout":          {"/output/png", map[string]any{"documentContent": raw(doc), "layoutsToExport": []string{"9"}}, 400, `layoutsToExport: the document has no layout with the id "9"; it has "1" (Square)`},
		"no layouts":      {"/output/png", `{"documentContent":{"pages":[]}}`, 400, "$.layouts: the document has no layouts"},
		"one s too few":   {"/output/png", fmt.Sprintf(`{"templateId":%q,"layoutToExport":["1"]}`, tpl.ID), 400, `"layoutToExport" is not known here; write layoutsToExport`},
		"one s too many":  {"/output/png", fmt.Sprintf(`{"templateId":%q,"projectIds":null}`, tpl.ID), 400, "write projectId"},
		"text document":   {"/output/png", map[string]any{"documentContent": doc}, 400, "$.documentContent"},
		"bad document":    {"/output/png", `{"documentContent":{"layouts":[7]}}`, 400, "$"},
		"deep":            {"/output/png", `{"documentContent":{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, 400, "200"},
		"huge output":     {"/output/png", map[string]any{"documentContent": raw(strings.Replace(doc, `"width":30000,"height":30000`, `"width":30000000,"height":30000000`, 1))}, 400, "30000 × 30000"},
		"rows":            {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"variables":[%s]}`, tpl.ID, rows), 413, "10001"},
		"wide rows":       {"/output/pdf", io.MultiReader(strings.NewReader(`{"templateId":"`+string(tpl.ID)+`","variables":[{"a":"`), strings.NewReader(strings.Repeat("x", 10<<20)), strings.NewReader(`"}]}`)), 413, "10 MB"},
		"too much":        {"/output/pdf", bytes.Repeat([]byte(" "), 21<<20), 413, "20 MB"},
		"row":             {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"variables":[{},7]}`, tpl.ID), 400, "$.variables[1]"},
		"value":           {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"variables":[{"title":{}}]}`, tpl.ID), 400, "$.variables[0]"},
		"variables":       {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"variables":{}}`, tpl.ID), 400, "$.variables"},
		"unknown name":    {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"variables":[{"nobody":"x"}]}`, tpl.ID), 400, "nobody"},
		"processing":      {"/output/png", fmt.Sprintf(`{"templateId":%q,"postProcessing":{}}`, tpl.ID), 400, "$.postProcessing: this is for PDF"},
		"processing, []":  {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"postProcessing":[]}`, tpl.ID), 400, "$.postProcessing: this is an object"},
		"processing, ?":   {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"postProcessing":{"pdfversion":"1.4"}}`, tpl.ID), 400, "no member"},
		"version":         {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"postProcessing":{"pdfVersion":"2.0"}}`, tpl.ID), 400, "$.postProcessing.pdfVersion: the version is 1.4"},
		"colours":         {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"postProcessing":{"colorTransformation":{}}}`, tpl.ID), 400, "$.postProcessing.colorTransformation"},
		"connector":       {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"dataConnectorConfig":{}}`, tpl.ID), 400, "$.dataConnectorConfig"},
		"files":           {"/output/pdf", fmt.Sprintf(`{"templateId":%q,"variables":[{},{}],"maxRecordsPerFile":-1}`, tpl.ID), 400, "$.maxRecordsPerFile"},
		"files of PNG":    {"/output/png", fmt.Sprintf(`{"templateId":%q,"variables":[{},{}],"maxRecordsPerFile":1}`, tpl.ID), 400, "$.maxRecordsPerFile: this is for PDF"},
		"image, none":     {"/output/image?outputType=png", nil, 400, "nothing to render"},
		"image, {}":       {"/output/image?outputType=png", "{}", 400, "nothing to render"},
		"image, both":     {"/output/image?outputType=png&templateId=" + string(tpl.ID), doc, 400, "both"},
		"image, type":     {"/output/image?outputType=mp4&templateId=" + string(tpl.ID), nil, 400, "outputType"},
		"image, ratio":    {"/output/image?outputType=png&pixelRatio=NaN&templateId=" + string(tpl.ID), nil, 400, "pixelRatio"},
		"image, huge":     {"/output/image?outputType=png&pixelRatio=1e9&templateId=" + string(tpl.ID), nil, 400, "scaling"},
		"no such format":  {"/output/bmp", `{}`, 404, ""},
		"gif, huge":       {"/output/gif", map[string]any{"documentContent": raw(strings.Replace(doc, `"width":30000,"height":30000`, `"width":5000000,"height":3000`, 1))}, 400, "4096 a side"},
		"gif, long":       {"/output/gif", map[string]any{"documentContent": raw(strings.Replace(doc, `"width":30000`, `"timelineLengthMs":120001,"width":30000`, 1))}, 400, "timeline of layout"},
		"mp4":             {"/output/mp4", fmt.Sprintf(`{"templateId":%q}`, tpl.ID), 422, "the program ffmpeg is not installed"},
		"animation, type": {"/output/animation?outputType=png&templateId=" + string(tpl.ID), nil, 400, "the output type is mp4 or gif"},
		"animation, fps":  {"/output/animation?outputType=gif&fps=51&templateId=" + string(tpl.ID), nil, 400, "1 to 50"},
		"animation, rate": {"/output/animation?outputType=gif&fps=many&templateId=" + string(tpl.ID), nil, 400, "fps"},
	} {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"Content-Type": "application/json"}
			s.do("POST", c.path, call{body: c.body, header: header}).says(t, c.status, c.says)
			if after := s.files(); after != before {
				t.Errorf("%d files were left behind", after-before)
			}
		})
	}
	if tasks, _ := list[environmentapi.Task](s, "/output/tasks"); len(tasks) != 0 {
		t.Errorf("%d tasks were queued", len(tasks))
	}
}

var reportURL = regexp.MustCompile(`Error report: (\S+)`)

// A task that fails says why, and links the report, which the owner alone can read.
func TestFailedTask(t *testing.T) {
	s := newServer(t)
	broken := strings.Replace(doc, `"frames":[]`, `"frames":[{"id":"f","name":"picture","type":"image","src":{"type":"connector","id":"c","assetId":"`+string(tepin.NewID[tepin.MediaID]())+`"}}]`, 1)
	broken = strings.Replace(broken, `"frameProperties":[]`, `"frameProperties":[{"id":"f","type":"top","x":0,"y":0,"width":10000,"height":10000,"isVisible":true}]`, 1)
	task := s.order("/output/png", map[string]any{"documentContent": raw(broken)})
	s.work()
	r := s.do("GET", task, call{}).says(t, 500)
	var p web.Problem
	unmarshal(t, r.body, &p)
	if !strings.Contains(p.Detail, "could not be loaded; upload it to the environment's media, or choose another. Error report: http") {
		t.Errorf("detail %q", p.Detail)
	}
	found := reportURL.FindStringSubmatch(p.Detail)
	if found == nil {
		t.Fatalf("no report: %s", r.body)
	}
	var report []struct {
		RecordNumber int
		ErrorList    []struct{ Type, Details string }
	}
	s.do("GET", found[1], call{}).want(t, 200, &report).tenant(t)
	if len(report) != 1 || len(report[0].ErrorList) != 1 || report[0].ErrorList[0].Type != "ImageLoadFailed" {
		t.Errorf("%+v", report)
	}
	s.do("GET", found[1], call{token: "-"}).says(t, 401)
	s.do("GET", found[1], call{token: s.NewToken(s.env, tepin.AllScopes...)}).says(t, 404)
	s.do("GET", task+"/download", call{}).says(t, 400, "failed")
	tasks, _ := list[environmentapi.Task](s, "/output/tasks")
	if tasks[0].Status != "Failed" || tasks[0].OutputAvailable || tasks[0].Renders != 0 || tasks[0].ErrorDetail == "" {
		t.Errorf("%+v", tasks[0])
	}
}
