package environmentapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// Share is the JSON of a project's share.
type Share struct {
	Subject     ShareSubject        `json:"subject"`
	Access      tepin.ProjectAccess `json:"access" enum:"read,write"`
	DateCreated time.Time           `json:"dateCreated"`
}

// ShareSubject is with whom a project is shared.
type ShareSubject struct {
	Owner
	Name string `json:"name" doc:"Empty where there is no such integration or person any more." example:"Web shop"`
}

func shareOf(s tepin.ProjectShare) Share {
	return Share{Subject: ShareSubject{Owner{s.SubjectID, s.SubjectKind}, s.SubjectName}, Access: s.Access, DateCreated: s.CreatedAt.UTC()}
}

// ShareIn names a share.
type ShareIn struct {
	ProjectIn
	Subject string `path:"subject" doc:"Id of an integration or a person of the environment."`
}

type shareProjectIn struct {
	ShareIn
	Body struct {
		Access string   `json:"access" enum:"read,write" doc:"read: see, render and copy it; write: change its name and its document, too." example:"write"`
		_      struct{} `additionalProperties:"true"`
	}
}

func (a *API) shares(ctx context.Context, c web.Caller, given string) ([]tepin.ProjectShare, error) {
	pid, err := id[tepin.ProjectID]("project", given)
	if err != nil {
		return nil, err
	}
	return a.Store.ProjectShares(ctx, c.Environment.ID, c.Actor, pid)
}

func (a *API) listShares(ctx context.Context, c web.Caller, in *ProjectIn) (*answer[Page[Share]], error) {
	list, err := a.shares(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	total := int64(len(list))
	p := tepin.Page[tepin.ProjectShare]{Items: list, Total: &total}
	return pageOf(a, c, "", tepin.List{Limit: tepin.MaxProjectShares}, p, shareOf), nil
}

func (a *API) getShare(ctx context.Context, c web.Caller, in *ShareIn) (*answer[Share], error) {
	list, err := a.shares(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if s.SubjectID == strings.ToLower(in.Subject) {
			return ok(shareOf(s)), nil
		}
	}
	return nil, tepin.Errorf(tepin.NotFound, "the project is not shared with them")
}

func (a *API) shareProject(ctx context.Context, c web.Caller, in *shareProjectIn) (*answer[Share], error) {
	p, err := a.project(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	to, err := a.subject(ctx, c, in.Subject)
	if err != nil {
		return nil, err
	}
	to.Access = tepin.ProjectAccess(in.Body.Access)
	s, err := a.Store.ShareProject(ctx, c.Actor, c.Environment.ID, p.ID, to)
	if err != nil {
		return nil, err
	}
	return ok(shareOf(s)), nil
}

// subject finds an integration or a person of the caller's environment. Whoever works in
// others only is as absent as nobody.
func (a *API) subject(ctx context.Context, c web.Caller, given string) (tepin.ProjectShare, error) {
	sid, err := id[string]("integration or person", given)
	if err != nil {
		return tepin.ProjectShare{}, err
	}
	person := tepin.Actor{Kind: tepin.ActorUser, ID: sid}
	if a.Guard.Directory.Roles(person, c.Environment.ID) != 0 {
		return tepin.ProjectShare{SubjectKind: tepin.ActorUser, SubjectID: sid}, nil
	}
	_, err = a.Store.Integration(ctx, c.Environment.ID, tepin.IntegrationID(sid))
	if tepin.KindOf(err) == tepin.NotFound {
		err = tepin.Errorf(tepin.NotFound, "there is no such integration or person here")
	}
	return tepin.ProjectShare{SubjectKind: tepin.ActorIntegration, SubjectID: sid}, err
}

func (a *API) unshareProject(ctx context.Context, c web.Caller, in *ShareIn) (*empty, error) {
	pid, err := id[tepin.ProjectID]("project", in.ID)
	if err != nil {
		return nil, err
	}
	sid, err := id[string]("share", in.Subject)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.UnshareProject(ctx, c.Actor, c.Environment.ID, pid, sid)
}
