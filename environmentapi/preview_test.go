package environmentapi_test

import (
	"bytes"
	"image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// made asks for a preview until it is made, as clients do.
func (s *server) made(path string) reply {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if r := s.do("GET", path, call{}); r.StatusCode != 202 || time.Now().After(deadline) {
			return r
		}
	}
}

// upload sends a picture.
func (s *server) upload(name string, data []byte) environmentapi.Asset {
	s.t.Helper()
	var made environmentapi.Asset
	s.do("POST", "/media", multi(s.t, file{"file", name, data})).want(s.t, 201, &made)
	return made
}

// half is a picture whose right half is transparent.
func half(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w / 2 {
			img.SetNRGBA(x, y, color.NRGBA{R: 200, G: 30, B: 40, A: 255})
		}
	}
	var b bytes.Buffer
	check(t, png.Encode(&b, img))
	return b.Bytes()
}

func TestMediaPreviews(t *testing.T) {
	s := newServer(t)
	data := half(t, 3000, 1500)
	made := s.upload("half.png", data)
	at := "/media/" + string(made.ID) + "/preview"
	for path, want := range map[string]image.Point{
		"":                            {X: 256, Y: 128},
		"?previewType=":               {X: 256, Y: 128},
		"/thumbnail":                  {X: 256, Y: 128},
		"/MEDIUM":                     {X: 1024, Y: 512},
		"?previewType=Highest":        {X: 2048, Y: 1024},
		"/highestOrVector":            {X: 2048, Y: 1024},
		"?previewType=X4096":          {X: 3000, Y: 1500}, // never enlarged
		"/thumbnail?previewType=huge": {X: 256, Y: 128},
	} {
		r := s.made(at+path).want(t, 200, nil).tenant(t)
		img, kind, err := image.Decode(bytes.NewReader(r.body))
		check(t, err)
		if kind != "png" || img.Bounds().Size() != want || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "inline") {
			t.Errorf("%s: %s %v %v", path, kind, img.Bounds(), r.Header)
		}
		if _, _, _, alpha := img.At(want.X-1, 0).RGBA(); alpha != 0 {
			t.Errorf("%s: the transparent half has alpha %d", path, alpha)
		}
		again := s.do("GET", at+path, call{header: map[string]string{"If-None-Match": r.Header.Get("ETag")}})
		if again.StatusCode != 304 || len(again.body) != 0 {
			t.Errorf("%s: %d with its ETag", path, again.StatusCode)
		}
	}
	r := s.made(at+"/FullOrVector").want(t, 200, nil).tenant(t)
	if !bytes.Equal(r.body, data) || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
		t.Error("the original was touched, or is shown in place")
	}
	for _, path := range []string{"/huge", "?previewType=huge", "/square"} {
		s.do("GET", at+path, call{}).says(t, 400, "fullOrVector", "x4096")
	}
	foreign := s.NewToken(s.other, tepin.AllScopes...)
	s.do("GET", "/grafx/api/v1/environment/other"+at, call{token: foreign}).says(t, 404)
	s.do("GET", "/media/"+string(tepin.NewID[tepin.MediaID]())+"/preview", call{}).says(t, 404)
	_, err := s.Store.DeleteMedia(t.Context(), tepin.System, s.env.ID, made.ID, nil)
	check(t, err)
	s.do("GET", at+"/thumbnail", call{}).says(t, 404)
}
