package pdf

import (
	"encoding/binary"
	"fmt"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
)

// Turn is how a stored picture is brought the right way up: the values of EXIF's
// orientation, 1 to 8. Zero is 1.
type Turn uint8

// matrix maps the stored picture's unit square onto the one of the picture the right
// way up, both with y down.
func (t Turn) matrix() render.Matrix {
	switch t {
	case 2: // mirrored
		return render.Matrix{A: -1, D: 1, E: 1}
	case 3: // half a turn
		return render.Matrix{A: -1, D: -1, E: 1, F: 1}
	case 4: // upside down, mirrored
		return render.Matrix{A: 1, D: -1, F: 1}
	case 5: // rows are columns
		return render.Matrix{B: 1, C: 1}
	case 6: // a quarter turn clockwise
		return render.Matrix{B: 1, C: -1, E: 1}
	case 7:
		return render.Matrix{B: -1, C: -1, E: 1, F: 1}
	case 8: // a quarter turn anticlockwise
		return render.Matrix{B: -1, C: 1, F: 1}
	}
	return render.Identity
}

// sideways tells whether the turn swaps width and height.
func (t Turn) sideways() bool { return t >= 5 }

// jpeg is what the headers of a JPEG say.
type jpeg struct {
	width, height int
	components    int
	adobe         bool // written the Adobe way: CMYK inverted
	plainRGB      bool // three components without a colour transform, known by their names
	turn          Turn
	kept          []byte // the file without comments, thumbnails and where it was taken
}

// parseJPEG reads the headers of a JPEG that PDF readers can decode: baseline or
// progressive, 8 bits, 1, 3 or 4 components.
func parseJPEG(data []byte) (j jpeg, ok bool) {
	if len(data) < 4 || data[0] != 0xFF || data[1] != 0xD8 {
		return j, false
	}
	kept := []byte{0xFF, 0xD8}
	jfif := false
	for at := 2; ; {
		if at+4 > len(data) || data[at] != 0xFF {
			return j, false
		}
		marker := data[at+1]
		if marker == 0xFF { // fill byte
			at++
			continue
		}
		length := int(binary.BigEndian.Uint16(data[at+2:]))
		if length < 2 || at+2+length > len(data) {
			return j, false
		}
		segment := data[at : at+2+length]
		body := segment[4:]
		keep := true
		switch {
		case marker == 0xDA: // start of scan
			j.kept = append(kept, data[at:]...)
			j.plainRGB = j.plainRGB && !jfif && !j.adobe
			return j, j.components != 0 && len(data) > at+2+length
		case marker >= 0xC0 && marker <= 0xC2:
			if !j.frame(body) {
				return j, false
			}
		case marker >= 0xC3 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
			return j, false // lossless, hierarchical or arithmetic
		case marker == 0xE0:
			jfif = true
		case marker == 0xEE && len(body) >= 12 && string(body[:5]) == "Adobe":
			j.adobe = true
		case marker == 0xE1:
			if t := orientation(body); t != 0 {
				j.turn = t
			}
			keep = false
		case marker >= 0xE2 && marker <= 0xEF, marker == 0xFE:
			keep = false
		}
		if keep {
			kept = append(kept, segment...)
		}
		at += 2 + length
	}
}

// frame reads a frame header.
func (j *jpeg) frame(b []byte) bool {
	if len(b) < 6 || b[0] != 8 || j.components != 0 {
		return false
	}
	j.height, j.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	n := int(b[5])
	if (n != 1 && n != 3 && n != 4) || len(b) < 6+3*n || j.width == 0 || j.height == 0 {
		return false
	}
	j.components = n
	j.plainRGB = n == 3 && b[6] == 'R' && b[9] == 'G' && b[12] == 'B'
	return true
}

// fits tells whether the turned picture has the size that the caller knows.
func (j *jpeg) fits(width, height int) bool {
	if j.turn.sideways() {
		width, height = height, width
	}
	return j.width == width && j.height == height
}

// stream is the JPEG as a file holds it, with the profile if it has one of its own; false
// where that is for pictures of another kind, and the colours are to be converted. Inks
// have none, and grey is no part of a picture of lights.
func (j *jpeg) stream(profile []byte) (Stream, bool) {
	s := Stream{Data: j.kept, Turn: j.turn}
	if p, err := color.ParseProfile(profile); err == nil && j.components != 4 && !(p.Gray() && j.components == 3) {
		s.Lights = 3
		if p.Gray() {
			s.Lights = 1
		}
		if s.Lights != j.components {
			return s, false
		}
		s.Profile = profile
	}
	space, extra := "", ""
	if s.Profile == nil {
		space = "/ColorSpace" + map[int]string{1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}[j.components]
	}
	switch {
	case j.components == 4 && j.adobe:
		extra = "/Decode[1 0 1 0 1 0 1 0]"
	case j.plainRGB:
		extra = "/DecodeParms<</ColorTransform 0>>"
	}
	s.Dict = fmt.Sprintf("/Width %d/Height %d%s/BitsPerComponent 8/Filter/DCTDecode%s", j.width, j.height, space, extra)
	return s, true
}

// orientation finds the orientation in an EXIF segment's body; 0 = none. Only the
// first directory is read: the others are a thumbnail's.
func orientation(b []byte) Turn {
	if len(b) < 14 || string(b[:6]) != "Exif\x00\x00" {
		return 0
	}
	b = b[6:]
	var order binary.ByteOrder = binary.BigEndian
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
	default:
		return 0
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			return 0
		}
		const tag, short = 0x0112, 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return Turn(v)
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}
