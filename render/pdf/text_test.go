package pdf_test

import (
	"strings"
	"testing"

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
		{"vowelled", arabic, "مَرْحَبًا"},
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
