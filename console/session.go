package console

import (
	"crypto/rand"
	"encoding/base64"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web"
)

// Cookies, without the prefix that they have where the browser keeps them safe.
const (
	sessionCookie = "tepin"        // names the session
	deviceCookie  = "tepin-device" // this browser has signed in before
	formCookie    = "tepin-form"   // ties the forms of signed-out pages to this browser
	noticeCookie  = "tepin-notice" // what the next page says, once
)

// Cookie returns what names the session of the browser that sent r, or "". It is for
// doors that let people's sessions in beside bearer tokens.
func Cookie(r *http.Request) string { return cookie(r, sessionCookie) }

// CheckOrigin refuses a request that another site's page had the browser make: it
// wants Sec-Fetch-Site: same-origin, or, from a browser that does not send it, an
// Origin that is ours (S20).
func CheckOrigin(r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		if site == "same-origin" {
			return nil
		}
	} else if r.Header.Get("Origin") == web.BaseURL(r) {
		return nil
	}
	return tepin.Errorf(tepin.Forbidden, "This form was not sent from a page of this console. Open the page here and try again.")
}

// admit finds out who visits, and refuses those whom the route is not for and forms
// that are not from our own pages.
func (c *Console) admit(v *visit, need need) error {
	user, csrf, err := c.credential.Session(v.r.Context(), Cookie(v.r))
	switch {
	case err == nil:
		v.user, v.csrf, v.actor = user, csrf, credential.ActorOf(user)
		web.SetActor(v.r, v.actor)
	case need.public && tepin.KindOf(err) == tepin.Unauthorized:
	default:
		return err
	}
	if !need.public {
		if err := c.place(v, need); err != nil {
			return err
		}
	}
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return nil
	}
	if err := CheckOrigin(v.r); err != nil {
		return err
	}
	token, err := v.readForm()
	if err == nil && !need.public && !c.credential.CheckCSRF(Cookie(v.r), token) {
		err = tepin.Errorf(tepin.Forbidden, "This form belongs to an earlier session. Reload the page and try again.")
	}
	return err
}

// readForm reads a form, and returns the token in it that our own pages have. Of one
// that brings files the files are left to be read, from v.files.
func (v *visit) readForm() (csrf string, err error) {
	if kind, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		return v.openFiles()
	}
	web.LimitBody(v.r, maxForm)
	if err := v.r.ParseForm(); err != nil {
		return "", unreadable(err)
	}
	return v.r.PostForm.Get("csrf"), nil
}

// unreadable says that a form is broken, unless err already says what is wrong.
func unreadable(err error) error {
	if tepin.KindOf(err) != tepin.Internal {
		return err
	}
	return &tepin.Error{Kind: tepin.Invalid, Message: "The form could not be read. Go back and try again.", Cause: err}
}

// place finds out what the visitor is where the path leads. Where they are nothing, there
// is nothing for them to find.
func (c *Console) place(v *visit, need need) error {
	if err := c.access.Known(); err != nil && !v.user.Administrator {
		return err
	}
	switch environment, subscription := v.r.PathValue("environment"), v.r.PathValue("subscription"); {
	case environment != "":
		if e, ok := c.access.Environment(environment); ok {
			v.roles = c.access.Roles(v.actor, e.ID)
			v.actor.Roles = v.roles
		}
		if v.roles == 0 {
			return tepin.Errorf(tepin.NotFound, "There is no such environment.")
		}
	case subscription != "":
		if v.roles = c.access.SubscriptionRoles(v.actor, tepin.SubscriptionID(subscription)); v.roles == 0 {
			return tepin.Errorf(tepin.NotFound, "There is no such subscription.")
		}
	default:
		v.roles = c.access.RolesAnywhere(v.actor)
	}
	switch {
	case v.user.Administrator || v.roles.Any(need.roles):
		return nil
	case need.roles == 0:
		return tepin.Errorf(tepin.Forbidden, "This page is for administrators of the installation.")
	}
	return tepin.Errorf(tepin.Forbidden, "This page is for whoever is %s. Ask an administrator for it.", need.roles)
}

// formToken gives a signed-out page the token for its form, and the browser the
// cookie that goes with it.
func (c *Console) formToken(v *visit) {
	value := cookie(v.r, formCookie)
	if len(value) < 22 {
		b := make([]byte, 16)
		rand.Read(b)
		value = base64.RawURLEncoding.EncodeToString(b)
		v.setCookie(formCookie, value, time.Time{})
	}
	v.csrf = c.credential.CSRF(value)
}

// checkForm refuses the form of a signed-out page that another browser was given.
func (c *Console) checkForm(v *visit) error {
	if c.credential.CheckCSRF(cookie(v.r, formCookie), v.r.PostForm.Get("csrf")) {
		return nil
	}
	return tepin.Errorf(tepin.Forbidden, "The browser did not send this page's cookie back. Allow cookies for this site, then try again.")
}

// attempt is a try to sign in from this browser.
func (c *Console) attempt(v *visit, email, password string) credential.Attempt {
	return credential.Attempt{Email: email, Password: password, From: web.ClientAddr(v.r), Device: cookie(v.r, deviceCookie)}
}

// signIn checks a password and gives the browser its session.
func (c *Console) signIn(v *visit, email, password string) error {
	in, err := c.credential.SignIn(v.r.Context(), c.attempt(v, email, password))
	if err != nil {
		return err
	}
	c.keep(v, in)
	return nil
}

// keep gives the browser a session that has begun.
func (c *Console) keep(v *visit, in credential.SignedIn) {
	v.setCookie(sessionCookie, in.Cookie, in.ExpiresAt)
	v.setCookie(deviceCookie, in.Device, c.now().Add(credential.DeviceLifetime))
	web.SetActor(v.r, credential.ActorOf(in.User))
}

// safe reports whether the browser keeps Secure cookies for this site: on HTTPS, and
// on loopback, which browsers trust as much.
func safe(r *http.Request) bool {
	u, err := url.Parse(web.BaseURL(r))
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	addr, err := netip.ParseAddr(host)
	return u.Scheme == "https" || host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.IsLoopback()
}

func cookieName(r *http.Request, name string) string {
	if safe(r) {
		return "__Host-" + name
	}
	return name
}

// cookie returns the value of a cookie, or "".
func cookie(r *http.Request, name string) string {
	if c, err := r.Cookie(cookieName(r, name)); err == nil {
		return c.Value
	}
	return ""
}

// setCookie sets a cookie until expires; zero = until the browser closes. An empty
// value removes it.
func (v *visit) setCookie(name, value string, expires time.Time) {
	c := &http.Cookie{
		Name: cookieName(v.r, name), Value: value, Path: "/", Expires: expires,
		HttpOnly: true, Secure: safe(v.r), SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

// notice is what the page before left to say.
type notice struct {
	Text string
	Undo string // address that takes back what was done, by POST; "" = nothing can be
}

// leaveNotice keeps it for the next page. It is in no address, so that no link of
// another site can put words here.
func (v *visit) leaveNotice(n notice) {
	v.setCookie(noticeCookie, base64.RawURLEncoding.EncodeToString([]byte(n.Undo+"\n"+n.Text)), time.Time{})
}

// notice returns what the page before left to say, once.
func (v *visit) notice() (n notice) {
	value := cookie(v.r, noticeCookie)
	if value == "" {
		return n
	}
	v.setCookie(noticeCookie, "", time.Time{})
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return n // not ours
	}
	n.Undo, n.Text, _ = strings.Cut(string(text), "\n")
	if n.Undo != "" {
		n.Undo = nextPath(n.Undo)
	}
	return n
}

// redirect sends the browser to another page of the console, in a way that htmx
// follows as a whole page when the frame around the view changes.
func (v *visit) redirect(path string) {
	if v.r.Header.Get("HX-Request") == "true" {
		v.w.Header().Set("HX-Redirect", path)
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
}

// goTo shows another page after a form was done; htmx follows within the view.
func (v *visit) goTo(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// here is the address of the visited page, escaped for a query: where to come back to
// after signing in. After an unsafe request it is the start page, but for what people
// were sent to by an application.
func (v *visit) here() string {
	if v.r.Method != http.MethodGet && v.r.URL.Path != "/device" && v.r.URL.Path != "/authorize" {
		return "%2F"
	}
	return url.QueryEscape(v.r.URL.RequestURI())
}

// nextPath returns where to go after signing in: a path of this site, whatever was
// asked for. It begins with exactly one slash.
func nextPath(next string) string {
	u, err := url.Parse(next)
	bad := strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f })
	if err != nil || bad || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.HasPrefix(u.Path, "//") || strings.HasPrefix(u.Path, "/login") {
		return "/"
	}
	return next
}
