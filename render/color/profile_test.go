package color_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/tepin/tepin/render/color"
)

// profile makes an ICC profile of the tags.
func profile(space string, tags map[string][]byte) []byte {
	b := make([]byte, 128)
	copy(b[16:], space)
	copy(b[20:], "XYZ ")
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	at := len(b) + 12*len(tags)
	var data []byte
	for name, tag := range tags {
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, uint32(at+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(tag)))
		data = append(data, tag...)
	}
	return append(b, data...)
}

// numbers is a tag of a type with numbers of 16 bits behind the point.
func numbers(kind string, list ...float64) []byte {
	b := append([]byte(kind), 0, 0, 0, 0)
	for _, v := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

// para is a curve by formula.
func para(kind byte, list ...float64) []byte {
	b := numbers("para", append([]float64{0}, list...)...)
	b[9] = kind
	return b
}

// table is a curve of a power, by samples.
func table(n int, gamma float64) []byte {
	b := append([]byte("curv"), 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	for i := range n {
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(65535*math.Pow(float64(i)/float64(n-1), gamma))))
	}
	return b
}

// gamma is a curve of a power, by its number.
func gamma(v float64) []byte {
	return binary.BigEndian.AppendUint16(append([]byte("curv"), 0, 0, 0, 0, 0, 0, 0, 1), uint16(math.Round(v*256)))
}

var screenCurve = para(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)

// rgb is a profile of three primaries, D50, and one curve.
func rgb(curve []byte, r, g, b [3]float64) []byte {
	return profile("RGB ", map[string][]byte{
		"rXYZ": numbers("XYZ ", r[:]...), "gXYZ": numbers("XYZ ", g[:]...), "bXYZ": numbers("XYZ ", b[:]...),
		"rTRC": curve, "gTRC": curve, "bTRC": curve,
	})
}

var (
	adobe = func(curve []byte) []byte {
		return rgb(curve, [3]float64{0.60974, 0.31111, 0.01947}, [3]float64{0.20528, 0.62567, 0.06087}, [3]float64{0.14919, 0.06322, 0.74457})
	}
	p3   = rgb(screenCurve, [3]float64{0.51512, 0.24120, -0.00105}, [3]float64{0.29198, 0.69225, 0.04189}, [3]float64{0.15710, 0.06657, 0.78407})
	srgb = rgb(screenCurve, [3]float64{0.43607, 0.22249, 0.01392}, [3]float64{0.38515, 0.71687, 0.09708}, [3]float64{0.14307, 0.06061, 0.71410})
)

// The screen colours of well-known spaces, computed elsewhere by way of D65.
func TestProfiles(t *testing.T) {
	for name, c := range map[string]struct {
		profile  []byte
		of, want [3]int
	}{
		"Adobe RGB":            {adobe(gamma(2.19921875)), [3]int{200, 100, 50}, [3]int{227, 100, 42}},
		"Adobe RGB, a green":   {adobe(gamma(2.19921875)), [3]int{60, 140, 90}, [3]int{0, 141, 86}},
		"Adobe RGB by table":   {adobe(table(1024, 2.19921875)), [3]int{200, 100, 50}, [3]int{227, 100, 42}},
		"Adobe RGB by formula": {adobe(para(0, 2.19921875)), [3]int{60, 140, 90}, [3]int{0, 141, 86}},
		"beyond the screen":    {adobe(gamma(2.19921875)), [3]int{0, 255, 0}, [3]int{0, 255, 0}},
		"white":                {adobe(gamma(2.19921875)), [3]int{255, 255, 255}, [3]int{255, 255, 255}},
		"Display P3":           {p3, [3]int{200, 100, 50}, [3]int{215, 93, 31}},
		"Display P3, a blue":   {p3, [3]int{30, 30, 200}, [3]int{30, 30, 208}},
	} {
		p, err := color.ParseProfile(c.profile)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, g, b := p.SRGB8(uint8(c.of[0]), uint8(c.of[1]), uint8(c.of[2]))
		if got := [3]int{int(r), int(g), int(b)}; !near(got, c.want, 2) || p.Plain() || p.Gray() {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
	p, err := color.ParseProfile(srgb)
	if err != nil || !p.Plain() {
		t.Errorf("sRGB is not plain: %v", err)
	}
	p, err = color.ParseProfile(profile("GRAY", map[string][]byte{"kTRC": gamma(1.0)}))
	if err != nil || !p.Gray() {
		t.Fatalf("grey: %v", err)
	}
	if r, g, b := p.SRGB8(55, 55, 55); !near([3]int{int(r), int(g), int(b)}, [3]int{128, 128, 128}, 1) { // linear light of 21.6 %
		t.Errorf("linear grey is %d %d %d", r, g, b)
	}
}

func TestBrokenProfiles(t *testing.T) {
	whole := adobe(gamma(2.2))
	for n := range whole {
		if _, err := color.ParseProfile(whole[:n]); err == nil && n < len(whole)-4 {
			t.Errorf("%d of %d bytes are a profile", n, len(whole))
		}
	}
	for name, data := range map[string][]byte{
		"inks":       []byte(strings.Replace(string(whole), "RGB ", "CMYK", 1)),
		"Lab":        []byte(strings.Replace(string(whole), "XYZ ", "Lab ", 1)),
		"no curve":   profile("GRAY", nil),
		"curve of 5": profile("GRAY", map[string][]byte{"kTRC": para(5, 1, 1, 1, 1, 1, 1, 1)}),
	} {
		if _, err := color.ParseProfile(data); err == nil {
			t.Errorf("%s is a profile", name)
		}
	}
}

// No bytes make the reader of profiles panic.
func FuzzProfile(f *testing.F) {
	f.Add(adobe(gamma(2.2)))
	f.Add(adobe(table(16, 2.2)))
	f.Add(srgb)
	f.Add(profile("GRAY", map[string][]byte{"kTRC": para(4, 1, 1, 1, 1, 1, 1, 1)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := color.ParseProfile(data); err == nil {
			p.SRGB8(0, 128, 255)
		}
	})
}
