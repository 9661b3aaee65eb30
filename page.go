package tepin

import "time"

// DefaultLimit and MaxLimit bound the rows of one page of a list.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// RestoreTime is for how long what was deleted can be restored, where it can be.
const RestoreTime = 24 * time.Hour

// Deleted is something that was deleted and can be restored.
type Deleted struct {
	Kind      string // "template", "project", "media" …
	ID        string
	Name      string
	DeletedAt time.Time
}

// SortKey is what a list is ordered by. Ties are broken by id.
type SortKey string

const (
	SortName         SortKey = "name"
	SortID           SortKey = "id"
	SortRelativePath SortKey = "relativePath" // folder, then name
)

// List asks for one page of a list.
type List struct {
	Limit     int     // 1 to MaxLimit; 0 = DefaultLimit
	After     *Cursor // nil = from the start
	SortBy    SortKey // empty = SortName
	Desc      bool
	Search    string   // word prefixes of the name, or an exact id; empty = all
	Folder    string   // "/a/b"; empty = all folders, see Recursive
	Tags      []string // of templates: ids or names of tags, all of which they have
	Recursive bool     // with Folder: its sub-folders too
	Folders   bool     // of media: the folders of that place, too, before the items
	Shared    *bool    // of projects: true = those of others that are shared with the actor, false = the actor's own
	Tasks     TaskFilter
}

// TaskFilter is which tasks a list has; an empty field means all.
type TaskFilter struct {
	State  TaskState `json:",omitempty"`
	Format Format    `json:",omitempty"`
	Source string    `json:",omitempty"`
	Owner  string    `json:",omitempty"` // id
}

// Cursor is the place in an ordered list after which the next page begins.
// On the wire it travels sealed.
type Cursor struct {
	Folder  string
	NameKey []byte
	ID      string
	Items   bool // in a directory: it is of the items, which follow the folders; without ID it stands before the first
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  *Cursor // nil = this is the last page
	Total *int64  // nil where counting would cost a scan
}
