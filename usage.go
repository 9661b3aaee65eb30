package tepin

import "time"

// RenderCount is the number of renders of one environment and format on one day.
type RenderCount struct {
	EnvironmentID EnvironmentID
	Day           time.Time // UTC midnight
	Format        Format
	Renders       int64
	Watermarked   int64
}

// StorageCategory is what stored bytes count as.
type StorageCategory string

const (
	StoredAssets    StorageCategory = "assets"    // media
	StoredDocuments StorageCategory = "documents" // of templates, projects and components
	StoredFonts     StorageCategory = "fonts"
	StoredCache     StorageCategory = "cache" // previews: what can be made again
	StoredOther     StorageCategory = "other" // orders and results of renders
)
