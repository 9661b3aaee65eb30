package pdf_test

import (
	"io"
	"testing"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/pdf"
)

// A page with pictures of which the streams are kept, fonts embedded anew each time:
// DESIGN §10 wants at most 12 ms of CPU.
func BenchmarkPage(b *testing.B) {
	list, images := scene(b)
	kept := map[string]pdf.Stream{}
	o := pdf.Options{Title: "Scene", Images: pictures(b, images), Cache: func(key string, prepare func() (pdf.Stream, error)) (s pdf.Stream, err error) {
		s, ok := kept[key]
		if !ok {
			s, err = prepare()
			kept[key] = s
		}
		return s, err
	}}
	b.ReportAllocs()
	for b.Loop() {
		if err := pdf.Write(io.Discard, []render.List{list}, o); err != nil {
			b.Fatal(err)
		}
	}
}

// A page of a long file: its fonts and pictures are there already.
func BenchmarkFurtherPage(b *testing.B) {
	list, images := scene(b)
	w := pdf.NewWriter(io.Discard, pdf.Options{Images: pictures(b, images)})
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Page(&list); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrepare(b *testing.B) {
	img := photograph(1000, 1000)
	for b.Loop() {
		if _, err := pdf.Prepare(decoded(img)); err != nil {
			b.Fatal(err)
		}
	}
}
