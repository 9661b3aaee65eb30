package animation

import (
	"math"

	"github.com/tepin/tepin/render"
)

// kinds are the movements of an emphasis: how a frame stands when the part p of the
// movement, 0 to 1, has gone. All begin and end with the frame as it is.
var kinds = map[Kind]func(b box, p float64) State{
	Bounce: func(b box, p float64) State {
		return moved(0, -0.3*b.height*hops(p))
	},
	Flash: func(_ box, p float64) State {
		return State{Matrix: render.Identity, Opacity: 0.5 + 0.5*math.Cos(4*math.Pi*p)}
	},
	Pulse: func(b box, p float64) State {
		k := 1 + 0.08*math.Sin(math.Pi*p)
		return turned(about(b.center, render.Scale(k, k)))
	},
	RubberBand: func(b box, p float64) State {
		k := 0.3 * math.Sin(5*math.Pi*p) * (1 - p)
		return turned(about(b.center, render.Scale(1+k, 1-k)))
	},
	ShakeHorizontal: func(b box, p float64) State { return moved(0.04*b.width*tremble(p), 0) },
	ShakeVertical:   func(b box, p float64) State { return moved(0, 0.06*b.height*tremble(p)) },
	HeadShake: func(b box, p float64) State {
		k := math.Sin(5*math.Pi*p) * (1 - p)
		return turned(render.Translate(0.03*b.width*k, 0).Mul(about(b.center, render.Rotate(3*k))))
	},
	Swing: func(b box, p float64) State {
		return turned(about(b.top, render.Rotate(15*math.Sin(4*math.Pi*p)*(1-p))))
	},
	Tada: func(b box, p float64) State {
		k := 1 + 0.1*math.Sin(math.Pi*p)
		return turned(about(b.center, render.Scale(k, k).Mul(render.Rotate(4*tremble(p)))))
	},
	Heartbeat: func(b box, p float64) State {
		k := 1.0
		if p < 0.6 { // two beats, then a rest
			s := math.Sin(math.Pi * p / 0.3)
			k += 0.2 * s * s
		}
		return turned(about(b.center, render.Scale(k, k)))
	},
}

// Known reports whether a movement can be shown.
func (k Kind) Known() bool { return kinds[k] != nil }

func emphasize(s State, k Kind, b box, p float64) State {
	movement := kinds[k]
	if movement == nil {
		return s
	}
	other := movement(b, p)
	s.Matrix, s.Opacity = other.Matrix.Mul(s.Matrix), s.Opacity*other.Opacity
	return s
}

func moved(x, y float64) State { return turned(render.Translate(x, y)) }

func turned(m render.Matrix) State { return State{Matrix: m, Opacity: 1} }

// tremble swings five times, most in the middle.
func tremble(p float64) float64 { return math.Sin(10*math.Pi*p) * math.Sin(math.Pi*p) }

// hops is the height of a ball that hops three times, ever lower: a hop that is half as
// long is a quarter as high.
func hops(p float64) float64 {
	for _, hop := range [...]struct{ from, length float64 }{{0, 4. / 7}, {4. / 7, 2. / 7}, {6. / 7, 1. / 7}} {
		if p < hop.from+hop.length {
			u, h := (p-hop.from)/hop.length, hop.length*7/4
			return h * h * 4 * u * (1 - u)
		}
	}
	return 0
}
