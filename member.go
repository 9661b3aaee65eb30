package tepin

import (
	"strings"
	"time"
)

// Limits of the people of a subscription.
const (
	MaxMembers          = 10_000 // of a subscription
	MaxGroups           = 500    // of a subscription
	MaxGroupName        = 100    // characters
	MaxGroupDescription = 500    // characters
	MaxSeats            = 1_000_000

	// InvitationLifetime is for how long the link of an invitation works. It is made anew as
	// often as somebody wants: a link that worked for ever would be a key in old mail.
	InvitationLifetime = 7 * 24 * time.Hour
	// PasswordLinkLifetime is for how long a link to set a new password works.
	PasswordLinkLifetime = 30 * time.Minute
	// EnvironmentGrace is for how long a deleted environment can be restored.
	EnvironmentGrace = 14 * 24 * time.Hour
)

// MemberState says how far a person has come in a subscription.
type MemberState string

const (
	MemberPending     MemberState = "pending"     // invited, and has not come yet
	MemberActive      MemberState = "active"      //
	MemberDeactivated MemberState = "deactivated" // may nothing there, until it is active again
)

// Member is what a person is in a subscription. Being one opens no environment yet,
// unless as a subscription administrator: see [EnvironmentRole].
type Member struct {
	SubscriptionID    SubscriptionID
	UserID            UserID
	State             MemberState
	SubscriptionAdmin bool
	TemplateDesigner  bool // takes one of the subscription's seats
	CreatedAt         time.Time
	UpdatedAt         time.Time
	Version           int64
}

// Roles are what the person is in the whole subscription; an end user at least.
func (m Member) Roles() Roles {
	if m.State != MemberActive {
		return 0
	}
	set := NewRoles(EndUser)
	if m.SubscriptionAdmin {
		set |= NewRoles(SubscriptionAdmin)
	}
	if m.TemplateDesigner {
		set |= NewRoles(TemplateDesigner)
	}
	return set
}

// EnvironmentRole lets somebody into an environment: as [EndUser] or as [EnvironmentAdmin].
type EnvironmentRole struct {
	EnvironmentID EnvironmentID
	Role          Role
}

// Person is a member of a subscription with all that they are there.
type Person struct {
	User
	Member
	LinkEnds     time.Time         // of a pending one: until when the invitation can be taken up; zero = it cannot
	Environments []EnvironmentRole // their own, not those of their groups
	Groups       []GroupID         // without the one of all users
}

// Invitation asks somebody into a subscription.
type Invitation struct {
	SubscriptionID    SubscriptionID
	Email             string // lower case
	Name              string // of somebody who is new here; may be empty
	LastName          string // its end; may be empty
	SubscriptionAdmin bool
	TemplateDesigner  bool
	Environments      []EnvironmentRole
}

// MemberUpdate changes the fields that are not nil.
type MemberUpdate struct {
	Name, LastName    *string // together
	State             *MemberState
	SubscriptionAdmin *bool
	TemplateDesigner  *bool
	Administrator     *bool // of the installation
	Environments      *[]EnvironmentRole
	IfVersion         *int64
}

// AllUsers is the name of the group of everybody in a subscription. Its id is the
// subscription's; it is never renamed, deleted or joined.
const AllUsers = "[All users]"

// Group is some people of a subscription, who have access to environments together.
type Group struct {
	ID             GroupID
	SubscriptionID SubscriptionID
	Name           string
	Description    string
	Access         []EnvironmentRole
	Members        int
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64
}

// BuiltIn reports whether it is the group of all users.
func (g Group) BuiltIn() bool { return string(g.ID) == string(g.SubscriptionID) }

// GroupUpdate changes the fields that are not nil.
type GroupUpdate struct {
	Name        *string
	Description *string
	Access      *[]EnvironmentRole
	IfVersion   *int64
}

// LinkKind says what a one-time link is for.
type LinkKind string

const (
	InvitationLink LinkKind = "invitation"
	PasswordLink   LinkKind = "password"
)

// FirstName is what stands before the last name; all of the name where that is not known.
func (u User) FirstName() string {
	return strings.TrimSpace(strings.TrimSuffix(u.Name, u.LastName))
}

// Active reports whether the subscription runs at that time. One that has ended goes on
// working: its end is a date to talk about.
func (s Subscription) Active(now time.Time) bool { return s.EndsAt.IsZero() || now.Before(s.EndsAt) }
