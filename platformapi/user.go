package platformapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web"
)

// EnvironmentRoleBody is a role in an environment.
type EnvironmentRoleBody struct {
	EnvironmentID tepin.EnvironmentID `json:"environmentId" format:"uuid"`
	Role          tepin.Role          `json:"role" enum:"EU,EA" doc:"EU: end user; EA: environment administrator."`
}

func environmentRolesOf(list []tepin.EnvironmentRole) []EnvironmentRoleBody {
	return listOf(list, func(g tepin.EnvironmentRole) EnvironmentRoleBody { return EnvironmentRoleBody(g) }).Body
}

// environmentRoles reads a list of roles, if there is one.
func environmentRoles(list *[]EnvironmentRoleBody) *[]tepin.EnvironmentRole {
	if list == nil {
		return nil
	}
	roles := make([]tepin.EnvironmentRole, len(*list))
	for i, g := range *list {
		roles[i] = tepin.EnvironmentRole(g)
	}
	return &roles
}

// UserBody is a user of a subscription.
type UserBody struct {
	ID                tepin.UserID          `json:"id" format:"uuid"`
	Email             string                `json:"email" format:"email"`
	FirstName         string                `json:"firstName"`
	LastName          string                `json:"lastName"`
	Avatar            *string               `json:"avatar" doc:"Always null: no pictures of people are kept."`
	LastSeen          *int64                `json:"lastSeen" doc:"When they signed in last, in seconds since 1970; null = never." example:"1790000000"`
	Status            string                `json:"status" enum:"Active,Pending,Deactivated" doc:"Pending: invited, and has not come yet. Deactivated: may nothing in the subscription; what they are there is kept."`
	SubscriptionRoles []tepin.Role          `json:"subscriptionRoles" nullable:"false" enum:"SA,TDS" doc:"SA: subscription administrator; TDS: has a seat of a template designer. Everybody is an end user besides (EU)."`
	EnvironmentRoles  []EnvironmentRoleBody `json:"environmentRoles" nullable:"false" doc:"Their own; those of their groups come on top."`
	Groups            []tepin.GroupID       `json:"groups" nullable:"false" doc:"But for the group of all users."`
	CreatedAt         time.Time             `json:"createdAt" doc:"When they were invited."`
	InvitationEnds    *time.Time            `json:"invitationEnds" doc:"Of a pending one: until when the link works; null = it does not, send another."`
	IsFederated       bool                  `json:"isFederated" doc:"Always false: nobody signs in by another service yet."`
	MembershipType    string                `json:"membershipType" enum:"Direct"`
}

func userOf(p tepin.Person) UserBody {
	status := map[tepin.MemberState]string{tepin.MemberActive: "Active", tepin.MemberPending: "Pending", tepin.MemberDeactivated: "Deactivated"}
	b := UserBody{ID: p.UserID, Email: p.Email, FirstName: p.FirstName(), LastName: p.LastName, Status: status[p.State], SubscriptionRoles: []tepin.Role{},
		EnvironmentRoles: environmentRolesOf(p.Environments), Groups: p.Groups, CreatedAt: p.Member.CreatedAt.UTC(), MembershipType: "Direct"}
	if p.SubscriptionAdmin {
		b.SubscriptionRoles = append(b.SubscriptionRoles, tepin.SubscriptionAdmin)
	}
	if p.TemplateDesigner {
		b.SubscriptionRoles = append(b.SubscriptionRoles, tepin.TemplateDesigner)
	}
	if !p.LastSeenAt.IsZero() {
		seen := p.LastSeenAt.Unix()
		b.LastSeen = &seen
	}
	if p.State == tepin.MemberPending && !p.LinkEnds.IsZero() {
		b.InvitationEnds = &p.LinkEnds
	}
	return b
}

// InUser is the part of inputs that names a user.
type InUser struct {
	InSubscription
	UserID tepin.UserID `path:"userId" format:"uuid"`
}

type listUsersIn struct {
	InSubscription
	Search string `query:"search" maxLength:"254" doc:"Only those in whose e-mail address or name this stands."`
	Status string `query:"status" enum:"Active,Pending,Deactivated" doc:"Only those."`
}

func (a *API) listUsers(ctx context.Context, _ web.Caller, in *listUsersIn) (*list[UserBody], error) {
	all, err := a.o.Store.People(ctx, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	word := strings.ToLower(in.Search)
	all = slices.DeleteFunc(all, func(p tepin.Person) bool {
		return in.Status != "" && !strings.EqualFold(in.Status, string(p.State)) || !strings.Contains(p.Email, word) && !strings.Contains(strings.ToLower(p.Name), word)
	})
	return listOf(all, userOf), nil
}

func (a *API) getUser(ctx context.Context, c web.Caller, in *InUser) (*item[UserBody], error) {
	p, err := a.o.Store.Person(ctx, in.SubscriptionID, in.UserID)
	if err != nil {
		return nil, err
	}
	return itemOf(c, p.Member.Version, userOf(p)), nil
}

type inviteIn struct {
	InSubscription
	Body struct {
		Email             string                `json:"email" format:"email" maxLength:"254" example:"ann@example.org"`
		FirstName         string                `json:"firstName,omitempty" maxLength:"100" doc:"Taken for somebody who is new to the installation."`
		LastName          string                `json:"lastName,omitempty" maxLength:"100"`
		SubscriptionRoles []tepin.Role          `json:"subscriptionRoles,omitempty" maxItems:"3" enum:"EU,SA,TDS" doc:"EU, which everybody is, may be left out."`
		EnvironmentRoles  []EnvironmentRoleBody `json:"environmentRoles,omitempty" maxItems:"1000"`
	}
}

// linkBody is a one-time link.
type linkBody struct {
	Link string    `json:"link" doc:"Shown this once. Give it to the person: no mail is sent." example:"https://tepin.example/join#yLJ4qGN7cSIoTqPVmP6WUw"`
	Ends time.Time `json:"ends" doc:"Until when it works, once."`
}

type invitedUser struct {
	UserBody
	Invitation linkBody `json:"invitation" doc:"The link by which the person joins and chooses a password; for 7 days. It can be made anew."`
}

func (a *API) invite(ctx context.Context, c web.Caller, in *inviteIn) (*secretAnswer[invitedUser], error) {
	roles := tepin.NewRoles(in.Body.SubscriptionRoles...)
	p, token, err := a.o.Credential.Invite(ctx, c.Actor, tepin.Invitation{
		SubscriptionID: in.SubscriptionID, Email: in.Body.Email, Name: in.Body.FirstName + " " + in.Body.LastName, LastName: in.Body.LastName,
		SubscriptionAdmin: roles.Any(tepin.NewRoles(tepin.SubscriptionAdmin)), TemplateDesigner: roles.Any(tepin.Designers),
		Environments: orZero(environmentRoles(&in.Body.EnvironmentRoles)),
	})
	if err != nil {
		return nil, err
	}
	return invited(c, p, token), nil
}

func invited(c web.Caller, p tepin.Person, token string) *secretAnswer[invitedUser] {
	return &secretAnswer[invitedUser]{CacheControl: "no-store", ETag: web.ETag(p.Member.Version),
		Location: "/api/v1/subscriptions/" + string(p.SubscriptionID) + "/users/" + string(p.UserID),
		Body:     invitedUser{userOf(p), linkBody{c.BaseURL + "/join#" + token, p.LinkEnds}}}
}

func (a *API) inviteAgain(ctx context.Context, c web.Caller, in *InUser) (*secretAnswer[invitedUser], error) {
	p, token, err := a.o.Credential.InviteAgain(ctx, c.Actor, in.SubscriptionID, in.UserID)
	if err != nil {
		return nil, err
	}
	return invited(c, p, token), nil
}

func (a *API) passwordLink(ctx context.Context, c web.Caller, in *InUser) (*secretAnswer[linkBody], error) {
	token, err := a.o.Credential.NewPasswordLink(ctx, c.Actor, in.SubscriptionID, in.UserID)
	if err != nil {
		return nil, err
	}
	return &secretAnswer[linkBody]{CacheControl: "no-store", Body: linkBody{c.BaseURL + "/password#" + token, a.o.Now().Add(tepin.PasswordLinkLifetime).UTC()}}, nil
}

type updateUserIn struct {
	InUser
	InVersion
	Body struct {
		FirstName         *string                `json:"firstName,omitempty" maxLength:"100" doc:"Names of people who are in other subscriptions too are theirs to change."`
		LastName          *string                `json:"lastName,omitempty" maxLength:"100"`
		Status            *string                `json:"status,omitempty" enum:"Active,Deactivated" doc:"Deactivated ends their sessions and tokens."`
		SubscriptionRoles *[]tepin.Role          `json:"subscriptionRoles,omitempty" maxItems:"3" enum:"EU,SA,TDS" doc:"All that they shall be from now on; EU, which everybody is, may be left out."`
		EnvironmentRoles  *[]EnvironmentRoleBody `json:"environmentRoles,omitempty" maxItems:"1000" doc:"All that they shall have of their own from now on."`
	}
}

func (a *API) updateUser(ctx context.Context, c web.Caller, in *updateUserIn) (*item[UserBody], error) {
	u := tepin.MemberUpdate{Environments: environmentRoles(in.Body.EnvironmentRoles)}
	if in.Body.Status != nil {
		state := tepin.MemberState(strings.ToLower(*in.Body.Status))
		u.State = &state
	}
	if in.Body.SubscriptionRoles != nil {
		roles := tepin.NewRoles(*in.Body.SubscriptionRoles...)
		admin, designer := roles.Any(tepin.NewRoles(tepin.SubscriptionAdmin)), roles.Any(tepin.Designers)
		u.SubscriptionAdmin, u.TemplateDesigner = &admin, &designer
	}
	var err error
	if u.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	p, err := a.o.Credential.UpdateMember(ctx, c.Actor, in.SubscriptionID, in.UserID, credential.Rename{First: in.Body.FirstName, Last: in.Body.LastName}, u)
	if err != nil {
		return nil, err
	}
	return &item[UserBody]{Status: http.StatusOK, ETag: web.ETag(p.Member.Version), Body: userOf(p)}, nil
}

func (a *API) deleteUser(ctx context.Context, c web.Caller, in *InUser) (*none, error) {
	return nil, a.o.Credential.RemoveMember(ctx, c.Actor, in.SubscriptionID, in.UserID)
}

// roleBody is a role that there is.
type roleBody struct {
	ID          tepin.Role `json:"id" enum:"EU,EA,SA,TDS"`
	Name        string     `json:"name" example:"Environment administrator"`
	Description string     `json:"description"`
	Level       string     `json:"level" enum:"environment,subscription" doc:"Where it is given."`
}

func (a *API) listRoles(context.Context, web.Caller, *none) (*list[roleBody], error) {
	return &list[roleBody]{Body: []roleBody{
		{tepin.EndUser, "End user", "Works on projects of their own. Everybody who is let into an environment is one.", "environment"},
		{tepin.EnvironmentAdmin, "Environment administrator", "Administers an environment: its integrations, settings and who may enter it.", "environment"},
		{tepin.SubscriptionAdmin, "Subscription administrator", "Administers the subscription: its people, groups and all its environments.", "subscription"},
		{tepin.TemplateDesigner, "Template designer", "Has a seat: makes templates and components in the environments that they may enter.", "subscription"},
	}}, nil
}

// environmentUser is somebody who may enter an environment.
type environmentUser struct {
	ID        tepin.UserID `json:"id" format:"uuid"`
	Email     string       `json:"email" format:"email"`
	FirstName string       `json:"firstName"`
	LastName  string       `json:"lastName"`
	Roles     []tepin.Role `json:"roles" nullable:"false" enum:"EU,EA,SA,TDS" doc:"All that they are in the environment, by themselves, their groups and the subscription."`
	Own       *tepin.Role  `json:"ownRole" enum:"EU,EA" doc:"The role of their own; null = they have none, and enter by a group or the subscription."`
}

func (a *API) environmentUsers(ctx context.Context, c web.Caller, _ *InEnvironment) (*list[environmentUser], error) {
	all, err := a.o.Store.People(ctx, c.Environment.SubscriptionID)
	if err != nil {
		return nil, err
	}
	out := &list[environmentUser]{Body: []environmentUser{}}
	for _, p := range all {
		roles := a.o.Access.Roles(tepin.Actor{Kind: tepin.ActorUser, ID: string(p.UserID)}, c.Environment.ID)
		if roles == 0 {
			continue
		}
		u := environmentUser{ID: p.UserID, Email: p.Email, FirstName: p.FirstName(), LastName: p.LastName, Roles: roles.List()}
		for _, g := range p.Environments {
			if g.EnvironmentID == c.Environment.ID {
				u.Own = &g.Role
			}
		}
		out.Body = append(out.Body, u)
	}
	return out, nil
}

// InEnvironmentUser is the part of inputs that names a user of an environment.
type InEnvironmentUser struct {
	InEnvironment
	User string `path:"userId" maxLength:"254" doc:"A user of the environment's subscription, by id or by e-mail address." example:"ann@example.org"`
}

// theUser finds the user that the path names. Who administers an environment alone may
// not list the people of the subscription, and knows an address.
func (a *API) theUser(ctx context.Context, c web.Caller, named string) (tepin.UserID, error) {
	if !strings.Contains(named, "@") {
		return tepin.UserID(strings.ToLower(named)), nil
	}
	all, err := a.o.Store.People(ctx, c.Environment.SubscriptionID)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(p tepin.Person) bool { return strings.EqualFold(p.Email, named) })
	if i < 0 {
		return "", tepin.Errorf(tepin.NotFound, "nobody in the environment's subscription has this e-mail address; a subscription administrator can invite them")
	}
	return all[i].UserID, nil
}

type setEnvironmentUserIn struct {
	InEnvironmentUser
	Body struct {
		Role tepin.Role `json:"role" enum:"EU,EA"`
	}
}

func (a *API) setEnvironmentUser(ctx context.Context, c web.Caller, in *setEnvironmentUserIn) (*none, error) {
	id, err := a.theUser(ctx, c, in.User)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Credential.SetEnvironmentRole(ctx, c.Actor, c.Environment.ID, id, in.Body.Role)
}

func (a *API) unsetEnvironmentUser(ctx context.Context, c web.Caller, in *InEnvironmentUser) (*none, error) {
	id, err := a.theUser(ctx, c, in.User)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Credential.SetEnvironmentRole(ctx, c.Actor, c.Environment.ID, id, "")
}

// administratorBody is somebody who administers the installation.
type administratorBody struct {
	ID    tepin.UserID `json:"id" format:"uuid"`
	Email string       `json:"email" format:"email"`
	Name  string       `json:"name"`
}

func (a *API) listAdministrators(ctx context.Context, _ web.Caller, _ *none) (*list[administratorBody], error) {
	all, err := a.o.Store.Administrators(ctx)
	if err != nil {
		return nil, err
	}
	return listOf(all, func(u tepin.User) administratorBody { return administratorBody{u.ID, u.Email, u.Name} }), nil
}

type administratorIn struct {
	UserID tepin.UserID `path:"userId" format:"uuid" doc:"A user of any subscription."`
}

func (a *API) addAdministrator(ctx context.Context, c web.Caller, in *administratorIn) (*none, error) {
	return nil, a.o.Credential.SetAdministrator(ctx, c.Actor, in.UserID, true)
}

func (a *API) removeAdministrator(ctx context.Context, c web.Caller, in *administratorIn) (*none, error) {
	return nil, a.o.Credential.SetAdministrator(ctx, c.Actor, in.UserID, false)
}
