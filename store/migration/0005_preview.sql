-- Previews: pictures that can be made again, and why one could not be made.
CREATE TABLE preview (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    kind           TEXT   NOT NULL,
    subject_id     TEXT   NOT NULL,
    slot           TEXT   NOT NULL,
    key            TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    request        TEXT   NOT NULL,
    uses           TEXT   NOT NULL,
    blob_key       TEXT   NOT NULL,
    blob_size      BIGINT NOT NULL,
    blob_sha256    TEXT   NOT NULL,
    content_type   TEXT   NOT NULL,
    error_type     TEXT   NOT NULL,
    error_detail   TEXT   NOT NULL,
    report         TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    used_at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX preview_by_key ON preview (environment_id, key);
CREATE INDEX preview_by_slot ON preview (subject_id, kind, slot, created_at);
CREATE INDEX preview_by_use ON preview (environment_id, used_at);
CREATE INDEX preview_used ON preview (used_at);
CREATE INDEX preview_failed ON preview (created_at) WHERE state = 'failed';
