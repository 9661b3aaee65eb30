package animation_test

import (
	"math"
	"testing"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/animation"
)

var tweens = []string{"Quadratic", "Cubic", "Quartic", "Quintic", "Sine", "Exponential", "Circular", "Elastic", "Bounce", "Back"}

// Every ease begins at 0 and ends at 1, without a jump, and easing out is easing in
// backwards.
func TestEases(t *testing.T) {
	for _, tween := range tweens {
		for _, way := range []string{"easeIn", "easeOut", "easeInOut"} {
			e, ok := animation.ParseEase(way + tween)
			if !ok || e.At(0) != 0 || e.At(1) != 1 || math.Abs(e.At(1e-9)) > 1e-3 || math.Abs(e.At(1-1e-9)-1) > 1e-3 {
				t.Errorf("%s%s: %v, %g to %g", way, tween, ok, e.At(1e-9), e.At(1-1e-9))
			}
			for x := 0.0; x < 1; x += 0.001 {
				if d := math.Abs(e.At(x+0.001) - e.At(x)); d > 0.1 {
					t.Errorf("%s%s jumps by %g at %g", way, tween, d, x)
				}
			}
		}
		in, _ := animation.ParseEase("easeIn" + tween)
		out, _ := animation.ParseEase("easeOut" + tween)
		if math.Abs(in.At(0.3)+out.At(0.7)-1) > 1e-9 {
			t.Errorf("%s: in %g, out %g", tween, in.At(0.3), out.At(0.7))
		}
	}
	if e, ok := animation.ParseEase("noEase"); !ok || e.At(0.25) != 0.25 {
		t.Error("noEase is not even")
	}
	for _, name := range []string{"easeIn", "Cubic", "easeInOutcubic", "easeInOut Cubic", "linear"} {
		if _, ok := animation.ParseEase(name); ok {
			t.Errorf("%q is an ease", name)
		}
	}
}

func scene(bar animation.Bar) *animation.Scene {
	page := render.Page{Width: 200, Height: 100, Frames: []render.Frame{{ID: "f", X: 50, Y: 40, Width: 20, Height: 10}}}
	list := render.List{Width: 200, Height: 100, Ops: []render.Op{
		{Push: &render.Push{Frame: "f", Matrix: render.Translate(50, 40), Opacity: 0.5}}, {Push: &render.Push{Matrix: render.Identity, Opacity: 1}}, {Pop: true}, {Pop: true},
		{Push: &render.Push{Frame: "still", Matrix: render.Identity, Opacity: 1}}, {Pop: true},
	}}
	return animation.NewScene(page, list, animation.Timeline{Length: 2000, Bars: map[string]animation.Bar{"f": bar}})
}

// A frame is there in its bar, comes from beyond the edge and leaves, and is itself between.
func TestStates(t *testing.T) {
	s := scene(animation.Bar{From: 500, To: 1500,
		Intro: &animation.Transition{From: 0, To: 200, Slide: &animation.Slide{X: 1, Offset: 1}},
		Outro: &animation.Transition{From: 800, To: 1000, Fade: true},
	})
	for ms, hidden := range map[float64]bool{0: true, 499: true, 500: false, 1499: false, 1500: true, 2000: true} {
		if s.State("f", ms).Hidden != hidden {
			t.Errorf("at %g: hidden %v", ms, !hidden)
		}
	}
	for ms, x := range map[float64]float64{500: 150, 600: 75, 700: 0, 1000: 0} {
		if got := s.State("f", ms).Matrix.E; math.Abs(got-x) > 1e-9 {
			t.Errorf("at %g: moved by %g, want %g", ms, got, x)
		}
	}
	if a := s.State("f", 1400).Opacity; math.Abs(a-0.5) > 1e-9 {
		t.Errorf("opacity %g", a)
	}
	if n := len(s.At(0).Ops); n != 2 {
		t.Errorf("%d operations where the frame is not there", n)
	}
	moment := s.At(600).Ops
	if len(moment) != 6 || moment[0].Push.Opacity != 0.5 || moment[0].Push.Matrix.E != 125 || !moment[0].Push.Moves || moment[4].Push.Moves {
		t.Errorf("%+v", moment[0].Push)
	}
	half := 0.5
	grown := scene(animation.Bar{To: 2000, Intro: &animation.Transition{To: 1000, Scale: &half, Rotation: 450}}).State("f", 0).Matrix
	if p := grown.Apply(render.Point{X: 60, Y: 45}); math.Abs(p.X-60) > 1e-9 || math.Abs(p.Y-45) > 1e-9 {
		t.Errorf("the middle moved to %v", p)
	}
	if p := grown.Apply(render.Point{X: 70, Y: 45}); math.Abs(p.X-60) > 1e-9 || math.Abs(p.Y-50) > 1e-9 {
		t.Errorf("the right edge turned to %v", p)
	}
	if scene(animation.Bar{To: 2000}).State("f", 2000).Hidden {
		t.Error("a bar that lasts to the end is not there at the end")
	}
}

// Every emphasis ends as it began, does something in between, and stays near.
func TestEmphasis(t *testing.T) {
	for _, kind := range []animation.Kind{animation.Bounce, animation.Flash, animation.Pulse, animation.RubberBand, animation.ShakeHorizontal, animation.ShakeVertical, animation.HeadShake, animation.Swing, animation.Tada, animation.Heartbeat} {
		s := scene(animation.Bar{To: 2000, Emphasis: &animation.Emphasis{From: 500, To: 1500, Kinds: []animation.Kind{kind}}})
		rest, moved := s.State("f", 400), 0.0
		for ms := 501.0; ms < 1500; ms++ {
			st, before := s.State("f", ms), s.State("f", ms-1)
			p, q := st.Matrix.Apply(render.Point{X: 50, Y: 40}), before.Matrix.Apply(render.Point{X: 50, Y: 40})
			if math.Hypot(p.X-q.X, p.Y-q.Y) > 0.5 || math.Abs(st.Opacity-before.Opacity) > 0.1 {
				t.Errorf("%s jumps at %g", kind, ms)
				break
			}
			moved = max(moved, math.Hypot(p.X-50, p.Y-40), 10*(1-st.Opacity))
		}
		if end := s.State("f", 1500); !kind.Known() || end != rest || moved < 0.2 || moved > 12 {
			t.Errorf("%s: moved %g, at the end %+v", kind, moved, end)
		}
	}
}

func TestLengths(t *testing.T) {
	for ms, want := range map[float64][2]int64{0: {1, 1}, 100: {3, 1}, 1000: {30, 1}, 1001: {30, 2}, 2500: {75, 3}} {
		l := animation.Timeline{Length: ms}
		if got := [2]int64{int64(l.Frames(30)), l.Seconds()}; got != want {
			t.Errorf("%g ms: %v, want %v", ms, got, want)
		}
	}
}
