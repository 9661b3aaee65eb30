package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The files of swagger-ui-dist 5.35.0, compressed, and our page around them.
//
//go:embed swagger
var swaggerFiles embed.FS

// swaggerPolicy lets the page run our scripts, call this server, and nothing else.
// Swagger UI draws its icons from data URLs and sets a few style attributes.
const swaggerPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Swagger adds the API's Swagger page at prefix/index.html and its OpenAPI document
// at prefix/v1/swagger.json (3.1) and prefix/v1/swagger-3.0.json. It is called after
// the operations are registered. The page keeps no token and takes no configuration
// from its URL (S20).
func (a *API) Swagger(prefix string) error {
	spec, err := a.OpenAPI()
	if err != nil {
		return err
	}
	older, err := a.huma.OpenAPI().Downgrade()
	if err != nil {
		return fmt.Errorf("OpenAPI 3.0: %w", err)
	}
	page, err := template.ParseFS(swaggerFiles, "swagger/index.html")
	if err != nil {
		return err
	}
	a.page(prefix, func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, prefix+"/index.html", http.StatusFound)
		return nil
	})
	a.page(prefix+"/index.html", func(w http.ResponseWriter, r *http.Request) error {
		var b bytes.Buffer
		err := page.Execute(&b, map[string]string{"Title": a.huma.OpenAPI().Info.Title, "Prefix": prefix, "BaseURL": BaseURL(r)})
		if err != nil {
			return err
		}
		return send(w, "text/html; charset=utf-8", b.Bytes())
	})
	a.page(prefix+"/v1/swagger.json", func(w http.ResponseWriter, _ *http.Request) error { return send(w, "application/json", spec) })
	a.page(prefix+"/v1/swagger-3.0.json", func(w http.ResponseWriter, _ *http.Request) error { return send(w, "application/json", older) })
	for name, contentType := range map[string]string{
		"page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml", "licenses.txt": "text/plain; charset=utf-8",
	} {
		content, err := swaggerFiles.ReadFile("swagger/" + name)
		if err != nil {
			return err
		}
		a.page(prefix+"/"+name, func(w http.ResponseWriter, _ *http.Request) error { return send(w, contentType, content) })
	}
	a.page(prefix+"/swagger-ui.css", compressed("swagger-ui.css.gz", "text/css; charset=utf-8"))
	a.page(prefix+"/swagger-ui-bundle.js", compressed("swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"))
	return nil
}

// prefill puts the examples of an operation's required parameters and of its body's
// members where Swagger UI takes what Try it out begins with. Without, it would leave
// the parameters empty and invent members for the body.
func (a *API) prefill(op *huma.Operation) {
	for _, p := range op.Parameters {
		if p.Required && p.Example == nil && p.Schema != nil && len(p.Schema.Examples) > 0 {
			p.Example = p.Schema.Examples[0]
		}
	}
	if op.RequestBody == nil {
		return
	}
	if media := op.RequestBody.Content["application/json"]; media != nil && media.Example == nil {
		media.Example = a.exampleOf(media.Schema)
	}
}

// exampleOf is the example of a schema: its own, or one that is made of its members';
// nil where nothing has one.
func (a *API) exampleOf(s *huma.Schema) any {
	if s != nil && s.Ref != "" {
		s = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Type == huma.TypeArray:
		if each := a.exampleOf(s.Items); each != nil {
			return []any{each}
		}
		return nil
	}
	members := map[string]any{}
	for name, member := range s.Properties {
		if v := a.exampleOf(member); v != nil {
			members[name] = v
		} else if slices.Contains(s.Required, name) {
			return nil // it would be refused
		}
	}
	if len(members) == 0 {
		return nil
	}
	return members
}

// page adds a public file of the Swagger page.
func (a *API) page(at string, h Handler) {
	op := huma.Operation{Method: http.MethodGet, Path: at, Hidden: true}
	a.Raw(Access{Public: true}, op, func(w http.ResponseWriter, r *http.Request) error {
		head := w.Header()
		head.Set("Content-Security-Policy", swaggerPolicy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cache-Control", "no-cache")
		return h(w, r)
	})
}

// compressed serves an embedded gzip file as it is, or inflated for clients that
// cannot take it so.
func compressed(name, contentType string) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		content, err := swaggerFiles.ReadFile("swagger/" + name)
		if err != nil {
			return err
		}
		w.Header().Set("Vary", "Accept-Encoding")
		w.Header().Set("Cache-Control", "public, max-age=86400")
		if acceptsGzip(r) {
			w.Header().Set("Content-Encoding", "gzip")
			return send(w, contentType, content)
		}
		inflated, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", contentType)
		_, err = io.Copy(w, inflated)
		return err
	}
}

// acceptsGzip reads Accept-Encoding; "gzip;q=0" is a no.
func acceptsGzip(r *http.Request) bool {
	for _, coding := range listed(r.Header, "Accept-Encoding") {
		name, q, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";q=")
		if strings.EqualFold(name, "gzip") {
			return strings.Trim(q, "0.") != "" || q == ""
		}
	}
	return false
}

// send writes a whole body.
func send(w http.ResponseWriter, contentType string, content []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, err := w.Write(content)
	return err
}
