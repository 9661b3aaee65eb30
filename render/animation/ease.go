package animation

import (
	"math"
	"strings"
)

// Ease is how a movement gains and loses speed. The zero value is even.
type Ease struct {
	way   string // "easeIn", "easeOut", "easeInOut"
	curve func(float64) float64
}

// curves are the ease-in functions by the names of their tweens: 0 at 0 and 1 at 1, and
// in between below 0 or above 1 if the curve swings.
var curves = map[string]func(float64) float64{
	"Quadratic":   func(x float64) float64 { return x * x },
	"Cubic":       func(x float64) float64 { return x * x * x },
	"Quartic":     func(x float64) float64 { return x * x * x * x },
	"Quintic":     func(x float64) float64 { return x * x * x * x * x },
	"Sine":        func(x float64) float64 { return 1 - math.Cos(x*math.Pi/2) },
	"Exponential": func(x float64) float64 { return (math.Exp2(10*x) - 1) / 1023 },
	"Circular":    func(x float64) float64 { return 1 - math.Sqrt(max(1-x*x, 0)) },
	"Elastic":     func(x float64) float64 { return math.Exp2(10*(x-1)) * math.Cos((x-1)*2*math.Pi/0.3) * x },
	"Bounce":      bounceIn,
	"Back":        func(x float64) float64 { const back = 1.70158; return x * x * ((back+1)*x - back) },
}

// bounceIn is a ball that bounces ever higher: four parabolas that double their length.
func bounceIn(x float64) float64 {
	const parts = 2.75 // ½ + 1 + 2·½ + ¼: the lengths of the parabolas
	rest := (1 - x) * parts
	for _, hop := range [...]struct{ end, middle, low float64 }{{1, 0, 0}, {2, 1.5, 0.75}, {2.5, 2.25, 0.9375}, {parts, 2.625, 0.984375}} {
		if rest <= hop.end {
			return 1 - ((rest-hop.middle)*(rest-hop.middle) + hop.low)
		}
	}
	return 0
}

// ParseEase reads the name of an ease: "noEase", or as in "easeInOutCubic".
func ParseEase(name string) (e Ease, ok bool) {
	if name == "" || name == "noEase" {
		return Ease{}, true
	}
	for _, way := range []string{"easeInOut", "easeIn", "easeOut"} {
		if curve := curves[strings.TrimPrefix(name, way)]; curve != nil && strings.HasPrefix(name, way) {
			return Ease{way, curve}, true
		}
	}
	return Ease{}, false
}

// At returns how far a movement is when the part x of its time, 0 to 1, has gone.
func (e Ease) At(x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case e.curve == nil:
		return x
	case e.way == "easeIn":
		return e.curve(x)
	case e.way == "easeOut":
		return 1 - e.curve(1-x)
	case x < 0.5:
		return e.curve(2*x) / 2
	}
	return 1 - e.curve(2-2*x)/2
}
