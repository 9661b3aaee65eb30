package preview_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/blob/disk"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

func TestMain(m *testing.M) {
	sandbox.Main(preview.Children())
	os.Exit(m.Run())
}

// house is the service over a real database and a real disk.
type house struct {
	*preview.Service
	t     *testing.T
	store *store.Store
	asset *asset.Service
	log   bytes.Buffer
	env   tepin.EnvironmentID
	other tepin.EnvironmentID
	ahead time.Duration
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.log.String())
		}
	})
	h.store = storetest.Open(t, store.Options{URL: "sqlite:" + t.TempDir() + "/tepin.db", AuditKey: make([]byte, 32), Now: h.now})
	blobs, err := disk.Open(t.TempDir())
	h.check(err)
	h.asset = &asset.Service{Store: h.store, Blob: blobs, Now: h.now}
	h.Service = h.again()
	sub, err := h.store.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "Ours"})
	h.check(err)
	for _, env := range []*tepin.EnvironmentID{&h.env, &h.other} {
		e, err := h.store.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "E", TechnicalName: strings.ReplaceAll(tepin.NewID[string](), "-", "x"), Type: tepin.Sandbox})
		h.check(err)
		*env = e.ID
	}
	return h
}

func (h *house) now() time.Time { return time.Now().Add(h.ahead) }

// again is the service as a server has it that starts now.
func (h *house) again() *preview.Service {
	return preview.New(preview.Options{Store: h.store, Asset: h.asset, Output: &output.Service{Store: h.store, Asset: h.asset, Now: h.now},
		Now: h.now, Log: slog.New(slog.NewTextHandler(&h.log, nil))})
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// media stores a file whose kind is known.
func (h *house) media(env tepin.EnvironmentID, contentType string, data []byte) tepin.Media {
	h.t.Helper()
	ref, err := h.asset.Receive(h.t.Context(), env, bytes.NewReader(data), int64(len(data)))
	h.check(err)
	m, err := h.store.CreateMedia(h.t.Context(), tepin.System, tepin.Media{EnvironmentID: env, Name: "m" + tepin.NewID[string](), Folder: "/", Extension: "x", ContentType: contentType, Width: 1, Height: 1, Blob: ref})
	h.check(err)
	return m
}

// wait asks for a preview until it is there.
func (h *house) wait(m tepin.Media, t tepin.PreviewType) (preview.File, error) {
	for range 60 {
		f, err := h.Media(h.t.Context(), m, t)
		if _, pending := errors.AsType[*preview.Pending](err); !pending {
			return f, err
		}
		time.Sleep(200 * time.Millisecond)
	}
	h.t.Fatal("the preview is not made")
	return preview.File{}, nil
}

// picture reads a preview's pixels.
func (h *house) picture(env tepin.EnvironmentID, f preview.File) image.Image {
	h.t.Helper()
	img, _, err := image.Decode(bytes.NewReader(h.bytes(env, f)))
	h.check(err)
	return img
}

func (h *house) bytes(env tepin.EnvironmentID, f preview.File) []byte {
	h.t.Helper()
	r, err := h.asset.Open(h.t.Context(), env, f.Ref, 0, -1)
	h.check(err)
	defer r.Close()
	data, err := io.ReadAll(r)
	h.check(err)
	return data
}

// near fails the test unless the colour at a place, in parts of the picture, is about
// the one that is wanted.
func near(t *testing.T, img image.Image, x, y float64, want color.NRGBA) {
	t.Helper()
	b := img.Bounds()
	got := color.NRGBAModel.Convert(img.At(b.Min.X+int(x*float64(b.Dx())), b.Min.Y+int(y*float64(b.Dy())))).(color.NRGBA)
	for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B), int(got.A) - int(want.A)} {
		if (d < -6 || d > 6) && (got.A != 0 || want.A != 0) {
			t.Errorf("at %g, %g: %v, not %v", x, y, got, want)
			return
		}
	}
}

// look keeps a picture that was made, to be looked at.
func look(t *testing.T, name string, data []byte) {
	t.Helper()
	if dir := os.Getenv("TEPIN_LOOK"); dir != "" {
		if err := os.WriteFile(dir+"/"+name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func photo(t *testing.T, seed uint8) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 600, 400))
	for i := range img.Pix {
		img.Pix[i] = uint8(i) * seed
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same bytes have one preview in an environment and another in the next (S16), and
// it is there while the file is.
func TestPreviewsOfOneEnvironment(t *testing.T) {
	h := newHouse(t)
	data := photo(t, 3)
	a, b, abroad := h.media(h.env, "image/png", data), h.media(h.env, "image/png", data), h.media(h.other, "image/png", data)
	var files []preview.File
	for _, m := range []tepin.Media{a, b, abroad} {
		f, err := h.wait(m, tepin.PreviewMedium)
		h.check(err)
		if !strings.HasPrefix(f.Ref.Key, string(m.EnvironmentID)+"/") || f.ContentType != "image/jpeg" {
			t.Errorf("%+v", f)
		}
		files = append(files, f)
	}
	if files[0].Ref.Key != files[1].Ref.Key || files[2].Ref.Key == files[0].Ref.Key {
		t.Errorf("%+v", files)
	}
	if _, err := h.asset.Open(t.Context(), h.other, files[0].Ref, 0, -1); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("another environment opens it: %v", err)
	}
	if original, err := h.wait(a, tepin.PreviewFullOrVector); err != nil || original.Ref != a.Blob || original.Ours {
		t.Errorf("%+v %v", original, err)
	}
}

// A failure is remembered for a while; then, and for other bytes, it is tried again.
func TestFailuresAreRemembered(t *testing.T) {
	h := newHouse(t)
	broken := h.media(h.env, "image/png", photo(t, 3)[:200])
	tries := func() int { return strings.Count(h.log.String(), "no preview") }
	for range 3 {
		if _, err := h.wait(broken, tepin.PreviewThumbnail); tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%v", err)
		}
	}
	if n := tries(); n != 1 {
		t.Errorf("%d tries", n)
	}
	h.ahead = preview.Failed + time.Second
	if _, err := h.wait(broken, tepin.PreviewThumbnail); tepin.KindOf(err) != tepin.Unprocessable || tries() != 2 {
		t.Errorf("%v after %d tries", err, tries())
	}
	h.ahead *= 3
	h.check(h.Sweep(t.Context()))
	if _, err := h.wait(broken, tepin.PreviewThumbnail); tepin.KindOf(err) != tepin.Unprocessable || tries() != 3 {
		t.Errorf("%v after %d tries", err, tries())
	}
}

// Looking at a preview keeps it; what nobody looks at goes, and is made again.
func TestPreviewsAgeAndComeBack(t *testing.T) {
	h := newHouse(t)
	m := h.media(h.env, "image/png", photo(t, 3))
	first, err := h.wait(m, tepin.PreviewMedium)
	h.check(err)
	h.ahead = preview.Unused - time.Hour
	_, err = h.wait(m, tepin.PreviewMedium)
	h.check(err)
	h.check(h.Sweep(t.Context()))
	h.ahead += 2 * time.Hour
	h.check(h.Sweep(t.Context()))
	if again, err := h.wait(m, tepin.PreviewMedium); err != nil || again.Ref != first.Ref {
		t.Errorf("somebody looked at it, and it is another: %+v %v", again, err)
	}
	h.ahead += preview.Unused + 24*time.Hour
	h.check(h.Sweep(t.Context()))
	_, err = h.asset.Sweep(t.Context()) // marks its bytes
	h.check(err)
	if again, err := h.wait(m, tepin.PreviewMedium); err != nil || again.Ref.Key == first.Ref.Key {
		t.Errorf("nobody looked at it, and it is still there: %+v %v", again, err)
	}
}

// A server without the programs says which is missing, once to its log and then to
// whoever asks, and remembers nothing.
func TestMissingPrograms(t *testing.T) {
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	h := newHouse(t)
	for _, name := range []string{"pdftoppm", "poppler-utils", "rsvg-convert", "librsvg2-bin", "ghostscript"} {
		if !strings.Contains(h.log.String(), name) {
			t.Errorf("the log does not name %s: %s", name, h.log.String())
		}
	}
	for contentType, c := range map[string]struct{ data, program string }{
		tepin.TypePDF:        {string(page("")), "pdftoppm"},
		tepin.TypeSVG:        {drawing, "rsvg-convert"},
		tepin.TypePostScript: {postScript, "gs"},
	} {
		m := h.media(h.env, contentType, []byte(strings.Replace(c.data, "%s", "", 1)))
		for _, kind := range []tepin.PreviewType{tepin.PreviewMedium, tepin.PreviewFullOrVector} {
			f, err := h.Media(t.Context(), m, kind)
			switch {
			case contentType == tepin.TypePDF && kind == tepin.PreviewFullOrVector:
				if err != nil || f.Ref != m.Blob {
					t.Errorf("the PDF itself: %v", err)
				}
			case tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), c.program) || !strings.Contains(err.Error(), "Debian package"):
				t.Errorf("%s %s: %v", contentType, kind, err)
			}
		}
		t.Setenv("PATH", path)
		h.Service = h.again()
		if _, err := h.wait(m, tepin.PreviewMedium); err != nil {
			t.Errorf("%s, when the program is there: %v", contentType, err)
		}
		t.Setenv("PATH", t.TempDir())
		h.Service = h.again()
	}
}

// Layered files are shown by their composite, in all its pixels if need be.
func TestPhotoshop(t *testing.T) {
	h := newHouse(t)
	psd := []byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00\x01\x2c\x00\x08\x00\x03" + strings.Repeat("\x00", 12) + "\x00\x00")
	for _, v := range []byte{200, 100, 50} {
		psd = append(psd, bytes.Repeat([]byte{v}, 600)...)
	}
	m := h.media(h.env, tepin.TypePhotoshop, psd)
	for kind, width := range map[tepin.PreviewType]int{tepin.PreviewThumbnail: 256, tepin.PreviewFullOrVector: 300, tepin.PreviewHighestOrVector: 300} {
		f, err := h.wait(m, kind)
		h.check(err)
		img := h.picture(h.env, f)
		if img.Bounds().Dx() != width || !f.Ours {
			t.Errorf("%s: %v %+v", kind, img.Bounds(), f)
		}
		near(t, img, 0.5, 0.5, color.NRGBA{200, 100, 50, 255})
	}
}
