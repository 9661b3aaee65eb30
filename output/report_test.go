package output

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/animation"
)

func TestRenders(t *testing.T) {
	rows := func(n int) []map[string]any { return make([]map[string]any, n) }
	for name, c := range map[string]struct {
		job  job
		sum  summary
		want int64
	}{
		"an image":             {job{Format: tepin.PNG}, summary{Successful: 1, Units: 1}, 1},
		"images of five pages": {job{Format: tepin.JPG}, summary{Successful: 1, Units: 5}, 5},
		"a video":              {job{Format: tepin.MP4}, summary{Successful: 1, Units: 3}, 3},
		"a PDF":                {job{Format: tepin.PDF}, summary{Successful: 1, Units: 1}, 1},
		"a PDF of one record":  {job{Format: tepin.PDF, Variables: rows(1)}, summary{Successful: 1, Units: 1}, 1},
		"fifty records":        {job{Format: tepin.PDF, Variables: rows(50)}, summary{Successful: 50, Units: 1}, 50},
		"records that failed":  {job{Format: tepin.PDF, Variables: rows(50)}, summary{Successful: 20, Units: 1}, 20},
		"fifty-one records":    {job{Format: tepin.PDF, Variables: rows(51)}, summary{Successful: 51, Units: 1}, 51},
		"sixty-one records":    {job{Format: tepin.PDF, Variables: rows(61)}, summary{Successful: 61, Units: 7}, 52},
		"a thousand records":   {job{Format: tepin.PDF, Variables: rows(1000)}, summary{Successful: 1000, Units: 1}, 145},
		"watermarked":          {job{Format: tepin.PDF, Variables: rows(1000), Watermark: "x"}, summary{Successful: 1000, Units: 1}, 0},
	} {
		if got := renders(c.job, c.sum); got != c.want {
			t.Errorf("%s: %d renders, want %d", name, got, c.want)
		}
	}
}

func TestRecordsInherit(t *testing.T) {
	var got []map[string]any
	j := job{Variables: []map[string]any{{"a": "1", "b": "2"}, {"b": nil}, {}, {"a": "3"}}}
	for _, values := range j.records() {
		got = append(got, maps.Clone(values))
	}
	want := []map[string]any{{"a": "1", "b": "2"}, {"a": "1", "b": nil}, {"a": "1", "b": nil}, {"a": "3", "b": nil}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(j.Variables[2]) != 0 {
		t.Error("the rows themselves were filled: many rows would copy a long value many times")
	}
}

func TestWatermark(t *testing.T) {
	sandbox, production := tepin.Environment{Type: tepin.Sandbox}, tepin.Environment{Type: tepin.Production}
	for _, c := range []struct {
		env      tepin.Environment
		settings tepin.OutputSettings
		want     string
	}{
		{production, tepin.OutputSettings{}, ""},
		{production, tepin.OutputSettings{WatermarkText: "off"}, ""},
		{production, tepin.OutputSettings{Watermark: true}, "Tepin"},
		{production, tepin.OutputSettings{Watermark: true, WatermarkText: "Draft"}, "Draft"},
		{sandbox, tepin.OutputSettings{}, "Tepin sandbox"},
		{sandbox, tepin.OutputSettings{Watermark: true, WatermarkText: "Draft"}, "Draft"},
	} {
		if got := watermark(c.env, c.settings); got != c.want {
			t.Errorf("%s %+v: %q, want %q", c.env.Type, c.settings, got, c.want)
		}
	}
}

// sent is what a child answers that makes the given files, with the given summary.
func sent(t *testing.T, sum summary, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	to := newSender(&b)
	for i, content := range files {
		err := to.begin(file{Name: fmt.Sprintf("%d.png", i+1), ContentType: "image/png"})
		if err == nil {
			_, err = io.WriteString(to, content)
		}
		if err = errors.Join(err, to.end()); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.finish(sum); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func assembled(raw []byte, j job) (string, error) {
	var b bytes.Buffer
	a := &assembly{job: j, from: newReceiver(bytes.NewReader(raw))}
	err := a.write(context.Background(), &b)
	return b.String(), err
}

func TestAssembled(t *testing.T) {
	done := summary{Successful: 1, Units: 1}
	long := strings.Repeat("x", 3*maxParcel+7)
	if got, err := assembled(sent(t, done, long), job{}); err != nil || got != long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	data, err := assembled(sent(t, done, "aaa", "bb"), job{Several: true, Created: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = string(b)
	}
	if diff := cmp.Diff(map[string]string{"1.png": "aaa", "2.png": "bb"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := assembled(sent(t, done, "aaa", "bb"), job{}); !errors.Is(err, errParcel) {
		t.Errorf("two files where there is to be one: %v", err)
	}
	if _, err := assembled(sent(t, done), job{}); err == nil || !strings.Contains(err.Error(), "no visible pages") {
		t.Errorf("no file: %v", err)
	}
	bad := summary{Successful: 1, Report: []recordReport{{2, []recordError{{"ImageLoadFailed", "frame b"}}}}}
	if _, err := assembled(sent(t, bad, "aaa"), job{}); err == nil || !strings.Contains(err.Error(), "record 2") {
		t.Errorf("a bad record: %v", err)
	}
	tolerant := job{Options: tepin.OutputOptions{Continue: true, MaxFileSize: 1}}
	if _, err := assembled(sent(t, bad, "aaa"), tolerant); err != nil {
		t.Errorf("a bad record, and go on: %v", err)
	}
	if _, err := assembled(sent(t, done, long), tolerant); err == nil || !strings.Contains(err.Error(), "maxFileSizeInKiloBytes") {
		t.Errorf("a large file: %v", err)
	}
}

// A child that dies half-way leaves no file that looks whole, and one that says nonsense
// is not believed.
func TestAnswerBrokenOff(t *testing.T) {
	whole := sent(t, summary{Successful: 1, Units: 1}, "12345")
	for n := range len(whole) {
		if _, err := assembled(whole[:n], job{}); err == nil {
			t.Errorf("%d of %d bytes are taken for the whole", n, len(whole))
		}
	}
	for name, raw := range map[string]string{
		"nonsense":      "x\x00\x00\x00\x01y",
		"long head":     "h\xff\xff\xff\xff",
		"long parcel":   "h\x00\x00\x00\x02{}d\x7f\xff\xff\xff",
		"no JSON":       "s\x00\x00\x00\x01x",
		"end with data": "h\x00\x00\x00\x02{}e\x00\x00\x00\x01x",
	} {
		if _, err := assembled([]byte(raw), job{}); !errors.Is(err, errParcel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	var b bytes.Buffer
	to := newSender(&b)
	_ = to.begin(file{Name: "a", ContentType: "b"})
	_, _ = to.Write([]byte("12345"))
	_ = to.end()
	_ = to.finish(summary{Successful: 1})
	f.Add(b.Bytes(), true)
	f.Fuzz(func(t *testing.T, raw []byte, several bool) {
		got, err := assembled(raw, job{Several: several})
		if err == nil && len(got) > len(raw)+1024 {
			t.Errorf("%d bytes of %d", len(got), len(raw))
		}
	})
}

func TestSummarize(t *testing.T) {
	room := maxReported
	warn := reported(0, []render.Issue{{Type: "TextOverflow", Details: "frame a"}, {Type: "TextOverflow", Details: "frame a"}}, &room)
	report, fatal := summarize(summary{Report: []recordReport{warn}}, false)
	if fatal != nil || report != `[{"recordNumber":1,"errorList":[{"type":"TextOverflow","details":"frame a"}]}]` {
		t.Errorf("%s, %v", report, fatal)
	}
	_, fatal = summarize(summary{Report: []recordReport{warn, reported(1, []render.Issue{{Type: "ImageLoadFailed", Details: "frame b"}}, &room)}}, false)
	if fatal == nil || fatal.kind != "ImageLoadFailed" || !strings.Contains(fatal.detail, "record 2") {
		t.Errorf("%v", fatal)
	}
}

// A report quotes the document: without bounds, ten megabytes of frame types became
// gigabytes in the server, and in the row of the task.
func TestReportIsBounded(t *testing.T) {
	var issues []render.Issue
	for i := range 800 {
		issues = append(issues, render.Issue{Type: "Unsupported", Details: fmt.Sprint(i, strings.Repeat("ü", 50_000))})
	}
	last := slices.Concat(issues, []render.Issue{{Type: "ImageLoadFailed", Details: "at the end"}, {Type: "FontLoadFailed", Details: "behind it"}})
	room := maxReported
	report, fatal := summarize(summary{Report: []recordReport{reported(0, issues, &room), reported(1, last, &room), reported(2, last, &room)}}, false)
	if len(report) > 500_000 || strings.Count(report, "Unsupported") != maxReported || !utf8.ValidString(report) {
		t.Errorf("%d bytes, %d warnings", len(report), strings.Count(report, "Unsupported"))
	}
	if fatal == nil || fatal.detail != "record 2: at the end" {
		t.Errorf("%v", fatal)
	}
	if report, fatal := summarize(summary{Report: []recordReport{{1, []recordError{{"Unsupported", strings.Repeat("x", 1<<20)}}}}}, false); report != "" || fatal == nil {
		t.Errorf("a child's long report is taken: %d bytes", len(report))
	}
}

func TestAvailable(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	done := tepin.Task{State: tepin.TaskFinished, Result: tepin.BlobRef{Key: "e/k"}, ProcessedAt: now.Add(-tepin.OutputKept)}
	if err := Available(done, now); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		task tepin.Task
		at   time.Time
		want tepin.Kind
	}{
		{done, now.Add(time.Microsecond), tepin.Gone},
		{tepin.Task{State: tepin.TaskFinished, ProcessedAt: now}, now, tepin.Gone},
		{tepin.Task{State: tepin.TaskPending}, now, tepin.NotFound},
		{tepin.Task{State: tepin.TaskFailed}, now, tepin.NotFound},
	} {
		var said *tepin.Error
		if err := Available(c.task, c.at); !errors.As(err, &said) || said.Kind != c.want {
			t.Errorf("%+v: %v", c.task, err)
		}
	}
}

func TestMeasure(t *testing.T) {
	fps := func(n int) tepin.OutputOptions { return tepin.OutputOptions{FPS: n} }
	lasting := func(seconds float64) []size {
		return []size{{Layout: "a", Width: 595, Height: 842, Timeline: animation.Timeline{Length: 1000 * seconds}}}
	}
	a4 := []size{{Layout: "a", Width: 595, Height: 842}}
	for _, c := range []struct {
		job   job
		sizes []size
		ok    bool
	}{
		{job{Format: tepin.PNG, Scaling: 4}, a4, true},
		{job{Format: tepin.PNG, Scaling: 14}, a4, true},
		{job{Format: tepin.PNG, Scaling: 15}, a4, false},
		{job{Format: tepin.PDF, Scaling: 15}, a4, true},
		{job{Format: tepin.JPG, Scaling: 1}, []size{{Layout: "b", Width: 30_000, Height: 30_000}}, false},
		{job{Format: tepin.JPG, Scaling: 1}, []size{{Layout: "b", Width: 40_000, Height: 1}}, false},
		{job{Format: tepin.PNG, Scaling: 1}, []size{{Layout: "b", Width: 0.4, Height: 0.3}}, false},
		{job{Format: tepin.GIF, Scaling: 4, Options: fps(25)}, lasting(5), true},
		{job{Format: tepin.GIF, Scaling: 5, Options: fps(25)}, lasting(1), false},
		{job{Format: tepin.MP4, Scaling: 1, Options: fps(25)}, lasting(120), true},
		{job{Format: tepin.MP4, Scaling: 1, Options: fps(25)}, lasting(121), false},
		{job{Format: tepin.HTML, Scaling: 1}, lasting(121), false},
		{job{Format: tepin.MP4, Scaling: 0.1, Options: fps(60)}, lasting(61), false},
		{job{Format: tepin.MP4, Scaling: 2, Options: fps(60)}, lasting(60), false},
		{job{Format: tepin.MP4, Scaling: 1, Options: fps(30), Variables: make([]map[string]any, 260)}, lasting(5), true},
		{job{Format: tepin.MP4, Scaling: 1, Options: fps(30), Variables: make([]map[string]any, 270)}, lasting(5), false},
		{job{Format: tepin.PNG, Scaling: 1}, lasting(1000), true},
		{job{Format: tepin.JPG, Scaling: 1, Variables: make([]map[string]any, 10_000)}, slices.Repeat(a4, 5), true},
		{job{Format: tepin.JPG, Scaling: 1, Variables: make([]map[string]any, 10_000)}, slices.Repeat(a4, 6), false},
	} {
		if err := c.job.measure(c.sizes); (err == nil) != c.ok {
			t.Errorf("%v × %g: %v", c.sizes, c.job.Scaling, err)
		}
	}
}
