package environmentapi

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/web"
)

// Headers by which a page says what it wants of an upstream.
const (
	proxyURL    = "X-Grafx-Proxy-External-Url"
	proxyMethod = "X-Grafx-Proxy-External-Method"
	proxySource = "X-Grafx-Proxy-External-Authentication-Source"
)

// maxReplayed is the longest body that is kept in memory, to be sent again when an upstream
// has refused a token, or leads elsewhere.
const maxReplayed = 1 << 20

// proxyConnector makes a call of a connector's script that runs in a page.
func (a *API) proxyConnector(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	v, err := a.connector(r.Context(), c, r.PathValue("id"))
	if err != nil {
		return err
	}
	h := r.Header
	if len(h.Values(proxyURL)) != 1 {
		return &tepin.Error{Kind: tepin.Invalid, Path: "header x-grafx-proxy-external-url", Message: "name the URL that is to be called in it, once"}
	}
	switch source := strings.ToLower(h.Get(proxySource)); source {
	case "", string(tepin.BrowserUsage):
	case string(tepin.ServerUsage):
		return tepin.Errorf(tepin.Forbidden, "credentials for the server are used while outputs are made, never for calls over HTTP; ask for browser")
	default:
		return &tepin.Error{Kind: tepin.Invalid, Path: "header x-grafx-proxy-external-authentication-source", Message: "the source is browser"}
	}
	method := h.Get(proxyMethod)
	if method == "" {
		method = r.Method
	}
	call := connector.Call{Connector: v, Usage: tepin.BrowserUsage, By: c.Actor, Method: method, URL: h.Get(proxyURL), Header: h, From: c.Addr, PublicURL: c.BaseURL}
	if call.Body, call.Size, err = callBody(r); err != nil {
		return err
	}
	out, err := a.Connector.Do(r.Context(), call)
	if err != nil {
		return err
	}
	defer out.Body.Close()
	return web.PassTenant(w, r, out.Status, out.Header, out.Size, out.Body)
}

// callBody is the body of a call: in memory where it is short.
func callBody(r *http.Request) (io.Reader, int64, error) {
	if !hasBody(r) {
		return nil, 0, nil
	}
	if r.ContentLength < 0 || r.ContentLength > maxReplayed {
		return r.Body, r.ContentLength, nil
	}
	raw, err := web.ReadBody(r, maxReplayed)
	return bytes.NewReader(raw), int64(len(raw)), err
}

// takesCall documents a call through the proxy.
func takesCall(op huma.Operation) huma.Operation {
	for _, each := range []struct {
		name, doc string
		required  bool
	}{
		{"x-grafx-proxy-external-url", "URL of the upstream, at one of the connector's allowedDomains. https://, or http:// at addresses that the operator lists.", true},
		{"x-grafx-proxy-external-method", "Method of the call; that of this request if it is left out.", false},
		{"x-grafx-proxy-external-authentication-source", "browser. server is refused: those credentials are used while outputs are made.", false},
		{"X-GraFx-Proxy-Exclude-Headers", "Names of headers, with commas between, that do not reach the upstream; Authorization among them keeps the credential back.", false},
		{"X-GraFx-Proxy-User-Agent", "The User-Agent that the upstream sees.", false},
	} {
		op.Parameters = append(op.Parameters, &huma.Param{Name: each.name, In: "header", Required: each.required, Description: each.doc, Schema: &huma.Schema{Type: "string"}})
	}
	op = query(op, param{"h", "string", false, "For caches in between. Not looked at.", ""})
	op.Description = "Calls the upstream with the connector's credential for browsers. Other headers of the request go along, except those that are the caller's own, such as Authorization and Cookie. " +
		"The answer has the upstream's status and body; of its headers those that describe the body, and those of paging and rate limits. " +
		"An upstream that does not take the credential: 401 with X-GRAFX-UNAUTHORIZED."
	if op.Method != http.MethodGet {
		op.RequestBody = &huma.RequestBody{Description: "Sent on as it is, at most 20 MB.", Content: map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
	}
	return op
}
