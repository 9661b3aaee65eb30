package text_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin/render/text"
)

func TestLineBreaks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		text  string
		width float64
		want  string // lines, separated by |
	}{
		{"at spaces", "one two three four", 50, "one two|three four"},
		{"spaces hang", "one two      three", 40, "one two|three"},
		{"hyphen", "well-known", 35, "well-|known"},
		{"not within a date", "on 2026-11-21", 60, "on|2026-11-21"},
		{"not at a slash", "the 50 km/h limit", 40, "the 50|km/h|limit"},
		{"at a slash when nothing else helps", "example.org/some/path", 70, "example.org/|some/path"},
		{"not before French punctuation", "Ça va ? Oui", 32, "Ça|va ?|Oui"},
		{"no-break space", "10\u00A0000 euros", 45, "10\u00A0000|euros"},
		{"zero width space", "abc\u200Bdef", 25, "abc\u200B|def"},
		{"soft hyphen shows", "auto\u00ADmobile", 35, "auto\u00AD|mobile"},
		{"soft hyphen hides", "auto\u00ADmobile", 90, "auto\u00ADmobile"},
		{"a word wider than the line", "Donaudampfschiff", 40, "Donaud|ampfsc|hiff"},
		{"soft break", "one\u2028two", 100, "one|two"},
		{"carriage return and line feed are one", "one\r\ntwo", 100, "one|two"},
		{"soft break at the end", "one\u2028", 100, "one|"},
		{"empty", "", 100, ""},
		{"no width at all", "abc", 0, "a|b|c"},
		{"combining marks stay", "e\u0301e\u0301e\u0301", 6, "e\u0301|e\u0301|e\u0301"},
		{"controls are dropped", "a\x00b\x07c", 100, "abc"},
		{"ideographs", "日本語、日本", 20, "日本|語、日|本"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(lines(set(t, simple(tt.text), tt.width, 1000)), "|")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSoftHyphenIsDrawn(t *testing.T) {
	shown := set(t, simple("auto\u00ADmobile"), 35, 100).Lines[0]
	plain := set(t, simple("auto"), 35, 100).Lines[0]
	if shown.Width <= plain.Width+2 {
		t.Errorf("a line with a hyphen is %v wide, without %v", shown.Width, plain.Width)
	}
	last := shown.Spans[len(shown.Spans)-1]
	if n := len(last.Glyphs); n != 1 || last.Glyphs[0].ID == 0 {
		t.Errorf("the hyphen is %+v", last.Glyphs)
	}
}

func TestNoBreakRuns(t *testing.T) {
	keep := plain("three four five")
	keep.NoBreak = true
	f := frameOf(text.Paragraph{LineHeight: 1.2, Runs: []text.Run{plain("one two "), keep, plain(" six")}})
	r := set(t, f, 75, 100)
	if got, want := strings.Join(lines(r), "|"), "one two|three four five|six"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if r.Overflow {
		t.Error("it fits")
	}
	if r = set(t, f, 50, 100); !r.Overflow || strings.Join(lines(r), "|") != "one two|three four five|six" {
		t.Errorf("in a narrow frame: overflow %v, %q", r.Overflow, lines(r))
	}
}

func TestTabs(t *testing.T) {
	r := set(t, simple("a\tb\tc"), 200, 100)
	var x []float64
	for _, s := range r.Lines[0].Spans {
		for _, g := range s.Glyphs {
			x = append(x, g.X)
		}
	}
	if len(x) != 3 || !close(x[1], 36) || !close(x[2], 72) {
		t.Errorf("letters stand at %v", x)
	}
}

// Lines cut out of a shaped paragraph are what shaping them alone gives.
func TestCutLinesAreShapedWell(t *testing.T) {
	whole := set(t, simple("AV AVATAR To Ty fi ffi WAVE"), 1000, 100)
	if len(whole.Lines) != 1 {
		t.Fatal(lines(whole))
	}
	cut := set(t, simple("AV AVATAR To Ty fi ffi WAVE"), 60, 1000)
	for i, line := range lines(cut) {
		alone := set(t, simple(line), 1000, 100).Lines[0]
		if !close(alone.Width, cut.Lines[i].Width) {
			t.Errorf("%q is %v wide alone and %v in its paragraph", line, alone.Width, cut.Lines[i].Width)
		}
	}
}
