package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// editor is what the settings tab shows of how documents are worked on.
type editor struct {
	Settings tepin.EnvironmentSettings
	Versions []string // to choose from
	Form     form
}

// deletedEnvironment is one that can be restored, until Gone.
type deletedEnvironment struct {
	tepin.Environment
	Gone time.Time
}

// Meaning is what the environment's type is for.
func (p environmentPage) Meaning() string {
	i := slices.IndexFunc(typeChoices, func(t typeChoice) bool { return t.Type == p.Environment.Type })
	return typeChoices[i].Meaning
}

// Owner reports whether the visitor administers the subscription.
func (p environmentPage) Owner() bool { return p.Roles.Any(owners.roles) }

// GraceDays is for how long a deleted environment can be restored.
func (p environmentPage) GraceDays() int { return int(tepin.EnvironmentGrace / (24 * time.Hour)) }

// saveEditor pins the environment to a version.
func (c *Console) saveEditor(v *visit) error {
	p, err := c.settingsPage(v)
	if err != nil {
		return err
	}
	chosen := v.r.PostForm.Get("sdkVersion")
	if !slices.Contains(p.Editor.Versions, chosen) {
		return tepin.Errorf(tepin.Invalid, "This version is not offered. Go back and choose another.")
	}
	_, err = c.store.UpdateEnvironmentSettings(v.r.Context(), v.actor, p.Environment.ID, tepin.EnvironmentSettingsUpdate{SDKVersion: &chosen, IfVersion: version(v.r.PostForm.Get("version"))})
	if refusal(err) {
		p.Form = settingsForm(p.Environment)
		p.Editor.Form = refused(err)
		return c.render(v, http.StatusUnprocessableEntity, "settings", "Settings, "+p.Environment.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/settings?editor")
}

func (c *Console) confirmEnvironment(v *visit) error {
	return c.askEnvironment(v, http.StatusOK, form{})
}

// askEnvironment asks whether an environment shall be deleted.
func (c *Console) askEnvironment(v *visit, status int, f form) error {
	p, err := c.settingsPage(v)
	if err != nil {
		return err
	}
	p.Form, p.Deleting = settingsForm(p.Environment), f
	return c.render(v, status, "delete-environment", "Delete "+p.Environment.Name, p)
}

// deleteEnvironment deletes an environment whose technical name was typed, and leaves a
// way back.
func (c *Console) deleteEnvironment(v *visit) error {
	p, err := c.environment(v, "settings")
	if err != nil {
		return err
	}
	e := p.Environment
	if typed := v.r.PostForm.Get("confirm"); !strings.EqualFold(strings.TrimSpace(typed), e.TechnicalName) {
		wrong := &tepin.Error{Kind: tepin.Invalid, Path: "confirm", Message: "this is not its technical name, which is " + e.TechnicalName}
		return c.askEnvironment(v, http.StatusUnprocessableEntity, refused(wrong, "confirm", typed))
	}
	if err := c.credential.DeleteEnvironment(v.r.Context(), v.actor, e.ID, nil); err != nil {
		return err
	}
	gone := c.now().Add(tepin.EnvironmentGrace).UTC().Format("2 January 2006")
	v.leaveNotice(notice{Text: "The environment “" + e.Name + "” is deleted. Until " + gone + " it can be restored.", Undo: restorePath(e)})
	return v.goTo("/")
}

// restorePath is the address that restores a deleted environment.
func restorePath(e tepin.Environment) string {
	return "/subscriptions/" + string(e.SubscriptionID) + "/deleted-environments/" + string(e.ID) + "/restore"
}

// Restore is the address that restores it.
func (d deletedEnvironment) Restore() string { return restorePath(d.Environment) }

// deletedEnvironments are those that the visitor can restore, the one that was deleted
// last first.
func (c *Console) deletedEnvironments(v *visit, of []tepin.Subscription, search string) (list []deletedEnvironment, err error) {
	word := strings.ToLower(search)
	for _, s := range of {
		deleted, err := c.store.DeletedEnvironments(v.r.Context(), s.ID)
		if err != nil {
			return nil, err
		}
		for _, d := range deleted {
			if strings.Contains(strings.ToLower(d.Name), word) {
				list = append(list, deletedEnvironment{d.Environment, d.DeletedAt.Add(tepin.EnvironmentGrace)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b deletedEnvironment) int { return b.Gone.Compare(a.Gone) })
	return list[:min(len(list), maxRows)], nil
}

func (c *Console) restoreEnvironment(v *visit) error {
	e, err := c.credential.RestoreEnvironment(v.r.Context(), v.actor, tepin.SubscriptionID(v.r.PathValue("subscription")), tepin.EnvironmentID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	return v.goTo("/environments/" + string(e.ID))
}
