package tepin

import "time"

// Component is a document that templates place in their layouts.
type Component struct {
	ID            ComponentID
	EnvironmentID EnvironmentID
	Name          string
	Size          Dimensions // of its first layout
	Document      BlobRef
	CreatedAt     time.Time
	UpdatedAt     time.Time
	ContentAt     time.Time // when the document last changed
	Version       int64
}

// Dimensions is the size of a layout, in the unit in which people are shown it.
type Dimensions struct {
	Width, Height float64
	Unit          string // "px", "mm", "cm", "in" or "pt"
}

// ComponentUpdate changes the fields that are not nil.
type ComponentUpdate struct {
	Name      *string
	Document  *BlobRef
	Size      *Dimensions // with Document
	IfVersion *int64
}
