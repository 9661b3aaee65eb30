package preview

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/sandbox"
)

// MaxPicture is the largest file that a preview is made of, in bytes.
const MaxPicture = 512 << 20

// maxMade bounds one preview, in bytes: more than a PNG of noise has, 4096 pixels a
// side.
const maxMade = 128 << 20

// imageLimits bound the child that reads a picture: 100 million pixels, as they are
// stored, beside the file.
var imageLimits = sandbox.Limits{Memory: 1536 << 20, CPU: time.Minute, Wall: 3 * time.Minute, Output: maxMade + 1<<10}

// fontLimits bound the child that draws a font.
var fontLimits = sandbox.Limits{Memory: 512 << 20, CPU: 20 * time.Second, Wall: time.Minute, Output: maxMade + 1<<10}

// Names of the children.
const (
	childImage = "preview-image"
	childFont  = "preview-font"
)

// Children are the kinds of child process that this package starts.
func Children() map[string]sandbox.Child {
	return map[string]sandbox.Child{childImage: imageChild, childFont: fontChild}
}

// jpegQuality of previews; dpi is what they say of their resolution.
const (
	jpegQuality = 85
	dpi         = 72
)

// imageOrder is the line that the child reads before the picture.
type imageOrder struct {
	Side int   `json:"side"`
	Size int64 `json:"size"` // of the file, bytes; 0 = not known
}

// madeHead is the line that a child writes before the preview.
type madeHead struct {
	ContentType string `json:"contentType"`
}

// imageChild makes a picture small.
func imageChild(in io.Reader, out io.Writer) error {
	var o imageOrder
	body, err := readOrder(in, &o)
	if err != nil {
		return err
	}
	data, err := readFile(body, o.Size)
	if err != nil {
		return err
	}
	img, err := raster.Fit(data, o.Side)
	if err != nil {
		return err
	}
	return encode(out, img)
}

// readFile reads a file into just as much memory as it needs, if its size is known.
func readFile(r io.Reader, size int64) ([]byte, error) {
	if size <= 0 || size > MaxPicture {
		return io.ReadAll(io.LimitReader(r, MaxPicture))
	}
	data := make([]byte, size)
	_, err := io.ReadFull(r, data)
	return data, err
}

// readOrder reads the line that tells a child what to do; the file follows it.
func readOrder(in io.Reader, order any) (io.Reader, error) {
	body := bufio.NewReader(in)
	line, err := body.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	return body, json.Unmarshal(line, order)
}

// encode writes a preview: PNG where something shines through, JPEG else.
func encode(out io.Writer, img *image.RGBA) error {
	if !img.Opaque() {
		return encodePNG(out, img)
	}
	if err := json.NewEncoder(out).Encode(madeHead{"image/jpeg"}); err != nil {
		return err
	}
	return raster.EncodeJPG(out, img, jpegQuality, dpi)
}

func encodePNG(out io.Writer, img *image.RGBA) error {
	if err := json.NewEncoder(out).Encode(madeHead{"image/png"}); err != nil {
		return err
	}
	return raster.EncodePNG(out, img, dpi)
}

// fitted makes a preview of a stored picture in a child.
func (s *Service) fitted(ctx context.Context, m source, side int) (picture, error) {
	if m.ref.Size > MaxPicture {
		return picture{}, errLarge
	}
	return s.inChild(ctx, m.env, childImage, func(w io.Writer) error {
		if err := json.NewEncoder(w).Encode(imageOrder{side, m.ref.Size}); err != nil {
			return err
		}
		return s.sendPart(ctx, w, m, 0, -1)
	}, imageLimits)
}

var errLarge = tepin.Errorf(tepin.TooLarge, "previews are made of files of at most %d MB; this one is larger", MaxPicture>>20)

// inChild runs a child and stores the preview that it answers.
func (s *Service) inChild(ctx context.Context, env tepin.EnvironmentID, name string, in func(io.Writer) error, l sandbox.Limits) (pic picture, err error) {
	err = sandbox.Run(ctx, name, in, func(r io.Reader) error {
		head, body, err := readMade(r)
		if err != nil {
			return err
		}
		pic.contentType = head.ContentType
		pic.ref, err = s.asset.Receive(ctx, env, body, maxMade)
		return err
	}, l)
	if err != nil {
		s.asset.Discard(ctx, pic.ref)
		return picture{}, unreadable(err)
	}
	return pic, nil
}

// readMade reads the head of a child's answer and checks the beginning of the body: a
// child that was taken over may say anything.
func readMade(r io.Reader) (madeHead, io.Reader, error) {
	body := bufio.NewReader(r)
	line, err := body.ReadSlice('\n')
	if err != nil {
		return madeHead{}, nil, err
	}
	var head madeHead
	if err := json.Unmarshal(line, &head); err != nil {
		return head, nil, err
	}
	magic, known := map[string]string{"image/png": "\x89PNG\r\n\x1a\n", "image/jpeg": "\xff\xd8\xff"}[head.ContentType]
	begin, err := body.Peek(len(magic))
	if err != nil {
		return head, nil, err
	}
	if !known || string(begin) != magic {
		return head, nil, fmt.Errorf("preview: a child answered %q, which begins %q", head.ContentType, begin)
	}
	return head, body, nil
}

// unreadable makes any refusal of a child one of the file.
func unreadable(err error) error {
	switch tepin.KindOf(err) {
	case tepin.Invalid, tepin.Unsupported:
		return &tepin.Error{Kind: tepin.Unprocessable, Message: "no preview can be made of this file", Cause: err}
	}
	return err
}
