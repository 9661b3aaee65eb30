package environmentapi

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// Limits of output settings, as in docs/limits.md.
const (
	MaxWatermarkText = 100       // characters
	MaxDescription   = 1_000     // characters
	MaxFileSize      = 1_000_000 // kilobytes
	MaxMarkOffset    = 100       // points
	MaxMarkWeight    = 10        // points
)

// OutputSettings is the JSON of output settings. What a format does not have is left out.
type OutputSettings struct {
	ID                     tepin.OutputSettingsID `json:"id" format:"uuid"`
	Name                   string                 `json:"name"`
	Description            string                 `json:"description"`
	Type                   string                 `json:"type" enum:"PNG,JPG,PDF,GIF,MP4,HTML"`
	Default                bool                   `json:"default" doc:"The one that is used when none is named; one for each type."`
	Watermark              bool                   `json:"watermark"`
	WatermarkText          string                 `json:"watermarkText" doc:"If it is empty, a watermark says Tepin."`
	DataSourceEnabled      bool                   `json:"dataSourceEnabled" doc:"Tells user interfaces to send the rows of the document's data source. A request without rows is one record."`
	ContinueOnError        bool                   `json:"continueOnError" doc:"Records that fail are left out of the output, and the error report names them. Else the first one fails the task."`
	MaxFileSizeInKiloBytes *int64                 `json:"maxFileSizeInKiloBytes" doc:"Of each file; 1,000 bytes each. The quality of a JPG is lowered as far as needed; another file that is larger fails the task. null: as large as it gets."`
	Scaling                *float64               `json:"scaling,omitempty" doc:"PNG, JPG, GIF and MP4: 1 = 72 pixels an inch."`
	Quality                *int                   `json:"quality,omitempty" doc:"JPG: 1 to 100."`
	FPS                    *int                   `json:"fps,omitempty" doc:"GIF and MP4: frames per second."`
	IncludeBleed           *bool                  `json:"includeBleed,omitempty" doc:"PDF: the bleed area is part of the page."`
	OutlineText            *bool                  `json:"outlineText,omitempty" doc:"PDF: text becomes paths, and the file needs no fonts."`
	CropMarks              *CropMarks             `json:"cropMarks,omitempty" doc:"PDF: lines at the corners that show where to cut. Left out: none."`
	PostProcessing         *PostProcessing        `json:"postProcessing,omitempty" doc:"PDF."`
}

// CropMarks are the JSON of crop marks: 6 mm long, in the registration colour, on a white
// line.
type CropMarks struct {
	Offset float64 `json:"offset" minimum:"0" maximum:"100" doc:"From the trimmed page to where a mark begins, in points." example:"9"`
	Weight float64 `json:"weight" exclusiveMinimum:"0" maximum:"10" doc:"Of the lines, in points." example:"0.25"`
}

// PostProcessing is what is done to a finished PDF.
type PostProcessing struct {
	PDFVersion            *string         `json:"pdfVersion,omitempty" enum:"1.4,1.5,1.6,1.7" doc:"1.7 if it is left out."`
	ColorTransformation   json.RawMessage `json:"colorTransformation,omitempty" doc:"Not available yet: must be null or left out."`
	ColorProfileEmbedding json.RawMessage `json:"colorProfileEmbedding,omitempty" doc:"Not available yet: must be null or left out."`
}

// PostProcessingPart is post processing in a request whose other members may be anything:
// its own must not, since what was asked for would be missing.
type PostProcessingPart json.RawMessage

// UnmarshalJSON keeps the bytes.
func (p *PostProcessingPart) UnmarshalJSON(raw []byte) error {
	*p = append((*p)[:0], raw...)
	return nil
}

// Schema is what it is to the OpenAPI document.
func (PostProcessingPart) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[PostProcessing](), true, "PostProcessing")
}

// version reads the part, and returns the version of the PDF that it asks for.
func (p PostProcessingPart) version(path string) (string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(p, &members); err != nil {
		return "", &tepin.Error{Kind: tepin.Invalid, Path: path, Message: "this is an object"}
	}
	for name := range members {
		if !slices.Contains([]string{"pdfVersion", "colorTransformation", "colorProfileEmbedding"}, name) {
			return "", &tepin.Error{Kind: tepin.Invalid, Path: path, Message: fmt.Sprintf("there is no member %.40q", name)}
		}
	}
	var whole PostProcessing
	if err := json.Unmarshal(p, &whole); err != nil {
		return "", &tepin.Error{Kind: tepin.Invalid, Path: path + ".pdfVersion", Message: "the version is a text, as in \"1.6\""}
	}
	return whole.version(path)
}

// version returns the version of the PDF, "" for the usual one. Path names the object.
func (p *PostProcessing) version(path string) (string, error) {
	for name, value := range map[string]json.RawMessage{"colorTransformation": p.ColorTransformation, "colorProfileEmbedding": p.ColorProfileEmbedding} {
		if !absent(value) {
			return "", &tepin.Error{Kind: tepin.Invalid, Path: path + "." + name, Message: "an output is not converted to another profile yet; leave it out"}
		}
	}
	switch v := deref(p.PDFVersion); v {
	case "", "1.4", "1.5", "1.6", "1.7":
		return v, nil
	}
	return "", &tepin.Error{Kind: tepin.Invalid, Path: path + ".pdfVersion", Message: "the version is 1.4, 1.5, 1.6 or 1.7"}
}

func outputSettingsOf(s tepin.OutputSettings) OutputSettings {
	b := OutputSettings{
		ID: s.ID, Name: s.Name, Description: s.Description, Type: strings.ToUpper(string(s.Format)), Default: s.Default,
		Watermark: s.Watermark, WatermarkText: s.WatermarkText, DataSourceEnabled: s.DataSource, ContinueOnError: s.Continue,
	}
	if s.MaxFileSize > 0 {
		b.MaxFileSizeInKiloBytes = &s.MaxFileSize
	}
	if s.Format.Pixels() {
		b.Scaling = &s.Scaling
	}
	switch s.Format {
	case tepin.JPG:
		b.Quality = &s.Quality
	case tepin.GIF, tepin.MP4:
		b.FPS = &s.FPS
	case tepin.PDF:
		b.IncludeBleed, b.OutlineText = &s.Bleed, &s.OutlineText
		if s.CropMarks != nil {
			b.CropMarks = &CropMarks{s.CropMarks.Offset, s.CropMarks.Weight}
		}
		if s.PDFVersion != "" {
			b.PostProcessing = &PostProcessing{PDFVersion: &s.PDFVersion}
		}
	}
	return b
}

// OutputSettingsIn is the body that creates or replaces output settings. What is left out
// is as in new settings; what the format does not have is refused.
type OutputSettingsIn struct {
	ID                     *string         `json:"id,omitempty" doc:"Read only: if it is there, it must be that of the path."`
	Type                   *string         `json:"type,omitempty" doc:"Read only: if it is there, it must be the type of the settings."`
	Name                   string          `json:"name" example:"Banner, double size"`
	Description            *string         `json:"description,omitempty" doc:"At most 1,000 characters."`
	Default                *bool           `json:"default,omitempty" doc:"true makes these the settings that are used when none are named, in the place of those that are it. Left out: as before."`
	Watermark              *bool           `json:"watermark,omitempty"`
	WatermarkText          *string         `json:"watermarkText,omitempty" doc:"At most 100 characters."`
	DataSourceEnabled      *bool           `json:"dataSourceEnabled,omitempty"`
	ContinueOnError        *bool           `json:"continueOnError,omitempty"`
	MaxFileSizeInKiloBytes *int64          `json:"maxFileSizeInKiloBytes,omitempty" doc:"1 to 1,000,000; null or 0: as large as it gets."`
	Scaling                *float64        `json:"scaling,omitempty" doc:"PNG, JPG, GIF and MP4: 0.01 to 100." example:"2"`
	Quality                *int            `json:"quality,omitempty" doc:"JPG: 1 to 100."`
	FPS                    *int            `json:"fps,omitempty" doc:"GIF: 1 to 50; MP4: 1 to 60."`
	IncludeBleed           *bool           `json:"includeBleed,omitempty" doc:"PDF."`
	OutlineText            *bool           `json:"outlineText,omitempty" doc:"PDF."`
	CropMarks              *CropMarks      `json:"cropMarks,omitempty" doc:"PDF."`
	BarWidthReduction      *float64        `json:"barWidthReduction,omitempty" doc:"PDF. Not available yet: must be 0, null or left out."`
	PostProcessing         *PostProcessing `json:"postProcessing,omitempty" doc:"PDF."`
}

// settings turns the body into settings for a format, which are defaults where it says
// nothing.
func (in *OutputSettingsIn) settings(f tepin.Format, wasDefault bool) (tepin.OutputSettings, error) {
	o := tepin.NewOutputSettings(f)
	if t := deref(in.Type); t != "" && !strings.EqualFold(t, string(f)) {
		return o, &tepin.Error{Kind: tepin.Invalid, Path: "$.type", Message: fmt.Sprintf("these are settings for %s; the type cannot be another", strings.ToUpper(string(f)))}
	}
	var err error
	if o.Name, err = asset.CheckName("the output settings", in.Name); err != nil {
		return o, err
	}
	if o.Description, err = shortText("$.description", deref(in.Description), MaxDescription); err != nil {
		return o, err
	}
	if o.WatermarkText, err = shortText("$.watermarkText", deref(in.WatermarkText), MaxWatermarkText); err != nil {
		return o, err
	}
	o.Default = wasDefault
	set(&o.Default, in.Default)
	set(&o.Watermark, in.Watermark)
	set(&o.DataSource, in.DataSourceEnabled)
	set(&o.Continue, in.ContinueOnError)
	set(&o.MaxFileSize, in.MaxFileSizeInKiloBytes)
	if o.MaxFileSize < 0 || o.MaxFileSize > MaxFileSize {
		return o, &tepin.Error{Kind: tepin.Invalid, Path: "$.maxFileSizeInKiloBytes", Message: fmt.Sprintf("a file has 1 to %d kilobytes; null is no limit", MaxFileSize)}
	}
	if err := in.foreign(f); err != nil {
		return o, err
	}
	return o, in.ofFormat(&o)
}

// set takes over what is given.
func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}

// shortText refuses a text that is too long, or none.
func shortText(path, s string, most int) (string, error) {
	if n := utf8.RuneCountInString(s); n > most {
		return "", &tepin.Error{Kind: tepin.Invalid, Path: path, Message: fmt.Sprintf("the text has %d characters; the most is %d", n, most)}
	}
	return plain(path, s)
}

// foreign refuses what a format does not have.
func (in *OutputSettingsIn) foreign(f tepin.Format) error {
	for _, member := range []struct {
		name  string
		given bool
		has   bool
	}{
		{"scaling", in.Scaling != nil, f.Pixels()},
		{"quality", in.Quality != nil, f == tepin.JPG},
		{"fps", in.FPS != nil, f == tepin.GIF || f == tepin.MP4},
		{"includeBleed", in.IncludeBleed != nil, f == tepin.PDF},
		{"outlineText", in.OutlineText != nil, f == tepin.PDF},
		{"cropMarks", in.CropMarks != nil, f == tepin.PDF},
		{"barWidthReduction", in.BarWidthReduction != nil, f == tepin.PDF},
		{"postProcessing", in.PostProcessing != nil, f == tepin.PDF},
	} {
		if member.given && !member.has {
			return &tepin.Error{Kind: tepin.Invalid, Path: "$." + member.name, Message: fmt.Sprintf("settings for %s do not have this; leave it out", strings.ToUpper(string(f)))}
		}
	}
	return nil
}

// ofFormat reads what only some formats have.
func (in *OutputSettingsIn) ofFormat(o *tepin.OutputSettings) error {
	set(&o.Scaling, in.Scaling)
	set(&o.Quality, in.Quality)
	set(&o.FPS, in.FPS)
	set(&o.Bleed, in.IncludeBleed)
	set(&o.OutlineText, in.OutlineText)
	switch {
	case math.IsNaN(o.Scaling) || o.Scaling < tepin.MinScaling || o.Scaling > tepin.MaxScaling:
		return &tepin.Error{Kind: tepin.Invalid, Path: "$.scaling", Message: "the scaling is to be between 0.01 and 100"}
	case o.Format == tepin.JPG && (o.Quality < 1 || o.Quality > 100):
		return &tepin.Error{Kind: tepin.Invalid, Path: "$.quality", Message: "the quality is 1 to 100"}
	case in.BarWidthReduction != nil && *in.BarWidthReduction != 0:
		return &tepin.Error{Kind: tepin.Invalid, Path: "$.barWidthReduction", Message: "barcodes are not drawn yet, and so their bars are not made thinner; leave it out"}
	}
	if o.Format == tepin.GIF || o.Format == tepin.MP4 {
		if err := tepin.CheckFPS(o.Format, o.FPS, "$.fps"); err != nil {
			return err
		}
	}
	if m := in.CropMarks; m != nil {
		if !(m.Offset >= 0 && m.Offset <= MaxMarkOffset && m.Weight > 0 && m.Weight <= MaxMarkWeight) {
			return &tepin.Error{Kind: tepin.Invalid, Path: "$.cropMarks", Message: "crop marks have an offset of 0 to 100 points and a weight above 0, up to 10"}
		}
		o.CropMarks = &tepin.CropMarks{Offset: m.Offset, Weight: m.Weight}
	}
	if in.PostProcessing == nil {
		return nil
	}
	var err error
	o.PDFVersion, err = in.PostProcessing.version("$.postProcessing")
	return err
}

type createOutputSettingsIn struct {
	InEnvironment
	Body OutputSettingsIn
}

// InOutputSettings names output settings.
type InOutputSettings struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the output settings."`
}

type updateOutputSettingsIn struct {
	InOutputSettings
	Body OutputSettingsIn
}

type manyOutputSettingsIn struct {
	InEnvironment
	IDs []string `query:"ids" required:"true" doc:"Ids of output settings, separated by commas."`
}

const settingsNoun = "set of output settings"

func (a *API) listOutputSettings(ctx context.Context, c web.Caller, _ *InEnvironment) (*answer[Page[OutputSettings]], error) {
	rows, err := a.Store.OutputSettings(ctx, c.Environment.ID)
	if err != nil {
		return nil, err
	}
	total := int64(len(rows))
	return pageOf(a, c, "/output/settings", tepin.List{Limit: len(rows)}, tepin.Page[tepin.OutputSettings]{Items: rows, Total: &total}, outputSettingsOf), nil
}

func (a *API) outputSettings(ctx context.Context, c web.Caller, given string) (tepin.OutputSettings, error) {
	id, err := id[tepin.OutputSettingsID](settingsNoun, given)
	if err != nil {
		return tepin.OutputSettings{}, err
	}
	return a.Store.OutputSettingsByID(ctx, c.Environment.ID, id)
}

func (a *API) getOutputSettings(ctx context.Context, c web.Caller, in *InOutputSettings) (*answer[OutputSettings], error) {
	s, err := a.outputSettings(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, s.Version, outputSettingsOf(s)), nil
}

func (a *API) createOutputSettings(f tepin.Format) func(context.Context, web.Caller, *createOutputSettingsIn) (*answer[OutputSettings], error) {
	return func(ctx context.Context, c web.Caller, in *createOutputSettingsIn) (*answer[OutputSettings], error) {
		if deref(in.Body.ID) != "" {
			return nil, &tepin.Error{Kind: tepin.Invalid, Path: "$.id", Message: "new settings get an id; leave it out"}
		}
		s, err := in.Body.settings(f, false)
		if err != nil {
			return nil, err
		}
		s.EnvironmentID = c.Environment.ID
		if s, err = a.Store.CreateOutputSettings(ctx, c.Actor, s); err != nil {
			return nil, err
		}
		return added(s.Version, outputSettingsOf(s)), nil
	}
}

func (a *API) updateOutputSettings(ctx context.Context, c web.Caller, in *updateOutputSettingsIn) (*answer[OutputSettings], error) {
	before, err := a.outputSettings(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if given := deref(in.Body.ID); given != "" && !strings.EqualFold(given, string(before.ID)) {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "$.id", Message: "the id is another than that of the path"}
	}
	var change tepin.OutputSettingsUpdate
	if change.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	if change.OutputSettings, err = in.Body.settings(before.Format, before.Default); err != nil {
		return nil, err
	}
	s, err := a.Store.UpdateOutputSettings(ctx, c.Actor, c.Environment.ID, before.ID, change)
	if err != nil {
		return nil, err
	}
	return changed(s.Version, outputSettingsOf(s)), nil
}

func (a *API) deleteOutputSettings(ctx context.Context, c web.Caller, in *InOutputSettings) (*empty, error) {
	id, err := id[tepin.OutputSettingsID](settingsNoun, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := web.IfMatch(c.Request)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteOutputSettings(ctx, c.Actor, c.Environment.ID, []tepin.OutputSettingsID{id}, version)
}

func (a *API) deleteManyOutputSettings(ctx context.Context, c web.Caller, in *manyOutputSettingsIn) (*empty, error) {
	ids, err := idList[tepin.OutputSettingsID](settingsNoun, in.IDs)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteOutputSettings(ctx, c.Actor, c.Environment.ID, ids, nil)
}
