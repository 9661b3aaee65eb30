package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tepin/tepin"
)

// The token settings of an environment whose creator chose none.
const (
	defaultTokenLifetime = 24 * time.Hour
	defaultSigningAlg    = "ES256"
)

const environmentColumns = `id, subscription_id, name, technical_name, type, token_lifetime, signing_alg, created_at, updated_at, version, browser_guard, quota`

func scanEnvironment(r row) (e tepin.Environment, err error) {
	err = r.Scan(&e.ID, &e.SubscriptionID, &e.Name, &e.TechnicalName, &e.Type, lasting(&e.TokenLifetime), &e.SigningAlg,
		at(&e.CreatedAt), at(&e.UpdatedAt), &e.Version, &e.BrowserGuard, quotaIn(&e.Quota))
	return e, err
}

// CreateEnvironment adds an environment with its default output settings and user interface.
// Conflict if the technical name is or was taken.
func (s *Store) CreateEnvironment(ctx context.Context, by tepin.Actor, e tepin.Environment) (tepin.Environment, error) {
	if err := errors.Join(checkNames(e.Name), e.Quota.Check()); err != nil {
		return tepin.Environment{}, err
	}
	if !tepin.IsTechnicalName(e.TechnicalName) {
		return tepin.Environment{}, tepin.Errorf(tepin.Invalid, `a technical name has 1 to 63 characters of a-z, 0-9 and "-", with no dash at either end, and is not "settings"`)
	}
	fill(&e.ID)
	if e.Type == "" {
		e.Type = tepin.Production
	}
	if e.TokenLifetime == 0 {
		e.TokenLifetime = defaultTokenLifetime
	}
	if e.SigningAlg == "" {
		e.SigningAlg = defaultSigningAlg
	}
	if e.BrowserGuard == "" {
		e.BrowserGuard = tepin.GuardReport
	}
	e.Version = 1
	err := s.write(ctx, func(t *tx) error {
		e.CreatedAt, e.UpdatedAt = t.now, t.now
		if err := t.checkEnvironments(ctx, e.SubscriptionID, e.Type); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO environment (`+environmentColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1, $9, $10, $11)`,
			e.ID, e.SubscriptionID, e.Name, e.TechnicalName, e.Type, e.TokenLifetime.Microseconds(), e.SigningAlg, micros(t.now),
			e.BrowserGuard, quotaText(e.Quota), nameKey(e.Name))
		if err != nil {
			return s.dialect.unique(err, "the technical name %s is taken; choose another", e.TechnicalName)
		}
		if err := t.index(ctx, "", "environment", string(e.ID), e.Name); err != nil {
			return err
		}
		for _, o := range defaultSettings(e) {
			if err := t.insertSettings(ctx, o); err != nil {
				return err
			}
		}
		if err := t.defaultInterface(ctx, e.ID); err != nil {
			return err
		}
		if err := t.addBuiltIn(ctx, e.ID); err != nil {
			return err
		}
		t.access = true
		t.record(string(e.ID), by, "environment.create", string(e.ID), nil)
		t.record(InstanceChain, by, "environment.create", string(e.ID), map[string]any{"name": e.Name, "technicalName": e.TechnicalName, "type": string(e.Type)})
		return nil
	})
	return e, err
}

// Environments returns a page of all environments.
func (s *Store) Environments(ctx context.Context, p tepin.List) (tepin.Page[tepin.Environment], error) {
	page, err := listing[tepin.Environment]{kind: "environment", table: "environment", columns: environmentColumns,
		where: []condition{living}, scan: scanEnvironment}.page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// Environment returns an environment.
func (s *Store) Environment(ctx context.Context, id tepin.EnvironmentID) (tepin.Environment, error) {
	e, err := environment(ctx, s.reader, id, "")
	return e, s.dialect.fail(err)
}

func environment(ctx context.Context, q queryer, id tepin.EnvironmentID, lock string) (tepin.Environment, error) {
	return get(ctx, q, "environment", scanEnvironment, `SELECT `+environmentColumns+` FROM environment WHERE id = $1 AND deleted_at = 0`+lock, id)
}

// UpdateEnvironment changes an environment.
func (s *Store) UpdateEnvironment(ctx context.Context, by tepin.Actor, id tepin.EnvironmentID, u tepin.EnvironmentUpdate) (e tepin.Environment, err error) {
	err = s.write(ctx, func(t *tx) error {
		if e, err = environment(ctx, t, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != e.Version {
			return stale("environment", e.Version)
		}
		detail := map[string]any{}
		set(&e.Name, u.Name, detail, "name")
		set(&e.SigningAlg, u.SigningAlg, detail, "signingAlg")
		set(&e.BrowserGuard, u.BrowserGuard, detail, "browserGuard")
		set(&e.Quota, u.Quota, detail, "quota")
		if u.TokenLifetime != nil {
			e.TokenLifetime, detail["tokenLifetime"] = *u.TokenLifetime, u.TokenLifetime.String()
		}
		if err := errors.Join(checkNames(e.Name), e.Quota.Check()); err != nil {
			return err
		}
		e.UpdatedAt = t.now
		e.Version++
		_, err := t.exec(ctx, `UPDATE environment SET name = $2, name_key = $3, token_lifetime = $4, signing_alg = $5, updated_at = $6, version = $7,
			browser_guard = $8, quota = $9 WHERE id = $1`,
			id, e.Name, nameKey(e.Name), e.TokenLifetime.Microseconds(), e.SigningAlg, micros(t.now), e.Version, e.BrowserGuard, quotaText(e.Quota))
		if err != nil {
			return err
		}
		t.access = true
		t.record(InstanceChain, by, "environment.update", string(id), detail)
		return t.index(ctx, "", "environment", string(id), e.Name)
	})
	return e, err
}

// living is the condition that a row is not deleted. It stands in the statement as
// text, so that partial indexes fit it.
var living = condition{sql: `deleted_at = 0`}

// fill gives a new row its id where the caller chose none.
func fill[T ~string](id *T) {
	if *id == "" {
		*id = tepin.NewID[T]()
	}
}

// set changes a field when there is a new value, and notes it.
func set[T any](field *T, value *T, detail map[string]any, name string) {
	if value != nil {
		*field = *value
		detail[name] = *value
	}
}

// setText is set for what is noted as text.
func setText[T fmt.Stringer](field *T, value *T, detail map[string]any, name string) {
	if value != nil {
		*field = *value
		detail[name] = (*value).String()
	}
}
