package output_test

import (
	"archive/zip"
	"bytes"
	"context"
	"image"
	"image/gif"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/sandbox"
)

// moving is a small layout of two and a half seconds: a red square that comes in from the
// left and goes, and something that cannot be shown.
const moving = `{"documentVersion":"0.23.0","selectedLayoutId":"1","properties":{"type":"template"},
"pages":[{"id":"p","number":0,"isVisible":true,"frames":[{"id":"a","name":"square","type":"shape","src":{"type":"rectangle"},
"shapeProperties":{"enableFill":true,"fillColor":{"type":"local","color":{"type":"rgb","r":255,"g":0,"b":0}}}}]}],
"layouts":[{"id":"1","name":"L","type":"top","width":101000,"height":60000,"timelineLengthMs":2500,
"frameAnimations":[{"id":"a","from":0,"to":2000,"basicAnimations":{"intro":{"from":0,"to":1000,"ease":"noEase","styles":{"slide":{"direction":"left","offsetPercent":100}}},
"emphasis":{"from":1200,"to":1600,"ease":"easeWild","styles":{"wobble":true}}}}],
"frameProperties":[{"id":"a","type":"top","x":40000,"y":20000,"width":20000,"height":20000,"isVisible":true}]}],"variables":[]}`

func TestGIF(t *testing.T) {
	w := newWorld(t, tepin.Production)
	task := w.render(output.Order{Format: tepin.GIF, Document: []byte(moving), FPS: 10, Name: "m"})
	all, err := gif.DecodeAll(bytes.NewReader(w.file(task)))
	w.check(err)
	total := 0
	for _, d := range all.Delay {
		total += d
	}
	if task.FileName != "m.gif" || task.ContentType != "image/gif" || task.Renders != 3 || total != 250 || all.LoopCount != 0 || all.Config.Width != 101 {
		t.Errorf("%+v, %d hundredths, %d frames", task, total, len(all.Image))
	}
	if !strings.Contains(task.Report, "wobble") || !strings.Contains(task.Report, "easeWild") {
		t.Errorf("the report is silent of what is not shown: %s", task.Report)
	}
	still := w.render(output.Order{Format: tepin.GIF, Document: bytes.Replace([]byte(moving), []byte(`"timelineLengthMs":2500`), []byte(`"timelineLengthMs":0`), 1)})
	if all, err = gif.DecodeAll(bytes.NewReader(w.file(still))); err != nil || len(all.Image) != 1 || still.Renders != 1 {
		t.Errorf("%d frames, %v", len(all.Image), err)
	}
}

// probe asks ffprobe about a video.
func probe(t *testing.T, data []byte) map[string]string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "v.mp4")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,width,height,pix_fmt,r_frame_rate,nb_read_frames:format=duration", "-of", "default=nw=1", name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(out)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		got[k] = v
	}
	return got
}

func TestMP4(t *testing.T) {
	w := newWorld(t, tepin.Production)
	order := output.Order{Format: tepin.MP4, Document: []byte(moving), Name: "m"}
	if _, err := w.out.Request(t.Context(), w.by, w.env, order); tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), "ffmpeg") {
		t.Errorf("without ffmpeg: %v", err)
	}
	w.out.FFmpeg = sandbox.FindTool("ffmpeg")
	task := w.render(order)
	data := w.file(task)
	got := probe(t, data)
	for k, want := range map[string]string{"codec_name": "h264", "width": "102", "height": "60", "pix_fmt": "yuv420p", "r_frame_rate": "30/1", "nb_read_frames": "75", "duration": "2.500000"} {
		if got[k] != want {
			t.Errorf("%s is %q, not %q", k, got[k], want)
		}
	}
	if i, j := bytes.Index(data, []byte("moov")), bytes.Index(data, []byte("mdat")); i < 0 || i > j {
		t.Errorf("the index is at %d, the pictures at %d", i, j)
	}
	if task.FileName != "m.mp4" || task.ContentType != "video/mp4" || task.Renders != 3 {
		t.Errorf("%+v", task)
	}
	w.out.FFmpeg = sandbox.FindTool("false")
	if task = w.render(order); task.State != tepin.TaskFailed || task.Renders != 0 {
		t.Errorf("with a broken ffmpeg: %+v", task)
	}
}

func TestHTML(t *testing.T) {
	w := newWorld(t, tepin.Production)
	task := w.render(output.Order{Format: tepin.HTML, LayoutIDs: []string{"motion"}, Name: `<script>alert("x")</script>`, Variables: []map[string]any{{"Headline": "</svg><script>x()</script>"}, {}}})
	data := w.file(task)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	w.check(err)
	pages := 0
	for _, f := range archive.File {
		r, err := f.Open()
		w.check(err)
		content, err := io.ReadAll(r)
		w.check(err)
		if !strings.HasSuffix(f.Name, "/index.html") {
			if _, _, err := image.Decode(bytes.NewReader(content)); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		}
		pages++
		page := string(content)
		if strings.Contains(page, "<script") || !strings.Contains(page, "@keyframes m1") || !strings.Contains(page, "default-src 'none'") {
			t.Errorf("%.2000s", page)
		}
		for _, ref := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if _, err := archive.Open(filepath.Join(filepath.Dir(f.Name), ref[1])); err != nil {
				t.Errorf("%s: %v", ref[1], err)
			}
		}
	}
	if pages != 2 || task.Renders != 2 || task.ContentType != "application/zip" {
		t.Errorf("%d pages, %+v", pages, task)
	}
}

// A record that fails ends the output, or is left out where the settings say so.
func TestContinue(t *testing.T) {
	w := newWorld(t, tepin.Production)
	rows := []map[string]any{{}, {"Picture": string(tepin.NewID[tepin.MediaID]())}, {"Picture": "afterglow"}}
	order := output.Order{Format: tepin.JPG, LayoutIDs: []string{"card"}, Scaling: 0.1, Variables: rows}
	if task := w.render(order); task.State != tepin.TaskFailed || !strings.Contains(task.ErrorDetail, "record 2") || task.Records != 3 || task.Successful != 0 {
		t.Errorf("%+v", task)
	}
	o := tepin.NewOutputSettings(tepin.JPG)
	o.EnvironmentID, o.Name, o.Continue, o.MaxFileSize, o.Quality = w.env.ID, "go on", true, 2, 100
	settings, err := w.db.CreateOutputSettings(t.Context(), w.by, o)
	w.check(err)
	order.SettingsID = settings.ID
	task := w.render(order)
	data := w.file(task)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	w.check(err)
	if len(archive.File) != 2 || task.Successful != 2 || task.Renders != 2 || !strings.Contains(task.Report, `"recordNumber":2`) {
		t.Errorf("%d files, %+v", len(archive.File), task)
	}
	for _, f := range archive.File {
		if f.UncompressedSize64 > 2000 {
			t.Errorf("%s has %d bytes", f.Name, f.UncompressedSize64)
		}
	}
	order.Scaling = 1
	if task := w.render(order); task.State != tepin.TaskFailed || task.ErrorType != "FileTooLarge" {
		t.Errorf("%+v", task)
	}
}

// A PDF with crop marks and outlined text has no fonts, a larger sheet, and the version
// that was asked for; its records are in as many files as they need.
func TestPDFOptions(t *testing.T) {
	w := newWorld(t, tepin.Production)
	o := tepin.NewOutputSettings(tepin.PDF)
	o.EnvironmentID, o.Name, o.Bleed = w.env.ID, "print", true
	o.OutlineText, o.PDFVersion, o.CropMarks = true, "1.4", &tepin.CropMarks{Offset: 9, Weight: 0.25}
	settings, err := w.db.CreateOutputSettings(t.Context(), w.by, o)
	w.check(err)
	data := w.file(w.render(output.Order{Format: tepin.PDF, SettingsID: settings.ID, LayoutIDs: []string{"poster"}}))
	name := filepath.Join(t.TempDir(), "p.pdf")
	w.check(os.WriteFile(name, data, 0o600))
	if !bytes.HasPrefix(data, []byte("%PDF-1.4")) || bytes.Contains(data, []byte("/FontFile")) || !bytes.Contains(data, []byte("/Separation/All")) {
		t.Errorf("%.20q", data)
	}
	info, err := exec.Command("pdfinfo", "-box", name).CombinedOutput()
	w.check(err)
	if !regexp.MustCompile(`MediaBox: +0\.00 +0\.00 +648\.\d+ +894\.\d+`).Match(info) || !regexp.MustCompile(`TrimBox: +26\.5\d`).Match(info) {
		t.Errorf("%s", info)
	}
	if out, err := exec.Command("qpdf", "--check", name).CombinedOutput(); err != nil {
		t.Errorf("%s", out)
	}
	task := w.render(output.Order{Format: tepin.PDF, LayoutIDs: []string{"card"}, Variables: make([]map[string]any, 5), PerFile: 2, Name: "n"})
	archive, err := zip.NewReader(bytes.NewReader(w.file(task)), task.Result.Size)
	w.check(err)
	if len(archive.File) != 3 || archive.File[2].Name != "n-3.pdf" || task.Renders != 5 || task.FileName != "n.zip" {
		t.Errorf("%d files, %+v", len(archive.File), task)
	}
}

// A task that is cancelled while it is made ends at once: with its child and its tool, and
// nothing is left of it.
func TestStop(t *testing.T) {
	w := newWorld(t, tepin.Production)
	w.out.FFmpeg = sandbox.FindTool("ffmpeg")
	long := strings.Replace(moving, `"timelineLengthMs":2500`, `"timelineLengthMs":100000`, 1)
	task, err := w.out.Request(t.Context(), w.by, w.env, output.Order{Format: tepin.MP4, Document: []byte(long), Scaling: 8})
	w.check(err)
	job, err := w.db.ClaimJob(t.Context(), []string{"output"}, time.Minute)
	w.check(err)
	ended := make(chan error, 1)
	go func() { ended <- w.out.Run(context.WithoutCancel(t.Context()), job) }()
	time.Sleep(time.Second)
	w.check(w.db.DeleteTask(t.Context(), w.by, w.env.ID, task.ID))
	w.out.Stop(task.ID)
	select {
	case err := <-ended:
		w.check(err)
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	if _, err := w.db.Task(t.Context(), w.env.ID, w.by, task.ID); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("%v", err)
	}
	if renders, _ := w.counted(); renders != 0 {
		t.Errorf("%d renders", renders)
	}
}
