package environmentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// Limits of a user interface, as in docs/limits.md.
const (
	maxFormBuilder  = 64 << 10 // bytes
	maxFormDepth    = 20
	maxFormSections = 50
	maxHelpText     = 2000 // characters of a section's texts
)

// UserInterface is the JSON of a user interface.
type UserInterface struct {
	ID               tepin.DefinitionID       `json:"id" format:"uuid"`
	Name             string                   `json:"name" doc:"That of the default stands in brackets, which are no part of it: they are taken off where they are sent." example:"Web shop"`
	Default          bool                     `json:"default" doc:"The one that projects have which name none; exactly one."`
	OutputSettings   map[string]LayoutIntents `json:"outputSettings" nullable:"false" doc:"Which output settings are offered, by id, and for which layouts. Settings that are gone are left out."`
	FormBuilder      string                   `json:"formBuilder" doc:"JSON text: a list of the sections of the form."`
	DateCreated      time.Time                `json:"dateCreated"`
	LastModifiedDate time.Time                `json:"lastModifiedDate"`
}

// LayoutIntents says for layouts of which intents output settings are offered.
type LayoutIntents struct {
	LayoutIntents []string `json:"layoutIntents" nullable:"false" doc:"print, digitalStatic, digitalAnimated; read in any case." example:"[\"print\",\"digitalStatic\"]"`
	_             struct{} `additionalProperties:"true"`
}

var layoutIntents = []string{"print", "digitalStatic", "digitalAnimated"}

// userInterface is the content of a user interface as it is stored. What is nil follows
// the environment.
type userInterface struct {
	OutputSettings map[tepin.OutputSettingsID][]string `json:"outputSettings,omitempty"`
	FormBuilder    *string                             `json:"formBuilder,omitempty"`
}

// standardForm is the form of user interfaces that have none of their own.
const standardForm = `[{"id":"Datasource","type":"datasource","active":true,"header":"Data source","helpText":""},` +
	`{"id":"Layouts","type":"layouts","active":true,"header":"Layouts","helpText":"","layoutSelector":true,"showWidthHeightInputs":true},` +
	`{"id":"Variables","type":"variables","active":true,"header":"Variables","helpText":"","variableGroups":{"show":true}}]`

// userInterfaceOf makes the JSON of user interfaces in an environment with those settings.
func userInterfaceOf(settings []tepin.OutputSettings) func(tepin.Definition) UserInterface {
	return func(v tepin.Definition) UserInterface {
		body := UserInterface{ID: v.ID, Name: v.Name, Default: v.Default, OutputSettings: map[string]LayoutIntents{}, FormBuilder: standardForm,
			DateCreated: v.CreatedAt.UTC(), LastModifiedDate: v.UpdatedAt.UTC()}
		if v.Default {
			body.Name = "[" + v.Name + "]"
		}
		content := contentOf[userInterface](v)
		if content.FormBuilder != nil {
			body.FormBuilder = *content.FormBuilder
		}
		for _, s := range settings {
			if intents, chosen := content.OutputSettings[s.ID]; chosen {
				body.OutputSettings[string(s.ID)] = LayoutIntents{LayoutIntents: intents}
			} else if content.OutputSettings == nil && s.Default {
				body.OutputSettings[string(s.ID)] = LayoutIntents{LayoutIntents: usualIntents(s.Format)}
			}
		}
		return body
	}
}

// usualIntents are the layouts that a format suits.
func usualIntents(f tepin.Format) []string {
	if slices.Contains([]tepin.Format{tepin.PNG, tepin.JPG, tepin.PDF}, f) {
		return layoutIntents[:2]
	}
	return layoutIntents[2:]
}

type userInterfaceBody struct {
	Name           string                   `json:"name" maxLength:"257" example:"Web shop"`
	Default        *bool                    `json:"default,omitempty" doc:"true: it replaces the present default. The default cannot be made none."`
	OutputSettings map[string]LayoutIntents `json:"outputSettings,omitempty" doc:"Left out: the default settings of each format, whatever they are."`
	FormBuilder    *string                  `json:"formBuilder,omitempty" doc:"JSON text: a list of sections, each with the type datasource, layouts or variables, which stands once. Kept byte for byte. Left out: all three." example:"[{\"id\":\"Variables\",\"type\":\"variables\",\"active\":true,\"header\":\"Texts\",\"helpText\":\"\"}]"`
	_              struct{}                 `additionalProperties:"true"`
}

type createInterfaceIn struct {
	InEnvironment
	Body userInterfaceBody
}

type replaceInterfaceIn struct {
	DefinitionIn
	Body userInterfaceBody
}

func (a *API) listInterfaces(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[UserInterface]], error) {
	settings, err := a.Store.OutputSettings(ctx, c.Environment.ID)
	if err != nil {
		return nil, err
	}
	return listDefinitions(ctx, a, c, tepin.UserInterface, "/user-interfaces", *in, userInterfaceOf(settings))
}

func (a *API) getInterface(ctx context.Context, c web.Caller, in *DefinitionIn) (*answer[UserInterface], error) {
	v, err := a.definition(ctx, c, tepin.UserInterface, in.ID)
	if err != nil {
		return nil, err
	}
	return a.answerInterface(ctx, c, http.StatusOK, v)
}

// answerInterface answers a user interface. The environment's output settings are part of
// it, and so of its ETag, though not of its version.
func (a *API) answerInterface(ctx context.Context, c web.Caller, status int, v tepin.Definition) (*answer[UserInterface], error) {
	settings, err := a.Store.OutputSettings(ctx, c.Environment.ID)
	if err != nil {
		return nil, err
	}
	out := &answer[UserInterface]{Status: status, Body: userInterfaceOf(settings)(v)}
	shown, err := json.Marshal(out.Body)
	if out.ETag = web.DetailedETag(v.Version, shown); web.HasTag(c.Request, out.ETag) {
		out.Status = http.StatusNotModified
	}
	return out, err
}

func (a *API) createInterface(ctx context.Context, c web.Caller, in *createInterfaceIn) (*answer[UserInterface], error) {
	content, err := a.interfaceContent(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	v := tepin.Definition{Kind: tepin.UserInterface, Name: unbracketed(in.Body.Name), Default: in.Body.Default != nil && *in.Body.Default}
	if v, err = a.createDefinition(ctx, c, v, content); err != nil {
		return nil, err
	}
	return a.answerInterface(ctx, c, http.StatusCreated, v)
}

func (a *API) replaceInterface(ctx context.Context, c web.Caller, in *replaceInterfaceIn) (*answer[UserInterface], error) {
	content, err := a.interfaceContent(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	v, err := a.replaceDefinition(ctx, c, tepin.UserInterface, in.ID, unbracketed(in.Body.Name), content, in.Body.Default)
	if err != nil {
		return nil, err
	}
	return a.answerInterface(ctx, c, http.StatusOK, v)
}

// unbracketed takes off the brackets that mark the default.
func unbracketed(name string) string {
	for name = strings.TrimSpace(name); strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]"); {
		name = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	}
	return name
}

// interfaceContent checks what a body says beside the name.
func (a *API) interfaceContent(ctx context.Context, c web.Caller, body userInterfaceBody) (userInterface, error) {
	content := userInterface{FormBuilder: body.FormBuilder}
	if body.FormBuilder != nil {
		if err := checkForm(*body.FormBuilder); err != nil {
			return content, err
		}
	}
	if body.OutputSettings == nil {
		return content, nil
	}
	settings, err := a.Store.OutputSettings(ctx, c.Environment.ID)
	if err != nil {
		return content, err
	}
	content.OutputSettings = map[tepin.OutputSettingsID][]string{}
	for given, offered := range body.OutputSettings {
		sid := tepin.OutputSettingsID(strings.ToLower(given))
		if !slices.ContainsFunc(settings, func(s tepin.OutputSettings) bool { return s.ID == sid }) {
			return content, invalid("outputSettings", "a key is not the id of output settings of this environment; list them with GET …/output/settings")
		}
		intents := []string{}
		for i, intent := range offered.LayoutIntents {
			known := slices.IndexFunc(layoutIntents, func(s string) bool { return strings.EqualFold(s, intent) })
			if known < 0 {
				return content, invalid(fmt.Sprintf("outputSettings.layoutIntents[%d]", i), "an intent is one of %s", strings.Join(layoutIntents, ", "))
			}
			if !slices.Contains(intents, layoutIntents[known]) {
				intents = append(intents, layoutIntents[known])
			}
		}
		content.OutputSettings[sid] = intents
	}
	return content, nil
}

// formSection is one section of a form, as far as it is known.
type formSection struct {
	ID                        *string `json:"id"`
	Type                      *string `json:"type"`
	Active                    *bool   `json:"active"`
	Header                    *string `json:"header"`
	HelpText                  *string `json:"helpText"`
	LayoutSelector            *bool   `json:"layoutSelector"`
	ShowWidthHeightInputs     *bool   `json:"showWidthHeightInputs"`
	MultipleLayouts           *bool   `json:"multipleLayouts"`
	AllowNewProjectFromLayout *bool   `json:"allowNewProjectFromLayout"`
	VariableGroups            *struct {
		Show *bool `json:"show"`
	} `json:"variableGroups"`
}

// checkForm refuses a form that clients could not show, with the section that is wrong.
func checkForm(form string) error {
	const path = "formBuilder"
	if len(form) > maxFormBuilder {
		return &tepin.Error{Kind: tepin.TooLarge, Path: path, Message: fmt.Sprintf("a form has at most %d KB", maxFormBuilder>>10)}
	}
	raw := []byte(form)
	if web.JSONDepth(raw) > maxFormDepth {
		return invalid(path, "the JSON is nested deeper than %d levels", maxFormDepth)
	}
	if err := web.CheckJSON(raw); err != nil {
		return invalid(path, "the text is not valid JSON")
	}
	if err := short(path, form, maxFormBuilder); err != nil {
		return err
	}
	var sections []json.RawMessage
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) || json.Unmarshal(raw, &sections) != nil {
		return invalid(path, "expected the JSON text of a list of sections")
	}
	if len(sections) > maxFormSections {
		return invalid(path, "a form has at most %d sections", maxFormSections)
	}
	seen := map[string]bool{}
	for i, raw := range sections {
		at := fmt.Sprintf("%s[%d]", path, i)
		var s formSection
		if err := web.DecodeJSON(raw, &s); err != nil {
			return within(at, err)
		}
		switch {
		case s.Type == nil:
			return invalid(at+".type", "a section has a type: datasource, layouts or variables")
		case !slices.Contains([]string{"datasource", "layouts", "variables"}, *s.Type):
			return invalid(at+".type", "the type is datasource, layouts or variables")
		case seen[*s.Type]:
			return invalid(at+".type", "there is a section of this type already")
		}
		seen[*s.Type] = true
		for name, text := range map[string]*string{"id": s.ID, "header": s.Header, "helpText": s.HelpText} {
			if text == nil {
				continue
			}
			if err := short(at+"."+name, *text, maxHelpText); err != nil {
				return err
			}
		}
	}
	return nil
}

// within puts a place before that of an error of [web.DecodeJSON].
func within(at string, err error) error {
	if e, ok := err.(*tepin.Error); ok {
		path := strings.TrimPrefix(e.Path, "$")
		if path != "" && path[0] != '.' {
			path = "." + path
		}
		return &tepin.Error{Kind: e.Kind, Path: at + path, Message: e.Message, Cause: e.Cause}
	}
	return err
}
