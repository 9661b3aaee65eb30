package output

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/document"
	"github.com/tepin/tepin/render/animation"
	"github.com/tepin/tepin/sandbox"
)

// plan is what reading a document tells about a job.
type plan struct {
	LayoutIDs []string `json:"layoutIds"` // those to render, told by id
	Needs     []need   `json:"needs"`
	Sizes     []size   `json:"sizes"`
	Pages     []string `json:"pages"` // ids, as Sizes has them
}

// size is a page's, in points, and how long its layout lasts.
type size struct {
	Layout        string
	Width, Height float64
	Timeline      animation.Timeline
}

// CheckDocument refuses what is no document that we can read; the error names the
// JSON path.
func CheckDocument(raw []byte) error {
	_, err := inspect(context.Background(), job{Document: raw})
	return err
}

// NewProjectDocument makes a project's document of a template's.
func NewProjectDocument(template []byte, id tepin.TemplateID) ([]byte, error) {
	return document.NewProject(template, string(id))
}

// ComponentSize is the size that a component is placed in where nobody says another.
func ComponentSize(raw []byte) (tepin.Dimensions, error) { return document.Dimensions(raw) }

// References lists the media and the font styles that a document says it needs.
func References(raw []byte) (media, fonts []string, err error) {
	list, err := document.References(raw)
	for _, ref := range list {
		if ref.Kind == document.FontReference {
			fonts = append(fonts, ref.ID)
		} else {
			media = append(media, ref.ID)
		}
	}
	return media, fonts, err
}

// Relink returns a document that has other ids for media and font styles, by what it calls
// them.
func Relink(raw []byte, media, fonts map[string]string) ([]byte, error) {
	ids := map[document.Reference]string{}
	for old, id := range media {
		ids[document.Reference{Kind: document.MediaReference, ID: old}] = id
	}
	for old, id := range fonts {
		ids[document.Reference{Kind: document.FontReference, ID: old}] = id
	}
	return document.Relink(raw, ids)
}

// inspect plans a job, in a child unless it is little work: each layout is resolved
// with each record, so that a short request for a small document can be long work.
func inspect(ctx context.Context, j job) (plan, error) {
	work := len(j.Document) * max(1, len(j.LayoutIDs)) * j.count()
	if work <= inProcess || !json.Valid(j.Document) {
		return planJob(j)
	}
	var p plan
	err := sandbox.Run(ctx, "inspect",
		func(w io.Writer) error { return json.NewEncoder(w).Encode(j) },
		func(r io.Reader) error { return json.NewDecoder(r).Decode(&p) },
		inspectLimits)
	return p, err
}

func inspectChild(in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return err
	}
	p, err := planJob(j)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(p)
}

// planJob reads the document and resolves each layout once.
func planJob(j job) (plan, error) {
	doc, err := document.Parse(j.Document)
	if err != nil {
		return plan{}, err
	}
	p := plan{LayoutIDs: j.LayoutIDs}
	asked := map[string]bool{} // the document's layouts, and whether they were met in the request
	var selected string
	for _, l := range doc.Layouts() {
		asked[l.ID] = false
		if l.Default {
			selected = l.ID
		}
	}
	if len(asked) == 0 {
		return plan{}, &tepin.Error{Kind: tepin.Invalid, Path: "$.layouts", Message: "the document has no layouts; a document needs one at least"}
	}
	if len(p.LayoutIDs) == 0 {
		p.LayoutIDs = []string{selected}
	}
	seen := map[need]bool{}
	for _, layout := range p.LayoutIDs {
		twice, known := asked[layout]
		if !known {
			return plan{}, &tepin.Error{Kind: tepin.Invalid, Path: "layoutsToExport", Message: fmt.Sprintf("the document has no layout with the id %.60q; it has %s", layout, layoutList(doc.Layouts()))}
		}
		if twice {
			return plan{}, &tepin.Error{Kind: tepin.Invalid, Path: "layoutsToExport", Message: fmt.Sprintf("the layout %.60q is named twice", layout)}
		}
		asked[layout] = true
		if err := p.add(doc, layout, j, seen); err != nil {
			return plan{}, err
		}
	}
	return p, nil
}

// layoutList names the layouts that can be asked for, as far as there is room.
func layoutList(all []document.LayoutInfo) string {
	var list []string
	for _, l := range all {
		if len(list) == maxListed {
			list = append(list, fmt.Sprintf("%d more", len(all)-maxListed))
			break
		}
		list = append(list, fmt.Sprintf("%.60q (%.60s)", l.ID, l.Name))
	}
	return strings.Join(list, ", ")
}

// maxListed bounds the layouts that a refusal lists.
const maxListed = 20

// add plans one layout with all its records.
func (p *plan) add(doc *document.Document, layout string, j job, seen map[need]bool) error {
	for i, values := range j.records() {
		filled, err := doc.With(values)
		if err != nil {
			return inRecord(err, i, len(j.Variables))
		}
		for _, a := range filled.Assets(layout) {
			n := need{Kind: a.Kind, Key: a.Key, ID: a.ID, Name: a.Name, Connector: a.Source, Context: a.Context}
			if !seen[n] {
				seen[n] = true
				p.Needs = append(p.Needs, n)
			}
		}
	}
	pages, _, err := doc.Pages(layout, nil)
	if err != nil {
		return err
	}
	timeline, _, err := doc.Timeline(layout)
	if err != nil {
		return err
	}
	timeline.Bars = nil // its length will do
	for _, page := range pages {
		p.Pages = append(p.Pages, page.ID)
		p.Sizes = append(p.Sizes, size{Layout: layout, Width: page.Width, Height: page.Height, Timeline: timeline})
	}
	return nil
}

// inRecord says in which record of several an error is.
func inRecord(err error, i, of int) error {
	said, ok := err.(*tepin.Error)
	if !ok || of == 0 {
		return err
	}
	copied := *said
	copied.Path = fmt.Sprintf("variables[%d]%s", i, dotted(said.Path))
	return &copied
}

func dotted(path string) string {
	if path == "" {
		return ""
	}
	return "." + string(bytes.TrimPrefix([]byte(path), []byte("$.")))
}
