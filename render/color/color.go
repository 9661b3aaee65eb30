// Package color is what ink is: RGB, CMYK, grey and spot colours as documents name
// them, and how each looks on a screen.
package color

// Space tells how the components of a [Color] are meant.
type Space uint8

const (
	RGB  Space = iota // V[0:3], 0 to 1, sRGB
	CMYK              // V[0:4], 0 to 1
	Gray              // V[0], 0 = black
	Spot              // Name, with V[0:4] as its CMYK look-alike
)

// Color is one ink with its opacity. The zero value is transparent black.
type Color struct {
	Space Space
	V     [4]float64
	Alpha float64 // 0 to 1
	Name  string  // of a spot colour
}

// Black is opaque black.
var Black = Color{Space: Gray, Alpha: 1}

// White is opaque white.
var White = Color{Space: Gray, V: [4]float64{1}, Alpha: 1}

// FromRGB8 makes an opaque sRGB colour from components of 0 to 255.
func FromRGB8(r, g, b float64) Color {
	return Color{Space: RGB, V: [4]float64{r / 255, g / 255, b / 255}, Alpha: 1}
}
