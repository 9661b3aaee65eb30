package tepin

// Point is a place in a picture: 0, 0 is its upper left corner, 1, 1 the lower right one.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Area is a part of a picture, in the same measure.
type Area struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Crop says what of a picture must be seen, whatever is cut off. One of the two is there.
type Crop struct {
	PointOfInterest *Point `json:"pointOfInterest"`
	SubjectArea     *Area  `json:"subjectArea"`
}

// SubjectCrop is what must be seen of one subject in a picture.
type SubjectCrop struct {
	SubjectType DefinitionID // empty = of the picture as a whole
	Name        string       // of the subject type
	Crop        *Crop        // nil = the picture shows the subject, and nobody has said where
}

// Pictured names a picture that can be cropped: a media file, or one of another system.
// One of the two is there.
type Pictured struct {
	Media    MediaID
	External string // SHA-256 of connector id and asset id, in lower-case hexadecimal
}

// Vision is all that is known of what a picture shows.
type Vision struct {
	Version int64
	Crops   []SubjectCrop // the whole first, if it has one, then by name
}

// Of returns what is known of a subject, nil = nothing; empty is the picture as a whole.
func (v Vision) Of(subject DefinitionID) *Crop {
	for _, c := range v.Crops {
		if c.SubjectType == subject {
			return c.Crop
		}
	}
	return nil
}

// ExternalMedia is a picture of another system. Its bytes are not kept.
type ExternalMedia struct {
	ID            string // as [Pictured.External]
	EnvironmentID EnvironmentID
	ContentType   string
	Width, Height int // pixels, upright
}
