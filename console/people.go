package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web"
)

// subscriptionPage is the frame around the screens of one subscription: what
// subscription.html shows, and the tab inside it.
type subscriptionPage struct {
	Subscription tepin.Subscription
	All          []tepin.Subscription // that the visitor administers
	Owner        bool                 // the visitor administers the subscription
	Tab          string
	Usage        *usage
	Environments []tepin.Environment // of the subscription

	People    []tepin.Person
	More      bool
	Search    string
	SeatsUsed int64
	Person    *tepin.Person
	Own       bool // the person is the visitor
	Groups    []tepin.Group
	Group     *tepin.Group
	Link      *shownLink
	Form      form
	Saved     string
}

// shownLink is a one-time link, on the only page that ever shows it.
type shownLink struct {
	Address  string
	For      string
	Password bool // it is for a new password, else to join
	Ends     time.Time
}

// Path is the address of the subscription's screens.
func (p subscriptionPage) Path() string { return "/subscriptions/" + string(p.Subscription.ID) }

// Tabs is the way to the other screens.
func (p subscriptionPage) Tabs() []tab {
	list := []tab{{Name: "people", Title: "People"}, {Name: "groups", Title: "Groups"}, {Name: "usage", Title: "Usage"}}
	if !p.Owner {
		list = list[2:]
	}
	for i := range list {
		list[i].Path, list[i].Here = p.Path()+"/"+list[i].Name, list[i].Name == p.Tab
	}
	return list
}

// Roles is all that somebody in the list is, in words: of the subscription, then in its
// environments.
func (p subscriptionPage) Roles(who tepin.Person) string {
	var list []string
	if who.SubscriptionAdmin {
		list = append(list, "Subscription administrator")
	}
	if who.TemplateDesigner {
		list = append(list, "Template designer")
	}
	admin := slices.DeleteFunc(slices.Clone(who.Environments), func(g tepin.EnvironmentRole) bool { return g.Role != tepin.EnvironmentAdmin })
	for _, g := range admin {
		if i := slices.IndexFunc(p.Environments, func(e tepin.Environment) bool { return e.ID == g.EnvironmentID }); i >= 0 {
			text := "Environment administrator of " + p.Environments[i].Name
			if more := len(admin) - 1; more > 0 {
				text += " and " + strconv.Itoa(more) + " more"
			}
			list = append(list, text)
			break
		}
	}
	return strings.Join(list, ", ")
}

// SeatsTaken tells how many seats of template designers are.
func (p subscriptionPage) SeatsTaken() string {
	if total := p.Subscription.DesignerSeats; total > 0 {
		return strconv.FormatInt(p.SeatsUsed, 10) + " of " + plural(int(total), "designer seat", "designer seats") + " taken"
	}
	return plural(int(p.SeatsUsed), "designer seat", "designer seats") + " taken"
}

// RoleIn is the role of the person, or of the group, in an environment; "" = none.
func (p subscriptionPage) RoleIn(id tepin.EnvironmentID) tepin.Role {
	list := []tepin.EnvironmentRole{}
	if p.Person != nil {
		list = p.Person.Environments
	}
	if p.Group != nil {
		list = p.Group.Access
	}
	for _, g := range list {
		if g.EnvironmentID == id {
			return g.Role
		}
	}
	return ""
}

// subscription reads what every screen of a subscription shows.
func (c *Console) subscription(v *visit, tab string) (p subscriptionPage, err error) {
	p = subscriptionPage{Tab: tab, Owner: v.roles.Any(owners.roles)}
	if p.All, err = c.subscriptions(v, managers); err != nil {
		return p, err
	}
	id := tepin.SubscriptionID(v.r.PathValue("subscription"))
	if p.Subscription, err = c.store.Subscription(v.r.Context(), id); err != nil {
		return p, err
	}
	p.Environments, err = c.store.OfSubscription(v.r.Context(), id)
	return p, err
}

// firstSubscription leads to a screen of the first subscription that the visitor administers.
func (c *Console) firstSubscription(screen string, need need) func(*visit) error {
	return func(v *visit) error {
		list, err := c.subscriptions(v, need)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return tepin.Errorf(tepin.NotFound, "There is no subscription that you administer.")
		}
		return v.goTo("/subscriptions/" + string(list[0].ID) + "/" + screen)
	}
}

func (c *Console) peoplePage(v *visit) (subscriptionPage, error) {
	p, err := c.subscription(v, "people")
	if err != nil {
		return p, err
	}
	all, err := c.store.People(v.r.Context(), p.Subscription.ID)
	if err != nil {
		return p, err
	}
	p.Search = v.r.URL.Query().Get("search")
	word := strings.ToLower(p.Search)
	p.People = slices.DeleteFunc(all, func(m tepin.Person) bool {
		return !strings.Contains(m.Email, word) && !strings.Contains(strings.ToLower(m.Name), word)
	})
	if p.More = len(p.People) > maxRows; p.More {
		p.People = p.People[:maxRows]
	}
	p.SeatsUsed, err = c.store.UsedSeats(v.r.Context(), p.Subscription.ID)
	return p, err
}

func (c *Console) showPeople(v *visit) error {
	p, err := c.peoplePage(v)
	if err != nil {
		return err
	}
	p.Saved = v.notice().Text
	return c.render(v, http.StatusOK, "people", "People, "+p.Subscription.Name, p)
}

func (c *Console) newPerson(v *visit) error {
	p, err := c.subscription(v, "people")
	if err != nil {
		return err
	}
	return c.render(v, http.StatusOK, "new-person", "Invite, "+p.Subscription.Name, p)
}

// rolesOf reads the roles that a form gives in environments.
func (p subscriptionPage) rolesOf(v *visit) []tepin.EnvironmentRole {
	list := []tepin.EnvironmentRole{}
	for _, e := range p.Environments {
		if role := tepin.Role(v.r.PostForm.Get("role-" + string(e.ID))); role != "" {
			list = append(list, tepin.EnvironmentRole{EnvironmentID: e.ID, Role: role})
		}
	}
	return list
}

func ticked(v *visit, field string) bool { return v.r.PostForm.Get(field) != "" }

// invite makes somebody a pending user and shows the link to give to them.
func (c *Console) invite(v *visit) error {
	p, err := c.subscription(v, "people")
	if err != nil {
		return err
	}
	f := v.r.PostForm
	first, last := f.Get("firstName"), f.Get("lastName")
	made, token, err := c.credential.Invite(v.r.Context(), v.actor, tepin.Invitation{
		SubscriptionID: p.Subscription.ID, Email: f.Get("email"), Name: first + " " + last, LastName: last,
		SubscriptionAdmin: ticked(v, "subscriptionAdmin"), TemplateDesigner: ticked(v, "templateDesigner"), Environments: p.rolesOf(v),
	})
	if refusal(err) {
		p.Form = refused(err, "email", f.Get("email"), "firstName", first, "lastName", last, "subscriptionAdmin", f.Get("subscriptionAdmin"), "templateDesigner", f.Get("templateDesigner"))
		p.Person = &tepin.Person{Environments: p.rolesOf(v)}
		return c.render(v, http.StatusUnprocessableEntity, "new-person", "Invite, "+p.Subscription.Name, p)
	}
	if err != nil {
		return err
	}
	return c.showLink(v, p, shownLink{Address: web.BaseURL(v.r) + "/join#" + token, For: made.Email, Ends: made.LinkEnds})
}

// showLink shows a one-time link, which no later page can.
func (c *Console) showLink(v *visit, p subscriptionPage, link shownLink) error {
	p.Link = &link
	return c.render(v, http.StatusOK, "person-link", "Link for "+link.For, p)
}

// personPage reads the person of the path.
func (c *Console) personPage(v *visit) (subscriptionPage, error) {
	p, err := c.subscription(v, "people")
	if err != nil {
		return p, err
	}
	person, err := c.store.Person(v.r.Context(), p.Subscription.ID, tepin.UserID(v.r.PathValue("person")))
	p.Person, p.Own = &person, person.UserID == v.user.ID
	if err == nil {
		p.Groups, err = c.store.Groups(v.r.Context(), p.Subscription.ID)
	}
	p.Groups = slices.DeleteFunc(p.Groups, func(g tepin.Group) bool { return !slices.Contains(person.Groups, g.ID) })
	return p, err
}

func (c *Console) showPerson(v *visit) error {
	p, err := c.personPage(v)
	if err != nil {
		return err
	}
	p.Form.Saved = v.r.URL.Query().Has("saved")
	return c.renderPerson(v, http.StatusOK, p)
}

func (c *Console) renderPerson(v *visit, status int, p subscriptionPage) error {
	return c.render(v, status, "person", p.Person.Email+", "+p.Subscription.Name, p)
}

// savePerson saves what somebody is called and may, or whether they are active.
func (c *Console) savePerson(v *visit) error {
	p, err := c.personPage(v)
	if err != nil {
		return err
	}
	f := v.r.PostForm
	u, names := tepin.MemberUpdate{IfVersion: version(f.Get("version"))}, credential.Rename{}
	if state := tepin.MemberState(f.Get("state")); state != "" {
		u.State = &state
	} else {
		admin, designer, roles := ticked(v, "subscriptionAdmin"), ticked(v, "templateDesigner"), p.rolesOf(v)
		u.SubscriptionAdmin, u.TemplateDesigner, u.Environments = &admin, &designer, &roles
		if first, last := f.Get("firstName"), f.Get("lastName"); first != p.Person.FirstName() || last != p.Person.LastName {
			names = credential.Rename{First: &first, Last: &last}
		}
	}
	_, err = c.credential.UpdateMember(v.r.Context(), v.actor, p.Subscription.ID, p.Person.UserID, names, u)
	if refusal(err) || tepin.KindOf(err) == tepin.Forbidden {
		p.Form = refused(err)
		if tepin.KindOf(err) == tepin.Stale {
			p.Form.Message = "Somebody else changed this person after you opened the page. What they are now is below."
		}
		return c.renderPerson(v, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/people/" + string(p.Person.UserID) + "?saved")
}

// personLink makes a link for the person: to join, or for a new password.
func (c *Console) personLink(v *visit) error {
	p, err := c.personPage(v)
	if err != nil {
		return err
	}
	link := shownLink{For: p.Person.Email, Password: p.Person.State != tepin.MemberPending}
	ctx, sub, id := v.r.Context(), p.Subscription.ID, p.Person.UserID
	var token string
	if link.Password {
		token, err = c.credential.NewPasswordLink(ctx, v.actor, sub, id)
		link.Address, link.Ends = web.BaseURL(v.r)+"/password#"+token, c.now().Add(tepin.PasswordLinkLifetime)
	} else {
		var person tepin.Person
		person, token, err = c.credential.InviteAgain(ctx, v.actor, sub, id)
		link.Address, link.Ends = web.BaseURL(v.r)+"/join#"+token, person.LinkEnds
	}
	if refusal(err) || tepin.KindOf(err) == tepin.Forbidden {
		p.Form = refused(err)
		return c.renderPerson(v, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return c.showLink(v, p, link)
}

func (c *Console) confirmPerson(v *visit) error {
	p, err := c.personPage(v)
	if err != nil {
		return err
	}
	return c.render(v, http.StatusOK, "delete-person", "Delete "+p.Person.Email, p)
}

func (c *Console) deletePerson(v *visit) error {
	p, err := c.personPage(v)
	if err != nil {
		return err
	}
	err = c.credential.RemoveMember(v.r.Context(), v.actor, p.Subscription.ID, p.Person.UserID)
	if refusal(err) {
		p.Form = refused(err)
		return c.renderPerson(v, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	v.leaveNotice(notice{Text: p.Person.Email + " is deleted."})
	return v.goTo(p.Path() + "/people")
}
