package tepin

// Import is a document with the media and fonts that came with it: all of them are made,
// or none.
type Import struct {
	EnvironmentID EnvironmentID
	Media         []Media
	Fonts         []FontUpload
	Template      *Template // this, or
	Component     *Component
}
