package environmentapi

import (
	"context"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// SubjectType is the JSON of a subject type: something that a picture can show, on which
// its crop is then centred.
type SubjectType struct {
	ID               tepin.DefinitionID `json:"id" format:"uuid"`
	Name             string             `json:"name" doc:"Identifies it, as the id does; in any case." example:"face"`
	Description      string             `json:"description" example:"The faces of people"`
	DateCreated      time.Time          `json:"dateCreated"`
	LastModifiedDate time.Time          `json:"lastModifiedDate"`
}

type subjectType struct {
	Description string `json:"description"`
}

// SubjectTypeIn names a subject type.
type SubjectTypeIn struct {
	InEnvironment
	ID string `path:"id" doc:"Its id or its name."`
}

type subjectTypeBody struct {
	Name        string   `json:"name" maxLength:"100" example:"face"`
	Description string   `json:"description,omitempty" maxLength:"1000" example:"The faces of people"`
	_           struct{} `additionalProperties:"true"`
}

type createSubjectTypeIn struct {
	InEnvironment
	Body subjectTypeBody
}

type replaceSubjectTypeIn struct {
	SubjectTypeIn
	Body subjectTypeBody
}

func subjectTypeOf(v tepin.Definition) SubjectType {
	return SubjectType{ID: v.ID, Name: v.Name, Description: contentOf[subjectType](v).Description, DateCreated: v.CreatedAt.UTC(), LastModifiedDate: v.UpdatedAt.UTC()}
}

func (a *API) listSubjectTypes(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[SubjectType]], error) {
	return listDefinitions(ctx, a, c, tepin.SubjectType, "/subject-types", *in, subjectTypeOf)
}

// subjectType finds a subject type by its id or its name.
func (a *API) subjectType(ctx context.Context, c web.Caller, given string) (tepin.Definition, error) {
	if tepin.IsID(strings.ToLower(given)) {
		return a.definition(ctx, c, tepin.SubjectType, given)
	}
	if _, err := plain("id", given); err != nil {
		return a.definition(ctx, c, tepin.SubjectType, "")
	}
	return a.Store.DefinitionByName(ctx, c.Environment.ID, tepin.SubjectType, given)
}

func (a *API) getSubjectType(ctx context.Context, c web.Caller, in *SubjectTypeIn) (*answer[SubjectType], error) {
	v, err := a.subjectType(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, subjectTypeOf(v)), nil
}

func (a *API) createSubjectType(ctx context.Context, c web.Caller, in *createSubjectTypeIn) (*answer[SubjectType], error) {
	if err := checkSubject(in.Body); err != nil {
		return nil, err
	}
	v, err := a.createDefinition(ctx, c, tepin.Definition{Kind: tepin.SubjectType, Name: in.Body.Name}, subjectType{in.Body.Description})
	if err != nil {
		return nil, err
	}
	return added(v.Version, subjectTypeOf(v)), nil
}

// checkSubject refuses a name that would be taken for an id.
func checkSubject(b subjectTypeBody) error {
	if tepin.IsID(strings.ToLower(strings.TrimSpace(b.Name))) {
		return invalid("name", "a name that looks like an id would be taken for one; choose words")
	}
	return short("description", b.Description, 1000)
}

func (a *API) replaceSubjectType(ctx context.Context, c web.Caller, in *replaceSubjectTypeIn) (*answer[SubjectType], error) {
	if err := checkSubject(in.Body); err != nil {
		return nil, err
	}
	v, err := a.subjectType(ctx, c, in.ID)
	if err == nil {
		v, err = a.replaceDefinition(ctx, c, tepin.SubjectType, string(v.ID), in.Body.Name, subjectType{in.Body.Description}, nil)
	}
	if err != nil {
		return nil, err
	}
	return changed(v.Version, subjectTypeOf(v)), nil
}

func (a *API) deleteSubjectType(ctx context.Context, c web.Caller, in *SubjectTypeIn) (*empty, error) {
	v, err := a.subjectType(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return a.deleteDefinition(tepin.SubjectType)(ctx, c, &DefinitionIn{in.InEnvironment, string(v.ID)})
}
