package tepin

import "testing"

func TestRoles(t *testing.T) {
	both := NewRoles(TemplateDesigner, EnvironmentAdmin, "?")
	if got := both.String(); got != "environment administrator or template designer" {
		t.Errorf("got %s", got)
	}
	if !both.Any(Designers) || NewRoles(EndUser).Any(Staff) || Roles(0).Any(AnyRole) {
		t.Error("Any is wrong")
	}
	for _, c := range []struct {
		roles Roles
		scope Scope
		may   bool
	}{
		{0, TemplateRead, false},
		{NewRoles(EndUser), TemplateRead, true},
		{NewRoles(EndUser), ProjectWrite, true},
		{NewRoles(EndUser), OutputStatic, true},
		{NewRoles(EndUser), MediaWrite, false},
		{NewRoles(SubscriptionAdmin), MediaWrite, true},
		{NewRoles(SubscriptionAdmin), TemplateWrite, false},
		{NewRoles(TemplateDesigner), TemplateWrite, true},
	} {
		if got := c.roles.Scopes().Has(c.scope); got != c.may {
			t.Errorf("%s, %s: %v", c.roles, c.scope, got)
		}
	}
}
