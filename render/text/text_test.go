package text_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

const fontDir = "../../sample/font"

func fontFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fontDir, name+".ttf"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func font(t testing.TB, name string) *text.Font {
	t.Helper()
	f, err := text.ParseFont(fontFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fonts are "sans" and "bold", with Arabic and Devanagari to fall back on. They are
// read once: the tests of this package do not run in parallel.
func fonts(t testing.TB) text.Fonts {
	t.Helper()
	if shared.Fallback == nil {
		sans := font(t, "NotoSans-Regular")
		shared = text.Fonts{
			ByKey:    map[string]*text.Font{"sans": sans, "bold": font(t, "NotoSans-Bold")},
			Fallback: []*text.Font{sans, font(t, "NotoNaskhArabic-Regular"), font(t, "NotoSansDevanagari-Regular")},
		}
	}
	return shared
}

var shared text.Fonts

// plain is a run of 10 points.
func plain(s string) text.Run {
	return text.Run{Text: s, Font: "sans", Size: 10, Color: color.Black}
}

func frameOf(p ...text.Paragraph) text.Frame { return text.Frame{Paragraphs: p} }

func simple(s string) text.Frame {
	return frameOf(text.Paragraph{LineHeight: 1.2, Runs: []text.Run{plain(s)}})
}

func set(t testing.TB, f text.Frame, width, height float64) text.Result {
	t.Helper()
	r, err := text.Layout(f, width, height, fonts(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lines returns what is seen of each line, spans from left to right.
func lines(r text.Result) []string {
	var out []string
	for _, l := range r.Lines {
		var b strings.Builder
		for _, s := range l.Spans {
			b.WriteString(s.Text)
		}
		out = append(out, b.String())
	}
	return out
}

func close(a, b float64) bool { return a-b < 0.01 && b-a < 0.01 }
