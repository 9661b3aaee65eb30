package environmentapi

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// Vision is the JSON of what must be seen of a picture, whatever a crop cuts off. All
// measures are parts of its width and height: 0 to 1.
type Vision struct {
	ManualCrop   *ManualCrop     `json:"manualCropMetadata" doc:"What people have said; null = nothing."`
	VisionCrop   VisionCrop      `json:"visionCropMetadata"`
	SubjectTypes []SubjectVision `json:"subjectTypes,omitempty" doc:"Of each subject that the picture shows; only with expand=allSubjectTypes."`
}

// SubjectVision is the same of one subject.
type SubjectVision struct {
	ID         tepin.DefinitionID `json:"id" format:"uuid"`
	Name       string             `json:"name" example:"Person"`
	ManualCrop *ManualCrop        `json:"manualCropMetadata"`
	VisionCrop VisionCrop         `json:"visionCropMetadata"`
}

// ManualCrop is what people say. One of the two is enough.
type ManualCrop struct {
	PointOfInterest *CropPoint `json:"pointOfInterest,omitempty"`
	SubjectArea     *CropArea  `json:"subjectArea,omitempty"`
	_               struct{}   `additionalProperties:"true" nullable:"true"`
}

// CropPoint is a place.
type CropPoint struct {
	X float64  `json:"x" minimum:"0" maximum:"1" example:"0.5"`
	Y float64  `json:"y" minimum:"0" maximum:"1" example:"0.4"`
	_ struct{} `additionalProperties:"true" nullable:"true"`
}

// CropArea is a part.
type CropArea struct {
	X      float64  `json:"x" minimum:"0" maximum:"1" example:"0.25"`
	Y      float64  `json:"y" minimum:"0" maximum:"1" example:"0.1"`
	Width  float64  `json:"width" exclusiveMinimum:"0" maximum:"1" example:"0.5"`
	Height float64  `json:"height" exclusiveMinimum:"0" maximum:"1" example:"0.6"`
	_      struct{} `additionalProperties:"true" nullable:"true"`
}

// VisionCrop stands where the original has what a machine saw. Nothing looks at pictures
// here: it says what people said, and the middle where they said nothing.
type VisionCrop struct {
	Category        *string    `json:"category" doc:"Always null: nothing looks at pictures here."`
	PointOfInterest CropPoint  `json:"pointOfInterest" doc:"What people said; else the middle of their subject area; else the middle of the picture."`
	SubjectArea     CropArea   `json:"subjectArea" doc:"What people said; else the whole picture."`
	DetectedObjects []struct{} `json:"detectedObjects" nullable:"false" doc:"Always empty."`
	Version         string     `json:"version" doc:"Of what looked at it: none."`
}

type visionIn struct {
	OneMediaIn
	Expand string `query:"expand" doc:"allSubjectTypes: what was said of each subject, too."`
}

type putVisionIn struct {
	OneMediaIn
	Body visionBody
}

type visionBody struct {
	ManualCrop *ManualCrop `json:"manualCropMetadata" required:"true" doc:"null takes back what was said."`
	_          struct{}    `additionalProperties:"true"`
}

// SubjectVisionIn names a subject in a media file.
type SubjectVisionIn struct {
	OneMediaIn
	SubjectTypeID string `path:"subjectTypeId" doc:"Id or name of the subject type."`
}

type putSubjectVisionIn struct {
	SubjectVisionIn
	Body visionBody
}

// visionOf makes the JSON of what is known of a subject; empty is the whole picture.
func visionOf(v tepin.Vision, subject tepin.DefinitionID) (*ManualCrop, VisionCrop) {
	seen := VisionCrop{PointOfInterest: CropPoint{X: 0.5, Y: 0.5}, SubjectArea: CropArea{Width: 1, Height: 1}, DetectedObjects: []struct{}{}, Version: "none"}
	crop := v.Of(subject)
	if crop == nil {
		return nil, seen
	}
	said := &ManualCrop{}
	if a := crop.SubjectArea; a != nil {
		said.SubjectArea = &CropArea{X: a.X, Y: a.Y, Width: a.Width, Height: a.Height}
		seen.SubjectArea, seen.PointOfInterest = *said.SubjectArea, CropPoint{X: a.X + a.Width/2, Y: a.Y + a.Height/2}
	}
	if p := crop.PointOfInterest; p != nil {
		said.PointOfInterest = &CropPoint{X: p.X, Y: p.Y}
		seen.PointOfInterest = *said.PointOfInterest
	}
	return said, seen
}

// crop reads what is said; nil takes back what was.
func (b visionBody) crop() (*tepin.Crop, error) {
	m := b.ManualCrop
	if m == nil {
		return nil, nil
	}
	if m.PointOfInterest == nil && m.SubjectArea == nil {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "manualCropMetadata", Message: "give pointOfInterest or subjectArea, or null to take back what was said"}
	}
	c := &tepin.Crop{}
	if p := m.PointOfInterest; p != nil {
		c.PointOfInterest = &tepin.Point{X: p.X, Y: p.Y}
	}
	if a := m.SubjectArea; a != nil {
		const slack = 1e-6 // of what was rounded on the way
		if a.X+a.Width > 1+slack || a.Y+a.Height > 1+slack {
			return nil, &tepin.Error{Kind: tepin.Invalid, Path: "manualCropMetadata.subjectArea", Message: "the area leaves the picture: x + width and y + height are at most 1"}
		}
		c.SubjectArea = &tepin.Area{X: a.X, Y: a.Y, Width: a.Width, Height: a.Height}
	}
	return c, nil
}

// pictured reads which media file is meant.
func (in OneMediaIn) pictured() (tepin.Pictured, error) {
	mid, err := id[tepin.MediaID]("media file", in.ID)
	return tepin.Pictured{Media: mid}, err
}

var externalID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ExternalIn names a picture of another system.
type ExternalIn struct {
	InEnvironment
	ExtID string `path:"extId" doc:"SHA-256, in lower-case hexadecimal, of the connector's id and the asset's id, one behind the other."`
}

func (in ExternalIn) pictured() (tepin.Pictured, error) {
	if !externalID.MatchString(in.ExtID) {
		return tepin.Pictured{}, &tepin.Error{Kind: tepin.Invalid, Path: "extId", Message: "this is no SHA-256 in lower-case hexadecimal: 64 of the characters 0-9 and a-f"}
	}
	return tepin.Pictured{External: in.ExtID}, nil
}

type externalVisionIn struct {
	ExternalIn
	Expand string `query:"expand" doc:"allSubjectTypes: what was said of each subject, too."`
}

type putExternalVisionIn struct {
	ExternalIn
	Body visionBody
}

// ExternalSubjectIn names a subject in a picture of another system.
type ExternalSubjectIn struct {
	ExternalIn
	SubjectTypeID string `path:"subjectTypeId" doc:"Id or name of the subject type."`
}

type putExternalSubjectIn struct {
	ExternalSubjectIn
	Body visionBody
}

func (a *API) getVision(ctx context.Context, c web.Caller, in *visionIn) (*answer[Vision], error) {
	return a.vision(ctx, c, in, in.Expand)
}

func (a *API) putVision(ctx context.Context, c web.Caller, in *putVisionIn) (*answer[Vision], error) {
	return a.setVision(ctx, c, in, in.Body)
}

func (a *API) getSubjectVision(ctx context.Context, c web.Caller, in *SubjectVisionIn) (*answer[SubjectVision], error) {
	return a.subjectVision(ctx, c, in, in.SubjectTypeID)
}

func (a *API) putSubjectVision(ctx context.Context, c web.Caller, in *putSubjectVisionIn) (*answer[SubjectVision], error) {
	return a.setSubjectVision(ctx, c, in, in.SubjectTypeID, in.Body)
}

func (a *API) getExternalVision(ctx context.Context, c web.Caller, in *externalVisionIn) (*answer[Vision], error) {
	return a.vision(ctx, c, in, in.Expand)
}

func (a *API) putExternalVision(ctx context.Context, c web.Caller, in *putExternalVisionIn) (*answer[Vision], error) {
	return a.setVision(ctx, c, in, in.Body)
}

func (a *API) getExternalSubject(ctx context.Context, c web.Caller, in *ExternalSubjectIn) (*answer[SubjectVision], error) {
	return a.subjectVision(ctx, c, in, in.SubjectTypeID)
}

func (a *API) putExternalSubject(ctx context.Context, c web.Caller, in *putExternalSubjectIn) (*answer[SubjectVision], error) {
	return a.setSubjectVision(ctx, c, in, in.SubjectTypeID, in.Body)
}

// picturedIn is an input that says which picture is meant.
type picturedIn interface {
	pictured() (tepin.Pictured, error)
}

func (a *API) vision(ctx context.Context, c web.Caller, in picturedIn, expand string) (*answer[Vision], error) {
	all := strings.EqualFold(expand, "allSubjectTypes")
	if expand != "" && !all {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "expand", Message: "expand is allSubjectTypes or left out"}
	}
	of, err := in.pictured()
	if err != nil {
		return nil, err
	}
	v, err := a.Store.Vision(ctx, c.Environment.ID, of)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, wholeVision(v, all)), nil
}

func wholeVision(v tepin.Vision, all bool) (body Vision) {
	body.ManualCrop, body.VisionCrop = visionOf(v, "")
	for _, s := range v.Crops {
		if all && s.SubjectType != "" {
			one := SubjectVision{ID: s.SubjectType, Name: s.Name}
			one.ManualCrop, one.VisionCrop = visionOf(v, s.SubjectType)
			body.SubjectTypes = append(body.SubjectTypes, one)
		}
	}
	return body
}

func (a *API) setVision(ctx context.Context, c web.Caller, in picturedIn, b visionBody) (*answer[Vision], error) {
	v, err := a.setCrop(ctx, c, in, "", b)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, wholeVision(v, false)), nil
}

func (a *API) subjectVision(ctx context.Context, c web.Caller, in picturedIn, given string) (*answer[SubjectVision], error) {
	of, err := in.pictured()
	if err != nil {
		return nil, err
	}
	subject, err := a.subjectType(ctx, c, given)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.Vision(ctx, c.Environment.ID, of)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, subjectVisionOf(v, subject)), nil
}

func subjectVisionOf(v tepin.Vision, subject tepin.Definition) SubjectVision {
	body := SubjectVision{ID: subject.ID, Name: subject.Name}
	body.ManualCrop, body.VisionCrop = visionOf(v, subject.ID)
	return body
}

func (a *API) setSubjectVision(ctx context.Context, c web.Caller, in picturedIn, given string, b visionBody) (*answer[SubjectVision], error) {
	subject, err := a.subjectType(ctx, c, given)
	if err != nil {
		return nil, err
	}
	v, err := a.setCrop(ctx, c, in, subject.ID, b)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, subjectVisionOf(v, subject)), nil
}

func (a *API) setCrop(ctx context.Context, c web.Caller, in picturedIn, subject tepin.DefinitionID, b visionBody) (v tepin.Vision, err error) {
	crop, err := b.crop()
	if err != nil {
		return v, err
	}
	ifVersion, err := web.IfMatch(c.Request)
	if err != nil {
		return v, err
	}
	of, err := in.pictured()
	if err != nil {
		return v, err
	}
	return a.Store.SetCrop(ctx, c.Actor, c.Environment.ID, of, subject, crop, ifVersion)
}

// postExternalMedia takes the picture that stands for one of another system. Its size is
// noted; its bytes are not kept.
func (a *API) postExternalMedia(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	of, err := ExternalIn{ExtID: r.PathValue("extId")}.pictured()
	if err != nil {
		return err
	}
	parts, err := multipartOf(r, asset.MaxExternal+multipartRoom)
	if err != nil {
		return err
	}
	part, err := firstFile(parts)
	if err != nil {
		return err
	}
	e, err := a.Asset.MeasureExternal(r.Context(), c.Environment.ID, part)
	if err != nil {
		return err
	}
	e.ID = of.External
	v, err := a.Store.PutExternalMedia(r.Context(), c.Actor, e)
	if err != nil {
		return err
	}
	return writeVersion(w, http.StatusOK, v.Version, wholeVision(v, false))
}
