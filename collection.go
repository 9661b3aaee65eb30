package tepin

import "time"

// Limits of collections.
const (
	MaxEntries     = 1000 // templates in a collection
	MaxDescription = 2000 // characters
)

// Collection is a choice of templates, in the order in which they were added. It refers to
// them: a template can be in several, and is not changed by that.
type Collection struct {
	ID              CollectionID
	EnvironmentID   EnvironmentID
	Name            string // unique in the environment, in any case
	Description     string
	UserInterfaceID DefinitionID // which its projects get; "" = the environment's default
	Cover           BlobRef      // a picture; Key "" = none
	CoverType       string       // its media type
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Version         int64
}

// CollectionUpdate changes the fields that are not nil. A cover without a key takes it away.
type CollectionUpdate struct {
	Name            *string
	Description     *string
	UserInterfaceID *DefinitionID
	Cover           *BlobRef
	CoverType       string // with Cover
	IfVersion       *int64
}

// CollectionEntry is a template in a collection.
type CollectionEntry struct {
	TemplateID TemplateID
	Name       string // in the collection; the template's own unless it was renamed there
	Renamed    bool
	AddedAt    time.Time
}
