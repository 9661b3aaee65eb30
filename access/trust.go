package access

import (
	"context"
	"net/netip"
	"time"

	"github.com/tepin/tepin"
)

// Trusts returns the trusts of an enabled client that count now; none for one that is
// unknown. A client that has none here may have got one on another node just now: at
// most every tenth of a second, that is looked up.
func (d *Directory) Trusts(ctx context.Context, id tepin.ClientID) ([]tepin.Trust, error) {
	now := d.o.Now()
	v, err := d.fresh(now)
	if err != nil {
		return nil, err
	}
	list := v.trusts(id, now)
	if len(list) == 0 && d.mayLookAgain(now) {
		if err := d.Refresh(ctx); err != nil {
			return nil, unknowable(err)
		}
		list = d.view.Load().trusts(id, now)
	}
	return list, nil
}

func (v *view) trusts(id tepin.ClientID, now time.Time) []tepin.Trust {
	c := v.clients[id]
	if c == nil || !c.integration.Enabled {
		return nil
	}
	var list []tepin.Trust
	for _, t := range c.trusts {
		if t.LiveAt(now) {
			list = append(list, t)
		}
	}
	return list
}

// Proof says what a client has proved by what one of its trusts is in.
type Proof struct {
	Client tepin.ClientID
	Trust  tepin.CredentialID
	Ends   time.Time // no token outlives it; zero = the trust's own end
	Once   []byte    // hash of what proves it only once; nil = it may be repeated
	Until  time.Time // when a repetition of Once is refused for other reasons
}

var errEndedTrust = refusal("the integration or what it trusts in has ended just now")

// Trusted returns the client of a proof that came from the given address. It refuses
// with Unauthorized when client or trust live no longer, or may not be used from there:
// the cause says which, for the log; and with Conflict when what counts once was
// presented before, on whatever node (S36).
func (d *Directory) Trusted(ctx context.Context, p Proof, from netip.Addr) (Client, error) {
	now := d.o.Now()
	v, err := d.fresh(now)
	if err != nil {
		return Client{}, err
	}
	known := v.clients[p.Client]
	if known == nil || !known.integration.Enabled {
		return Client{}, errEndedTrust
	}
	credential := known.credential(p.Trust, now)
	if !credential.live {
		return Client{}, errEndedTrust
	}
	if !known.integration.TokenNetworks.Allow(from) {
		return Client{}, errElsewhere
	}
	if p.Once != nil {
		if err := d.o.Store.AcceptOnce(ctx, p.Once, p.Until); err != nil {
			return Client{}, err
		}
	}
	d.touch(known, p.Trust, now, from)
	return clientOf(known, p.Trust, earlier(credential.ends, p.Ends), false), nil
}

// earlier returns the earlier of two ends; the zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
