package tepin

import "time"

// BlobRef points at bytes in the blob store.
type BlobRef struct {
	Key    string // environment id "/" uuid
	Size   int64
	SHA256 string // lower-case hex
}

// MaxDocument is the size of the largest document, in bytes.
const MaxDocument = 20 << 20

// Template is a document that projects are made from.
type Template struct {
	ID            TemplateID
	EnvironmentID EnvironmentID
	Name          string   // 1 to 255 characters
	Folder        string   // "/" or "/a/b"
	Tags          []TagRef // by name
	Document      BlobRef
	CreatedAt     time.Time
	UpdatedAt     time.Time
	ContentAt     time.Time // when the document last changed
	Version       int64
}

// TemplateUpdate changes the fields that are not nil.
type TemplateUpdate struct {
	Name      *string
	Folder    *string
	Document  *BlobRef
	IfVersion *int64
}
