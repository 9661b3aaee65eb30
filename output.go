package tepin

import (
	"fmt"
	"strings"
	"time"
)

// Format is what a render makes.
type Format string

const (
	PNG  Format = "png"
	JPG  Format = "jpg"
	PDF  Format = "pdf"
	GIF  Format = "gif"
	MP4  Format = "mp4"
	HTML Format = "html"
)

// Formats are all formats, in the order in which they are listed.
var Formats = []Format{PNG, JPG, PDF, GIF, MP4, HTML}

// Animated reports whether the format shows a layout's timeline.
func (f Format) Animated() bool { return f == GIF || f == MP4 || f == HTML }

// Pixels reports whether the format is made of pixels, as many as its scaling says.
func (f Format) Pixels() bool { return f == PNG || f == JPG || f == GIF || f == MP4 }

// OutputSettings is a named set of options for one format. Every environment has
// one default for each.
type OutputSettings struct {
	ID            OutputSettingsID
	EnvironmentID EnvironmentID
	Name          string
	Description   string
	Format        Format
	Default       bool
	Watermark     bool
	WatermarkText string
	Scaling       float64 // of pixels: 1 = 72 pixels an inch
	Quality       int     // JPG: 1 to 100
	Bleed         bool    // PDF: bleed box and bleed area are part of the page
	OutputOptions
	CreatedAt time.Time
	Version   int64
}

// OutputOptions are the rest of output settings. The zero value is every option off.
type OutputOptions struct {
	FPS         int        `json:"fps,omitempty"`         // GIF and MP4: pictures a second
	MaxFileSize int64      `json:"maxFileSize,omitempty"` // kilobytes of 1,000 bytes, of each file; 0 = as large as it gets
	Continue    bool       `json:"continue,omitempty"`    // records that fail are left out; else the first one ends the output
	DataSource  bool       `json:"dataSource,omitempty"`  // user interfaces are to send the rows of the document's data source
	OutlineText bool       `json:"outlineText,omitempty"` // PDF: text becomes paths
	CropMarks   *CropMarks `json:"cropMarks,omitempty"`   // PDF; nil = none
	PDFVersion  string     `json:"pdfVersion,omitempty"`  // "1.4" to "1.7"; empty = "1.7"
}

// Limits of output settings.
const (
	MinScaling = 0.01
	MaxScaling = 100
	MaxFPS     = 60 // of MP4
	MaxGIFFPS  = 50 // more a GIF cannot tell
)

// CheckFPS refuses a rate that a format cannot have. Path names what said it.
func CheckFPS(f Format, fps int, path string) error {
	most := MaxFPS
	if f == GIF {
		most = MaxGIFFPS
	}
	if fps < 1 || fps > most {
		return &Error{Kind: Invalid, Path: path, Message: fmt.Sprintf("a %s has 1 to %d frames per second", strings.ToUpper(string(f)), most)}
	}
	return nil
}

// CropMarks are lines at the corners of a page that show where it is to be cut.
type CropMarks struct {
	Offset float64 `json:"offset"` // from the trimmed page, in points
	Weight float64 `json:"weight"` // of the lines, in points
}

// NewOutputSettings are the settings of a format as they are where nothing is said.
func NewOutputSettings(f Format) OutputSettings {
	o := OutputSettings{Format: f, Scaling: 1}
	switch f {
	case JPG:
		o.Quality = 90
	case GIF:
		o.FPS = 25
	case MP4:
		o.FPS = 30
	}
	return o
}

// OutputSettingsUpdate is what output settings become. Their format stays.
type OutputSettingsUpdate struct {
	OutputSettings
	IfVersion *int64
}

// TaskState is how far a task has come.
type TaskState string

const (
	TaskPending    TaskState = "pending"
	TaskProcessing TaskState = "processing"
	TaskFinished   TaskState = "finished"
	TaskFailed     TaskState = "failed"
)

// How long the file of a finished task, and the task itself, can be had.
const (
	OutputKept = 4 * time.Hour
	TaskKept   = 7 * 24 * time.Hour
)

// Task is one render, from request to download.
type Task struct {
	ID            TaskID
	EnvironmentID EnvironmentID
	OwnerKind     ActorKind
	OwnerID       string
	Format        Format
	Name          string // for the file name of the download
	Source        string // "template", "project" or "document"
	State         TaskState
	Request       BlobRef // JSON of package output
	Result        BlobRef // when finished
	ContentType   string
	FileName      string
	ErrorType     string // when failed
	ErrorDetail   string
	Records       int    // that were asked for; without variables, 1
	Successful    int    // of those, the ones that are in the output
	Report        string // JSON: [{recordNumber, errorList:[{type, details}]}]; empty = nothing to report
	Renders       int64  // counted; 0 when watermarked or failed
	Watermarked   bool
	Batch         bool // a PDF of several records; known when it finishes, and not stored
	CreatedAt     time.Time
	ProcessedAt   time.Time
	Quotas        []Standing // of the quotas that it counts for, when it was created; not stored
}

// Job is one piece of background work. It is claimed under a lease and handed out
// again when the lease ends without a result.
type Job struct {
	ID            JobID
	Kind          string // "output"
	EnvironmentID EnvironmentID
	Payload       string // "output": the task id
	Attempt       int    // 1 at the first claim
	MaxAttempts   int
	LeaseUntil    time.Time
}
