package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

const taskColumns = `id, environment_id, owner_kind, owner_id, format, name, source, state, request_key, request_size, request_sha256,
	result_key, result_size, result_sha256, content_type, file_name, error_type, error_detail, records, successful, renders, watermarked, created_at, processed_at`

func scanTask(r row) (v tepin.Task, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.OwnerKind, &v.OwnerID, &v.Format, &v.Name, &v.Source, &v.State,
		&v.Request.Key, &v.Request.Size, &v.Request.SHA256, &v.Result.Key, &v.Result.Size, &v.Result.SHA256,
		&v.ContentType, &v.FileName, &v.ErrorType, &v.ErrorDetail, &v.Records, &v.Successful, &v.Renders, &v.Watermarked, at(&v.CreatedAt), at(&v.ProcessedAt))
	return v, err
}

// scanWithReport reads taskColumns and the report.
func scanWithReport(r row) (v tepin.Task, err error) {
	var report string
	v, err = scanTask(withCursor{r, []any{&report}})
	v.Report = report
	return v, err
}

// MaxQueued is how many renders of one environment may wait at once.
const MaxQueued = 1000

// outputAttempts is how often a render is tried: once more after a crash.
const outputAttempts = 2

// CreateTask adds a task and the job that performs it, both or neither. It belongs
// to the actor unless it names an owner. TooMany when MaxQueued of the environment
// are waiting, or a quota is exhausted: the task counts for that of the integration
// and the environment's, whatever becomes of it.
func (s *Store) CreateTask(ctx context.Context, by tepin.Actor, v tepin.Task) (tepin.Task, error) {
	if err := checkNames(v.Name); err != nil {
		return tepin.Task{}, err
	}
	fill(&v.ID)
	if v.OwnerID == "" {
		v.OwnerKind, v.OwnerID = by.Kind, by.ID
	}
	v.State = tepin.TaskPending
	err := s.write(ctx, func(t *tx) error {
		v.CreatedAt = t.now
		if err := t.checkQueue(ctx, v.EnvironmentID); err != nil {
			return err
		}
		var err error
		if v.Quotas, err = t.useQuotas(ctx, by, v.EnvironmentID, tepin.UseRenders); err != nil {
			return err
		}
		if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredOther, v.Request); err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO task (id, environment_id, owner_kind, owner_id, format, name, name_key, source, state, request_key, request_size, request_sha256, records, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			v.ID, v.EnvironmentID, v.OwnerKind, v.OwnerID, v.Format, v.Name, nameKey(v.Name), v.Source, v.State, v.Request.Key, v.Request.Size, v.Request.SHA256, v.Records, micros(t.now))
		if err != nil {
			return err
		}
		err = t.insertJob(ctx, tepin.Job{Kind: "output", EnvironmentID: v.EnvironmentID, Payload: string(v.ID), MaxAttempts: outputAttempts})
		if err != nil {
			return err
		}
		t.record(string(v.EnvironmentID), by, "task.create", string(v.ID), map[string]any{"format": string(v.Format), "source": v.Source})
		return t.index(ctx, v.EnvironmentID, "task", string(v.ID), v.Name)
	})
	return v, err
}

// Task returns a task that the actor may see; another is NotFound.
func (s *Store) Task(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, id tepin.TaskID) (tepin.Task, error) {
	v, err := task(ctx, s.reader, env, id, "")
	if err == nil && !seesTask(by, v) {
		return tepin.Task{}, notFound("task")
	}
	return v, s.dialect.fail(err)
}

// seesTask reports whether a task is the actor's own, or the actor sees all of the
// environment: whoever administers it, and who makes its templates.
func seesTask(by tepin.Actor, v tepin.Task) bool {
	return by.Roles.Any(tepin.Staff) || by.Owns(v.OwnerKind, v.OwnerID)
}

func task(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.TaskID, lock string) (tepin.Task, error) {
	return get(ctx, q, "task", scanWithReport, `SELECT `+taskColumns+`, report FROM task WHERE environment_id = $1 AND id = $2`+lock, env, id)
}

// Tasks returns a page of the actor's tasks that match the filter, the newest first
// unless p names what to sort by; of all tasks, for an administrator or a designer. Their
// reports, which may be long, are left out.
func (s *Store) Tasks(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, p tepin.List) (tepin.Page[tepin.Task], error) {
	page, err := taskListing(env, by, p).page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

func taskListing(env tepin.EnvironmentID, by tepin.Actor, p tepin.List) listing[tepin.Task] {
	l := listing[tepin.Task]{kind: "task", table: "task", columns: taskColumns, env: env, newest: true, scan: scanTask}
	if !by.Roles.Any(tepin.Staff) {
		l.where = ownedBy(by)
	}
	l.filters = l.ofTasks(p.Tasks)
	return l
}

// ofTasks are the filters that f names.
func (l listing[T]) ofTasks(f tepin.TaskFilter) (list []filter) {
	if f.State != "" {
		list = append(list, l.equals("state", f.State))
	}
	if f.Format != "" {
		list = append(list, l.equals("format", f.Format))
	}
	if f.Source != "" {
		source := l.equals("source", f.Source)
		source.hits = nil // no index has it
		list = append(list, source)
	}
	if f.Owner != "" {
		owner := l.equals("owner_id", f.Owner)
		owner.hits = func(st *statement) string { // the kind precedes it in the index
			return `SELECT f.id AS item_id FROM task f WHERE f.environment_id = ` + st.arg(l.env) + ` AND f.owner_kind IN (` + st.arg(tepin.ActorIntegration) + `, ` +
				st.arg(tepin.ActorUser) + `, ` + st.arg(tepin.ActorSystem) + `) AND f.owner_id = ` + st.arg(f.Owner)
		}
		list = append(list, owner)
	}
	return list
}

// DeleteTask removes a task that the actor may see, with its file; one that has not
// ended is cancelled by that, and never counted.
func (s *Store) DeleteTask(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.TaskID) error {
	return s.write(ctx, func(t *tx) error {
		v, err := task(ctx, t, env, id, t.dialect.lockRow)
		if err == nil && !seesTask(by, v) {
			err = notFound("task")
		}
		if err != nil {
			return err
		}
		t.record(string(env), by, "task.remove", string(id), map[string]any{"state": string(v.State)})
		return t.deleteTask(ctx, sweptTask{env: env, id: string(id), blobs: [2]string{v.Result.Key, v.Request.Key}})
	})
}

// deleteTask removes a task, its job and its bytes.
func (t *tx) deleteTask(ctx context.Context, v sweptTask) error {
	for _, statement := range []string{`DELETE FROM job WHERE payload = $1`, `DELETE FROM task WHERE id = $1`} {
		if _, err := t.exec(ctx, statement, v.id); err != nil {
			return err
		}
	}
	for _, key := range v.blobs {
		if err := t.dropBlob(ctx, key); err != nil {
			return err
		}
	}
	return t.unindex(ctx, v.id)
}

// StartTask marks that work on a task has begun. Conflict if it has ended.
func (s *Store) StartTask(ctx context.Context, env tepin.EnvironmentID, id tepin.TaskID) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		v, err := unended(ctx, t, env, id)
		if err != nil || v.State == tepin.TaskProcessing {
			return err
		}
		_, err = t.exec(ctx, `UPDATE task SET state = $2 WHERE id = $1`, id, tepin.TaskProcessing)
		return err
	})
}

// CountRecords notes how many records a task has, where that is known only once it is
// under way.
func (s *Store) CountRecords(ctx context.Context, env tepin.EnvironmentID, id tepin.TaskID, n int) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		if _, err := unended(ctx, t, env, id); err != nil {
			return err
		}
		_, err := t.exec(ctx, `UPDATE task SET records = $2 WHERE id = $1`, id, n)
		return err
	})
}

// unended locks a task that has no outcome yet.
func unended(ctx context.Context, t *tx, env tepin.EnvironmentID, id tepin.TaskID) (tepin.Task, error) {
	v, err := task(ctx, t, env, id, t.dialect.lockRow)
	if err == nil && (v.State == tepin.TaskFinished || v.State == tepin.TaskFailed) {
		return v, tepin.Errorf(tepin.Conflict, "the task has ended already")
	}
	return v, err
}

// FinishTask stores the outcome of a render, counts it and ends its job, all in one.
// Of v it takes Result, ContentType, FileName, Successful, Report, Renders, Watermarked and Batch. Of
// several attempts the first that finishes counts, the others get Conflict.
func (s *Store) FinishTask(ctx context.Context, env tepin.EnvironmentID, job tepin.JobID, v tepin.Task) error {
	return s.write(ctx, func(t *tx) error {
		before, err := unended(ctx, t, env, v.ID)
		if err != nil {
			return err
		}
		if err := t.endJob(ctx, env, job, string(v.ID), jobDone); err != nil {
			return err
		}
		if err := t.claimBlob(ctx, env, tepin.StoredOther, v.Result); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE task SET state = $2, result_key = $3, result_size = $4, result_sha256 = $5, content_type = $6, file_name = $7,
			report = $8, renders = $9, watermarked = $10, processed_at = $11, successful = $12 WHERE id = $1`,
			v.ID, tepin.TaskFinished, v.Result.Key, v.Result.Size, v.Result.SHA256, v.ContentType, v.FileName, v.Report, v.Renders, v.Watermarked, micros(t.now), v.Successful)
		if err != nil {
			return err
		}
		t.record(string(env), tepin.System, "task.finish", string(v.ID), map[string]any{"renders": v.Renders, "watermarked": v.Watermarked})
		kind := before.Format
		if v.Batch {
			kind = tepin.Batch
		}
		return t.countRender(ctx, env, kind, v.Renders, v.Watermarked)
	})
}

// FailTask ends a task and its job with the reason why there is no output. Nothing
// is counted.
func (s *Store) FailTask(ctx context.Context, env tepin.EnvironmentID, job tepin.JobID, id tepin.TaskID, errorType, detail, report string) error {
	return s.write(ctx, func(t *tx) error {
		if _, err := unended(ctx, t, env, id); err != nil {
			return err
		}
		if err := t.endJob(ctx, env, job, string(id), jobFailed); err != nil {
			return err
		}
		t.record(string(env), tepin.System, "task.fail", string(id), map[string]any{"type": errorType})
		_, err := t.exec(ctx, `UPDATE task SET state = $2, error_type = $3, error_detail = $4, report = $5, processed_at = $6 WHERE id = $1`,
			id, tepin.TaskFailed, errorType, detail, report, micros(t.now))
		return err
	})
}

// tasksAtOnce is how many tasks one transaction of ExpireOutputs and DeleteTasks
// takes, so that none lasts long.
const tasksAtOnce = 500

// ExpireOutputs takes the files away from tasks that finished before the given time.
// The tasks stay, and say that there was one: Result has no key any more. It returns
// how many it took.
func (s *Store) ExpireOutputs(ctx context.Context, before time.Time) (int, error) {
	const old = `SELECT environment_id, id, result_key, '' FROM task WHERE result_key <> '' AND processed_at < $1 ORDER BY processed_at LIMIT $2`
	return s.sweepTasks(ctx, "task.expire", old, before, func(t *tx, v sweptTask) error {
		if _, err := t.exec(ctx, `UPDATE task SET result_key = '' WHERE id = $1`, v.id); err != nil {
			return err
		}
		return t.dropBlob(ctx, v.blobs[0])
	})
}

// DeleteTasks removes tasks that were created before the given time, with their
// files and jobs. It returns how many.
func (s *Store) DeleteTasks(ctx context.Context, before time.Time) (int, error) {
	const old = `SELECT environment_id, id, result_key, request_key FROM task WHERE created_at < $1 ORDER BY created_at LIMIT $2`
	return s.sweepTasks(ctx, "task.delete", old, before, func(t *tx, v sweptTask) error { return t.deleteTask(ctx, v) })
}

// sweptTask is what a sweep needs to know of a task.
type sweptTask struct {
	env   tepin.EnvironmentID
	id    string
	blobs [2]string // result, request
}

// sweepTasks does to every task that query finds what f does, a few at a time, and
// records one audit line for each environment.
func (s *Store) sweepTasks(ctx context.Context, action, query string, before time.Time, f func(*tx, sweptTask) error) (int, error) {
	total := 0
	for {
		n := 0
		err := s.write(ctx, func(t *tx) error {
			list, err := all(ctx, t, func(r row) (v sweptTask, err error) { return v, r.Scan(&v.env, &v.id, &v.blobs[0], &v.blobs[1]) },
				query+t.dialect.skipLocked, micros(before), tasksAtOnce)
			if err != nil {
				return err
			}
			count := map[tepin.EnvironmentID]int{}
			for _, v := range list {
				if err := f(t, v); err != nil {
					return err
				}
				count[v.env]++
			}
			n = len(list)
			t.quiet = true
			t.recordEach(action, count)
			return nil
		})
		total += n
		if err != nil || n < tasksAtOnce {
			return total, err
		}
	}
}
