// Package document reads the JSON documents of templates and projects, in every
// known generation of the format, changes variables in them without disturbing
// anything else, and resolves a layout into pages to render. It is pure: no I/O and
// no clock.
//
// A document is scanned once into a flat list of tokens (scan.go), read into the
// shape of the newest generation (read.go and its neighbours, which know the older
// spellings), and resolved layout by layout (pages.go). The original bytes are never
// re-encoded: edits replace byte ranges (edit.go), so that order and unknown keys
// survive.
package document

import (
	"slices"

	"github.com/tepin/tepin"
)

// Limits on documents. Beyond them Parse answers [tepin.TooLarge] or, where the
// document is at fault rather than big, [tepin.Invalid].
const (
	MaxDepth           = 200       // nested arrays and objects
	MaxValues          = 4_000_000 // keys, numbers, strings, … of the JSON text
	MaxPages           = 50
	MaxLayouts         = 1_000
	MaxFrames          = 10_000
	MaxFrameProperties = 100_000 // of all layouts together
	MaxVariables       = 10_000
	MaxStyles          = 10_000  // paragraph styles, character styles, colours, fonts: of each
	MaxTextTokens      = 200_000 // of all frames together
	MaxText            = 4 << 20 // bytes of text in one layout, variables put in
)

// Document is a document as read, in the shape of the newest generation. Its methods
// may be called by several goroutines at once.
type Document struct {
	raw        []byte
	version    string
	kind       string // "template", "project", "component"
	templateID string
	selected   string // id of the selected layout
	pages      []page
	layouts    []layout
	variables  []variable
	kit        kit
	connectors map[string]connector // by id
}

// Parse reads a document of at most [tepin.MaxDocument] bytes. An error of kind
// [tepin.Invalid] names the place as a JSON path: "$.layouts[0].width". The document
// keeps raw, which must not be changed afterwards.
func Parse(raw []byte) (*Document, error) {
	r, err := scan(raw)
	if err != nil {
		return nil, err
	}
	d := r.document()
	if r.err != nil {
		return nil, r.err
	}
	if err := d.checkParents(); err != nil {
		return nil, err
	}
	d.raw = raw
	return d, nil
}

// Raw returns the bytes that the document was read from.
func (d *Document) Raw() []byte { return d.raw }

// Summary is what lists and logs show of a document.
type Summary struct {
	Type       string // "template", "project" or "component"
	TemplateID string // of a project
	Version    string // of the format: "0.23.0"; empty in the oldest generations
	Pages      int
	Layouts    int
	Variables  int
}

// Summary returns the document's outline.
func (d *Document) Summary() Summary {
	return Summary{
		Type: d.kind, TemplateID: d.templateID, Version: d.version,
		Pages: len(d.pages), Layouts: len(d.layouts), Variables: len(d.variables),
	}
}

// LayoutInfo describes a layout to choose from.
type LayoutInfo struct {
	ID      string
	Name    string
	Intent  string // "print", "digitalStatic", "digitalAnimated"
	Default bool   // the one that is meant when none is named
}

// Layouts lists the document's layouts in its own order.
func (d *Document) Layouts() []LayoutInfo {
	def := d.defaultLayout()
	list := make([]LayoutInfo, len(d.layouts))
	for i := range d.layouts {
		l := &d.layouts[i]
		list[i] = LayoutInfo{ID: l.id, Name: l.title(), Intent: d.intent(l), Default: l == def}
	}
	return list
}

// defaultLayout is the selected layout, or else the first; nil if there is none.
func (d *Document) defaultLayout() *layout {
	if l := d.layout(d.selected); l != nil {
		return l
	}
	if len(d.layouts) == 0 {
		return nil
	}
	return &d.layouts[0]
}

// layout returns the layout with this id, or nil.
func (d *Document) layout(id string) *layout {
	i := slices.IndexFunc(d.layouts, func(l layout) bool { return l.id == id })
	if i < 0 {
		return nil
	}
	return &d.layouts[i]
}

// chosen returns the layout with this id, or the default one for the empty id.
func (d *Document) chosen(id string) (*layout, error) {
	if l := d.layout(id); l != nil {
		return l, nil
	}
	switch l := d.defaultLayout(); {
	case l == nil:
		return nil, tepin.Errorf(tepin.Invalid, "the document has no layout; add one to the template")
	case id == "":
		return l, nil
	default:
		return nil, tepin.Errorf(tepin.Invalid, "the document has no layout with the id %q; the default one is %q", id, l.id)
	}
}
