package tepin

import "time"

// Project is one person's or integration's copy of a template.
type Project struct {
	ID            ProjectID
	EnvironmentID EnvironmentID
	OwnerKind     ActorKind
	OwnerID       string
	Name          string
	TemplateID    TemplateID
	Document      BlobRef
	CreatedAt     time.Time
	UpdatedAt     time.Time
	ContentAt     time.Time
	Version       int64
}

// ProjectUpdate changes the fields that are not nil.
type ProjectUpdate struct {
	Name      *string
	Document  *BlobRef
	IfVersion *int64
}
