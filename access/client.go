package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"time"

	"github.com/tepin/tepin"
)

// Client is an integration that has proved who it is.
type Client struct {
	Integration    *tepin.Integration // the directory's own, as it was then: not to be altered
	Environment    *tepin.Environment
	Credential     tepin.CredentialID // of the secret or trust that proved it
	CredentialEnds time.Time          // no token outlives it; zero = never
	BySecret       bool               // only then is a token handed out again (S4)
}

// clientOf is a client that authenticated with its credential id, which ends at ends.
func clientOf(c *client, id tepin.CredentialID, ends time.Time, bySecret bool) Client {
	return Client{Integration: &c.integration, Environment: c.environment, Credential: id, CredentialEnds: ends, BySecret: bySecret}
}

// These are one answer to whatever is wrong with client id and secret. Only the log and
// the audit log tell them apart.
var (
	errRefused  = refusal("the client id or the client secret is wrong")
	errForm     = refusal("the text is no client secret of this server, or has a typing error")
	errDisabled = refusal("the integration is disabled")
	errEnded    = refusal("the secret has ended, or has not begun")

	errElsewhere = refusal(elsewhere)
)

// elsewhere is why a credential that is right is refused all the same.
const elsewhere Reason = "the credential is right, and the address is in none of the integration's token networks"

func refusal(cause Reason) error {
	return &tepin.Error{Kind: tepin.Unauthorized, Cause: cause,
		Message: "the client id or the client secret is wrong, or the integration is disabled; check both in the console, or rotate the secret there"}
}

// Authenticate checks a client id and secret that came from the given address.
//
// Whatever is wrong gets the same answer after the same work: five comparisons, and,
// at most every tenth of a second, one look whether another node has just made the
// secret. Whether integration and secret are alive, and may be used from there, is judged
// only when the secret is right. Too many different wrong ones for one client from one network give
// TooMany; the right one passes all the same.
func (d *Directory) Authenticate(ctx context.Context, id tepin.ClientID, secret string, from netip.Addr) (Client, error) {
	now := d.o.Now()
	v, err := d.fresh(now)
	if err != nil {
		return Client{}, err
	}
	if !d.o.CheckForm(secret) {
		return Client{}, errForm
	}
	c, s := d.match(v, id, secret)
	if s == nil && d.mayLookAgain(now) {
		if err := d.Refresh(ctx); err != nil {
			return Client{}, unknowable(err)
		}
		v = d.view.Load()
		c, s = d.match(v, id, secret)
	}
	if s == nil {
		return Client{}, d.failures.refuse(id, secret, from, now, errRefused)
	}
	if !c.integration.Enabled {
		return Client{}, errDisabled
	}
	if !s.LiveAt(now) {
		return Client{}, errEnded
	}
	if !c.integration.TokenNetworks.Allow(from) {
		return Client{}, errElsewhere
	}
	d.touch(c, s.ID, now, from)
	return clientOf(c, s.ID, s.ExpiresAt, true), nil
}

// nobody is compared with when the client is unknown, and noMAC of the secret noID when
// it has fewer secrets than are compared. The ids are as long as real ones: a MAC of
// more bytes takes longer.
var (
	nobody = &client{environment: &tepin.Environment{ID: noID}}
	noMAC  [sha256.Size]byte
)

const noID = "00000000-0000-0000-0000-000000000000"

// match returns the client and the secret that fits, or nil.
func (d *Directory) match(v *view, id tepin.ClientID, plain string) (*client, *tepin.Secret) {
	c := v.clients[id]
	if c == nil {
		c = nobody
	}
	presented := d.proved.digest(id, plain)
	macs, known := d.proved.get(presented, v.counter)
	if !known {
		macs = d.macs(c, id, plain)
	}
	found := -1
	for i, mac := range macs {
		stored := noMAC[:]
		if i < len(c.secrets) {
			stored = c.secrets[i].MAC
		}
		same := subtle.ConstantTimeCompare(mac, stored)
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 || found >= len(c.secrets) {
		return nil, nil
	}
	if !known {
		d.proved.put(presented, v.counter, macs)
	}
	return c, &c.secrets[found]
}

// macs makes what a secret of the client is compared by.
func (d *Directory) macs(c *client, id tepin.ClientID, plain string) (all macs) {
	for i := range all {
		s := tepin.Secret{ID: noID, PepperID: d.o.PepperID}
		if i < len(c.secrets) {
			s = c.secrets[i]
		}
		all[i] = d.o.MAC(s.PepperID, c.environment.ID, id, s.ID, plain)
	}
	return all
}

// mayLookAgain bounds what strangers can make the database do.
func (d *Directory) mayLookAgain(now time.Time) bool {
	last := d.lastMiss.Load()
	passed := time.Duration(now.UnixNano() - last)
	return (passed < 0 || passed >= missInterval) && d.lastMiss.CompareAndSwap(last, now.UnixNano())
}

// Renew returns the client as it is known now, or Unauthorized if its integration or
// credential is alive no longer.
func (d *Directory) Renew(c Client) (Client, error) {
	now := d.o.Now()
	v, err := d.fresh(now)
	if err != nil {
		return Client{}, err
	}
	known := v.clients[c.Integration.ClientID]
	if known == nil || known.integration.ID != c.Integration.ID || !known.integration.Enabled {
		return Client{}, errRefused
	}
	credential := known.credential(c.Credential, now)
	if !credential.live {
		return Client{}, errRefused
	}
	ends := credential.ends
	if !c.BySecret { // what proved the client may have ended before the trust that it fits
		ends = earlier(ends, c.CredentialEnds)
	}
	return clientOf(known, c.Credential, ends, c.BySecret), nil
}

// use is when and from where a secret was last used.
type use struct {
	at   time.Time
	from netip.Addr
}

// touch notes the last use of a client's credential for the next Flush.
func (d *Directory) touch(c *client, id tepin.CredentialID, now time.Time, from netip.Addr) {
	d.mu.Lock()
	last, known := d.used[id]
	d.used[id] = use{now, from}
	d.mu.Unlock()
	if !known || last.from != from {
		d.comes(c, id, now, from)
	}
}

// comes takes note of the first use of a credential from a place, as far as this server
// can know: it remembers many, and the database the last one.
func (d *Directory) comes(c *client, id tepin.CredentialID, now time.Time, from netip.Addr) {
	place := tepin.PlaceOf(from)
	if _, known := d.places.get(usePlace{id, place}); known {
		return
	}
	d.places.put(usePlace{id, place}, struct{}{})
	if c.credential(id, now).from == place.String() {
		return
	}
	by := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(c.integration.ID), Name: c.integration.Name}
	d.Notice(Notice{Action: ActionNetwork, Environment: c.environment.ID, By: by, Target: string(c.integration.ID), Credential: id, From: from, Once: true})
}

// usePlace is where a credential was used.
type usePlace struct {
	credential tepin.CredentialID
	place      tepin.Place
}

// LastUse returns when and from where a secret was last used, unless that is in the
// database already, or is not known here.
func (d *Directory) LastUse(id tepin.CredentialID) (at time.Time, from string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.used[id]
	return u.at, tepin.PlaceOf(u.from).String(), ok
}

// unknowable turns a failed look at the database into Unavailable.
func unknowable(err error) error {
	return &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second, Cause: err,
		Message: "the server cannot reach its database to check the credentials; try again in a second"}
}
