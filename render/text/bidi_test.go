package text_test

import (
	"testing"

	"github.com/tepin/tepin/render/text"
)

// visible returns a line's characters from left to right.
func visible(l text.Line) string {
	var out []rune
	for _, s := range l.Spans {
		for _, g := range s.Glyphs {
			for i, r := range s.Text {
				if i == g.Cluster && r != ' ' {
					out = append(out, r)
				}
			}
		}
	}
	return string(out)
}

// What stands where when directions mix (UAX #9). Hebrew letters have no forms that
// join, and no font here has them: each is one glyph.
func TestDirections(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		direction  text.Direction
		want       string
	}{
		{"left to right", "abc 12", text.Auto, "abc12"},
		{"right to left", "אבג", text.Auto, "גבא"},
		{"word of the other direction", "a אב b", text.Auto, "aבאb"},
		{"number after it belongs to it", "a אב 12 b", text.Auto, "a12באb"},
		{"number within right to left", "אב 12 גד", text.Auto, "דג12בא"},
		{"Latin within right to left", "אב cd גד", text.Auto, "דגcdבא"},
		{"first strong character decides", "12 אב c", text.Auto, "cבא12"},
		{"set from the left", "אב c", text.LeftToRight, "באc"},
		{"set from the right", "a אב", text.RightToLeft, "באa"},
		{"brackets turn", "אב (ג)", text.Auto, ")ג(בא"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := simple(tt.text)
			f.Direction = tt.direction
			if got := visible(set(t, f, 500, 100).Lines[0]); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Lines are broken in reading order and each is ordered by itself.
func TestDirectionsAcrossLines(t *testing.T) {
	r := set(t, simple("אבג דהו abc זחט"), 42, 100)
	if len(r.Lines) != 2 || visible(r.Lines[0]) != "והדגבא" || visible(r.Lines[1]) != "טחזabc" {
		t.Errorf("got %q", lines(r))
	}
}

func TestFallbackWithinARun(t *testing.T) {
	r := set(t, simple("Latin العربية हिन्दी Ελληνικά"), 500, 100)
	if len(r.Missing) > 0 {
		t.Fatalf("missing %q", string(r.Missing))
	}
	used := map[string]bool{}
	for _, s := range r.Lines[0].Spans {
		used[s.Font.Name()] = true
	}
	if len(used) != 3 {
		t.Errorf("fonts used: %v", used)
	}
}

// Arabic letters join across pieces of different styles and across a break within a
// word.
func TestLettersJoin(t *testing.T) {
	whole := set(t, simple("بببب"), 500, 100).Lines[0]
	ids := map[uint32]bool{}
	for _, s := range whole.Spans {
		for _, g := range s.Glyphs {
			ids[g.ID] = true
		}
	}
	if len(ids) != 3 {
		t.Errorf("four letters have %d forms, want 3: initial, medial, final", len(ids))
	}
	cut := set(t, simple("بببب"), whole.Width/2, 100)
	for _, l := range cut.Lines {
		for _, s := range l.Spans {
			for _, g := range s.Glyphs {
				if !ids[g.ID] {
					t.Errorf("a broken word has form %d, which the whole has not", g.ID)
				}
			}
		}
	}
}

// Text of a span and its glyphs' clusters fit together: PDF makes searchable text of
// them.
func TestClusters(t *testing.T) {
	r := set(t, simple("fi हिन्दी كتاب 12 क्ष"), 60, 500)
	for _, l := range r.Lines {
		for _, s := range l.Spans {
			covered := map[int]bool{}
			for _, g := range s.Glyphs {
				if g.Cluster < 0 || g.Cluster >= len(s.Text) {
					t.Errorf("cluster %d of %q", g.Cluster, s.Text)
				}
				covered[g.Cluster] = true
			}
			if !covered[0] {
				t.Errorf("no glyph for the beginning of %q", s.Text)
			}
		}
	}
}
