// Package pdf writes display lists as PDF 1.4 to 1.7: vector paths, embedded subset fonts
// with text that can be selected and searched, pictures, transparency groups, CMYK
// and spot colours.
//
// It is pure: it writes to the given writer and does nothing else. The same input
// gives the same bytes. A file is written page by page; in memory stay one page's
// operators, which glyphs of each font are used, and eight bytes per object.
package pdf

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/text"
)

// Limits of a file; beyond them the writer refuses with [tepin.TooLarge].
const (
	MaxPages = 500_000 // 50 pages for each of 10,000 records
	MaxSide  = 100_000 // of a page with its bleed, in points
	MaxDepth = 100     // groups within groups
)

// Options are what a file holds beside its pages.
type Options struct {
	Title    string
	Producer string
	Created  time.Time // zero = the file names no dates
	Bleed    bool      // pages are as large as their bleed; the trimmed page is their TrimBox
	Marks    *Marks    // crop marks; nil = none
	Version  string    // "1.4" to "1.7"; empty = "1.7"
	Images   map[string]Image

	// Cache, if set, is asked for the stream of the image of a key; it calls prepare
	// when it has none. Streams may be kept for as long as the key names the same bytes.
	Cache func(key string, prepare func() (Stream, error)) (Stream, error)
}

// Write writes a whole file.
func Write(w io.Writer, pages []render.List, o Options) error {
	d := NewWriter(w, o)
	for i := range pages {
		if err := d.Page(&pages[i]); err != nil {
			return err
		}
	}
	return d.Close()
}

// Writer writes a file page by page. After an error it must not be used again.
type Writer struct {
	file     file
	options  Options
	pages    []ref
	nodes    []ref // page tree: one node for every pagesPerNode pages
	images   map[string]placed
	profiles map[string]ref // by the profile
	fonts    map[*text.Font]*face
	faces    []*face // in order of first use
	inks     map[string]ref
}

// pagesPerNode keeps the page tree flat enough to search and small enough to read.
const pagesPerNode = 100

// NewWriter starts a file.
func NewWriter(w io.Writer, o Options) *Writer {
	d := &Writer{
		options:  o,
		images:   map[string]placed{},
		profiles: map[string]ref{},
		fonts:    map[*text.Font]*face{},
		inks:     map[string]ref{},
	}
	d.file.start(w, d.version())
	return d
}

// version is the one that the file says it is of.
func (d *Writer) version() string {
	if d.options.Version == "" {
		return "1.7"
	}
	return d.options.Version
}

// Page adds a page. Operations with numbers that are not finite are left out.
func (d *Writer) Page(l *render.List) error {
	g, err := newGeometry(l, d.options.Bleed, d.options.Marks.room())
	if err != nil {
		return err
	}
	if g.unit > 1 && d.version() < "1.6" {
		return tepin.Errorf(tepin.Invalid, "a page of more than %d points a side needs PDF 1.6; the output settings ask for %s", userUnitSide, d.version())
	}
	if len(d.pages) == MaxPages {
		return tepin.Errorf(tepin.TooLarge, "a PDF may have at most %d pages; make several files", MaxPages)
	}
	c := newCanvas(g.sheet)
	c.concat(g.toPaper)
	if d.options.Marks.room() > 0 {
		c.save()
		c.out = append(appendNumbers(c.out, coordinateDecimals, g.sheet.x0, g.sheet.y0, g.sheet.x1-g.sheet.x0, g.sheet.y1-g.sheet.y0), "re W n\n"...)
	}
	for ops := l.Ops; len(ops) > 0; { // a Pop too many ends nothing
		if ops, err = d.group(c, ops, 0); err != nil {
			return err
		}
	}
	if d.options.Marks.room() > 0 {
		c.restore()
		if err := d.marks(c, l.Width, l.Height); err != nil {
			return err
		}
	}
	content, page := d.file.reserve(), d.file.reserve()
	d.file.deflated(content, "", c.out)
	if len(d.pages)%pagesPerNode == 0 {
		d.nodes = append(d.nodes, d.file.reserve())
	}
	d.pages = append(d.pages, page)
	d.file.object(page, fmt.Sprintf("<</Type/Page/Parent %s%s%s/Resources%s/Contents %s>>",
		d.nodes[len(d.nodes)-1], g.boxes(), c.blending(), c.resources(), content))
	return d.file.err
}

// Close writes the fonts and what holds the file together.
func (d *Writer) Close() error {
	if len(d.pages) == 0 {
		return tepin.Errorf(tepin.Invalid, "a PDF needs at least one page")
	}
	for _, f := range d.faces {
		if err := d.embed(f); err != nil {
			return err
		}
	}
	info, metadata, catalog := d.file.reserve(), d.file.reserve(), d.file.reserve()
	d.file.object(info, d.info())
	d.file.stream(metadata, "/Type/Metadata/Subtype/XML", []byte(d.xmp()))
	preferences := ""
	if d.options.Title != "" {
		preferences = "/ViewerPreferences<</DisplayDocTitle true>>"
	}
	d.file.object(catalog, fmt.Sprintf("<</Type/Catalog/Pages %s/Metadata %s%s>>", d.pageTree(), metadata, preferences))
	return d.file.finish(catalog, info)
}

// pageTree writes the nodes over the pages and returns the root.
func (d *Writer) pageTree() ref {
	root, parent := d.nodes[0], ""
	if len(d.nodes) > 1 {
		root = d.file.reserve()
		parent = fmt.Sprintf("/Parent %s", root)
		d.file.object(root, fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(d.pages), join(d.nodes)))
	}
	for i, node := range d.nodes {
		kids := d.pages[i*pagesPerNode : min((i+1)*pagesPerNode, len(d.pages))]
		d.file.object(node, fmt.Sprintf("<</Type/Pages%s/Count %d/Kids[%s]>>", parent, len(kids), join(kids)))
	}
	return root
}

func join(refs []ref) string {
	var b strings.Builder
	for i, r := range refs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(r.String())
	}
	return b.String()
}
