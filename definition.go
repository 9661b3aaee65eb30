package tepin

import (
	"encoding/json"
	"strings"
	"time"
)

// DefinitionKind is a sort of things that people define once for an environment, for the
// work on all its documents.
type DefinitionKind string

const (
	UserInterface DefinitionKind = "user_interface"  // what a form shows of a project, and which output it offers
	RichTextRules DefinitionKind = "rich_text_rules" // which styles marked-up text gets
	BrandKit      DefinitionKind = "brand_kit"       // fonts, colours, styles and media of a brand
	SubjectType   DefinitionKind = "subject_type"    // what a picture can show, for cropping
)

// Noun is the kind in words, as in "there is no such brand kit here".
func (k DefinitionKind) Noun() string {
	return map[DefinitionKind]string{UserInterface: "user interface", RichTextRules: "set of rich-text rules", BrandKit: "brand kit", SubjectType: "subject type"}[k]
}

// MaxDefinitions is how many of a kind an environment has at the most.
const MaxDefinitions = 500

// Definition is one of the things of a [DefinitionKind]. Its content is JSON that the
// front door which wrote it understands.
type Definition struct {
	ID            DefinitionID
	EnvironmentID EnvironmentID
	Kind          DefinitionKind
	Name          string // unique in its kind and environment, in any case
	Default       bool   // the one that is taken where none is named: exactly one user interface
	Content       json.RawMessage
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// DefinitionUpdate changes the fields that are not nil.
type DefinitionUpdate struct {
	Name      *string
	Default   *bool // false is refused for what is the default: make another one that
	Content   json.RawMessage
	IfVersion *int64
}

// What documents are written for. There is one engine, under two names.
const (
	SDKVersion    = "1.44.1"
	EngineVersion = "2.27.0"
)

// SDKVersions are the versions that an environment can be pinned to.
func SDKVersions() []string {
	return []string{"latest", SDKVersion[:strings.LastIndexByte(SDKVersion, '.')]}
}

// EnvironmentSettings is what an environment's administrators choose for the work in it.
type EnvironmentSettings struct {
	EnvironmentID EnvironmentID
	SDKVersion    string // "latest" or major.minor
	BrandKitSync  bool   // documents follow later changes of their brand kit, unless they say otherwise
	Version       int64
}

// EnvironmentSettingsUpdate changes the fields that are not nil.
type EnvironmentSettingsUpdate struct {
	SDKVersion   *string
	BrandKitSync *bool
	IfVersion    *int64
}
