package inspect

import (
	"bytes"
	"strconv"
)

// maxResources bounds the image resources that are walked.
const maxResources = 2000

// readPSD reads the header and the image resources of a Photoshop file, also of a large
// one (PSB), as Adobe's file format specification has them.
func readPSD(f file, info *Info) error {
	b, err := f.at(0, 30)
	if err != nil {
		return err
	}
	switch be16(b[4:]) {
	case 1:
	case 2:
		info.Extension = "psb"
	default:
		return errDamaged
	}
	info.Height, info.Width = int(be32(b[14:])), int(be32(b[18:]))
	info.say("bitsPerChannel", strconv.Itoa(be16(b[22:])))
	info.say("colorSpace", map[int]string{0: "Gray", 1: "Gray", 2: "Indexed", 3: "RGB", 4: "CMYK", 7: "Multichannel", 8: "Gray", 9: "Lab"}[be16(b[24:])])
	off := 30 + be32(b[26:])
	if b, err = f.at(off, 4); err != nil {
		return err
	}
	off += 4
	end := off + be32(b)
	if end > f.Size() {
		return errEnd
	}
	for n := 0; off+12 <= end && n < maxResources; n++ {
		if off, err = info.psdResource(f, off); err != nil {
			return err
		}
	}
	return nil
}

// psdResource reads one image resource and returns where the next one begins.
func (i *Info) psdResource(f file, off int64) (int64, error) {
	head, err := f.upTo(off, 4+2+256+4)
	if err != nil {
		return 0, err
	}
	if len(head) < 12 || !bytes.HasPrefix(head, []byte("8BIM")) {
		return f.Size(), nil // of another program; nothing after it can be found
	}
	name := 1 + int(head[6])
	size := cut(head, 6+name+name%2, 4)
	if size == nil {
		return 0, errEnd
	}
	at, n := off+int64(6+name+name%2+4), be32(size)
	switch be16(head[4:]) {
	case 0x03ED: // ResolutionInfo, 16.16 fixed
		if b, err := f.at(at, 16); err == nil && n >= 16 {
			i.sayResolution(float64(be32(b))/65536, float64(be32(b[8:]))/65536)
		}
	case 0x040F:
		if b, err := f.at(at, int(min(n, maxProfile))); err == nil {
			i.profile(b)
		}
	case 0x0422:
		if b, err := f.at(at, int(min(n, maxProfile))); err == nil {
			turned := i.orientation // Photoshop has turned the pixels already
			i.exif(b)
			i.orientation = turned
		}
	}
	return at + n + n%2, nil
}
