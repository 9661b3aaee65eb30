package document

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

// textContent is a text frame's rules and its tokens.
type textContent struct {
	frame  text.Frame // all but its paragraphs and copyfitting
	tokens []textToken
}

// textToken is one step of a text: the begin of a paragraph, the begin of a span, or
// something in it.
type textToken struct {
	kind  string // "paragraph", "span", "text", "variable", "break"
	text  string
	id    string // of the variable, or of the paragraph or character style
	style *style // local; nil = none
}

func (v value) textContent() *textContent {
	c := &textContent{frame: text.Frame{
		Padding: text.Padding{
			Top: v.get("paddingTop").length(0), Right: v.get("paddingRight").length(0),
			Bottom: v.get("paddingBottom").length(0), Left: v.get("paddingLeft").length(0),
		},
		Columns:   int(min(max(v.get("numberOfColumns").number(1), 1), 10)),
		ColumnGap: max(v.get("columnGap").length(0), 0),
		Clip:      v.get("hasClippingPath").bool(false),
	}}
	switch v.get("verticalAlign").string() {
	case "middle", "center":
		c.frame.Vertical = text.Middle
	case "bottom":
		c.frame.Vertical = text.Bottom
	case "justify":
		c.frame.Vertical = text.JustifyVertically
	}
	switch v.get("textDirection").string() {
	case "leftToRight":
		c.frame.Direction = text.LeftToRight
	case "rightToLeft":
		c.frame.Direction = text.RightToLeft
	}
	c.tokens = v.get("textContent").textTokens()
	return c
}

// textTokens reads the text of a frame: an array of tokens, or, in the oldest
// documents, a string with a JSON object or an XML element in it.
func (v value) textTokens() []textToken {
	if !v.is(str) {
		return v.tokenList()
	}
	flow := strings.TrimSpace(v.unquoted())
	switch {
	case flow == "":
		return nil
	case flow[0] == '<':
		tokens, err := xmlTokens(flow)
		if err != nil {
			v.failf("expected a TextFlow element: %v", err)
		}
		return v.counted(tokens)
	case flow[0] == '{':
		inner, err := scan([]byte(flow))
		if err != nil {
			v.failf("the text within: %v", err)
			return nil
		}
		inner.unit = v.r.unit
		tokens := inner.root().get("textFlow").tokenList()
		if inner.err != nil {
			v.failf("the text within: %v", inner.err)
		}
		return v.counted(tokens)
	}
	return v.counted([]textToken{{kind: "text", text: flow}})
}

// counted checks the number of tokens of an embedded text against the limit.
func (v value) counted(tokens []textToken) []textToken {
	if v.r.textTokens += len(tokens); v.r.textTokens > MaxTextTokens {
		v.failf("more than %d text tokens", MaxTextTokens)
	}
	return tokens
}

func (v value) tokenList() []textToken {
	var tokens []textToken
	for t := range v.elements() {
		if v.r.textTokens++; v.r.textTokens > MaxTextTokens {
			t.failf("more than %d text tokens", MaxTextTokens)
			break
		}
		token := textToken{kind: t.get("type").string()}
		switch token.kind {
		case "paragraph":
			token.id = t.get("paragraphStyleId").id()
		case "span":
			token.id = t.get("characterStyleId").id()
		case "text":
			token.text = t.get("text", "content").string()
		case "variable":
			token.id = t.needID("id")
		case "lineBreak", "softBreak", "softLineBreak", "break", "br":
			token.kind = "break"
		}
		if s := t.get("style"); s.present() {
			local := s.style()
			token.style = &local
		}
		tokens = append(tokens, token)
	}
	return tokens
}

// xmlTokens reads <TextFlow><p …><span …>text<var id="…"/></span></p></TextFlow>.
func xmlTokens(flow string) ([]textToken, error) {
	var tokens []textToken
	d := xml.NewDecoder(strings.NewReader(flow))
	spans := 0
	for depth := 0; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > MaxDepth {
				return nil, tepin.Errorf(tepin.Invalid, "nested more than %d deep", MaxDepth)
			}
			if token, ok := xmlToken(t); ok {
				tokens = append(tokens, token)
			}
			if t.Name.Local == "span" {
				spans++
			}
		case xml.EndElement:
			depth--
			if t.Name.Local == "span" {
				spans--
			}
		case xml.CharData:
			if spans > 0 {
				tokens = append(tokens, textToken{kind: "text", text: string(t)})
			}
		}
		if len(tokens) > MaxTextTokens {
			return nil, tepin.Errorf(tepin.Invalid, "more than %d text tokens", MaxTextTokens)
		}
	}
}

func xmlToken(e xml.StartElement) (textToken, bool) {
	switch e.Name.Local {
	case "p":
		return textToken{kind: "paragraph", id: attribute(e, "my_paragraphStyle"), style: xmlStyle(e)}, true
	case "span":
		return textToken{kind: "span", id: attribute(e, "my_characterStyle"), style: xmlStyle(e)}, true
	case "var":
		return textToken{kind: "variable", id: attribute(e, "id")}, true
	case "br":
		return textToken{kind: "break"}, true
	}
	return textToken{}, false
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// xmlStyle reads the few attributes that such texts have been seen with.
func xmlStyle(e xml.StartElement) *style {
	var s style
	for _, a := range e.Attr {
		value := a.Value
		switch a.Name.Local {
		case "fontFamily":
			s.Font = &value
		case "fontSize":
			if size, ok := parseLength(value); ok {
				s.Size = &size
			}
		case "textAlign":
			s.Align = &value
		case "color":
			if n, err := strconv.ParseUint(strings.TrimPrefix(value, "#"), 16, 24); err == nil {
				c := color.FromRGB8(float64(n>>16), float64(n>>8&255), float64(n&255))
				s.Color = &usage{local: &c, opacity: 1, applied: true}
			}
		}
	}
	return &s
}
