package asset_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/image/tiff"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/blob/disk"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

func TestMain(m *testing.M) {
	sandbox.Main(asset.Children(asset.Probes{
		Font: func(data []byte) (asset.FontInfo, error) {
			i, err := text.Probe(data)
			return asset.FontInfo{Family: i.Family, Style: i.Style, Weight: i.Weight, Italic: i.Italic, Embedding: i.Embedding}, err
		},
	}))
	os.Exit(m.Run())
}

// service is a real one, over a real database and a real disk.
type service struct {
	*asset.Service
	t     *testing.T
	env   tepin.EnvironmentID
	dir   string
	ahead time.Duration
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, dir: t.TempDir()}
	now := func() time.Time { return time.Now().Add(s.ahead) }
	rows := storetest.SQLite(t)
	blobs, err := disk.Open(s.dir)
	check(t, err)
	s.Service = &asset.Service{Store: rows, Blob: blobs, Now: now}
	s.env = environment(t, rows, "demo")
	return s
}

func environment(t *testing.T, rows *store.Store, name string) tepin.EnvironmentID {
	t.Helper()
	sub, err := rows.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: name})
	check(t, err)
	e, err := rows.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{
		SubscriptionID: sub.ID, Name: name, TechnicalName: name, Type: tepin.Sandbox, TokenLifetime: time.Hour, SigningAlg: "ES256",
	})
	check(t, err)
	return e.ID
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless err is of the kind and says every word.
func refused(t *testing.T, err error, kind tepin.Kind, words ...string) {
	t.Helper()
	if err == nil || tepin.KindOf(err) != kind {
		t.Fatalf("%v, not a refusal of kind %d", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// files are the files below the blob directory, temporary ones included.
func (s *service) files() []string {
	s.t.Helper()
	var list []string
	check(s.t, filepath.WalkDir(s.dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, name)
		}
		return err
	}))
	return list
}

func (s *service) empty() {
	s.t.Helper()
	if left := s.files(); len(left) > 0 {
		s.t.Errorf("files are left behind: %q", left)
	}
}

func (s *service) upload(name string, r io.Reader) (tepin.Media, error) {
	return s.CreateMedia(s.t.Context(), tepin.System, s.env, asset.Upload{FileName: name, Bytes: r})
}

func TestDocument(t *testing.T) {
	s := newService(t)
	raw := []byte("{\"b\": 1,\n  \"a\" : [ ] }\n")
	ref, err := s.PutDocument(t.Context(), s.env, raw)
	check(t, err)
	got, err := s.Document(t.Context(), s.env, ref)
	check(t, err)
	if !bytes.Equal(got, raw) || ref.Size != int64(len(raw)) || len(ref.SHA256) != 64 {
		t.Errorf("got %q, %+v", got, ref)
	}
	_, err = s.Document(t.Context(), environment(t, s.Store, "other"), ref)
	refused(t, err, tepin.NotFound)
	_, err = s.Open(t.Context(), "", ref, 0, -1)
	refused(t, err, tepin.NotFound)
}

func TestSettle(t *testing.T) {
	for _, c := range []struct {
		err  error
		kept bool
	}{
		{nil, true},
		{errors.New("the connection broke at the commit"), true},
		{tepin.Errorf(tepin.Unavailable, "busy"), true},
		{tepin.Errorf(tepin.NotFound, "no such template"), false},
		{tepin.Errorf(tepin.Stale, "changed"), false},
	} {
		s := newService(t)
		ref, err := s.PutDocument(t.Context(), s.env, []byte("{}"))
		check(t, err)
		if got := s.Settle(t.Context(), ref, c.err); got != c.err {
			t.Errorf("%v became %v", c.err, got)
		}
		if kept := len(s.files()) == 1; kept != c.kept {
			t.Errorf("after %v: kept %v", c.err, kept)
		}
	}
}

// What no record names goes, after the grace; what one names stays.
func TestSweep(t *testing.T) {
	s := newService(t)
	lost, err := s.PutDocument(t.Context(), s.env, []byte("{}"))
	check(t, err)
	ref, err := s.PutDocument(t.Context(), s.env, []byte("[]"))
	check(t, err)
	tpl, err := s.Store.CreateTemplate(t.Context(), tepin.System, tepin.Template{EnvironmentID: s.env, Name: "t", Folder: "/", Document: ref})
	check(t, err)
	sweep := func(ahead time.Duration, want int) {
		t.Helper()
		s.ahead = ahead
		n, err := s.Sweep(t.Context())
		check(t, err)
		if n != want {
			t.Errorf("after %v: %d swept, not %d", ahead, n, want)
		}
	}
	sweep(asset.MaxUpload, 0)
	sweep(3*asset.MaxUpload, 1)
	if _, err := s.Document(t.Context(), s.env, lost); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("the lost document: %v", err)
	}
	got, err := s.Document(t.Context(), s.env, tpl.Document)
	check(t, err)
	if string(got) != "[]" {
		t.Errorf("the template's document is %q", got)
	}
	_, err = s.Store.DeleteTemplate(t.Context(), tepin.System, s.env, tpl.ID, false)
	check(t, err)
	sweep(3*asset.MaxUpload, 0) // it can be restored
	_, err = s.Store.PurgeDeleted(t.Context(), time.Now().Add(time.Minute), 10)
	check(t, err)
	sweep(3*asset.MaxUpload, 1)
	s.empty()
}

func pictures(t testing.TB) map[string][]byte {
	t.Helper()
	rgba := image.NewRGBA(image.Rect(0, 0, 40, 30))
	list := map[string][]byte{}
	for name, encode := range map[string]func(io.Writer) error{
		"png": func(w io.Writer) error { return png.Encode(w, rgba) },
		"jpg": func(w io.Writer) error { return jpeg.Encode(w, rgba, nil) },
		"gif": func(w io.Writer) error { return gif.Encode(w, rgba, nil) },
		"tif": func(w io.Writer) error { return tiff.Encode(w, rgba, &tiff.Options{Compression: tiff.Deflate}) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		list[name] = b.Bytes()
	}
	// RFC 9649 §3.4: signature, 14 bits of width − 1, 14 bits of height − 1.
	bits := uint32(40-1) | uint32(30-1)<<14
	vp8l := append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, bits)...)
	riff := append([]byte("WEBPVP8L"), binary.LittleEndian.AppendUint32(nil, uint32(len(vp8l)))...)
	riff = append(append(riff, vp8l...), 0)
	list["webp"] = append(append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(riff)))...), riff...)
	return list
}

func TestCreateMedia(t *testing.T) {
	for kind, data := range pictures(t) {
		t.Run(kind, func(t *testing.T) {
			s := newService(t)
			m, err := s.upload("C:\\pictures\\beach.of."+strings.ToUpper(kind), iotest.OneByteReader(bytes.NewReader(data)))
			check(t, err)
			if m.Name != "beach.of" || m.Extension != kind || m.Folder != "/Upload" || m.Width != 40 || m.Height != 30 {
				t.Errorf("%+v", m)
			}
			_, r, err := s.OpenMedia(t.Context(), s.env, m.ID)
			check(t, err)
			defer r.Close()
			got, err := io.ReadAll(r)
			check(t, err)
			if !bytes.Equal(got, data) {
				t.Error("the bytes are others")
			}
		})
	}
}

// Files that are drawn are kept as they are, and an Illustrator file by what it is called:
// it is a PDF.
func TestDrawnMedia(t *testing.T) {
	s := newService(t)
	const head = "%PDF-1.4\n1 0 obj<</Pages 2 0 R>>endobj\n2 0 obj<</Count 1/Kids[3 0 R]/MediaBox[0 0 200 100]>>endobj\n3 0 obj<</PieceInfo<</Illustrator 1 0 R>>>>endobj\n"
	pdf := fmt.Sprintf("%sxref\n0 4\n%010d 65535 f \n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \ntrailer<</Root 1 0 R>>\nstartxref\n%d\n", head, 0,
		strings.Index(head, "1 0 obj"), strings.Index(head, "2 0 obj"), strings.Index(head, "3 0 obj"), len(head))
	for file, c := range map[string]struct{ data, name, extension, contentType string }{
		"logo.AI":    {pdf, "logo", "ai", tepin.TypePDF},
		"logo.pdf":   {pdf, "logo", "pdf", tepin.TypePDF},
		"logo":       {pdf, "logo", "pdf", tepin.TypePDF},
		"logo.svg":   {"<svg width='200' height='100'/>", "logo", "svg", tepin.TypeSVG},
		"logo.epsf":  {"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 100\n", "logo", "eps", tepin.TypePostScript},
		"wrong.jpeg": {"<svg viewBox='0 0 200 100'/>", "wrong.jpeg", "svg", tepin.TypeSVG},
	} {
		m, err := s.upload(file, strings.NewReader(c.data))
		check(t, err)
		if m.Name != c.name || m.Extension != c.extension || m.ContentType != c.contentType || m.Width != 200 || m.Height != 100 || m.Pages != 1 || m.Facts["size"] == "" || !m.IsVector() {
			t.Errorf("%s: %+v", file, m)
		}
		stored, err := s.Store.MediaItem(t.Context(), s.env, m.ID)
		check(t, err)
		if stored.Facts["size"] != m.Facts["size"] || stored.Pages != 1 {
			t.Errorf("%s: stored as %+v", file, stored)
		}
	}
}

func TestMediaNames(t *testing.T) {
	s := newService(t)
	data := pictures(t)["png"]
	for _, c := range []struct{ folder, name, file, wantFolder, wantName string }{
		{"", "", "a.png", "/Upload", "a"},
		{"/", "named", "a.png", "/", "named"},
		{"x//y/", "named.png", "a.png", "/x/y", "named"},
		{"/x", "", "photo.jpeg", "/x", "photo.jpeg"}, // it is a PNG
		{"/x", "noël ☀", "", "/x", "noël ☀"},
		{"/x", "", ".png", "/x", ".png"},
	} {
		m, err := s.CreateMedia(t.Context(), tepin.System, s.env, asset.Upload{Folder: c.folder, Name: c.name, FileName: c.file, Bytes: bytes.NewReader(data)})
		check(t, err)
		if m.Folder != c.wantFolder || m.Name != c.wantName {
			t.Errorf("%q %q %q: %q in %q", c.folder, c.name, c.file, m.Name, m.Folder)
		}
	}
	before := len(s.files())
	for _, c := range []struct{ folder, name, says string }{
		{"/../etc", "a", "folderPath"}, {"/a/./b", "a", "folderPath"}, {"/a\\b", "a", "slash"}, {strings.Repeat("/long", 300), "a", "longer"},
		{"/", "", "needs a name"}, {"/", "../a", "slash"}, {"/", "a\x00", "control"}, {"/", "a\u202egnp", "control"}, {"/", "\xff", "UTF-8"}, {"/", strings.Repeat("ö", 256), "255"},
	} {
		_, err := s.CreateMedia(t.Context(), tepin.System, s.env, asset.Upload{Folder: c.folder, Name: c.name, Bytes: bytes.NewReader(data)})
		refused(t, err, tepin.Invalid, c.says)
	}
	if after := len(s.files()); after != before {
		t.Errorf("%d files were left behind", after-before)
	}
}

// bigPNG is a picture of 30,000 × 30,000 pixels in a few bytes: only its header.
func bigPNG(t testing.TB) []byte {
	data := bytes.Clone(pictures(t)["png"])
	binary.BigEndian.PutUint32(data[16:], 30000)
	binary.BigEndian.PutUint32(data[20:], 30000)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// flatten makes a JPEG's height 0.
func flatten(data []byte) []byte {
	data = bytes.Clone(data)
	frame := bytes.Index(data, []byte{0xff, 0xc0})
	data[frame+5], data[frame+6] = 0, 0
	return data
}

func TestRefusedMedia(t *testing.T) {
	list := pictures(t)
	for name, c := range map[string]struct {
		data  []byte
		kind  tepin.Kind
		words []string
	}{
		"empty":       {nil, tepin.Invalid, []string{"empty"}},
		"text":        {[]byte("hello"), tepin.Unsupported, []string{"PNG"}},
		"svg":         {[]byte("\ufeff <svg onload='alert(1)'/>"), tepin.Unprocessable, []string{"script"}},
		"pdf":         {[]byte("%PDF-1.7\n"), tepin.Unprocessable, []string{"PDF", "cut off"}},
		"zip":         {[]byte("PK\x03\x04..."), tepin.Unsupported, []string{"unpack"}},
		"too large":   {bigPNG(t), tepin.Unprocessable, []string{"30000 × 30000", "32767", "100 million"}},
		"cut png":     {list["png"][:20], tepin.Unprocessable, []string{"PNG", "damaged"}},
		"cut jpg":     {list["jpg"][:20], tepin.Unprocessable, []string{"JPEG", "damaged"}},
		"cut tif":     {list["tif"][:9], tepin.Unprocessable, []string{"TIFF", "damaged"}},
		"flat":        {flatten(list["jpg"]), tepin.Unprocessable, []string{"40 × 0"}},
		"tif of ones": {[]byte("II*\x00\xff\xff\xff\xff1111111111"), tepin.Unprocessable, []string{"damaged"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			_, err := s.upload("a.png", bytes.NewReader(c.data))
			refused(t, err, c.kind, c.words...)
			s.empty()
		})
	}
}

// A sender that stops leaves nothing, wherever it stops.
func TestBrokenUpload(t *testing.T) {
	data := pictures(t)["png"]
	for _, at := range []int{0, 3, len(data) - 1} {
		s := newService(t)
		gone := errors.New("connection reset by peer")
		_, err := s.upload("a.png", io.MultiReader(bytes.NewReader(data[:at]), iotest.ErrReader(gone)))
		refused(t, err, tepin.Invalid, "broke off")
		if !errors.Is(err, gone) {
			t.Errorf("%v hides its cause", err)
		}
		s.empty()
	}
	s := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	endless := io.MultiReader(bytes.NewReader(data), readerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil }))
	_, err := s.CreateMedia(ctx, tepin.System, s.env, asset.Upload{FileName: "a.png", Bytes: endless})
	if err == nil {
		t.Error("an upload was stored although nobody waits for it")
	}
	s.empty()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReceiveLimit(t *testing.T) {
	s := newService(t)
	_, err := s.Receive(t.Context(), s.env, strings.NewReader("123456"), 5)
	refused(t, err, tepin.TooLarge, "5 bytes")
	s.empty()
	_, err = s.Receive(t.Context(), s.env, strings.NewReader("12345"), 5)
	check(t, err)
}
