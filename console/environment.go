package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// environmentPage is the frame around the screens of one environment: what
// environment.html shows, and the tab inside it.
type environmentPage struct {
	Environment tepin.Environment
	Roles       tepin.Roles // of the visitor, in it
	Renders     int64       // counted this month (UTC)
	Watermarked int64       // rendered beside them, not counted
	Tab         string      // one of tabs

	Guarded      []tepin.GuardFinding // what the browser guard saw lately
	Integrations integrationList
	Deleted      string // the integration that has just been deleted
	Panel        *integrationPanel
	Created      *createdSecret
	Tasks        *tasksPage
	Shelf        *shelfPage
	Fonts        *fontsPage
	Connectors   *connectorsPage
	Deletions    []deletedRow
	Activity     *activity
	Usage        *usage
	People       *environmentPeople
	Limits       *limits
	Editor       *editor
	Deleting     form // asks whether the environment shall be deleted
	More         bool // there are more rows than are shown
	Form         form
}

// Path is the address of the environment's first screen.
func (p environmentPage) Path() string { return "/environments/" + string(p.Environment.ID) }

// tab is one of the screens of an environment.
type tab struct {
	Name, Title string
	For         need // who sees it; not said = whoever has a role
	Path        string
	Here        bool
}

// tabs are the screens of an environment, in their order: what it holds, then who works
// with it and how.
var tabs = []tab{
	{Name: "integrations", Title: "Integrations", For: managers},
	{Name: "templates", Title: "Templates"},
	{Name: "projects", Title: "Projects"},
	{Name: "media", Title: "Media"},
	{Name: "fonts", Title: "Fonts"},
	{Name: "connectors", Title: "Connectors"},
	{Name: "tasks", Title: "Output tasks"},
	{Name: "activity", Title: "Activity", For: managers},
	{Name: "people", Title: "People", For: managers},
	{Name: "usage", Title: "Usage", For: managers},
	{Name: "deleted", Title: "Deleted", For: staff},
	{Name: "settings", Title: "Settings", For: managers},
}

// Said is what the page before left to say.
func (p environmentPage) Said() notice {
	switch {
	case p.Shelf != nil:
		return p.Shelf.Notice
	case p.Fonts != nil:
		return p.Fonts.Notice
	case p.Tasks != nil:
		return p.Tasks.Notice
	case p.Connectors != nil:
		return p.Connectors.Notice
	}
	return notice{}
}

// Tabs is the way to the other screens.
func (p environmentPage) Tabs() []tab {
	list := slices.DeleteFunc(slices.Clone(tabs), func(t tab) bool { return t.For.roles != 0 && !p.Roles.Any(t.For.roles) })
	for i := range list {
		list[i].Path, list[i].Here = p.Path()+"/"+list[i].Name, list[i].Name == p.Tab
	}
	return list
}

// environment reads what every screen of an environment shows. The path names it by
// id or by technical name.
func (c *Console) environment(v *visit, tab string) (environmentPage, error) {
	name := v.r.PathValue("environment")
	id := tepin.EnvironmentID(name)
	if e, ok := c.access.Environment(name); ok {
		id = e.ID
	}
	ctx := v.r.Context()
	e, err := c.store.Environment(ctx, id)
	if tepin.KindOf(err) == tepin.NotFound {
		return environmentPage{}, tepin.Errorf(tepin.NotFound, "There is no such environment.")
	}
	if err != nil {
		return environmentPage{}, err
	}
	p := environmentPage{Environment: e, Roles: v.roles, Tab: tab}
	now := c.now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	counts, err := c.store.RenderCounts(ctx, e.ID, month, month.AddDate(0, 1, 0))
	for _, n := range counts {
		p.Renders += n.Renders
		p.Watermarked += n.Watermarked
	}
	return p, err
}

// overview is the first screen of an environment, for whoever visits it.
func (c *Console) overview(v *visit) error {
	if v.roles.Any(tepin.Administrators) {
		return c.integrations(v)
	}
	return c.showShelf(c.templates(), v)
}

func (c *Console) settings(v *visit) error {
	p, err := c.settingsPage(v)
	if err != nil {
		return err
	}
	p.Form = settingsForm(p.Environment)
	q := v.r.URL.Query()
	p.Form.Saved, p.Limits.Form.Saved, p.Editor.Form.Saved = q.Has("saved"), q.Has("limits"), q.Has("editor")
	return c.render(v, http.StatusOK, "settings", "Settings, "+p.Environment.Name, p)
}

// settingsForm is what the form about an environment holds.
func settingsForm(e tepin.Environment) form {
	return filled("name", e.Name, "lifetime", strconv.Itoa(int(e.TokenLifetime/time.Minute)), "signingAlg", e.SigningAlg, "browserGuard", string(e.BrowserGuard))
}

func (c *Console) saveSettings(v *visit) error {
	p, err := c.settingsPage(v)
	if err != nil {
		return err
	}
	f := v.r.PostForm
	name, lifetime, alg, guard := f.Get("name"), f.Get("lifetime"), f.Get("signingAlg"), tepin.BrowserGuard(f.Get("browserGuard"))
	u := tepin.EnvironmentUpdate{Name: &name, SigningAlg: &alg, BrowserGuard: &guard, IfVersion: version(f.Get("version"))}
	// What is no number becomes a lifetime that the rules refuse.
	minutes, _ := strconv.Atoi(strings.TrimSpace(lifetime))
	d := time.Duration(min(max(minutes, 0), 1<<20)) * time.Minute
	u.TokenLifetime = &d
	if d == p.Environment.TokenLifetime.Truncate(time.Minute) {
		u.TokenLifetime = nil // keep seconds that the form does not show
	}
	if _, err = c.credential.UpdateEnvironment(v.r.Context(), v.actor, p.Environment.ID, u); refusal(err) {
		p.Form = refused(err, "name", name, "lifetime", lifetime, "signingAlg", alg, "browserGuard", string(guard))
		if tepin.KindOf(err) == tepin.Stale {
			p.Form.Message = "Somebody else changed these settings after you opened them; the name is now “" + p.Environment.Name + "”, the token lifetime " +
				strconv.Itoa(int(p.Environment.TokenLifetime/time.Minute)) + " minutes. What you typed is below: save again to replace theirs."
		}
		return c.render(v, http.StatusUnprocessableEntity, "settings", "Settings, "+p.Environment.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/settings?saved")
}

// guardShown is for how long the console tells of what the browser guard saw.
const guardShown = 30 * 24 * time.Hour

// guarded reads what the browser guard saw lately, unless it does not look.
func (c *Console) guarded(v *visit, e tepin.Environment) ([]tepin.GuardFinding, error) {
	if e.BrowserGuard == tepin.GuardOff {
		return nil, nil
	}
	return c.store.GuardFindings(v.r.Context(), e.ID, c.now().Add(-guardShown))
}

// block has the browser guard refuse from now on what it reported.
func (c *Console) block(v *visit) error {
	p, err := c.environment(v, "integrations")
	if err != nil {
		return err
	}
	mode := tepin.GuardBlock
	if _, err := c.credential.UpdateEnvironment(v.r.Context(), v.actor, p.Environment.ID, tepin.EnvironmentUpdate{BrowserGuard: &mode}); err != nil {
		return err
	}
	return v.goTo(p.Path())
}

// version is the version that a form was made from; one that is missing or unreadable
// is none that exists.
func version(text string) *int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		n = -1
	}
	return &n
}
