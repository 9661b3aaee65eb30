package tepin

import (
	"slices"
	"strings"
)

// Role is what a person is in an environment.
type Role string

const (
	EndUser           Role = "EU"  // works on projects of their own; everybody with access is one
	EnvironmentAdmin  Role = "EA"  // administers the environment
	SubscriptionAdmin Role = "SA"  // administers the subscription, its people and all its environments
	TemplateDesigner  Role = "TDS" // has a seat: makes templates and components
)

var allRoles = []Role{EndUser, EnvironmentAdmin, SubscriptionAdmin, TemplateDesigner}

// Roles is a set of roles: what a person is in one environment.
type Roles uint8

// Sets of roles that routes ask for.
var (
	AnyRole        = NewRoles(allRoles...)
	Administrators = NewRoles(EnvironmentAdmin, SubscriptionAdmin)
	Designers      = NewRoles(TemplateDesigner)
	Staff          = Administrators | Designers // everybody but mere end users
)

// NewRoles returns the set of the given roles; words that are none are passed over.
func NewRoles(list ...Role) (set Roles) {
	for _, r := range list {
		if i := slices.Index(allRoles, r); i >= 0 {
			set |= 1 << i
		}
	}
	return set
}

// Any reports whether one of the other roles is in the set.
func (set Roles) Any(other Roles) bool { return set&other != 0 }

// List returns the roles, the least first.
func (set Roles) List() (list []Role) {
	for i, r := range allRoles {
		if set&(1<<i) != 0 {
			list = append(list, r)
		}
	}
	return list
}

// String returns the roles in words, as in "environment administrator or template designer".
func (set Roles) String() string {
	names := map[Role]string{EndUser: "end user", EnvironmentAdmin: "environment administrator", SubscriptionAdmin: "subscription administrator", TemplateDesigner: "template designer"}
	var words []string
	for _, r := range set.List() {
		words = append(words, names[r])
	}
	return strings.Join(words, " or ")
}

// Scopes is what people of these roles may do with the content of an environment.
func (set Roles) Scopes() Scopes {
	if set == 0 {
		return 0
	}
	all := MustScopes(ReadOnlyScopes...) | MustScopes(ProjectWrite, OutputStatic, OutputAnimated)
	if set.Any(Staff) {
		all |= MustScopes(MediaWrite, FontWrite, CollectionWrite)
	}
	if set.Any(Designers) {
		all |= MustScopes(TemplateWrite)
	}
	return all
}

// RolesWith is the roles each of which has the scope in an environment.
func RolesWith(s Scope) (set Roles) {
	for _, r := range allRoles {
		if NewRoles(r).Scopes().Has(s) {
			set |= NewRoles(r)
		}
	}
	return set
}
