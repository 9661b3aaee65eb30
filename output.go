package tepin

import "time"

// Format is what a render makes.
type Format string

const (
	PNG Format = "png"
	JPG Format = "jpg"
	PDF Format = "pdf"
)

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
	Scaling       float64 // PNG and JPG: 1 = 72 pixels an inch
	Quality       int     // JPG: 1 to 100
	Bleed         bool    // PDF: bleed box and bleed area are part of the page
	CreatedAt     time.Time
	Version       int64
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
