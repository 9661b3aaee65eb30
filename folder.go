package tepin

import (
	"strings"
	"time"
)

// FolderKind says what lies in a folder: templates and media have trees of their own.
type FolderKind string

const (
	TemplateFolder FolderKind = "template"
	MediaFolder    FolderKind = "media"
)

// Limits of folders.
const (
	MaxFolderPath  = 1000   // bytes of a path, which names all folders from the root on
	MaxFolderDepth = 50     // folders in each other
	MaxFolderMove  = 50_000 // items, and as many folders, that one renaming or moving takes along
	MaxFolderTrash = 10_000 // items, and as many folders, that one deletion takes along
)

// Folder is a row of its own, whether or not something lies in it. The root is none.
type Folder struct {
	ID            FolderID
	EnvironmentID EnvironmentID
	Kind          FolderKind
	Name          string
	Parent        string // path of the folder that it lies in: "/" or "/a/b"
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// Path is the path of what lies in the folder.
func (f Folder) Path() string { return FolderPath(f.Parent, f.Name) }

// FolderPath is the path of the folder name in the folder parent.
func FolderPath(parent, name string) string { return strings.TrimSuffix(parent, "/") + "/" + name }

// FolderUpdate changes the fields that are not nil.
type FolderUpdate struct {
	Name      *string
	Parent    *string
	IfVersion *int64
}

// Entry is one line of a folder's directory: a folder or an item.
type Entry[T any] struct {
	Folder *Folder // nil = it is the item
	Item   T
}
