package environmentapi_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/sample"
)

// fonts uploads font files and returns their styles.
func (s *server) fonts(files ...file) []environmentapi.FontStyle {
	s.t.Helper()
	var batch environmentapi.FontBatch
	s.do("POST", "/font-styles/temp", multi(s.t, files...)).want(s.t, 200, &batch)
	var made environmentapi.Item[[]environmentapi.FontStyle]
	s.do("POST", "/font-styles/temp/"+string(batch.BatchID)+"/confirm", call{}).want(s.t, 200, &made)
	return made.Data
}

func TestFontPreviews(t *testing.T) {
	s := newServer(t)
	var files []file
	for _, f := range sample.Fonts()[:3] {
		files = append(files, file{"file", f.Name, f.Data})
	}
	files = append(files, file{"file", "arabic.ttf", sample.Fallback()[1]}, file{"file", "devanagari.ttf", sample.Fallback()[2]})
	square, line := image.Point{X: 400, Y: 400}, image.Point{}
	for _, style := range s.fonts(files...) {
		for path, want := range map[string]image.Point{
			"/font-styles/" + string(style.ID) + "/preview":                    square,
			"/font-styles/" + string(style.ID) + "/preview?previewType=Square": square,
			"/font-styles/" + string(style.ID) + "/preview/line":               line,
			"/font-families/" + string(style.FamilyID) + "/preview":            square,
			"/font-families/" + string(style.FamilyID) + "/preview/LINE":       line,
			"/fonts/" + string(style.ID) + "/preview":                          {X: 256, Y: 256},
			"/fonts/" + string(style.ID) + "/preview/medium":                   {X: 1024, Y: 1024},
		} {
			r := s.made(path).want(t, 200, nil).tenant(t)
			img, err := png.Decode(bytes.NewReader(r.body))
			check(t, err)
			size := img.Bounds().Size()
			if want == line && (size.Y != 128 || size.X < 100 || size.X > 1600) || want != line && size != want {
				t.Errorf("%s: %v", path, size)
			}
			if ink := darkest(img); ink > 60 {
				t.Errorf("%s: nothing is darker than %d", path, ink)
			}
			if path[:6] == "/font-" {
				look(t, style.FamilyName+style.Name+size.String()+".png", r.body)
			}
		}
		s.do("GET", "/font-styles/"+string(style.ID)+"/preview/medium", call{}).says(t, 400, "square, line")
		s.do("GET", "/fonts/"+string(style.ID)+"/preview/line", call{}).says(t, 400, "highest")
	}
	for _, path := range []string{"/font-styles/", "/font-families/", "/fonts/"} {
		s.do("GET", path+string(tepin.NewID[tepin.FontStyleID]())+"/preview", call{}).says(t, 404)
	}
}

// darkest is the least luminance of a picture, 0 to 255.
func darkest(img image.Image) int {
	least := 255
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			least = min(least, int(r+g+b)/3>>8)
		}
	}
	return least
}
