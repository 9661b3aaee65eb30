package inspect

import (
	"bytes"

	"github.com/tepin/tepin"
)

// maxSegments bounds the segments before a JPEG's pixels.
const maxSegments = 2000

// readJPEG walks the segments up to the pixels (ITU-T T.81, annex B).
func readJPEG(f file, info *Info) error {
	j := jpegReader{info: info}
	off := int64(2)
	for range maxSegments {
		b, err := f.at(off, 4)
		if err != nil {
			return err
		}
		marker := b[1]
		switch {
		case b[0] != 0xFF:
			return errDamaged
		case marker == 0xFF: // padding
			off++
			continue
		case marker == 0x01, marker >= 0xD0 && marker <= 0xD7: // alone
			off += 2
			continue
		case marker == 0xD9:
			return errDamaged
		case marker == 0xDA:
			return j.finish()
		}
		size := be16(b[2:]) - 2
		if size < 0 {
			return errDamaged
		}
		body, err := f.at(off+4, size)
		if err != nil {
			return err
		}
		if err := j.segment(marker, body); err != nil {
			return err
		}
		off += 4 + int64(size)
	}
	return errDamaged
}

type jpegReader struct {
	info       *Info
	components int
	profile    []byte
	densityX   float64 // pixels an inch, as JFIF has it
	densityY   float64
}

func (j *jpegReader) segment(marker byte, b []byte) error {
	switch {
	case marker == 0xC4, marker == 0xC8, marker == 0xCC:
	case marker >= 0xC0 && marker <= 0xCF:
		return j.frame(marker, b)
	case marker == 0xE0 && len(b) >= 12 && string(b[:5]) == "JFIF\x00":
		j.densityX, j.densityY = float64(be16(b[8:])), float64(be16(b[10:]))
		switch b[7] {
		case 0: // a ratio only
			j.densityX = 0
		case 2:
			j.densityX, j.densityY = j.densityX*2.54, j.densityY*2.54
		}
	case marker == 0xE1 && bytes.HasPrefix(b, []byte("Exif\x00\x00")):
		j.info.exif(b[6:])
	case marker == 0xE2 && bytes.HasPrefix(b, []byte("ICC_PROFILE\x00")) && len(b) > 14 && len(j.profile) < maxProfile:
		j.profile = append(j.profile, b[14:]...) // the pieces stand in their order
	}
	return nil
}

// frame reads a frame header.
func (j *jpegReader) frame(marker byte, b []byte) error {
	if len(b) < 6 || j.components != 0 {
		return errDamaged
	}
	if marker > 0xC2 || b[0] != 8 {
		return tepin.Errorf(tepin.Unprocessable, "the JPEG is a lossless, arithmetic or 12-bit one, which few programs read; save it as a usual JPEG, or as TIFF")
	}
	j.info.Height, j.info.Width, j.components = be16(b[1:]), be16(b[3:]), int(b[5])
	return nil
}

func (j *jpegReader) finish() error {
	space, ok := map[int]string{1: "Gray", 3: "RGB", 4: "CMYK"}[j.components]
	if !ok {
		return errDamaged
	}
	j.info.say("colorSpace", space)
	j.info.say("bitsPerChannel", "8")
	j.info.profile(j.profile)
	if j.info.Facts["resolution"] == "" {
		j.info.sayResolution(j.densityX, j.densityY)
	}
	return nil
}
