package console_test

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tepin/tepin"
)

// tab is a tab of a real browser.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
}

// tab starts Chromium, which ends with the test.
func (r *rig) tab(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start (it is in Debian's package chromium): %v", err)
	}
	return &tab{t: t, ctx: ctx, base: r.server.URL}
}

// do runs steps, and fails the test with what the browser shows when one fails.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\n%s", err, eval[string](b, `location.href + "\n" + document.body.innerText`))
	}
}

// eval returns the value of a JavaScript expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (b *tab) open(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.base + path)); b.see("#view") }
func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}
func (b *tab) see(selector string) { b.t.Helper(); b.do(chromedp.WaitVisible(chromedp.CSS(selector))) }
func (b *tab) gone(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitNotPresent(chromedp.CSS(selector)))
}
func (b *tab) keys(keys string) { b.t.Helper(); b.do(chromedp.KeyEvent(keys)) }
func (b *tab) write(selector, s string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS(selector), s))
}

// text returns what an element says.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, `document.querySelector(`+strconv.Quote(selector)+`).textContent`)
}

// signIn signs in as the administrator, by keyboard alone.
func (b *tab) signIn() {
	b.t.Helper()
	b.open("/login")
	b.keys(email + kb.Tab + password + kb.Enter)
	b.see("#create-environment")
}

// signInAgain signs in unless that was done.
func (b *tab) signInAgain() {
	b.t.Helper()
	if b.open("/login"); eval[bool](b, `document.querySelector("#login-form") !== null`) {
		b.signIn()
	}
}

// look sets the size of the window and the theme.
func (b *tab) look(width, height int64, theme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
}

// picture saves what the window shows, in the directory that TEPIN_SCREENSHOTS names.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("TEPIN_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
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
	r.integration("Editor", tepin.ReadOnlyScopes...)
	worker, _ := r.integration("Render worker", tepin.AllScopes...)

	r.task("Poster, A2", tepin.PDF, "")
	r.task("Summer banner", tepin.PNG, "The font Inter Bold is not in this environment; upload it or choose another.")
	empty := r.environment("Fresh", "fresh", tepin.Production)

	b := r.tab(t)
	b.signIn()
	env := "/environments/" + string(r.env.ID)
	panel := env + "/integrations/" + string(shop.ID)
	screens := []struct{ name, path string }{
		{"environments", "/"},
		{"environment-new", "/environments/new"},
		{"integrations", env},
		{"integration-new", env + "/integrations/new"},
		{"general", panel},
		{"permissions", env + "/integrations/" + string(worker.ID) + "/permissions"},
		{"rotate", panel + "/rotate"},
		{"delete", panel + "/delete"},
		{"tasks", env + "/tasks"},
		{"settings", env + "/settings"},
		{"account", "/account"},
		{"lost", "/nowhere"},
		{"nothing-found", env + "/integrations?search=zebra"},
		{"empty", "/environments/" + string(empty.ID)},
		{"empty-tasks", "/environments/" + string(empty.ID) + "/tasks"},
		{"login", "/login"},
		{"setup", "/setup"},
	}
	for _, look := range []struct {
		theme         string
		width, height int64
	}{{"light", 1600, 1000}, {"dark", 1600, 1000}, {"light", 360, 740}, {"dark", 360, 740}} {
		b.look(look.width, look.height, look.theme)
		b.signInAgain()
		for _, s := range screens {
			if s.name == "login" {
				b.click("#sign-out")
				b.see("#login-form")
			}
			name := s.name + "-" + look.theme + "-" + strconv.FormatInt(look.width, 10)
			b.open(s.path)
			if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
				t.Errorf("%s: wider than the window", name)
			}
			for _, faint := range eval[[]string](b, faintText) {
				t.Errorf("%s: contrast: %s", name, faint)
			}
			b.picture(name)
		}
	}
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
	b.look(1280, 800, "light")
	b.signIn()

	// The pencil leads into the environment.
	b.do(chromedp.Focus(chromedp.CSS("[data-test=edit]")))
	b.keys(kb.Enter)
	b.see("#create-integration")
	if got := b.text("#environment-technical-name"); got != "demo" {
		t.Errorf("technical name %q", got)
	}

	// Escape closes the dialog and gives the focus back.
	b.do(chromedp.Focus(chromedp.CSS("#create-integration")))
	b.keys(kb.Enter)
	b.see("#integration-dialog")
	b.focusOn("name")
	b.keys(kb.Escape)
	b.gone("#integration-dialog")
	b.focusOn("create-integration")

	// A name that is too long, then one that is taken: what was typed stays.
	b.keys(kb.Enter)
	b.see("#integration-dialog")
	b.focusOn("name")
	b.keys("A name of more than twenty" + kb.Tab + "Renders the posters" + kb.Enter)
	b.see("[data-test=name-error] svg")
	b.focusOn("name")
	if got := b.text("[data-counter=name]"); got != "26 / 20" {
		t.Errorf("counter %q", got)
	}
	if got := eval[string](b, `document.querySelector('#description').value`); got != "Renders the posters" {
		t.Errorf("description %q", got)
	}
	b.picture("integration-refused-light-1280")
	eval[chromedp.Void](b, `document.querySelector('#name').select()`)
	b.keys("web SHOP" + kb.Enter)
	b.waitFor(`document.querySelector('[data-test=name-error]').textContent.includes('of that name')`)
	eval[chromedp.Void](b, `document.querySelector('#name').select()`)
	b.keys("Poster robot")
	b.click("label:has(#preset-all)")
	b.keys(kb.Enter)

	// The secret is shown, works, and is not shown again.
	b.see("#secret-dialog")
	b.picture("secret-light-1280")
	secret, client := b.text("#new-secret"), b.text("#new-client-id")
	if c, err := r.Access.Authenticate(t.Context(), tepin.ClientID(client), secret, netip.MustParseAddr("192.0.2.1")); err != nil || c.Integration.Name != "Poster robot" {
		t.Fatalf("the secret shown does not work: %v", err)
	}
	if curl := b.text("#curl"); !strings.Contains(curl, secret) || !strings.Contains(curl, b.base+"/oauth/token") {
		t.Errorf("command: %s", curl)
	}
	b.focusOn("copy-new-secret")
	b.keys(kb.Escape)
	b.see("#secret-dialog") // only its button closes it
	b.do(chromedp.Focus(chromedp.CSS("#secret-done")))
	b.keys(kb.Enter)
	b.gone("#secret-dialog")
	b.see("#panel")
	if strings.Contains(eval[string](b, `document.documentElement.outerHTML`), secret) {
		t.Error("the secret is still in the page")
	}
	if b.text("#client-id") != client {
		t.Error("the panel shows another client id")
	}

	// Permissions: the presets, the boxes above the columns, the warning.
	b.do(chromedp.Focus(chromedp.CSS("#tab-permissions")))
	b.keys(kb.Enter)
	b.see("#matrix")
	b.see("[data-test=warning]")
	b.click("#preset-read-only")
	b.see("[data-test=fit]")
	b.do(chromedp.Focus(chromedp.CSS("#all-list")))
	b.keys(" ")
	if n := eval[int](b, `document.querySelectorAll('[name=scope]:checked').length`); n != 5 {
		t.Errorf("%d permissions ticked, want the 5 of Read", n)
	}
	b.keys(kb.Enter) // in a form of several buttons, Enter saves
	b.see("[data-test=form-saved]")
	if in := r.find("Poster robot"); in.Scopes.String() != "font:read media:read myproject:read template:read template_collection:read" {
		t.Errorf("saved: %s", in.Scopes)
	}

	// Rotating shows a new secret once; the old one ends as chosen.
	b.click("#tab-general")
	b.see("#rotate")
	b.do(chromedp.Focus(chromedp.CSS("#rotate")))
	b.keys(kb.Enter)
	b.see("#rotate-dialog")
	b.focusOn("overlap-24h")
	b.keys(kb.ArrowUp + kb.ArrowUp + kb.Enter)
	b.see("#secret-dialog")
	if b.text("#new-secret") == secret {
		t.Error("rotating gave the old secret")
	}
	if _, err := r.Access.Authenticate(t.Context(), tepin.ClientID(client), secret, netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Error("the old secret works after a rotation without overlap")
	}
	b.click("#secret-done")
	b.gone("#secret-dialog")
	b.picture("rotated-light-1280")

	// Disable, enable, delete; then the focus is where the row was, or on the page.
	b.click("#disable")
	b.see("#enable")
	b.click("#enable")
	b.see("#disable")
	b.click("#delete")
	b.see("#delete-dialog")
	b.keys(kb.Escape)
	b.gone("#delete-dialog")
	b.focusOn("delete")
	b.keys(kb.Enter)
	b.see("#confirm-delete")
	b.click("#confirm-delete")
	b.gone("#panel")
	if n := eval[int](b, `document.querySelectorAll('[data-test=integration]').length`); n != 1 {
		t.Errorf("%d integrations left, want 1", n)
	}

	// A row opens its panel, Escape closes it and gives the focus back.
	b.do(chromedp.Focus(chromedp.CSS(".row-link")))
	row := eval[string](b, `document.activeElement.id`)
	b.keys(kb.Enter)
	b.see("#panel")
	b.focusOn("panel-title")
	b.keys(kb.Escape)
	b.gone("#panel")
	b.focusOn(row)

	b.click("#sign-out")
	b.see("#login-form")
	b.open("/environments/demo")
	b.see("#login-form")
}

// TestSetupLink opens the link that a server prints at its first start.
func TestSetupLink(t *testing.T) {
	r := emptyRig(t, "")
	token, err := r.Credential.NewSetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := r.tab(t)
	b.look(1280, 800, "dark")
	b.do(chromedp.Navigate(b.base + "/setup#" + token))
	b.waitFor(`document.querySelector('#token').value !== ''`)
	if address := eval[string](b, `location.href`); strings.Contains(address, token) {
		t.Errorf("the token is still in the address: %s", address)
	}
	if eval[bool](b, `document.querySelector('#token').checkVisibility()`) {
		t.Error("the token is in sight")
	}
	b.picture("setup-dark-1280")
	b.focusOn("email")
	b.keys(email + kb.Tab + "Ada" + kb.Tab + "short" + kb.Enter)
	b.see("#password-error svg")
	b.focusOn("password")
	b.picture("setup-refused-dark-1280")
	b.keys(password + kb.Enter)
	b.see("#create-first")
	if strings.Contains(r.log.String(), token) {
		t.Error("the log holds the token")
	}
}

// TestManners: what htmx must not break, and what a person expects of a page.
func TestManners(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.tab(t)
	b.look(360, 740, "light")
	b.signIn()

	// The address follows, Back goes back, and nothing of a page is kept in storage.
	b.open("/environments/demo")
	b.click(".row-link")
	b.see("#panel")
	b.waitFor(`location.pathname.endsWith(` + strconv.Quote(string(in.ID)) + `)`)
	if !eval[bool](b, `document.querySelector('.bar').inert`) {
		t.Error("on a narrow screen the covered page can be reached")
	}
	b.do(chromedp.NavigateBack())
	b.gone("#panel")
	b.see("#integrations")
	stored := eval[string](b, `JSON.stringify([{ ...localStorage }, { ...sessionStorage }])`)
	if strings.Contains(stored, string(in.ClientID)) || strings.Contains(stored, "<") {
		t.Errorf("of a page is kept: %s", stored)
	}

	// Light and dark: the system's, until somebody chooses; the choice stays.
	background := func() string { return eval[string](b, `getComputedStyle(document.body).backgroundColor`) }
	light := background()
	b.click("#theme")
	dark := background()
	b.open("/")
	if light == dark || background() != dark {
		t.Errorf("light %s, dark %s, after reload %s", light, dark, background())
	}

	// A form with changes is not left without asking.
	b.open(r.panel(in))
	asked := chromedp.Events(b.ctx, page.JavascriptDialogOpening)
	b.click("#panel-name")
	b.keys("!")
	go func() {
		for range asked {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
			return
		}
	}()
	b.keys(kb.Escape)
	b.see("#panel")
	if got := eval[string](b, `document.querySelector('#panel-name').value`); got != "Web shop!" {
		t.Errorf("name %q", got)
	}
	b.keys(kb.Enter)
	b.see("[data-test=form-saved]")
	b.keys(kb.Escape)
	b.gone("#panel")

	// The server goes away: said, and nothing lost.
	b.open("/environments/demo/integrations/new")
	b.focusOn("name")
	b.keys("Typed")
	r.server.CloseClientConnections()
	r.server.Config.SetKeepAlivesEnabled(false)
	r.server.Listener.Close()
	b.keys(kb.Enter)
	b.waitFor(`!document.querySelector('#offline').hidden`)
	if got := eval[string](b, `document.querySelector('#name').value`); got != "Typed" {
		t.Errorf("name %q", got)
	}
}

// waitFor waits until an expression is true.
func (b *tab) waitFor(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		b.t.Fatalf("never true: %s: %v\n%s", expression, err, eval[string](b, `"focus: " + document.activeElement.value + document.activeElement.outerHTML.slice(0, 200) + "\n" + document.body.innerText`))
	}
}

// focusOn waits until the element with this id has the focus.
func (b *tab) focusOn(id string) {
	b.t.Helper()
	b.waitFor(`document.activeElement.id === ` + strconv.Quote(id))
}
