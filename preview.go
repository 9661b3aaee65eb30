package tepin

import "time"

// PreviewType says how large a preview is, or in which form.
type PreviewType string

// The types. Of media there are all but the last two, of templates and projects the
// first three, of fonts the last two.
const (
	PreviewThumbnail       PreviewType = "thumbnail"
	PreviewMedium          PreviewType = "medium"
	PreviewHighest         PreviewType = "highest"
	PreviewX4096           PreviewType = "x4096"
	PreviewHighestOrVector PreviewType = "highestOrVector" // of a vector file the PDF, else highest
	PreviewFullOrVector    PreviewType = "fullOrVector"    // of a vector file the PDF, else the original
	PreviewSquare          PreviewType = "square"          // of a font: a few letters
	PreviewLine            PreviewType = "line"            // of a font: its name
)

// PreviewKind is what a preview is of.
type PreviewKind string

const (
	PreviewOfMedia    PreviewKind = "media"
	PreviewOfFont     PreviewKind = "font"
	PreviewOfTemplate PreviewKind = "template"
	PreviewOfProject  PreviewKind = "project"
)

// Preview is a picture of something, one that is being made, or the reason why there
// is none. It can be lost at any time and made again.
type Preview struct {
	ID            PreviewID
	EnvironmentID EnvironmentID
	Kind          PreviewKind
	SubjectID     string // of the media file, font style, template or project
	Slot          string // type, layout and page: of one slot, a newer preview takes the place of the older
	Key           string // hash of all that decides what it looks like; one preview has it in an environment
	State         TaskState
	Request       string // JSON of package preview: what is to be drawn
	Uses          string // JSON of package output: the fonts and images that were drawn, as they were
	Blob          BlobRef
	ContentType   string
	ErrorType     string // when failed
	ErrorDetail   string
	Report        string // JSON, as of a [Task]
	CreatedAt     time.Time
	UsedAt        time.Time // about when somebody last looked at it
}
