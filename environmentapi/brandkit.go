package environmentapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// maxBrandKit is the size of the largest brand kit, in bytes.
const maxBrandKit = 1 << 20

// BrandKit is the JSON of a brand kit. Members that are not named here are kept as they
// were sent.
type BrandKit struct {
	ID               tepin.DefinitionID `json:"id,omitempty" format:"uuid" doc:"Not read where a kit is sent."`
	Name             string             `json:"name" example:"House style"`
	DateCreated      *time.Time         `json:"dateCreated,omitempty" doc:"Not read where a kit is sent."`
	LastModifiedDate *time.Time         `json:"lastModifiedDate,omitempty" doc:"Not read where a kit is sent."`
	Fonts            []KitFont          `json:"fonts,omitempty" doc:"At most 200."`
	KitStyles
	Themes []KitTheme `json:"themes,omitempty" doc:"At most 100."`
	_      struct{}   `additionalProperties:"true"`
}

// KitStyles is what a kit has and each of its themes can have differently.
type KitStyles struct {
	Colors          []KitColor          `json:"colors,omitempty" doc:"At most 1,000."`
	CharacterStyles []KitCharacterStyle `json:"characterStyles,omitempty" doc:"At most 1,000."`
	ParagraphStyles []KitParagraphStyle `json:"paragraphStyles,omitempty" doc:"At most 1,000."`
	Media           []KitMedia          `json:"media,omitempty" doc:"At most 1,000."`
}

// KitFont is a font family of a kit.
type KitFont struct {
	FontFamilyID           string   `json:"fontFamilyId" doc:"A font family of the environment, unless fontConnectorId names a connector."`
	FontFamilyBrandKitGUID string   `json:"fontFamilyBrandKitGuid,omitempty" doc:"What the kit's styles name; made where it is left out."`
	FontConnectorID        *string  `json:"fontConnectorId,omitempty" nullable:"true" doc:"null or left out: the environment's own fonts."`
	_                      struct{} `additionalProperties:"true"`
}

// KitColor is a colour of a kit.
type KitColor struct {
	GUID         string   `json:"guid,omitempty" doc:"What the kit's styles name; made where it is left out."`
	Name         string   `json:"name" example:"Warm red"`
	Type         string   `json:"type" enum:"rgb,cmyk,hex,spotRgb,spotCmyk,spotHex" example:"rgb"`
	Value        any      `json:"value,omitempty" doc:"rgb: r, g, b from 0 to 255; cmyk: c, m, y, k from 0 to 100; hex: a string; of spot colours, the colour's name."`
	DisplayValue any      `json:"displayValue,omitempty" doc:"Of spot colours: how they look, as the value of the colour type behind spot."`
	_            struct{} `additionalProperties:"true"`
}

// KitCharacterStyle is a character style of a kit. What is left out or null is not set.
type KitCharacterStyle struct {
	Name                   string   `json:"name" example:"Emphasis"`
	BrandKitFontFamilyGUID *string  `json:"brandKitFontFamilyGuid,omitempty" doc:"A font of the kit."`
	FontStyleID            *string  `json:"fontStyleId,omitempty" doc:"A style of that font."`
	FontSize               *float64 `json:"fontSize,omitempty"`
	TypographicCase        *string  `json:"typographicCase,omitempty" enum:"normal,lowercase,uppercase"`
	KerningOn              *bool    `json:"kerningOn,omitempty"`
	SubSuperScript         *string  `json:"subSuperScript,omitempty" enum:"normal,superscript,subscript"`
	TrackingLeft           *float64 `json:"trackingLeft,omitempty"`
	TrackingRight          *float64 `json:"trackingRight,omitempty"`
	TextIndent             any      `json:"textIndent,omitempty"`
	BaselineShiftValue     any      `json:"baselineShiftValue,omitempty"`
	LineHeight             *float64 `json:"lineHeight,omitempty"`
	TextOverprint          *bool    `json:"textOverprint,omitempty"`
	BrandKitColorGUID      *string  `json:"brandKitColorGuid,omitempty" doc:"A colour of the kit."`
	FillColorApplied       *bool    `json:"fillColorApplied,omitempty"`
	TextStrokeColorGUID    *string  `json:"textStrokeColorGuid,omitempty" doc:"A colour of the kit."`
	TextStrokeColorApplied *bool    `json:"textStrokeColorApplied,omitempty"`
	TextStrokeWidth        *float64 `json:"textStrokeWidth,omitempty"`
	Underline              *bool    `json:"underline,omitempty"`
	LineThrough            *bool    `json:"lineThrough,omitempty"`
	_                      struct{} `additionalProperties:"true"`
}

// KitParagraphStyle is a paragraph style of a kit.
type KitParagraphStyle struct {
	KitCharacterStyle
	TextAlign *string  `json:"textAlign,omitempty" enum:"left,center,right,justify"`
	_         struct{} `additionalProperties:"true"`
}

// KitMedia is a picture of a kit.
type KitMedia struct {
	Name              string   `json:"name" example:"Logo"`
	MediaConnectorID  *string  `json:"mediaConnectorId,omitempty" doc:"null, left out or grafx-media: the environment's own media."`
	MediaID           string   `json:"mediaId,omitempty" doc:"Of the environment's own media, an id."`
	RemoteConnectorID *string  `json:"remoteConnectorId,omitempty" doc:"The same as mediaConnectorId, as themes have it."`
	AssetID           string   `json:"assetId,omitempty" doc:"The same as mediaId, as themes have it."`
	_                 struct{} `additionalProperties:"true"`
}

// KitTheme is a theme of a kit: what is in it stands for what has the same name in the kit.
type KitTheme struct {
	ID               string     `json:"id,omitempty" doc:"Made where it is left out."`
	Name             string     `json:"name" example:"Dark"`
	InheritsFrom     *string    `json:"inheritsFrom,omitempty" doc:"Another theme of the kit; null: the kit."`
	DateCreated      *time.Time `json:"dateCreated,omitempty" doc:"Not read where a theme is sent."`
	LastModifiedDate *time.Time `json:"lastModifiedDate,omitempty" doc:"Not read where a theme is sent."`
	KitStyles
	_ struct{} `additionalProperties:"true"`
}

// BrandKitItem is a brand kit in a list.
type BrandKitItem struct {
	ID               tepin.DefinitionID `json:"id" format:"uuid"`
	Name             string             `json:"name" example:"House style"`
	DateCreated      time.Time          `json:"dateCreated"`
	LastModifiedDate time.Time          `json:"lastModifiedDate"`
}

// brandKitExample is small and whole: it can be sent as it is.
var brandKitExample = map[string]any{
	"name": "House style", "fonts": []any{}, "media": []any{}, "themes": []any{},
	"colors":          []any{map[string]any{"guid": "c1", "name": "Warm red", "type": "rgb", "value": map[string]any{"r": 214, "g": 69, "b": 65}, "displayValue": nil}},
	"characterStyles": []any{map[string]any{"name": "Emphasis", "brandKitColorGuid": "c1", "underline": true}},
	"paragraphStyles": []any{},
}

func (a *API) listKits(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[BrandKitItem]], error) {
	return listDefinitions(ctx, a, c, tepin.BrandKit, "/brand-kits", *in, func(v tepin.Definition) BrandKitItem {
		return BrandKitItem{v.ID, v.Name, v.CreatedAt.UTC(), v.UpdatedAt.UTC()}
	})
}

// object is a JSON object whose members are as they were sent.
type object = map[string]json.RawMessage

func (a *API) getKit(w http.ResponseWriter, r *http.Request) error {
	v, err := a.definition(r.Context(), web.CallerOf(r.Context()), tepin.BrandKit, r.PathValue("id"))
	if err != nil {
		return err
	}
	if notModified(w, r, v.Version) {
		return nil
	}
	return answerKit(w, http.StatusOK, v)
}

func answerKit(w http.ResponseWriter, status int, v tepin.Definition) error {
	body := contentOf[object](v)
	for name, value := range map[string]any{"id": v.ID, "name": v.Name, "dateCreated": v.CreatedAt.UTC(), "lastModifiedDate": v.UpdatedAt.UTC()} {
		raw, err := json.Marshal(value)
		if err != nil {
			return err
		}
		body[name] = raw
	}
	return writeVersion(w, status, v.Version, body)
}

func (a *API) createKit(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	sent, err := readObject(r)
	if err != nil {
		return err
	}
	name, content, err := a.checkKit(r.Context(), c, sent, object{})
	if err != nil {
		return err
	}
	v, err := a.createDefinition(r.Context(), c, tepin.Definition{Kind: tepin.BrandKit, Name: name}, content)
	if err != nil {
		return err
	}
	w.Header().Set("Location", href(c, "/brand-kits/"+string(v.ID)))
	return answerKit(w, http.StatusCreated, v)
}

func (a *API) replaceKit(w http.ResponseWriter, r *http.Request) error {
	sent, err := readObject(r)
	if err != nil {
		return err
	}
	v, err := a.changeKit(r, func(object) (object, error) { return sent, nil })
	if err != nil {
		return err
	}
	return answerKit(w, http.StatusOK, v)
}

// kitTries is how often a change of a part of a kit is made anew on what somebody else
// has made of the kit meanwhile.
const kitTries = 5

// changeKit has change make another kit of the present one, with its name. What else has
// changed meanwhile is not lost.
func (a *API) changeKit(r *http.Request, change func(kit object) (object, error)) (tepin.Definition, error) {
	ctx, c := r.Context(), web.CallerOf(r.Context())
	seen, err := web.IfMatch(r)
	for try := 0; err == nil; try++ {
		var v tepin.Definition
		if v, err = a.definition(ctx, c, tepin.BrandKit, r.PathValue("id")); err != nil {
			break
		}
		if seen != nil && *seen != v.Version {
			err = tepin.Errorf(tepin.Stale, "the brand kit has changed since; read it again: it is now version %d", v.Version)
			break
		}
		before := contentOf[object](v)
		named := contentOf[object](v)
		named["name"], _ = json.Marshal(v.Name) // a string
		var sent object
		if sent, err = change(named); err != nil {
			break
		}
		var name string
		update := tepin.DefinitionUpdate{IfVersion: &v.Version}
		var content object
		if name, content, err = a.checkKit(ctx, c, sent, before); err != nil {
			break
		}
		update.Name = &name
		if update.Content, err = json.Marshal(content); err != nil {
			break
		}
		v, err = a.Store.UpdateDefinition(ctx, c.Actor, c.Environment.ID, tepin.BrandKit, v.ID, update)
		if tepin.KindOf(err) == tepin.Stale && seen == nil && try < kitTries {
			err = nil
			continue
		}
		return v, err
	}
	return tepin.Definition{}, err
}

// readObject reads the body of a call that takes a brand kit or a theme.
func readObject(r *http.Request) (object, error) {
	raw, err := web.ReadJSON(r, maxBrandKit)
	if err != nil {
		return nil, err
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, tepin.Errorf(tepin.Invalid, "the body is to be a JSON object")
	}
	return o, nil
}

// checkKit reads a kit that was sent: its name, and what is kept of it beside. What it
// refers to exists, as far as the kit before did not refer to it already.
func (a *API) checkKit(ctx context.Context, c web.Caller, sent, before object) (name string, content object, err error) {
	if err := exactly(sent, kitMembers); err != nil {
		return "", nil, err
	}
	content = object{}
	for member, value := range sent {
		if !slices.Contains([]string{"id", "name", "dateCreated", "lastModifiedDate"}, member) {
			content[member] = value
		}
	}
	k := &kitCheck{has: a.inEnvironment(ctx, c.Environment.ID), now: a.Now().UTC()}
	if name, err = asset.CheckName("a brand kit", textOf(sent["name"])); err != nil {
		return "", nil, err
	}
	return name, content, k.kit(content, before)
}
