package tepin

import "time"

// Limits of every picture, uploaded or made.
const (
	MaxImageSide   = 32_767      // pixels of its width or height
	MaxImagePixels = 100_000_000 // of the whole
)

// Media is an uploaded image (or, later, another asset).
type Media struct {
	ID            MediaID
	EnvironmentID EnvironmentID
	Name          string // without extension
	Extension     string // "jpg"; told from the bytes
	Folder        string
	ContentType   string
	Width         int // pixels, after EXIF orientation
	Height        int
	Blob          BlobRef
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}
