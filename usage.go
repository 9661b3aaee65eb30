package tepin

import "time"

// RenderCount is the number of renders of one environment and kind on one day.
type RenderCount struct {
	EnvironmentID EnvironmentID
	Day           time.Time // UTC midnight
	Format        Format    // or [Batch]
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

// Batch is what PDFs of several records count as, beside the formats.
const Batch Format = "batch"

// RenderKind is what renders count as in reports of usage.
type RenderKind string

const (
	RenderPDF   RenderKind = "Pdf"
	RenderImage RenderKind = "Image"
	RenderBatch RenderKind = "Batch"
	RenderAI    RenderKind = "AI"
	RenderHTML  RenderKind = "HTML"
	RenderMP4   RenderKind = "MP4"
	RenderOther RenderKind = "Other"
)

// RenderKinds are all kinds, in the order of reports.
var RenderKinds = []RenderKind{RenderPDF, RenderImage, RenderBatch, RenderAI, RenderHTML, RenderMP4, RenderOther}

// Kind is what a render of the format counts as.
func (f Format) Kind() RenderKind {
	switch f {
	case "pdf":
		return RenderPDF
	case "png", "jpg", "image":
		return RenderImage
	case Batch:
		return RenderBatch
	case "ai":
		return RenderAI
	case "html":
		return RenderHTML
	case "mp4":
		return RenderMP4
	}
	return RenderOther
}

// StorageCategories are all categories, in the order of reports.
var StorageCategories = []StorageCategory{StoredAssets, StoredDocuments, StoredFonts, StoredCache, StoredOther}

// Storage is what an environment stores, in bytes by category.
type Storage map[StorageCategory]int64

// Total is all of it.
func (s Storage) Total() (sum int64) {
	for _, n := range s {
		sum += n
	}
	return sum
}

// RollingAverage is how many renders a month the counts come to: over the given number of
// whole months (UTC) before now's, or over those since began where there are fewer. In the
// first month, it is what that has come to so far.
func RollingAverage(counts []RenderCount, began, now time.Time, months int) float64 {
	month := func(t time.Time) int { return t.UTC().Year()*12 + int(t.UTC().Month()) }
	this := month(now)
	first := max(this-months, month(began))
	var sum int64
	for _, c := range counts {
		if m := month(c.Day); m >= first && (m < this || first == this) {
			sum += c.Renders
		}
	}
	return float64(sum) / float64(max(this-first, 1))
}
