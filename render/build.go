package render

import (
	"fmt"
	"math"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

// Limits of a page. What exceeds them is left out and reported.
const (
	MaxFrames         = 20_000
	MaxPageCharacters = 1_000_000
	MaxSides          = 1000 // of a polygon
)

// Assets is what a page is built with.
type Assets struct {
	Fonts  text.Fonts
	Images map[string]ImageInfo

	// Absent are the pictures, by their keys, of which it is known that they are not to be
	// had: an empty box stands in for each, and nothing is reported.
	Absent map[string]bool
}

// ImageInfo is the size of a picture in pixels, upright. A key without one, or with a
// size of 0, is a picture that could not be loaded.
type ImageInfo struct{ Width, Height int }

// Build turns a page into drawing operations. What cannot be drawn as meant is drawn
// as well as can be and reported.
func Build(p Page, a Assets) (List, []Issue) {
	b := builder{assets: a}
	b.list = List{Width: p.Width, Height: p.Height, Bleed: p.Bleed}
	if p.Background != nil {
		b.fill(rectangle(-p.Bleed.Left, -p.Bleed.Top,
			p.Width+p.Bleed.Left+p.Bleed.Right, p.Height+p.Bleed.Top+p.Bleed.Bottom), *p.Background)
	}
	for i := range p.Frames {
		if i == MaxFrames {
			b.issue(&p.Frames[i], "TooManyFrames", "the page has %d frames; only the first %d are drawn", len(p.Frames), MaxFrames)
			break
		}
		b.frame(&p.Frames[i])
	}
	return b.list, b.issues
}

// builder is one run of Build.
type builder struct {
	assets     Assets
	list       List
	issues     []Issue
	characters int
}

func (b *builder) issue(f *Frame, kind, format string, args ...any) {
	details := fmt.Sprintf(format, args...)
	if f.Name != "" {
		details = fmt.Sprintf("frame %q: %s", tepin.Shorten(f.Name, 80), details)
	}
	b.issues = append(b.issues, Issue{Type: kind, FrameID: f.ID, Details: details})
}

func (b *builder) op(o Op) { b.list.Ops = append(b.list.Ops, o) }

func (b *builder) fill(p Path, c color.Color) {
	if c.Alpha > 0 && len(p.Verbs) > 0 {
		b.op(Op{Path: &PathOp{Path: p, Color: c}})
	}
}

// frame draws one frame as a group of its own, the origin at its top left corner.
func (b *builder) frame(f *Frame) {
	opacity := min(f.Opacity, 1)
	if !(opacity > 0) || !finite(f.X, f.Y, f.Width, f.Height, f.Rotation) || f.Width < 0 || f.Height < 0 {
		return
	}
	before := len(b.list.Ops)
	push := &Push{Matrix: Translate(f.X, f.Y).Mul(rotateAbout(f.Rotation, f.Width/2, f.Height/2)), Opacity: opacity, Frame: f.ID}
	b.op(Op{Push: push})
	switch {
	case f.Text != nil:
		b.text(f, push)
	case f.Image != nil:
		b.image(f)
	case f.Shape != nil:
		b.shape(f.Shape, f.Width, f.Height)
	}
	if len(b.list.Ops) == before+1 {
		b.list.Ops = b.list.Ops[:before]
		return
	}
	b.op(Op{Pop: true})
}

func (b *builder) shape(s *Shape, width, height float64) {
	outline := s.path(width, height)
	if s.Fill != nil {
		b.fill(outline, *s.Fill)
	}
	b.stroke(s, outline)
}

func (b *builder) stroke(s *Shape, outline Path) {
	if s.Stroke != nil && s.Stroke.Alpha > 0 && s.StrokeWidth > 0 && finite(s.StrokeWidth) {
		b.op(Op{Path: &PathOp{Path: outline, Color: *s.Stroke, Width: s.StrokeWidth}})
	}
}

// image draws the frame's fill, the picture within the frame's outline, its border.
func (b *builder) image(f *Frame) {
	im := f.Image
	outline := im.Shape.path(f.Width, f.Height)
	if im.Shape.Fill != nil {
		b.fill(outline, *im.Shape.Fill)
	}
	switch {
	case im.Key == "" || f.Width <= 0 || f.Height <= 0:
	case b.assets.Absent[im.Key]:
		b.placeholder(outline, f.Width, f.Height)
	default:
		info := b.assets.Images[im.Key]
		if info.Width > 0 && info.Height > 0 {
			b.op(Op{Push: &Push{Matrix: Identity, Clip: &outline, Opacity: 1}})
			b.op(Op{Image: &ImageOp{Key: im.Key, Matrix: im.place(info, f.Width, f.Height)}})
			b.op(Op{Pop: true})
		} else {
			b.issue(f, "ImageLoadFailed", "the image %q could not be loaded; upload it to the environment's media, or choose another", im.Key)
		}
	}
	b.stroke(&im.Shape, outline)
}

// placeholder is what designers draw where a picture will be: a box with its diagonals.
func (b *builder) placeholder(outline Path, width, height float64) {
	gray := func(v float64) color.Color { return color.Color{Space: color.Gray, V: [4]float64{v}, Alpha: 1} }
	b.op(Op{Push: &Push{Matrix: Identity, Clip: &outline, Opacity: 1}})
	b.fill(rectangle(0, 0, width, height), gray(0.9))
	cross := Path{Verbs: []Verb{MoveTo, LineTo, MoveTo, LineTo}, Points: []Point{{}, {X: width, Y: height}, {X: width}, {Y: height}}}
	b.op(Op{Path: &PathOp{Path: cross, Color: gray(0.7), Width: max(width, height) / 200}})
	b.op(Op{Pop: true})
}

// place returns the matrix that puts the picture's unit square into the frame.
func (im *Image) place(info ImageInfo, width, height float64) Matrix {
	if im.Fit == FitCrop {
		c := im.Crop
		if finite(c.X, c.Y, c.Width, c.Height, c.Rotation) && c.Width != 0 && c.Height != 0 {
			return Translate(c.X, c.Y).Mul(rotateAbout(c.Rotation, c.Width/2, c.Height/2)).Mul(Scale(c.Width, c.Height))
		}
	}
	scaleX, scaleY := width/float64(info.Width), height/float64(info.Height)
	scale := max(scaleX, scaleY)
	if im.Fit == FitFit {
		scale = min(scaleX, scaleY)
	}
	w, h := scale*float64(info.Width), scale*float64(info.Height)
	return Translate((width-w)*fraction(im.AlignX), (height-h)*fraction(im.AlignY)).Mul(Scale(w, h))
}

func (b *builder) text(f *Frame, push *Push) {
	for _, p := range f.Text.Paragraphs {
		for _, r := range p.Runs {
			b.characters += len(r.Text)
		}
	}
	if b.characters > MaxPageCharacters {
		b.issue(f, "TextOverflow", "the page has more than %d characters; the text of this frame is left out", MaxPageCharacters)
		return
	}
	set, err := text.Layout(*f.Text, f.Width, f.Height, b.assets.Fonts)
	if err != nil {
		b.issue(f, "TextOverflow", "%s", err)
		return
	}
	for _, key := range set.UnknownFonts {
		b.issue(f, "FontLoadFailed", "the font %q could not be loaded; another one stands in for it", key)
	}
	if len(set.Missing) > 0 {
		b.issue(f, "MissingCharacter", "no font has the characters %q", string(set.Missing[:min(len(set.Missing), 50)]))
	}
	if set.Overflow {
		b.issue(f, "TextOverflow", "the text does not fit its frame")
	}
	if f.Text.Clip {
		clip := rectangle(0, 0, f.Width, f.Height)
		push.Clip = &clip
	}
	for i := range set.Lines {
		b.rects(set.Lines[i].Backgrounds)
	}
	for i := range set.Lines {
		b.line(&set.Lines[i])
	}
}

func (b *builder) line(l *text.Line) {
	b.rects(l.Underlines)
	for i := range l.Spans {
		s := &l.Spans[i]
		if s.Color.Alpha > 0 && s.Size > 0 {
			b.op(Op{Glyphs: &GlyphsOp{Font: s.Font, Size: s.Size, Color: s.Color, Glyphs: s.Glyphs, Text: s.Text}})
		}
	}
	b.rects(l.Strikes)
}

func (b *builder) rects(rects []text.Rect) {
	for _, r := range rects {
		if r.Width > 0 && r.Height > 0 {
			b.fill(rectangle(r.X, r.Y, r.Width, r.Height), r.Color)
		}
	}
}

func finite(values ...float64) bool {
	const limit = 1e7
	for _, v := range values {
		if !(math.Abs(v) <= limit) {
			return false
		}
	}
	return true
}

// fraction returns v within 0 and 1.
func fraction(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}
