package platformapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// GroupBody is a group of users.
type GroupBody struct {
	ID           tepin.GroupID         `json:"id" format:"uuid"`
	Name         string                `json:"name" example:"Designers"`
	Description  string                `json:"description"`
	BuiltIn      bool                  `json:"builtIn" doc:"The group of all users: only its access can be changed."`
	Members      int                   `json:"members"`
	Access       []EnvironmentRoleBody `json:"access" nullable:"false" doc:"What its members may enter, beside what they may themselves."`
	DateCreated  time.Time             `json:"dateCreated"`
	LastModified time.Time             `json:"lastModifiedDate"`
}

func groupOf(g tepin.Group) GroupBody {
	return GroupBody{ID: g.ID, Name: g.Name, Description: g.Description, BuiltIn: g.BuiltIn(), Members: g.Members, Access: environmentRolesOf(g.Access),
		DateCreated: g.CreatedAt.UTC(), LastModified: g.UpdatedAt.UTC()}
}

// InGroup is the part of inputs that names a group.
type InGroup struct {
	InSubscription
	GroupID tepin.GroupID `path:"groupId" format:"uuid"`
}

func (a *API) listGroups(ctx context.Context, _ web.Caller, in *InSubscription) (*list[GroupBody], error) {
	all, err := a.o.Store.Groups(ctx, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	return listOf(all, groupOf), nil
}

func (a *API) getGroup(ctx context.Context, c web.Caller, in *InGroup) (*item[GroupBody], error) {
	g, err := a.o.Store.Group(ctx, in.SubscriptionID, in.GroupID)
	if err != nil {
		return nil, err
	}
	// Joining changes no version, and who has joined is in the body: no 304.
	return &item[GroupBody]{Status: http.StatusOK, ETag: web.ETag(g.Version), Body: groupOf(g)}, nil
}

type createGroupIn struct {
	InSubscription
	Body struct {
		Name        string                `json:"name" minLength:"1" maxLength:"100" example:"Designers"`
		Description string                `json:"description,omitempty" maxLength:"500"`
		Access      []EnvironmentRoleBody `json:"access,omitempty" maxItems:"1000"`
	}
}

type createdGroup struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     GroupBody
}

func (a *API) createGroup(ctx context.Context, c web.Caller, in *createGroupIn) (*createdGroup, error) {
	g, err := a.o.Credential.CreateGroup(ctx, c.Actor, tepin.Group{SubscriptionID: in.SubscriptionID, Name: in.Body.Name, Description: in.Body.Description,
		Access: orZero(environmentRoles(&in.Body.Access))})
	if err != nil {
		return nil, err
	}
	return &createdGroup{ETag: web.ETag(g.Version), Location: "/api/v1/subscriptions/" + string(in.SubscriptionID) + "/groups/" + string(g.ID), Body: groupOf(g)}, nil
}

type updateGroupIn struct {
	InGroup
	InVersion
	Body struct {
		Name        *string                `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Description *string                `json:"description,omitempty" maxLength:"500"`
		Access      *[]EnvironmentRoleBody `json:"access,omitempty" maxItems:"1000" doc:"All that it opens from now on."`
	}
}

func (a *API) updateGroup(ctx context.Context, c web.Caller, in *updateGroupIn) (*item[GroupBody], error) {
	u := tepin.GroupUpdate{Name: in.Body.Name, Description: in.Body.Description, Access: environmentRoles(in.Body.Access)}
	var err error
	if u.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	g, err := a.o.Credential.UpdateGroup(ctx, c.Actor, in.SubscriptionID, in.GroupID, u)
	if err != nil {
		return nil, err
	}
	return &item[GroupBody]{Status: http.StatusOK, ETag: web.ETag(g.Version), Body: groupOf(g)}, nil
}

func (a *API) deleteGroup(ctx context.Context, c web.Caller, in *InGroup) (*none, error) {
	return nil, a.o.Credential.DeleteGroup(ctx, c.Actor, in.SubscriptionID, in.GroupID)
}

func (a *API) groupUsers(ctx context.Context, _ web.Caller, in *InGroup) (*list[UserBody], error) {
	all, err := a.o.Store.GroupMembers(ctx, in.SubscriptionID, in.GroupID)
	if err != nil {
		return nil, err
	}
	return listOf(all, userOf), nil
}

type groupUserIn struct {
	InGroup
	UserID tepin.UserID `path:"userId" format:"uuid" doc:"A user of the subscription."`
}

func (a *API) joinGroup(ctx context.Context, c web.Caller, in *groupUserIn) (*none, error) {
	return nil, a.o.Credential.SetGroupMember(ctx, c.Actor, in.SubscriptionID, in.GroupID, in.UserID, true)
}

func (a *API) leaveGroup(ctx context.Context, c web.Caller, in *groupUserIn) (*none, error) {
	return nil, a.o.Credential.SetGroupMember(ctx, c.Actor, in.SubscriptionID, in.GroupID, in.UserID, false)
}
