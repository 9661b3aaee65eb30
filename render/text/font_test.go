package text_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/text"
)

func TestFont(t *testing.T) {
	f := font(t, "NotoSans-Regular")
	if f.Name() != "NotoSans-Regular" && f.Name() != "NotoSans" || f.UnitsPerEm() != 1000 || f.IsCFF() || f.NumGlyphs() < 1000 {
		t.Errorf("%q, %v units, CFF %v, %d glyphs", f.Name(), f.UnitsPerEm(), f.IsCFF(), f.NumGlyphs())
	}
	if !close(f.Ascent(), 1.069) || !close(f.Descent(), 0.293) {
		t.Errorf("ascent %v, descent %v", f.Ascent(), f.Descent())
	}
	if !f.Has('A') || f.Has('ا') {
		t.Error("it has A and no alef")
	}
	l := set(t, simple("A"), 100, 100).Lines[0]
	g := l.Spans[0].Glyphs[0]
	if !close(f.Advance(g.ID)*10, g.Advance) || len(f.Outline(g.ID)) < 6 {
		t.Errorf("advance %v, %d segments", f.Advance(g.ID), len(f.Outline(g.ID)))
	}
	if f.Outline(1<<20) != nil || f.Advance(1<<20) < 0 {
		t.Error("an unknown glyph has a shape")
	}
}

// withTable returns a copy of a font whose i-th directory entry is changed.
func withTable(font []byte, tag string, change func(entry []byte)) []byte {
	out := append([]byte(nil), font...)
	for i := range int(binary.BigEndian.Uint16(out[4:])) {
		if entry := out[12+16*i:][:16]; string(entry[:4]) == tag {
			change(entry)
		}
	}
	return out
}

func TestFontsThatCannotBeUsed(t *testing.T) {
	good := fontFile(t, "NotoSans-Italic")
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a font"},
		{"text", []byte("just some words that are no font"), "not a font"},
		{"WOFF", append([]byte("wOFF"), good...), "WOFF"},
		{"WOFF2", append([]byte("wOF2"), good...), "WOFF"},
		{"collection", append([]byte("ttcf"), good...), "collection"},
		{"half", good[:len(good)/2], "cut off"},
		{"header only", good[:40], "cut off"},
		{"variable", withTable(good, "GDEF", func(e []byte) { copy(e, "fvar") }), "variable"},
		{"no outlines", withTable(good, "glyf", func(e []byte) { copy(e, "EBDT") }), "no outlines"},
		{"no characters", withTable(good, "cmap", func(e []byte) { copy(e, "xxxx") }), "damaged"},
		{"huge table", withTable(good, "glyf", func(e []byte) { binary.BigEndian.PutUint32(e[12:], math.MaxUint32) }), "cut off"},
		{"head elsewhere", withTable(good, "head", func(e []byte) { binary.BigEndian.PutUint32(e[8:], 0) }), "damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := text.ParseFont(tt.data)
			if tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want something about %q", err, tt.want)
			}
		})
	}
}

// bomb is a font of a few hundred bytes in which each glyph is made of two of the one
// before it, forty times over.
func bomb() []byte {
	const glyphs = 41
	be := binary.BigEndian
	square := []byte{0, 1, 0, 0, 0, 0, 0, 9, 0, 9, 0, 3, 0, 0, 1, 1, 1, 1, 0, 0, 0, 9, 0, 0, 0xFF, 0xF7, 0, 0, 0, 0, 0, 9, 0, 0}
	glyf, loca := square, be.AppendUint32(nil, 0)
	for i := range uint16(glyphs) {
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, 0xFF, 0xFF, 0, 0, 0, 0, 0, 9, 0, 9)
		glyf = append(be.AppendUint16(append(glyf, 0, 0x22), i), 0, 0)
		glyf = append(be.AppendUint16(append(glyf, 0, 0x02), i), 1, 0)
	}
	head := make([]byte, 54)
	be.PutUint16(head[18:], 1000)
	head[51] = 1
	maxp := be.AppendUint16([]byte{0, 1, 0, 0}, glyphs)
	cmap := []byte{0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12, 0, 6, 0, 12, 0, 0, 0, 65, 0, 1, 0, 40}
	names := []string{"cmap", "glyf", "head", "loca", "maxp"}
	tables := [][]byte{cmap, glyf, head, loca, append(maxp, make([]byte, 26)...)}
	file := []byte{0, 1, 0, 0, 0, byte(len(tables)), 0, 0, 0, 0, 0, 0}
	offset := len(file) + 16*len(tables)
	for i, table := range tables {
		file = append(append(file, names[i]...), 0, 0, 0, 0)
		file = be.AppendUint32(be.AppendUint32(file, uint32(offset)), uint32(len(table)))
		offset += len(table)
	}
	for _, table := range tables {
		file = append(file, table...)
	}
	return file
}

func TestGlyphBomb(t *testing.T) {
	if _, err := text.ParseFont(bomb()); tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), "points") {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	for name, want := range map[string]text.Info{
		"NotoSans-Regular":         {Family: "Noto Sans", Style: "Regular", Weight: 400, Extension: "ttf", Embedding: tepin.EmbedInstallable},
		"NotoSans-Bold":            {Family: "Noto Sans", Style: "Bold", Weight: 700, Extension: "ttf", Embedding: tepin.EmbedInstallable},
		"NotoSans-Italic":          {Family: "Noto Sans", Style: "Italic", Weight: 400, Italic: true, Extension: "ttf", Embedding: tepin.EmbedInstallable},
		"NotoNaskhArabic-Regular":  {Family: "Noto Naskh Arabic", Style: "Regular", Weight: 400, Extension: "ttf", Embedding: tepin.EmbedInstallable},
		"NotoSerifDisplay-Regular": {Family: "Noto Serif Display", Style: "Regular", Weight: 400, Extension: "ttf", Embedding: tepin.EmbedInstallable},
	} {
		got, err := text.Probe(fontFile(t, name))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
	for bits, want := range map[byte]tepin.Embedding{0: tepin.EmbedInstallable, 2: tepin.EmbedRestricted, 4: tepin.EmbedPreview, 6: tepin.EmbedPreview, 8: tepin.EmbedEditable, 14: tepin.EmbedEditable} {
		data := withTable(fontFile(t, "NotoSans-Regular"), "OS/2", func(entry []byte) {})
		for i := range int(data[5]) {
			if entry := data[12+16*i:]; string(entry[:4]) == "OS/2" {
				data[int(entry[8])<<24|int(entry[9])<<16|int(entry[10])<<8|int(entry[11])+9] = bits
			}
		}
		if got, err := text.Probe(data); err != nil || got.Embedding != want {
			t.Errorf("fsType %d: %q %v", bits, got.Embedding, err)
		}
	}
	nameless := withTable(fontFile(t, "NotoSans-Bold"), "name", func(e []byte) { copy(e, "xxxx") })
	if got, err := text.Probe(nameless); err != nil || got.Family != "" || got.Style != "Bold" {
		t.Errorf("without names: %+v, %v", got, err)
	}
	if _, err := text.Probe([]byte("no")); tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("no font: %v", err)
	}
}

// Any bytes either are refused or can be set and drawn.
func FuzzParseFont(f *testing.F) {
	small := fontFile(f, "NotoSansDevanagari-Regular")
	f.Add(small)
	f.Add(small[:1000])
	f.Add(bomb())
	f.Add([]byte("OTTO\x00\x01\x00\x00\x00\x00\x00\x00CFF \x00\x00\x00\x00\x00\x00\x00\x1c\x00\x00\x00\x04abcd"))
	f.Add(withTable(small, "GSUB", func(e []byte) { e[11]++ }))
	f.Add(withTable(small, "loca", func(e []byte) { e[11]++ }))
	f.Add(withTable(small, "hmtx", func(e []byte) { e[15] = 1 }))
	f.Fuzz(func(t *testing.T, data []byte) {
		font, err := text.ParseFont(data)
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		if info, err := text.Probe(data); err != nil || info.Style == "" || info.Weight < 10 || info.Weight > 1000 {
			t.Fatalf("probe: %+v, %v", info, err)
		}
		for gid := range uint32(min(font.NumGlyphs(), 50)) {
			font.Outline(gid)
			font.Advance(gid)
		}
		_, _ = text.Layout(frameOf(text.Paragraph{Runs: []text.Run{{Text: "fi हिन्दी كتاب e\u0301", Size: 10}}}), 100, 100, text.Fonts{Fallback: []*text.Font{font}})
	})
}

// Any text in any frame is set in finite places, every line within its column unless
// the result says otherwise.
func FuzzLayout(f *testing.F) {
	all := fonts(f)
	f.Add("some words", 100.0, 50.0, 12.0, uint8(0))
	f.Add("אב 12 cd\u2028\t\u00AD«x» ?", 30.0, 10.0, 8.0, uint8(77))
	f.Add("हिन्दी\u200D\u0301\u202Ekr\u2066", 0.0, 0.0, 1e9, uint8(255))
	f.Fuzz(func(t *testing.T, s string, width, height, size float64, options uint8) {
		p := text.Paragraph{Align: text.Align(options % 4), AlignLast: text.Align(options / 4 % 4), LineHeight: 1.2, IndentFirst: float64(options%16) - 8}
		run := plain(s)
		run.Size, run.NoBreak, run.Underline, run.Tracking = size, options&16 != 0, options&32 != 0, float64(options%64)-32
		p.Runs = []text.Run{run, plain(s)}
		if options&64 != 0 {
			p.Marker = []text.Run{plain("•")}
		}
		frame := text.Frame{Paragraphs: []text.Paragraph{p, p}, Columns: int(options % 3), Vertical: text.Vertical(options % 4), Direction: text.Direction(options % 3)}
		if options&128 != 0 {
			frame.CopyfitMin, frame.CopyfitMax = 10, 300
		}
		r, err := text.Layout(frame, width, height, all)
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Fatal(err)
			}
			return
		}
		for _, l := range r.Lines {
			if math.IsNaN(l.X+l.Width+l.Baseline) || math.IsInf(l.X+l.Width+l.Baseline, 0) {
				t.Fatalf("a line is at %v, %v, %v wide", l.X, l.Baseline, l.Width)
			}
			for _, s := range l.Spans {
				for _, g := range s.Glyphs {
					if g.Cluster < 0 || g.Cluster > len(s.Text) {
						t.Fatalf("cluster %d of %q", g.Cluster, s.Text)
					}
				}
			}
		}
	})
}
