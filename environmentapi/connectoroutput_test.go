package environmentapi_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/sample"
)

// pictured is a document with a picture of a connector, whose context has a variable.
func pictured(connector, asset string) string {
	return fmt.Sprintf(`{"documentVersion":"0.23.0","properties":{"type":"template"},"selectedLayoutId":"1",
		"connectors":[{"id":"dam","name":"DAM","source":{"source":"grafx","id":%q},"options":{"from":"document"},"mappings":[{"name":"colour","value":"var.c","type":"var"}]}],
		"variables":[{"id":"c","name":"Name","type":"shortText","value":"red"},{"id":"n","name":"n","type":"number","value":0}],
		"pages":[{"id":"p","number":0,"isVisible":true,"frames":[{"id":"f","name":"Hero","type":"image","src":{"type":"connector","id":"dam","assetId":%q}}]}],
		"layouts":[{"id":"1","name":"Square","type":"top","childLayouts":[],"width":100000,"height":100000,"unit":"px","intent":"digitalStatic",
			"frameProperties":[{"id":"f","type":"top","x":0,"y":0,"width":100000,"height":100000,"isVisible":true}]}],"actions":[]}`, connector, asset)
}

// An output's pictures come from its connectors, at full size, with the server's credential;
// its records from a data connector.
func TestOutputOfConnectors(t *testing.T) {
	s := newServer(t)
	var mu sync.Mutex
	var asked []string
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.RequestURI())
		mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/gone") {
			w.WriteHeader(404)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(picture(t))
	}))
	defer up.Close()
	media := strings.TrimPrefix(s.publish(tepin.MediaConnector, `export default class {
		constructor(r) { this.r = r; }
		async download(id, type, intent, context) {
			const r = await this.r.fetch(this.r.options.base + "/" + id + "/" + [type, intent, context.from, context.colour].join("/"));
			if (!r.ok) throw new ConnectorHttpError(r.status, "no such picture");
			return r.arrayBuffer;
		}
	}`, up.URL), "/connectors/")
	heard := func() string {
		mu.Lock()
		defer mu.Unlock()
		all := strings.Join(asked, " ")
		asked = nil
		return all
	}
	run := func(path string, body any) (string, reply) {
		t.Helper()
		task := s.order(path, body)
		s.work()
		return task, s.do("GET", task, call{})
	}

	for path, intent := range map[string]string{"/output/png": "web", "/output/pdf": "print"} {
		_, r := run(path, map[string]any{"documentContent": raw(pictured(media, "beach"))})
		r.want(t, 200, nil)
		if got := heard(); got != "/beach/fullres/"+intent+"/document/red" {
			t.Errorf("%s: the upstream is asked %s", path, got)
		}
	}
	// Each value of the variable is another picture; the same value is asked for once.
	_, r := run("/output/pdf", map[string]any{"documentContent": raw(pictured(media, "beach")), "variables": []map[string]any{{"Name": "a"}, {"Name": "b"}, {"Name": "a"}}})
	r.want(t, 200, nil)
	if got := heard(); strings.Count(got, "/beach/") != 2 || !strings.Contains(got, "/a") || !strings.Contains(got, "/b") {
		t.Errorf("the upstream is asked %s", got)
	}
	// What a connector does not give ends the task, and the report names it.
	task, r := run("/output/png", map[string]any{"documentContent": raw(pictured(media, "gone"))})
	r.says(t, 500, "gone", "no such picture")
	if report := s.do("GET", task+"/report", call{}).want(t, 200, nil); !strings.Contains(string(report.body), "ImageLoadFailed") {
		t.Errorf("%s", report.body)
	}
	// A connector that the environment does not have is its own media, as is the built-in one.
	own := s.upload("shore", picture(t))
	builtIn, err := s.Store.DefaultConnector(t.Context(), s.env.ID, tepin.MediaConnector)
	check(t, err)
	for _, id := range []string{string(tepin.NewID[tepin.ConnectorID]()), string(builtIn.ID), "grafx-media"} {
		_, r := run("/output/png", map[string]any{"documentContent": raw(pictured(id, string(own.ID)))})
		r.want(t, 200, nil)
	}

	data := strings.TrimPrefix(s.publish(tepin.DataConnector, dataScript, up.URL), "/connectors/")
	heard()
	rows := func(context map[string]any) map[string]any {
		return map[string]any{"documentContent": raw(pictured(media, "beach")),
			"dataConnectorConfig": map[string]any{"dataConnectorId": data, "dataConnectorParameters": map[string]any{"context": context}}}
	}
	_, r = run("/output/png", rows(map[string]any{"rows": 3}))
	r.want(t, 200, nil)
	if got := heard(); strings.Count(got, "/beach/") != 3 || !strings.Contains(got, url.PathEscape("row 2")) {
		t.Errorf("the upstream is asked %s", got)
	}
	if last, _ := list[environmentapi.Task](s, "/output/tasks?limit=1"); last[0].TotalRecords != 3 || last[0].SuccessfulRecords != 3 {
		t.Errorf("%+v", last[0])
	}
	// Rows are read when the output is made: what is wrong with them is the task's end.
	for n, says := range map[int]string{0: "no rows", 10_001: "10000"} {
		_, r = run("/output/png", rows(map[string]any{"rows": n}))
		r.says(t, 500, says)
	}
	if got := heard(); got != "" {
		t.Errorf("the upstream is asked %s", got)
	}
	both := rows(nil)
	both["variables"] = []map[string]any{{"Name": "a"}}
	s.do("POST", "/output/png", call{body: both}).says(t, 400, "not from both")
	wrong := rows(nil)
	wrong["dataConnectorConfig"] = map[string]any{"dataConnectorId": media}
	s.do("POST", "/output/png", call{body: wrong}).says(t, 409, "not for data")
	wrong["dataConnectorConfig"] = map[string]any{"dataConnectorId": string(tepin.NewID[tepin.ConnectorID]())}
	s.do("POST", "/output/png", call{body: wrong}).says(t, 404, "no such connector")
}

// lettered is a document with a text in a font of a connector.
func lettered(connector, style string) string {
	return fmt.Sprintf(`{"documentVersion":"0.23.0","properties":{"type":"template"},"selectedLayoutId":"1",
		"connectors":[{"id":"type","name":"Foundry","source":{"source":"grafx","id":%q}}],
		"brandKit":{"fontFamilies":[{"id":"type::f","name":"Kind","connectorId":"type","fontStyles":[{"id":"type::f::s","name":"Regular","fontStyleId":%q}]}]},
		"pages":[{"id":"p","number":0,"isVisible":true,"frames":[{"id":"f","name":"Words","type":"text","textContent":[{"type":"paragraph","style":{"fontKey":"type::f::s","fontSize":12}},{"type":"span"},{"type":"text","text":"Manrope"}]}]}],
		"layouts":[{"id":"1","name":"Square","type":"top","childLayouts":[],"width":100000,"height":100000,"unit":"px","intent":"digitalStatic",
			"frameProperties":[{"id":"f","type":"top","x":0,"y":0,"width":100000,"height":100000,"isVisible":true}]}],"actions":[]}`, connector, style)
}

const fontScript = `export default class {
	constructor(r) { this.r = r; }
	async download(style) {
		const r = await this.r.fetch(this.r.options.base + "/" + style);
		if (!r.ok) throw new ConnectorHttpError(r.status, "no such font");
		return r.arrayBuffer;
	}
}`

// The fonts of a document come from its font connectors, and are looked at before anything
// is drawn with them.
func TestOutputOfFontConnectors(t *testing.T) {
	s := newServer(t)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "font/ttf")
		switch r.URL.Path {
		case "/sans":
			_, _ = w.Write(sample.Fonts()[0].Data)
		case "/page":
			_, _ = w.Write([]byte("<html>"))
		case "/half":
			_, _ = w.Write(sample.Fonts()[0].Data[:2000])
		default:
			w.WriteHeader(404)
		}
	}))
	defer up.Close()
	fonts := strings.TrimPrefix(s.publish(tepin.FontConnector, fontScript, up.URL), "/connectors/")
	output := func(connector, style string) (string, reply) {
		task := s.order("/output/pdf", map[string]any{"documentContent": raw(lettered(connector, style))})
		s.work()
		return task, s.do("GET", task, call{})
	}
	task, r := output(fonts, "sans")
	r.want(t, 200, nil)
	file := s.do("GET", task+"/download", call{}).want(t, 200, nil)
	if !strings.Contains(string(file.body), "Manrope") {
		t.Error("the PDF is not set in the connector's font")
	}
	for style, says := range map[string]string{"page": "not an OTF", "half": "Kind Regular", "gone": "no such font"} {
		task, r := output(fonts, style)
		r.says(t, 500, says)
		if report := s.do("GET", task+"/report", call{}).want(t, 200, nil); !strings.Contains(string(report.body), "FontLoadFailed") {
			t.Errorf("%s: %s", style, report.body)
		}
	}
	// One for media is none for fonts; one that is not there stands for the environment's own.
	media := strings.TrimPrefix(s.publish(tepin.MediaConnector, mediaScript, up.URL), "/connectors/")
	_, r = output(media, "sans")
	r.says(t, 500, "not for fonts")
	own := s.fonts(file0())[0]
	builtIn, err := s.Store.DefaultConnector(t.Context(), s.env.ID, tepin.FontConnector)
	check(t, err)
	for _, id := range []string{string(builtIn.ID), string(tepin.NewID[tepin.ConnectorID]()), "grafx-fonts"} {
		_, r = output(id, string(own.ID))
		r.want(t, 200, nil)
	}
	if n := s.files(); n > 20 {
		t.Errorf("%d files are left", n)
	}
}

func file0() file { return file{"file", "a.ttf", sample.Fonts()[0].Data} }

// Previews ask connectors too: with the credential of the browser, and again after a while.
// A box stands in for what they do not give.
func TestPreviewOfConnectors(t *testing.T) {
	s := newServer(t)
	var mu sync.Mutex
	var asked []string
	colour := color.NRGBA{255, 0, 0, 255}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path+" "+r.Header.Get("X-Key"))
		if strings.HasPrefix(r.URL.Path, "/gone") {
			w.WriteHeader(404)
			return
		}
		img := image.NewNRGBA(image.Rect(0, 0, 4, 4))
		draw.Draw(img, img.Rect, image.NewUniform(colour), image.Point{}, draw.Src)
		w.Header().Set("Content-Type", "image/png")
		_ = png.Encode(w, img)
	}))
	defer up.Close()
	heard := func() string {
		mu.Lock()
		defer mu.Unlock()
		all := strings.Join(asked, ", ")
		asked = nil
		return all
	}
	c := s.publish(tepin.MediaConnector, `export default class {
		constructor(r) { this.r = r; }
		async download(id, type, intent, context) {
			const r = await this.r.fetch(this.r.options.base + "/" + [id, type, intent, context.colour].join("/"));
			if (!r.ok) throw new ConnectorHttpError(r.status, "no such picture");
			return r.arrayBuffer;
		}
	}`, up.URL)
	ada := s.administrator()
	for _, usage := range []string{"browser", "server"} {
		s.do("PUT", c+"/auth/static", call{token: ada, body: map[string]any{"usage": usage, "key": "X-Key", "value": "the " + usage + "'s"}}).want(t, 204, nil)
	}
	seen := func(task string) color.Color {
		t.Helper()
		var done environmentapi.PreviewTask
		s.do("GET", task, call{}).want(t, 200, &done)
		img, _, err := image.Decode(bytes.NewReader(s.do("GET", done.Links.Download, call{}).want(t, 200, nil).body))
		check(t, err)
		return color.NRGBAModel.Convert(img.At(30, 60))
	}
	made := func(asset string) string {
		var tpl environmentapi.Template
		s.do("POST", "/templates?name="+asset, call{body: pictured(strings.TrimPrefix(c, "/connectors/"), asset)}).want(t, 201, &tpl)
		return "/templates/" + string(tpl.ID) + "/preview/thumbnail"
	}
	near := func(c color.Color, r, g, b int) bool {
		n := c.(color.NRGBA)
		return max(int(n.R)-r, r-int(n.R), int(n.G)-g, g-int(n.G), int(n.B)-b, b-int(n.B)) < 8
	}

	at := made("beach")
	first := s.pending(at)
	s.draw()
	if got := heard(); got != "/beach/highres/web/red the browser's" {
		t.Errorf("the upstream is asked %s", got)
	}
	if got := seen(first); !near(got, 255, 0, 0) {
		t.Errorf("the preview shows %v", got)
	}
	s.do("GET", at, call{}).want(t, 200, nil)
	mu.Lock()
	colour = color.NRGBA{0, 0, 255, 255}
	mu.Unlock()
	s.ahead = preview9
	s.do("GET", at, call{}).want(t, 200, nil)
	s.ahead = preview11
	second := s.pending(at)
	s.ahead = 0
	s.draw()
	if got := seen(second); second == first || !near(got, 0, 0, 255) || heard() == "" {
		t.Errorf("ten minutes later the preview shows %v", got)
	}

	at = made("gone")
	first = s.pending(at)
	s.draw()
	if got := seen(first); !near(got, 230, 230, 230) {
		t.Errorf("a picture that is not there is shown as %v", got)
	}
	if report := s.do("GET", first+"/report", call{}).want(t, 200, nil); !strings.Contains(string(report.body), "ImageLoadFailed") || !strings.Contains(string(report.body), "no such picture") {
		t.Errorf("%s", report.body)
	}
	s.do("GET", at, call{}).want(t, 200, nil)
	s.ahead = preview3
	if s.pending(at) == first {
		t.Error("what a connector did not give is not asked for again")
	}
	s.ahead = 0
	s.draw()
	// The connector's end is seen at the next look.
	s.do("DELETE", c, call{token: ada}).want(t, 204, nil)
	s.ahead = preview11
	last := s.pending(at)
	s.ahead = 0
	s.draw()
	s.do("GET", last, call{}).says(t, 500, "could not be loaded")
}

// Times that are before and after those for which previews trust what connectors said.
const (
	preview3  = preview.Lacking + time.Minute
	preview9  = preview.Asked - time.Minute
	preview11 = preview.Asked + time.Minute
)
