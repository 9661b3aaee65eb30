package document

import "testing"

func TestAnchors(t *testing.T) {
	page, other := span{0, 200}, span{50, 20}
	frame := func(edge string) target { return target{frame: "other", edge: edge} }
	for _, test := range []struct {
		name   string
		anchor *anchor
		want   span
	}{
		{"relative to the page", &anchor{kind: "relative", start: 0.25, end: 0.5}, span{50, 50}},
		{"relative to a frame", &anchor{kind: "relative", start: 0.5, end: -0.5, target: frame("")}, span{60, 20}},
		{"relative, nothing left", &anchor{kind: "relative", start: 0.75, end: 0.75}, span{150, 0}},
		{"start of the page", &anchor{kind: "start", offset: 7}, span{7, 30}},
		{"end of the page", &anchor{kind: "end", offset: 7}, span{163, 30}},
		{"centre of the page", &anchor{kind: "center", offset: -5}, span{80, 30}},
		{"behind a frame", &anchor{kind: "start", offset: 4, target: frame("end")}, span{74, 30}},
		{"before a frame", &anchor{kind: "end", offset: 4, target: frame("start")}, span{16, 30}},
		{"centred on a frame's start", &anchor{kind: "center", target: frame("start")}, span{35, 30}},
		{"centred on a frame", &anchor{kind: "center", target: frame("")}, span{45, 30}},
		{"start at a frame's centre", &anchor{kind: "start", target: frame("center")}, span{60, 30}},
		{"between page edges", &anchor{kind: "startAndEnd", start: 10, end: 20}, span{10, 170}},
		{"from a frame to the page", &anchor{kind: "startAndEnd", start: 5, end: 5, target: frame("end")}, span{75, 120}},
		{"too narrow", &anchor{kind: "startAndEnd", start: 150, end: 100}, span{150, 0}},
		{"to a frame that is not there", &anchor{kind: "start", offset: 3, target: target{frame: "ghost", edge: "end"}}, span{203, 30}},
	} {
		a := axis{page: page, plain: map[string]span{"f": {1, 30}, "other": other}, bound: map[string]*anchor{"f": test.anchor}, done: map[string]span{}}
		got, err := a.find("f")
		if err != nil || got != test.want {
			t.Errorf("%s: %v %v, want %v", test.name, got, err, test.want)
		}
	}
}

// A child layout that places a frame by x leaves the parent's anchor, and the other
// way round.
func TestPlaceAndAnchorExcludeEachOther(t *testing.T) {
	x := 5.0
	p := properties{horizontal: &anchor{kind: "start"}, vertical: &anchor{kind: "end"}}
	p.override(properties{x: &x})
	if p.horizontal != nil || p.vertical == nil {
		t.Errorf("after x: %+v", p)
	}
	p.override(properties{horizontal: &anchor{kind: "center"}})
	if p.horizontal == nil || p.horizontal.kind != "center" {
		t.Errorf("after an anchor: %+v", p)
	}
}

func TestVersions(t *testing.T) {
	for _, test := range []struct {
		raw  string
		unit float64
	}{
		{`{}`, 1},
		{`{"engineVersion":"0.1.1"}`, 1},
		{`{"engineVersion":"2.27.0"}`, 0.001},
		{`{"documentVersion":"0.1.0"}`, 1},
		{`{"documentVersion":"0.3.3"}`, 0.001},
		{`{"documentVersion":"0.23.0"}`, 0.001},
		{`{"documentVersion":"1"}`, 0.001},
	} {
		r, err := scan([]byte(test.raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.root().lengthUnit(); got != test.unit {
			t.Errorf("%s: %v", test.raw, got)
		}
	}
}
