//go:build unix

package raster_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/raster"
)

// assets are the test page's pictures as files: a JPEG of 2000 × 1500 and a PNG of
// 1000 × 1000 pixels with transparency.
func assetFiles(b *testing.B) map[string][]byte {
	b.Helper()
	var photoFile, stampFile bytes.Buffer
	if err := jpeg.Encode(&photoFile, photo(2000, 1500), &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	if err := png.Encode(&stampFile, stamp(1000)); err != nil {
		b.Fatal(err)
	}
	return map[string][]byte{"photo": photoFile.Bytes(), "stamp": stampFile.Bytes()}
}

func decodeAll(b *testing.B, files map[string][]byte) (map[string]image.Image, map[string]render.ImageInfo) {
	images, infos := map[string]image.Image{}, map[string]render.ImageInfo{}
	for key, data := range files {
		img, err := raster.DecodeImage(data, 0)
		if err != nil {
			b.Fatal(err)
		}
		images[key] = img
		infos[key] = render.ImageInfo{Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
	}
	return images, infos
}

// benchPage is the test page with two photographs.
func benchPage() render.Page {
	page := testPage()
	page.Frames = slices.DeleteFunc(page.Frames, func(f render.Frame) bool {
		return f.ID == "fit" || f.ID == "crop" || f.ID == "turned picture"
	})
	for i := range page.Frames {
		if page.Frames[i].ID == "fill" {
			page.Frames[i].Width = 250
		}
	}
	return page
}

// cpu reports the processor time of an operation, which other load does not blur.
func cpu(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric((used()-before).Seconds()*1000/float64(b.N), "cpu-ms/op") }
}

// A page from its scene to a PNG, pictures decoded and scaled anew each time.
func BenchmarkPageCold(b *testing.B) {
	for _, dpi := range []float64{150, 300} {
		b.Run(map[float64]string{150: "150dpi", 300: "300dpi"}[dpi], func(b *testing.B) {
			page, files, f := benchPage(), assetFiles(b), fonts(b)
			defer cpu(b)()
			for b.Loop() {
				images, infos := decodeAll(b, files)
				list, _ := render.Build(page, render.Assets{Fonts: f, Images: infos})
				img, err := raster.Draw(list, images, raster.Options{Scale: dpi / 72})
				if err != nil {
					b.Fatal(err)
				}
				if err := raster.EncodePNG(io.Discard, img, dpi); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Drawing alone, glyphs and scaled pictures cached.
func BenchmarkDrawWarm(b *testing.B) {
	for _, dpi := range []float64{150, 300} {
		b.Run(map[float64]string{150: "150dpi", 300: "300dpi"}[dpi], func(b *testing.B) {
			images, infos := decodeAll(b, assetFiles(b))
			list, _ := render.Build(benchPage(), render.Assets{Fonts: fonts(b), Images: infos})
			o := raster.Options{Scale: dpi / 72, Cache: &raster.Cache{}}
			defer cpu(b)()
			for b.Loop() {
				if _, err := raster.Draw(list, images, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	page, f := testPage(), fonts(b)
	_, infos := testImages()
	for b.Loop() {
		render.Build(page, render.Assets{Fonts: f, Images: infos})
	}
}

func BenchmarkEncodePNG(b *testing.B) {
	images, infos := testImages()
	list, _ := render.Build(benchPage(), render.Assets{Fonts: fonts(b), Images: infos})
	img, err := raster.Draw(list, images, raster.Options{Scale: 150.0 / 72})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := raster.EncodePNG(io.Discard, img, 150); err != nil {
			b.Fatal(err)
		}
	}
}
