package output_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/png"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/output"
)

// pictured is a page of 32 × 48 pixels that a picture of a connector fills.
func pictured(connector tepin.ConnectorID, asset string) []byte {
	return fmt.Appendf(nil, `{"documentVersion":"0.23.0","properties":{"type":"template"},"selectedLayoutId":"1",
		"connectors":[{"id":"dam","name":"DAM","source":{"source":"grafx","id":%q}}],
		"pages":[{"id":"p","number":0,"isVisible":true,"frames":[{"id":"f","name":"Hero","type":"image","src":{"type":"connector","id":"dam","assetId":%q}}]}],
		"layouts":[{"id":"1","name":"Tall","type":"top","childLayouts":[],"width":32000,"height":48000,"unit":"px","intent":"digitalStatic",
			"frameProperties":[{"id":"f","type":"top","x":0,"y":0,"width":32000,"height":48000,"isVisible":true}]}],"actions":[]}`, connector, asset)
}

// Pictures of every kind stand upright and have the colours that their profile means, in
// images and in PDFs. The files are 48 × 32, lying on their left side: half of them white,
// half of them (200, 100, 50) in Adobe RGB's lights.
func TestPicturesOfProfiles(t *testing.T) {
	w := newWorld(t, tepin.Production)
	w.out.Connectors.Download = func(_ context.Context, p output.Wanted) (io.ReadCloser, error) {
		return os.Open("testdata/" + p.ID)
	}
	connector := tepin.NewID[tepin.ConnectorID]()
	for _, name := range []string{"turned.jpg", "turned.png"} {
		for _, format := range []tepin.Format{tepin.PNG, tepin.PDF} {
			data := w.file(w.render(output.Order{Format: format, Document: pictured(connector, name)}))
			if format == tepin.PDF {
				if held := bytes.Contains(data, []byte("/ICCBased")); held != (name == "turned.jpg") {
					t.Errorf("%s in a PDF: its profile is there: %v", name, held)
				}
				cmd := exec.Command("pdftoppm", "-r", "72", "-png", "-")
				cmd.Stdin = bytes.NewReader(data)
				var err error
				if data, err = cmd.Output(); err != nil {
					t.Fatalf("pdftoppm, of Debian's poppler-utils: %v", err)
				}
			}
			img, _, err := image.Decode(bytes.NewReader(data))
			w.check(err)
			for x, want := range map[int]color.RGBA{8: {227, 100, 42, 255}, 24: {255, 255, 255, 255}} {
				got := color.RGBAModel.Convert(img.At(x, 24)).(color.RGBA)
				for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
					if max(d, -d) > 6 {
						t.Errorf("%s in a %s at %d: %v, not %v", name, format, x, got, want)
						break
					}
				}
			}
		}
	}
}
