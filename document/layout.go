package document

import (
	"fmt"
	"slices"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
)

// layout is a layout as stored: what it leaves open (nil) comes from its parent.
type layout struct {
	id, name, displayName, parent string
	intent                        string
	unit                          string // in which people are shown its size
	width, height                 *float64
	fill                          *usage
	fillEnabled                   *bool
	bleed                         *render.Edges
	properties                    []properties
	timeline                      *float64 // milliseconds
	movements                     []movement
}

// properties are what a layout says about one frame; nil = as in the parent layout.
type properties struct {
	frame         string
	x, y          *float64
	horizontal    *anchor
	vertical      *anchor
	width, height *float64
	scaleX        *float64
	scaleY        *float64
	rotation      *float64
	visible       *bool
	fit           *string
	position      *string
	crop          *crop
	copyfit       *copyfit
}

// crop is the part of a picture that its frame shows; with none set, nothing is cut.
type crop struct {
	none bool
	box  render.Crop
}

// copyfit is the range, in percent, in which text is fitted to its frame.
type copyfit struct {
	enabled  bool
	min, max float64
}

func (l *layout) title() string {
	if l.displayName != "" {
		return l.displayName
	}
	return l.name
}

func (v value) layout() layout {
	l := layout{
		id:          v.needID("id", "layoutId"),
		name:        v.get("name", "layoutName").string(),
		displayName: v.get("displayName").string(),
		parent:      v.get("parentId").id(),
		intent:      v.get("intent").string(),
		width:       v.get("width", "layoutWidth").optLength(),
		height:      v.get("height", "layoutHeight").optLength(),
		fill:        v.get("fillColor").usage(),
		fillEnabled: v.get("fillColorEnabled").optBool(),
		bleed:       v.get("bleed").bleed(),
	}
	if unit := v.get("unit"); unit.is(str) {
		l.unit = unit.string()
	}
	if length := v.get("timelineLengthMs"); length.is(number) {
		ms := max(length.real(0), 0)
		l.timeline = &ms
	}
	l.movements = v.get("frameAnimations").movements()
	for p := range v.get("frameProperties").elements() {
		if v.r.properties++; v.r.properties > MaxFrameProperties {
			p.failf("more than %d frame properties in all layouts", MaxFrameProperties)
			break
		}
		l.properties = append(l.properties, p.properties())
	}
	return l
}

func (v value) bleed() *render.Edges {
	if !v.present() {
		return nil
	}
	edge := func(name string) float64 { return max(v.get(name, "value").length(0), 0) }
	return &render.Edges{Top: edge("top"), Right: edge("right"), Bottom: edge("bottom"), Left: edge("left")}
}

func (v value) properties() properties {
	p := properties{
		frame:      v.needID("id", "frameId"),
		x:          v.get("x").optLength(),
		y:          v.get("y").optLength(),
		horizontal: v.get("horizontal").anchor(),
		vertical:   v.get("vertical").anchor(),
		width:      v.get("width").optLength(),
		height:     v.get("height").optLength(),
		scaleX:     v.get("scaleX").optNumber(),
		scaleY:     v.get("scaleY").optNumber(),
		rotation:   v.get("rotationDegrees").optNumber(),
		visible:    v.get("isVisible", "included").optBool(),
		fit:        v.get("fitMode").optString(),
		position:   v.get("fitModePosition").optString(),
		crop:       v.get("crop").crop(),
		copyfit:    v.copyfit(),
	}
	if fit := v.get("imageFit"); fit.present() {
		p.fit = fit.get("mode").optString()
		p.position = fit.get("position").optString()
		if c := fit.get("crop").crop(); c != nil {
			p.crop = c
		}
	}
	return p
}

func (v value) crop() *crop {
	if !v.present() {
		return nil
	}
	if v.get("type").string() == "noCrop" {
		return &crop{none: true}
	}
	return &crop{box: render.Crop{
		X: v.get("left").length(0), Y: v.get("top").length(0),
		Width: v.get("width").length(0), Height: v.get("height").length(0),
		Rotation: v.get("rotationDegrees").number(0),
	}}
}

// copyfit reads the settings of a frame's properties: an object in new documents,
// three keys in older ones. Its limits are factors (0.1 to 10) or percent.
func (v value) copyfit() *copyfit {
	lowest, highest, enabled := v.get("minCopyfitting"), v.get("maxCopyfitting"), v.get("enableCopyfitting")
	if s := v.get("copyfittingSettings"); s.present() {
		lowest, highest, enabled = s.get("min"), s.get("max"), s.get("enabled")
	}
	if !enabled.present() {
		return nil
	}
	c := &copyfit{enabled: enabled.bool(false), min: lowest.number(0.1), max: highest.number(10)}
	if c.max <= 10 {
		c.min, c.max = c.min*100, c.max*100
	}
	return c
}

// maxLayoutChain is how many ancestors a layout may have.
const maxLayoutChain = 100

// checkParents refuses layouts whose parents are missing or run in a circle, and ids
// that occur twice.
func (d *Document) checkParents() error {
	index := make(map[string]int, len(d.layouts))
	for i, l := range d.layouts {
		if _, twice := index[l.id]; twice {
			return layoutError(i, "id", "two layouts have the id %q", l.id)
		}
		index[l.id] = i
	}
	for i := range d.layouts {
		l := &d.layouts[i]
		for steps := 0; l.parent != ""; steps++ {
			parent, ok := index[l.parent]
			if !ok {
				return layoutError(index[l.id], "parentId", "there is no layout with the id %q", l.parent)
			}
			if steps >= maxLayoutChain {
				return layoutError(i, "parentId", "the layout is its own ancestor, or has more than %d of them", maxLayoutChain)
			}
			l = &d.layouts[parent]
		}
	}
	return nil
}

func layoutError(i int, member, format string, args ...any) error {
	return &tepin.Error{
		Kind: tepin.Invalid, Message: fmt.Sprintf(format, args...),
		Path: fmt.Sprintf("$.layouts[%d].%s", i, member),
	}
}

// lineage returns the layout and its ancestors, the nearest first.
func (d *Document) lineage(l *layout) []*layout {
	chain := []*layout{l}
	for p := d.layout(l.parent); p != nil; p = d.layout(p.parent) {
		chain = append(chain, p)
	}
	return chain
}

// intent is what a layout is made for, its own word or an ancestor's.
func (d *Document) intent(l *layout) string {
	for _, l := range d.lineage(l) {
		if l.intent != "" {
			return l.intent
		}
	}
	return ""
}

// merged returns the layout with everything that it has from its ancestors, one
// entry of properties for each frame.
func (d *Document) merged(l *layout) layout {
	m := layout{id: l.id, name: l.name, displayName: l.displayName, intent: d.intent(l)}
	at, moves := map[string]int{}, map[string]int{}
	for _, l := range slices.Backward(d.lineage(l)) {
		override(&m.width, l.width)
		override(&m.height, l.height)
		override(&m.fill, l.fill)
		override(&m.fillEnabled, l.fillEnabled)
		override(&m.bleed, l.bleed)
		override(&m.timeline, l.timeline)
		for _, v := range l.movements {
			if i, known := moves[v.frame]; known {
				m.movements[i] = v
				continue
			}
			moves[v.frame] = len(m.movements)
			m.movements = append(m.movements, v)
		}
		for _, p := range l.properties {
			i, known := at[p.frame]
			if !known {
				at[p.frame] = len(m.properties)
				m.properties = append(m.properties, p)
				continue
			}
			m.properties[i].override(p)
		}
	}
	return m
}

// override sets what over says and leaves the rest.
func override[T any](to **T, over *T) {
	if over != nil {
		*to = over
	}
}

// override lets over's properties win. A place and an anchor exclude each other: the
// later one counts.
func (p *properties) override(over properties) {
	if over.x != nil {
		p.horizontal = nil
	}
	if over.y != nil {
		p.vertical = nil
	}
	override(&p.x, over.x)
	override(&p.y, over.y)
	override(&p.horizontal, over.horizontal)
	override(&p.vertical, over.vertical)
	override(&p.width, over.width)
	override(&p.height, over.height)
	override(&p.scaleX, over.scaleX)
	override(&p.scaleY, over.scaleY)
	override(&p.rotation, over.rotation)
	override(&p.visible, over.visible)
	override(&p.fit, over.fit)
	override(&p.position, over.position)
	override(&p.crop, over.crop)
	override(&p.copyfit, over.copyfit)
}
