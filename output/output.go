// Package output is the life of a render: [Service.Request] checks an order and
// queues it, [Service.Run] performs it in a child process, [Service.Open] gives the
// file out. It decides what is watermarked and how renders are counted.
package output

import (
	"encoding/json"
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/store"
)

// Limits of one render. docs/limits.md lists them for operators.
const (
	MaxRecords     = 10_000    // rows of variables
	MaxAssetBytes  = 256 << 20 // fonts and encoded images that one render may need
	MaxOutputBytes = 1 << 30   // of all files that one render makes
	MaxFiles       = 50_000    // that one render makes
	inProcess      = 1 << 20   // bytes of a document, times layouts, times records, planned without a child
)

// Limits of an animation.
const (
	MaxTimeline        = 2 * time.Minute
	MaxFrames          = 3_600          // of one file
	MaxAnimationSide   = 4_096          // pixels
	MaxAnimationPixels = 4_000_000_000  // of all frames of one file together
	maxAnimatedPixels  = 20_000_000_000 // of all frames of one output together
	stillVideo         = time.Second    // how long a video lasts of a layout without a timeline
)

// renderLimits bound a render child, inspectLimits one that only reads a document.
var (
	renderLimits  = sandbox.Limits{Memory: 1 << 30, CPU: 5 * time.Minute, Wall: 10 * time.Minute, Output: MaxOutputBytes + 1<<20}
	videoLimits   = sandbox.Limits{Memory: 1 << 30, CPU: 10 * time.Minute, Wall: 10 * time.Minute, Output: 256 << 20}
	inspectLimits = sandbox.Limits{Memory: 512 << 20, CPU: 20 * time.Second, Wall: time.Minute, Output: 16 << 20}
)

// Service takes orders and performs them.
type Service struct {
	Store *store.Store
	Asset *asset.Service
	Wake  func()           // tells the job runner that there is work; may be nil
	Now   func() time.Time // nil = time.Now

	Connectors Connectors // may be empty: then there are none

	FFmpeg string // path of the program that makes MP4 files; "" = there is none

	running sync.Map // tepin.TaskID → context.CancelFunc
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Order is what a caller wants rendered. The document is Document if it is given,
// else the project's, else the template's.
type Order struct {
	Format     tepin.Format
	LayoutIDs  []string // empty = the layout that the document has selected
	Document   []byte
	TemplateID tepin.TemplateID
	ProjectID  tepin.ProjectID
	SettingsID tepin.OutputSettingsID // empty = the environment's default for the format
	Scaling    float64                // of pixel formats; 0 = as the settings say
	FPS        int                    // of GIF and MP4; 0 = as the settings say
	PDFVersion string                 // empty = as the settings say
	PerFile    int                    // records of one PDF; 0 = all
	Data       *DataSource            // where the variables come from instead; nil = nowhere
	Variables  []map[string]any       // one record each; a name that is left out keeps the previous record's value
	Name       string                 // of the file; empty = of the project or template
}

// job is a render as it is queued: everything that it needs but the bytes of fonts
// and images. It is stored as JSON beside its task.
type job struct {
	Document  json.RawMessage     `json:"document"`
	LayoutIDs []string            `json:"layoutIds"`
	Format    tepin.Format        `json:"format"`
	Scaling   float64             `json:"scaling"`
	Quality   int                 `json:"quality"`
	Bleed     bool                `json:"bleed"`
	Options   tepin.OutputOptions `json:"options"`
	PerFile   int                 `json:"perFile"` // records of one PDF; 0 = all
	Several   bool                `json:"several"` // files, or files in folders: the output is an archive
	Raw       int64               `json:"raw"`     // bytes of pictures that become videos
	Watermark string              `json:"watermark"`
	Variables []map[string]any    `json:"variables"`
	Name      string              `json:"name"`
	Created   time.Time           `json:"created"`
	Needs     []need              `json:"needs"`
	Data      *DataSource         `json:"data,omitempty"`   // where Variables are to come from; nil = they are there
	Page      string              `json:"page,omitempty"`   // the one that is drawn; empty = all
	Absent    []need              `json:"absent,omitempty"` // what something else stands in for
	Sheet     bool                `json:"sheet,omitempty"`  // JPEG where nothing shines through
}

// count is how many records the job renders: without variables, one.
func (j job) count() int { return max(1, len(j.Variables)) }

// known is how many records it will have, as far as that is known: 0 while they wait in a
// data connector.
func (j job) known() int {
	if j.Data != nil {
		return 0
	}
	return j.count()
}

// records yields each record's number, from 0, and its values. A name that a row
// leaves out keeps the value of the row before. The map is valid until the next one.
func (j job) records() iter.Seq2[int, map[string]any] {
	return func(yield func(int, map[string]any) bool) {
		values := map[string]any{}
		for i := range j.count() {
			if i < len(j.Variables) {
				maps.Copy(values, j.Variables[i])
			}
			if !yield(i, values) {
				return
			}
		}
	}
}

// need is a font or an image that a document refers to. With a connector, its context is
// JSON, or empty.
type need struct {
	Kind string `json:"kind"` // "font" or "image"
	Key  string `json:"key"`  // what the laid-out pages call it
	ID   string `json:"id"`   // of the font style or the media, as the document has it
	Name string `json:"name"` // of the font style or the media, where that is how it is told

	Connector string `json:"connector,omitempty"` // of the environment; empty = its own media
	Context   string `json:"context,omitempty"`
}

// Children are the kinds of child process that this package starts.
func Children() map[string]sandbox.Child {
	return map[string]sandbox.Child{"inspect": inspectChild, "render": renderChild}
}
