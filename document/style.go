package document

import "reflect"

// style is what a paragraph style, a character style or a token of text says about
// its text. What it leaves open (nil) comes from the style beneath.
type style struct {
	Font          *string
	Size          *float64 // points
	LineHeight    *float64 // percent
	TrackingLeft  *float64 // 1/1000 em
	TrackingRight *float64
	BaselineShift *float64 // points
	Kerning       *bool
	Case          *string // "normal", "uppercase", "lowercase"
	Script        *string // "normal", "superscript", "subscript"
	Underline     *bool
	LineThrough   *bool

	Color             *usage
	ColorApplied      *bool
	Background        *usage
	BackgroundApplied *bool

	Align       *string
	AlignLast   *string
	SpaceBefore *float64
	SpaceAfter  *float64
	IndentStart *float64
	IndentEnd   *float64
	IndentFirst *float64

	ListType  *string // "none", "bullet", "number"
	ListGroup *string
	ListLevel *float64
	Bullets   *listStyle
	Numbers   *listStyle
}

// listStyle is how the items of a list are marked.
type listStyle struct {
	bullets   []string    // by level
	numbering []numbering // by level
	left      float64     // points, of each level
	text      *float64    // points from the marker to the text
	character string      // character style of the marker
}

type numbering struct {
	format string // "arabic", "romanUpperCase", …
	symbol string // "none", "dot", …
}

// over returns s with its gaps filled from base.
func (s style) over(base style) style {
	top, bottom := reflect.ValueOf(&s).Elem(), reflect.ValueOf(base)
	for i := range top.NumField() {
		if f := top.Field(i); f.IsNil() {
			f.Set(bottom.Field(i))
		}
	}
	return s
}

// style reads the style keys of an object; an absent one says nothing.
func (v value) style() style {
	if !v.present() {
		return style{}
	}
	return style{
		Font:              v.get("fontKey").optString(),
		Size:              v.get("fontSize").optPlain(),
		LineHeight:        v.get("lineHeight").optPlain(),
		TrackingLeft:      v.get("trackingLeft").optPlain(),
		TrackingRight:     v.get("trackingRight", "letterSpacing").optPlain(),
		BaselineShift:     v.get("baselineShiftValue").optLength(),
		Kerning:           v.get("kerningOn").optBool(),
		Case:              v.get("typographicCase").optString(),
		Script:            v.get("subSuperScript").optString(),
		Underline:         v.get("underline").optBool(),
		LineThrough:       v.get("lineThrough").optBool(),
		Color:             v.get("color").usage(),
		ColorApplied:      v.get("fillColorApplied").optBool(),
		Background:        v.get("backgroundColor").usage(),
		BackgroundApplied: v.get("backgroundColorApplied").optBool(),
		Align:             v.get("textAlign").optString(),
		AlignLast:         v.get("textAlignLast").optString(),
		SpaceBefore:       v.get("spaceBefore", "paragraphSpaceBefore").optLength(),
		SpaceAfter:        v.get("spaceAfter", "paragraphSpaceAfter").optLength(),
		IndentStart:       v.get("indentStart", "startIndent", "paragraphIndentStart", "paragraphStartIndent").optLength(),
		IndentEnd:         v.get("indentEnd", "endIndent", "paragraphIndentEnd", "paragraphEndIndent").optLength(),
		IndentFirst:       v.get("textIndent").optLength(),
		ListType:          v.get("markedListType").optString(),
		ListGroup:         v.get("markedListGroup").optString(),
		ListLevel:         v.get("markedListLevel").optNumber(),
		Bullets:           v.get("bulletListStyle").listStyle(),
		Numbers:           v.get("numericListStyle").listStyle(),
	}
}

// optPlain returns a number that has no unit; old documents write some as a text
// with one ("0 mm").
func (v value) optPlain() *float64 {
	if v.is(str) {
		return v.optLength()
	}
	return v.optNumber()
}

func (v value) listStyle() *listStyle {
	if !v.present() {
		return nil
	}
	l := &listStyle{
		left:      v.get("leftIndent").length(0),
		text:      v.get("textIndent").optLength(),
		character: v.get("characterStyleId").id(),
	}
	for m := range v.get("bulletMarks").elements() {
		l.bullets = append(l.bullets, m.string())
	}
	for n := range v.get("numberingStyle").elements() {
		l.numbering = append(l.numbering, numbering{n.get("format").string(), n.get("symbol").string()})
	}
	return l
}
