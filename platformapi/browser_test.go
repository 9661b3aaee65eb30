package platformapi

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
	"github.com/tepin/tepin/web/webtest"
)

// listing is the operation that the test tries.
const listing = "#operations-Environments-listEnvironments"

// try opens the operation, executes it and returns status and body of the answer.
func try(b *webtest.Tab) (status, body string) {
	b.Click(listing + " .opblock-summary-control")
	b.Click(listing + " .try-out__btn")
	b.Click(listing + " .execute")
	b.See(listing + " .live-responses-table .response-col_status")
	return b.Text(listing + " .live-responses-table tbody .response-col_status"), b.Text(listing + " .live-responses-table tbody .response-col_description")
}

// open shows the operations of a group.
func open(b *webtest.Tab, group string) {
	b.See("#operations-tag-" + group)
	b.Click("#operations-tag-" + group + " .expand-operation")
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
	b := webtest.NewTab(t)

	b.Look(1280, 1000, "light")
	b.Open(page + "?url=/swagger/evil.json&configUrl=/swagger/evil.json")
	open(b, "Environments")
	b.See(listing)
	b.Save("swagger-light")
	if title := b.Text(".info .title"); !strings.Contains(title, "Tepin Platform API") {
		t.Errorf("title %q: the page took its document from the URL", title)
	}
	if curl := b.Text("#curl"); !strings.Contains(curl, "curl http://"+listener.Addr().String()+"/oauth/token") {
		t.Errorf("command %q", curl)
	}

	b.Click(".auth-wrapper .authorize")
	b.See("#auth-bearer-value")
	b.Save("swagger-authorize")
	b.Paste("#auth-bearer-value", token)
	b.Keys(kb.Enter)
	b.Click(".close-modal")
	status, body := try(b)
	if !strings.HasPrefix(status, "200") || !strings.Contains(body, `"technicalName": "own"`) {
		t.Errorf("tried it out: %s %s", status, body)
	}
	webtest.Eval[string](b, "document.querySelector(`"+listing+"`).scrollIntoView(), ''")
	b.Save("swagger-tried")
	b.Look(1280, 1000, "dark")
	b.Save("swagger-tried-dark")
	if kept := webtest.Eval[string](b, "JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie + location.href"); strings.Contains(kept, token[:20]) {
		t.Errorf("the token is kept: %s", kept)
	}

	// After a reload nothing of it is left.
	b.Look(360, 1000, "dark")
	b.Open(page)
	open(b, "Environments")
	open(b, "Integrations")
	b.See(listing)
	b.Save("swagger-dark-360")
	if wide := webtest.Eval[string](b, "document.documentElement.scrollWidth > innerWidth ? 'too wide' : ''"); wide != "" {
		t.Error("at 360 px the page scrolls sideways")
	}
	for _, operation := range []string{"#operations-Integrations-createIntegration", "#operations-Environments-getEnvironment"} {
		b.Click(operation + " .opblock-summary-control")
		b.Click(operation + " .try-out__btn")
		b.See(operation + " .execute")
		if filled := webtest.Eval[string](b, "document.querySelector(`"+operation+" [data-param-name=environment] input`).value"); filled != "demo" {
			t.Errorf("%s: the environment is filled with %q", operation, filled)
		}
		if wide := webtest.Eval[string](b, "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest('pre, .microlight')).map(e => e.tagName + '.' + e.className).slice(0, 8).join(' ') + (document.documentElement.scrollWidth - innerWidth)"); !strings.HasSuffix(wide, "-0") && wide != "0" {
			t.Errorf("%s at 360 px: %s", operation, wide)
		}
	}
	if body := webtest.Eval[string](b, "document.querySelector(`#operations-Integrations-createIntegration textarea`).value"); strings.Contains(body, "additionalProp") || !strings.Contains(body, "template:read") {
		t.Errorf("the body is filled with %s", body)
	}
	b.Save("swagger-open-360")
	b.Look(1280, 1000, "dark")
	b.Save("swagger-dark")
	if status, _ = try(b); !strings.HasPrefix(status, "401") {
		t.Errorf("after a reload: %s", status)
	}

	for _, c := range b.Complaints() {
		if !strings.Contains(c, "401") {
			t.Errorf("the page complains: %s", c)
		}
	}
}
