// Package animation moves the frames of a page along a timeline: how a page looks at
// each moment. It is pure, like package render, and lays nothing out again: a moment is
// the page's display list with other matrices and opacities.
package animation

import "slices"

// Timeline is what happens to the frames of a layout. Times are milliseconds from its
// start, those of a bar's animations from the start of the bar.
type Timeline struct {
	Length float64        // 0 = nothing moves: there is one moment
	Bars   map[string]Bar // by the frame's id; a frame without one is always there
}

// Bar is the time in which a frame is there, and what happens to it then.
type Bar struct {
	From, To float64
	Intro    *Transition // it arrives: from another state to its own
	Emphasis *Emphasis   // it draws attention to itself, and is as before in the end
	Outro    *Transition // it leaves: from its own state to another
}

// Transition is the way between a frame's own state and the other state that the fields
// below Ease describe.
type Transition struct {
	From, To float64
	Ease     Ease
	Slide    *Slide
	Rotation float64  // degrees clockwise about the frame's centre, whole turns included
	Scale    *float64 // factor of the frame's size, about its centre
	Fade     bool     // invisible
}

// Slide puts a frame aside.
type Slide struct {
	X, Y   float64 // −1, 0 or 1: to the left or right, to the top or bottom
	Offset float64 // 1 = just beyond the page's edge
}

// Emphasis is what draws attention to a frame.
type Emphasis struct {
	From, To float64
	Ease     Ease
	Kinds    []Kind
}

// Kind names a movement of an [Emphasis].
type Kind string

// The movements of an emphasis.
const (
	Bounce          Kind = "bounce"
	Flash           Kind = "flash"
	Pulse           Kind = "pulse"
	RubberBand      Kind = "rubberBand"
	ShakeHorizontal Kind = "horizontal"
	ShakeVertical   Kind = "vertical"
	HeadShake       Kind = "headShake"
	Swing           Kind = "swing"
	Tada            Kind = "tada"
	Heartbeat       Kind = "heartbeat"
)

// Frames returns how many pictures show the timeline at a rate, one at least.
func (t Timeline) Frames(perSecond float64) int {
	return max(1, int(t.Length*perSecond/1000+0.5))
}

// Seconds returns how many seconds of the timeline begin, one at least.
func (t Timeline) Seconds() int64 {
	whole := int64(t.Length / 1000)
	if t.Length > float64(whole)*1000 {
		whole++
	}
	return max(whole, 1)
}

// Moments returns the times at which the state of a frame begins to change in another
// way, in order: between two of them it is constant or follows one curve.
func (t Timeline) Moments(frame string) []float64 {
	moments := []float64{0, t.Length}
	if bar, ok := t.Bars[frame]; ok {
		moments = append(moments, bar.From, bar.To)
		for _, tr := range []*Transition{bar.Intro, bar.Outro} {
			if tr != nil {
				moments = append(moments, bar.From+tr.From, bar.From+tr.To)
			}
		}
		if e := bar.Emphasis; e != nil {
			moments = append(moments, bar.From+e.From, bar.From+e.To)
		}
	}
	for i, m := range moments {
		moments[i] = min(max(m, 0), t.Length)
	}
	slices.Sort(moments)
	return slices.Compact(moments)
}
