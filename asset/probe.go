package asset

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset/inspect"
	"github.com/tepin/tepin/asset/woff"
	"github.com/tepin/tepin/sandbox"
)

// probeLimits bound the child that reads what a file says of itself. The readers of
// headers need a few MB, an SVG and a font several times their size.
var probeLimits = sandbox.Limits{Memory: 320 << 20, CPU: 20 * time.Second, Wall: 2 * time.Minute, Output: 64 << 10}

// unpackLimits bound the child that unpacks a font: it holds the packed and the unpacked
// one, each in parts and as a whole.
var unpackLimits = sandbox.Limits{Memory: 512 << 20, CPU: 20 * time.Second, Wall: 2 * time.Minute, Output: tepin.MaxFont}

// Names of the children.
const (
	childMedia = "probe-media"
	childFont  = "probe-font"
	childWOFF  = "unpack-font"
)

// Probes read what files say of themselves, and refuse those that the renderer cannot
// use. They run in a child.
type Probes struct {
	Font func([]byte) (FontInfo, error)
}

// Children are the child processes that this package starts.
func Children(p Probes) map[string]sandbox.Child {
	return map[string]sandbox.Child{
		childMedia: func(in io.Reader, out io.Writer) error {
			file, err := openWindow(in, out)
			if err != nil {
				return err
			}
			info, err := inspect.Read(file)
			if err == nil {
				_, err = out.Write([]byte{'A'})
			}
			return reply(out, info, err)
		},
		childFont: func(in io.Reader, out io.Writer) error {
			data, err := io.ReadAll(io.LimitReader(in, tepin.MaxFont))
			if err != nil {
				return err
			}
			info, err := p.Font(data)
			return reply(out, info, err)
		},
		childWOFF: func(in io.Reader, out io.Writer) error {
			data, err := io.ReadAll(io.LimitReader(in, tepin.MaxFont))
			if err != nil {
				return err
			}
			font, err := woff.Decode(data)
			if err != nil {
				return err
			}
			_, err = out.Write(font)
			return err
		},
	}
}

// reply writes a probe's answer. Whatever it refuses, it is the file that cannot be
// worked with.
func reply(out io.Writer, info any, err error) error {
	if refused, ok := errors.AsType[*tepin.Error](err); ok && refused.Kind != tepin.Internal {
		return &tepin.Error{Kind: tepin.Unprocessable, Message: refused.Message, Cause: err}
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(info)
}

// probe passes body through the named child and reads its answer.
func probe[T any](ctx context.Context, child string, body io.Reader) (T, error) {
	var answer T
	err := sandbox.Run(ctx, child,
		func(w io.Writer) error { return feed(w, body) },
		func(r io.Reader) error { return json.NewDecoder(r).Decode(&answer) },
		probeLimits)
	return answer, err
}

// FontInfo is what a font file says of itself.
type FontInfo struct {
	Family    string          `json:"family"`
	Style     string          `json:"style"`
	Weight    int             `json:"weight"` // 400 is regular, 700 bold
	Italic    bool            `json:"italic"`
	Embedding tepin.Embedding `json:"embedding"`
}

func (i FontInfo) check() error {
	for what, name := range map[string]string{"family": i.Family, "style": i.Style} {
		if _, err := CheckName("the font", name); err != nil {
			return &tepin.Error{Kind: tepin.Unprocessable, Message: "the font has no usable " + what + " name", Cause: err}
		}
	}
	if !slices.Contains([]tepin.Embedding{"", tepin.EmbedInstallable, tepin.EmbedEditable, tepin.EmbedPreview, tepin.EmbedRestricted}, i.Embedding) {
		return tepin.Errorf(tepin.Unprocessable, "what the font says of itself cannot be")
	}
	return nil
}
