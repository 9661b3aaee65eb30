package access

import (
	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// roster is who is what: as much as it takes to answer for one person and one
// environment without a look at everybody else.
type roster struct {
	subscriptions map[tepin.SubscriptionID]bool
	members       map[tepin.UserID]map[tepin.SubscriptionID]tepin.Roles // of the subscription; active ones
	groups        map[tepin.UserID][]tepin.GroupID
	own           map[tepin.UserID]map[tepin.EnvironmentID]tepin.Roles
	shared        map[tepin.GroupID]map[tepin.EnvironmentID]tepin.Roles
}

func newRoster(dir store.Directory) roster {
	r := roster{
		subscriptions: make(map[tepin.SubscriptionID]bool, len(dir.Subscriptions)),
		members:       make(map[tepin.UserID]map[tepin.SubscriptionID]tepin.Roles, len(dir.Members)),
		groups:        map[tepin.UserID][]tepin.GroupID{},
		own:           map[tepin.UserID]map[tepin.EnvironmentID]tepin.Roles{},
		shared:        map[tepin.GroupID]map[tepin.EnvironmentID]tepin.Roles{},
	}
	for _, id := range dir.Subscriptions {
		r.subscriptions[id] = true
	}
	for _, m := range dir.Members {
		put(r.members, m.UserID, m.SubscriptionID, m.Roles())
	}
	for _, m := range dir.GroupMembers {
		r.groups[m.UserID] = append(r.groups[m.UserID], m.GroupID)
	}
	for _, g := range dir.Grants {
		roles := tepin.NewRoles(tepin.EndUser, g.Role) // everybody who is let in is an end user
		if g.GroupID != "" {
			put(r.shared, g.GroupID, g.EnvironmentID, roles)
		} else {
			put(r.own, g.UserID, g.EnvironmentID, roles)
		}
	}
	return r
}

func put[A, B comparable](m map[A]map[B]tepin.Roles, a A, b B, roles tepin.Roles) {
	if m[a] == nil {
		m[a] = map[B]tepin.Roles{}
	}
	m[a][b] |= roles
}

// enters reports whether a person may enter anything at all.
func (s *snapshot) enters(u *tepin.User) bool {
	return u.Administrator || len(s.roster.members[u.ID]) > 0
}

// roles returns what a person is in an environment. Its subscription says first: without
// it, what a person or their groups were given opens nothing.
func (s *snapshot) roles(u *tepin.User, id tepin.EnvironmentID) tepin.Roles {
	env := s.environments[id]
	switch {
	case u == nil || env == nil:
		return 0
	case u.Administrator:
		return tepin.AnyRole
	}
	member := s.roster.members[u.ID][env.SubscriptionID]
	if member == 0 {
		return 0
	}
	set := s.roster.own[u.ID][id] | s.roster.shared[tepin.GroupID(env.SubscriptionID)][id]
	for _, g := range s.roster.groups[u.ID] {
		set |= s.roster.shared[g][id]
	}
	if set == 0 && !member.Any(tepin.NewRoles(tepin.SubscriptionAdmin)) {
		return 0
	}
	return set | member
}

// Roles returns what an actor is in an environment: nothing, unless it is a person.
func (d *Directory) Roles(by tepin.Actor, env tepin.EnvironmentID) tepin.Roles {
	if by.Kind != tepin.ActorUser {
		return 0
	}
	v := d.view.Load()
	if by.Administrator && v.environments[env] != nil {
		return tepin.AnyRole // one of a session, who may be newer than the view
	}
	return v.roles(v.people[tepin.UserID(by.ID)], env)
}

// SubscriptionRoles returns what an actor is in a subscription: an environment
// administrator too who is one in any of its environments.
func (d *Directory) SubscriptionRoles(by tepin.Actor, id tepin.SubscriptionID) tepin.Roles {
	v := d.view.Load()
	u := v.people[tepin.UserID(by.ID)]
	if by.Administrator && v.roster.subscriptions[id] {
		return tepin.AnyRole
	}
	if by.Kind != tepin.ActorUser || u == nil || !v.roster.subscriptions[id] {
		return 0
	}
	if u.Administrator {
		return tepin.AnyRole
	}
	set := v.roster.members[u.ID][id]
	if set == 0 {
		return 0
	}
	for env, e := range v.environments {
		if e.SubscriptionID == id {
			set |= v.roles(u, env)
		}
	}
	return set
}

// RolesAnywhere returns all that an actor is anywhere.
func (d *Directory) RolesAnywhere(by tepin.Actor) (set tepin.Roles) {
	v := d.view.Load()
	u := v.people[tepin.UserID(by.ID)]
	if by.Administrator {
		return tepin.AnyRole
	}
	if by.Kind != tepin.ActorUser || u == nil {
		return 0
	}
	if u.Administrator {
		return tepin.AnyRole
	}
	for id := range v.roster.members[u.ID] {
		set |= d.SubscriptionRoles(by, id)
	}
	return set
}

// Subscriptions returns the subscriptions that an actor may see, as it is in them: a
// person's own, an integration's with no role.
func (d *Directory) Subscriptions(by tepin.Actor) map[tepin.SubscriptionID]tepin.Roles {
	v, seen := d.view.Load(), map[tepin.SubscriptionID]tepin.Roles{}
	if by.Kind == tepin.ActorIntegration || by.Reach == tepin.ReachEnvironment || by.Reach == tepin.ReachIdentity {
		if e := v.environments[by.EnvironmentID]; e != nil {
			seen[e.SubscriptionID] = d.SubscriptionRoles(by, e.SubscriptionID)
		}
		return seen
	}
	for id := range v.roster.subscriptions {
		if roles := d.SubscriptionRoles(by, id); roles != 0 {
			seen[id] = roles
		}
	}
	return seen
}

// HasSubscription reports whether there is such a subscription.
func (d *Directory) HasSubscription(id tepin.SubscriptionID) bool {
	return d.view.Load().roster.subscriptions[id]
}

// Known is the error that there is while the directory cannot know who is what (S2), for
// doors that let people in by other things than tokens.
func (d *Directory) Known() error {
	_, err := d.fresh(d.o.Now())
	return err
}
