package color

import (
	"encoding/binary"
	"errors"
	"math"
)

// Profile is an ICC profile (ICC.1:2022) of a screen, camera or scanner: three lights,
// or one of grey, each with a curve. Profiles that are tables, as those of inks are,
// are none.
type Profile struct {
	gray   bool
	curves [3][256]float64 // linear light of each value
	matrix [3][3]float64   // of linear light in the profile's primaries to that in sRGB's
	plain  bool            // it means the same as sRGB
}

var errProfile = errors.New("color: no profile of red, green and blue, or of grey, by curves")

// toSRGB brings light of the profile connection space (D50) to linear sRGB.
var toSRGB = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// ParseProfile reads a profile.
func ParseProfile(data []byte) (*Profile, error) {
	const header = 128
	if len(data) < header+4 || string(data[36:40]) != "acsp" || string(data[20:24]) != "XYZ " {
		return nil, errProfile
	}
	r := profileReader(data)
	p := &Profile{}
	switch string(data[16:20]) {
	case "GRAY":
		p.gray = true
		if !r.curve("kTRC", &p.curves[0]) {
			return nil, errProfile
		}
		p.curves[1], p.curves[2] = p.curves[0], p.curves[0]
		p.matrix = [3][3]float64{{1}, {0, 1}, {0, 0, 1}}
	case "RGB ":
		var primaries [3][3]float64 // a column each
		for i, c := range []string{"r", "g", "b"} {
			light, ok := r.xyz(c + "XYZ")
			if !ok || !r.curve(c+"TRC", &p.curves[i]) {
				return nil, errProfile
			}
			for row := range 3 {
				primaries[row][i] = light[row]
			}
		}
		for i := range 3 {
			for j := range 3 {
				for k := range 3 {
					p.matrix[i][j] += toSRGB[i][k] * primaries[k][j]
				}
			}
		}
	default:
		return nil, errProfile
	}
	p.plain = p.isPlain()
	return p, nil
}

// Gray reports whether the profile is of grey alone.
func (p *Profile) Gray() bool { return p.gray }

// Plain reports whether colours of the profile are those of sRGB.
func (p *Profile) Plain() bool { return p.plain }

// SRGB8 returns the screen colour of a colour of the profile.
func (p *Profile) SRGB8(r, g, b uint8) (uint8, uint8, uint8) {
	lr, lg, lb := p.curves[0][r], p.curves[1][g], p.curves[2][b]
	m := &p.matrix
	return encode8(m[0][0]*lr + m[0][1]*lg + m[0][2]*lb), encode8(m[1][0]*lr + m[1][1]*lg + m[1][2]*lb), encode8(m[2][0]*lr + m[2][1]*lg + m[2][2]*lb)
}

// encode8 brings linear light to a byte of sRGB.
func encode8(v float64) uint8 {
	return encoded[int(unit(v)*float64(len(encoded)-1)+0.5)]
}

// encoded is encode by table: fine enough that no byte is left out in the dark.
var encoded = func() (out [16385]uint8) {
	for i := range out {
		out[i] = uint8(math.Round(encode(float64(i)/float64(len(out)-1)) * 255))
	}
	return out
}()

// isPlain compares some colours.
func (p *Profile) isPlain() bool {
	for v := 0; v < 256; v += 15 {
		for _, c := range [][3]uint8{{uint8(v), uint8(v), uint8(v)}, {uint8(v), 0, 0}, {0, uint8(v), 0}, {0, 0, uint8(v)}, {255, uint8(v), 0}} {
			if p.gray {
				c = [3]uint8{uint8(v), uint8(v), uint8(v)}
			}
			r, g, b := p.SRGB8(c[0], c[1], c[2])
			for i, got := range []uint8{r, g, b} {
				if d := int(got) - int(c[i]); d < -3 || d > 3 {
					return false
				}
			}
		}
	}
	return true
}

// profileReader finds tags.
type profileReader []byte

// tag returns the data of a tag; nil when there is none.
func (r profileReader) tag(name string) []byte {
	const table, entry = 132, 12
	for i := range min(int(binary.BigEndian.Uint32(r[128:])), 200) {
		at := table + entry*i
		if at+entry > len(r) {
			return nil
		}
		if string(r[at:at+4]) != name {
			continue
		}
		from, size := uint64(binary.BigEndian.Uint32(r[at+4:])), uint64(binary.BigEndian.Uint32(r[at+8:]))
		if from+size > uint64(len(r)) || size < 8 {
			return nil
		}
		return r[from : from+size]
	}
	return nil
}

// fixed reads a number with 16 bits behind the point.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

func (r profileReader) xyz(name string) (v [3]float64, ok bool) {
	b := r.tag(name)
	if len(b) < 20 || string(b[:4]) != "XYZ " {
		return v, false
	}
	for i := range v {
		v[i] = fixed(b[8+4*i:])
	}
	return v, true
}

// curve reads a tone curve: of a table, of a power, or of a formula.
func (r profileReader) curve(name string, to *[256]float64) bool {
	b := r.tag(name)
	if len(b) < 12 {
		return false
	}
	var f func(float64) float64
	switch string(b[:4]) {
	case "curv":
		f = sampled(b[8:])
	case "para":
		f = formula(b[8:])
	}
	if f == nil {
		return false
	}
	for i := range to {
		to[i] = unit(f(float64(i) / 255))
	}
	return true
}

// sampled is a curve of type curv.
func sampled(b []byte) func(float64) float64 {
	n := int64(binary.BigEndian.Uint32(b))
	b = b[4:]
	switch {
	case n == 0:
		return func(x float64) float64 { return x }
	case int64(len(b)) < 2*n:
		return nil
	case n == 1:
		gamma := float64(binary.BigEndian.Uint16(b)) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }
	}
	return func(x float64) float64 {
		at := x * float64(n-1)
		i := min(int64(at), n-2)
		low, high := float64(binary.BigEndian.Uint16(b[2*i:])), float64(binary.BigEndian.Uint16(b[2*i+2:]))
		return (low + (high-low)*(at-float64(i))) / 65535
	}
}

// formula is a curve of type para.
func formula(b []byte) func(float64) float64 {
	kind := binary.BigEndian.Uint16(b)
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(b) < 4+4*counts[kind] {
		return nil
	}
	var v [7]float64 // g a b c d e f
	for i := range counts[kind] {
		v[i] = fixed(b[4+4*i:])
	}
	g, a, o, c, d := v[0], v[1], v[2], v[3], v[4]
	power := func(x float64) float64 { return math.Pow(max(a*x+o, 0), g) }
	switch kind {
	case 0:
		return func(x float64) float64 { return math.Pow(x, g) }
	case 1, 2: // from −b/a on; c is added in the second
		return func(x float64) float64 {
			if a*x+o < 0 {
				return c
			}
			return power(x) + c
		}
	}
	return func(x float64) float64 {
		if x < d {
			return c*x + v[6]
		}
		return power(x) + v[5]
	}
}
