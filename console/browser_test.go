package console_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
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

// focused returns the id of the element that has the focus.
func (b *tab) focused() string { return eval[string](b, `document.activeElement.id`) }

// signIn signs in as the administrator, by keyboard alone.
func (b *tab) signIn() {
	b.t.Helper()
	b.open("/login")
	b.keys(email + kb.Tab + password + kb.Enter)
	b.see("#create-environment")
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
	}
	for _, look := range []struct {
		theme         string
		width, height int64
	}{{"light", 1600, 1000}, {"dark", 1600, 1000}, {"light", 360, 740}, {"dark", 360, 740}} {
		b.look(look.width, look.height, look.theme)
		for _, s := range screens {
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
