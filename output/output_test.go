package output_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/blob/disk"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/sample"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

func TestMain(m *testing.M) {
	sandbox.Main(output.Children())
	os.Exit(m.Run())
}

// world is the package on a real database and a real disk, with one environment that
// has the sample's picture and fonts.
type world struct {
	t   *testing.T
	db  *store.Store
	out *output.Service
	now time.Time
	env tepin.Environment
	by  tepin.Actor
	doc []byte
}

func newWorld(t *testing.T, kind tepin.EnvironmentType) *world {
	t.Helper()
	w := &world{t: t, db: storetest.SQLite(t)}
	files, err := disk.Open(t.TempDir())
	w.check(err)
	assets := &asset.Service{Store: w.db, Blob: files}
	w.out = &output.Service{Store: w.db, Asset: assets, Now: func() time.Time {
		if w.now.IsZero() {
			return time.Now()
		}
		return w.now
	}}
	sub, err := w.db.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "s"})
	w.check(err)
	w.env, err = w.db.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{
		SubscriptionID: sub.ID, Name: "e", TechnicalName: "e", Type: kind, TokenLifetime: time.Hour, SigningAlg: "ES256",
	})
	w.check(err)
	w.by = tepin.Actor{Kind: tepin.ActorIntegration, ID: "one", EnvironmentID: w.env.ID}
	_, picture := sample.Media()
	media := tepin.Media{EnvironmentID: w.env.ID, Name: "afterglow", Extension: "jpg", Folder: "/", ContentType: "image/jpeg", Width: 2400, Height: 1600}
	media.Blob, err = assets.PutDocument(t.Context(), w.env.ID, picture)
	w.check(err)
	media, err = w.db.CreateMedia(t.Context(), w.by, media)
	w.check(err)
	w.doc = sample.Template(w.fonts(assets), string(media.ID))
	return w
}

// fonts stores the sample's fonts and returns their ids.
func (w *world) fonts(assets *asset.Service) map[string]string {
	w.t.Helper()
	batch := tepin.NewID[tepin.FontBatchID]()
	ids := map[string]string{}
	var uploads []tepin.FontUpload
	for _, f := range sample.Fonts() {
		ref, err := assets.PutDocument(w.t.Context(), w.env.ID, f.Data)
		w.check(err)
		u := tepin.FontUpload{ID: tepin.NewID[tepin.FontStyleID](), BatchID: batch, EnvironmentID: w.env.ID, FamilyName: f.Family, Name: f.Style, Weight: 400, Extension: "ttf", FileName: f.Name, Blob: ref}
		ids[f.Family+" "+f.Style] = string(u.ID)
		uploads = append(uploads, u)
	}
	w.check(w.db.CreateFontBatch(w.t.Context(), w.by, w.env.ID, batch, uploads))
	_, err := w.db.ConfirmFontBatch(w.t.Context(), w.by, w.env.ID, batch)
	w.check(err)
	return ids
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// render requests an output, does its job, and returns the task as it ended.
func (w *world) render(o output.Order) tepin.Task {
	w.t.Helper()
	if o.Document == nil {
		o.Document = w.doc
	}
	task, err := w.out.Request(w.t.Context(), w.by, w.env, o)
	w.check(err)
	w.work()
	task, err = w.db.Task(w.t.Context(), w.env.ID, w.by, task.ID)
	w.check(err)
	return task
}

func (w *world) work() {
	w.t.Helper()
	j, err := w.db.ClaimJob(w.t.Context(), []string{"output"}, time.Minute)
	w.check(err)
	w.check(w.out.Run(w.t.Context(), j))
}

// file returns a finished task's file.
func (w *world) file(task tepin.Task) []byte {
	w.t.Helper()
	if task.State != tepin.TaskFinished {
		w.t.Fatalf("the task is %s: %s %s", task.State, task.ErrorType, task.ErrorDetail)
	}
	r, err := w.out.Open(w.t.Context(), task, 0, -1)
	w.check(err)
	defer r.Close()
	data, err := io.ReadAll(r)
	w.check(err)
	if int64(len(data)) != task.Result.Size {
		w.t.Errorf("%d bytes, and the task says %d", len(data), task.Result.Size)
	}
	return data
}

func (w *world) counted() (renders, watermarked int64) {
	w.t.Helper()
	counts, err := w.db.RenderCounts(w.t.Context(), w.env.ID, time.Now().AddDate(0, 0, -1), time.Now().AddDate(0, 0, 1))
	w.check(err)
	for _, c := range counts {
		renders, watermarked = renders+c.Renders, watermarked+c.Watermarked
	}
	return renders, watermarked
}

func TestFormats(t *testing.T) {
	w := newWorld(t, tepin.Production)
	task := w.render(output.Order{Format: tepin.PNG, LayoutIDs: []string{"card"}, Name: "My card"})
	img, err := png.Decode(bytes.NewReader(w.file(task)))
	w.check(err)
	if got := img.Bounds().Size(); got != (image.Point{X: 960, Y: 540}) {
		t.Errorf("the picture is %v", got)
	}
	if task.FileName != "My card.png" || task.ContentType != "image/png" || task.Renders != 1 || task.Watermarked {
		t.Errorf("%+v", task)
	}
	task = w.render(output.Order{Format: tepin.JPG, LayoutIDs: []string{"card"}, Scaling: 0.5})
	if img, err = jpeg.Decode(bytes.NewReader(w.file(task))); err != nil || img.Bounds().Dx() != 480 {
		t.Errorf("%v %v", img.Bounds(), err)
	}
	task = w.render(output.Order{Format: tepin.PDF})
	if text := pdfText(t, w.file(task)); !strings.Contains(text, "Innsbruck") {
		t.Errorf("the PDF says %q", text)
	}
	if renders, watermarked := w.counted(); renders != 3 || watermarked != 0 {
		t.Errorf("%d renders, %d watermarked", renders, watermarked)
	}
}

// Several files come as one archive, each named.
func TestSeveralFiles(t *testing.T) {
	w := newWorld(t, tepin.Production)
	task := w.render(output.Order{
		Format: tepin.JPG, LayoutIDs: []string{"card"}, Scaling: 0.2, Name: "a/b",
		Variables: []map[string]any{{"Headline": "One"}, {"Headline": "Two"}},
	})
	data := w.file(task)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	w.check(err)
	var names []string
	for _, f := range archive.File {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"a_b-1.jpg", "a_b-2.jpg"}, names); diff != "" {
		t.Error(diff)
	}
	if task.ContentType != "application/zip" || task.Renders != 2 {
		t.Errorf("%+v", task)
	}
}

// Each record is a page, and what a row leaves out is as in the row before.
func TestRecords(t *testing.T) {
	w := newWorld(t, tepin.Production)
	task := w.render(output.Order{Format: tepin.PDF, LayoutIDs: []string{"card"}, Variables: []map[string]any{
		{"Headline": "Uno", "City": "Sofia"}, {"Headline": "Due"}, {},
	}})
	text := pdfText(t, w.file(task))
	if got := []int{strings.Count(text, "Uno"), strings.Count(text, "Due"), strings.Count(text, "\f")}; !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("%v in %q", got, text)
	}
	if task.Renders != 3 {
		t.Errorf("%d renders for three records", task.Renders)
	}
}

// A sandbox's output is watermarked, in each format, and counts no render.
func TestSandbox(t *testing.T) {
	w := newWorld(t, tepin.Sandbox)
	task := w.render(output.Order{Format: tepin.PDF})
	w.file(task)
	marked := w.file(w.render(output.Order{Format: tepin.PNG, LayoutIDs: []string{"card"}}))
	clean := newWorld(t, tepin.Production)
	plain := clean.file(clean.render(output.Order{Format: tepin.PNG, LayoutIDs: []string{"card"}}))
	if bytes.Equal(marked, plain) {
		t.Error("the sandbox's picture has no watermark")
	}
	if renders, watermarked := w.counted(); renders != 0 || watermarked != 2 || !task.Watermarked {
		t.Errorf("%d renders, %d watermarked, task %+v", renders, watermarked, task)
	}
}

func TestRefusedRequests(t *testing.T) {
	w := newWorld(t, tepin.Production)
	long := slices.Repeat([]map[string]any{{}}, output.MaxRecords+1)
	for name, c := range map[string]struct {
		order output.Order
		kind  tepin.Kind
		says  string
	}{
		"nothing":          {output.Order{Format: tepin.PDF}, tepin.Invalid, "nothing to render"},
		"unknown format":   {output.Order{Format: "bmp", Document: w.doc}, tepin.Invalid, "png, jpg, pdf"},
		"unknown layout":   {output.Order{Format: tepin.PDF, Document: w.doc, LayoutIDs: []string{"x"}}, tepin.Invalid, `"x"`},
		"layout twice":     {output.Order{Format: tepin.PDF, Document: w.doc, LayoutIDs: []string{"card", "poster", "card"}}, tepin.Invalid, `"card" is named twice`},
		"unknown variable": {output.Order{Format: tepin.PDF, Document: w.doc, Variables: []map[string]any{{}, {"Nobody": "x"}}}, tepin.Invalid, "variables[1]"},
		"wrong type":       {output.Order{Format: tepin.PDF, Document: w.doc, Variables: []map[string]any{{"Price": "many"}}}, tepin.Invalid, "Price"},
		"too many rows":    {output.Order{Format: tepin.PDF, Document: w.doc, Variables: long}, tepin.TooLarge, "10000"},
		"scaling":          {output.Order{Format: tepin.PNG, Document: w.doc, Scaling: -1}, tepin.Invalid, "scaling"},
		"too large":        {output.Order{Format: tepin.PNG, Document: w.doc, Scaling: 90}, tepin.Invalid, "pixels"},
		"no document":      {output.Order{Format: tepin.PDF, Document: []byte(`{"pages":7}`)}, tepin.Invalid, "$.pages"},
		"no JSON":          {output.Order{Format: tepin.PDF, Document: bytes.Repeat([]byte("x"), 2<<20)}, tepin.Invalid, ""},
		"foreign project":  {output.Order{Format: tepin.PDF, ProjectID: tepin.NewID[tepin.ProjectID]()}, tepin.NotFound, ""},
		"no such settings": {output.Order{Format: tepin.PDF, Document: w.doc, SettingsID: tepin.NewID[tepin.OutputSettingsID]()}, tepin.NotFound, ""},
	} {
		_, err := w.out.Request(t.Context(), w.by, w.env, c.order)
		if tepin.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.db.ClaimJob(t.Context(), []string{"output"}, time.Minute); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("a refused request left a job: %v", err)
	}
}

func TestSettingsOfAnotherFormat(t *testing.T) {
	w := newWorld(t, tepin.Production)
	settings, err := w.db.DefaultOutputSettings(t.Context(), w.env.ID, tepin.JPG)
	w.check(err)
	_, err = w.out.Request(t.Context(), w.by, w.env, output.Order{Format: tepin.PNG, Document: w.doc, SettingsID: settings.ID})
	if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), "outputSettingsId") {
		t.Errorf("%v", err)
	}
}

// A picture that is not there, or is another environment's, fails the task, and the
// report names it.
func TestMissingPicture(t *testing.T) {
	w, foreign := newWorld(t, tepin.Production), newWorld(t, tepin.Production)
	task := w.render(output.Order{Format: tepin.PNG, LayoutIDs: []string{"card"}, Document: foreign.doc})
	if task.State != tepin.TaskFailed || !strings.Contains(task.Report, "ImageLoadFailed") || !strings.Contains(task.Report, "FontLoadFailed") {
		t.Errorf("%s %s %s", task.State, task.ErrorType, task.Report)
	}
	if renders, _ := w.counted(); renders != 0 {
		t.Errorf("%d renders counted for a failed task", renders)
	}
}

// The sample can be rendered where nothing was uploaded: its picture and fonts are
// built in, by name.
func TestBuiltinSample(t *testing.T) {
	w := newWorld(t, tepin.Production)
	bare, full := sample.Template(nil, ""), w.doc
	var pages [][]byte
	for _, doc := range [][]byte{bare, full} {
		pages = append(pages, w.file(w.render(output.Order{Format: tepin.PNG, LayoutIDs: []string{"card"}, Document: doc})))
	}
	if !bytes.Equal(pages[0], pages[1]) {
		t.Error("the built-in sample looks otherwise than the uploaded one")
	}
}

// Text that does not fit is reported, and the output is made.
func TestOverflowIsReported(t *testing.T) {
	w := newWorld(t, tepin.Production)
	task := w.render(output.Order{Format: tepin.PDF, Variables: []map[string]any{{"Story": strings.Repeat("A long story. ", 2000)}}})
	if w.file(task); !strings.Contains(task.Report, "TextOverflow") {
		t.Errorf("the report is %q", task.Report)
	}
}

func TestFileIsKeptForATime(t *testing.T) {
	w := newWorld(t, tepin.Production)
	task := w.render(output.Order{Format: tepin.PDF})
	w.now = task.ProcessedAt.Add(tepin.OutputKept + time.Second)
	if _, err := w.out.Open(t.Context(), task, 0, -1); tepin.KindOf(err) != tepin.Gone {
		t.Errorf("after %v: %v", tepin.OutputKept, err)
	}
}

// A render that is cancelled records nothing: another node does it.
func TestCancelledRenderIsLeft(t *testing.T) {
	w := newWorld(t, tepin.Production)
	long := slices.Repeat([]map[string]any{{}}, 200) // far longer than until the cancellation
	task, err := w.out.Request(t.Context(), w.by, w.env, output.Order{Format: tepin.PDF, Document: w.doc, Variables: long})
	w.check(err)
	j, err := w.db.ClaimJob(t.Context(), []string{"output"}, time.Minute)
	w.check(err)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := w.out.Run(ctx, j); err == nil {
		t.Fatal("a render was done although it was cancelled")
	}
	if task, err = w.db.Task(t.Context(), w.env.ID, w.by, task.ID); err != nil || task.State != tepin.TaskProcessing {
		t.Errorf("the cancelled task is %s, %v", task.State, err)
	}
	w.check(w.db.ReleaseJob(t.Context(), j.ID, j.Attempt))
	w.work()
	task, err = w.db.Task(t.Context(), w.env.ID, w.by, task.ID)
	w.check(err)
	w.file(task)
}

// A large document goes through children, and comes out as a small one does.
func TestLargeDocument(t *testing.T) {
	w := newWorld(t, tepin.Production)
	small := w.file(w.render(output.Order{Format: tepin.PNG, LayoutIDs: []string{"card"}}))
	padded := append(bytes.TrimSuffix(bytes.TrimSpace(w.doc), []byte("}")), []byte(`,"padding":"`+strings.Repeat("x", 2<<20)+`"}`)...)
	large := w.file(w.render(output.Order{Format: tepin.PNG, LayoutIDs: []string{"card"}, Document: padded}))
	if !bytes.Equal(small, large) {
		t.Error("the same page comes out differently")
	}
}

// A short request can ask for long work: many layouts, each with many records. It ends
// with its request, and is not done in the server's own process.
func TestManyLayoutsAndRecords(t *testing.T) {
	w := newWorld(t, tepin.Production)
	var layouts []string
	var inherited strings.Builder
	for i := range 400 {
		layouts = append(layouts, fmt.Sprint("l", i))
		fmt.Fprintf(&inherited, `{"id":"l%d","parentId":"poster"},`, i)
	}
	doc := bytes.Replace(w.doc, []byte(`"layouts": [`), []byte(`"layouts": [`+inherited.String()), 1)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := w.out.Request(ctx, w.by, w.env, output.Order{Format: tepin.PDF, Document: doc, LayoutIDs: layouts, Variables: make([]map[string]any, 100)})
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
}

func TestCheckDocument(t *testing.T) {
	w := newWorld(t, tepin.Production)
	w.check(output.CheckDocument(w.doc))
	project, err := output.NewProjectDocument(w.doc, "t")
	w.check(err)
	w.check(output.CheckDocument(project))
	if !bytes.Contains(project, []byte(`"templateId"`)) {
		t.Error("the project does not name its template")
	}
	if err := output.CheckDocument([]byte(`{"layouts":[{"id":"a","width":"wide"}]}`)); tepin.KindOf(err) != tepin.Invalid {
		t.Errorf("%v", err)
	}
	if got := slices.Sorted(maps.Keys(output.Children())); !slices.Equal(got, []string{"inspect", "render"}) {
		t.Errorf("children %v", got)
	}
}

func pdfText(t *testing.T, data []byte) string {
	t.Helper()
	cmd := exec.Command("pdftotext", "-", "-")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pdftotext, of Debian's poppler-utils: %v", err)
	}
	return string(out)
}
