package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// Directory is everything that decides who may come in, as it was at one moment.
type Directory struct {
	Counter      int64
	NotBefore    time.Time // tokens that were issued before are refused; zero = none
	Environments []tepin.Environment
	// Subscriptions there are, their members that may enter, and what opens environments to
	// those and to groups. A member of a group is a person of the group's subscription.
	Subscriptions []tepin.SubscriptionID
	Members       []tepin.Member
	GroupMembers  []GroupMember
	Grants        []RoleGrant
	Integrations  []tepin.Integration
	Secrets       []tepin.Secret // that have not ended three hours ago
	Trusts        []tepin.Trust  // likewise
	People        []tepin.User   // without their passwords' hashes
	Applications  []tepin.Application
	Denied        []DeniedToken
	DeniedKeys    []string // kids
}

// DeniedToken is a token that is refused before its end, or all those of a login.
type DeniedToken struct {
	TokenID       string              // jti, or the id of a login
	IntegrationID tepin.IntegrationID // whose it is; "" = a person's
	ExpiresAt     time.Time
}

// endedKept is for how long the directory still shows what has ended, secrets and denials:
// longer than clocks are wrong. One that was set ahead, and back again, must not have made
// it forget what was revoked.
const endedKept = 3 * time.Hour

// ChangeCounter returns the number that each change of the directory raises.
func (s *Store) ChangeCounter(ctx context.Context) (int64, error) {
	n, err := changeCounter(ctx, s.watcher)
	return n, s.dialect.fail(err)
}

func changeCounter(ctx context.Context, q queryer) (n int64, err error) {
	return n, q.QueryRowContext(ctx, `SELECT value FROM change_counter`).Scan(&n)
}

// Directory reads one snapshot of it.
func (s *Store) Directory(ctx context.Context) (d Directory, err error) {
	now := s.now()
	err = s.snapshotOf(ctx, s.watcher, func(q queryer) error {
		if d.Counter, err = changeCounter(ctx, q); err != nil {
			return err
		}
		if err := q.QueryRowContext(ctx, `SELECT COALESCE((SELECT not_before FROM instance), 0)`).Scan(at(&d.NotBefore)); err != nil {
			return err
		}
		if d.Environments, err = all(ctx, q, scanEnvironment, `SELECT `+environmentColumns+` FROM environment WHERE deleted_at = 0`); err != nil {
			return err
		}
		if d.Integrations, err = all(ctx, q, scanIntegration, `SELECT `+integrationColumns+` FROM integration WHERE deleted_at = 0`); err != nil {
			return err
		}
		const living = ` WHERE (expires_at = 0 OR expires_at > $1) AND integration_id IN (SELECT id FROM integration WHERE deleted_at = 0)`
		since := micros(now.Add(-endedKept))
		if d.Secrets, err = all(ctx, q, scanSecret, `SELECT `+secretColumns+` FROM secret`+living, since); err != nil {
			return err
		}
		if d.Trusts, err = all(ctx, q, scanTrust, `SELECT `+trustColumns+` FROM trust`+living, since); err != nil {
			return err
		}
		const people = `SELECT id, email, name, '', administrator, epoch, created_at, last_name, last_seen_at FROM account`
		if d.People, err = all(ctx, q, scanUser, people); err != nil {
			return err
		}
		if err := d.readRoles(ctx, q); err != nil {
			return err
		}
		if d.Applications, err = all(ctx, q, scanApplication, `SELECT `+applicationColumns+` FROM application`); err != nil {
			return err
		}
		d.Denied, err = all(ctx, q, func(r row) (v DeniedToken, err error) { return v, r.Scan(&v.TokenID, at(&v.ExpiresAt)) },
			`SELECT token_id, expires_at FROM denied_token WHERE expires_at > $1`, since)
		return err
	})
	return d, err
}
