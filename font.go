package tepin

import "time"

// MaxFont is the size of the largest font file, in bytes.
const MaxFont = 64 << 20

// FontFamily groups the styles that share a family name.
type FontFamily struct {
	ID            FontFamilyID
	EnvironmentID EnvironmentID
	Name          string
	StyleCount    int
	Extensions    []string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// MaxFamilyStyles is how many styles a family has at the most.
const MaxFamilyStyles = 1000

// Embedding says what a font lets be done with documents that it is put into (OpenType
// specification, OS/2, fsType).
type Embedding string

const (
	EmbedInstallable Embedding = "installable" // anything
	EmbedEditable    Embedding = "editable"    // they may be edited
	EmbedPreview     Embedding = "preview"     // they may be looked at and printed
	EmbedRestricted  Embedding = "restricted"  // only by leave of the font's owner
)

// FontStyle is one font file. (family, name) is unique in an environment.
type FontStyle struct {
	ID            FontStyleID
	EnvironmentID EnvironmentID
	FamilyID      FontFamilyID
	FamilyName    string
	Name          string // "Bold Italic"
	Weight        int    // 100 to 900
	Italic        bool
	Extension     string // "ttf" or "otf"
	FileName      string
	Embedding     Embedding // empty = not known
	Blob          BlobRef
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// FontUpload is one file of an upload batch that is not yet confirmed.
type FontUpload struct {
	ID            FontStyleID
	BatchID       FontBatchID
	EnvironmentID EnvironmentID
	FamilyName    string
	Name          string
	Weight        int
	Italic        bool
	Extension     string
	FileName      string
	Embedding     Embedding
	Blob          BlobRef
	Problems      []string // why it cannot be confirmed; empty = it can
	CreatedAt     time.Time
}
