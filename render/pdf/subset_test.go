package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-text/typesetting/font"

	"github.com/tepin/tepin"
)

func readFont(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "sample", "font", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parsed(t testing.TB, data []byte) *sfnt {
	t.Helper()
	s, err := parseSFNT(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mapped are the glyphs of a font's characters.
func mapped(t testing.TB, data []byte, characters string) map[int]bool {
	t.Helper()
	face, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	used := map[int]bool{}
	for _, r := range characters {
		gid, ok := face.NominalGlyph(r)
		if !ok {
			t.Fatalf("the font has no %q", r)
		}
		used[int(gid)] = true
	}
	return used
}

// A subset draws its glyphs as the font does, composite ones too, and leaves the rest
// behind.
func TestSubsetGlyf(t *testing.T) {
	tests := []struct {
		font, characters string
		largest          int
	}{
		{"NotoSans-Regular.ttf", "Hamburgefonts", 8_000},
		{"NotoSans-Regular.ttf", "ÄÖÜǻ\u1EA8Ω", 12_000},
		{"NotoNaskhArabic-Regular.ttf", "مرحبا", 10_000},
		{"Manrope-Regular.ttf", "éåñ", 4_000},
	}
	for _, tt := range tests {
		t.Run(tt.font+" "+tt.characters, func(t *testing.T) {
			data := readFont(t, tt.font)
			used := mapped(t, data, tt.characters)
			s := parsed(t, data)
			out, err := s.subsetGlyf(used)
			if err != nil {
				t.Fatal(err)
			}
			if len(out) > tt.largest {
				t.Errorf("the subset has %d bytes, want at most %d", len(out), tt.largest)
			}
			if sum := checksum(out); sum != 0xB1B0AFBA {
				t.Errorf("the checksum of the file is %x", sum)
			}
			sub := parsed(t, out)
			for gid := range used {
				advance, bearing := s.metric(gid)
				if a, b := sub.metric(gid); a != advance || b != bearing {
					t.Errorf("glyph %d has metrics %d, %d, want %d, %d", gid, a, b, advance, bearing)
				}
				if got, want := points(t, sub, gid), points(t, s, gid); got != want {
					t.Errorf("glyph %d is drawn otherwise:\n%s\nwant\n%s", gid, got, want)
				}
			}
			all := map[int]bool{0: true}
			for gid := range used {
				addComponents(t, s, gid, all)
			}
			for gid := range sub.numGlyphs {
				if g, err := sub.glyph(gid); err != nil || len(g) > 0 && !all[gid] {
					t.Errorf("glyph %d is in the subset, or %v", gid, err)
				}
			}
		})
	}
}

func addComponents(t testing.TB, s *sfnt, gid int, all map[int]bool) {
	all[gid] = true
	g, err := s.glyph(gid)
	if err != nil {
		t.Fatal(err)
	}
	_, components, err := withoutHints(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range components {
		addComponents(t, s, c, all)
	}
}

// points are the outlines of a glyph and of its components, without programs.
func points(t testing.TB, s *sfnt, gid int) string {
	t.Helper()
	g, err := s.glyph(gid)
	if err != nil {
		t.Fatal(err)
	}
	outline, components, err := withoutHints(g)
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%x", bytes.TrimRight(outline, "\x00")) // the fill bytes differ
	for _, c := range components {
		out += " " + points(t, s, c)
	}
	return out
}

// withTable is a font with one table put in place of another.
func withTable(t testing.TB, data []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	tables := map[string][]byte{}
	for n, b := range parsed(t, data).tables {
		tables[n] = bytes.Clone(b)
	}
	tables[name] = change(tables[name])
	return buildSFNT(tables)
}

func TestBrokenGlyf(t *testing.T) {
	data := readFont(t, "NotoSans-Regular.ttf")
	used := mapped(t, data, "é")
	put := func(at int, v uint16) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.BigEndian.PutUint16(b[at:], v)
			return b
		}
	}
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }
	s := parsed(t, data)
	gid := sortedKeys(used)[0]
	g, err := s.glyph(gid)
	if err != nil || i16(g, 0) >= 0 {
		t.Fatal("é is not made of e and an accent")
	}
	at := cap(s.tables["glyf"]) - cap(g)
	tests := []struct {
		name, table string
		change      func([]byte) []byte
	}{
		{"no glyf", "glyf", cut(0)},
		{"loca too short", "loca", cut(8)},
		{"hmtx too short", "hmtx", cut(8)},
		{"no glyphs", "maxp", put(4, 0)},
		{"no resolution", "head", put(18, 0)},
		{"no metrics", "hhea", put(34, 0)},
		{"head too short", "head", cut(20)},
		{"made of one that is not there", "glyf", put(at+12, 0xFFFF)},
		{"endless components", "glyf", func(b []byte) []byte {
			for i := at + 10; i < len(b); i++ {
				b[i] = 0x20
			}
			return b
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSFNT(withTable(t, data, tt.table, tt.change))
			if err == nil {
				_, err = s.subsetGlyf(used)
			}
			if tepin.KindOf(err) != tepin.Unprocessable {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("made of itself", func(t *testing.T) {
		s := parsed(t, withTable(t, data, "glyf", put(at+12, uint16(gid))))
		if _, err := s.subsetGlyf(used); err != nil {
			t.Error(err)
		}
	})
	for _, data := range [][]byte{nil, []byte("OTTO"), data[:12], data[:60], data[:2000]} {
		if _, err := parseSFNT(data); tepin.KindOf(err) != tepin.Unprocessable {
			t.Errorf("%d bytes: %v", len(data), err)
		}
	}
}

func FuzzSubset(f *testing.F) {
	small := func(data []byte, characters string) []byte {
		out, err := parsed(f, data).subsetGlyf(mapped(f, data, characters))
		if err != nil {
			f.Fatal(err)
		}
		return out
	}
	f.Add(small(readFont(f, "Manrope-Regular.ttf"), "aé"), uint16(3), uint16(60))
	f.Add(small(readFont(f, "NotoSansDevanagari-Regular.ttf"), "कि"), uint16(3), uint16(60))
	f.Add(otf(keyedCFF(f, 3)), uint16(1), uint16(2))
	f.Add(otf(namedCFF(f)), uint16(1), uint16(2))
	f.Fuzz(func(t *testing.T, data []byte, a, b uint16) {
		s, err := parseSFNT(data)
		if err != nil {
			return
		}
		used := map[int]bool{int(a): true, int(b): true}
		for gid := range used {
			if gid >= s.numGlyphs {
				return
			}
			s.width(gid)
		}
		s.descriptor()
		if _, ok := s.tables["CFF "]; ok {
			out, err := s.subsetCFF(used)
			if err == nil && len(out) != len(s.tables["CFF "]) {
				t.Fatal("the table has another length")
			}
		}
		if out, err := s.subsetGlyf(used); err == nil {
			sub := parsed(t, out)
			for gid := range used {
				was, _ := s.glyph(gid)
				if is, err := sub.glyph(gid); err != nil || len(is) == 0 && len(was) > 0 && i16(was, 0) != 0 {
					t.Fatal("a glyph got lost")
				}
			}
		}
	})
}

func TestNumbers(t *testing.T) {
	tests := []struct {
		v        float64
		decimals int
		want     string
	}{
		{0, 4, "0"}, {1, 4, "1"}, {-1, 4, "-1"}, {10, 4, "10"}, {100, 0, "100"}, {0.5, 4, ".5"}, {-0.25, 4, "-.25"},
		{1.23456, 4, "1.2346"}, {0.00001, 4, "0"}, {-0.00001, 4, "0"}, {0.99999, 4, "1"}, {1e300, 4, "10000000"},
		{math.Inf(-1), 4, "-10000000"}, {math.Inf(1), 2, "10000000"}, {math.NaN(), 4, "0"}, {-0.4, 0, "0"}, {20, 0, "20"},
	}
	for _, tt := range tests {
		if got := string(appendNumber(nil, tt.v, tt.decimals)); got != tt.want {
			t.Errorf("%v with %d decimals is %s, want %s", tt.v, tt.decimals, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	for s, want := range map[string]string{
		"Plain-Name": "/Plain-Name", "PANTONE #1 (C)": "/PANTONE#20#231#20#28C#29", "a/b%<>[]{}": "/a#2Fb#25#3C#3E#5B#5D#7B#7D", "é\x00\n": "/#C3#A9#0A", "": "/",
	} {
		if got := name(s); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
	for s, want := range map[string]string{
		"plain": "(plain)", `a(b)\c`: `(a\(b\)\\c)`, "é": "<FEFF00E9>", "a\nb": "<FEFF0061000A0062>", "😀": "<FEFFD83DDE00>", "\xff": "<FEFFFFFD>", "": "()",
	} {
		if got := textString(s); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
	if got := baseName("My Font (Bold)/[x]"); got != "MyFontBoldx" {
		t.Error(got)
	}
	if got := baseName(" "); got != "Font" {
		t.Error(got)
	}
}

// Only what an EXIF segment says within its bounds counts.
func TestOrientation(t *testing.T) {
	little := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
	tests := []struct {
		name, body string
		want       Turn
	}{
		{"little endian", little, 6},
		{"cut off", little[:20], 0},
		{"no directory", little[:14], 0},
		{"out of range", little[:24] + "\x09" + little[25:], 0},
		{"not a short", little[:18] + "\x04" + little[19:], 0},
		{"beyond the end", little[:10] + "\xff\xff\xff\xff" + little[14:], 0},
		{"another order", "Exif\x00\x00XX" + little[8:], 0},
		{"another segment", "http://ns.adobe.com/xap/1.0/\x00", 0},
		{"empty", "", 0},
	}
	for _, tt := range tests {
		if got := orientation([]byte(tt.body)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
