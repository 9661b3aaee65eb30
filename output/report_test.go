package output

import (
	"archive/zip"
	"bytes"
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
)

func TestRenders(t *testing.T) {
	rows := func(n int) []map[string]any { return make([]map[string]any, n) }
	for name, c := range map[string]struct {
		job   job
		files int
		want  int64
	}{
		"an image":             {job{Format: tepin.PNG}, 1, 1},
		"images of five pages": {job{Format: tepin.JPG}, 5, 5},
		"a PDF":                {job{Format: tepin.PDF}, 1, 1},
		"a PDF of one record":  {job{Format: tepin.PDF, Variables: rows(1)}, 1, 1},
		"fifty records":        {job{Format: tepin.PDF, Variables: rows(50)}, 1, 50},
		"fifty-one records":    {job{Format: tepin.PDF, Variables: rows(51)}, 1, 51},
		"sixty-one records":    {job{Format: tepin.PDF, Variables: rows(61)}, 1, 52},
		"a thousand records":   {job{Format: tepin.PDF, Variables: rows(1000)}, 1, 145},
		"watermarked":          {job{Format: tepin.PDF, Variables: rows(1000), Watermark: "x"}, 1, 0},
	} {
		if got := renders(c.job, c.files); got != c.want {
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

func TestZipped(t *testing.T) {
	when := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	data, err := io.ReadAll(zipped([]file{{Name: "a.png", Size: 3}, {Name: "b.png", Size: 2}}, strings.NewReader("aaabb"), when))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
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
	if diff := cmp.Diff(map[string]string{"a.png": "aaa", "b.png": "bb"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := io.ReadAll(zipped([]file{{Name: "a.png", Size: 9}}, strings.NewReader("short"), when)); err == nil {
		t.Error("an archive of a file that broke off is taken for whole")
	}
}

// A child that dies half-way leaves no file that looks whole.
func TestReadAnswerBrokenOff(t *testing.T) {
	whole := `{"files":[{"name":"a","size":5}]}` + "\n12345"
	for n := range len(whole) {
		_, body, err := readAnswer(strings.NewReader(whole[:n]))
		if err == nil {
			_, err = io.ReadAll(body)
		}
		if err == nil {
			t.Errorf("%d of %d bytes are taken for the whole", n, len(whole))
		}
	}
	a, body, err := readAnswer(strings.NewReader(whole))
	if err != nil || len(a.Files) != 1 {
		t.Fatal(a, err)
	}
	if got, err := io.ReadAll(body); err != nil || string(got) != "12345" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSummarize(t *testing.T) {
	room := maxReported
	warn := reported(0, []render.Issue{{Type: "TextOverflow", Details: "frame a"}, {Type: "TextOverflow", Details: "frame a"}}, &room)
	report, fatal := summarize([]recordReport{warn})
	if fatal != nil || report != `[{"recordNumber":1,"errorList":[{"type":"TextOverflow","details":"frame a"}]}]` {
		t.Errorf("%s, %v", report, fatal)
	}
	_, fatal = summarize([]recordReport{warn, reported(1, []render.Issue{{Type: "ImageLoadFailed", Details: "frame b"}}, &room)})
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
	report, fatal := summarize([]recordReport{reported(0, issues, &room), reported(1, last, &room), reported(2, last, &room)})
	if len(report) > 500_000 || strings.Count(report, "Unsupported") != maxReported || !utf8.ValidString(report) {
		t.Errorf("%d bytes, %d warnings", len(report), strings.Count(report, "Unsupported"))
	}
	if fatal == nil || fatal.detail != "record 2: at the end" {
		t.Errorf("%v", fatal)
	}
	if report, fatal := summarize([]recordReport{{1, []recordError{{"Unsupported", strings.Repeat("x", 1<<20)}}}}); report != "" || fatal == nil {
		t.Errorf("a child's long report is taken: %d bytes", len(report))
	}
	head := `{"report":[],"files":[{"name":"` + strings.Repeat("x", maxHead) + `"}]}` + "\n"
	if _, _, err := readAnswer(strings.NewReader(head)); err == nil {
		t.Error("a child's long list of files is taken")
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

func TestCheckSizes(t *testing.T) {
	a4 := []size{{"a", 595, 842}}
	for _, c := range []struct {
		job   job
		sizes []size
		ok    bool
	}{
		{job{Format: tepin.PNG, Scaling: 4}, a4, true},
		{job{Format: tepin.PNG, Scaling: 14}, a4, true},
		{job{Format: tepin.PNG, Scaling: 15}, a4, false},
		{job{Format: tepin.PDF, Scaling: 15}, a4, true},
		{job{Format: tepin.JPG, Scaling: 1}, []size{{"b", 30_000, 30_000}}, false},
		{job{Format: tepin.JPG, Scaling: 1}, []size{{"b", 40_000, 1}}, false},
		{job{Format: tepin.PNG, Scaling: 1}, []size{{"b", 0.4, 0.3}}, false},
		{job{Format: tepin.JPG, Scaling: 1, Variables: make([]map[string]any, 10_000)}, slices.Repeat(a4, 5), true},
		{job{Format: tepin.JPG, Scaling: 1, Variables: make([]map[string]any, 10_000)}, slices.Repeat(a4, 6), false},
	} {
		if err := checkSizes(c.sizes, c.job); (err == nil) != c.ok {
			t.Errorf("%v × %g: %v", c.sizes, c.job.Scaling, err)
		}
	}
}
