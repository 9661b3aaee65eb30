package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tepin/tepin"
)

// Previews are not content: making, losing and forgetting them is not in the audit log.

const previewColumns = `id, environment_id, kind, subject_id, slot, key, state, request, uses, blob_key, blob_size, blob_sha256,
	content_type, error_type, error_detail, report, created_at, used_at`

func scanPreview(r row) (v tepin.Preview, err error) {
	return v, r.Scan(&v.ID, &v.EnvironmentID, &v.Kind, &v.SubjectID, &v.Slot, &v.Key, &v.State, &v.Request, &v.Uses, &v.Blob.Key, &v.Blob.Size, &v.Blob.SHA256,
		&v.ContentType, &v.ErrorType, &v.ErrorDetail, &v.Report, at(&v.CreatedAt), at(&v.UsedAt))
}

// MaxQueuedPreviews is how many previews of templates and projects of one environment
// may wait at once.
const MaxQueuedPreviews = 500

// PreviewByKey returns the preview that looks as the key has it.
func (s *Store) PreviewByKey(ctx context.Context, env tepin.EnvironmentID, key string) (tepin.Preview, error) {
	v, err := previewByKey(ctx, s.reader, env, key, "")
	return v, s.dialect.fail(err)
}

func previewByKey(ctx context.Context, q queryer, env tepin.EnvironmentID, key, lock string) (tepin.Preview, error) {
	return get(ctx, q, "preview", scanPreview, `SELECT `+previewColumns+` FROM preview WHERE environment_id = $1 AND key = $2`+lock, env, key)
}

// Preview returns one preview.
func (s *Store) Preview(ctx context.Context, env tepin.EnvironmentID, id tepin.PreviewID) (tepin.Preview, error) {
	v, err := preview(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

func preview(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.PreviewID, lock string) (tepin.Preview, error) {
	return get(ctx, q, "preview", scanPreview, `SELECT `+previewColumns+` FROM preview WHERE environment_id = $1 AND id = $2`+lock, env, id)
}

// KeepPreview stores a preview that was made, or why it could not be. Conflict if
// another was faster, unless what is there is a failure.
func (s *Store) KeepPreview(ctx context.Context, v tepin.Preview) (tepin.Preview, error) {
	fill(&v.ID)
	err := s.write(ctx, func(t *tx) error {
		t.quiet = true
		before, err := previewByKey(ctx, t, v.EnvironmentID, v.Key, t.dialect.lockRow)
		switch {
		case err == nil && before.State != tepin.TaskFailed:
			return tepin.Errorf(tepin.Conflict, "there is such a preview already")
		case err == nil:
			err = t.dropPreview(ctx, before)
		case tepin.KindOf(err) == tepin.NotFound:
			err = nil
		}
		if err == nil && v.State == tepin.TaskFinished {
			err = t.claimBlob(ctx, v.EnvironmentID, tepin.StoredCache, v.Blob)
		}
		if err != nil {
			return err
		}
		return t.insertPreview(ctx, &v)
	})
	return v, err
}

func (t *tx) insertPreview(ctx context.Context, v *tepin.Preview) error {
	v.CreatedAt, v.UsedAt = t.now, t.now
	_, err := t.exec(ctx, `INSERT INTO preview (`+previewColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)`,
		v.ID, v.EnvironmentID, v.Kind, v.SubjectID, v.Slot, v.Key, v.State, v.Request, v.Uses, v.Blob.Key, v.Blob.Size, v.Blob.SHA256,
		v.ContentType, v.ErrorType, v.ErrorDetail, v.Report, micros(t.now))
	return err
}

// dropPreview removes a preview and gives its bytes to the sweep.
func (t *tx) dropPreview(ctx context.Context, v tepin.Preview) error {
	n, err := t.exec(ctx, `DELETE FROM preview WHERE id = $1`, v.ID)
	if err != nil || n == 0 {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM job WHERE payload = $1`, v.ID); err != nil {
		return err
	}
	return t.dropBlob(ctx, v.Blob.Key)
}

// previewAttempts is how often a preview is tried: once more after a crash.
const previewAttempts = 2

// RequestPreview returns the preview of v's key, or adds it as pending with the job
// that makes it, both or neither. One with the id stale, which the caller found to be
// no longer good, is replaced. TooMany when MaxQueuedPreviews of the environment wait.
func (s *Store) RequestPreview(ctx context.Context, v tepin.Preview, stale tepin.PreviewID) (tepin.Preview, error) {
	fill(&v.ID)
	v.State = tepin.TaskPending
	wanted := v
	err := s.write(ctx, func(t *tx) error {
		t.quiet = true
		v = wanted // the transaction may be a second try
		before, err := previewByKey(ctx, t, v.EnvironmentID, v.Key, t.dialect.lockRow)
		switch {
		case err == nil && before.ID != stale:
			v = before
			return nil
		case err == nil:
			err = t.dropPreview(ctx, before)
		case tepin.KindOf(err) == tepin.NotFound:
			err = nil
		}
		if err == nil {
			err = t.checkPreviewQueue(ctx, v.EnvironmentID)
		}
		if err == nil {
			err = t.insertPreview(ctx, &v)
		}
		if err != nil {
			return err
		}
		return t.insertJob(ctx, tepin.Job{Kind: "preview", EnvironmentID: v.EnvironmentID, Payload: string(v.ID), MaxAttempts: previewAttempts})
	})
	if tepin.KindOf(err) == tepin.Conflict { // another request was faster
		return s.PreviewByKey(ctx, v.EnvironmentID, v.Key)
	}
	return v, err
}

func (t *tx) checkPreviewQueue(ctx context.Context, env tepin.EnvironmentID) error {
	var waiting int
	err := t.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE environment_id = $1 AND state = 'waiting' AND kind = 'preview' LIMIT $2) AS queue`, env, MaxQueuedPreviews).Scan(&waiting)
	if err == nil && waiting >= MaxQueuedPreviews {
		return &tepin.Error{Kind: tepin.TooMany, RetryAfter: 5 * time.Second,
			Message: fmt.Sprintf("%d previews of this environment are waiting already; ask again when some are done", MaxQueuedPreviews)}
	}
	return err
}

// FinishPreview stores the picture of a pending preview and ends its job. Of v it takes
// Blob, ContentType, Report and Uses. Of several attempts the first that finishes
// counts, the others get Conflict; NotFound if nobody wants it any more.
func (s *Store) FinishPreview(ctx context.Context, env tepin.EnvironmentID, job tepin.JobID, v tepin.Preview) error {
	return s.endPreview(ctx, env, job, v.ID, func(t *tx) error {
		if err := t.claimBlob(ctx, env, tepin.StoredCache, v.Blob); err != nil {
			return err
		}
		_, err := t.exec(ctx, `UPDATE preview SET state = $2, blob_key = $3, blob_size = $4, blob_sha256 = $5, content_type = $6, report = $7, uses = $8, created_at = $9, used_at = $9 WHERE id = $1`,
			v.ID, tepin.TaskFinished, v.Blob.Key, v.Blob.Size, v.Blob.SHA256, v.ContentType, v.Report, v.Uses, micros(t.now))
		return err
	})
}

// FailPreview ends a pending preview and its job with the reason why there is no
// picture, which Uses as v has it led to.
func (s *Store) FailPreview(ctx context.Context, env tepin.EnvironmentID, job tepin.JobID, v tepin.Preview) error {
	return s.endPreview(ctx, env, job, v.ID, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE preview SET state = $2, error_type = $3, error_detail = $4, report = $5, uses = $6, created_at = $7, used_at = $7 WHERE id = $1`,
			v.ID, tepin.TaskFailed, v.ErrorType, v.ErrorDetail, v.Report, v.Uses, micros(t.now))
		return err
	})
}

// endPreview does what ends a pending preview, in the transaction that ends its job.
func (s *Store) endPreview(ctx context.Context, env tepin.EnvironmentID, job tepin.JobID, id tepin.PreviewID, end func(*tx) error) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		before, err := preview(ctx, t, env, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if before.State != tepin.TaskPending {
			return tepin.Errorf(tepin.Conflict, "the preview has been made already")
		}
		n, err := t.exec(ctx, `DELETE FROM job WHERE id = $1 AND environment_id = $2 AND payload = $3`, job, env, id)
		if err == nil && n == 0 {
			err = tepin.Errorf(tepin.Conflict, "the job of the preview has ended already")
		}
		if err != nil {
			return err
		}
		return end(t)
	})
}
