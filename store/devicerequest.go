package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// MaxDeviceRequests is how many requests of devices may wait for a person at once.
const MaxDeviceRequests = 10_000

// pollTolerance is by how much a device may be early: its timer and the network are
// never exact.
const pollTolerance = time.Second

// Each poll that comes too soon raises the interval by slowDown (RFC 8628 §3.5), up to
// maxInterval.
const (
	slowDown    = 5 * time.Second
	maxInterval = time.Minute
)

// deviceHistory is for how long an expired request is told from one that never was.
const deviceHistory = time.Hour

const deviceRequestColumns = `id, client_id, scopes, audience, came_from, state, login_id, misses, poll_every, polled_at, created_at, expires_at`

func scanDeviceRequest(r row) (v tepin.DeviceRequest, err error) {
	err = r.Scan(&v.ID, &v.ClientID, personScopesIn(&v.Scopes), &v.Audience, &v.From, &v.State, &v.LoginID, &v.Misses,
		lasting(&v.Interval), at(&v.PolledAt), at(&v.CreatedAt), at(&v.ExpiresAt))
	return v, err
}

// CreateDeviceRequest stores a device's request by the hashes of its two codes. It is
// not audited: anybody may make one, and it does nothing until a person agrees.
// Conflict if a code is taken; Unavailable when [MaxDeviceRequests] wait.
func (s *Store) CreateDeviceRequest(ctx context.Context, v tepin.DeviceRequest, deviceHash, userHash []byte) (tepin.DeviceRequest, error) {
	if err := checkText(v.Audience, v.From); err != nil {
		return tepin.DeviceRequest{}, err
	}
	fill(&v.ID)
	v.State = tepin.DeviceWaiting
	err := s.write(ctx, func(t *tx) error {
		t.quiet = true
		var waiting int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM device_request WHERE expires_at > $1 AND state = $2`, micros(t.now), tepin.DeviceWaiting).Scan(&waiting); err != nil {
			return err
		}
		if waiting >= MaxDeviceRequests {
			return &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Minute, Message: "too many devices wait for a person's approval; try again in a minute"}
		}
		v.CreatedAt = t.now
		_, err := t.exec(ctx, `INSERT INTO device_request (id, device_hash, user_hash, client_id, scopes, audience, came_from, state, poll_every, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			v.ID, deviceHash, userHash, v.ClientID, v.Scopes.String(), v.Audience, v.From, v.State, v.Interval.Microseconds(), micros(t.now), micros(v.ExpiresAt))
		return t.dialect.unique(err, "the code is taken")
	})
	return v, err
}

// DeviceRequest returns the request that waits under the hash of a user code. NotFound
// if there is none, or it is decided or over.
func (s *Store) DeviceRequest(ctx context.Context, userHash []byte) (tepin.DeviceRequest, error) {
	v, err := get(ctx, s.reader, "code", scanDeviceRequest,
		`SELECT `+deviceRequestColumns+` FROM device_request WHERE user_hash = $1 AND state = $2 AND expires_at > $3`, userHash, tepin.DeviceWaiting, micros(s.now()))
	return v, s.dialect.fail(err)
}

// MissDeviceCode notes that a person typed another code than that of the request before
// them. With the last miss the request is denied.
func (s *Store) MissDeviceCode(ctx context.Context, by tepin.Actor, id tepin.DeviceRequestID) (v tepin.DeviceRequest, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = t.waitingDevice(ctx, id); err != nil {
			return err
		}
		v.Misses++
		if v.Misses >= tepin.MaxDeviceMisses {
			v.State = tepin.DeviceDenied
		}
		t.record(InstanceChain, by, "device.miss", string(id), map[string]any{"client": string(v.ClientID), "misses": v.Misses})
		_, err := t.exec(ctx, `UPDATE device_request SET misses = $2, state = $3 WHERE id = $1`, id, v.Misses, v.State)
		return err
	})
	return v, err
}

// ApproveDevice begins the login that a request waits for: to this the person said yes
// in a session. NotFound if the request is decided or over.
func (s *Store) ApproveDevice(ctx context.Context, by tepin.Actor, id tepin.DeviceRequestID, v tepin.Login, session []byte) error {
	return s.write(ctx, func(t *tx) error {
		request, err := t.waitingDevice(ctx, id)
		if err != nil {
			return err
		}
		v.ClientID, v.Scopes, v.Audience, v.From = request.ClientID, request.Scopes, request.Audience, request.From
		if err := t.beginLogin(ctx, &v, session); err != nil {
			return err
		}
		t.record(InstanceChain, by, "device.approve", string(id), map[string]any{"client": string(v.ClientID), "from": v.From, "environment": string(v.EnvironmentID), "login": string(v.ID)})
		_, err = t.exec(ctx, `UPDATE device_request SET state = $2, login_id = $3 WHERE id = $1`, id, tepin.DeviceApproved, v.ID)
		return err
	})
}

// DenyDevice refuses a request. NotFound if it is decided or over.
func (s *Store) DenyDevice(ctx context.Context, by tepin.Actor, id tepin.DeviceRequestID) error {
	return s.write(ctx, func(t *tx) error {
		v, err := t.waitingDevice(ctx, id)
		if err != nil {
			return err
		}
		t.record(InstanceChain, by, "device.deny", string(id), map[string]any{"client": string(v.ClientID), "from": v.From})
		_, err = t.exec(ctx, `UPDATE device_request SET state = $2 WHERE id = $1`, id, tepin.DeviceDenied)
		return err
	})
}

// waitingDevice reads a request that can be decided still, and that nobody else decides
// meanwhile.
func (t *tx) waitingDevice(ctx context.Context, id tepin.DeviceRequestID) (tepin.DeviceRequest, error) {
	v, err := get(ctx, t, "request", scanDeviceRequest, `SELECT `+deviceRequestColumns+` FROM device_request WHERE id = $1`+t.dialect.lockRow, id)
	if err == nil && (v.State != tepin.DeviceWaiting || !t.now.Before(v.ExpiresAt)) {
		return v, tepin.Errorf(tepin.NotFound, "the request was decided already, or has expired; start again on the device")
	}
	return v, err
}

// DevicePoll is what a device learns when it asks.
type DevicePoll struct {
	Request tepin.DeviceRequest
	TooSoon bool // it waits still, and asked before its interval was over
	Granted Granted
}

// PollDevice answers a device that asks for its tokens (RFC 8628 §3.4). Granted is set
// when the request was approved: once, the request is spent then. NotFound if there is
// no such request of the client.
func (s *Store) PollDevice(ctx context.Context, deviceHash []byte, o Issue) (p DevicePoll, err error) {
	err = s.write(ctx, func(t *tx) error {
		p = DevicePoll{}
		v, err := get(ctx, t, "device code", scanDeviceRequest, `SELECT `+deviceRequestColumns+` FROM device_request WHERE device_hash = $1`+t.dialect.lockRow, deviceHash)
		if err != nil {
			return err
		}
		if v.ClientID != o.ClientID {
			return notFound("device code")
		}
		defer func() { p.Request = v }()
		expired := !t.now.Before(v.ExpiresAt)
		switch {
		case v.State == tepin.DeviceWaiting && !expired:
			t.quiet = true
			p.TooSoon = !v.PolledAt.IsZero() && t.now.Before(v.PolledAt.Add(v.Interval-pollTolerance))
			if p.TooSoon {
				v.Interval = min(v.Interval+slowDown, maxInterval)
			}
			v.PolledAt = t.now
			_, err := t.exec(ctx, `UPDATE device_request SET poll_every = $2, polled_at = $3 WHERE id = $1`, v.ID, v.Interval.Microseconds(), micros(t.now))
			return err
		case v.State == tepin.DeviceApproved && !expired:
			login, err := t.lockLogin(ctx, v.LoginID)
			if err != nil {
				return err
			}
			if login.over(t.now) { // its person has changed the password since
				v.State = tepin.DeviceDenied
				t.quiet = true
				return nil
			}
			if _, err := t.exec(ctx, `UPDATE device_request SET state = $2 WHERE id = $1`, v.ID, tepin.DeviceSpent); err != nil {
				return err
			}
			p.Granted, err = t.issue(ctx, login, o)
			return err
		}
		t.quiet = true
		return nil
	})
	return p, err
}
