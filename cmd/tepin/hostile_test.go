package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// peakLimit is what the server process may have resident at most, whatever comes.
const peakLimit = 512 << 20

// Bad input of every sort on the real binary: each gets its clear refusal, and the
// server stays small.
func TestHostileInput(t *testing.T) {
	p := startProcess(t, t.TempDir())
	project := "/projects/" + string(p.demo.Project.ID)
	doc := p.ask(http.MethodGet, project+"/document", "", nil)
	doc.want(t, http.StatusOK)
	const js = "application/json"

	t.Run("malformed JSON", func(t *testing.T) {
		p.ask(http.MethodPost, "/projects", js, strings.NewReader(`{"template":{"id":`)).want(t, 400, "exceptionDetails")
		p.ask(http.MethodPut, project+"/document", js, strings.NewReader(`{"pages":[}`)).want(t, 400, "exceptionDetails")
	})
	t.Run("wrong types", func(t *testing.T) {
		p.ask(http.MethodPost, "/projects", js, strings.NewReader(`{"template":{"id":17}}`)).want(t, 400)
		p.ask(http.MethodPut, project+"/document", js, strings.NewReader(`[1,2]`)).want(t, 400, "$")
		p.ask(http.MethodPost, "/output/png", js, strings.NewReader(`{"layoutsToExport":"one"}`)).want(t, 400)
		p.ask(http.MethodGet, "/templates?limit=many", "", nil).want(t, 400, "limit")
	})
	t.Run("unknown layout, settings and variable", func(t *testing.T) {
		order := func(extra string) io.Reader {
			return strings.NewReader(fmt.Sprintf(`{"projectId":%q%s}`, p.demo.Project.ID, extra))
		}
		p.ask(http.MethodPost, "/output/png", js, order(`,"layoutsToExport":["nowhere"]`)).want(t, 400, "nowhere")
		p.ask(http.MethodPost, "/output/png", js, order(`,"outputSettingsId":"01a20000-0000-7000-8000-000000000000"`)).want(t, 404)
		p.ask(http.MethodPost, "/output/pdf", js, order(`,"variables":[{"Nowhere":"x"}]`)).want(t, 400, "Nowhere")
		p.ask(http.MethodPost, "/output/pdf", js, strings.NewReader(`{}`)).want(t, 400)
	})
	t.Run("80 MB body", func(t *testing.T) {
		p.ask(http.MethodPut, project+"/document", js, io.LimitReader(spaces{}, 80<<20)).want(t, 413, "20 MB")
		p.ask(http.MethodPost, "/output/png", js, io.LimitReader(spaces{}, 80<<20)).want(t, 413)
	})
	t.Run("nested 10,000 deep", func(t *testing.T) {
		deep := `{"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
		p.ask(http.MethodPut, project+"/document", js, strings.NewReader(deep)).want(t, 400, "deep")
		p.ask(http.MethodPost, "/output/png", js, strings.NewReader(`{"documentContent":`+deep+`}`)).want(t, 400)
	})
	t.Run("large documents at once", func(t *testing.T) {
		large := strings.TrimSuffix(strings.TrimSpace(doc.body), "}") + `,"padding":[` + strings.TrimSuffix(strings.Repeat(`{"a":1},`, 1_300_000), ",") + `]}`
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				a := p.ask(http.MethodPut, project+"/document", js, strings.NewReader(large))
				if a.status/100 != 2 && a.status != 503 {
					t.Errorf("%d: %.300s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		p.ask(http.MethodPut, project+"/document", js, strings.NewReader(doc.body)).want(t, 204)
	})
	t.Run("picture of 30,000 × 30,000 pixels", func(t *testing.T) {
		contentType, body := fileBody(t, "bomb.png", pngHeader(30_000, 30_000))
		p.ask(http.MethodPost, "/media?name=bomb&folderPath=/", contentType, body).want(t, 422, "30")
	})
	t.Run("no picture, no font", func(t *testing.T) {
		contentType, body := fileBody(t, "x.png", []byte("<script>alert(1)</script>"))
		p.ask(http.MethodPost, "/media?name=x&folderPath=/", contentType, body).want(t, 415)
		contentType, body = fileBody(t, "x.ttf", []byte("\x00\x01\x00\x00rubbish"))
		if a := p.ask(http.MethodPost, "/font-styles/temp", contentType, body); a.status/100 == 2 && !strings.Contains(a.body, `"canBeUploaded":false`) {
			t.Errorf("a broken font is taken: %s", a.body)
		}
	})
	t.Run("output of 30,000 × 30,000 pixels", func(t *testing.T) {
		big := strings.NewReplacer(`"width": 960000`, `"width": 30000000`, `"height": 540000`, `"height": 30000000`, `"width":960000`, `"width":30000000`, `"height":540000`, `"height":30000000`).Replace(doc.body)
		if big == doc.body {
			t.Fatal("the sample's screen layout has another size now: mend this test")
		}
		p.ask(http.MethodPost, "/output/png", js, strings.NewReader(`{"layoutsToExport":["card"],"documentContent":`+big+`}`)).want(t, 400, "pixels")
	})
	t.Run("missing picture", func(t *testing.T) {
		a := p.task(p.ask(http.MethodPost, "/output/png", js, strings.NewReader(fmt.Sprintf(
			`{"projectId":%q,"layoutsToExport":["card"],"variables":[{"Picture":"01a20000-0000-7000-8000-000000000000"}]}`, p.demo.Project.ID))))
		a.want(t, 500, "ImageLoadFailed", "Error report: http")
		var problem struct {
			Detail string `json:"detail"`
		}
		if err := json.Unmarshal([]byte(a.body), &problem); err != nil {
			t.Fatal(err)
		}
		_, link, _ := strings.Cut(problem.Detail, "Error report: ")
		p.ask(http.MethodGet, strings.TrimSpace(link), "", nil).want(t, 200, `"recordNumber":1`, "ImageLoadFailed")
	})
	t.Run("missing font", func(t *testing.T) {
		var styles struct {
			Data []item `json:"data"`
		}
		families := p.ask(http.MethodGet, "/font-families", "", nil)
		if err := json.Unmarshal([]byte(families.body), &styles); err != nil || len(styles.Data) == 0 {
			t.Fatal(families.body, err)
		}
		broken := doc.body
		for _, f := range styles.Data {
			var list struct {
				Data []item `json:"data"`
			}
			a := p.ask(http.MethodGet, "/font-families/"+f.ID+"/styles", "", nil)
			if err := json.Unmarshal([]byte(a.body), &list); err != nil {
				t.Fatal(err)
			}
			for _, s := range list.Data {
				broken = strings.ReplaceAll(broken, s.ID, "01a20000-0000-7000-8000-000000000000")
			}
		}
		p.task(p.ask(http.MethodPost, "/output/pdf", js, strings.NewReader(`{"documentContent":`+broken+`}`))).want(t, 500, "FontLoadFailed")
	})
	t.Run("another environment's", func(t *testing.T) {
		own := p.api.base
		defer func() { p.api.base = own }()
		p.api.base = p.demo.URL + "/grafx/api/v1/environment/elsewhere"
		p.ask(http.MethodGet, project, "", nil).want(t, 404)
	})
	t.Run("two saves at once", func(t *testing.T) { twoSaves(t, p, project+"/document", doc.body) })

	if peak := p.peak(); peak > peakLimit {
		t.Errorf("the server had %d MB resident; the most is %d", peak>>20, peakLimit>>20)
	} else {
		t.Logf("peak resident memory: %d MB", peak>>20)
	}
	p.ask(http.MethodGet, p.demo.URL+"/readyz", "", nil).want(t, 200)
	if strings.Contains(p.log.String(), "panic") {
		t.Errorf("something panicked:\n%s", p.log)
	}
}

// twoSaves: both succeed, and one of them stands whole; with If-Match the later gets 412.
func twoSaves(t *testing.T, p *process, path, doc string) {
	versions := []string{withNote(doc, strings.Repeat("a", 1<<20)), withNote(doc, strings.Repeat("b", 1<<20))}
	for range 5 {
		var wg sync.WaitGroup
		for _, v := range versions {
			wg.Go(func() {
				if a := p.ask(http.MethodPut, path, "application/json", strings.NewReader(v)); a.status != 204 {
					t.Errorf("%d: %.300s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		if got := p.ask(http.MethodGet, path, "", nil).body; got != versions[0] && got != versions[1] {
			t.Errorf("neither save stands whole: %d bytes", len(got))
		}
	}
	etag := p.ask(http.MethodGet, path, "", nil).header.Get("ETag")
	if etag == "" {
		t.Fatal("the document has no ETag")
	}
	p.ask(http.MethodPut, path, "application/json", strings.NewReader(doc), "If-Match", etag).want(t, 204)
	p.ask(http.MethodPut, path, "application/json", strings.NewReader(versions[0]), "If-Match", etag).want(t, 412)
	if got := p.ask(http.MethodGet, path, "", nil).body; got != doc {
		t.Error("the save that got 412 was made")
	}
}

// withNote adds a key that Tepin does not know to a document.
func withNote(doc, note string) string {
	return strings.TrimSuffix(strings.TrimSpace(doc), "}") + `,"note":"` + note + `"}`
}

// spaces is an endless body of white space.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// pngHeader is the beginning of a picture of this size, and nothing of its pixels.
func pngHeader(width, height uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(chunk[4:], width)
	binary.BigEndian.PutUint32(chunk[8:], height)
	chunk[12], chunk[13] = 8, 6
	b = binary.BigEndian.AppendUint32(b, 13)
	b = append(b, chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

// Every save that was acknowledged survives a power cut, and none is half there; a
// render that was cut off is made after the restart.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	p := startProcess(t, dir)
	var created item
	body := fmt.Sprintf(`{"name":"crash","template":{"id":%q}}`, p.demo.Template.ID)
	if err := p.api.send(t.Context(), http.MethodPost, "/projects", "application/json", strings.NewReader(body), &created); err != nil {
		t.Fatal(err)
	}
	path := "/projects/" + created.ID + "/document"
	doc := strings.TrimSuffix(strings.TrimSpace(p.ask(http.MethodGet, path, "", nil).body), "}")
	last := 0
	for round := range 3 {
		rows := strings.TrimSuffix(strings.Repeat(`{"Price":7},`, 1000), ",") // seconds of work
		started := p.ask(http.MethodPost, "/output/pdf", "application/json", strings.NewReader(fmt.Sprintf(`{"projectId":%q,"variables":[%s]}`, created.ID, rows)))
		saved := make(chan int, 1)
		go func() { saved <- saveUntilKilled(p, path, doc, last+1) }()
		time.Sleep(time.Duration(100+150*round) * time.Millisecond)
		p.kill()
		acknowledged := max(last, <-saved)
		p = startProcess(t, dir)
		got := p.ask(http.MethodGet, path, "", nil)
		got.want(t, http.StatusOK)
		var now struct {
			Save int `json:"save"`
		}
		if err := json.Unmarshal([]byte(got.body), &now); err != nil {
			t.Fatalf("the document is not whole: %v", err)
		}
		if now.Save != acknowledged && now.Save != acknowledged+1 {
			t.Errorf("save %d stands; %d was acknowledged", now.Save, acknowledged)
		}
		last = now.Save
		var s struct {
			Data struct {
				TaskID string `json:"taskId"`
			} `json:"data"`
		}
		if err := json.Unmarshal([]byte(started.body), &s); err != nil {
			t.Fatal(started.body, err)
		}
		p.poll("/output/tasks/"+s.Data.TaskID).want(t, http.StatusOK, "download")
	}
	if leftovers, err := filepath.Glob(filepath.Join(dir, "files", "incoming", "*")); err != nil || len(leftovers) > 0 {
		t.Errorf("half-written files stand: %v %v", leftovers, err)
	}
}

// saveUntilKilled saves numbered documents and returns the number of the last save
// that was acknowledged.
func saveUntilKilled(p *process, path, doc string, n int) int {
	for ; ; n++ {
		body := fmt.Sprintf(`%s,"save":%d}`, doc, n)
		req, err := http.NewRequest(http.MethodPut, p.api.base+path, strings.NewReader(body))
		if err != nil {
			return n - 1
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+p.api.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return n - 1
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNoContent {
			return n - 1
		}
	}
}

// A full disk refuses with a clear error, loses nothing, and when there is room
// again, all works.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p := startProcess(t, filepath.Join(dir, "data"))
	project := "/projects/" + string(p.demo.Project.ID) + "/document"
	before := p.ask(http.MethodGet, project, "", nil)

	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(f, spaces{}) // until it is full
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	large := withNote(before.body, strings.Repeat("x", 4<<20))
	a := p.ask(http.MethodPut, project, "application/json", strings.NewReader(large))
	a.want(t, http.StatusInsufficientStorage)
	contentType, body := fileBody(t, "x.png", append(pngHeader(10, 10), bytes.Repeat([]byte{0}, 4<<20)...))
	if a := p.ask(http.MethodPost, "/media?name=x&folderPath=/", contentType, body); a.status < 400 {
		t.Errorf("an upload onto a full disk answers %d", a.status)
	}
	if got := p.ask(http.MethodGet, project, "", nil); got.body != before.body {
		t.Error("the refused save changed the document")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.ask(http.MethodPut, project, "application/json", strings.NewReader(large)).want(t, http.StatusNoContent)
	if got := p.ask(http.MethodGet, project, "", nil); got.body != large {
		t.Error("the save after there was room again does not stand")
	}
}
