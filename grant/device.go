package grant

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/limit"
)

// Limits of the device flow (RFC 8628, S26).
const (
	DeviceLifetime = 10 * time.Minute // of both codes
	DeviceInterval = 5 * time.Second  // between two polls

	// userLetters make no words, and none of them is taken for another or for a digit
	// (RFC 8628 §6.1): 8 of them are 34 bits.
	userLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userLength  = 8
)

// How often devices begin, and how often codes are typed that nobody was given. Each
// node counts for itself.
var (
	startRate = limit.Rate{Burst: 30, Interval: 10 * time.Second}
	tryRate   = limit.Rate{Burst: 5, Interval: 2 * time.Minute}   // of one person
	placeRate = limit.Rate{Burst: 20, Interval: 30 * time.Second} // from one network
)

const maxBudgets = 10_000 // of each kind; the least recently used are forgotten

// DeviceAsk is what a device asks for.
type DeviceAsk struct {
	Application tepin.Application
	Scopes      tepin.PersonScopes
	Audience    Audience
	From        netip.Addr
}

// DeviceStart is what it is told, in the terms of RFC 8628 §3.2.
type DeviceStart struct {
	DeviceCode string // for the device: nobody sees it
	UserCode   string // for the person: "WDJB-MJHT"
	ExpiresIn  time.Duration
	Interval   time.Duration
}

// StartDevice begins a sign-in from a device.
func (p *People) StartDevice(ctx context.Context, ask DeviceAsk) (DeviceStart, error) {
	now := p.o.Now()
	if wait := p.starts.Take(tepin.PlaceOf(ask.From), now); wait > 0 {
		return DeviceStart{}, &tepin.Error{Kind: tepin.TooMany, RetryAfter: wait, Message: "too many sign-ins were begun from this network; try again later"}
	}
	request := tepin.DeviceRequest{ClientID: ask.Application.ClientID, Scopes: ask.Scopes, Audience: string(ask.Audience), From: tepin.PlaceOf(ask.From).String(),
		Interval: DeviceInterval, ExpiresAt: now.Add(DeviceLifetime)}
	for tries := 0; ; tries++ {
		device, user := devicePrefix+tepin.RandomBase62(randomLength), newUserCode()
		_, err := p.o.Store.CreateDeviceRequest(ctx, request, hashOf(device), p.userHash(user))
		switch {
		case tepin.KindOf(err) == tepin.Conflict && tries < 3: // somebody has been given this user code
			continue
		case err != nil:
			return DeviceStart{}, err
		}
		return DeviceStart{DeviceCode: device, UserCode: ShowUserCode(user), ExpiresIn: DeviceLifetime, Interval: DeviceInterval}, nil
	}
}

// DeviceRefusal is what a device may be told instead of tokens (RFC 8628 §3.5).
type DeviceRefusal string

const (
	DevicePending DeviceRefusal = "authorization_pending"
	DeviceSlower  DeviceRefusal = "slow_down"
	DeviceDenied  DeviceRefusal = "access_denied"
	DeviceExpired DeviceRefusal = "expired_token"
)

// PollDevice answers a device that asks for its tokens: once with them, and with a
// refusal before. NotFound if there is no such request of the application, or its
// tokens were handed out.
func (p *People) PollDevice(ctx context.Context, a tepin.Application, deviceCode string, by access.Presenter) (PersonTokens, DeviceRefusal, error) {
	if err := p.o.Access.Ready(); err != nil { // before the request is spent
		return PersonTokens{}, "", err
	}
	m := p.mint(a, by)
	poll, err := p.o.Store.PollDevice(ctx, hashOf(deviceCode), m.issue())
	switch request := poll.Request; {
	case err != nil:
		return PersonTokens{}, "", err
	case poll.Granted.Login.ID != "":
		tokens, err := p.finish(ctx, m, poll.Granted, nil)
		return tokens, "", err
	case request.State == tepin.DeviceDenied:
		return PersonTokens{}, DeviceDenied, nil
	case request.State == tepin.DeviceSpent:
		return PersonTokens{}, "", tepin.Errorf(tepin.NotFound, "the tokens of this device code were handed out already; begin the sign-in again")
	case !p.o.Now().Before(request.ExpiresAt):
		return PersonTokens{}, DeviceExpired, nil
	case poll.TooSoon:
		return PersonTokens{}, DeviceSlower, nil
	}
	return PersonTokens{}, DevicePending, nil
}

// Person is who decides about an application, in which session.
type Person struct {
	User       tepin.User
	Session    []byte    // its hash
	SignedInAt time.Time // when the password was given in it last
	From       netip.Addr
}

func (w Person) actor() tepin.Actor {
	return tepin.Actor{Kind: tepin.ActorUser, ID: string(w.User.ID), Name: w.User.Email, Administrator: w.User.Administrator}
}

// FindDevice returns the request that waits under a user code, as a person has typed
// it. Codes that nobody was given are counted: TooMany.
func (p *People) FindDevice(ctx context.Context, who Person, typed string) (tepin.DeviceRequest, tepin.Application, error) {
	now, place := p.o.Now(), tepin.PlaceOf(who.From)
	wait := p.tries.Take(who.User.ID, now)
	if wait == 0 {
		if wait = p.places.Take(place, now); wait > 0 {
			p.tries.Return(who.User.ID, now)
		}
	}
	if wait > 0 {
		return tepin.DeviceRequest{}, tepin.Application{}, &tepin.Error{Kind: tepin.TooMany, RetryAfter: wait, Path: "code",
			Message: "too many codes were wrong; wait a few minutes, then try again"}
	}
	request, application, err := p.find(ctx, typed)
	if err == nil {
		p.tries.Return(who.User.ID, now)
		p.places.Return(place, now)
	}
	return request, application, err
}

// errNoDevice is the answer to every code under which nothing waits.
var errNoDevice = &tepin.Error{Kind: tepin.Invalid, Path: "code", Message: "nothing waits under this code; check it on the device, where a new one may be shown by now"}

func (p *People) find(ctx context.Context, typed string) (tepin.DeviceRequest, tepin.Application, error) {
	code, ok := ReadUserCode(typed)
	if !ok {
		return tepin.DeviceRequest{}, tepin.Application{}, errNoDevice
	}
	request, err := p.o.Store.DeviceRequest(ctx, p.userHash(code))
	if tepin.KindOf(err) == tepin.NotFound {
		return tepin.DeviceRequest{}, tepin.Application{}, errNoDevice
	}
	if err != nil {
		return tepin.DeviceRequest{}, tepin.Application{}, err
	}
	application, ok := p.o.Access.Application(ctx, request.ClientID)
	if !ok {
		return tepin.DeviceRequest{}, tepin.Application{}, errNoDevice
	}
	return request, application, nil
}

// DeviceDecision is what a person says to a device's request.
type DeviceDecision struct {
	Shown       string // the user code that the page was opened with; "" = none
	Typed       string // the user code that the person has typed
	Approve     bool
	Environment tepin.EnvironmentID // the one that is opened to the device; "" for an application that reaches all
}

// DecideDevice approves or denies the request that waits under the typed code. To
// approve, the person must have signed in just now: Forbidden, else. A code other than
// the one that the page was opened with counts against that one. To deny what the page
// was opened with, no code need be typed: who was sent a link has none.
func (p *People) DecideDevice(ctx context.Context, who Person, d DeviceDecision) error {
	if _, shown := ReadUserCode(d.Shown); shown && !d.Approve {
		d.Typed = d.Shown
	}
	if err := p.checkTyped(ctx, who, d); err != nil {
		return err
	}
	request, application, err := p.FindDevice(ctx, who, d.Typed)
	if err != nil {
		return err
	}
	if !d.Approve {
		return decided(p.o.Store.DenyDevice(ctx, who.actor(), request.ID))
	}
	login, err := p.login(who, application, d.Environment)
	if e, ok := errors.AsType[*tepin.Error](err); ok && e.Kind == tepin.Forbidden && e.Path == "" {
		// Nothing that the person types changes that: the device need not wait on.
		if denied := p.o.Store.DenyDevice(ctx, who.actor(), request.ID); denied != nil {
			return decided(denied)
		}
	}
	if err != nil {
		return err
	}
	return decided(p.o.Store.ApproveDevice(ctx, who.actor(), request.ID, login, who.Session))
}

// checkTyped compares the typed code with the one that the page was opened with.
func (p *People) checkTyped(ctx context.Context, who Person, d DeviceDecision) error {
	shown, ok := ReadUserCode(d.Shown)
	if !ok {
		return nil
	}
	if typed, ok := ReadUserCode(d.Typed); ok && typed == shown {
		return nil
	}
	request, _, err := p.FindDevice(ctx, who, d.Shown)
	if err != nil {
		return err
	}
	if _, err := p.o.Store.MissDeviceCode(ctx, who.actor(), request.ID); err != nil {
		return decided(err)
	}
	return &tepin.Error{Kind: tepin.Invalid, Path: "code", Message: "this is not the code of the request on this page; type the one that the device shows, and refuse if it shows another"}
}

// decided tells that somebody, or time, was faster.
func decided(err error) error {
	if tepin.KindOf(err) == tepin.NotFound {
		return &tepin.Error{Kind: tepin.Invalid, Path: "code", Message: "this request was decided already, or has expired; begin again on the device"}
	}
	return err
}

// login is what the person gives to an application by saying yes.
func (p *People) login(who Person, a tepin.Application, env tepin.EnvironmentID) (tepin.Login, error) {
	now := p.o.Now()
	if NeedsFresh(a) && now.Sub(who.SignedInAt) > FreshSignIn {
		return tepin.Login{}, &tepin.Error{Kind: tepin.Forbidden, Path: "password", Message: "your sign-in is older than five minutes; give your password again"}
	}
	if a.Reach == tepin.ReachInstallation {
		if env = ""; !p.o.Access.RolesAnywhere(who.actor()).Any(tepin.Staff) {
			return tepin.Login{}, tepin.Errorf(tepin.Forbidden, "%s is for administrators and template designers, and you are neither anywhere here; ask an administrator for a role", a.Name)
		}
	} else if e, ok := p.o.Access.Environment(string(env)); ok && env != "" {
		env = e.ID // its name will do to choose it, not to keep
		if p.o.Access.Roles(who.actor(), env) == 0 {
			return tepin.Login{}, &tepin.Error{Kind: tepin.Invalid, Path: "environment", Message: "you have no role in this environment; choose another one, or ask an administrator to let you in"}
		}
	} else {
		return tepin.Login{}, &tepin.Error{Kind: tepin.Invalid, Path: "environment", Message: "choose the environment that it is to be used with"}
	}
	return tepin.Login{UserID: who.User.ID, ClientID: a.ClientID, EnvironmentID: env, SignedInAt: who.SignedInAt, EndsAt: now.Add(LoginLifetime)}, nil
}

// NeedsFresh reports whether a person must have signed in just now to say yes to the
// application: to programs on devices, and whatever reaches more than an environment.
func NeedsFresh(a tepin.Application) bool { return a.Device || a.Reach == tepin.ReachInstallation }

func newUserCode() string {
	code := make([]byte, 0, userLength)
	var b [64]byte
	for len(code) < userLength {
		rand.Read(b[:])
		for _, c := range b {
			if c < 240 && len(code) < userLength { // 12 × 20: beyond it the first letters would be likelier
				code = append(code, userLetters[c%20])
			}
		}
	}
	return string(code)
}

// ShowUserCode is how people read and type a code: "WDJB-MJHT".
func ShowUserCode(code string) string { return code[:userLength/2] + "-" + code[userLength/2:] }

// ReadUserCode reads a code as people type it: in any case, with dashes and spaces
// anywhere (RFC 8628 §6.1).
func ReadUserCode(typed string) (code string, ok bool) {
	if len(typed) > 64 {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case r == '-' || r == ' ' || r == '\t' || r == '\u00a0' || r == '\u2010' || r == '\u2011' || r == '\u2013':
		case strings.ContainsRune(userLetters, r):
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return b.String(), b.Len() == userLength
}

// userHash is what is stored of a user code. It has few bits: without the key, the row
// tells nothing of it.
func (p *People) userHash(code string) []byte {
	mac := hmac.New(sha256.New, p.o.CodeKey)
	mac.Write([]byte(code))
	return mac.Sum(nil)
}
