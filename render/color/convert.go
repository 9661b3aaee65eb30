package color

import "math"

// SRGB returns how a colour looks on a screen: red, green, blue and alpha, 0 to 1, not
// premultiplied. Components outside their range are brought into it.
func (c Color) SRGB() (r, g, b, a float64) {
	a = unit(c.Alpha)
	switch c.Space {
	case Gray:
		v := unit(c.V[0])
		return v, v, v, a
	case CMYK, Spot:
		r, g, b = cmyk(unit(c.V[0]), unit(c.V[1]), unit(c.V[2]), unit(c.V[3]))
		return r, g, b, a
	}
	return unit(c.V[0]), unit(c.V[1]), unit(c.V[2]), a
}

// CMYK8 converts inks of 0 (none) to 255 (full) as SRGB does.
func CMYK8(c, m, y, k uint8) (r, g, b uint8) {
	fr, fg, fb := cmyk(float64(c)/255, float64(m)/255, float64(y)/255, float64(k)/255)
	return uint8(fr*255 + 0.5), uint8(fg*255 + 0.5), uint8(fb*255 + 0.5)
}

// FromCMYK makes an opaque colour of inks, 0 to 1.
func FromCMYK(c, m, y, k float64) Color {
	return Color{Space: CMYK, V: [4]float64{c, m, y, k}, Alpha: 1}
}

// unit returns v within 0 and 1; NaN is 0.
func unit(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}

// The model of coated offset paper, after Neugebauer with the Yule–Nielsen correction:
// halftone dots of four inks cover the paper in 16 combinations; each combination's
// share of the area is a product (Demichel), and what the eye sees is the mean of
// their linear reflectances, taken as the power 1/yuleNielsen because light spreads in
// the paper. The single inks and their pairs are the well-known screen looks of the
// ISO coated primaries; those under black are estimates. The exponent is fitted to the
// grey scale of such a press (K 10 to 90 %), within 2/255.
const yuleNielsen = 1.8

// primaries are the looks of the 16 full overprints, sRGB; the index's bits are C, M,
// Y, K, the lowest first.
var primaries = [16][3]uint8{
	{255, 255, 255}, {0, 159, 227}, {230, 0, 126}, {49, 39, 131},
	{255, 237, 0}, {0, 150, 64}, {227, 6, 19}, {58, 51, 49},
	{29, 29, 27}, {0, 18, 28}, {28, 0, 8}, {5, 0, 14},
	{28, 26, 0}, {0, 16, 4}, {26, 0, 0}, {0, 0, 0},
}

// reflectances are the primaries as linear light to the power 1/yuleNielsen.
var reflectances = func() (out [16][3]float64) {
	for i, p := range primaries {
		for j, v := range p {
			out[i][j] = math.Pow(linear(float64(v)/255), 1/yuleNielsen)
		}
	}
	return out
}()

func cmyk(c, m, y, k float64) (r, g, b float64) {
	cm := [4]float64{(1 - c) * (1 - m), c * (1 - m), (1 - c) * m, c * m}
	yk := [4]float64{(1 - y) * (1 - k), y * (1 - k), (1 - y) * k, y * k}
	for i, q := range yk {
		if q == 0 {
			continue
		}
		for j, p := range cm {
			v := &reflectances[i*4+j]
			r += p * q * v[0]
			g += p * q * v[1]
			b += p * q * v[2]
		}
	}
	return screen(r), screen(g), screen(b)
}

// screen turns a mean of reflectances into an sRGB component. It reads a table, so that
// pictures convert quickly.
func screen(v float64) float64 {
	at := unit(v) * float64(len(screens)-1)
	i := min(int(at), len(screens)-2)
	return screens[i] + (screens[i+1]-screens[i])*(at-float64(i))
}

var screens = func() (out [1025]float64) {
	for i := range out {
		out[i] = encode(math.Pow(float64(i)/float64(len(out)-1), yuleNielsen))
	}
	return out
}()

// linear and encode are the transfer function of sRGB (IEC 61966-2-1).
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func encode(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}
