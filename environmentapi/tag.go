package environmentapi

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// maxTagName is the longest name of a tag, in characters.
const maxTagName = 100

// TagRow is the JSON of a tag.
type TagRow struct {
	ID               tepin.TagID `json:"id" format:"uuid"`
	Name             string      `json:"name" example:"spring"`
	DateCreated      time.Time   `json:"dateCreated"`
	LastModifiedDate time.Time   `json:"lastModifiedDate"`
}

func tagOf(v tepin.Tag) TagRow {
	return TagRow{ID: v.ID, Name: v.Name, DateCreated: v.CreatedAt.UTC(), LastModifiedDate: v.UpdatedAt.UTC()}
}

// TagRef is a tag of a template.
type TagRef struct {
	ID   tepin.TagID `json:"id" format:"uuid"`
	Name string      `json:"name" example:"spring"`
}

func tagRefs(list []tepin.TagRef) []TagRef {
	refs := make([]TagRef, 0, len(list))
	for _, g := range list {
		refs = append(refs, TagRef{g.ID, g.Name})
	}
	return refs
}

// OneTagIn names a tag.
type OneTagIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the tag."`
}

// TagNameBody is a tag's name.
type TagNameBody struct {
	Name string   `json:"name" doc:"1 to 100 characters, no comma and no slash; unique in the environment, in any case." example:"spring"`
	_    struct{} `additionalProperties:"true"`
}

type createTagIn struct {
	InEnvironment
	Body TagNameBody
}

type renameTagIn struct {
	OneTagIn
	Body TagNameBody
}

func checkTagName(name string) (string, error) {
	name, err := asset.CheckName("the tag", name)
	switch {
	case err != nil:
		return "", err
	case utf8.RuneCountInString(name) > maxTagName:
		return "", tepin.Errorf(tepin.Invalid, "the name of the tag is longer than %d characters", maxTagName)
	case strings.Contains(name, ","):
		return "", tepin.Errorf(tepin.Invalid, "the name of the tag holds a comma, which stands between tags; leave it out")
	}
	return name, nil
}

func (a *API) listTags(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[TagRow]], error) {
	l, err := a.list(c, "/tags", FolderIn{ListIn: *in})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Tags(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/tags", l, p, tagOf), nil
}

func (a *API) getTag(ctx context.Context, c web.Caller, in *OneTagIn) (*answer[TagRow], error) {
	tid, err := id[tepin.TagID]("tag", in.ID)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.Tag(ctx, c.Environment.ID, tid)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, tagOf(v)), nil
}

func (a *API) createTag(ctx context.Context, c web.Caller, in *createTagIn) (*answer[TagRow], error) {
	name, err := checkTagName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.CreateTag(ctx, c.Actor, c.Environment.ID, name)
	if err != nil {
		return nil, err
	}
	return added(v.Version, tagOf(v)), nil
}

func (a *API) renameTag(ctx context.Context, c web.Caller, in *renameTagIn) (*answer[TagRow], error) {
	name, err := checkTagName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	tid, ifVersion, err := target[tepin.TagID](c, "tag", in.ID)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.RenameTag(ctx, c.Actor, c.Environment.ID, tid, name, ifVersion)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, tagOf(v)), nil
}

func (a *API) deleteTag(ctx context.Context, c web.Caller, in *OneTagIn) (*empty, error) {
	tid, ifVersion, err := target[tepin.TagID](c, "tag", in.ID)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteTag(ctx, c.Actor, c.Environment.ID, tid, ifVersion)
}

type setTagsIn struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the template."`
	Body struct {
		Tags []tepin.TagID `json:"tags" nullable:"false" maxItems:"50" doc:"Ids of all tags that it is to have; none takes all away."`
		_    struct{}      `additionalProperties:"true"`
	}
}

// setTemplateTags gives a template exactly these tags.
func (a *API) setTemplateTags(ctx context.Context, c web.Caller, in *setTagsIn) (*answer[Template], error) {
	var tags []tepin.TagID
	for _, given := range in.Body.Tags {
		tag, err := id[tepin.TagID]("tag", string(given))
		if err != nil {
			return nil, err
		}
		tags = append(tags, tag)
	}
	tid, ifVersion, err := target[tepin.TemplateID](c, "template", in.ID)
	if err != nil {
		return nil, err
	}
	t, err := a.Store.SetTemplateTags(ctx, c.Actor, c.Environment.ID, tid, tags, ifVersion)
	if err != nil {
		return nil, err
	}
	return changed(t.Version, templateOf(t)), nil
}

// tagFilter reads the parameter tags of a list.
func tagFilter(text string) (tags []string, err error) {
	if text, err = plain("tags", text); err != nil {
		return nil, err
	}
	for tag := range strings.SplitSeq(text, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	if len(tags) > tepin.MaxTagFilter {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "tags", Message: "a list is filtered by at most 10 tags"}
	}
	return tags, nil
}
