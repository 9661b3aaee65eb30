package document

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/animation"
)

// movement is what a layout says about the time of one frame.
type movement struct {
	frame       string
	bar         animation.Bar
	unsupported []string // what of it cannot be shown
}

// maxTimeline is the latest time that is read, in milliseconds: later ones are this.
const maxTimeline = 1e9

// Timeline returns what happens to the frames of a layout (the default one for an empty
// id). A layout that tells no length lasts as long as its frames. The issues name
// movements that cannot be shown.
func (d *Document) Timeline(layoutID string) (animation.Timeline, []render.Issue, error) {
	l, err := d.chosen(layoutID)
	if err != nil {
		return animation.Timeline{}, nil, err
	}
	merged := d.merged(l)
	t := animation.Timeline{Length: or(merged.timeline, 0), Bars: map[string]animation.Bar{}}
	var issues []render.Issue
	var names map[string]string
	for _, m := range merged.movements {
		t.Bars[m.frame] = m.bar
		if merged.timeline == nil {
			t.Length = max(t.Length, m.bar.To)
		}
		for _, what := range m.unsupported {
			if names == nil {
				names = d.frameNames()
			}
			issues = append(issues, render.Issue{Type: "Unsupported", FrameID: m.frame, Details: fmt.Sprintf("frame %q: %s", tepin.Shorten(names[m.frame], 80), what)})
		}
	}
	return t, issues, nil
}

// frameNames are what people call the frames, by id.
func (d *Document) frameNames() map[string]string {
	names := map[string]string{}
	for _, p := range d.pages {
		for _, f := range p.frames {
			names[f.id] = f.name
		}
	}
	return names
}

// movements reads the animations of a layout. They are no part of most outputs, so that
// nothing in them makes a document unreadable: what is not as it should be is said in
// the report of an animation.
func (v value) movements() []movement {
	var list []movement
	if !v.is(array) {
		return nil
	}
	for a := range v.elements() {
		if v.r.properties++; v.r.properties > MaxFrameProperties {
			a.failf("more than %d frame properties in all layouts", MaxFrameProperties)
			break
		}
		if id := a.part("id"); a.is(object) && (id.is(str) || id.is(number)) {
			list = append(list, a.movement(id.id()))
		}
	}
	return list
}

// part is get for a value that may be anything.
func (v value) part(name string) value {
	if !v.is(object) {
		return value{v.r, -1}
	}
	return v.get(name)
}

// real is the number, or def if it is none.
func (v value) real(def float64) float64 {
	if !v.is(number) {
		return def
	}
	f, err := strconv.ParseFloat(string(v.bytes()), 64)
	if err != nil && !math.IsInf(f, 0) {
		return def
	}
	return min(max(f, -maxTimeline), maxTimeline)
}

// word is the string, or "" if it is none.
func (v value) word() string {
	if !v.is(str) {
		return ""
	}
	return v.unquoted()
}

func (v value) movement(frame string) movement {
	m := movement{frame: frame}
	m.bar.From = max(v.part("from").real(0), 0)
	m.bar.To = max(v.part("to").real(maxTimeline), m.bar.From)
	basic := v.part("basicAnimations")
	m.bar.Intro = m.transition("intro", basic.part("intro"), m.bar.To-m.bar.From)
	m.bar.Outro = m.transition("outro", basic.part("outro"), m.bar.To-m.bar.From)
	m.bar.Emphasis = m.emphasis(basic.part("emphasis"), m.bar.To-m.bar.From)
	if advanced := v.part("advancedAnimations"); advanced.is(object) && advanced.i+1 < int(advanced.token().next) || advanced.is(array) && advanced.count() > 0 {
		m.unsupported = append(m.unsupported, "advanced animations are not shown")
	}
	return m
}

// times reads when an animation begins and ends, and how it gains speed.
func (m *movement) times(kind string, v value, length float64) (from, to float64, ease animation.Ease) {
	from = max(v.part("from").real(0), 0)
	to = max(v.part("to").real(length), from)
	name := v.part("ease").word()
	ease, known := animation.ParseEase(name)
	if !known {
		m.unsupported = append(m.unsupported, fmt.Sprintf("the ease %.40q of the %s is shown even", name, kind))
	}
	return from, to, ease
}

// transition reads an intro or an outro; nil = there is none.
func (m *movement) transition(kind string, v value, length float64) *animation.Transition {
	styles := v.part("styles")
	if !styles.is(object) {
		return nil
	}
	t := &animation.Transition{}
	t.From, t.To, t.Ease = m.times(kind, v, length)
	for key := range styles.keys() {
		style := value{v.r, key.i + 1}
		if style.is(null) || style.is(boolean) && style.bytes()[0] == 'f' {
			continue
		}
		switch name := key.unquoted(); name {
		case "fade":
			t.Fade = true
		case "scale":
			factor := max(style.part("scalePercent").real(0), 0) / 100
			t.Scale = &factor
		case "rotation":
			t.Rotation = style.part("angleDegrees").real(0)
			t.Rotation += math.Copysign(360*style.part("numberOfRotations").real(0), t.Rotation)
		case "slide":
			t.Slide = m.slide(kind, style)
		default:
			m.unsupported = append(m.unsupported, fmt.Sprintf("the %s %.40q is not shown", kind, name))
		}
	}
	return t
}

// slide reads on which side of the page a frame is.
func (m *movement) slide(kind string, v value) *animation.Slide {
	s := &animation.Slide{Offset: v.part("offsetPercent").real(100) / 100}
	direction := v.part("direction").word()
	side := strings.ToLower(direction)
	switch {
	case strings.HasPrefix(side, "top"):
		s.Y = -1
	case strings.HasPrefix(side, "bottom"):
		s.Y = 1
	}
	switch {
	case strings.HasSuffix(side, "left"):
		s.X = -1
	case strings.HasSuffix(side, "right"):
		s.X = 1
	}
	if s.X == 0 && s.Y == 0 {
		m.unsupported = append(m.unsupported, fmt.Sprintf("the %s slides to %.40q, which is no side of the page", kind, direction))
		return nil
	}
	return s
}

// emphasis reads an emphasis; nil = there is none.
func (m *movement) emphasis(v value, length float64) *animation.Emphasis {
	styles := v.part("styles")
	if !styles.is(object) {
		return nil
	}
	e := &animation.Emphasis{}
	e.From, e.To, e.Ease = m.times("emphasis", v, length)
	for key := range styles.keys() {
		style := value{v.r, key.i + 1}
		if style.is(null) || style.is(boolean) && style.bytes()[0] == 'f' {
			continue
		}
		name := key.unquoted()
		kind := animation.Kind(name)
		switch {
		case name == "headshake":
			kind = animation.HeadShake
		case name == "shake" && style.part("direction").word() == "vertical":
			kind = animation.ShakeVertical
		case name == "shake":
			kind = animation.ShakeHorizontal
		}
		if !kind.Known() {
			m.unsupported = append(m.unsupported, fmt.Sprintf("the emphasis %.40q is not shown", name))
			continue
		}
		e.Kinds = append(e.Kinds, kind)
	}
	return e
}
