package tepin

import "time"

// Project is one person's or integration's copy of a template. It can be shared with
// others of its environment.
type Project struct {
	ID              ProjectID
	EnvironmentID   EnvironmentID
	OwnerKind       ActorKind
	OwnerID         string
	Name            string
	TemplateID      TemplateID
	CollectionID    CollectionID // that it was made from, which may be gone; "" = none
	UserInterfaceID DefinitionID // "" = the environment's default
	Document        BlobRef
	CreatedAt       time.Time
	UpdatedAt       time.Time
	ContentAt       time.Time
	Version         int64
	Access          ProjectAccess // of the actor that it was read for
}

// ProjectUpdate changes the fields that are not nil.
type ProjectUpdate struct {
	Name            *string
	UserInterfaceID *DefinitionID
	Document        *BlobRef
	IfVersion       *int64
}

// ProjectAccess is what somebody may do with a project.
type ProjectAccess string

const (
	ProjectReader        ProjectAccess = "read"          // see, render and copy it
	ProjectWriter        ProjectAccess = "write"         // change it, too
	ProjectOwner         ProjectAccess = "owner"         // share and delete it, too
	ProjectAdministrator ProjectAccess = "administrator" // the same, with a project of somebody else
)

// Writes reports whether the project's name and document may be changed.
func (a ProjectAccess) Writes() bool { return a == ProjectWriter || a.Owns() }

// Owns reports whether the project may be shared, deleted and restored.
func (a ProjectAccess) Owns() bool { return a == ProjectOwner || a == ProjectAdministrator }

// MaxProjectShares is with how many others one project can be shared.
const MaxProjectShares = 100

// ProjectShare lets somebody other than its owner work with a project.
type ProjectShare struct {
	SubjectKind ActorKind // an integration or a person of the project's environment
	SubjectID   string
	SubjectName string        // "" where the subject is gone
	Access      ProjectAccess // ProjectReader or ProjectWriter
	CreatedAt   time.Time
}

// MaxBulk is how many things one call deletes at the most.
const MaxBulk = 200
