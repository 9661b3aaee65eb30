package color_test

import (
	"math"
	"testing"

	"github.com/tepin/tepin/render/color"
)

func bytes(c color.Color) [3]int {
	r, g, b, _ := c.SRGB()
	return [3]int{int(math.Round(r * 255)), int(math.Round(g * 255)), int(math.Round(b * 255))}
}

func near(a, b [3]int, tolerance int) bool {
	for i := range a {
		if d := a[i] - b[i]; d > tolerance || d < -tolerance {
			return false
		}
	}
	return true
}

// The looks of inks that every designer knows, and of midtones on coated paper.
func TestInksOnScreen(t *testing.T) {
	for _, tt := range []struct {
		name       string
		c, m, y, k float64
		want       [3]int
		tolerance  int
	}{
		{"paper", 0, 0, 0, 0, [3]int{255, 255, 255}, 0},
		{"cyan", 1, 0, 0, 0, [3]int{0, 159, 227}, 1},
		{"magenta", 0, 1, 0, 0, [3]int{230, 0, 126}, 1},
		{"yellow", 0, 0, 1, 0, [3]int{255, 237, 0}, 1},
		{"red", 0, 1, 1, 0, [3]int{227, 6, 19}, 1},
		{"black ink is not black", 0, 0, 0, 1, [3]int{29, 29, 27}, 1},
		{"all four", 1, 1, 1, 1, [3]int{0, 0, 0}, 1},
		{"black 10", 0, 0, 0, 0.1, [3]int{237, 237, 237}, 2},
		{"black 50", 0, 0, 0, 0.5, [3]int{157, 157, 156}, 2},
		{"black 90", 0, 0, 0, 0.9, [3]int{60, 60, 59}, 2},
		{"cyan 50", 0.5, 0, 0, 0, [3]int{131, 208, 245}, 20},
		{"magenta 50", 0, 0.5, 0, 0, [3]int{241, 159, 196}, 14},
		{"a blue that naive conversion makes 0, 52, 205", 1, 0.75, 0.02, 0.18, [3]int{36, 81, 143}, 32},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := bytes(color.FromCMYK(tt.c, tt.m, tt.y, tt.k)); !near(got, tt.want, tt.tolerance) {
				t.Errorf("got %v, want %v ± %d", got, tt.want, tt.tolerance)
			}
		})
	}
}

func TestOtherSpaces(t *testing.T) {
	spot := color.Color{Space: color.Spot, Name: "Warm Red", V: [4]float64{0, 0.8, 0.9, 0}, Alpha: 0.5}
	r, g, b, a := spot.SRGB()
	if a != 0.5 || !(r > g && g > b) {
		t.Errorf("a spot colour looks as %v %v %v %v", r, g, b, a)
	}
	if got := bytes(color.FromRGB8(12, 34, 56)); got != [3]int{12, 34, 56} {
		t.Errorf("RGB changed to %v", got)
	}
	if got := bytes(color.White); got != [3]int{255, 255, 255} {
		t.Errorf("white is %v", got)
	}
	if _, _, _, a := (color.Color{}).SRGB(); a != 0 {
		t.Errorf("the zero colour has alpha %v", a)
	}
}

// More ink is never lighter, in any ink and anywhere.
func TestMoreInkIsDarker(t *testing.T) {
	for ink := range 4 {
		for _, base := range []float64{0, 0.3, 0.7} {
			last := math.Inf(1)
			for step := range 21 {
				v := [4]float64{base, base, base, base}
				v[ink] = float64(step) / 20
				r, g, b, _ := color.Color{Space: color.CMYK, V: v, Alpha: 1}.SRGB()
				light := 0.2126*r + 0.7152*g + 0.0722*b
				if light > last+1e-9 {
					t.Fatalf("ink %d on %v: lighter at %v", ink, base, v[ink])
				}
				last = light
			}
		}
	}
}

func TestOutOfRange(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -3, 7} {
		for _, space := range []color.Space{color.RGB, color.CMYK, color.Gray, color.Spot, color.Space(99)} {
			r, g, b, a := color.Color{Space: space, V: [4]float64{v, v, v, v}, Alpha: v}.SRGB()
			for _, got := range []float64{r, g, b, a} {
				if !(got >= 0 && got <= 1) {
					t.Errorf("space %d, component %v: %v", space, v, got)
				}
			}
		}
	}
}

func TestBytes(t *testing.T) {
	r, g, b := color.CMYK8(255, 0, 0, 0)
	if !near([3]int{int(r), int(g), int(b)}, [3]int{0, 159, 227}, 1) {
		t.Errorf("cyan is %d %d %d", r, g, b)
	}
}
