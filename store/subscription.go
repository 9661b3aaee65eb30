package store

import (
	"context"

	"github.com/tepin/tepin"
)

const subscriptionColumns = `id, name, client_name, billing_contact, designer_seats, sandbox_environments, production_environments,
	max_renders, max_storage, average_months, starts_at, ends_at, created_at, updated_at, version`

func scanSubscription(r row) (v tepin.Subscription, err error) {
	err = r.Scan(&v.ID, &v.Name, &v.ClientName, &v.BillingContact, &v.DesignerSeats, &v.SandboxEnvironments, &v.ProductionEnvironments,
		&v.MaxRenders, &v.MaxStorage, &v.AverageMonths, at(&v.StartsAt), at(&v.EndsAt), at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	if v.StartsAt.IsZero() {
		v.StartsAt = v.CreatedAt
	}
	if v.UpdatedAt.IsZero() {
		v.UpdatedAt = v.CreatedAt
	}
	return v, err
}

// CreateSubscription adds a subscription and returns it with its id.
func (s *Store) CreateSubscription(ctx context.Context, by tepin.Actor, v tepin.Subscription) (tepin.Subscription, error) {
	err := s.write(ctx, func(t *tx) (err error) {
		v, err = t.createSubscription(ctx, by, v)
		return err
	})
	return v, err
}

func (t *tx) createSubscription(ctx context.Context, by tepin.Actor, v tepin.Subscription) (tepin.Subscription, error) {
	if err := checkNames(v.Name); err != nil {
		return tepin.Subscription{}, err
	}
	fill(&v.ID)
	v.CreatedAt, v.UpdatedAt, v.StartsAt, v.AverageMonths, v.Version = t.now, t.now, t.now, 6, 1
	_, err := t.exec(ctx, `INSERT INTO subscription (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3)`, v.ID, v.Name, micros(v.CreatedAt))
	t.access = true
	t.record(InstanceChain, by, "subscription.create", string(v.ID), map[string]any{"name": v.Name})
	return v, err
}

// FirstSubscription returns the oldest subscription, and adds v where there is none.
// Of several nodes that start at once one adds it.
func (s *Store) FirstSubscription(ctx context.Context, by tepin.Actor, v tepin.Subscription) (first tepin.Subscription, err error) {
	err = s.write(ctx, func(t *tx) error {
		// The row that all nodes watch is the lock.
		if _, err := t.exec(ctx, `UPDATE change_counter SET value = value`); err != nil {
			return err
		}
		first, err = get(ctx, t, "subscription", scanSubscription, oldestFirst+` LIMIT 1`)
		if tepin.KindOf(err) != tepin.NotFound {
			t.quiet = true
			return err
		}
		first, err = t.createSubscription(ctx, by, v)
		return err
	})
	return first, err
}

const oldestFirst = `SELECT ` + subscriptionColumns + ` FROM subscription ORDER BY created_at, id`

// Subscriptions returns all subscriptions, the oldest first.
func (s *Store) Subscriptions(ctx context.Context) ([]tepin.Subscription, error) {
	list, err := all(ctx, s.reader, scanSubscription, oldestFirst)
	return list, s.dialect.fail(err)
}

// Subscription returns one.
func (s *Store) Subscription(ctx context.Context, id tepin.SubscriptionID) (tepin.Subscription, error) {
	v, err := subscription(ctx, s.reader, id, "")
	return v, s.dialect.fail(err)
}

func subscription(ctx context.Context, q queryer, id tepin.SubscriptionID, lock string) (tepin.Subscription, error) {
	return get(ctx, q, "subscription", scanSubscription, `SELECT `+subscriptionColumns+` FROM subscription WHERE id = $1`+lock, id)
}

// UpdateSubscription changes a subscription. Numbers below what is in use already are
// taken: they hold for what comes.
func (s *Store) UpdateSubscription(ctx context.Context, by tepin.Actor, id tepin.SubscriptionID, u tepin.SubscriptionUpdate) (v tepin.Subscription, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = subscription(ctx, t, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("subscription", v.Version)
		}
		detail := map[string]any{}
		set(&v.Name, u.Name, detail, "name")
		set(&v.ClientName, u.ClientName, detail, "clientName")
		set(&v.BillingContact, u.BillingContact, detail, "billingContact")
		set(&v.DesignerSeats, u.DesignerSeats, detail, "designerSeats")
		set(&v.SandboxEnvironments, u.SandboxEnvironments, detail, "sandboxEnvironments")
		set(&v.ProductionEnvironments, u.ProductionEnvironments, detail, "productionEnvironments")
		set(&v.MaxRenders, u.MaxRenders, detail, "maxRenders")
		set(&v.MaxStorage, u.MaxStorage, detail, "maxStorage")
		set(&v.AverageMonths, u.AverageMonths, detail, "averageMonths")
		set(&v.StartsAt, u.StartsAt, detail, "startsAt")
		set(&v.EndsAt, u.EndsAt, detail, "endsAt")
		if err := checkNames(v.Name); err != nil {
			return err
		}
		if err := checkText(v.ClientName, v.BillingContact); err != nil {
			return err
		}
		v.UpdatedAt = t.now
		v.Version++
		t.record(InstanceChain, by, "subscription.update", string(id), detail)
		_, err := t.exec(ctx, `UPDATE subscription SET name = $2, client_name = $3, billing_contact = $4, designer_seats = $5, sandbox_environments = $6,
			production_environments = $7, max_renders = $8, max_storage = $9, average_months = $10, starts_at = $11, ends_at = $12, updated_at = $13, version = $14
			WHERE id = $1`, id, v.Name, v.ClientName, v.BillingContact, v.DesignerSeats, v.SandboxEnvironments, v.ProductionEnvironments, v.MaxRenders,
			v.MaxStorage, v.AverageMonths, micros(v.StartsAt), micros(v.EndsAt), micros(v.UpdatedAt), v.Version)
		return err
	})
	return v, err
}

// checkEnvironments refuses an environment more of a kind than the subscription has. It
// locks the subscription, so that of two the second counts the first.
func (t *tx) checkEnvironments(ctx context.Context, id tepin.SubscriptionID, kind tepin.EnvironmentType) error {
	v, err := subscription(ctx, t, id, t.dialect.lockRow)
	if err != nil {
		return err
	}
	limit := map[tepin.EnvironmentType]int64{tepin.Sandbox: v.SandboxEnvironments, tepin.Production: v.ProductionEnvironments}[kind]
	if limit == 0 {
		return nil
	}
	var have int64
	if err := t.QueryRowContext(ctx, `SELECT count(*) FROM environment WHERE subscription_id = $1 AND type = $2 AND deleted_at = 0`, id, kind).Scan(&have); err != nil {
		return err
	}
	if have >= limit {
		return &tepin.Error{Kind: tepin.Conflict, Path: "type", Message: "the subscription has all the " + string(kind) + " environments that it may have; delete one, or have an administrator of the installation raise the number"}
	}
	return nil
}

// OfSubscription returns the environments of a subscription, by name.
func (s *Store) OfSubscription(ctx context.Context, id tepin.SubscriptionID) ([]tepin.Environment, error) {
	list, err := all(ctx, s.reader, scanEnvironment, `SELECT `+environmentColumns+` FROM environment WHERE subscription_id = $1 AND deleted_at = 0 ORDER BY name_key, id`, id)
	return list, s.dialect.fail(err)
}
