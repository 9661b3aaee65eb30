package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

//go:embed page/*.html static
var files embed.FS

// pageFiles are the files that make each page, beside layout.html and icons.html:
// every file fills blocks that the ones before it leave open.
var pageFiles = map[string]string{
	"login":              "login",
	"setup":              "setup",
	"account":            "account",
	"device":             "device",
	"authorize":          "authorize",
	"error":              "error",
	"environments":       "said environments",
	"new-environment":    "said environments new-environment",
	"integrations":       "environment environment-facts integrations",
	"new-integration":    "environment environment-facts integrations new-integration",
	"general":            "environment environment-facts integrations integration general",
	"permissions":        "environment environment-facts integrations integration permissions",
	"new-secret":         "environment environment-facts integrations integration general new-secret",
	"new-trust":          "environment environment-facts integrations integration general new-trust",
	"confirm":            "environment environment-facts integrations integration general confirm",
	"secret":             "environment environment-facts integrations integration general secret",
	"templates":          "environment said shelf item template-item",
	"templates-folder":   "environment said shelf item template-item folder",
	"media":              "environment said shelf item",
	"media-folder":       "environment said shelf item folder",
	"projects":           "environment said shelf item",
	"fonts":              "environment said fonts",
	"font-family":        "environment said fonts font-family",
	"font-upload":        "environment said fonts font-upload",
	"connectors":         "environment said connectors",
	"connector":          "environment said connectors connector",
	"deleted":            "environment deleted",
	"tasks":              "environment said tasks",
	"task":               "environment said tasks task",
	"activity":           "environment activity-log activity",
	"settings":           "environment environment-facts quota-form settings",
	"delete-environment": "environment environment-facts quota-form settings delete-environment",

	"join":              "join",
	"password":          "join password",
	"people":            "subscription people",
	"new-person":        "subscription person-roles new-person",
	"person":            "subscription person-roles person",
	"delete-person":     "subscription delete-person",
	"person-link":       "subscription person-link",
	"groups":            "subscription groups",
	"group":             "subscription person-roles group",
	"usage":             "subscription chart usage subscription-usage",
	"environment-usage": "environment chart usage environment-usage",

	"environment-people": "environment environment-people",

	"limits":               "environment environment-facts integrations integration quota-form limits",
	"integration-activity": "environment environment-facts integrations integration activity-log integration-activity",
}

// assetVersion changes with the static files, so that browsers may keep them for ever.
func assetVersion() string {
	h := sha256.New()
	err := fs.WalkDir(files, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		h.Write(data)
		return err
	})
	if err != nil {
		panic(err) // embedded files can be read
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// parse reads the pages; a broken one is a defect of the program.
func (c *Console) parse() map[string]*template.Template {
	funcs := template.FuncMap{
		"asset": func(name string) string { return "/assets/" + c.version + "/" + name },
		"ago":   func(t time.Time) string { return ago(c.now(), t) },
		"until": func(t time.Time) string { return until(c.now(), t) },
		"now":   c.now,
		"past":  func(t time.Time) bool { return !t.IsZero() && !c.now().Before(t) },
		"soon":  func(t time.Time) bool { return t.Sub(c.now()) <= 30*24*time.Hour },
		"stamp": func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") },
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"fault": func(f form, field string) fault { return fault{field, f.Error(field)} },
		"activityAt": func(a *activity, path string) any {
			return struct {
				Activity *activity
				Path     string
			}{a, path}
		},
		"roleBoxes": func(admin, designer any) any {
			on := func(v any) bool { return v == true || v == "yes" }
			return struct{ Admin, Designer bool }{on(admin), on(designer)}
		},
		"columns":  func() []string { return []string{"read", "list", "write"} },
		"typeName": func(t tepin.EnvironmentType) string { return strings.ToUpper(string(t[:1])) + string(t[1:]) },
	}
	pages := map[string]*template.Template{}
	for name, list := range pageFiles {
		t := template.New(name).Funcs(funcs)
		for _, file := range strings.Fields("layout icons " + list) {
			t = template.Must(t.ParseFS(files, "page/"+file+".html"))
		}
		pages[name] = t
	}
	return pages
}

// fault is what was wrong with one field.
type fault struct{ Field, Message string }

// layout is what layout.html shows around each page.
type layout struct {
	Title string
	User  tepin.User
	CSRF  string
	Data  any
	Roles tepin.Roles // of the visitor, anywhere
}

// Owner reports whether the visitor administers a subscription.
func (l layout) Owner() bool { return l.Roles.Any(owners.roles) }

// Manager reports whether the visitor administers anything.
func (l layout) Manager() bool { return l.Roles.Any(managers.roles) }

// render answers with a page. Nothing is sent when the page cannot be made.
func (c *Console) render(v *visit, status int, page, title string, data any) error {
	var out bytes.Buffer
	if err := c.pages[page].ExecuteTemplate(&out, "layout", layout{Title: title, User: v.user, CSRF: v.csrf, Data: data, Roles: c.access.RolesAnywhere(v.actor)}); err != nil {
		return fmt.Errorf("console: page %s: %w", page, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(out.Bytes()) // the browser is gone; there is nobody to tell
	return nil
}

// asset serves a static file. Under any version but the present one it may not be kept.
func (c *Console) asset(v *visit) error {
	return c.static(v, v.r.PathValue("file"), v.r.PathValue("version") == c.version)
}

func (c *Console) favicon(v *visit) error { return c.static(v, "icon.svg", false) }

func (c *Console) static(v *visit, name string, keep bool) error {
	data, err := files.ReadFile(path.Join("static", path.Base(name)))
	if err != nil {
		return c.lost(v)
	}
	if keep {
		v.w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	v.w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	http.ServeContent(v.w, v.r, name, time.Time{}, bytes.NewReader(data))
	return nil
}

// ago says how long t lies back: "3 min ago".
func ago(now, t time.Time) string {
	d := now.Sub(t)
	if t.IsZero() {
		return "never"
	}
	if d < time.Minute {
		return "just now"
	}
	return span(d) + " ago"
}

// until says how far t lies ahead: "in 3 min".
func until(now, t time.Time) string {
	d := t.Sub(now)
	if d < time.Minute {
		return "in less than a minute"
	}
	return "in " + span(d)
}

func span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	default:
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	}
}
