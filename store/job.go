package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// The states of a job.
const (
	jobWaiting = "waiting" // for its first claim, or under a lease, or for its lease to end
	jobDead    = "dead"    // its attempts are used up; DeadJobs reports it
	jobDone    = "done"
	jobFailed  = "failed"
)

const jobColumns = `id, kind, environment_id, payload, attempt, max_attempts, lease_until`

func scanJob(r row) (j tepin.Job, err error) {
	return j, r.Scan(&j.ID, &j.Kind, &j.EnvironmentID, &j.Payload, &j.Attempt, &j.MaxAttempts, at(&j.LeaseUntil))
}

func (t *tx) insertJob(ctx context.Context, j tepin.Job) error {
	fill(&j.ID)
	_, err := t.exec(ctx, `INSERT INTO job (`+jobColumns+`, state, created_at) VALUES ($1, $2, $3, $4, 0, $5, 0, $6, $7)`,
		j.ID, j.Kind, j.EnvironmentID, j.Payload, j.MaxAttempts, jobWaiting, micros(t.now))
	return err
}

// checkQueue refuses more work for an environment that has enough waiting.
func (t *tx) checkQueue(ctx context.Context, env tepin.EnvironmentID) error {
	var waiting int
	err := t.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE environment_id = $1 AND state = 'waiting' AND kind = 'output' LIMIT $2) AS queue`, env, MaxQueued).Scan(&waiting)
	if err == nil && waiting >= MaxQueued {
		return &tepin.Error{Kind: tepin.TooMany, RetryAfter: 10 * time.Second,
			Message: fmt.Sprintf("%d outputs of this environment are waiting already; start more when some are done", MaxQueued)}
	}
	return err
}

// ClaimJob hands out a job of the given kinds that nobody works on, under a lease: if
// it is neither finished nor extended before the lease ends, it is handed out again,
// up to MaxAttempts times. NotFound when there is none. No two callers get the same
// job at once. It takes the environments in turn, and of each the oldest job, so that
// one with a long queue does not keep the others waiting. Jobs of the environments of
// except are left alone.
func (s *Store) ClaimJob(ctx context.Context, kinds []string, lease time.Duration, except ...tepin.EnvironmentID) (j tepin.Job, err error) {
	last, _ := s.served.Load().(tepin.EnvironmentID)
	err = s.write(ctx, func(t *tx) error {
		t.quiet = true
		j, err = t.claimJob(ctx, kinds, lease, last, except)
		if last != "" && tepin.KindOf(err) == tepin.NotFound {
			j, err = t.claimJob(ctx, kinds, lease, "", except) // the turn begins again
		}
		return err
	})
	if err == nil {
		s.served.Store(j.EnvironmentID)
	}
	return j, err
}

// claimJob claims the oldest job of the first environment behind the given one.
func (t *tx) claimJob(ctx context.Context, kinds []string, lease time.Duration, behind tepin.EnvironmentID, except []tepin.EnvironmentID) (tepin.Job, error) {
	st := &statement{}
	claimed := st.arg(micros(t.now.Add(lease)))
	now, after := st.arg(micros(t.now)), st.arg(behind)
	var places []string
	for _, k := range kinds {
		places = append(places, st.arg(k))
	}
	others := ``
	for _, env := range except {
		others += ` AND environment_id <> ` + st.arg(env)
	}
	fmt.Fprintf(st, `WITH next AS MATERIALIZED (SELECT id FROM job WHERE state = 'waiting' AND kind IN (%[2]s) AND lease_until <= %[3]s
		AND attempt < max_attempts AND environment_id > %[6]s%[7]s ORDER BY environment_id, id LIMIT 1%[4]s)
		UPDATE job SET attempt = attempt + 1, lease_until = %[1]s WHERE id IN (SELECT id FROM next) RETURNING %[5]s`, claimed, strings.Join(places, `, `), now, t.dialect.skipLocked, jobColumns, after, others)
	return get(ctx, t, "job", scanJob, st.String(), st.args...)
}

// freeLeases makes the jobs of a process that died claimable at once. It is for
// whoever has the database to itself: nobody else can be at work on them.
func (s *Store) freeLeases(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, `UPDATE job SET lease_until = 0 WHERE state = 'waiting' AND lease_until > 0`)
	return err
}

// ExtendJob makes the lease of an attempt last from now on. Conflict if the attempt
// has lost its job.
func (s *Store) ExtendJob(ctx context.Context, id tepin.JobID, attempt int, lease time.Duration) error {
	return s.leased(ctx, id, attempt, func(t *tx) (int64, error) {
		return t.exec(ctx, `UPDATE job SET lease_until = $3 WHERE id = $1 AND attempt = $2 AND state = 'waiting'`, id, attempt, micros(t.now.Add(lease)))
	})
}

// ReleaseJob gives a job back before its end, as a node does that stops. The attempt
// does not count.
func (s *Store) ReleaseJob(ctx context.Context, id tepin.JobID, attempt int) error {
	return s.leased(ctx, id, attempt, func(t *tx) (int64, error) {
		return t.exec(ctx, `UPDATE job SET lease_until = 0, attempt = attempt - 1 WHERE id = $1 AND attempt = $2 AND state = 'waiting'`, id, attempt)
	})
}

// FinishJob ends and removes a job that has no task.
func (s *Store) FinishJob(ctx context.Context, id tepin.JobID, attempt int) error {
	return s.leased(ctx, id, attempt, func(t *tx) (int64, error) {
		return t.exec(ctx, `DELETE FROM job WHERE id = $1 AND attempt = $2 AND state IN ('waiting', 'dead')`, id, attempt)
	})
}

// leased runs a change of a job that only its present attempt may make.
func (s *Store) leased(ctx context.Context, id tepin.JobID, attempt int, change func(*tx) (int64, error)) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		n, err := change(t)
		if err == nil && n == 0 {
			return tepin.Errorf(tepin.Conflict, "attempt %d of job %s has lost its lease", attempt, id)
		}
		return err
	})
}

// reportAgain is how long after DeadJobs a job that nobody failed is reported again:
// whoever got it may have died.
const reportAgain = time.Minute

// DeadJobs returns up to limit jobs whose attempts are used up and whose last lease
// has ended. Each is reported to one caller, which is to end it with FailTask or
// FinishJob.
func (s *Store) DeadJobs(ctx context.Context, limit int) (list []tepin.Job, err error) {
	err = s.write(ctx, func(t *tx) error {
		t.quiet = true
		query := `WITH dead AS MATERIALIZED (SELECT id FROM job WHERE (state = 'waiting' OR state = 'dead')
			AND lease_until <= $3 AND attempt >= max_attempts ORDER BY lease_until LIMIT $4` + t.dialect.skipLocked + `)
			UPDATE job SET state = $1, lease_until = $2 WHERE id IN (SELECT id FROM dead) RETURNING ` + jobColumns
		list, err = all(ctx, t, scanJob, query, jobDead, micros(t.now.Add(reportAgain)), micros(t.now), limit)
		return err
	})
	return list, err
}

// endJob ends the job of a task, in the task's transaction.
func (t *tx) endJob(ctx context.Context, env tepin.EnvironmentID, id tepin.JobID, payload, state string) error {
	n, err := t.exec(ctx, `UPDATE job SET state = $4 WHERE id = $1 AND environment_id = $2 AND payload = $3 AND state IN ('waiting', 'dead')`, id, env, payload, state)
	if err == nil && n == 0 {
		return tepin.Errorf(tepin.Conflict, "the job of the task has ended already")
	}
	return err
}
