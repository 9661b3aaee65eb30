package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

func (c *Console) groupsPage(v *visit) (subscriptionPage, error) {
	p, err := c.subscription(v, "groups")
	if err == nil {
		p.Groups, err = c.store.Groups(v.r.Context(), p.Subscription.ID)
	}
	return p, err
}

func (c *Console) showGroups(v *visit) error {
	p, err := c.groupsPage(v)
	if err != nil {
		return err
	}
	p.Saved = v.notice().Text
	return c.render(v, http.StatusOK, "groups", "Groups, "+p.Subscription.Name, p)
}

func (c *Console) createGroup(v *visit) error {
	p, err := c.groupsPage(v)
	if err != nil {
		return err
	}
	name := v.r.PostForm.Get("name")
	g, err := c.credential.CreateGroup(v.r.Context(), v.actor, tepin.Group{SubscriptionID: p.Subscription.ID, Name: name})
	if refusal(err) {
		p.Form = refused(err, "name", name)
		return c.render(v, http.StatusUnprocessableEntity, "groups", "Groups, "+p.Subscription.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/groups/" + string(g.ID))
}

// groupPage reads the group of the path with its members.
func (c *Console) groupPage(v *visit) (subscriptionPage, error) {
	p, err := c.subscription(v, "groups")
	if err != nil {
		return p, err
	}
	id := tepin.GroupID(v.r.PathValue("group"))
	g, err := c.store.Group(v.r.Context(), p.Subscription.ID, id)
	if err == nil {
		p.Group = &g
		p.People, err = c.store.GroupMembers(v.r.Context(), p.Subscription.ID, id)
	}
	if p.More = len(p.People) > maxRows; p.More {
		p.People = p.People[:maxRows]
	}
	return p, err
}

func (c *Console) showGroup(v *visit) error {
	p, err := c.groupPage(v)
	if err != nil {
		return err
	}
	p.Form = filled("name", p.Group.Name, "description", p.Group.Description)
	p.Form.Saved = v.r.URL.Query().Has("saved")
	return c.renderGroup(v, http.StatusOK, p)
}

func (c *Console) renderGroup(v *visit, status int, p subscriptionPage) error {
	return c.render(v, status, "group", p.Group.Name+", "+p.Subscription.Name, p)
}

func (c *Console) saveGroup(v *visit) error {
	p, err := c.groupPage(v)
	if err != nil {
		return err
	}
	f, access := v.r.PostForm, p.rolesOf(v)
	u := tepin.GroupUpdate{Access: &access, IfVersion: version(f.Get("version"))}
	if !p.Group.BuiltIn() {
		name, description := f.Get("name"), oneLine(f.Get("description"))
		u.Name, u.Description = &name, &description
	}
	if _, err = c.credential.UpdateGroup(v.r.Context(), v.actor, p.Subscription.ID, p.Group.ID, u); refusal(err) {
		p.Form = refused(err, "name", f.Get("name"), "description", f.Get("description"))
		return c.renderGroup(v, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/groups/" + string(p.Group.ID) + "?saved")
}

// joinGroup takes somebody in, who is named by e-mail address.
func (c *Console) joinGroup(v *visit) error {
	p, err := c.groupPage(v)
	if err != nil {
		return err
	}
	email := strings.ToLower(strings.TrimSpace(v.r.PostForm.Get("email")))
	all, err := c.store.People(v.r.Context(), p.Subscription.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m tepin.Person) bool { return m.Email == email })
	if i < 0 {
		err = &tepin.Error{Kind: tepin.Invalid, Path: "email", Message: "nobody in the subscription has this e-mail address; invite them first"}
	} else {
		err = c.credential.SetGroupMember(v.r.Context(), v.actor, p.Subscription.ID, p.Group.ID, all[i].UserID, true)
	}
	if refusal(err) {
		p.Form = refused(err, "name", p.Group.Name, "description", p.Group.Description, "email", email)
		return c.renderGroup(v, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/groups/" + string(p.Group.ID) + "#members")
}

func (c *Console) leaveGroup(v *visit) error {
	p, err := c.groupPage(v)
	if err != nil {
		return err
	}
	err = c.credential.SetGroupMember(v.r.Context(), v.actor, p.Subscription.ID, p.Group.ID, tepin.UserID(v.r.PathValue("person")), false)
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/groups/" + string(p.Group.ID) + "#members")
}

func (c *Console) deleteGroup(v *visit) error {
	p, err := c.groupPage(v)
	if err != nil {
		return err
	}
	if err := c.credential.DeleteGroup(v.r.Context(), v.actor, p.Subscription.ID, p.Group.ID); err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "The group " + p.Group.Name + " is deleted."})
	return v.goTo(p.Path() + "/groups")
}
