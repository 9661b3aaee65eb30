package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// callback is where people are sent back to. Nothing is there: the address is read.
const callback = "https://shop.example/callback"

// person is the administrator, whom a script asks to do what people do in the console's
// pages.
type person struct{ in *installation }

// aPerson gives the script a person, at a loopback address while the row runs, and an
// application that people sign in to.
func aPerson(ctx context.Context, in *installation, c client) ([]string, error) {
	var application struct {
		ClientID string `json:"clientId"`
	}
	err := in.platform(ctx, "/environments/"+in.Environment.TechnicalName+"/applications",
		map[string]any{"name": "Interop " + string(c.id), "redirectUris": []string{callback}}, &application)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /device", asked(person{in}.enterCode))
	mux.HandleFunc("POST /authorize", asked(person{in}.consent))
	server := &http.Server{Handler: mux, ReadTimeout: rowTime, WriteTimeout: rowTime}
	go func() { _ = server.Serve(listener) }() // until the row ends
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return []string{
		"TEPIN_PERSON=http://" + listener.Addr().String(), "TEPIN_APPLICATION_ID=" + application.ClientID, "TEPIN_CALLBACK=" + callback,
	}, nil
}

// asked answers with what the person came to, or with what went wrong.
func asked(do func(ctx context.Context, said string) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		said, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		var came string
		if err == nil {
			came, err = do(r.Context(), string(said))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, came) // the script may be gone
	}
}

// enterCode signs a device in: the person opens the link with the code and types it.
func (p person) enterCode(ctx context.Context, code string) (string, error) {
	page, err := p.in.do(ctx, http.MethodGet, "/device?user_code="+url.QueryEscape(code), "", nil)
	if err != nil {
		return "", err
	}
	res, body, err := p.send(ctx, page, "/device", url.Values{"shown": {code}, "code": {code}, "decision": {"approve"}})
	if err == nil && (res.StatusCode != http.StatusOK || !strings.Contains(body, "The device is signed in")) {
		err = fmt.Errorf("the page answers %s", res.Status)
	}
	return "", err
}

var formAction = regexp.MustCompile(`action="([^"]+)" id="consent-form"`)

// consent opens an authorization request, allows it, and returns where the person is
// sent back to.
func (p person) consent(ctx context.Context, address string) (string, error) {
	path, ok := strings.CutPrefix(address, p.in.URL)
	if !ok {
		return "", fmt.Errorf("%s is not at this server", address)
	}
	page, err := p.in.do(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return "", err
	}
	action := formAction.FindSubmatch(page)
	if action == nil {
		return "", errors.New("the page asks for no consent")
	}
	res, _, err := p.send(ctx, page, html.UnescapeString(string(action[1])), url.Values{"decision": {"allow"}})
	if err == nil && res.StatusCode != http.StatusSeeOther {
		err = fmt.Errorf("the page answers %s", res.Status)
	}
	if err != nil {
		return "", err
	}
	return res.Header.Get("Location"), nil
}

// send fills in the form of a page, with the password for a sign-in that is too old.
func (p person) send(ctx context.Context, page []byte, path string, form url.Values) (*http.Response, string, error) {
	field := csrfField.FindSubmatch(page)
	if field == nil {
		return nil, "", errors.New("the page has no form")
	}
	form.Set("csrf", string(field[1]))
	form.Set("password", p.in.Administrator.Password)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.in.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", p.in.URL)
	browser := *p.in.http
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := browser.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res, string(body), err
}
