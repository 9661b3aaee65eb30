package grant

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/limit"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// Lifetimes of what people get by applications.
const (
	PersonLifetime   = time.Hour           // of an access token, and of its id_token
	IdentityLifetime = 24 * time.Hour      // of one that says who the person is, and opens nothing
	LoginLifetime    = 90 * 24 * time.Hour // of a login, however often it is refreshed
	CodeLifetime     = time.Minute
	FreshSignIn      = 5 * time.Minute // how old a sign-in may be that lets in a device, or reaches everything
)

// Prefixes of what is handed out, so that scanners of code find what was leaked.
const (
	refreshPrefix = "tpn_rt_"
	codePrefix    = "tpn_ac_"
	devicePrefix  = "tpn_dc_"
	randomLength  = 43 // base62, 256 bits
)

// PeopleOptions are what [People] works with. All but Audiences and Now are required.
type PeopleOptions struct {
	Store     *store.Store
	Access    *access.Directory
	PublicURL string           // in the audience of every token
	Audiences []string         // aliases that applications may ask for beside it (S8)
	CodeKey   []byte           // of the HMACs by which user codes are stored
	Now       func() time.Time // nil = time.Now
}

// People hands out the tokens of people who sign in to applications: by authorization
// code (RFC 6749 §4.1 with RFC 7636), by device (RFC 8628), and by refresh token. It is
// safe for concurrent use.
type People struct {
	o      PeopleOptions
	starts *limit.Buckets[tepin.Place]  // requests of devices begun from there
	tries  *limit.Buckets[tepin.UserID] // user codes typed by them
	places *limit.Buckets[tepin.Place]  // user codes typed there
}

// NewPeople returns the service.
func NewPeople(o PeopleOptions) *People {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &People{
		o:      o,
		starts: limit.NewBuckets[tepin.Place](startRate, maxBudgets),
		tries:  limit.NewBuckets[tepin.UserID](tryRate, maxBudgets),
		places: limit.NewBuckets[tepin.Place](placeRate, maxBudgets),
	}
}

// Audience returns for whom a token is meant whose application asked for these: the
// public URL, and the aliases that it named. [tepin.Invalid] for anything else.
func (p *People) Audience(asked ...string) (Audience, error) {
	list := []string{p.o.PublicURL}
	for _, a := range asked {
		a = strings.TrimSuffix(a, "/")
		if a == "" || a == p.o.PublicURL {
			continue
		}
		if !slices.Contains(p.o.Audiences, a) {
			return "", tepin.Errorf(tepin.Invalid, "this server issues tokens for %s only; correct or leave out audience", strings.Join(append([]string{p.o.PublicURL}, p.o.Audiences...), " and "))
		}
		list = append(list, a)
	}
	return NewAudience(list...)
}

// PersonTokens is what an application gets.
type PersonTokens struct {
	Access    string
	ExpiresIn time.Duration // of the access token
	Scopes    tepin.PersonScopes
	ID        string // id_token; "" = the application did not ask for openid
	Refresh   string // "" = it did not ask for offline_access
	User      tepin.User
	Login     tepin.Login
}

// Redemption is a request for the tokens of an authorization code.
type Redemption struct {
	Application tepin.Application
	Code        string
	RedirectURI string
	Verifier    string // RFC 7636 §4.1
	By          access.Presenter
}

// Redeem spends an authorization code, once. Refusals are NotFound and Gone, see
// [store.Store.RedeemCode].
func (p *People) Redeem(ctx context.Context, r Redemption) (PersonTokens, error) {
	if err := p.o.Access.Ready(); err != nil { // before the code is spent
		return PersonTokens{}, err
	}
	m := p.mint(r.Application, r.By)
	granted, err := p.o.Store.RedeemCode(ctx, hashOf(r.Code), r.RedirectURI, challengeOf(r.Verifier), m.issue())
	return p.finish(ctx, m, granted, err)
}

// Renewal is a request for new tokens of a login.
type Renewal struct {
	Application tepin.Application
	Token       string             // the refresh token
	Scopes      tepin.PersonScopes // what the access token is cut down to; none = it is not
	Audience    Audience           // for whom it is asked: part of what the login is for
	By          access.Presenter
}

// Refresh spends a refresh token for the next one, once. Refusals are NotFound and
// Gone, see [store.Store.Refresh], and Invalid for what the login is not for, which
// spends nothing.
func (p *People) Refresh(ctx context.Context, r Renewal) (PersonTokens, error) {
	if err := p.o.Access.Ready(); err != nil { // before the token is spent
		return PersonTokens{}, err
	}
	m := p.mint(r.Application, r.By)
	o := m.issue()
	o.Check = r.check
	granted, err := p.o.Store.Refresh(ctx, hashOf(r.Token), o)
	if err == nil {
		granted.Login.Scopes = r.cut(granted.Login.Scopes)
	}
	return p.finish(ctx, m, granted, err)
}

// check refuses a renewal for more than the login is for (RFC 6749 §6).
func (r Renewal) check(v tepin.Login) error {
	for _, a := range strings.Split(string(r.Audience), " ") {
		if !slices.Contains(strings.Split(v.Audience, " "), a) {
			return &tepin.Error{Kind: tepin.Invalid, Path: "audience", Message: "the sign-in is not for that audience; leave audience and resource out, or sign in for it"}
		}
	}
	if !v.Scopes.Identity.Has(r.Scopes.Identity) || v.Scopes.API != 0 && !v.Scopes.API.Contains(r.Scopes.API) {
		return &tepin.Error{Kind: tepin.Invalid, Path: "scope", Message: "the sign-in has fewer scopes than that; leave scope out, or sign in with it"}
	}
	return nil
}

// cut returns what the access token is for: what was asked, or all that the login has.
// The refresh token goes on with the login.
func (r Renewal) cut(all tepin.PersonScopes) tepin.PersonScopes {
	if r.Scopes.Identity != 0 {
		all.Identity = r.Scopes.Identity | all.Identity&tepin.OfflineAccess
	}
	if r.Scopes.API != 0 {
		all.API = r.Scopes.API
	}
	return all
}

// End ends the login that a refresh token belongs to, at the wish of its application
// (RFC 7009 §2.1). One that is unknown, spent or another's ends nothing.
func (p *People) End(ctx context.Context, a tepin.Application, refresh string) error {
	ended, err := p.o.Store.EndLoginByToken(ctx, hashOf(refresh), a.ClientID)
	if ended {
		return p.refreshed(ctx, err)
	}
	return err
}

// EndOf ends a login of a person, at the person's or the application's wish. One that is
// gone is no error.
func (p *People) EndOf(ctx context.Context, id tepin.UserID, login tepin.LoginID) error {
	by := tepin.Actor{Kind: tepin.ActorUser, ID: string(id)}
	if u, ok := p.o.Access.Person(id); ok {
		by.Name = u.Email
	}
	err := p.o.Store.EndLogin(ctx, by, login, "revoked")
	if tepin.KindOf(err) == tepin.NotFound {
		return nil
	}
	return p.refreshed(ctx, err)
}

// refreshed makes this node act on a write at once, whatever became of it. When it cannot
// read the write back, it lets nobody in by what it knew before.
func (p *People) refreshed(ctx context.Context, err error) error {
	errRefresh := p.o.Access.Refresh(context.WithoutCancel(ctx))
	if errRefresh == nil {
		return err
	}
	p.o.Access.Doubt()
	if err == nil {
		err = unknowable(errRefresh)
	}
	return err
}

// mint is one making of tokens. Its time is from before the login is read: whatever
// ends the login later knows of an end that is not earlier than the token's.
type mint struct {
	application tepin.Application
	access      *access.Directory
	now         time.Time
	end         time.Time // of the access token
	refresh     string    // the next refresh token
	by          access.Presenter
}

func (p *People) mint(a tepin.Application, by access.Presenter) *mint {
	return &mint{application: a, access: p.o.Access, now: p.o.Now().UTC().Truncate(time.Second),
		refresh: refreshPrefix + tepin.RandomBase62(randomLength), by: by}
}

func (m *mint) issue() store.Issue {
	return store.Issue{ClientID: m.application.ClientID, RefreshHash: hashOf(m.refresh), From: tepin.PlaceOf(m.by.From).String(), Held: m.by.Held, Ends: m.ends}
}

// ends settles when the access token of the login ends: no later than an integration's
// of the environment would, or than the login itself.
func (m *mint) ends(v tepin.Login) time.Time {
	lifetime := PersonLifetime
	if m.application.Reach == tepin.ReachIdentity && !v.Scopes.Identity.Has(tepin.OfflineAccess) {
		lifetime = IdentityLifetime
	}
	if e, ok := m.access.Environment(string(v.EnvironmentID)); ok {
		lifetime = min(lifetime, e.TokenLifetime.Truncate(time.Second))
	}
	m.end = m.now.Add(lifetime)
	if m.end.After(v.EndsAt) {
		m.end = v.EndsAt.UTC().Truncate(time.Second)
	}
	return m.end
}

// finish signs what the store has granted. A refusal may have ended a login.
func (p *People) finish(ctx context.Context, m *mint, granted store.Granted, err error) (PersonTokens, error) {
	if tepin.KindOf(err) == tepin.Gone {
		return PersonTokens{}, p.refreshed(ctx, err)
	}
	if err != nil {
		return PersonTokens{}, err
	}
	if known, ok := p.o.Access.Person(granted.User.ID); !ok || known.Epoch != granted.User.Epoch {
		if err := p.refreshed(ctx, nil); err != nil {
			return PersonTokens{}, err
		}
	}
	v := granted.Login
	t := PersonTokens{Scopes: v.Scopes, User: granted.User, Login: v, ExpiresIn: m.end.Sub(m.now)}
	if t.Access, err = p.signAccess(m, granted); err != nil {
		return PersonTokens{}, err
	}
	if v.Scopes.Identity.Has(tepin.OpenID) {
		if t.ID, err = p.signID(m, granted, t.Access); err != nil {
			return PersonTokens{}, err
		}
	}
	if v.Scopes.Identity.Has(tepin.OfflineAccess) {
		t.Refresh = m.refresh
	}
	return t, nil
}

func (p *People) signAccess(m *mint, granted store.Granted) (string, error) {
	v, alg := granted.Login, token.ES256
	if e, ok := m.access.Environment(string(v.EnvironmentID)); ok {
		alg = e.SigningAlg
	}
	k := p.o.Access.Keys().Signer(alg, m.now)
	if k == nil {
		return "", &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second,
			Message: "there is no " + alg + " signing key that may be used yet; try again in a second"}
	}
	return k.Sign(token.Claims{
		Issuer:      p.o.Access.Issuer(),
		Subject:     string(v.UserID),
		ClientID:    v.ClientID,
		Audience:    strings.Split(v.Audience, " "),
		IssuedAt:    m.now,
		ExpiresAt:   m.end,
		ID:          tepin.NewID[string](),
		Scopes:      v.Scopes.API,
		Identity:    v.Scopes.Identity,
		Environment: v.EnvironmentID,
		Epoch:       granted.User.Epoch,
		Credential:  tepin.CredentialID(v.ID),
		Confirm:     m.by.Held,
	})
}

// idClaims are those of an id_token (OpenID Connect Core 1.0 §2, §3.1.3.6).
type idClaims struct {
	Issuer     string         `json:"iss"`
	Audience   tepin.ClientID `json:"aud"`
	ExpiresAt  int64          `json:"exp"`
	IssuedAt   int64          `json:"iat"`
	AuthTime   int64          `json:"auth_time"`
	Nonce      string         `json:"nonce,omitempty"`
	AccessHash string         `json:"at_hash"`
	Identity
}

// Identity is what an application may know of a person (OpenID Connect Core 1.0 §5.1).
type Identity struct {
	Subject string `json:"sub"`
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
}

// IdentityOf returns what the scopes say of a person. Who has no name is called by what
// stands before the @ of the address.
func IdentityOf(u tepin.User, scopes tepin.IdentityScopes) Identity {
	id := Identity{Subject: string(u.ID)}
	if scopes.Has(tepin.Profile) {
		if id.Name = u.Name; id.Name == "" {
			id.Name, _, _ = strings.Cut(u.Email, "@")
		}
	}
	if scopes.Has(tepin.Email) {
		id.Email = u.Email
	}
	return id
}

func (p *People) signID(m *mint, granted store.Granted, accessToken string) (string, error) {
	v, sum := granted.Login, sha256.Sum256([]byte(accessToken))
	return p.o.Access.SignIDToken(idClaims{
		Issuer:     p.o.Access.Issuer(),
		Audience:   v.ClientID,
		ExpiresAt:  m.end.Unix(),
		IssuedAt:   m.now.Unix(),
		AuthTime:   v.SignedInAt.Unix(),
		Nonce:      granted.Nonce,
		AccessHash: base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]),
		Identity:   IdentityOf(granted.User, v.Scopes.Identity),
	})
}

// hashOf is what is stored of a code or a token: their 256 random bits need no slow hash.
func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// challengeOf is the S256 challenge of a verifier (RFC 7636 §4.2).
func challengeOf(verifier string) string {
	return base64.RawURLEncoding.EncodeToString(hashOf(verifier))
}
