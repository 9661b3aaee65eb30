package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web/webtest"
)

// tab is a browser before the rig's console.
type tab struct {
	*webtest.Tab
	t    *testing.T
	base string
}

// tab starts Chromium, which ends with the test.
func (r *rig) tab(t *testing.T) *tab { return &tab{webtest.NewTab(t), t, r.server.URL} }

// eval returns the value of a JavaScript expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return webtest.Eval[T](b.Tab, expression)
}

func (b *tab) open(path string) { b.t.Helper(); b.Open(b.base + path); b.See("#view") }

// focusOn waits until the element with this id has the focus.
func (b *tab) focusOn(id string) {
	b.t.Helper()
	b.Wait(`document.activeElement.id === ` + strconv.Quote(id))
}

// signIn signs in as the administrator, by keyboard alone.
func (b *tab) signIn() {
	b.t.Helper()
	b.open("/login")
	b.focusOn("email")
	b.Keys(email + kb.Tab + password + kb.Enter)
	b.See("#create-environment")
}

// hidden waits until an element cannot be seen.
func (b *tab) hidden(selector string) {
	b.t.Helper()
	b.Do(chromedp.WaitNotVisible(chromedp.CSS(selector)))
}

// quiet fails the test when pages complained about anything but answers of this status.
func (b *tab) quiet(status string) {
	b.t.Helper()
	for _, c := range b.Complaints() {
		if !strings.Contains(c, "the server responded with a status of "+status) {
			b.t.Errorf("complaint: %s", c)
		}
	}
}

// inEveryLook checks in each look that nothing on the page is wider than the window, and
// that all text has contrast enough. It saves pictures of it.
func (b *tab) inEveryLook(screen string) {
	b.t.Helper()
	for _, look := range []struct {
		theme         string
		width, height int64
	}{{"light", 1600, 1000}, {"dark", 1600, 1000}, {"light", 360, 740}, {"dark", 360, 740}} {
		b.Look(look.width, look.height, look.theme)
		name := screen + "-" + look.theme + "-" + strconv.FormatInt(look.width, 10)
		if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
			b.t.Errorf("%s: wider than the window", name)
		}
		for _, faint := range eval[[]string](b, faintText) {
			b.t.Errorf("%s: contrast: %s", name, faint)
		}
		b.Save(name)
	}
}

// TestScreens opens every screen in every look. On each it checks that nothing is
// wider than the window and that all text has contrast enough; with TEPIN_SCREENSHOTS
// set it takes pictures for people to look at.
func TestScreens(t *testing.T) {
	r := newRig(t)
	r.environment("Northwind production", "northwind", tepin.Production)
	r.environment("Playground for the new brand", "playground", tepin.Development)
	shop, _ := r.integration("Web shop", tepin.TemplateRead, tepin.TemplateList)
	editor, _ := r.integration("Editor", tepin.ReadOnlyScopes...)
	idle, _ := r.integration("Not in use yet")
	worker, _ := r.integration("Render worker", tepin.AllScopes...)

	r.fill()
	if _, err := r.Store.DeleteMedia(t.Context(), r.admin, r.env.ID, tepin.MediaID(r.first("media")), nil); err != nil {
		t.Fatal(err)
	}
	r.task("Poster, A2", tepin.PDF, "")
	r.task("Summer banner", tepin.PNG, "The font Inter Bold is not in this environment; upload it or choose another.")
	empty := r.environment("Fresh", "fresh", tepin.Production)
	if err := r.Credential.DeleteEnvironment(t.Context(), r.admin, r.environment("Campaign of last year, which nobody needs any more", "last-year", tepin.Sandbox).ID, nil); err != nil {
		t.Fatal(err)
	}

	if _, _, err := r.Credential.Rotate(t.Context(), r.admin, r.env.ID, shop.ID, 24*time.Hour, credential.SecretOptions{Label: "web shop, since the move"}); err != nil {
		t.Fatal(err)
	}

	if _, err := r.Credential.CreateTrust(t.Context(), r.admin, tepin.Trust{EnvironmentID: r.env.ID, IntegrationID: shop.ID, Kind: tepin.TrustIssuer, Label: "deployment",
		URL: "https://token.actions.githubusercontent.com", Subject: "repo:acme/shop:ref:refs/heads/main", Audience: "tepin"}, true); err != nil {
		t.Fatal(err)
	}

	r.Access.Notice(access.Notice{Action: access.ActionGuardReport, Environment: r.env.ID, Target: string(worker.ID), Origin: "https://shop.example",
		By: tepin.Actor{Kind: tepin.ActorIntegration, ID: string(worker.ID), Name: worker.Name}})
	if err := r.Access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}

	for _, in := range []tepin.Invitation{
		{Email: "a-rather-long-address-of-somebody@department.example.org", Name: "Bea", Environments: []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EnvironmentAdmin}}},
		{Email: "sa@example.org", SubscriptionAdmin: true, TemplateDesigner: true},
		{Email: "cato@example.org", Environments: []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EndUser}}},
	} {
		in.SubscriptionID = r.env.SubscriptionID
		r.Member(in)
	}

	b := r.tab(t)
	b.signIn()
	env := "/environments/" + string(r.env.ID)
	panel := env + "/integrations/" + string(shop.ID)
	all := r.panel(worker) + "/permissions"
	screens := []struct{ name, path string }{
		{"environments", "/"},
		{"environment-new", "/environments/new"},
		{"integrations", env},
		{"integration-new", env + "/integrations/new"},
		{"general", panel},
		{"permissions", all},
		{"permissions-read-only", r.panel(editor) + "/permissions"},
		{"permissions-none", r.panel(idle) + "/permissions"},
		{"permissions-unsaved", panel + "/permissions"},
		{"disable", panel + "/disable"},
		{"rotate", panel + "/rotate"},
		{"secret-new", panel + "/secrets/new"},
		{"trust-key", panel + "/trusts/new"},
		{"trust-issuer", panel + "/trusts/new?kind=issuer"},
		{"delete", panel + "/delete"},
		{"templates", env + "/templates"},
		{"projects", env + "/projects"},
		{"media", env + "/media"},
		{"media-search", env + "/media?search=a"},
		{"media-folder", env + "/media?folder=/Campaigns/2026"},
		{"media-folder-new", env + "/media-folders/new"},
		{"media-item", env + "/media/" + r.first("media")},
		{"template-item", env + "/templates/" + r.first("template")},
		{"project-item", env + "/projects/" + r.first("project")},
		{"fonts", env + "/fonts"},
		{"connectors", env + "/connectors"},
		{"deleted", env + "/deleted"},
		{"tasks", env + "/tasks"},
		{"activity", env + "/activity"},
		{"environment-people", env + "/people"},
		{"limits", panel + "/limits"},
		{"integration-activity", panel + "/activity"},
		{"settings", env + "/settings"},
		{"environment-delete", env + "/delete"},
		{"account", "/account"},
		{"people", "/subscriptions/" + string(r.env.SubscriptionID) + "/people"},
		{"lost", "/nowhere"},
		{"nothing-found", env + "/integrations?search=zebra"},
		{"empty", "/environments/" + string(empty.ID)},
		{"empty-tasks", "/environments/" + string(empty.ID) + "/tasks"},
		{"login", "/login"},
		{"setup", "/setup"},
	}
	for _, s := range screens {
		if s.name == "login" {
			b.Click("#sign-out")
			b.See("#login-form")
		}
		b.open(s.path)
		if s.name == "permissions-unsaved" {
			b.Click("#preset-all")
			b.See("[data-unsaved]")
		}
		b.Wait(`[...document.querySelectorAll('img[data-picture]')].every((img) => img.hidden || img.classList.contains('there') || img.getBoundingClientRect().top > 2 * innerHeight)`)
		b.inEveryLook(s.name)
		if s.name == "permissions-unsaved" {
			b.Click("#save-permissions") // or the next page asks whether to leave
			b.See("[data-test=form-saved]")
		}
	}
	b.quiet("404") // of the page that does not exist
}

// faintText lists the texts whose contrast with what is behind them is below 4.5:1
// (WCAG 2.2, 1.4.3).
const faintText = `(() => {
	const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
	const over = (below, colour) => {
		canvas.fillStyle = below; canvas.fillRect(0, 0, 1, 1);
		canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
		const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
		return 'rgb(' + r + ',' + g + ',' + b + ')';
	};
	const luminance = (rgb) => {
		const [r, g, b] = rgb.match(/\d+/g).map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const behind = (element) => {
		const chain = [];
		for (let e = element; e; e = e.parentElement) chain.unshift(getComputedStyle(e).backgroundColor);
		return chain.reduce(over, getComputedStyle(document.documentElement).backgroundColor);
	};
	const faint = new Set();
	for (const element of document.querySelectorAll('#view *, .bar *, dialog *')) {
		const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
		if (!own || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest('svg')) continue;
		const back = behind(element), text = over(back, getComputedStyle(element).color);
		const [a, b] = [luminance(text), luminance(back)].sort((x, y) => y - x);
		const ratio = (a + .05) / (b + .05);
		if (ratio < 4.5) faint.add(ratio.toFixed(2) + ' "' + element.textContent.trim().slice(0, 30) + '" ' + text + ' on ' + back);
	}
	return [...faint];
})()`

// TestWalk does by keyboard what a newcomer does: create an integration, keep its
// secret, look at its permissions, rotate, disable, delete.
func TestWalk(t *testing.T) {
	r := newRig(t)
	r.integration("Web shop", tepin.ReadOnlyScopes...)
	b := r.tab(t)
	b.Look(1280, 800, "light")
	b.signIn()

	// The pencil leads into the environment.
	b.Do(chromedp.Focus(chromedp.CSS("[data-test=edit]")))
	b.Keys(kb.Enter)
	b.See("#create-integration")
	if got := b.Text("#environment-technical-name"); got != "demo" {
		t.Errorf("technical name %q", got)
	}

	// Escape closes the dialog and gives the focus back.
	b.Do(chromedp.Focus(chromedp.CSS("#create-integration")))
	b.Keys(kb.Enter)
	b.See("#integration-dialog")
	b.focusOn("name")
	b.Keys(kb.Escape)
	b.Gone("#integration-dialog")
	b.focusOn("create-integration")

	// A name that is too long, then one that is taken: what was typed stays.
	b.Keys(kb.Enter)
	b.See("#integration-dialog")
	b.focusOn("name")
	b.Keys("A name of more than twenty" + kb.Tab + "Renders the posters" + kb.Enter)
	b.See("[data-test=name-error] svg")
	b.focusOn("name")
	if got := b.Text("[data-counter=name]"); got != "26 / 20" {
		t.Errorf("counter %q", got)
	}
	if got := eval[string](b, `document.querySelector('#description').value`); got != "Renders the posters" {
		t.Errorf("description %q", got)
	}
	b.Save("integration-refused-light-1280")
	eval[chromedp.Void](b, `document.querySelector('#name').select()`)
	b.Keys("web SHOP" + kb.Enter)
	b.Wait(`document.querySelector('[data-test=name-error]').textContent.includes('of that name')`)
	eval[chromedp.Void](b, `document.querySelector('#name').select()`)
	b.Keys("Poster robot")
	b.Click("label:has(#preset-all)")
	b.Keys(kb.Enter)

	// The secret is shown, works, and is not shown again.
	b.See("#secret-dialog")
	b.Save("secret-light-1280")
	secret, client := b.Text("#new-secret"), b.Text("#new-client-id")
	if c, err := r.Access.Authenticate(t.Context(), tepin.ClientID(client), secret, netip.MustParseAddr("192.0.2.1")); err != nil || c.Integration.Name != "Poster robot" {
		t.Fatalf("the secret shown does not work: %v", err)
	}
	if curl := b.Text("#curl"); !strings.Contains(curl, secret) || !strings.Contains(curl, b.base+"/oauth/token") || !strings.Contains(curl, "audience=https://chiligrafx.com") {
		t.Errorf("command: %s", curl)
	}
	b.focusOn("copy-new-secret")
	b.Keys(kb.Escape + kb.Escape + kb.Escape)
	b.See("#secret-dialog:modal") // only its button closes it
	b.Do(chromedp.Focus(chromedp.CSS("#secret-done")))
	b.Keys(kb.Enter)
	b.Gone("#secret-dialog")
	b.See("#panel")
	if strings.Contains(eval[string](b, `document.documentElement.outerHTML`), secret) {
		t.Error("the secret is still in the page")
	}
	if b.Text("#client-id") != client {
		t.Error("the panel shows another client id")
	}

	// Permissions: the presets, the boxes above the columns, the warning.
	b.Do(chromedp.Focus(chromedp.CSS("#tab-permissions")))
	b.Keys(kb.Enter)
	b.See("#matrix")
	b.See("[data-test=warning]")
	b.Click("#preset-read-only")
	b.See("[data-test=fit]")
	b.Do(chromedp.Focus(chromedp.CSS("#all-list")))
	b.Keys(" ")
	if n := eval[int](b, `document.querySelectorAll('[name=scope]:checked').length`); n != 5 {
		t.Errorf("%d permissions ticked, want the 5 of Read", n)
	}
	b.See("[data-unsaved]")
	b.Keys(kb.Enter) // in a form of several buttons, Enter saves
	b.See("[data-test=form-saved]")
	b.Wait(`location.search === ''`) // loaded anew, the page does not say again what was saved
	b.hidden("[data-unsaved]")
	if in := r.find("Poster robot"); in.Scopes.String() != "font:read media:read myproject:read template:read template_collection:read" {
		t.Errorf("saved: %s", in.Scopes)
	}

	// "Saved." goes with the first change; what was undone is no change.
	b.Click("#preset-all")
	b.Gone("[data-test=form-saved]")
	b.See("[data-unsaved]")
	b.See("[data-test=warning]")
	b.Click("#preset-read-only")
	b.Click("#all-list")
	b.hidden("[data-unsaved]")
	b.Click("#all-read")
	b.See("[data-unsaved]")
	b.See("[data-test=none-yet]")
	b.Click("#all-read")
	b.hidden("[data-unsaved]")

	// Rotating shows a new secret once; the old one ends as chosen.
	b.Click("#tab-general")
	b.See("#rotate")
	b.Do(chromedp.Focus(chromedp.CSS("#rotate")))
	b.Keys(kb.Enter)
	b.See("#rotate-dialog")
	b.focusOn("overlap-24h")
	b.Keys(kb.ArrowUp + kb.ArrowUp + kb.Enter)
	b.See("#secret-dialog")
	if b.Text("#new-secret") == secret {
		t.Error("rotating gave the old secret")
	}
	if _, err := r.Access.Authenticate(t.Context(), tepin.ClientID(client), secret, netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Error("the old secret works after a rotation without overlap")
	}
	b.Click("#secret-done")
	b.Gone("#secret-dialog")
	b.Save("rotated-light-1280")

	// Disable, enable, delete; then the focus is where the row was, or on the page.
	b.Click("#disable")
	b.See("#disable-dialog")
	b.Keys(kb.Escape)
	b.Gone("#disable-dialog")
	b.focusOn("disable")
	b.Keys(kb.Enter)
	b.See("#disable-dialog")
	b.Click("#confirm-disable")
	b.See("#enable")
	b.focusOn("enable")
	b.Keys(kb.Enter)
	b.See("#disable")
	b.Click("#delete")
	b.See("#delete-dialog")
	b.Keys(kb.Escape)
	b.Gone("#delete-dialog")
	b.focusOn("delete")
	b.Keys(kb.Enter)
	b.See("#confirm-delete")
	b.Click("#confirm-delete")
	b.Gone("#panel")
	b.Says("[data-test=deleted]", "Integration “Poster robot” is deleted.")
	b.Save("deleted-light-1280")
	if n := eval[int](b, `document.querySelectorAll('[data-test=integration]').length`); n != 1 {
		t.Errorf("%d integrations left, want 1", n)
	}

	// A row opens its panel, Escape closes it and gives the focus back.
	b.Do(chromedp.Focus(chromedp.CSS(".row-link")))
	row := eval[string](b, `document.activeElement.id`)
	b.Keys(kb.Enter)
	b.See("#panel")
	b.focusOn("panel-title")
	b.Keys(kb.Escape)
	b.Gone("#panel")
	b.focusOn(row)

	b.Click("#sign-out")
	b.See("#login-form")
	b.open("/environments/demo")
	b.See("#login-form")
	b.quiet("422") // of the names that were refused
}

// TestSending: a form on its way is sent once and is not left; its button works again
// after a refusal.
func TestSending(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	var posts atomic.Int64
	release := make(chan bool)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPost && strings.HasPrefix(req.URL.Path, "/environments/") {
			posts.Add(1)
			<-release
		}
		r.server.Config.Handler.ServeHTTP(w, req)
	}))
	t.Cleanup(slow.Close)
	b := r.tab(t)
	b.base = slow.URL
	b.Look(1280, 800, "light")
	b.signIn()
	b.open(r.panel(in))
	eval[chromedp.Void](b, `document.querySelector('#panel-description').style.height = '100px'`) // as dragging its corner does
	waiting := func() { b.t.Helper(); b.Wait(`document.querySelector('#save-general').ariaDisabled === 'true'`) }

	b.Fill("#panel-name", "A name of more than twenty"+kb.Enter)
	waiting()
	b.Keys(kb.Enter)
	b.Click("#save-general")
	b.Click("#panel-description")
	b.Keys(kb.Enter)  // sends from there too
	b.Keys(kb.Escape) // leaves, at other times
	release <- true
	b.See("[data-test=name-error] svg")
	b.Wait(`document.querySelector('#save-general').ariaDisabled === null`)
	b.See("[data-unsaved]") // what was refused is not saved
	b.Save("refused-light-1280")
	b.Fill("#panel-name", "Shop"+kb.Enter)
	waiting()
	release <- true
	b.See("[data-test=form-saved]")
	if n := posts.Load(); n != 2 {
		t.Errorf("sent %d times, want 2", n)
	}
	if got := r.find("Shop"); got.Version != in.Version+1 {
		t.Errorf("version %d after one change of %d", got.Version, in.Version)
	}
	b.quiet("422")
}

// TestSetupLink opens the link that a server prints at its first start, and is impatient.
func TestSetupLink(t *testing.T) {
	r := emptyRig(t, "")
	token, err := r.Credential.NewSetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := r.tab(t)
	b.Look(1280, 800, "dark")
	b.Do(chromedp.Navigate(b.base + "/setup#" + token))
	b.Wait(`document.querySelector('#token').value !== ''`)
	if address := eval[string](b, `location.href`); strings.Contains(address, token) {
		t.Errorf("the token is still in the address: %s", address)
	}
	if eval[bool](b, `document.querySelector('#token').checkVisibility()`) {
		t.Error("the token is in sight")
	}
	b.Save("setup-dark-1280")
	b.focusOn("name")
	if got := eval[string](b, `document.querySelector('#email').value`); got != suggested {
		t.Errorf("e-mail %q, want the one that the server suggests", got)
	}
	b.Fill("#email", email)
	b.Keys(kb.Tab + "Ada" + kb.Tab + "short" + kb.Enter)
	b.See("#password-error svg")
	b.focusOn("password")
	b.Save("setup-refused-dark-1280")
	b.Keys(password + kb.Enter + kb.Enter)
	b.See("#create-first")
	b.quiet("400") // of the short password
	if strings.Contains(r.log.String(), token) {
		t.Error("the log holds the token")
	}
}

// TestManners: what htmx must not break, and what a person expects of a page.
func TestManners(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.tab(t)
	b.Look(360, 740, "light")
	b.signIn()

	// The address follows, Back goes back, and nothing of a page is kept in storage.
	b.open("/environments/demo")
	b.Click(".row-link")
	b.See("#panel")
	b.Wait(`location.pathname.endsWith(` + strconv.Quote(string(in.ID)) + `)`)
	if !eval[bool](b, `document.querySelector('.bar').inert`) {
		t.Error("on a narrow screen the covered page can be reached")
	}
	b.Do(chromedp.NavigateBack())
	b.Gone("#panel")
	b.See("#integrations")
	stored := eval[string](b, `JSON.stringify([{ ...localStorage }, { ...sessionStorage }])`)
	if strings.Contains(stored, string(in.ClientID)) || strings.Contains(stored, "<") {
		t.Errorf("of a page is kept: %s", stored)
	}

	// Light and dark: the system's, until somebody chooses; the choice stays.
	background := func() string { return eval[string](b, `getComputedStyle(document.body).backgroundColor`) }
	light := background()
	b.Click("#theme")
	dark := background()
	b.open("/")
	if light == dark || background() != dark {
		t.Errorf("light %s, dark %s, after reload %s", light, dark, background())
	}

	// A form with changes is not left without asking.
	b.open(r.panel(in))
	asked := chromedp.Events(b.Context(), page.JavascriptDialogOpening)
	b.Click("#panel-name")
	b.Keys("!")
	go func() {
		for range asked {
			_, _ = chromedp.Call(b.Context(), page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
			return
		}
	}()
	b.Keys(kb.Escape)
	b.See("#panel")
	if got := eval[string](b, `document.querySelector('#panel-name').value`); got != "Web shop!" {
		t.Errorf("name %q", got)
	}
	b.Keys(kb.Enter)
	b.See("[data-test=form-saved]")
	b.Keys(kb.Escape)
	b.Gone("#panel")

	// The server goes away: said, and nothing lost.
	b.open("/environments/demo/integrations/new")
	b.focusOn("name")
	b.Keys("Typed")
	r.server.CloseClientConnections()
	r.server.Config.SetKeepAlivesEnabled(false)
	r.server.Listener.Close()
	b.Keys(kb.Enter)
	b.Wait(`!document.querySelector('#offline').hidden`)
	b.Wait(`document.querySelector('#create').ariaDisabled === null`)
	if got := eval[string](b, `document.querySelector('#name').value`); got != "Typed" {
		t.Errorf("name %q", got)
	}
}
