package credential

import (
	"context"
	"errors"
	"strings"

	"github.com/tepin/tepin"
)

// MaxPersonName bounds a first and a last name together, in characters.
const MaxPersonName = MaxUserName

// fullName joins names; what is wrong names its field.
func fullName(first, last string) (name, cleanLast string, err error) {
	first, errFirst := cleanText("firstName", first, false, MaxPersonName)
	last, errLast := cleanText("lastName", last, false, MaxPersonName)
	name = strings.TrimSpace(first + " " + last)
	if err := errors.Join(errFirst, errLast); err != nil {
		return "", "", err
	}
	_, err = cleanText("lastName", name, false, MaxPersonName)
	return name, last, err
}

// Invite makes somebody a pending user of a subscription and returns the token of the
// link by which they join, for the fragment of the console's /join: no mail is sent.
// Conflict if they are a user already or no seat is left.
func (s *Service) Invite(ctx context.Context, by tepin.Actor, in tepin.Invitation) (p tepin.Person, token string, err error) {
	in.Email = foldEmail(in.Email)
	first := strings.TrimSuffix(in.Name, in.LastName)
	var errName error
	in.Name, in.LastName, errName = fullName(first, in.LastName)
	if err := errors.Join(checkEmail(in.Email), errName); err != nil {
		return p, "", err
	}
	token = randomText(setupBytes)
	p, err = s.store.Invite(ctx, by, in, hashOf(token), s.now().Add(tepin.InvitationLifetime))
	return p, token, s.then(ctx, err)
}

// InviteAgain returns another link for a pending user; the one before works no more.
func (s *Service) InviteAgain(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID) (p tepin.Person, token string, err error) {
	token = randomText(setupBytes)
	p, err = s.store.InviteAgain(ctx, by, sub, id, hashOf(token), s.now().Add(tepin.InvitationLifetime))
	return p, token, err
}

// NewPasswordLink returns the token of a link by which a user sets a new password, for
// the fragment of the console's /password. Errors are those of the store's CreatePasswordLink.
func (s *Service) NewPasswordLink(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID) (token string, err error) {
	token = randomText(setupBytes)
	return token, s.store.CreatePasswordLink(ctx, by, sub, id, hashOf(token), s.now().Add(tepin.PasswordLinkLifetime))
}

// Join spends the link of an invitation and begins a session. Whoever has no password
// yet gets that of the attempt, and the name unless it is empty; whoever has one must
// know it, as in [Service.SignIn]: the link proves that they are invited, not who they are.
func (s *Service) Join(ctx context.Context, a Attempt, token, name string) (SignedIn, error) {
	_, user, err := s.store.Link(ctx, tepin.InvitationLink, hashOf(token))
	if err != nil {
		return SignedIn{}, err
	}
	var hash string
	device := ""
	if user.PasswordHash == "" {
		var errName error
		name, errName = cleanText("name", name, false, MaxUserName)
		if err := errors.Join(errName, checkPassword(a.Password, user.Email)); err != nil {
			return SignedIn{}, err
		}
		if hash, err = s.HashPassword(ctx, a.Password); err != nil {
			return SignedIn{}, err
		}
	} else {
		a.Email, name = user.Email, ""
		if _, device, err = s.prove(ctx, a); tepin.KindOf(err) == tepin.Unauthorized {
			err = &tepin.Error{Kind: tepin.Invalid, Path: "password", Message: "you have an account here already, and this is not its password"}
		}
		if err != nil {
			return SignedIn{}, err
		}
	}
	if user, err = s.store.UseInvitation(ctx, hashOf(token), name, hash); err != nil {
		return SignedIn{}, err
	}
	s.changed(ctx)
	return s.begin(ctx, user, device)
}

// UsePasswordLink spends a link, sets the password of the attempt and begins a session.
// All that the person had open ends.
func (s *Service) UsePasswordLink(ctx context.Context, a Attempt, token string) (SignedIn, error) {
	_, user, err := s.store.Link(ctx, tepin.PasswordLink, hashOf(token))
	if err == nil {
		err = checkPassword(a.Password, user.Email)
	}
	if err != nil {
		return SignedIn{}, err
	}
	hash, err := s.HashPassword(ctx, a.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if user, err = s.store.UsePasswordLink(ctx, hashOf(token), hash); err != nil {
		return SignedIn{}, err
	}
	s.changed(ctx)
	return s.begin(ctx, user, "")
}

// Rename are the names that an update of a member sets.
type Rename struct{ First, Last *string }

// UpdateMember changes what somebody is in a subscription, and what they are called.
// Errors are those of the store's UpdateMember.
func (s *Service) UpdateMember(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID, names Rename, u tepin.MemberUpdate) (tepin.Person, error) {
	if names.First != nil || names.Last != nil {
		p, err := s.store.Person(ctx, sub, id)
		if err != nil {
			return p, err
		}
		first, last := p.FirstName(), p.LastName
		if names.First != nil {
			first = *names.First
		}
		if names.Last != nil {
			last = *names.Last
		}
		name, last, err := fullName(first, last)
		if err != nil {
			return p, err
		}
		u.Name, u.LastName = &name, &last
	}
	p, err := s.store.UpdateMember(ctx, by, sub, id, u)
	return p, s.then(ctx, err)
}

// RemoveMember takes somebody out of a subscription. Errors are those of the store's.
func (s *Service) RemoveMember(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID) error {
	return s.then(ctx, s.store.RemoveMember(ctx, by, sub, id))
}

// SetEnvironmentRole gives a user a role in an environment, or takes it; see the store's.
func (s *Service) SetEnvironmentRole(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.UserID, role tepin.Role) error {
	return s.then(ctx, s.store.SetEnvironmentRole(ctx, by, env, id, role))
}

// SetAdministrator makes somebody an administrator of the installation, or not any more.
func (s *Service) SetAdministrator(ctx context.Context, by tepin.Actor, id tepin.UserID, is bool) error {
	return s.then(ctx, s.store.SetAdministrator(ctx, by, id, is))
}

// CreateGroup adds a group.
func (s *Service) CreateGroup(ctx context.Context, by tepin.Actor, g tepin.Group) (made tepin.Group, err error) {
	var errName, errDescription error
	g.Name, errName = cleanText("name", g.Name, true, tepin.MaxGroupName)
	g.Description, errDescription = cleanText("description", g.Description, false, tepin.MaxGroupDescription)
	if err := errors.Join(errName, errDescription); err != nil {
		return made, err
	}
	made, err = s.store.CreateGroup(ctx, by, g)
	return made, s.then(ctx, inField(err, tepin.Conflict, "name"))
}

// UpdateGroup changes a group.
func (s *Service) UpdateGroup(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.GroupID, u tepin.GroupUpdate) (g tepin.Group, err error) {
	var errName, errDescription error
	u.Name, errName = cleanField("name", u.Name, true, tepin.MaxGroupName)
	u.Description, errDescription = cleanField("description", u.Description, false, tepin.MaxGroupDescription)
	if err := errors.Join(errName, errDescription); err != nil {
		return g, err
	}
	g, err = s.store.UpdateGroup(ctx, by, sub, id, u)
	return g, s.then(ctx, inField(err, tepin.Conflict, "name"))
}

// DeleteGroup removes a group.
func (s *Service) DeleteGroup(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.GroupID) error {
	return s.then(ctx, s.store.DeleteGroup(ctx, by, sub, id))
}

// SetGroupMember takes a user into a group, or out of it.
func (s *Service) SetGroupMember(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.GroupID, user tepin.UserID, in bool) error {
	return s.then(ctx, s.store.SetGroupMember(ctx, by, sub, id, user, in))
}
