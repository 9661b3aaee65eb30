package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

// snapshot is the directory as it was at one change counter. It is never altered.
type snapshot struct {
	counter         int64
	environments    map[tepin.EnvironmentID]*tepin.Environment
	byTechnicalName map[string]*tepin.Environment
	clients         map[tepin.ClientID]*client
	people          map[tepin.UserID]*tepin.User
	roster          roster
	applications    map[tepin.ClientID]*tepin.Application // of environments that there are, and first parties
	denied          map[string]bool                       // jti, or id of a login
	notBefore       time.Time                             // of the iat of tokens; zero = no matter
	keys            *token.Keys
	quotas          bool // there are some
}

// client is one integration with what it can authenticate with.
type client struct {
	integration tepin.Integration
	environment *tepin.Environment
	secrets     []tepin.Secret // at most MaxLiveSecrets: those that end last
	trusts      []tepin.Trust
}

// credential is what the client authenticated with, as far as its tokens depend on it.
type credential struct {
	live bool
	ends time.Time // zero = never
	from string    // where it was last used, when this was loaded
}

// credential returns the state at t of the client's secret or trust of this id; one
// that is gone does not live.
func (c *client) credential(id tepin.CredentialID, t time.Time) credential {
	for i := range c.secrets {
		if s := &c.secrets[i]; s.ID == id {
			return credential{s.LiveAt(t), s.ExpiresAt, s.LastUsedFrom}
		}
	}
	for i := range c.trusts {
		if v := &c.trusts[i]; v.ID == id {
			return credential{v.LiveAt(t), v.ExpiresAt, v.LastUsedFrom}
		}
	}
	return credential{}
}

// load reads everything anew, but for the keys that last had already.
func (d *Directory) load(ctx context.Context, last *snapshot) (*snapshot, error) {
	dir, err := d.o.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	s := &snapshot{
		counter:         dir.Counter,
		notBefore:       dir.NotBefore,
		environments:    make(map[tepin.EnvironmentID]*tepin.Environment, len(dir.Environments)),
		byTechnicalName: make(map[string]*tepin.Environment, len(dir.Environments)),
		clients:         make(map[tepin.ClientID]*client, len(dir.Integrations)),
		people:          make(map[tepin.UserID]*tepin.User, len(dir.People)),
		applications:    make(map[tepin.ClientID]*tepin.Application, len(dir.Applications)+len(tepin.FirstParty)),
		denied:          make(map[string]bool, len(dir.Denied)),
	}
	for i := range dir.Environments {
		e := &dir.Environments[i]
		s.environments[e.ID], s.byTechnicalName[e.TechnicalName] = e, e
		s.quotas = s.quotas || e.Quota.Mode != tepin.QuotaOff
	}
	byID := make(map[tepin.IntegrationID]*client, len(dir.Integrations))
	for _, in := range dir.Integrations {
		if env := s.environments[in.EnvironmentID]; env != nil {
			c := &client{integration: in, environment: env}
			s.clients[in.ClientID], byID[in.ID] = c, c
			s.quotas = s.quotas || in.Quota.Mode != tepin.QuotaOff
		}
	}
	for _, secret := range dir.Secrets {
		if c := byID[secret.IntegrationID]; c != nil && secret.EnvironmentID == c.environment.ID {
			c.secrets = append(c.secrets, secret)
		}
	}
	for _, trust := range dir.Trusts {
		if c := byID[trust.IntegrationID]; c != nil && trust.EnvironmentID == c.environment.ID {
			c.trusts = append(c.trusts, trust)
		}
	}
	for _, c := range byID {
		keepLast(c)
	}
	s.addPeople(dir)
	for _, t := range dir.Denied {
		s.denied[t.TokenID] = true
	}
	s.keys, err = d.loadKeys(ctx, last)
	return s, err
}

// keepLast leaves the secrets that end last, as many as may live at once: the others
// have ended, and ended secrets need not be told from unknown ones.
func keepLast(c *client) {
	end := func(s tepin.Secret) time.Time {
		if s.ExpiresAt.IsZero() {
			return time.Unix(1<<40, 0)
		}
		return s.ExpiresAt
	}
	slices.SortFunc(c.secrets, func(a, b tepin.Secret) int { return end(b).Compare(end(a)) })
	c.secrets = c.secrets[:min(len(c.secrets), tepin.MaxLiveSecrets)]
}

// loadKeys reads the keys that can sign: a key that was denied, or whose private half is
// gone, is none.
func (d *Directory) loadKeys(ctx context.Context, last *snapshot) (*token.Keys, error) {
	rows, err := d.o.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]*token.Key, 0, len(rows))
	for _, row := range rows {
		if !row.Signs() {
			continue
		}
		var k *token.Key
		if last != nil {
			k = last.keys.Key(row.ID)
		}
		if k == nil {
			if k, err = d.openKey(row); err != nil {
				return nil, err
			}
		}
		keys = append(keys, k)
	}
	return token.NewKeys(keys...), nil
}

// openKey opens a stored key and has it prove that it signs deterministically (S6).
func (d *Directory) openKey(row tepin.SigningKey) (*token.Key, error) {
	private, err := d.o.OpenKey(row.Sealed, row.ID)
	if err != nil {
		return nil, fmt.Errorf("access: signing key %s: %w", row.ID, err)
	}
	k, err := token.ParseKey(row.Alg, private)
	if err != nil {
		return nil, err
	}
	if k.ID != row.ID {
		return nil, fmt.Errorf("access: signing key %s is stored as %s", k.ID, row.ID)
	}
	k = k.For(row.Purpose)
	k.UsableAt = row.UsableAt
	return k, k.Check()
}
