package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // the sample
	_ "image/png"  // the console
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tepin/tepin"
)

// The README's pictures: the console with an integration's permissions, and the sample
// template as a production environment renders it, without a watermark. The test
// compares them with what the product shows;
//
//	TEPIN_SCREENSHOTS=$PWD/docs/image go test -count=1 -run TestReadmePictures ./cmd/tepin
//
// writes them anew.
func TestReadmePictures(t *testing.T) {
	w := newWalk(t)
	w.signIn()
	w.createEnvironment("Northwind", "northwind", tepin.Production)
	var desk clientCredentials
	for i, in := range []struct{ name, description, preset string }{
		{"Order desk", "Fills posters with what the shop sells, and renders them.", "all"},
		{"Brand portal", "Shows templates and previews to the branches.", "read-only"},
		{"Nightly price run", "Renews the price cards of all branches at 3 a.m.", "none"},
		{"Web shop", "Reads templates for the configurator in the browser.", "read-only"},
	} {
		w.Click("#create-integration")
		c := w.submitIntegration(in.name, in.description, in.preset)
		if i == 0 {
			desk = c
		}
		w.Click("#secret-done")
		w.Gone("#secret-dialog")
		w.Click("#close-panel")
		w.Gone("#panel")
	}
	poster, err := w.renderSample(desk)
	if err != nil {
		t.Fatal(err)
	}
	w.Do(chromedp.Reload())
	w.openPanel(desk)
	w.Click("#tab-permissions")
	w.See("#matrix")
	w.Look(1440, 900, "light", chromedp.EmulateScale(2))
	comparePicture(t, "console.png", w.Picture())
	comparePicture(t, "sample.jpg", poster)
}

// renderSample brings the sample to the environment northwind and renders its poster,
// at two pixels for each of the layout's.
func (w *walk) renderSample(c clientCredentials) ([]byte, error) {
	ctx, api, d := w.t.Context(), &apiClient{base: w.server.demo.URL + "/grafx/api/v1/environment/northwind"}, demo{}
	err := api.authorize(ctx, w.server.demo.URL, c)
	err = firstOf(err, d.sampleTemplate(ctx, api))
	err = firstOf(err, d.sampleProject(ctx, api))
	if err != nil {
		return nil, err
	}
	var started struct {
		Links struct {
			TaskInfo string `json:"taskInfo"`
		} `json:"links"`
	}
	order := fmt.Sprintf("/output/image?outputType=jpg&pixelRatio=2&layoutToExport=%s&projectId=%s", printLayout, d.Project.ID)
	if err := api.send(ctx, http.MethodPost, order, "", nil, &started); err != nil {
		return nil, err
	}
	link, err := api.poll(ctx, started.Links.TaskInfo)
	if err != nil {
		return nil, err
	}
	res, err := api.request(ctx, http.MethodGet, link, "", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// comparePicture compares a picture with the one in docs/image: the same size, and
// nearly the same colours. Ids and fonts differ from run to run and from machine to
// machine. With TEPIN_SCREENSHOTS set it writes it there instead.
func comparePicture(t *testing.T, name string, data []byte) {
	t.Helper()
	const limit, tolerance = 400 << 10, 0.02
	if len(data) > limit {
		t.Errorf("%s has %d bytes, which is more than the README needs", name, len(data))
	}
	if dir := os.Getenv("TEPIN_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	shown, err := os.ReadFile(filepath.Join("../../docs/image", name))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := image.Decode(bytes.NewReader(shown))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%s is of size %v, not %v", name, want.Bounds().Size(), got.Bounds().Size())
	}
	if d := difference(got, want); d > tolerance {
		t.Errorf("%s differs by %.3f from what the product shows now", name, d)
	}
}

// difference is how much the colours of two pictures of one size differ on average,
// 0 to 1, on a grid of their pixels.
func difference(a, b image.Image) float64 {
	var sum float64
	n := 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y += 5 {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x += 5 {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2)} {
				sum += float64(max(d, -d)) / 0xffff
				n++
			}
		}
	}
	return sum / float64(n)
}
