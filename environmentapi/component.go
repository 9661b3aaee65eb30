package environmentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/web"
)

// Component is the JSON of a component.
type Component struct {
	ID                         tepin.ComponentID   `json:"id" format:"uuid"`
	Name                       string              `json:"name" example:"Business card"`
	Type                       int                 `json:"type" doc:"0: an item."`
	DefaultComponentDimensions ComponentDimensions `json:"defaultComponentDimensions"`
	DateCreated                time.Time           `json:"dateCreated"`
	LastModifiedDate           time.Time           `json:"lastModifiedDate"`
	LastModifiedContentUTC     time.Time           `json:"lastModifiedContentUtc" doc:"When the document last changed."`
}

// ComponentDimensions is the size in which a component is placed.
type ComponentDimensions struct {
	Width  float64 `json:"width" example:"85"`
	Height float64 `json:"height" example:"55"`
	Unit   string  `json:"unit" enum:"px,pt,mm,cm,in"`
}

func componentOf(v tepin.Component) Component {
	return Component{ID: v.ID, Name: v.Name, Type: kindItem, DefaultComponentDimensions: ComponentDimensions(v.Size),
		DateCreated: v.CreatedAt.UTC(), LastModifiedDate: v.UpdatedAt.UTC(), LastModifiedContentUTC: v.ContentAt.UTC()}
}

// ComponentBody is what is sent of a component.
type ComponentBody struct {
	Name    string `json:"name,omitempty" example:"Business card"`
	Content any    `json:"content,omitempty" doc:"The document: an object, or a string that holds it as JSON."`
}

// OneComponentIn names a component.
type OneComponentIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the component."`
}

// staffOnly keeps end users from components, which integrations may read (and whoever has
// a role).
func staffOnly(c web.Caller) error {
	if c.Actor.Kind == tepin.ActorUser && !c.Actor.Administrator && !c.Actor.Roles.Any(tepin.Staff) {
		return tepin.Errorf(tepin.Forbidden, "components are for people who are %s in this environment; ask an administrator for the role", tepin.Staff)
	}
	return nil
}

func (a *API) listComponents(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[Component]], error) {
	if err := staffOnly(c); err != nil {
		return nil, err
	}
	l, err := a.list(c, "/components", FolderIn{ListIn: *in})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Components(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/components", l, p, componentOf), nil
}

func (a *API) component(ctx context.Context, c web.Caller, given string) (tepin.Component, error) {
	if err := staffOnly(c); err != nil {
		return tepin.Component{}, err
	}
	cid, err := id[tepin.ComponentID]("component", given)
	if err != nil {
		return tepin.Component{}, err
	}
	return a.Store.Component(ctx, c.Environment.ID, cid)
}

func (a *API) getComponent(ctx context.Context, c web.Caller, in *OneComponentIn) (*answer[Item[Component]], error) {
	v, err := a.component(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, Item[Component]{Data: componentOf(v)}), nil
}

func (a *API) downloadComponent(w http.ResponseWriter, r *http.Request) error {
	v, err := a.component(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.serveDocument(w, r, v.Name, v.Document, v.Version)
}

// componentChange is what the body of a request says of a component.
type componentChange struct {
	name     *string
	document *tepin.BlobRef // nil = there is none in it
	size     tepin.Dimensions
}

// receiveComponent reads {name, content}, and stores the content. If it fails, nothing is
// kept.
func (a *API) receiveComponent(r *http.Request) (out componentChange, err error) {
	env := web.CallerOf(r.Context()).Environment.ID
	p, err := a.receive(r, env)
	if err != nil {
		return out, err
	}
	defer p.drop(r.Context())
	var body struct {
		Name    *string         `json:"name"`
		Content json.RawMessage `json:"content"`
	}
	if err := web.DecodeJSON(p.raw, &body); err != nil {
		return out, err
	}
	if body.Name != nil {
		name, err := asset.CheckName("the component", *body.Name)
		if err != nil {
			return out, err
		}
		out.name = &name
	}
	content := []byte(body.Content)
	if len(content) == 0 || string(content) == "null" {
		return out, nil
	}
	if content[0] == '"' {
		var text string
		if err := json.Unmarshal(content, &text); err != nil {
			return out, &tepin.Error{Kind: tepin.Invalid, Path: "$.content", Message: "the content is no string", Cause: err}
		}
		content = []byte(text)
		if err := web.CheckJSON(content); err != nil {
			return out, err
		}
	}
	if !bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) {
		return out, &tepin.Error{Kind: tepin.Invalid, Path: "$.content", Message: "the content is a document: a JSON object, or a string that holds one"}
	}
	if err := output.CheckDocument(content); err != nil {
		return out, err
	}
	if out.size, err = output.ComponentSize(content); err != nil {
		return out, err
	}
	ref, err := a.Asset.PutDocument(r.Context(), env, content)
	out.document = &ref
	return out, err
}

// createComponent makes a component of {name, content}.
func (a *API) createComponent(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	in, err := a.receiveComponent(r)
	if err != nil {
		return err
	}
	v := tepin.Component{EnvironmentID: c.Environment.ID, Size: in.size}
	switch {
	case in.document == nil:
		return &tepin.Error{Kind: tepin.Invalid, Path: "$.content", Message: "the component has no content; send the document in it"}
	case in.name == nil:
		a.Asset.Discard(r.Context(), *in.document)
		return &tepin.Error{Kind: tepin.Invalid, Path: "$.name", Message: "the component needs a name"}
	}
	v.Name, v.Document = *in.name, *in.document
	v, err = a.Store.CreateComponent(r.Context(), c.Actor, v)
	if err := a.Asset.Settle(r.Context(), *in.document, err); err != nil {
		return err
	}
	return a.madeComponent(w, c, v)
}

func (a *API) madeComponent(w http.ResponseWriter, c web.Caller, v tepin.Component) error {
	w.Header().Set("Location", href(c, "/components/"+string(v.ID)))
	return writeVersion(w, http.StatusCreated, v.Version, componentOf(v))
}

// updateComponent saves the content, where there is one, and renames.
func (a *API) updateComponent(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	in, err := a.receiveComponent(r)
	if err != nil {
		return err
	}
	if in.document == nil && in.name == nil {
		return tepin.Errorf(tepin.Invalid, "there is nothing to change: send content, or name, or both")
	}
	change := tepin.ComponentUpdate{Name: in.name, Document: in.document, Size: &in.size}
	cid, ifVersion, err := target[tepin.ComponentID](c, "component", r.PathValue("id"))
	var v tepin.Component
	if err == nil {
		change.IfVersion = ifVersion
		v, err = a.Store.UpdateComponent(r.Context(), c.Actor, c.Environment.ID, cid, change)
	}
	if in.document != nil {
		err = a.Asset.Settle(r.Context(), *in.document, err)
	}
	if err != nil {
		return err
	}
	return writeVersion(w, http.StatusOK, v.Version, componentOf(v))
}

func (a *API) deleteComponent(ctx context.Context, c web.Caller, in *OneComponentIn) (*empty, error) {
	cid, ifVersion, err := target[tepin.ComponentID](c, "component", in.ID)
	if err != nil {
		return nil, err
	}
	_, err = a.Store.DeleteComponent(ctx, c.Actor, c.Environment.ID, cid, ifVersion)
	return &empty{http.StatusNoContent}, err
}

func (a *API) restoreComponent(ctx context.Context, c web.Caller, in *OneComponentIn) (*answer[Component], error) {
	cid, err := id[tepin.ComponentID]("component", in.ID)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.RestoreComponent(ctx, c.Actor, c.Environment.ID, cid)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, componentOf(v)), nil
}

// importComponent makes a component of an archive, or of a document.
func (a *API) importComponent(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	in, err := a.receiveImport(r, "the component")
	if err != nil {
		return err
	}
	v := tepin.Component{EnvironmentID: c.Environment.ID, Name: in.name, Size: in.size, Document: in.archive.Document}
	if err := a.record(r.Context(), c, in, tepin.Import{Component: &v}); err != nil {
		return err
	}
	return a.madeComponent(w, c, v)
}
