package credential

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// Limits of people and their sessions.
const (
	MaxEmail        = 254 // bytes
	MaxUserName     = 100
	SessionLifetime = 12 * time.Hour
	DeviceLifetime  = 180 * 24 * time.Hour
	SetupLifetime   = 30 * time.Minute

	sessionBytes = 32
	setupBytes   = 16
	deviceBytes  = 16
)

// Attempt is one try to sign in.
type Attempt struct {
	Email    string
	Password string
	From     netip.Addr
	Device   string // what an earlier SignedIn gave to this browser; may be empty
}

// SignedIn is a successful attempt. Cookie and Device are secrets of the browser.
type SignedIn struct {
	User      tepin.User
	Cookie    string // names the session
	ExpiresAt time.Time
	Device    string // lets this browser pass when others have spent the account's budget
}

// SignIn checks an e-mail address and a password and begins a session. Unknown
// person, person without a password, and wrong password are one refusal, after the
// same work. Too many wrong attempts for one account from one network, or from one
// network alone, give TooMany with the time until the next.
func (s *Service) SignIn(ctx context.Context, a Attempt) (SignedIn, error) {
	user, device, err := s.prove(ctx, a)
	if err != nil {
		return SignedIn{}, err
	}
	return s.begin(ctx, user, device)
}

// ChangePassword sets a new password for the person who makes the attempt, ends all
// sessions of that person and begins a new one.
func (s *Service) ChangePassword(ctx context.Context, a Attempt, password string) (SignedIn, error) {
	if err := checkPassword(password, foldEmail(a.Email)); err != nil {
		return SignedIn{}, err
	}
	user, device, err := s.prove(ctx, a)
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.SetPassword(ctx, ActorOf(user), user.ID, password); err != nil {
		return SignedIn{}, err
	}
	return s.begin(ctx, user, device)
}

// prove returns the person whose password an attempt knows, and the known device that
// it came from, if any.
func (s *Service) prove(ctx context.Context, a Attempt) (user tepin.User, device string, err error) {
	email, now := foldEmail(a.Email), s.now()
	user, err = s.store.UserByEmail(ctx, email)
	if err != nil && tepin.KindOf(err) != tepin.NotFound {
		return tepin.User{}, "", err
	}
	place, device := tepin.PlaceOf(a.From).String(), s.knownDevice(a.Device, user.ID, now)
	if device != "" {
		place = "device " + device
	}
	budget := s.budgets.of(email, place)
	if wait := s.budgets.take(budget, now); wait > 0 {
		err = &tepin.Error{Kind: tepin.TooMany, RetryAfter: wait, Message: "Too many attempts to sign in. Wait a moment, then try again."}
		s.access.RefusedPerson(user.ID, email, a.From, err)
		return tepin.User{}, "", err
	}
	same, err := s.CheckPassword(ctx, a.Password, user.PasswordHash)
	if err != nil {
		return tepin.User{}, "", err
	}
	if !same {
		err = tepin.Errorf(tepin.Unauthorized, "E-mail address or password is wrong.")
		s.access.RefusedPerson(user.ID, email, a.From, err)
		return tepin.User{}, "", err
	}
	s.budgets.giveBack(budget, now)
	return user, device, nil
}

// begin starts a session for user on a device, which becomes a known one.
func (s *Service) begin(ctx context.Context, user tepin.User, device string) (SignedIn, error) {
	cookie, now := randomText(sessionBytes), s.now()
	if device == "" {
		device = randomText(deviceBytes)
	}
	session := tepin.Session{Hash: hashOf(cookie), UserID: user.ID, CreatedAt: now, ExpiresAt: now.Add(SessionLifetime)}
	if err := s.store.CreateSession(ctx, session); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{User: user, Cookie: cookie, ExpiresAt: session.ExpiresAt, Device: s.sealDevice(device, user.ID, now.Add(DeviceLifetime))}, nil
}

// Session returns who is signed in with this cookie, and the token that the forms of
// the session carry. No, an unknown, or an ended session is Unauthorized.
func (s *Service) Session(ctx context.Context, cookie string) (user tepin.User, csrf string, err error) {
	_, user, err = s.SessionOf(ctx, cookie)
	if err != nil {
		return tepin.User{}, "", err
	}
	return user, s.CSRF(cookie), nil
}

// SessionOf returns the session of this cookie and its person. Errors are those of
// [Service.Session].
func (s *Service) SessionOf(ctx context.Context, cookie string) (tepin.Session, tepin.User, error) {
	ended := tepin.Errorf(tepin.Unauthorized, "Your session has ended. Sign in again.")
	if len(cookie) != base64.RawURLEncoding.EncodedLen(sessionBytes) {
		return tepin.Session{}, tepin.User{}, ended
	}
	session, user, err := s.store.Session(ctx, hashOf(cookie))
	if tepin.KindOf(err) == tepin.NotFound || err == nil && !s.now().Before(session.ExpiresAt) {
		return tepin.Session{}, tepin.User{}, ended
	}
	if err != nil {
		return tepin.Session{}, tepin.User{}, err
	}
	return session, user, nil
}

// Prove takes the password of the session's person once more, and notes that it was
// given now. Refusals are those of [Service.SignIn]; another person's password is wrong.
func (s *Service) Prove(ctx context.Context, cookie string, a Attempt) error {
	session, user, err := s.SessionOf(ctx, cookie)
	if err != nil {
		return err
	}
	a.Email = user.Email
	if _, _, err := s.prove(ctx, a); err != nil {
		return err
	}
	return s.store.ProveSession(ctx, session.Hash)
}

// SignOut ends the session of this cookie, and the logins to applications that were
// begun in it by a browser. One that has ended already is no error.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	err := s.store.DeleteSession(ctx, hashOf(cookie))
	if tepin.KindOf(err) == tepin.NotFound {
		return nil
	}
	s.changed(ctx)
	return err
}

// CSRF returns the token that forms carry for the browser that holds this cookie:
// derived, so that nothing is stored, and of no use without the cookie.
func (s *Service) CSRF(cookie string) string {
	mac := hmac.New(sha256.New, s.csrfKey)
	mac.Write([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// CheckCSRF reports whether token is the one of the cookie.
func (s *Service) CheckCSRF(cookie, token string) bool {
	return cookie != "" && hmac.Equal([]byte(token), []byte(s.CSRF(cookie)))
}

// ActorOf returns the person as an actor.
func ActorOf(u tepin.User) tepin.Actor {
	name := u.Name
	if name == "" {
		name = u.Email
	}
	return tepin.Actor{Kind: tepin.ActorUser, ID: string(u.ID), Name: name, Administrator: u.Administrator}
}

// NewSetupLink makes a one-time token with which the first administrator sets a
// password, for the fragment of the console's address. It replaces an older one, and
// is refused once there is an administrator with a password.
func (s *Service) NewSetupLink(ctx context.Context) (token string, err error) {
	if err := s.notSetUp(ctx); err != nil {
		return "", err
	}
	token = randomText(setupBytes)
	return token, s.store.CreateSetupLink(ctx, hashOf(token), s.now().Add(SetupLifetime))
}

// notSetUp refuses when there is an administrator with a password.
func (s *Service) notSetUp(ctx context.Context) error {
	n, err := s.store.CountAdministrators(ctx)
	if err == nil && n > 0 {
		return tepin.Errorf(tepin.Conflict, "there is an administrator already; sign in at the console instead of setting up")
	}
	return err
}

// UseSetupLink spends the token of a set-up link and makes the first administrator.
func (s *Service) UseSetupLink(ctx context.Context, token, email, name, password string) (tepin.User, error) {
	if err := s.notSetUp(ctx); err != nil { // before the costly hash
		return tepin.User{}, err
	}
	u, err := s.newUser(ctx, email, name, password)
	if err != nil {
		return tepin.User{}, err
	}
	if u, err = s.store.UseSetupLink(ctx, hashOf(token), u); err != nil {
		return tepin.User{}, err
	}
	s.changed(ctx)
	return u, nil
}

// CreateAdministrator makes an administrator with a password.
func (s *Service) CreateAdministrator(ctx context.Context, by tepin.Actor, email, name, password string) (tepin.User, error) {
	u, err := s.newUser(ctx, email, name, password)
	if err != nil {
		return tepin.User{}, err
	}
	if u, err = s.store.CreateUser(ctx, by, u); err != nil {
		return tepin.User{}, inField(err, tepin.Conflict, "email")
	}
	s.changed(ctx)
	return u, nil
}

// SetPassword changes a person's password and ends the person's sessions, and all tokens
// that applications have of the person.
func (s *Service) SetPassword(ctx context.Context, by tepin.Actor, id tepin.UserID, password string) error {
	u, err := s.store.User(ctx, id)
	if err != nil {
		return err
	}
	if err := checkPassword(password, u.Email); err != nil {
		return err
	}
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	if err := s.store.SetUserPassword(ctx, by, id, hash); err != nil {
		return err
	}
	s.changed(ctx)
	return nil
}

// newUser checks the texts of a new administrator and hashes the password.
func (s *Service) newUser(ctx context.Context, email, name, password string) (tepin.User, error) {
	u := tepin.User{ID: tepin.NewID[tepin.UserID](), Email: foldEmail(email), Administrator: true, CreatedAt: s.now()}
	var errName error
	u.Name, errName = cleanText("name", name, false, MaxUserName)
	if err := errors.Join(checkEmail(u.Email), errName, checkPassword(password, u.Email)); err != nil {
		return tepin.User{}, err
	}
	var err error
	u.PasswordHash, err = s.HashPassword(ctx, password)
	return u, err
}

// foldEmail is the form in which addresses are stored and compared.
func foldEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func checkEmail(email string) error {
	if email == "" {
		return refuse("email", "is required")
	}
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > MaxEmail {
		return refuse("email", "is not an e-mail address")
	}
	return nil
}

// A device token is base64url of: device id, user id, end (Unix seconds), MAC.

func (s *Service) sealDevice(device string, user tepin.UserID, end time.Time) string {
	body := binary.BigEndian.AppendUint64([]byte(device+string(user)), uint64(end.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(body, s.deviceMAC(body)...))
}

// knownDevice returns the device id of a token that was sealed for user and has not
// ended, else "".
func (s *Service) knownDevice(token string, user tepin.UserID, now time.Time) string {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	idLen := base64.RawURLEncoding.EncodedLen(deviceBytes)
	if err != nil || user == "" || len(raw) != idLen+len(user)+8+sha256.Size {
		return ""
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	end := time.Unix(int64(binary.BigEndian.Uint64(body[len(body)-8:])), 0)
	if !hmac.Equal(mac, s.deviceMAC(body)) || string(body[idLen:len(body)-8]) != string(user) || !now.Before(end) {
		return ""
	}
	return string(body[:idLen])
}

func (s *Service) deviceMAC(body []byte) []byte {
	mac := hmac.New(sha256.New, s.deviceKey)
	mac.Write(body)
	return mac.Sum(nil)
}

// randomText returns n random bytes as base64url.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashOf is what is stored of a session's cookie or a link's token: their 128 and
// more random bits need no slow hash.
func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
