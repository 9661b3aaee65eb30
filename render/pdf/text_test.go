package pdf_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin/render/pdf"
)

const (
	latin      = "NotoSans-Regular.ttf"
	arabic     = "NotoNaskhArabic-Regular.ttf"
	devanagari = "NotoSansDevanagari-Regular.ttf"
)

// What a person selects or searches for is what was written, whatever became of it
// when it was shaped.
func TestTextComesBack(t *testing.T) {
	tests := []struct{ name, font, text string }{
		{"latin", latin, "The quick brown fox"},
		{"ligatures", latin, "office waffle affluent"},
		{"accents", latin, "Žluťoučký kůň è façade"},
		{"combining", latin, "Zo\u0308e\u0301 x\u0323"},
		{"greek", latin, "Ξεσκεπάζω την ψυχοφθόρα"},
		{"cyrillic", latin, "Съешь же ещё этих мягких"},
		{"punctuation", latin, `(a\b) <c> [d] {e} #f %g/h`},
		{"arabic", arabic, "مرحبا بالعالم"},
		{"lam-alef", arabic, "سلام الإسلام لا"},
		{"hindi", devanagari, "नमस्ते दुनिया"},
		{"reordered", devanagari, "हिन्दी में लिखिए"},
		{"conjuncts", devanagari, "क्षत्रिय श्री कार्य द्वितीय"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := written(t, pdf.Options{}, page(shape(t, loadFont(t, tt.font), tt.text, 14, 20, 60)))
			got := tool(t, "pdftotext", "-enc", "UTF-8", name, "-")
			got = strings.Map(func(r rune) rune {
				if r >= 0x202A && r <= 0x202E { // how pdftotext marks directions
					return -1
				}
				return r
			}, got)
			if got = strings.TrimSpace(got); got != tt.text {
				t.Errorf("got %q, want %q", got, tt.text)
			}
		})
	}
}

// A reader may show letters and their marks in an order of its own (poppler does, of
// vowelled Arabic); the file says what each cluster stands for, in logical order.
func TestActualText(t *testing.T) {
	tests := []struct {
		name, font, text string
		want             []string // the spans, in visual order
	}{
		{"one to one", latin, "plain", nil},
		{"marks", latin, "x\u0323a", []string{"x\u0323"}},
		{"one glyph, two meanings", latin, "\u00e9e\u0301", []string{"e\u0301"}},
		{"vowelled", arabic, "مَرْ", []string{"رْ", "مَ"}},
		{"reordered", devanagari, "हिन्दी", []string{"हि", "दी"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, line := range content(t, written(t, pdf.Options{}, page(shape(t, loadFont(t, tt.font), tt.text, 14, 20, 60)))) {
				digits, ok := strings.CutPrefix(line, "/Span<</ActualText<FEFF")
				if !ok {
					continue
				}
				digits, _, _ = strings.Cut(digits, ">")
				var units []uint16
				for ; digits != ""; digits = digits[4:] {
					u, err := strconv.ParseUint(digits[:4], 16, 16)
					if err != nil {
						t.Fatal(err)
					}
					units = append(units, uint16(u))
				}
				got = append(got, string(utf16.Decode(units)))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
