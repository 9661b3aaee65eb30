package document

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tepin/tepin/render"
)

// The generations of the format and what marks them: the oldest ones (no version, or
// before 0.3) measure in pixels and spell some keys otherwise; from 0.3.3 on lengths
// are thousandths of a point. 0.3 and 0.4 place frames by x and y, 0.23 by anchors.
// Beyond the unit no code asks for the version: each key is read in every spelling.

// document reads the whole document.
func (r *reader) document() *Document {
	root := r.root()
	r.unit = root.lengthUnit()
	d := &Document{
		version:  root.get("documentVersion").string(),
		kind:     "template",
		selected: root.get("selectedLayoutId").id(),
	}
	if p := root.get("properties"); p.present() {
		if kind := p.get("type").string(); kind != "" {
			d.kind = kind
		}
		d.templateID = p.get("templateId").id()
	}
	d.kit = root.get("brandKit", "stylekit", "styleKit").kit()
	d.variables = root.variables()
	d.connectors = root.get("connectors").connectors()
	pages := root.get("pages")
	pages.atMost(MaxPages, "pages")
	for p := range pages.elements() {
		d.pages = append(d.pages, p.page())
	}
	slices.SortStableFunc(d.pages, func(a, b page) int { return a.number - b.number })
	layouts := root.get("layouts")
	layouts.atMost(MaxLayouts, "layouts")
	for l := range layouts.elements() {
		d.layouts = append(d.layouts, l.layout())
	}
	return d
}

func (root value) variables() []variable {
	var list []variable
	all := root.get("variables")
	all.atMost(MaxVariables, "variables")
	for v := range all.elements() {
		list = append(list, v.variable())
	}
	return list
}

// lengthUnit is how many points one stored unit of length is.
func (root value) lengthUnit() float64 {
	const pixel, thousandth = 1, 0.001
	if version := root.get("documentVersion"); version.present() {
		if atLeast(version.string(), 0, 3) {
			return thousandth
		}
		return pixel
	}
	if atLeast(root.get("engineVersion").string(), 1, 0) {
		return thousandth
	}
	return pixel
}

// atLeast compares the first two numbers of a version; a text that is no version is
// less than any.
func atLeast(version string, major, minor int) bool {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(first)
	if err != nil {
		return false
	}
	b, err := strconv.Atoi(second)
	if err != nil {
		b = 0
	}
	return a > major || a == major && b >= minor
}

// page is a page as stored.
type page struct {
	id            string
	number        int
	visible       bool
	width, height *float64 // of a project whose pages were resized
	frames        []frame
}

func (v value) page() page {
	p := page{
		id:      v.needID("id", "pageId", "number"),
		number:  int(v.get("number", "pageNumber").number(0)),
		visible: v.get("isVisible").bool(true),
		width:   v.get("width").optLength(),
		height:  v.get("height").optLength(),
	}
	for f := range v.get("frames").elements() {
		if v.r.frames++; v.r.frames > MaxFrames {
			f.failf("more than %d frames", MaxFrames)
			break
		}
		p.frames = append(p.frames, f.frame())
	}
	return p
}

// frame is what a frame shows; where it stands is its layout's to say.
type frame struct {
	id, name, kind string
	opacity        float64
	text           *textContent
	image          *imageContent
	shape          *shape
	unsupported    []string // what of it cannot be drawn yet
}

// imageContent is an image frame's picture and outline.
type imageContent struct {
	kind      string // of the source: "connector", "variable", "url", "brandKitMedia"; empty = none
	id        string // connector, variable
	asset     string
	name      string // brand kit media
	url       string
	container shape
}

// shape is an outline with its paint.
type shape struct {
	outline     render.Outline
	radii       [4]float64
	sides       int
	fill        *usage
	gradientID  string // of the brand kit, instead of a fill
	stroke      *usage
	strokeWidth float64
}

func (v value) frame() frame {
	f := frame{
		id:      v.needID("id", "frameId"),
		name:    v.get("name", "frameName").string(),
		kind:    v.get("type", "frameType").string(),
		opacity: fraction(v.get("opacity").number(1)),
	}
	switch f.kind {
	case "text":
		f.text = v.textContent()
		if flow := v.get("flowDirection").string(); flow == "vertical" || flow == "onPath" {
			f.unsupported = append(f.unsupported, flow+" text is set horizontally")
		}
		if v.get("textStroke").bool(false) {
			f.unsupported = append(f.unsupported, "the outline of text is not drawn")
		}
	case "image":
		f.image = v.imageContent()
	case "shape":
		f.shape = v.shape(v.get("src"), v.get("shapeProperties"))
		if v.get("gradient").get("enabled").bool(false) {
			f.unsupported = append(f.unsupported, "a gradient is drawn in its first colour")
		}
	default:
		f.unsupported = append(f.unsupported, "frames of type "+strconv.Quote(f.kind)+" are not drawn")
	}
	if blend := v.get("blendMode").string(); blend != "" && blend != "normal" && blend != "srcOver" {
		f.unsupported = append(f.unsupported, "the blend mode "+strconv.Quote(blend)+" is drawn as normal")
	}
	if v.get("dropShadowSettings").get("enabled").bool(false) {
		f.unsupported = append(f.unsupported, "the drop shadow is not drawn")
	}
	return f
}

func (v value) imageContent() *imageContent {
	c := &imageContent{}
	if box := v.get("container"); box.present() {
		c.container = *v.shape(box.get("source"), box.get("properties"))
	}
	src := v.get("src")
	if !src.present() {
		return c
	}
	c.kind = src.get("type").string()
	switch c.kind {
	case "variable":
		c.id = src.needID("id")
	case "connector":
		c.id = src.get("id", "connectorId").id()
		c.asset = src.get("assetId").id()
	case "url":
		c.url = src.get("url").string()
	case "brandKitMedia":
		c.name = src.get("name").string()
	default:
		src.get("type").failf("expected an image source of type connector, variable, url or brandKitMedia, found %q", c.kind)
	}
	return c
}

// shape reads an outline and its paint; either may be absent.
func (v value) shape(source, paint value) *shape {
	s := &shape{sides: int(min(max(source.get("sides").number(3), 3), 1000))}
	switch source.get("type").string() {
	case "ellipse":
		s.outline = render.Ellipse
	case "polygon":
		s.outline = render.Polygon
	}
	if corner := source.get("cornerRadius"); corner.present() {
		radius := func(name string) float64 { return max(corner.get(name).length(0), 0) }
		switch corner.get("type").string() {
		case "all":
			s.radii = [4]float64{radius("radius"), radius("radius"), radius("radius"), radius("radius")}
		case "only":
			s.radii = [4]float64{radius("topLeft"), radius("topRight"), radius("bottomRight"), radius("bottomLeft")}
		}
	}
	fill, stroke := paint.get("fillColor").usage(), paint.get("strokeColor").usage()
	if paint.get("enableFill").bool(fill != nil) {
		s.fill = fill
	}
	if g := v.get("gradient"); g.get("enabled").bool(false) {
		s.gradientID = g.get("id").id()
		if first := g.get("gradient").firstColor(); first != nil {
			s.fill = first
		}
	}
	if paint.get("enableStroke").bool(false) {
		s.stroke = stroke
		if s.stroke == nil {
			s.stroke = &usage{opacity: 1, applied: true}
		}
		s.strokeWidth = max(paint.get("strokeWeight").length(1), 0)
	}
	return s
}
