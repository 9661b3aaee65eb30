package platformapi

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// tab is a tab of a real browser that writes down what pages complain about: refused
// scripts and styles, exceptions, requests that leave the server.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

func newTab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start (it is in Debian's package chromium): %v", err)
	}
	b := &tab{t: t, ctx: ctx}
	must(t, chromedp.Listen(ctx, b.listen))
	for _, enable := range []cdp.Command[cdp.Empty, cdp.Empty]{log.Enable, runtime.Enable} {
		_, err := chromedp.Call(ctx, enable, cdp.Empty{})
		must(t, err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	must(t, err)
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" {
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "http://127.0.0.1:") && !strings.HasPrefix(url, "data:") {
			b.complaints = append(b.complaints, "a request left this server: "+url)
		}
	}
}

// do runs steps.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	must(b.t, chromedp.Do(ctx, steps...))
}

func (b *tab) see(selector string) { b.t.Helper(); b.do(chromedp.WaitVisible(chromedp.CSS(selector))) }
func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// eval returns the value of a JavaScript expression.
func (b *tab) eval(expression string) string {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	must(b.t, err)
	return v
}

// text returns what the first element shows.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return b.eval("document.querySelector(`" + selector + "`).innerText")
}

// look sets the size of the window and the theme.
func (b *tab) look(width int64, theme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 1000))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
	must(b.t, err)
}

// picture saves what the window shows, in the directory that TEPIN_SCREENSHOTS names.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("TEPIN_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	must(b.t, err)
	must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// listing is the operation that the test tries.
const listing = "#operations-Environments-listEnvironments"

// try opens the operation, executes it and returns status and body of the answer.
func (b *tab) try() (status, body string) {
	b.t.Helper()
	b.click(listing + " .opblock-summary-control")
	b.click(listing + " .try-out__btn")
	b.click(listing + " .execute")
	b.see(listing + " .live-responses-table .response-col_status")
	return b.text(listing + " .live-responses-table tbody .response-col_status"), b.text(listing + " .live-responses-table tbody .response-col_description")
}

// A newcomer authorizes on the Swagger page with a token and tries an operation.
func TestSwaggerInABrowser(t *testing.T) {
	r := newRig(t)
	var polling sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	polling.Go(func() { _ = r.Access.Run(ctx) })
	t.Cleanup(func() { stop(); polling.Wait() })
	token := r.NewToken(r.own, tepin.TemplateRead)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := web.NewServer(r.handler, slog.New(slog.DiscardHandler))
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	page := "http://" + listener.Addr().String() + "/swagger/index.html"
	b := newTab(t)

	b.look(1280, "light")
	b.do(chromedp.Navigate(page + "?url=/swagger/evil.json&configUrl=/swagger/evil.json"))
	b.see(listing)
	b.picture("swagger-light")
	if title := b.text(".info .title"); !strings.Contains(title, "Tepin Platform API") {
		t.Errorf("title %q: the page took its document from the URL", title)
	}
	if curl := b.text("#curl"); !strings.Contains(curl, "curl http://"+listener.Addr().String()+"/oauth/token") {
		t.Errorf("command %q", curl)
	}

	b.click(".auth-wrapper .authorize")
	b.see("#auth-bearer-value")
	b.picture("swagger-authorize")
	b.do(chromedp.SendKeys(chromedp.CSS("#auth-bearer-value"), token+"\r"))
	b.click(".close-modal")
	status, body := b.try()
	if !strings.HasPrefix(status, "200") || !strings.Contains(body, `"technicalName": "own"`) {
		t.Errorf("tried it out: %s %s", status, body)
	}
	b.eval("document.querySelector(`" + listing + "`).scrollIntoView(), ''")
	b.picture("swagger-tried")
	b.look(1280, "dark")
	b.picture("swagger-tried-dark")
	if kept := b.eval("JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie + location.href"); strings.Contains(kept, token[:20]) {
		t.Errorf("the token is kept: %s", kept)
	}

	// After a reload nothing of it is left.
	b.look(360, "dark")
	b.do(chromedp.Navigate(page))
	b.see(listing)
	b.picture("swagger-dark-360")
	if wide := b.eval("document.documentElement.scrollWidth > innerWidth ? 'too wide' : ''"); wide != "" {
		t.Error("at 360 px the page scrolls sideways")
	}
	b.look(1280, "dark")
	b.picture("swagger-dark")
	if status, _ = b.try(); !strings.HasPrefix(status, "401") {
		t.Errorf("after a reload: %s", status)
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		if !strings.Contains(c, "401") {
			t.Errorf("the page complains: %s", c)
		}
	}
}
