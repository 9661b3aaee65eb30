package tepin

import "time"

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
