package tepin

import "time"

// Limits of tags.
const (
	MaxTags         = 1000   // of an environment
	MaxTemplateTags = 50     // of a template
	MaxTagged       = 50_000 // templates with one tag: so many change when it goes
	MaxTagFilter    = 10     // tags that a list asks for
)

// Tag is a word that templates are found by.
type Tag struct {
	ID            TagID
	EnvironmentID EnvironmentID
	Name          string // unique in the environment, in any case
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// TagRef is what a template shows of a tag.
type TagRef struct {
	ID   TagID
	Name string
}
