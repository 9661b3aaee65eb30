package credential

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/store"
)

// Options of a [Service]. Store, Access, Keys and Log are required.
type Options struct {
	Store  *store.Store
	Access *access.Directory // refreshed after each write that changes who may do what
	Keys   *Keys
	Log    *slog.Logger
	Now    func() time.Time // nil = time.Now

	// CheckTrust says whether what a trust's keys are fetched from can be; nil = not looked at.
	CheckTrust func(context.Context, tepin.Trust) error
}

// Service checks and makes changes to environments, integrations, secrets and people.
// It is safe for concurrent use.
type Service struct {
	store  *store.Store
	access *access.Directory
	keys   *Keys
	log    *slog.Logger
	now    func() time.Time

	checkTrust func(context.Context, tepin.Trust) error

	csrfKey   []byte
	deviceKey []byte
	hashing   chan struct{} // slots for argon2id
	budgets   budgets
}

// New returns a service on the given store and keys.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{
		store: o.Store, access: o.Access, keys: o.Keys, log: o.Log, now: o.Now, checkTrust: o.CheckTrust,
		csrfKey:   o.Keys.Seal.Derive("console csrf", 32),
		deviceKey: o.Keys.Seal.Derive("console known device", 32),
		hashing:   make(chan struct{}, hashSlots),
		budgets:   newBudgets(),
	}
}

// changed makes this node act on a write at once. The write itself is done: when the
// refresh fails, the directory's own poll repeats it within a second, and until then
// the node answers nobody by what it knew before.
func (s *Service) changed(ctx context.Context) {
	if err := s.access.Refresh(context.WithoutCancel(ctx)); err != nil {
		s.access.Doubt()
		s.log.WarnContext(ctx, "access directory not refreshed after a write; tokens are refused with 503 until the next poll", "error", err)
	}
}

// then makes this node act on a write, unless it failed.
func (s *Service) then(ctx context.Context, err error) error {
	if err == nil {
		s.changed(ctx)
	}
	return err
}

// inField says that a refusal of this kind concerns field, unless it says so itself.
func inField(err error, kind tepin.Kind, field string) error {
	if e, ok := errors.AsType[*tepin.Error](err); ok && e.Kind == kind && e.Path == "" {
		named := *e
		named.Path = field
		return &named
	}
	return err
}
