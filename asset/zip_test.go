package asset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// packed makes a zip archive of names and contents.
func packed(t testing.TB, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		if err == nil {
			_, err = io.WriteString(w, entries[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func withHeader(t testing.TB, h zip.FileHeader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.CreateHeader(&h); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// patched writes a number into the record that ends an archive.
func patched(data []byte, at int, size int, value uint32) []byte {
	data = bytes.Clone(data)
	end := data[len(data)-zipEndSize:]
	if size == 2 {
		binary.LittleEndian.PutUint16(end[at:], uint16(value))
	} else {
		binary.LittleEndian.PutUint32(end[at:], value)
	}
	return data
}

func many(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint(i), "")
	}
	return list
}

func TestOpenZip(t *testing.T) {
	link := zip.FileHeader{Name: "document.json"}
	link.SetMode(fs.ModeSymlink | 0o777)
	good := packed(t, "document.json", "{}", "assets/Ü b.png", "x", "assets/", "")
	files, err := openZip(bytes.NewReader(good), int64(len(good)))
	if err != nil || len(files) != 2 {
		t.Errorf("%v %v", files, err)
	}
	ten := packed(t, many(MaxArchiveEntries)...)
	if files, err := openZip(bytes.NewReader(ten), int64(len(ten))); err != nil || len(files) != MaxArchiveEntries {
		t.Errorf("%d entries, %v", len(files), err)
	}
	for name, c := range map[string]struct {
		data []byte
		kind tepin.Kind
		says string
	}{
		"empty":          {nil, tepin.Unprocessable, "short"},
		"cut":            {good[:len(good)-1], tepin.Unprocessable, "cut"},
		"in front":       {append([]byte("MZ"), good...), tepin.Unprocessable, "not where"},
		"behind":         {append(bytes.Clone(good), "x"...), tepin.Unprocessable, "cut"},
		"parts":          {patched(good, 4, 2, 1), tepin.Unprocessable, "parts"},
		"very large":     {patched(patched(good, 8, 2, 0xffff), 10, 2, 0xffff), tepin.TooLarge, "10000"},
		"large offset":   {patched(good, 16, 4, 0xffffffff), tepin.TooLarge, ""},
		"more said":      {patched(patched(good, 8, 2, 4), 10, 2, 4), tepin.Unprocessable, ""},
		"fewer said":     {patched(patched(good, 8, 2, 1), 10, 2, 1), tepin.Unprocessable, "more entries"},
		"many":           {packed(t, many(MaxArchiveEntries+1)...), tepin.TooLarge, "10000"},
		"up":             {packed(t, "../document.json", "{}"), tepin.Unprocessable, "no path inside"},
		"up inside":      {packed(t, "assets/../../x", "{}"), tepin.Unprocessable, "no path inside"},
		"dot":            {packed(t, "./document.json", "{}"), tepin.Unprocessable, "no path inside"},
		"absolute":       {packed(t, "/etc/passwd", "{}"), tepin.Unprocessable, "no path inside"},
		"drive":          {packed(t, "C:/x", "{}"), tepin.Unprocessable, "no path inside"},
		"backslash":      {packed(t, `assets\x`, "{}"), tepin.Unprocessable, "separate folders by /"},
		"twice":          {packed(t, "a", "", "a", ""), tepin.Unprocessable, "twice"},
		"case":           {packed(t, "assets/Straße", "", "assets/STRASSE", ""), tepin.Unprocessable, "twice"},
		"normal form":    {packed(t, "\u00e9", "", "e\u0301", ""), tepin.Unprocessable, "twice"},
		"file, folder":   {packed(t, "a", "", "A/", ""), tepin.Unprocessable, "twice"},
		"control":        {packed(t, "a\nb", ""), tepin.Unprocessable, "plain text"},
		"not UTF-8":      {packed(t, "a\xff", ""), tepin.Unprocessable, "plain text"},
		"link":           {withHeader(t, link), tepin.Unprocessable, "link"},
		"encrypted":      {bytes.ReplaceAll(packed(t, "abc", "x"), []byte("PK\x01\x02\x14\x00\x14\x00\x08\x00"), []byte("PK\x01\x02\x14\x00\x14\x00\x09\x00")), tepin.Unprocessable, "encrypted"},
		"long name":      {packed(t, strings.Repeat("n", 2001), ""), tepin.Unprocessable, "longer"},
		"large comments": {withHeader(t, zip.FileHeader{Name: "a", Comment: strings.Repeat("c", 60_000)}), 0, ""},
	} {
		_, err := openZip(bytes.NewReader(c.data), int64(len(c.data)))
		if tepin.KindOf(err) != c.kind || err != nil && (!strings.Contains(err.Error(), c.says) || (strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "\xff"))) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var heavy []byte // a small number of entries, with much beside their names
	{
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := range 400 {
			if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i), Comment: strings.Repeat("c", 60_000)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		heavy = b.Bytes()
	}
	if _, err := openZip(bytes.NewReader(heavy), int64(len(heavy))); tepin.KindOf(err) != tepin.TooLarge {
		t.Errorf("a heavy directory: %v", err)
	}
}

// What is unpacked is counted, whatever an entry says of its size.
func TestBudget(t *testing.T) {
	data := packed(t, "zeros", strings.Repeat("\x00", 1<<20))
	files, err := openZip(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for left, kind := range map[int64]tepin.Kind{1 << 20: 0, 1<<20 - 1: tepin.TooLarge} {
		r, err := (&budget{left: left}).open(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); tepin.KindOf(err) != kind {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	at := bytes.Index(data, []byte("zeros")) + 12
	data[at] ^= 0x55 // damage within the packed bytes
	files, err = openZip(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&budget{left: 1 << 30}).open(files[0])
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("damaged: %v", err)
	}
}

// Blocks give the bytes of a file in any order.
func TestBlocks(t *testing.T) {
	data := make([]byte, 3*blockSize+100)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	opened := 0
	b := &blocks{size: int64(len(data)), open: func(offset, length int64) (io.ReadCloser, error) {
		opened++
		return io.NopCloser(bytes.NewReader(data[offset : offset+length])), nil
	}}
	for _, at := range []int{0, 10, len(data) - 5, blockSize - 3, 2 * blockSize, 5} {
		p := make([]byte, min(2*blockSize, len(data)-at))
		if n, err := b.ReadAt(p, int64(at)); err != nil || n != len(p) || !bytes.Equal(p, data[at:at+n]) {
			t.Errorf("at %d: %d bytes, %v", at, n, err)
		}
	}
	if n, err := b.ReadAt(make([]byte, 10), int64(len(data)-4)); n != 4 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := b.ReadAt(make([]byte, 1), int64(len(data))); err != io.EOF {
		t.Error(err)
	}
	before := opened
	for i := range 1000 {
		if _, err := b.ReadAt(make([]byte, 3), int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if opened > before+1 {
		t.Errorf("opened %d times for one block", opened-before)
	}
}

func FuzzZip(f *testing.F) {
	f.Add(packed(f, "document.json", "{}", "assets/a.png", "x"))
	f.Add(packed(f, "a/document.json", "{}", "a/manifest.json", `{"format":"tepin-template","version":1}`, "a/", ""))
	f.Add(packed(f, many(5)...))
	f.Add(withHeader(f, zip.FileHeader{Name: "a", Extra: []byte{1, 0, 4, 0, 1, 2, 3, 4}, Comment: "c"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := openZip(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			if len(files) > MaxArchiveEntries {
				t.Fatalf("%d entries", len(files))
			}
			var c contents
			if c, err = contentsOf(files); err == nil {
				b := &budget{left: 1 << 20}
				for _, e := range append([]*zip.File{c.document}, append(c.media, c.fonts...)...) {
					if strings.Contains(e.Name, "..") && strings.Contains("/"+e.Name+"/", "/../") {
						t.Fatalf("name %q", e.Name)
					}
					if _, err = b.read(e, 1<<18); err != nil {
						break
					}
				}
				if c.manifest != nil && err == nil {
					_, err = b.manifest(c.manifest)
				}
			}
		}
		if err != nil && tepin.KindOf(err) == tepin.Internal {
			t.Fatalf("not a refusal: %v", err)
		}
	})
}
