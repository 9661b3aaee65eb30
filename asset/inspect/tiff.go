package inspect

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
)

// Bounds of a TIFF's directories.
const (
	maxEntries = 1000
	maxPages   = 10_000
)

// Tags of TIFF 6.0 and EXIF 2.32 that are read. What tells where somebody was (GPS), or
// which camera of its kind it was, is left in the file.
const (
	tagWidth, tagHeight, tagBits                   = 256, 257, 258
	tagPhotometric, tagDescription                 = 262, 270
	tagMake, tagModel, tagOrientation              = 271, 272, 274
	tagSamples, tagXResolution, tagYResolution     = 277, 282, 283
	tagResolutionUnit, tagSoftware, tagArtist      = 296, 305, 315
	tagExtraSamples, tagCopyright, tagEXIF, tagICC = 338, 33432, 34665, 34675
	tagDateTaken, tagLens                          = 36867, 42036
)

// directory is an image file directory.
type directory struct {
	file
	order   binary.ByteOrder
	entries map[int][]byte // of 12 bytes
	next    int64
}

// tiffHeader reads byte order and place of the first directory.
func tiffHeader(f file) (binary.ByteOrder, int64, error) {
	b, err := f.at(0, 8)
	if err != nil {
		return nil, 0, err
	}
	switch string(b[:4]) {
	case "II*\x00":
		return binary.LittleEndian, int64(binary.LittleEndian.Uint32(b[4:])), nil
	case "MM\x00*":
		return binary.BigEndian, int64(binary.BigEndian.Uint32(b[4:])), nil
	}
	return nil, 0, errDamaged
}

func readDirectory(f file, order binary.ByteOrder, off int64) (*directory, error) {
	b, err := f.at(off, 2)
	if err != nil {
		return nil, err
	}
	n := int(order.Uint16(b))
	if n == 0 || n > maxEntries {
		return nil, errDamaged
	}
	if b, err = f.at(off+2, 12*n+4); err != nil {
		return nil, err
	}
	d := &directory{file: f, order: order, entries: map[int][]byte{}, next: int64(order.Uint32(b[12*n:]))}
	for i := range n {
		entry := b[12*i : 12*i+12]
		d.entries[int(order.Uint16(entry))] = entry
	}
	return d, nil
}

// value returns the bytes of a tag and the size of its units; nil if it has none.
func (d *directory) value(tag int) ([]byte, int) {
	e := d.entries[tag]
	if e == nil {
		return nil, 0
	}
	unit := map[uint16]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8}[d.order.Uint16(e[2:])]
	size := int64(d.order.Uint32(e[4:])) * int64(unit)
	switch {
	case unit == 0 || size == 0 || size > maxProfile:
		return nil, 0
	case size <= 4:
		return e[8 : 8+size], unit
	}
	b, err := d.at(int64(d.order.Uint32(e[8:])), int(size))
	if err != nil {
		return nil, 0
	}
	return b, unit
}

// whole returns the first number of a tag.
func (d *directory) whole(tag int) (int, bool) {
	b, unit := d.value(tag)
	switch unit {
	case 1:
		return int(b[0]), true
	case 2:
		return int(d.order.Uint16(b)), true
	case 4:
		return int(d.order.Uint32(b)), true
	}
	return 0, false
}

func (d *directory) ratio(tag int) float64 {
	b, unit := d.value(tag)
	if unit != 8 {
		return 0
	}
	return float64(d.order.Uint32(b)) / float64(d.order.Uint32(b[4:]))
}

func (d *directory) text(tag int) string {
	b, _ := d.value(tag)
	b, _, _ = bytes.Cut(b, []byte{0})
	return latin(b)
}

// readTIFF reads the first picture and counts the others.
func readTIFF(f file, info *Info) error {
	order, off, err := tiffHeader(f)
	if err != nil {
		return err
	}
	first, err := readDirectory(f, order, off)
	if err != nil {
		return err
	}
	info.Width, _ = first.whole(tagWidth)
	info.Height, _ = first.whole(tagHeight)
	if info.Width <= 0 || info.Height <= 0 {
		return errDamaged
	}
	info.tiffColors(first)
	info.photo(first)
	if b, _ := first.value(tagICC); b != nil {
		info.profile(b)
	}
	seen := map[int64]bool{off: true}
	for at := first.next; at != 0 && !seen[at] && len(seen) < maxPages; info.Pages++ {
		seen[at] = true
		d, err := readDirectory(f, order, at)
		if err != nil {
			break // the pages up to here are whole
		}
		at = d.next
	}
	return nil
}

func (i *Info) tiffColors(d *directory) {
	photometric, _ := d.whole(tagPhotometric)
	i.say("colorSpace", map[int]string{0: "Gray", 1: "Gray", 2: "RGB", 3: "Indexed", 5: "CMYK", 6: "RGB", 8: "Lab", 9: "Lab"}[photometric])
	if bits, ok := d.whole(tagBits); ok {
		i.say("bitsPerChannel", strconv.Itoa(bits))
	}
	if extra, _ := d.whole(tagExtraSamples); extra == 1 || extra == 2 {
		i.say("transparency", "true")
	}
}

// exif reads EXIF data: a TIFF without a picture.
func (i *Info) exif(b []byte) {
	b = bytes.TrimPrefix(b, []byte("Exif\x00\x00"))
	f := file{io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))}
	order, off, err := tiffHeader(f)
	if err != nil {
		return
	}
	if d, err := readDirectory(f, order, off); err == nil {
		i.photo(d)
	}
}

// photo notes how the picture is to be shown and what its camera wrote.
func (i *Info) photo(d *directory) {
	if o, ok := d.whole(tagOrientation); ok && o >= 1 && o <= 8 {
		i.orientation = o
	}
	unit := 1.0
	if u, ok := d.whole(tagResolutionUnit); ok && u == 3 { // centimetres
		unit = 2.54
	} else if ok && u == 1 { // a ratio only
		unit = 0
	}
	i.sayResolution(d.ratio(tagXResolution)*unit, d.ratio(tagYResolution)*unit)
	maker, model := strings.TrimSpace(d.text(tagMake)), strings.TrimSpace(d.text(tagModel))
	if !strings.HasPrefix(strings.ToLower(model), strings.ToLower(maker)) {
		model = maker + " " + model
	}
	i.say("camera", model)
	i.say("description", d.text(tagDescription))
	i.say("software", d.text(tagSoftware))
	i.say("creator", d.text(tagArtist))
	i.say("copyright", d.text(tagCopyright))
	off, ok := d.whole(tagEXIF)
	if !ok {
		return
	}
	if sub, err := readDirectory(d.file, d.order, int64(off)); err == nil {
		i.say("lens", sub.text(tagLens))
		if t := sub.text(tagDateTaken); len(t) == len("2006:01:02 15:04:05") { // the camera's clock, without a zone
			i.say("dateTaken", strings.ReplaceAll(t[:10], ":", "-")+"T"+t[11:])
		}
	}
}
