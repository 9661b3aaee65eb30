package access

import (
	"context"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// addPeople adds who signs in to applications, and the applications.
func (s *snapshot) addPeople(dir store.Directory) {
	for i := range dir.People {
		s.people[dir.People[i].ID] = &dir.People[i]
	}
	s.roster = newRoster(dir)
	for i := range dir.Applications {
		if a := &dir.Applications[i]; s.environments[a.EnvironmentID] != nil {
			s.applications[a.ClientID] = a
		}
	}
	for i := range tepin.FirstParty {
		a := &tepin.FirstParty[i]
		s.applications[a.ClientID] = a
	}
}

// aliveOfPerson is alive for a person's token.
func (v *view) aliveOfPerson(t *token.Claims, whose subject) error {
	switch {
	case !v.enters(whose.person):
		return tepin.Errorf(tepin.Unauthorized, "the person of this access token may not enter any more; an administrator can make them an active user again")
	case t.Epoch != whose.person.Epoch:
		return tepin.Errorf(tepin.Unauthorized, "the access token was withdrawn when its person's password changed; sign in again")
	case v.denied[string(t.Credential)]:
		return tepin.Errorf(tepin.Unauthorized, "the sign-in that this access token belongs to has ended; sign in again")
	case whose.application.EnvironmentID != "" && t.Environment != whose.application.EnvironmentID:
		return tepin.Errorf(tepin.Unauthorized, "the application of this access token belongs to another environment")
	case t.Environment != "" && v.environments[t.Environment] == nil:
		return tepin.Errorf(tepin.Unauthorized, "the environment of this access token does not exist any more")
	}
	return nil
}

// actorOf is a person who acts by an application. Only an application that reaches the
// whole installation acts as its administrator; in one environment the person may do
// what the roles there allow, or what of it the token was cut down to.
func (s *snapshot) actorOf(u *tepin.User, a *tepin.Application, t *token.Claims) tepin.Actor {
	name := u.Name
	if name == "" {
		name = u.Email
	}
	actor := tepin.Actor{
		Kind:          tepin.ActorUser,
		ID:            string(u.ID),
		Name:          name,
		EnvironmentID: t.Environment,
		ClientID:      a.ClientID,
		TokenID:       t.ID,
		Identity:      t.Identity,
		Reach:         a.Reach,
		Administrator: a.Reach == tepin.ReachInstallation && u.Administrator,
	}
	if a.Reach == tepin.ReachEnvironment {
		actor.Roles = s.roles(u, t.Environment)
		actor.Scopes = actor.Roles.Scopes()
		if t.Scopes != 0 {
			actor.Scopes &= t.Scopes
		}
	}
	return actor
}

// Application returns an application by its client id. When it is unknown here, another
// node may have just registered it: then the directory looks again, at most every tenth
// of a second.
func (d *Directory) Application(ctx context.Context, id tepin.ClientID) (tepin.Application, bool) {
	v := d.view.Load()
	a := v.applications[id]
	if a == nil && v.clients[id] == nil && d.mayLookAgain(d.o.Now()) && d.Refresh(ctx) == nil {
		a = d.view.Load().applications[id]
	}
	if a == nil {
		return tepin.Application{}, false
	}
	return *a, true
}

// Person returns a person as the directory knows them, without the password's hash.
func (d *Directory) Person(id tepin.UserID) (tepin.User, bool) {
	u := d.view.Load().people[id]
	if u == nil {
		return tepin.User{}, false
	}
	return *u, true
}
