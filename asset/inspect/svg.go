package inspect

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// Limits of an SVG, which has to be read whole.
const (
	MaxSVG   = 32 << 20 // bytes
	maxDepth = 200      // of elements in each other
)

// readSVG reads the drawing's size, and refuses what an SVG could do beside being drawn:
// entities (which expand), scripts, and pages inside. What it refers to outside itself is
// never fetched, by nobody; how much that is, is told.
func readSVG(f file, info *Info) error {
	if f.Size() > MaxSVG {
		return tepin.Errorf(tepin.Unprocessable, "the SVG is larger than %d MB; take the pictures inside it out, or upload it as PDF", MaxSVG>>20)
	}
	s := svgReader{info: info}
	d := xml.NewDecoder(io.NewSectionReader(f, 0, f.Size()))
	d.CharsetReader = charset
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return xmlError(err)
		}
		if err := s.token(token); err != nil {
			return err
		}
	}
	if !s.root {
		return notSVG()
	}
	if s.outside > 0 {
		info.say("externalReferences", strconv.Itoa(s.outside))
	}
	return nil
}

// charset reads the encodings of XML beside UTF-8 that are bytes for characters.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1", "windows-1252":
		b, err := io.ReadAll(in) // of at most MaxSVG
		return strings.NewReader(latin(b)), err
	}
	return nil, tepin.Errorf(tepin.Unprocessable, "the SVG is in the encoding %q; save it in UTF-8", tepin.Shorten(label, 40))
}

func xmlError(err error) error {
	if said, ok := errors.AsType[*tepin.Error](err); ok {
		return said
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		if strings.Contains(syntax.Msg, "entity") {
			return noEntities()
		}
		return &tepin.Error{Kind: tepin.Unprocessable, Message: "the SVG is not well-formed XML: line " + strconv.Itoa(syntax.Line) + " is wrong, or the file is cut off", Cause: err}
	}
	if strings.HasPrefix(err.Error(), "xml:") {
		for _, said := range []string{"only UTF-8", "encoding", "version"} {
			if strings.Contains(err.Error(), said) {
				return &tepin.Error{Kind: tepin.Unprocessable, Message: "the SVG is in an encoding or XML version that is not taken; save it as XML 1.0 in UTF-8", Cause: err}
			}
		}
	}
	return err
}

func notSVG() error {
	return tepin.Errorf(tepin.Unprocessable, "the file is markup, but not SVG; upload %s", Accepted)
}

func noEntities() error {
	return tepin.Errorf(tepin.Unprocessable, "the SVG declares or uses XML entities, which are not taken; export it without them (in Illustrator: without preserving its editing capabilities)")
}

func noScript(what string) error {
	return tepin.Errorf(tepin.Unprocessable, "the SVG holds %s; pictures with scripts are not taken: export it without", what)
}

type svgReader struct {
	info    *Info
	root    bool // it has begun
	depth   int
	style   int // depth of the style element that is open, 0 = none
	outside int // references to what is not in the file
}

func (s *svgReader) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return s.start(t)
	case xml.EndElement:
		if s.style == s.depth {
			s.style = 0
		}
		s.depth--
	case xml.CharData:
		if s.style > 0 {
			return s.css(string(t))
		}
	case xml.Directive:
		upper := bytes.ToUpper(t)
		if !bytes.HasPrefix(upper, []byte("DOCTYPE")) || bytes.ContainsAny(t, "[<&%") {
			return noEntities()
		}
	case xml.ProcInst:
		if t.Target == "xml-stylesheet" {
			if bytes.Contains(bytes.ToLower(t.Inst), []byte("xsl")) {
				return noScript("an XSLT style sheet")
			}
			s.outside++
		}
	}
	return nil
}

func (s *svgReader) start(e xml.StartElement) error {
	if s.depth++; s.depth > maxDepth {
		return tepin.Errorf(tepin.Unprocessable, "the SVG is nested deeper than %d elements", maxDepth)
	}
	name := strings.ToLower(e.Name.Local)
	if !s.root {
		if name != "svg" || e.Name.Space != "" && e.Name.Space != "http://www.w3.org/2000/svg" {
			return notSVG()
		}
		s.root = true
		s.size(e.Attr)
	}
	switch name {
	case "script", "handler", "listener":
		return noScript("a script")
	case "iframe", "embed", "object", "frame", "base", "link", "meta":
		return noScript("a part of a web page (" + name + ")")
	case "style":
		s.style = s.depth
	}
	for _, a := range e.Attr {
		if err := s.attribute(name, strings.ToLower(a.Name.Local), a.Value); err != nil {
			return err
		}
	}
	return nil
}

func (s *svgReader) attribute(element, name, value string) error {
	if strings.HasPrefix(name, "on") && len(name) > 2 {
		return noScript("the event handler " + tepin.Shorten(name, 40))
	}
	bare := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, value[:min(len(value), 4096)]))
	switch name {
	case "attributename":
		if strings.HasPrefix(bare, "on") {
			return noScript("an animation of an event handler")
		}
	case "href", "src", "to", "from", "by", "values", "action", "formaction":
		for _, scheme := range []string{"javascript:", "vbscript:", "data:text/html", "data:text/xml", "data:application/x"} {
			if strings.Contains(bare, scheme) {
				return noScript("a link that runs a script")
			}
		}
		if element != "a" && (name == "href" || name == "src") && leaves(bare) {
			s.outside++
		}
	case "style", "fill", "stroke", "filter", "mask", "clip-path", "cursor":
		return s.css(value)
	}
	return nil
}

// leaves reports whether a reference leads out of the file.
func leaves(bare string) bool {
	return bare != "" && bare[0] != '#' && !strings.HasPrefix(bare, "data:")
}

// css counts what a style refers to outside.
func (s *svgReader) css(text string) error {
	text = strings.ReplaceAll(strings.ToLower(text), "@import url(", "url(")
	s.outside += strings.Count(text, "@import")
	for {
		_, rest, ok := strings.Cut(text, "url(")
		if !ok {
			return nil
		}
		if leaves(strings.TrimLeft(rest[:min(len(rest), 64)], " \t\r\n'\"")) {
			s.outside++
		}
		text = rest
	}
}

// size reads how large the drawing is shown (SVG 2 §8.2), in pixels of 1/96 inch.
func (s *svgReader) size(attributes []xml.Attr) {
	given := map[string]string{}
	for _, a := range attributes {
		if a.Name.Space == "" {
			given[a.Name.Local] = a.Value
		}
	}
	width, height := length(given["width"]), length(given["height"])
	if box := numbers(given["viewBox"], 4); box != nil && box[2] > 0 && box[3] > 0 {
		switch {
		case width == 0 && height == 0:
			width, height = box[2], box[3]
		case width == 0:
			width = height * box[2] / box[3]
		case height == 0:
			height = width * box[3] / box[2]
		}
	}
	s.info.drawn(width, height, "px")
}

// length reads a CSS length in pixels; 0 = a percentage, or none.
func length(text string) float64 {
	text = strings.ToLower(strings.TrimSpace(text))
	for unit, pixels := range map[string]float64{"px": 1, "pt": 96. / 72, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96, "em": 16, "ex": 8, "q": 96 / 101.6} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			if v := numbers(number, 1); v != nil {
				return max(0, v[0]*pixels)
			}
		}
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil && v > 0 {
		return v
	}
	return 0
}
