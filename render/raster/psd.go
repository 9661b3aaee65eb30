package raster

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"

	"github.com/tepin/tepin"
)

// Photoshop files (Adobe Photoshop File Formats Specification): of their parts, the
// composite of all layers is read, which Photoshop writes for whoever cannot do more.

// psdHeader is the file header section.
type psdHeader struct {
	large         bool // PSB
	channels      int
	width, height int
	depth         int
	mode          int
}

// Modes of colour.
const (
	psdBitmap  = 0
	psdGray    = 1
	psdIndexed = 2
	psdRGB     = 3
	psdCMYK    = 4
	psdDuotone = 8 // its inks are told elsewhere; without them it is grey
)

func readPSDHeader(r io.Reader) (h psdHeader, err error) {
	var b [26]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return h, err
	}
	version := binary.BigEndian.Uint16(b[4:])
	h = psdHeader{
		large: version == 2, channels: int(binary.BigEndian.Uint16(b[12:])),
		height: int(binary.BigEndian.Uint32(b[14:])), width: int(binary.BigEndian.Uint32(b[18:])),
		depth: int(binary.BigEndian.Uint16(b[22:])), mode: int(binary.BigEndian.Uint16(b[24:])),
	}
	colours, known := map[int]int{psdBitmap: 1, psdGray: 1, psdDuotone: 1, psdIndexed: 1, psdRGB: 3, psdCMYK: 4}[h.mode]
	switch {
	case string(b[:4]) != "8BPS" || version != 1 && version != 2:
		return h, errors.New("psd: no header")
	case !known:
		return h, fmt.Errorf("psd: colour mode %d", h.mode)
	case h.depth != 8 && h.depth != 16 && (h.depth != 1 || h.mode != psdBitmap), h.mode == psdBitmap && h.depth != 1, h.mode == psdIndexed && h.depth != 8:
		return h, fmt.Errorf("psd: depth %d in mode %d", h.depth, h.mode)
	case h.channels < colours || h.channels > 56:
		return h, fmt.Errorf("psd: %d channels", h.channels)
	}
	return h, nil
}

func psdConfig(r io.Reader) (image.Config, error) {
	h, err := readPSDHeader(r)
	return image.Config{ColorModel: color.NRGBAModel, Width: h.width, Height: h.height}, err
}

// decodePSD reads the composite.
func decodePSD(r io.Reader) (image.Image, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	h, err := readPSDHeader(in)
	if err != nil {
		return nil, err
	}
	d := psdReader{header: h, in: in}
	if d.palette, err = d.block(false, 768); err != nil {
		return nil, err
	}
	if err := d.resources(); err != nil {
		return nil, err
	}
	if err := d.layers(); err != nil {
		return nil, err
	}
	return d.composite()
}

// psdReader reads a file from its beginning to its end.
type psdReader struct {
	header  psdHeader
	in      *bufio.Reader
	palette []byte
	alpha   bool // the first channel behind the colours is the composite's transparency
	rle     bool
	counts  []uint32 // bytes of each row of each channel, packed
}

// length reads the length of a section.
func (d *psdReader) length(wide bool) (int64, error) {
	var b [8]byte
	if wide {
		_, err := io.ReadFull(d.in, b[:])
		n := binary.BigEndian.Uint64(b[:])
		if n > 1<<40 {
			return 0, errors.New("psd: a section is too long")
		}
		return int64(n), err
	}
	_, err := io.ReadFull(d.in, b[:4])
	return int64(binary.BigEndian.Uint32(b[:])), err
}

// skip passes over n bytes.
func (d *psdReader) skip(n int64) error {
	_, err := io.CopyN(io.Discard, d.in, n)
	return err
}

// block reads a section: its first bytes, at most as many as asked for.
func (d *psdReader) block(wide bool, most int64) ([]byte, error) {
	n, err := d.length(wide)
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(n, most))
	if _, err := io.ReadFull(d.in, b); err != nil {
		return nil, err
	}
	return b, d.skip(n - int64(len(b)))
}

// errNoComposite: Photoshop writes a white picture in place of the composite where it
// was told not to maximize compatibility.
var errNoComposite = tepin.Errorf(tepin.Unprocessable, "the Photoshop file was saved without a picture of the whole; save it again with \"Maximize compatibility\"")

// resources passes over the image resources, and looks for the one that says whether
// there is a composite.
func (d *psdReader) resources() error {
	const versionInfo = 1057
	left, err := d.length(false)
	for err == nil && left >= 12 {
		var b [7]byte // signature, id, length of the name
		if _, err = io.ReadFull(d.in, b[:]); err != nil {
			return err
		}
		name := int64(b[6]) | 1 // with its length byte, padded to be even
		if err = d.skip(name); err != nil {
			return err
		}
		size, e := d.length(false)
		if e != nil {
			return e
		}
		size += size & 1
		left -= 7 + name + 4 + size
		if left < 0 {
			return errors.New("psd: a resource is too long")
		}
		if binary.BigEndian.Uint16(b[4:]) == versionInfo && size >= 5 {
			var info [5]byte
			if _, err := io.ReadFull(d.in, info[:]); err != nil {
				return err
			}
			if info[4] == 0 {
				return errNoComposite
			}
			size -= 5
		}
		err = d.skip(size)
	}
	if err != nil {
		return err
	}
	return d.skip(left)
}

// layers passes over the layers. A negative number of them says that the composite has
// transparency.
func (d *psdReader) layers() error {
	lead := 6
	if d.header.large {
		lead = 10
	}
	b, err := d.block(d.header.large, int64(lead))
	if err == nil && len(b) == lead {
		d.alpha = int16(binary.BigEndian.Uint16(b[lead-2:])) < 0
	}
	return err
}

// composite reads the image data.
func (d *psdReader) composite() (image.Image, error) {
	var compression [2]byte
	if _, err := io.ReadFull(d.in, compression[:]); err != nil {
		return nil, err
	}
	switch binary.BigEndian.Uint16(compression[:]) {
	case 0:
	case 1:
		d.rle = true
		if err := d.readCounts(); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("psd: a compression that composites do not have")
	}
	switch d.header.mode {
	case psdCMYK:
		return d.inks()
	case psdRGB:
		return d.lights()
	}
	return d.shades()
}

func (d *psdReader) readCounts() error {
	each := 2
	if d.header.large {
		each = 4
	}
	raw := make([]byte, each*d.header.channels*d.header.height)
	if _, err := io.ReadFull(d.in, raw); err != nil {
		return err
	}
	d.counts = make([]uint32, d.header.channels*d.header.height)
	for i := range d.counts {
		if each == 2 {
			d.counts[i] = uint32(binary.BigEndian.Uint16(raw[2*i:]))
		} else {
			d.counts[i] = binary.BigEndian.Uint32(raw[4*i:])
		}
	}
	return nil
}

// channel reads the next channel and hands on each row, a byte for each pixel.
func (d *psdReader) channel(number int, each func(y int, row []byte)) error {
	w := d.header.width
	stride := (w*d.header.depth + 7) / 8
	row, packed := make([]byte, stride), []byte(nil)
	for y := range d.header.height {
		if !d.rle {
			if _, err := io.ReadFull(d.in, row); err != nil {
				return err
			}
		} else {
			n := int(d.counts[number*d.header.height+y])
			if n > 2*stride+128 {
				return errors.New("psd: a row is too long")
			}
			if cap(packed) < n {
				packed = make([]byte, n)
			}
			if _, err := io.ReadFull(d.in, packed[:n]); err != nil {
				return err
			}
			unpackBits(row, packed[:n])
		}
		each(y, d.bytes(row, w))
	}
	return nil
}

// bytes makes a byte of each pixel of a row: of two the first; of a bit, black or
// white.
func (d *psdReader) bytes(row []byte, w int) []byte {
	switch d.header.depth {
	case 16:
		for x := range w {
			row[x] = row[2*x]
		}
	case 1:
		out := make([]byte, w)
		for x := range w {
			if row[x/8]>>(7-x%8)&1 == 0 {
				out[x] = 255
			}
		}
		return out
	}
	return row[:w]
}

// unpackBits fills a row from packed data (TIFF 6.0 §9). What is missing stays 0.
func unpackBits(row, packed []byte) {
	clear(row)
	for len(packed) > 1 && len(row) > 0 {
		n := int(int8(packed[0]))
		packed = packed[1:]
		switch {
		case n >= 0:
			k := copy(row, packed[:min(n+1, len(packed))])
			row, packed = row[k:], packed[min(n+1, len(packed)):]
		case n > -128:
			k := min(1-n, len(row))
			for i := range k {
				row[i] = packed[0]
			}
			row, packed = row[k:], packed[1:]
		}
	}
}
