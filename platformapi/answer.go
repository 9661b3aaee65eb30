package platformapi

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// none is an input without parameters, or an answer without a body.
type none struct{}

// list answers a bare array.
type list[T any] struct {
	Body []T `nullable:"false"`
}

// listOf answers the items as body shows them; an empty list is [], not null.
func listOf[R, T any](items []R, body func(R) T) *list[T] {
	l := &list[T]{Body: make([]T, len(items))}
	for i, item := range items {
		l.Body[i] = body(item)
	}
	return l
}

// item answers one resource with its version.
type item[T any] struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the resource, for If-None-Match and If-Match."`
	Body   T
}

// itemOf answers body, or 304 when the caller has this version.
func itemOf[T any](c web.Caller, version int64, body T) *item[T] {
	i := &item[T]{Status: http.StatusOK, ETag: web.ETag(version), Body: body}
	if web.NotModified(c.Request, version) {
		i.Status = http.StatusNotModified
	}
	return i
}

// secretAnswer answers something that is shown once.
type secretAnswer[T any] struct {
	CacheControl string `header:"Cache-Control"`
	ETag         string `header:"ETag"`
	Location     string `header:"Location"`
	Body         T
}

type infoBody struct {
	Data struct {
		ServerVersion string `json:"serverVersion" example:"0.1.0"`
	} `json:"data"`
}

type infoAnswer struct{ Body infoBody }

func (a *API) ping(context.Context, web.Caller, *none) (*none, error) { return &none{}, nil }

func (a *API) info(context.Context, web.Caller, *none) (*infoAnswer, error) {
	var out infoAnswer
	out.Body.Data.ServerVersion = a.o.Version
	return &out, nil
}

type sessionBody struct {
	ID            tepin.UserID `json:"id" format:"uuid"`
	Email         string       `json:"email" format:"email"`
	Name          string       `json:"name"`
	Administrator bool         `json:"administrator" doc:"Administers the installation."`
	Roles         []tepin.Role `json:"roles" nullable:"false" enum:"EU,EA,SA,TDS" doc:"All that the person is anywhere."`
	CSRFToken     string       `json:"csrfToken" doc:"For the header X-CSRF-Token of changes in this session; empty for a token, which needs none."`
}

// session tells a page of ours who is signed in, and a program whose token it has. Other
// sites cannot read what is answered to a session's cookie: it comes without CORS.
func (a *API) session(_ context.Context, c web.Caller, _ *none) (*secretAnswer[sessionBody], error) {
	u, csrf, err := a.whoCalls(c)
	if err != nil {
		return nil, err
	}
	return &secretAnswer[sessionBody]{CacheControl: "no-store", Body: sessionBody{ID: u.ID, Email: u.Email, Name: u.Name, Administrator: c.Actor.Administrator, Roles: append([]tepin.Role{}, c.Actor.Roles.List()...), CSRFToken: csrf}}, nil
}

// whoCalls is the person of a session, or of a token.
func (a *API) whoCalls(c web.Caller) (u tepin.User, csrf string, err error) {
	if c.Actor.Reach == "" {
		return a.o.Session(c.Request)
	}
	u, ok := a.o.Access.Person(tepin.UserID(c.Actor.ID))
	if !ok {
		err = tepin.Errorf(tepin.Unauthorized, "the person of this access token does not exist any more")
	}
	return u, "", err
}
