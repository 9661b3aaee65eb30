package document

import (
	"strings"

	"github.com/tepin/tepin"
)

// anchor ties a frame to its page or to another frame along one axis.
type anchor struct {
	kind       string // "relative", "start", "end", "center", "startAndEnd"
	start, end float64
	offset     float64 // points; for relative anchors start and end are fractions
	target     target
	endTarget  target // of startAndEnd
}

// target is what an anchor holds on to.
type target struct {
	frame string // empty = the page
	edge  string // "start", "end", "center"; empty = the edge that the anchor is about
}

func (v value) anchor() *anchor {
	if !v.present() {
		return nil
	}
	a := &anchor{kind: v.get("type").string()}
	switch a.kind {
	case "relative":
		a.start, a.end = v.get("start").number(0), v.get("end").number(0)
		a.target = v.get("target").target()
	case "start", "end", "center":
		a.offset = v.get("offset").length(0)
		a.target = v.get("target").target()
	case "startAndEnd":
		a.start, a.end = v.get("start").length(0), v.get("end").length(0)
		a.target = v.get("startTarget").target()
		a.endTarget = v.get("endTarget").target()
	default:
		v.failf("expected an anchor of type relative, start, end, center or startAndEnd, found %q", a.kind)
	}
	return a
}

func (v value) target() target {
	if v.get("type").string() != "frame" {
		return target{}
	}
	return target{frame: v.needID("frameId", "id"), edge: v.get("edge").string()}
}

// span is a frame's, or the page's, extent along one axis.
type span struct{ start, size float64 }

// at returns the coordinate of an edge.
func (s span) at(edge string) float64 {
	switch edge {
	case "end":
		return s.start + s.size
	case "center":
		return s.start + s.size/2
	}
	return s.start
}

// edgeOf is the coordinate that an anchor of the given side holds on to.
func (t target) edgeOf(s span, side string) float64 {
	if t.edge != "" {
		side = t.edge
	}
	return s.at(side)
}

// axis finds the extents of frames along one axis. Each frame's comes from its
// anchor, and through it from other frames'.
type axis struct {
	page  span
	plain map[string]span    // without anchors: stored place and size
	bound map[string]*anchor // frames that have an anchor
	done  map[string]span
	way   []string // frames whose extents wait for one another
}

// find returns the extent of a frame.
func (a *axis) find(frame string) (span, error) {
	if s, ok := a.done[frame]; ok {
		return s, nil
	}
	s := a.plain[frame]
	anchor := a.bound[frame]
	if anchor == nil {
		return s, nil
	}
	for i, waiting := range a.way {
		if waiting == frame {
			return s, tepin.Errorf(tepin.Invalid, "frames are anchored in a circle: %s", strings.Join(append(a.way[i:], frame), " → "))
		}
	}
	if len(a.way) >= maxAnchorChain {
		return s, tepin.Errorf(tepin.Invalid, "frame %s hangs on a chain of more than %d anchors", a.way[0], maxAnchorChain)
	}
	a.way = append(a.way, frame)
	first, err := a.target(anchor.target)
	if err != nil {
		return s, err
	}
	last := first
	if anchor.kind == "startAndEnd" {
		if last, err = a.target(anchor.endTarget); err != nil {
			return s, err
		}
	}
	a.way = a.way[:len(a.way)-1]
	s = anchor.place(s, first, last)
	a.done[frame] = s
	return s, nil
}

// maxAnchorChain is how many frames may hang on one another.
const maxAnchorChain = 500

// target returns the extent of an anchor's target. A frame that is not there counts
// as the page.
func (a *axis) target(t target) (span, error) {
	if _, ok := a.plain[t.frame]; t.frame == "" || !ok {
		return a.page, nil
	}
	return a.find(t.frame)
}

// place applies the anchor to a frame of the given extent.
func (a *anchor) place(s, first, last span) span {
	switch a.kind {
	case "relative":
		return span{first.start + a.start*first.size, max(first.size*(1-a.start-a.end), 0)}
	case "start":
		s.start = a.target.edgeOf(first, "start") + a.offset
	case "end":
		s.start = a.target.edgeOf(first, "end") - a.offset - s.size
	case "center":
		s.start = a.target.edgeOf(first, "center") + a.offset - s.size/2
	case "startAndEnd":
		s.start = a.target.edgeOf(first, "start") + a.start
		s.size = max(a.endTarget.edgeOf(last, "end")-a.end-s.start, 0)
	}
	return s
}
