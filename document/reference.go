package document

import (
	"math"

	"github.com/tepin/tepin"
)

// The kinds of [Reference].
const (
	MediaReference = "media"
	FontReference  = "font"
)

// Reference is what a document says it needs of its environment: a media file, by its id
// or its name, or a font style, by its id.
type Reference struct{ Kind, ID string }

// References lists what the document refers to, each once, in the order of the document.
// Pictures of other connectors than the environment's own are among them.
func References(raw []byte) ([]Reference, error) {
	r, err := scan(raw)
	if err != nil {
		return nil, err
	}
	var list []Reference
	seen := map[Reference]bool{}
	r.root().references(func(ref Reference, _ value) {
		if !seen[ref] {
			seen[ref] = true
			list = append(list, ref)
		}
	})
	return list, nil
}

// Relink returns the document with other ids for what it refers to. Nothing else changes,
// but that a checkSum goes, which that makes stale.
func Relink(raw []byte, ids map[Reference]string) ([]byte, error) {
	r, err := scan(raw)
	if err != nil {
		return nil, err
	}
	e := edits{raw: raw}
	r.root().references(func(ref Reference, v value) {
		if id, ok := ids[ref]; ok {
			t := v.token()
			e.list = append(e.list, edit{t.start, t.end, quote(id)})
		}
	})
	if len(e.list) == 0 {
		return raw, nil
	}
	e.change(r.root(), "checkSum")
	return e.apply(), nil
}

// references calls f with each reference of the document and with where it stands.
func (v value) references(f func(Reference, value)) {
	if !v.is(object) {
		v.walk(f)
		return
	}
	for key := range v.keys() {
		if !key.equals("checkSum") { // which goes with the first change
			key.walkMember(f)
		}
	}
	// The oldest pictures of variables are an id and nothing more.
	variables := v.member("variables")
	if !variables.is(array) {
		return
	}
	for x := range variables.elements() {
		if !x.is(object) {
			continue
		}
		kind, stored := x.member("type"), x.member("value")
		if kind.is(str) && kind.equals("image") && stored.is(str) && stored.string() != "" {
			f(Reference{MediaReference, stored.string()}, stored)
		}
	}
}

// walk finds what stands under the keys that every generation has for references.
func (v value) walk(f func(Reference, value)) {
	switch {
	case v.is(array):
		for x := range v.elements() {
			x.walk(f)
		}
	case v.is(object):
		for key := range v.keys() {
			key.walkMember(f)
		}
	}
}

// walkMember is walk for the value that follows a key.
func (key value) walkMember(f func(Reference, value)) {
	x := value{key.r, key.i + 1}
	switch {
	case !x.is(str):
		x.walk(f)
	case x.string() == "":
	case key.equals("assetId"):
		f(Reference{MediaReference, x.string()}, x)
	case key.equals("fontStyleId"):
		f(Reference{FontReference, x.string()}, x)
	}
}

// units are those that a layout can be shown in, and how many points one of each is.
var units = map[string]float64{"px": 1, "pt": 1, "mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72}

// Dimensions returns the size of the layout that is meant where none is named, in the unit
// that it is shown in: px where it says none. A document without a layout has none.
func Dimensions(raw []byte) (tepin.Dimensions, error) {
	d, err := Parse(raw)
	if err != nil {
		return tepin.Dimensions{}, err
	}
	l := d.defaultLayout()
	if l == nil {
		return tepin.Dimensions{Unit: "px"}, nil
	}
	size := tepin.Dimensions{Unit: l.unit}
	var width, height *float64
	for at := l; at != nil; at = d.layout(at.parent) { // parents end: checkParents has seen to it
		if width == nil {
			width = at.width
		}
		if height == nil {
			height = at.height
		}
		if size.Unit == "" {
			size.Unit = at.unit
		}
		if at.parent == "" {
			break
		}
	}
	points, known := units[size.Unit]
	if !known {
		size.Unit, points = "px", 1
	}
	size.Width, size.Height = rounded(or(width, 0)/points), rounded(or(height, 0)/points)
	return size, nil
}

// rounded keeps six digits behind the point: what is stored as thousandths of points comes
// back as the number that somebody typed.
func rounded(x float64) float64 { return math.Round(x*1e6) / 1e6 }
