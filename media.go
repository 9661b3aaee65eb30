package tepin

import "time"

// Limits of every picture, uploaded or made.
const (
	MaxImageSide   = 32_767      // pixels of its width or height
	MaxImagePixels = 100_000_000 // of the whole
)

// Media is an uploaded file: a picture, a drawing or a document of pages.
type Media struct {
	ID            MediaID
	EnvironmentID EnvironmentID
	Name          string // without extension
	Extension     string // "jpg"; told from the bytes
	Folder        string
	ContentType   string // of the bytes; "application/pdf" also of an Illustrator file that is a PDF inside
	Width         int    // as it is shown, upright: pixels; of PDF, EPS and AI points of 1/72 inch, of SVG pixels of 1/96 inch; 0 = not known
	Height        int
	Pages         int               // of a PDF or a TIFF; 1 of all others; 0 = not known
	Facts         map[string]string // what the bytes say of themselves, as docs/media.md lists it; nil = nothing
	Own           map[string]string // what people added to it; nil = nothing
	Blob          BlobRef
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// MediaUpdate changes the fields that are not nil.
type MediaUpdate struct {
	Name         *string
	Folder       *string
	Own          map[string]*string // sets these; nil takes one away
	SubjectTypes []DefinitionID     // those that the picture shows; not nil = these and no others
	Bytes        *Media             // other bytes: its Blob, and what is told from them
	IfVersion    *int64
}

// MaxOwn is how many texts people can add to a media file.
const MaxOwn = 50

// Content types of media that are drawn, and have no pixels of their own.
const (
	TypeSVG        = "image/svg+xml"
	TypePDF        = "application/pdf"
	TypePostScript = "application/postscript" // EPS, and AI files of old
	TypePhotoshop  = "image/vnd.adobe.photoshop"
)

// IsVector reports whether a file is drawn at whatever size is asked for.
func (m Media) IsVector() bool {
	return m.ContentType == TypeSVG || m.ContentType == TypePDF || m.ContentType == TypePostScript
}
