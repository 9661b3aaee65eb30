package animation

import (
	"math"

	"github.com/tepin/tepin/render"
)

// State is how a frame stands at a moment, as against how it is laid out.
type State struct {
	Hidden  bool
	Matrix  render.Matrix // of the page
	Opacity float64       // 0 to 1
}

// still is the state of a frame that nothing happens to.
var still = State{Matrix: render.Identity, Opacity: 1}

// Scene is a page with its timeline.
type Scene struct {
	timeline Timeline
	list     render.List
	boxes    map[string]box
}

// box is where a frame lies.
type box struct {
	width, height float64
	center        render.Point
	top           render.Point // the middle of its upper edge
	around        rect         // its rotated box
	page          render.Point // the page's width and height
}

type rect struct{ x0, y0, x1, y1 float64 }

// NewScene takes a page, the list that was built of it, and what happens on it.
func NewScene(p render.Page, l render.List, t Timeline) *Scene {
	s := &Scene{timeline: t, list: l, boxes: map[string]box{}}
	for i := range p.Frames {
		f := &p.Frames[i]
		if _, moves := t.Bars[f.ID]; moves {
			s.boxes[f.ID] = boxOf(f, render.Point{X: p.Width, Y: p.Height})
		}
	}
	return s
}

func boxOf(f *render.Frame, page render.Point) box {
	b := box{width: f.Width, height: f.Height, page: page, around: rect{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}}
	b.center = render.Point{X: f.X + f.Width/2, Y: f.Y + f.Height/2}
	turn := about(b.center, render.Rotate(f.Rotation))
	b.top = turn.Apply(render.Point{X: b.center.X, Y: f.Y})
	for _, corner := range [4]render.Point{{X: f.X, Y: f.Y}, {X: f.X + f.Width, Y: f.Y}, {X: f.X, Y: f.Y + f.Height}, {X: f.X + f.Width, Y: f.Y + f.Height}} {
		p := turn.Apply(corner)
		b.around = rect{min(b.around.x0, p.X), min(b.around.y0, p.Y), max(b.around.x1, p.X), max(b.around.y1, p.Y)}
	}
	return b
}

// about is a map that leaves a point where it is.
func about(p render.Point, m render.Matrix) render.Matrix {
	return render.Translate(p.X, p.Y).Mul(m).Mul(render.Translate(-p.X, -p.Y))
}

// Still reports whether the page looks the same all the time.
func (s *Scene) Still() bool { return !(s.timeline.Length > 0) || len(s.boxes) == 0 }

// Timeline returns what happens on the page.
func (s *Scene) Timeline() Timeline { return s.timeline }

// At returns the page at a moment. Groups of frames that move are marked as such, all the
// time, so that their text does not jump when they come to rest.
func (s *Scene) At(ms float64) render.List {
	moment := s.list
	if len(s.boxes) == 0 {
		return moment
	}
	moment.Ops = make([]render.Op, 0, len(s.list.Ops))
	for i := 0; i < len(s.list.Ops); i++ {
		op := s.list.Ops[i]
		if op.Push == nil || op.Push.Frame == "" {
			moment.Ops = append(moment.Ops, op)
			continue
		}
		if _, moves := s.boxes[op.Push.Frame]; !moves {
			moment.Ops = append(moment.Ops, op)
			continue
		}
		state := s.State(op.Push.Frame, ms)
		if state.Hidden || !(state.Opacity > 0) {
			i = end(s.list.Ops, i)
			continue
		}
		group := *op.Push
		group.Matrix, group.Opacity, group.Moves = state.Matrix.Mul(group.Matrix), group.Opacity*state.Opacity, true
		moment.Ops = append(moment.Ops, render.Op{Push: &group})
	}
	return moment
}

// end returns the index of the Pop of the group that begins at i.
func end(ops []render.Op, i int) int {
	for depth := 0; i < len(ops); i++ {
		switch {
		case ops[i].Push != nil:
			depth++
		case ops[i].Pop:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// State returns how a frame stands at a moment. A bar that lasts to the timeline's end
// includes that.
func (s *Scene) State(frame string, ms float64) State {
	bar, moves := s.timeline.Bars[frame]
	b, drawn := s.boxes[frame]
	if !moves || !drawn {
		return still
	}
	if ms < bar.From || ms >= bar.To && !(bar.To >= s.timeline.Length && ms <= bar.To) {
		return State{Hidden: true, Matrix: render.Identity}
	}
	state, since := still, ms-bar.From
	if t := bar.Intro; t != nil {
		state = t.apply(state, b, 1-t.Ease.At(part(since, t.From, t.To)))
	}
	if e := bar.Emphasis; e != nil && since > e.From && since < e.To {
		p := min(max(e.Ease.At(part(since, e.From, e.To)), 0), 1)
		for _, kind := range e.Kinds {
			state = emphasize(state, kind, b, p)
		}
	}
	if t := bar.Outro; t != nil && since >= t.From {
		state = t.apply(state, b, t.Ease.At(part(since, t.From, t.To)))
	}
	return state
}

// part is how much of the time between from and to has gone.
func part(at, from, to float64) float64 {
	if at >= to {
		return 1
	}
	return max((at-from)/(to-from), 0)
}

// apply brings a frame into the other state of a transition, wholly at 1.
func (t *Transition) apply(s State, b box, away float64) State {
	if away == 0 {
		return s
	}
	if t.Scale != nil {
		k := max(1+(*t.Scale-1)*away, 0)
		s.Matrix = about(b.center, render.Scale(k, k)).Mul(s.Matrix)
	}
	if t.Rotation != 0 {
		s.Matrix = about(b.center, render.Rotate(t.Rotation*away)).Mul(s.Matrix)
	}
	if t.Slide != nil {
		x, y := t.Slide.beyond(b)
		s.Matrix = render.Translate(x*away, y*away).Mul(s.Matrix)
	}
	if t.Fade {
		s.Opacity *= min(max(1-away, 0), 1)
	}
	return s
}

// beyond is the way on which a frame leaves the page.
func (l *Slide) beyond(b box) (x, y float64) {
	switch {
	case l.X < 0:
		x = -max(b.around.x1, 0)
	case l.X > 0:
		x = max(b.page.X-b.around.x0, 0)
	}
	switch {
	case l.Y < 0:
		y = -max(b.around.y1, 0)
	case l.Y > 0:
		y = max(b.page.Y-b.around.y0, 0)
	}
	return x * l.Offset, y * l.Offset
}
