package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

// environmentPeople is what environment-people.html shows: who may enter an environment,
// and by what.
type environmentPeople struct {
	Rows      []personIn
	Search    string
	More      bool
	Own       tepin.UserID // the visitor
	AllUsers  tepin.Role   // what the environment is to everybody in the subscription; "" = closed
	Directory bool         // the visitor may see all people of the subscription
	Notice    notice
}

// personIn is a person in an environment.
type personIn struct {
	tepin.Person
	Role   tepin.Role // of their own; "" = none
	Beside []string   // what else lets them in, in words
}

// roleNames are the roles that are given in environments, in words.
var roleNames = map[tepin.Role]string{tepin.EndUser: "End user", tepin.EnvironmentAdmin: "Environment administrator"}

// roleIn is the role that a list gives in an environment; "" = none.
func roleIn(list []tepin.EnvironmentRole, env tepin.EnvironmentID) tepin.Role {
	for _, g := range list {
		if g.EnvironmentID == env {
			return g.Role
		}
	}
	return ""
}

// personOf tells what a person is in an environment; groups are those that open it.
func personOf(p tepin.Person, env tepin.EnvironmentID, groups []tepin.Group) personIn {
	row := personIn{Person: p, Role: roleIn(p.Environments, env)}
	if p.SubscriptionAdmin {
		row.Beside = append(row.Beside, "Subscription administrator")
	}
	for _, g := range groups {
		role := roleNames[roleIn(g.Access, env)]
		switch {
		case g.BuiltIn():
			row.Beside = append(row.Beside, role+", as all users")
		case slices.Contains(p.Groups, g.ID):
			row.Beside = append(row.Beside, role+" by the group “"+g.Name+"”")
		}
	}
	if p.TemplateDesigner && (row.Role != "" || row.Beside != nil) {
		row.Beside = append(row.Beside, "Template designer")
	}
	return row
}

// environmentPeoplePage reads who may enter the environment of the path.
func (c *Console) environmentPeoplePage(v *visit) (environmentPage, []tepin.Person, error) {
	p, err := c.environment(v, "people")
	if err != nil {
		return p, nil, err
	}
	env, ctx := p.Environment, v.r.Context()
	all, err := c.store.People(ctx, env.SubscriptionID)
	if err != nil {
		return p, nil, err
	}
	groups, err := c.store.Groups(ctx, env.SubscriptionID)
	if err != nil {
		return p, nil, err
	}
	groups = slices.DeleteFunc(groups, func(g tepin.Group) bool { return roleIn(g.Access, env.ID) == "" })
	list := &environmentPeople{Search: strings.TrimSpace(v.r.URL.Query().Get("search")), Own: v.user.ID,
		Directory: v.user.Administrator || v.roles.Any(owners.roles), Notice: v.notice()}
	for _, g := range groups {
		if g.BuiltIn() {
			list.AllUsers = roleIn(g.Access, env.ID)
		}
	}
	word := strings.ToLower(list.Search)
	for _, person := range all {
		row := personOf(person, env.ID, groups)
		if (row.Role != "" || row.Beside != nil) && (strings.Contains(person.Email, word) || strings.Contains(strings.ToLower(person.Name), word)) {
			list.Rows = append(list.Rows, row)
		}
	}
	if list.More = len(list.Rows) > maxRows; list.More {
		list.Rows = list.Rows[:maxRows]
	}
	p.People = list
	return p, all, nil
}

func (c *Console) showEnvironmentPeople(v *visit) error {
	p, _, err := c.environmentPeoplePage(v)
	if err != nil {
		return err
	}
	return c.render(v, http.StatusOK, "environment-people", "People, "+p.Environment.Name, p)
}

// addEnvironmentPerson gives a role to somebody of the subscription, who is named by
// e-mail address.
func (c *Console) addEnvironmentPerson(v *visit) error {
	p, all, err := c.environmentPeoplePage(v)
	if err != nil {
		return err
	}
	email, role := strings.ToLower(strings.TrimSpace(v.r.PostForm.Get("email"))), tepin.Role(v.r.PostForm.Get("role"))
	i := slices.IndexFunc(all, func(m tepin.Person) bool { return m.Email == email })
	switch {
	case i < 0:
		err = &tepin.Error{Kind: tepin.Invalid, Path: "email", Message: "nobody in the subscription has this e-mail address; a subscription administrator can invite them"}
	case roleNames[role] == "":
		err = &tepin.Error{Kind: tepin.Invalid, Path: "email", Message: "choose what they shall be: end user or environment administrator"}
	default:
		err = c.credential.SetEnvironmentRole(v.r.Context(), v.actor, p.Environment.ID, all[i].UserID, role)
	}
	if refusal(err) {
		p.Form = refused(err, "email", email, "role", string(role))
		return c.render(v, http.StatusUnprocessableEntity, "environment-people", "People, "+p.Environment.Name, p)
	}
	if err != nil {
		return err
	}
	v.leaveNotice(notice{Text: email + " is " + strings.ToLower(roleNames[role]) + " here."})
	return v.goTo(p.Path() + "/people")
}

// saveEnvironmentPerson changes somebody's own role, or takes it.
func (c *Console) saveEnvironmentPerson(v *visit) error {
	p, all, err := c.environmentPeoplePage(v)
	if err != nil {
		return err
	}
	id, role := tepin.UserID(v.r.PathValue("person")), tepin.Role(v.r.PostForm.Get("role"))
	i := slices.IndexFunc(all, func(m tepin.Person) bool { return m.UserID == id })
	if i < 0 {
		return tepin.Errorf(tepin.NotFound, "There is no such person in the subscription.")
	}
	if err := c.credential.SetEnvironmentRole(v.r.Context(), v.actor, p.Environment.ID, id, role); err != nil {
		return err
	}
	said := all[i].Email + " has no role of their own here any more."
	if role != "" {
		said = all[i].Email + " is " + strings.ToLower(roleNames[role]) + " here."
	}
	v.leaveNotice(notice{Text: said})
	if id == v.user.ID && !v.user.Administrator && !c.access.Roles(v.actor, p.Environment.ID).Any(managers.roles) {
		return v.goTo("/") // this page is not for them any more
	}
	return v.goTo(p.Path() + "/people")
}
