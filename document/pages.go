package document

import (
	"fmt"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/text"
)

// Asset is a file that a layout needs.
type Asset struct {
	Kind      string // "image" or "font"
	Key       string // what [render.Image].Key and [text.Run].Font call it
	Connector string // id of the document's connector; empty for an image that has a URL
	ID        string // of the media item or font style in the environment
	Name      string // of the font; of an image what the document calls it: an id or a name
	URL       string // of an image that is not in a connector
	Source    string // id of the connector in the environment; empty = it is none of those
	Context   string // JSON: what that connector is to be called with; empty = nothing
}

// Assets lists the files that the layout's pages need, each once. It is empty for a
// layout that cannot be resolved; [Document.Pages] says why.
func (d *Document) Assets(layoutID string) []Asset {
	r, err := d.resolve(layoutID)
	if err != nil {
		return nil
	}
	return r.assets
}

// Pages resolves the visible pages of a layout (the default one for an empty id),
// with other variable values as [Document.With] takes them. The issues name what of
// the document cannot be drawn; they do not stop it.
func (d *Document) Pages(layoutID string, overrides map[string]any) ([]render.Page, []render.Issue, error) {
	d, err := d.With(overrides)
	if err != nil {
		return nil, nil, err
	}
	r, err := d.resolve(layoutID)
	if err != nil {
		return nil, nil, err
	}
	return r.pages, r.issues, nil
}

// resolution is the work on one layout.
type resolution struct {
	doc       *Document
	layout    layout // merged
	selected  bool
	variables map[string]*variable // by id
	budget    int                  // bytes of text left

	pages  []render.Page
	issues []render.Issue
	assets []Asset
	known  map[string]bool // keys of assets
}

func (d *Document) resolve(layoutID string) (*resolution, error) {
	l, err := d.chosen(layoutID)
	if err != nil {
		return nil, err
	}
	r := &resolution{
		doc: d, layout: d.merged(l), selected: l.id == d.selected, budget: MaxText,
		variables: map[string]*variable{}, known: map[string]bool{},
	}
	for i := range d.variables {
		r.variables[d.variables[i].id] = &d.variables[i]
	}
	for i := range d.pages {
		if d.pages[i].visible {
			if err := r.page(&d.pages[i]); err != nil {
				return nil, err
			}
		}
	}
	if len(r.pages) == 0 {
		return nil, tepin.Errorf(tepin.Invalid, "the document has no visible page; make one visible")
	}
	return r, nil
}

func (r *resolution) page(p *page) error {
	width, height := r.layout.width, r.layout.height
	if r.doc.kind == "project" && r.selected { // the size was chosen for this layout
		override(&width, p.width)
		override(&height, p.height)
	}
	if width == nil || height == nil || *width <= 0 || *height <= 0 {
		return tepin.Errorf(tepin.Invalid, "layout %q needs a width and a height above 0", r.layout.title())
	}
	out := render.Page{ID: p.id, Width: *width, Height: *height, Bleed: or(r.layout.bleed, render.Edges{})}
	if or(r.layout.fillEnabled, true) {
		out.Background = r.doc.kit.ink(r.layout.fill)
	}
	at := make(map[string]*properties, len(r.layout.properties))
	for i := range r.layout.properties {
		at[r.layout.properties[i].frame] = &r.layout.properties[i]
	}
	horizontal, vertical := r.axes(p, at, *width, *height)
	for i := range p.frames {
		f := &p.frames[i]
		props := at[f.id]
		if props == nil || !or(props.visible, true) {
			continue
		}
		x, err := horizontal.find(f.id)
		if err != nil {
			return err
		}
		y, err := vertical.find(f.id)
		if err != nil {
			return err
		}
		frame := render.Frame{
			ID: f.id, Name: f.name, X: x.start, Y: y.start, Width: x.size, Height: y.size,
			Rotation: or(props.rotation, 0), Opacity: f.opacity,
		}
		drawn, err := r.fill(&frame, f, props)
		if err != nil {
			return err
		}
		if drawn {
			out.Frames = append(out.Frames, frame)
		}
	}
	r.pages = append(r.pages, out)
	return nil
}

// axes prepares the search for the places of a page's frames.
func (r *resolution) axes(p *page, at map[string]*properties, width, height float64) (horizontal, vertical *axis) {
	axisOf := func(size float64) *axis {
		return &axis{page: span{0, size}, plain: map[string]span{}, bound: map[string]*anchor{}, done: map[string]span{}}
	}
	horizontal, vertical = axisOf(width), axisOf(height)
	for i := range p.frames {
		id := p.frames[i].id
		props := at[id]
		if props == nil {
			continue
		}
		horizontal.plain[id] = span{or(props.x, 0), max(or(props.width, 0)*or(props.scaleX, 1), 0)}
		vertical.plain[id] = span{or(props.y, 0), max(or(props.height, 0)*or(props.scaleY, 1), 0)}
		horizontal.bound[id], vertical.bound[id] = props.horizontal, props.vertical
	}
	return horizontal, vertical
}

// fill gives a frame its content and reports whether there is something to draw.
func (r *resolution) fill(out *render.Frame, f *frame, props *properties) (drawn bool, err error) {
	for _, what := range f.unsupported {
		r.issue("Unsupported", f, what)
	}
	switch {
	case f.text != nil:
		return true, r.text(out, f, props)
	case f.image != nil:
		r.image(out, f, props)
	case f.shape != nil:
		s := r.shape(f.shape)
		out.Shape = &s
	default:
		return false, nil
	}
	return true, nil
}

func (r *resolution) issue(kind string, f *frame, details string) {
	r.issues = append(r.issues, render.Issue{Type: kind, FrameID: f.id, Details: details})
}

func (r *resolution) text(out *render.Frame, f *frame, props *properties) error {
	flow := flow{kit: &r.doc.kit, variables: r.variables, budget: &r.budget, counters: counters{}}
	paragraphs, err := flow.run(f.text.tokens)
	if err != nil {
		return err
	}
	content := f.text.frame
	content.Paragraphs = paragraphs
	if c := props.copyfit; c != nil && c.enabled {
		content.CopyfitMin, content.CopyfitMax = c.min, c.max
	}
	out.Text = &content
	for _, p := range paragraphs {
		for _, runs := range [][]text.Run{p.Marker, p.Runs} {
			for i := range runs {
				runs[i].Font = r.font(runs[i].Font)
			}
		}
	}
	return nil
}

// font notes that a font is needed, and returns the key of its asset.
func (r *resolution) font(key string) string {
	if key == "" || r.known[key] {
		return key
	}
	f, ok := r.doc.kit.fonts[key]
	if !ok { // not in the brand kit: connector::family::style
		f = font{id: lastPart(key)}
	}
	if f.connector == "" {
		f.connector, _, _ = strings.Cut(key, "::")
	}
	a := Asset{Kind: "font", Key: key, Connector: f.connector, ID: f.id, Name: strings.TrimSpace(f.family + " " + f.style)}
	r.link(&a)
	r.asset(a)
	return a.Key
}

// lastPart is what stands behind the last :: of a key.
func lastPart(key string) string { return key[strings.LastIndex(key, ":")+1:] }

func (r *resolution) asset(a Asset) {
	if !r.known[a.Key] {
		r.known[a.Key] = true
		r.assets = append(r.assets, a)
	}
}

func (r *resolution) image(out *render.Frame, f *frame, props *properties) {
	image := &render.Image{Key: r.source(f), AlignX: 0.5, AlignY: 0.5, Shape: r.shape(&f.image.container)}
	if or(props.fit, "fill") == "fit" {
		image.Fit = render.FitFit
	}
	switch position := strings.ToLower(or(props.position, "center")); {
	case strings.Contains(position, "left"):
		image.AlignX = 0
	case strings.Contains(position, "right"):
		image.AlignX = 1
	}
	switch position := strings.ToLower(or(props.position, "center")); {
	case strings.Contains(position, "top"):
		image.AlignY = 0
	case strings.Contains(position, "bottom"):
		image.AlignY = 1
	}
	if c := props.crop; c != nil && !c.none && c.box.Width > 0 && c.box.Height > 0 {
		image.Fit, image.Crop = render.FitCrop, c.box
	}
	out.Image = image
}

// source finds the picture of an image frame and returns its key; empty = none.
func (r *resolution) source(f *frame) string {
	c := f.image
	var a Asset
	switch c.kind {
	case "connector":
		a = connectorImage(c.id, c.asset, "")
	case "variable":
		x := r.variables[c.id]
		if x == nil || x.kind != "image" {
			r.issue("ImageLoadFailed", f, fmt.Sprintf("there is no image variable with the id %q", c.id))
			return ""
		}
		a = connectorImage(x.image.connector, x.image.asset, x.image.mediaID)
	case "brandKitMedia":
		m, ok := r.doc.kit.media[c.name]
		if !ok {
			r.issue("ImageLoadFailed", f, fmt.Sprintf("the brand kit has no media named %q", c.name))
			return ""
		}
		a = connectorImage(m.connector, m.asset, "")
	case "url":
		a = Asset{Kind: "image", Key: "url::" + c.url, URL: c.url, Name: c.url}
	}
	if a.Name == "" {
		return ""
	}
	r.link(&a)
	r.asset(a)
	return a.Key
}

// connectorImage describes an asset of a connector: the media id that its name was
// resolved to counts before the name itself.
func connectorImage(connector, asset, mediaID string) Asset {
	if mediaID == "" || asset == "" {
		mediaID = asset
	}
	return Asset{Kind: "image", Key: connector + "::" + mediaID, Connector: connector, ID: mediaID, Name: asset}
}

func (r *resolution) shape(s *shape) render.Shape {
	k := &r.doc.kit
	out := render.Shape{Outline: s.outline, Radii: s.radii, Sides: s.sides, Fill: k.ink(s.fill)}
	if first, ok := k.gradients[s.gradientID]; ok {
		out.Fill = &first
	}
	if s.strokeWidth > 0 {
		out.Stroke, out.StrokeWidth = k.ink(s.stroke), s.strokeWidth
	}
	return out
}
