package woff_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset/woff"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sample"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// woff1 packs a font as WOFF 1.0 has it.
func woff1(t testing.TB, ttf []byte) []byte {
	t.Helper()
	n := int(binary.BigEndian.Uint16(ttf[4:]))
	head := make([]byte, 44, 44+20*n)
	copy(head, "wOFF")
	copy(head[4:], ttf[:4])
	binary.BigEndian.PutUint16(head[12:], uint16(n))
	body, total := []byte{}, 12+16*n
	for i := range n {
		entry := ttf[12+16*i:][:16]
		off, size := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		table := ttf[off : off+size]
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		_, err := z.Write(table)
		check(t, err)
		check(t, z.Close())
		if packed.Len() < len(table) {
			table = packed.Bytes()
		}
		head = append(head, entry[:4]...)
		head = binary.BigEndian.AppendUint32(head, uint32(44+20*n+len(body)))
		head = binary.BigEndian.AppendUint32(head, uint32(len(table)))
		head = binary.BigEndian.AppendUint32(head, size)
		head = append(head, entry[4:8]...)
		body = append(body, table...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		total += int(size+3) &^ 3
	}
	out := append(head, body...)
	binary.BigEndian.PutUint32(out[8:], uint32(len(out)))
	binary.BigEndian.PutUint32(out[16:], uint32(total))
	return out
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	check(t, err)
	return data
}

// What is unpacked says of itself what the font did.
func TestDecode(t *testing.T) {
	for _, f := range sample.Fonts()[:3] {
		want, err := text.Probe(f.Data)
		check(t, err)
		out, err := woff.Decode(woff1(t, f.Data))
		check(t, err)
		if got, err := text.Probe(out); err != nil || got != want {
			t.Errorf("%s: %+v %v, not %+v", f.Style, got, err, want)
		}
	}
}

// Fonts as others packed them have glyphs that can be drawn.
func TestDecodeOfOthers(t *testing.T) {
	for _, name := range []string{"manrope.woff", "manrope.woff2"} {
		out, err := woff.Decode(file(t, name))
		check(t, err)
		info, err := text.Probe(out)
		check(t, err)
		if !strings.HasPrefix(info.Family, "Manrope") || info.Weight != 400 || info.Extension != "ttf" {
			t.Errorf("%s: %+v", name, info)
		}
		f, err := text.ParseFont(out)
		check(t, err)
		drawn := 0
		for gid := range uint32(f.NumGlyphs()) {
			drawn += len(f.Outline(gid))
		}
		if f.NumGlyphs() < 100 || drawn < 2000 || f.Advance(1) <= 0 {
			t.Errorf("%s: %d glyphs with %d steps", name, f.NumGlyphs(), drawn)
		}
	}
	out, err := woff.Decode(file(t, "variable.woff2"))
	check(t, err)
	if _, err := text.Probe(out); err == nil || !strings.Contains(err.Error(), "variable") {
		t.Errorf("a variable font: %v", err)
	}
}

func TestRefused(t *testing.T) {
	good := file(t, "manrope.woff2")
	with := func(at int, bytes string) []byte {
		b := append([]byte{}, good...)
		copy(b[at:], bytes)
		return b
	}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"nothing":    {nil, "damaged"},
		"ttf":        {sample.Fonts()[0].Data, "damaged"},
		"header":     {good[:20], "damaged"},
		"cut":        {good[:len(good)/2], "damaged"},
		"collection": {with(4, "ttcf"), "one by one"},
		"huge":       {with(16, "\x7f\xff\xff\xff"), "at most 64 MB"},
		"body":       {with(len(good)-40, strings.Repeat("\xff", 40)), "damaged"},
	} {
		_, err := woff.Decode(c.data)
		if tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(file(f, "manrope.woff"))
	f.Add(file(f, "manrope.woff2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := woff.Decode(data)
		if err != nil && tepin.KindOf(err) != tepin.Unprocessable {
			t.Error(err)
		}
		if err == nil { // what comes out is read by the next one, which must not crash either
			_, _ = text.Probe(out)
		}
	})
}
