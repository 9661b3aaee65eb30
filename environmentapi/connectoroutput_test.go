package environmentapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/tepin/tepin"
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
	s.do("POST", "/output/png", call{body: rows(map[string]any{"rows": 0})}).says(t, 422, "no rows")
	s.do("POST", "/output/png", call{body: rows(map[string]any{"rows": 10_001})}).says(t, 413, "10000")
	both := rows(nil)
	both["variables"] = []map[string]any{{"Name": "a"}}
	s.do("POST", "/output/png", call{body: both}).says(t, 400, "not from both")
	wrong := rows(nil)
	wrong["dataConnectorConfig"] = map[string]any{"dataConnectorId": media}
	s.do("POST", "/output/png", call{body: wrong}).says(t, 409, "not for data")
	wrong["dataConnectorConfig"] = map[string]any{"dataConnectorId": string(tepin.NewID[tepin.ConnectorID]())}
	s.do("POST", "/output/png", call{body: wrong}).says(t, 404, "no such connector")
}
