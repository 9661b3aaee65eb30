package asset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"image/gif"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"github.com/tepin/tepin"
)

// ImageInfo is what a picture's header says.
type ImageInfo struct {
	Width  int `json:"width"` // pixels, after EXIF orientation
	Height int `json:"height"`
}

// ImageHeader reads the size of a PNG, JPEG, GIF, WebP or TIFF picture from its
// header. It allocates nothing that grows with the picture. It runs in a child.
func ImageHeader(r io.Reader) (ImageInfo, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(sniffLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return ImageInfo{}, err
	}
	kind, err := imageKindOf(head)
	if err != nil {
		return ImageInfo{}, err
	}
	var info ImageInfo
	switch kind.extension {
	case "jpg":
		info, err = jpegHeader(in)
	case "tif":
		info, err = tiffHeader(in)
	case "png":
		c, e := png.DecodeConfig(in)
		info, err = ImageInfo{c.Width, c.Height}, e
	case "gif":
		c, e := gif.DecodeConfig(in)
		info, err = ImageInfo{c.Width, c.Height}, e
	case "webp":
		c, e := webp.DecodeConfig(in)
		info, err = ImageInfo{c.Width, c.Height}, e
	}
	if err != nil {
		return ImageInfo{}, &tepin.Error{Kind: tepin.Unprocessable, Message: "the " + kind.extension + " picture is broken: its header cannot be read", Cause: err}
	}
	return info, info.check()
}

// check refuses pictures that nobody could decode within the limits.
func (i ImageInfo) check() error {
	switch {
	case i.Width < 1 || i.Height < 1:
		return tepin.Errorf(tepin.Unprocessable, "the picture is empty: %d × %d pixels", i.Width, i.Height)
	case i.Width > MaxSide || i.Height > MaxSide || float64(i.Width)*float64(i.Height) > MaxPixels:
		return tepin.Errorf(tepin.Unprocessable, "the picture is %d × %d pixels; at most %d a side and %.0f million in all can be worked with: scale it down", i.Width, i.Height, MaxSide, MaxPixels/1e6)
	}
	return nil
}

// oriented swaps the sides for the EXIF orientations that lie on their side.
func (i ImageInfo) oriented(orientation uint32) ImageInfo {
	if orientation >= 5 && orientation <= 8 {
		i.Width, i.Height = i.Height, i.Width
	}
	return i
}

var errHeader = errors.New("not as the format has it")

// jpegHeader walks the segments up to the frame header (ITU-T T.81 §B.1).
func jpegHeader(r *bufio.Reader) (ImageInfo, error) {
	if _, err := r.Discard(2); err != nil {
		return ImageInfo{}, err
	}
	var orientation uint32
	for range 10_000 { // more segments than any camera writes
		marker, size, err := jpegSegment(r)
		if err != nil {
			return ImageInfo{}, err
		}
		switch {
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			var frame [5]byte
			if _, err := io.ReadFull(r, frame[:]); err != nil {
				return ImageInfo{}, err
			}
			info := ImageInfo{Width: int(binary.BigEndian.Uint16(frame[3:])), Height: int(binary.BigEndian.Uint16(frame[1:]))}
			return info.oriented(orientation), nil
		case marker == 0xe1:
			segment := make([]byte, size) // at most 64 KB
			if _, err := io.ReadFull(r, segment); err != nil {
				return ImageInfo{}, err
			}
			if exif, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok {
				if tags, err := tiffTags(bytes.NewReader(exif)); err == nil {
					orientation = tags[tiffOrientation]
				}
			}
		case marker == 0xd9 || marker == 0xda:
			return ImageInfo{}, errHeader // the picture before its size
		default:
			if _, err := r.Discard(size); err != nil {
				return ImageInfo{}, err
			}
		}
	}
	return ImageInfo{}, errHeader
}

// jpegSegment reads the next marker and the length of what belongs to it.
func jpegSegment(r *bufio.Reader) (marker byte, size int, err error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	if b != 0xff {
		return 0, 0, errHeader
	}
	for b == 0xff { // fill bytes
		if b, err = r.ReadByte(); err != nil {
			return 0, 0, err
		}
	}
	if b == 0x01 || b >= 0xd0 && b <= 0xd9 {
		return b, 0, nil // stands alone
	}
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return 0, 0, err
	}
	n := int(binary.BigEndian.Uint16(length[:]))
	if n < 2 {
		return 0, 0, errHeader
	}
	return b, n - 2, nil
}

// Tags of a TIFF directory (TIFF 6.0 §8).
const (
	tiffWidth       = 256
	tiffHeight      = 257
	tiffOrientation = 274
)

func tiffHeader(r io.Reader) (ImageInfo, error) {
	tags, err := tiffTags(r)
	if err != nil {
		return ImageInfo{}, err
	}
	return ImageInfo{Width: int(tags[tiffWidth]), Height: int(tags[tiffHeight])}.oriented(tags[tiffOrientation]), nil
}

// tiffTags reads the single whole numbers of the first directory. It skips to it
// without keeping what lies before.
func tiffTags(r io.Reader) (map[uint16]uint32, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	var order binary.ByteOrder
	switch string(head[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, errHeader
	}
	offset := int64(order.Uint32(head[4:]))
	if offset < 8 {
		return nil, errHeader
	}
	if _, err := io.CopyN(io.Discard, r, offset-8); err != nil {
		return nil, err
	}
	var count [2]byte
	if _, err := io.ReadFull(r, count[:]); err != nil {
		return nil, err
	}
	tags := map[uint16]uint32{}
	for range order.Uint16(count[:]) {
		var entry [12]byte
		if _, err := io.ReadFull(r, entry[:]); err != nil {
			return nil, err
		}
		if order.Uint32(entry[4:]) != 1 {
			continue
		}
		switch order.Uint16(entry[2:]) {
		case 3: // SHORT
			tags[order.Uint16(entry[:])] = uint32(order.Uint16(entry[8:]))
		case 4: // LONG
			tags[order.Uint16(entry[:])] = order.Uint32(entry[8:])
		}
	}
	return tags, nil
}
