package environmentapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// RichTextRules is the JSON of a set of rules that turn marked-up text into styled text.
type RichTextRules struct {
	ID               tepin.DefinitionID `json:"id" format:"uuid" doc:"What a variable names as its rule set."`
	Name             string             `json:"name" example:"Web texts"`
	StyleRules       []StyleRule        `json:"styleRules,omitzero" nullable:"false" doc:"In lists with expand=All alone."`
	DateCreated      time.Time          `json:"dateCreated"`
	LastModifiedDate time.Time          `json:"lastModifiedDate"`
}

// StyleRule gives a style to the elements that its matcher finds.
type StyleRule struct {
	Matcher               ElementMatcher `json:"matcher"`
	StyleKind             string         `json:"styleKind" enum:"paragraph,character,lineBreak,inlineStyle" example:"character"`
	ParagraphStyleName    string         `json:"paragraphStyleName,omitempty" maxLength:"255" doc:"With paragraph: the style's name."`
	CharacterStyleName    string         `json:"characterStyleName,omitempty" maxLength:"255" doc:"With character: the style's name." example:"Bold"`
	InlineStyleDefinition *InlineStyle   `json:"inlineStyleDefinition,omitempty" doc:"With inlineStyle: what is set."`
}

// ElementMatcher finds elements of marked-up text.
type ElementMatcher struct {
	Tag               *string            `json:"tag,omitempty" maxLength:"100" doc:"Any element if it is left out." example:"strong"`
	AttributeMatchers []AttributeMatcher `json:"attributeMatchers" required:"false" nullable:"false" maxItems:"50" doc:"All of them match."`
	CaseSensitive     bool               `json:"caseSensitive" required:"false" doc:"Of the tag."`
}

// AttributeMatcher is a condition on an attribute.
type AttributeMatcher struct {
	Name          string  `json:"name" minLength:"1" maxLength:"100" example:"class"`
	CaseSensitive bool    `json:"caseSensitive" required:"false"`
	MatchOperator string  `json:"matchOperator" enum:"exists,missing,equals,notEquals,contains,startsWith,endsWith" example:"contains"`
	Value         *string `json:"value,omitempty" maxLength:"1000" doc:"With every operator but exists and missing." example:"intro"`
}

// InlineStyle changes letters without a style's name.
type InlineStyle struct {
	Underline      *bool  `json:"underline,omitempty"`
	LineThrough    *bool  `json:"lineThrough,omitempty"`
	SubSuperScript string `json:"subSuperScript,omitempty" enum:"superscript,subscript,normal"`
}

// richTextRules is the content as it is stored.
type richTextRules struct {
	StyleRules []StyleRule `json:"styleRules"`
}

type richTextBody struct {
	Name       string      `json:"name" maxLength:"255" example:"Web texts"`
	StyleRules []StyleRule `json:"styleRules" nullable:"false" maxItems:"500" doc:"In the order in which they are tried."`
	_          struct{}    `additionalProperties:"true"`
}

type listRichTextIn struct {
	ListIn
	Expand string `query:"expand" enum:"All,all,None,none" doc:"All: with the rules of each set. Once more with each page."`
}

type createRichTextIn struct {
	InEnvironment
	Body richTextBody
}

type replaceRichTextIn struct {
	DefinitionIn
	Body richTextBody
}

func richTextOf(v tepin.Definition) RichTextRules {
	return RichTextRules{ID: v.ID, Name: v.Name, StyleRules: contentOf[richTextRules](v).StyleRules,
		DateCreated: v.CreatedAt.UTC(), LastModifiedDate: v.UpdatedAt.UTC()}
}

func (a *API) listRichText(ctx context.Context, c web.Caller, in *listRichTextIn) (*answer[Page[RichTextRules]], error) {
	return listDefinitions(ctx, a, c, tepin.RichTextRules, "/rich-text-rules", in.ListIn, func(v tepin.Definition) RichTextRules {
		body := richTextOf(v)
		if in.Expand != "All" && in.Expand != "all" {
			body.StyleRules = nil
		}
		return body
	})
}

func (a *API) getRichText(ctx context.Context, c web.Caller, in *DefinitionIn) (*answer[RichTextRules], error) {
	v, err := a.definition(ctx, c, tepin.RichTextRules, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, richTextOf(v)), nil
}

func (a *API) createRichText(ctx context.Context, c web.Caller, in *createRichTextIn) (*answer[RichTextRules], error) {
	content, err := richTextContent(in.Body)
	if err != nil {
		return nil, err
	}
	v, err := a.createDefinition(ctx, c, tepin.Definition{Kind: tepin.RichTextRules, Name: in.Body.Name}, content)
	if err != nil {
		return nil, err
	}
	return added(v.Version, richTextOf(v)), nil
}

func (a *API) replaceRichText(ctx context.Context, c web.Caller, in *replaceRichTextIn) (*answer[RichTextRules], error) {
	content, err := richTextContent(in.Body)
	if err != nil {
		return nil, err
	}
	v, err := a.replaceDefinition(ctx, c, tepin.RichTextRules, in.ID, in.Body.Name, content, nil)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, richTextOf(v)), nil
}

// richTextContent checks what the schema cannot say of rules.
func richTextContent(body richTextBody) (richTextRules, error) {
	for i := range body.StyleRules {
		if err := checkRule(fmt.Sprintf("styleRules[%d]", i), &body.StyleRules[i]); err != nil {
			return richTextRules{}, err
		}
	}
	if body.StyleRules == nil {
		body.StyleRules = []StyleRule{}
	}
	return richTextRules{body.StyleRules}, nil
}

// maxMatched is the length of the longest value that an attribute is compared with.
const maxMatched = 1000

// valueOf is a text that may be absent.
func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func checkRule(at string, r *StyleRule) error {
	given := map[string]bool{"paragraph": r.ParagraphStyleName != "", "character": r.CharacterStyleName != "", "inlineStyle": r.InlineStyleDefinition != nil}
	members := map[string]string{"paragraph": "paragraphStyleName", "character": "characterStyleName", "inlineStyle": "inlineStyleDefinition"}
	for kind, member := range members {
		switch {
		case kind == r.StyleKind && !given[kind]:
			return invalid(at+"."+member, "a rule of the kind %s has this", kind)
		case kind != r.StyleKind && given[kind]:
			return invalid(at+"."+member, "only a rule of the kind %s has this", kind)
		}
	}
	for member, text := range map[string]string{"paragraphStyleName": r.ParagraphStyleName, "characterStyleName": r.CharacterStyleName, "matcher.tag": valueOf(r.Matcher.Tag)} {
		if err := short(at+"."+member, text, maxKitText); err != nil {
			return err
		}
	}
	if r.Matcher.AttributeMatchers == nil {
		r.Matcher.AttributeMatchers = []AttributeMatcher{}
	}
	for i, m := range r.Matcher.AttributeMatchers {
		here := fmt.Sprintf("%s.matcher.attributeMatchers[%d]", at, i)
		if err := errors.Join(short(here+".name", m.Name, maxKitText), short(here+".value", valueOf(m.Value), maxMatched)); err != nil {
			return err
		}
		bare := m.MatchOperator == "exists" || m.MatchOperator == "missing"
		if bare == (m.Value != nil) {
			return invalid(here+".value", "exists and missing have no value; every other operator has one")
		}
	}
	return nil
}
