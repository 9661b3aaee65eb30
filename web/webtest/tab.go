// Package webtest drives pages in a real browser, Debian's Chromium, for tests, and makes
// bad input from OpenAPI documents.
package webtest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Patience is how long a step waits for its condition before it fails the test. It is
// generous: a step that succeeds does not wait it out.
const Patience = time.Minute

// Tab is a tab of a browser of its own, which ends with the test. It writes down what
// pages complain about: refused scripts and styles, exceptions, requests that leave
// this machine. Each method fails the test when the browser cannot do it in time.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// NewTab starts Chromium with a new profile, and further options.
func NewTab(t testing.TB, options ...chromedp.ExecAllocatorOption) *Tab {
	t.Helper()
	options = slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{chromedp.NoSandbox, chromedp.DisableGPU}, options)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start (it is in Debian's package chromium): %v", err)
	}
	b := &Tab{t: t, ctx: ctx}
	b.must(chromedp.Listen(ctx, b.listen))
	for _, enable := range []cdp.Command[cdp.Empty, cdp.Empty]{log.Enable, runtime.Enable} {
		_, err := chromedp.Call(ctx, enable, cdp.Empty{})
		b.must(err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	b.must(err)
	return b
}

func (b *Tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *Tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" {
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, v := range e.Args {
				b.complaints = append(b.complaints, string(v.Value))
			}
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "http://127.0.0.1:") && !strings.HasPrefix(url, "data:") {
			b.complaints = append(b.complaints, "a request left this machine: "+url)
		}
	}
}

// Complaints returns what pages have complained about. An answer of 4xx is a
// complaint too.
func (b *Tab) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.complaints...)
}

// Do runs steps, each with [Patience], and fails the test with what the browser shows
// when one fails. A step whose element the page replaces between finding and using it
// begins again with the new one.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		ctx, cancel := context.WithTimeout(b.ctx, Patience)
		err := chromedp.Do(ctx, step)
		for err != nil && replaced(err) && ctx.Err() == nil {
			err = chromedp.Do(ctx, step)
		}
		cancel()
		if err != nil {
			b.t.Fatalf("%v\n%s", err, b.shows())
		}
	}
}

// replaced reports whether a step failed because its element is in the page no more:
// before anything was done with it.
func replaced(err error) bool {
	for _, message := range []string{"Could not find node with given id", "No node with given id found", "Node is detached from document"} {
		if strings.Contains(err.Error(), message) {
			return true
		}
	}
	return false
}

// shows is the address and the text of the page, for messages.
func (b *Tab) shows() string {
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return v
}

// Eval returns the value of a JavaScript expression, after its promise is kept.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v\n%s", expression, err, b.shows())
	}
	return v
}

// Wait waits until a JavaScript expression is true.
func (b *Tab) Wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(Patience))); err != nil {
		b.t.Fatalf("never true: %s: %v\n%s", expression, err, b.shows())
	}
}

// Context is the tab's, for steps of chromedp that have no method here.
func (b *Tab) Context() context.Context { return b.ctx }

// Open opens an address.
func (b *Tab) Open(url string) { b.t.Helper(); b.Do(chromedp.Navigate(url)) }

// See waits until the first element of a CSS selector is in sight.
func (b *Tab) See(selector string) { b.t.Helper(); b.Do(chromedp.WaitVisible(chromedp.CSS(selector))) }

// Gone waits until there is no such element.
func (b *Tab) Gone(selector string) {
	b.t.Helper()
	b.Do(chromedp.WaitNotPresent(chromedp.CSS(selector)))
}

// Click waits until an element is in sight and clicks in its middle.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Keys presses keys, one after the other, in whatever has the focus.
func (b *Tab) Keys(keys string) { b.t.Helper(); b.Do(chromedp.KeyEvent(keys)) }

// Fill replaces the text of an input, key by key.
func (b *Tab) Fill(selector, text string) {
	b.t.Helper()
	b.See(selector)
	Eval[chromedp.Void](b, `document.querySelector(`+strconv.Quote(selector)+`).select()`)
	b.Do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Paste puts a text into an input at once, as from the clipboard.
func (b *Tab) Paste(selector, text string) {
	b.t.Helper()
	b.See(selector)
	b.Do(chromedp.Focus(chromedp.CSS(selector)))
	_, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: text})
	b.must(err)
}

// Text returns what the first element of a selector shows.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	return Eval[string](b, `document.querySelector(`+strconv.Quote(selector)+`).innerText`)
}

// Says waits until the first element of a selector shows a text.
func (b *Tab) Says(selector, text string) {
	b.t.Helper()
	b.Wait(`document.querySelector(` + strconv.Quote(selector) + `)?.innerText.includes(` + strconv.Quote(text) + `)`)
}

// Clipboard returns the text that was copied last.
func (b *Tab) Clipboard() string {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted,
	})
	b.must(err)
	return Eval[string](b, `navigator.clipboard.readText()`)
}

// Look sets the size of the window in CSS pixels, and the theme, light or dark.
// Nothing moves from then on.
func (b *Tab) Look(width, height int64, theme string, options ...chromedp.EmulateViewportOption) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height, options...))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	b.must(err)
}

// Picture returns what the window shows, as PNG.
func (b *Tab) Picture() []byte {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	return png
}

// Save saves what the window shows for people to look at, in the directory that
// TEPIN_SCREENSHOTS names. Without one it does nothing.
func (b *Tab) Save(name string) {
	b.t.Helper()
	if dir := os.Getenv("TEPIN_SCREENSHOTS"); dir != "" {
		b.must(os.WriteFile(filepath.Join(dir, name+".png"), b.Picture(), 0o644))
	}
}
