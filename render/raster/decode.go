package raster

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"github.com/tepin/tepin"
)

// Info is what the header of a picture says.
type Info struct {
	Type          string // media type: "image/png", …
	Extension     string // "png", "jpg", "gif", "webp", "tiff"
	Width, Height int    // upright, as it is shown
}

// format is a kind of picture that can be read.
type format struct {
	kind, extension string
	magic           []string // '?' is any byte
	config          func(io.Reader) (image.Config, error)
	decode          func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"image/png", "png", []string{"\x89PNG\r\n\x1a\n"}, png.DecodeConfig, png.Decode},
	{"image/jpeg", "jpg", []string{"\xff\xd8\xff"}, jpeg.DecodeConfig, jpeg.Decode},
	{"image/gif", "gif", []string{"GIF87a", "GIF89a"}, gif.DecodeConfig, gif.Decode},
	{"image/webp", "webp", []string{"RIFF????WEBP"}, webp.DecodeConfig, webp.Decode},
	{"image/tiff", "tiff", []string{"II*\x00", "MM\x00*"}, tiff.DecodeConfig, tiff.Decode},
	{"image/vnd.adobe.photoshop", "psd", []string{"8BPS"}, psdConfig, decodePSD},
}

func formatOf(head []byte) (format, error) {
	for _, f := range formats {
		for _, magic := range f.magic {
			if matches(head, magic) {
				return f, nil
			}
		}
	}
	return format{}, tepin.Errorf(tepin.Unprocessable, "this is not a picture that can be used: choose a PNG, JPEG, GIF, WebP, TIFF or PSD file")
}

func matches(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && head[i] != magic[i] {
			return false
		}
	}
	return true
}

// Probe reads a picture's header. It refuses what DecodeImage would refuse for its type
// or size.
func Probe(data []byte) (Info, error) {
	_, info, err := header(data, tepin.MaxImagePixels)
	return info, err
}

// header tells what a picture is, and holds it against the limits.
func header(data []byte, limit int) (format, Info, error) {
	f, err := formatOf(data)
	if err != nil {
		return f, Info{}, err
	}
	config, err := safely(func() (image.Config, error) { return f.config(bytes.NewReader(data)) })
	if err != nil {
		return f, Info{}, broken(f, err)
	}
	info, err := check(f, config, data, limit)
	return f, info, err
}

// DecodeImage reads a PNG, JPEG, GIF (its first picture), WebP, TIFF or PSD of at most
// limit pixels; 0 = [tepin.MaxImagePixels]. The size is known from the header before
// anything is allocated. It is turned upright as its EXIF data, or its tags, say, and its
// colours are those of sRGB as far as its profile tells: see [Profile]. Inks stay inks.
func DecodeImage(data []byte, limit int) (image.Image, error) {
	img, turned, err := decode(data, limit)
	if err != nil {
		return nil, err
	}
	p := profileOf(img, data)
	if turned == 1 {
		return inSRGB(img, p), nil
	}
	return inSRGB(upright(img, turned), p), nil
}

// decode reads a picture as it is stored, and says how it is to be turned.
func decode(data []byte, limit int) (img image.Image, turned int, err error) {
	if limit <= 0 || limit > tepin.MaxImagePixels {
		limit = tepin.MaxImagePixels
	}
	f, info, err := header(data, limit)
	if err != nil {
		return nil, 0, err
	}
	img, err = safely(func() (image.Image, error) { return f.decode(bytes.NewReader(data)) })
	if err != nil {
		return nil, 0, broken(f, err)
	}
	turned = orientation(f, data)
	w, h := info.Width, info.Height
	if turned >= 5 {
		w, h = h, w
	}
	if b := img.Bounds(); b.Dx() > w || b.Dy() > h || b.Empty() {
		return nil, 0, broken(f, fmt.Errorf("the picture is %v, its header says %d × %d", b, w, h))
	}
	if f.extension == "webp" {
		fullRange(img)
	}
	return img, turned, nil
}

// fullRange widens the colours of a lossy WebP. VP8 has luma from 16 to 235 and chroma
// from 16 to 240 (RFC 6386 §9.2), which the decoder passes on as they are, while
// [image.YCbCr] means the whole range.
func fullRange(img image.Image) {
	planes, ok := img.(*image.YCbCr)
	if alpha, soft := img.(*image.NYCbCrA); soft {
		planes, ok = &alpha.YCbCr, true
	}
	if !ok {
		return
	}
	var luma, chroma [256]uint8
	for i := range 256 {
		luma[i] = uint8(min(max(((i-16)*255+109)/219, 0), 255))
		chroma[i] = uint8(min(max(128+((i-128)*255)/224, 0), 255))
	}
	for i, v := range planes.Y {
		planes.Y[i] = luma[v]
	}
	for i, v := range planes.Cb {
		planes.Cb[i], planes.Cr[i] = chroma[v], chroma[planes.Cr[i]]
	}
}

// check makes Info of a header and holds it against the limits.
func check(f format, config image.Config, data []byte, limit int) (Info, error) {
	info := Info{Type: f.kind, Extension: f.extension, Width: config.Width, Height: config.Height}
	if orientation(f, data) >= 5 {
		info.Width, info.Height = info.Height, info.Width
	}
	switch {
	case info.Width <= 0 || info.Height <= 0:
		return Info{}, tepin.Errorf(tepin.Unprocessable, "the picture is empty: its header says %d × %d pixels", info.Width, info.Height)
	case info.Width > tepin.MaxImageSide || info.Height > tepin.MaxImageSide || info.Width > limit/info.Height:
		return Info{}, tepin.Errorf(tepin.TooLarge, "the picture has %d × %d pixels; at most %d a side and %d million in all can be used: choose a smaller one", info.Width, info.Height, tepin.MaxImageSide, limit/1_000_000)
	}
	return info, nil
}

func broken(f format, cause error) error {
	if tepin.KindOf(cause) != tepin.Internal {
		return cause
	}
	return &tepin.Error{Kind: tepin.Unprocessable, Message: "the " + f.extension + " picture is damaged or of a kind that cannot be read; save it again and choose that file", Cause: cause}
}

// safely turns a panic of a decoder on damaged data into an error.
func safely[T any](read func() (T, error)) (out T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return read()
}
