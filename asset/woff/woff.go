// Package woff unpacks fonts that are packed for the web: WOFF 1.0 and 2.0 of the W3C.
// What comes in is hostile; it is run in a child process.
package woff

import (
	"encoding/binary"
	"fmt"

	"github.com/tdewolff/font"

	"github.com/tepin/tepin"
)

// Decode returns the TrueType or OpenType font in a WOFF or WOFF2 file. Unprocessable: it
// holds a collection, is larger than [tepin.MaxFont] when unpacked, or damaged.
func Decode(data []byte) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, damaged(fmt.Errorf("%v", p))
		}
	}()
	font.MaxMemory = tepin.MaxFont
	unpack := map[string]func([]byte) ([]byte, error){"wOFF": font.ParseWOFF, "wOF2": font.ParseWOFF2}
	const header = 20
	if len(data) < header || unpack[string(data[:4])] == nil {
		return nil, damaged(nil)
	}
	if string(data[4:8]) == "ttcf" {
		return nil, tepin.Errorf(tepin.Unprocessable, "this is a collection of fonts; upload its fonts one by one as OTF, TTF or WOFF2")
	}
	if n := binary.BigEndian.Uint32(data[16:]); n > tepin.MaxFont {
		return nil, tepin.Errorf(tepin.Unprocessable, "the font unpacks to %d MB; at most %d MB are taken", n>>20, tepin.MaxFont>>20)
	}
	out, err = unpack[string(data[:4])](data)
	if err != nil {
		return nil, damaged(err)
	}
	if len(out) > tepin.MaxFont {
		return nil, damaged(font.ErrExceedsMemory)
	}
	return out, nil
}

func damaged(cause error) error {
	return &tepin.Error{Kind: tepin.Unprocessable, Message: "the WOFF file is damaged; choose another file of the font", Cause: cause}
}
