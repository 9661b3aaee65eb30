// Package render turns laid-out pages into display lists. It is pure: no I/O, no
// clock, no goroutines; it compiles to WebAssembly, so that the browser and the
// server show the same.
//
// The way is: a [Page] (what package document resolves a layout to) → [Build] → a
// [List] of drawing operations → package raster (pixels) or package pdf (vectors).
package render

import (
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

// Page is one page to draw. Lengths are points (1/72 inch), x to the right, y down,
// the origin at the trimmed page's top left corner.
type Page struct {
	ID         string
	Width      float64
	Height     float64
	Bleed      Edges        // beyond the trimmed page; drawn only where the output asks for it
	Background *color.Color // nil = none: transparent in PNG, white in JPG, paper in PDF
	Frames     []Frame      // the first is at the bottom
}

// Edges are four distances in points.
type Edges struct{ Top, Right, Bottom, Left float64 }

// Frame is one element of a page. Exactly one of Text, Image and Shape is set.
type Frame struct {
	ID       string
	Name     string
	X, Y     float64 // top left corner before rotation
	Width    float64
	Height   float64
	Rotation float64 // degrees clockwise about the frame's centre
	Opacity  float64 // 0 to 1, of the frame as a group
	Text     *text.Frame
	Image    *Image
	Shape    *Shape
}

// Fit is how an image is brought to its frame's size.
type Fit uint8

const (
	FitFill Fit = iota // covers the frame, the rest is cut off
	FitFit             // wholly visible, may leave room
	FitCrop            // Crop tells the part that is shown
)

// Image is a frame with a picture, clipped to its shape.
type Image struct {
	Key    string // names the bytes in [Assets].Images; empty = an empty frame: nothing but the border is drawn
	Fit    Fit
	AlignX float64 // 0 = left, 0.5 = centre, 1 = right
	AlignY float64 // 0 = top, 0.5 = middle, 1 = bottom
	Crop   Crop    // with FitCrop
	Shape  Shape   // the frame's outline: clip, and border if it has a stroke; its fill is drawn beneath
}

// Crop places an image in its frame: the image's box in points relative to the
// frame's top left corner, turned about the box's centre.
type Crop struct{ X, Y, Width, Height, Rotation float64 }

// Outline is the form of a shape.
type Outline uint8

const (
	Rectangle Outline = iota
	Ellipse
	Polygon
)

// Shape is an outline that fills its frame.
type Shape struct {
	Outline     Outline
	Radii       [4]float64   // rectangle: top left, top right, bottom right, bottom left, in points
	Sides       int          // polygon: 3 or more; the first corner is at the top
	Fill        *color.Color // nil = none
	Stroke      *color.Color // nil = none
	StrokeWidth float64      // points, centred on the outline
}

// Issue is something that went wrong while a page was built and that does not stop it.
type Issue struct {
	Type    string // "TextOverflow", "FontLoadFailed", "ImageLoadFailed", "MissingCharacter"
	FrameID string
	Details string
}
