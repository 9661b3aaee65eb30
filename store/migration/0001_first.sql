-- One text for SQLite and PostgreSQL. Times are microseconds since 1970 UTC, 0 = none.
-- name_key and folder_key are NFC and case-folded bytes made in Go, so that both
-- databases order and compare alike. deleted_at = 0 means that a row lives.

CREATE TABLE instance (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    id               TEXT   NOT NULL,
    issuer           TEXT   NOT NULL,
    master_key_id    TEXT   NOT NULL,
    master_key_check BYTEA  NOT NULL,
    pepper_id        TEXT   NOT NULL,
    pepper_check     BYTEA  NOT NULL,
    created_at       BIGINT NOT NULL
);

-- The one row that every node watches; raised under its lock, so that its order is
-- the order of commits.
CREATE TABLE change_counter (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    value BIGINT NOT NULL
);
INSERT INTO change_counter (one, value) VALUES (1, 1);

CREATE TABLE audit_head (
    chain TEXT   PRIMARY KEY,
    seq   BIGINT NOT NULL,
    mac   BYTEA  NOT NULL
);

-- The heads of environments' chains that the instance's chain holds already.
CREATE TABLE audit_recorded (
    chain TEXT   PRIMARY KEY,
    seq   BIGINT NOT NULL
);

CREATE TABLE audit_entry (
    chain      TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor_kind TEXT   NOT NULL,
    actor_id   TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    mac        BYTEA  NOT NULL,
    PRIMARY KEY (chain, seq)
);

CREATE TABLE subscription (
    id         TEXT   PRIMARY KEY,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE environment (
    id              TEXT   PRIMARY KEY,
    subscription_id TEXT   NOT NULL REFERENCES subscription (id),
    name            TEXT   NOT NULL,
    name_key        BYTEA  NOT NULL,
    technical_name  TEXT   NOT NULL UNIQUE, -- for ever: a deleted one is not given out again
    type            TEXT   NOT NULL,
    token_lifetime  BIGINT NOT NULL,        -- microseconds
    signing_alg     TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    deleted_at      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX environment_by_name ON environment (name_key, id) WHERE deleted_at = 0;

-- The words of a thing's name, for search by word prefix. environment_id is empty
-- for the environments themselves.
CREATE TABLE word (
    environment_id TEXT  NOT NULL,
    kind           TEXT  NOT NULL,
    word           BYTEA NOT NULL,
    item_id        TEXT  NOT NULL,
    PRIMARY KEY (environment_id, kind, word, item_id)
);
CREATE INDEX word_of_item ON word (item_id, word);

CREATE TABLE integration (
    id             TEXT    PRIMARY KEY,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    client_id      TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    name_key       BYTEA   NOT NULL,
    description    TEXT    NOT NULL,
    scopes         TEXT    NOT NULL,
    enabled        BOOLEAN NOT NULL,
    epoch          BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    version        BIGINT  NOT NULL,
    deleted_at     BIGINT  NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX integration_name ON integration (environment_id, name_key) WHERE deleted_at = 0;
CREATE INDEX integration_by_name ON integration (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX integration_by_id ON integration (environment_id, id) WHERE deleted_at = 0;

CREATE TABLE secret (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    integration_id TEXT   NOT NULL REFERENCES integration (id),
    label          TEXT   NOT NULL,
    mac            BYTEA  NOT NULL,
    pepper_id      TEXT   NOT NULL,
    last_four      TEXT   NOT NULL,
    created_by     TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    not_before     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    last_used_at   BIGINT NOT NULL DEFAULT 0,
    last_used_from TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX secret_of_integration ON secret (integration_id, id);

CREATE TABLE denied_token (
    token_id   TEXT   PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE TABLE denied_key (
    key_id    TEXT   PRIMARY KEY,
    denied_at BIGINT NOT NULL
);

CREATE TABLE signing_key (
    id         TEXT   PRIMARY KEY,
    alg        TEXT   NOT NULL,
    public     BYTEA  NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    usable_at  BIGINT NOT NULL
);

CREATE TABLE access_grant (
    key_hash       BYTEA   PRIMARY KEY, -- SHA-256 of the fields of the key, length-prefixed
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    integration_id TEXT    NOT NULL REFERENCES integration (id),
    secret_id      TEXT    NOT NULL,
    audience       TEXT    NOT NULL,
    scopes         TEXT    NOT NULL,
    alg            TEXT    NOT NULL,
    lifetime       BIGINT  NOT NULL, -- microseconds
    format         INTEGER NOT NULL,
    key_id         TEXT    NOT NULL,
    issuer         TEXT    NOT NULL,
    token_id       TEXT    NOT NULL,
    epoch          BIGINT  NOT NULL,
    issued_at      BIGINT  NOT NULL,
    expires_at     BIGINT  NOT NULL,
    stored_at      BIGINT  NOT NULL
);
CREATE INDEX access_grant_of_integration ON access_grant (integration_id, stored_at);
CREATE INDEX access_grant_of_token ON access_grant (token_id);

CREATE TABLE account (
    id            TEXT    PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    administrator BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL
);

CREATE TABLE console_session (
    hash       BYTEA  PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX console_session_end ON console_session (expires_at);
CREATE INDEX console_session_of_account ON console_session (account_id);

CREATE TABLE setup_link (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    hash       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- state: pending (reserved, no record yet), live, dead (its record is gone), swept
-- (being deleted: no record can claim it any more).
CREATE TABLE blob (
    key            TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    state          TEXT   NOT NULL,
    changed_at     BIGINT NOT NULL
);
CREATE INDEX blob_to_sweep ON blob (changed_at) WHERE state <> 'live';

CREATE TABLE template (
    id              TEXT   PRIMARY KEY,
    environment_id  TEXT   NOT NULL REFERENCES environment (id),
    name            TEXT   NOT NULL,
    name_key        BYTEA  NOT NULL,
    folder          TEXT   NOT NULL,
    folder_key      BYTEA  NOT NULL,
    document_key    TEXT   NOT NULL,
    document_size   BIGINT NOT NULL,
    document_sha256 TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    content_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    deleted_at      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX template_by_name ON template (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX template_by_path ON template (environment_id, folder_key, name_key, id) WHERE deleted_at = 0;
CREATE INDEX template_by_id ON template (environment_id, id) WHERE deleted_at = 0;

CREATE TABLE project (
    id              TEXT   PRIMARY KEY,
    environment_id  TEXT   NOT NULL REFERENCES environment (id),
    owner_kind      TEXT   NOT NULL,
    owner_id        TEXT   NOT NULL,
    name            TEXT   NOT NULL,
    name_key        BYTEA  NOT NULL,
    template_id     TEXT   NOT NULL,
    document_key    TEXT   NOT NULL,
    document_size   BIGINT NOT NULL,
    document_sha256 TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    content_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    deleted_at      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX project_by_name ON project (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX project_by_id ON project (environment_id, id) WHERE deleted_at = 0;
CREATE INDEX project_of_owner_by_name ON project (environment_id, owner_kind, owner_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX project_of_owner_by_id ON project (environment_id, owner_kind, owner_id, id) WHERE deleted_at = 0;

CREATE TABLE media (
    id             TEXT    PRIMARY KEY,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    name           TEXT    NOT NULL,
    name_key       BYTEA   NOT NULL,
    extension      TEXT    NOT NULL,
    folder         TEXT    NOT NULL,
    folder_key     BYTEA   NOT NULL,
    content_type   TEXT    NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    blob_key       TEXT    NOT NULL,
    blob_size      BIGINT  NOT NULL,
    blob_sha256    TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    version        BIGINT  NOT NULL,
    deleted_at     BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX media_by_name ON media (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX media_by_path ON media (environment_id, folder_key, name_key, id) WHERE deleted_at = 0;
CREATE INDEX media_by_id ON media (environment_id, id) WHERE deleted_at = 0;

CREATE TABLE font_family (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    name           TEXT   NOT NULL,
    name_key       BYTEA  NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX font_family_name ON font_family (environment_id, name_key);
CREATE INDEX font_family_by_name ON font_family (environment_id, name_key, id);
CREATE INDEX font_family_by_id ON font_family (environment_id, id);

CREATE TABLE font_style (
    id             TEXT    PRIMARY KEY,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    family_id      TEXT    NOT NULL REFERENCES font_family (id),
    name           TEXT    NOT NULL,
    name_key       BYTEA   NOT NULL,
    weight         INTEGER NOT NULL,
    italic         BOOLEAN NOT NULL,
    extension      TEXT    NOT NULL,
    file_name      TEXT    NOT NULL,
    blob_key       TEXT    NOT NULL,
    blob_size      BIGINT  NOT NULL,
    blob_sha256    TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL
);
CREATE UNIQUE INDEX font_style_name ON font_style (environment_id, family_id, name_key);
CREATE INDEX font_style_by_name ON font_style (environment_id, family_id, name_key, id);

CREATE TABLE font_upload (
    id             TEXT    PRIMARY KEY,
    batch_id       TEXT    NOT NULL,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    family_name    TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    weight         INTEGER NOT NULL,
    italic         BOOLEAN NOT NULL,
    extension      TEXT    NOT NULL,
    file_name      TEXT    NOT NULL,
    blob_key       TEXT    NOT NULL,
    blob_size      BIGINT  NOT NULL,
    blob_sha256    TEXT    NOT NULL,
    problems       TEXT    NOT NULL, -- JSON array of strings
    position       INTEGER NOT NULL, -- in the batch
    created_at     BIGINT  NOT NULL
);
CREATE INDEX font_upload_of_batch ON font_upload (environment_id, batch_id, position);
CREATE INDEX font_upload_age ON font_upload (created_at);

CREATE TABLE output_settings (
    id             TEXT    PRIMARY KEY,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    name           TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    format         TEXT    NOT NULL,
    is_default     BOOLEAN NOT NULL,
    watermark      BOOLEAN NOT NULL,
    watermark_text TEXT    NOT NULL,
    scaling        DOUBLE PRECISION NOT NULL,
    quality        INTEGER NOT NULL,
    bleed          BOOLEAN NOT NULL,
    created_at     BIGINT  NOT NULL,
    version        BIGINT  NOT NULL
);
CREATE INDEX output_settings_of_environment ON output_settings (environment_id, format, id);
CREATE UNIQUE INDEX output_settings_default ON output_settings (environment_id, format) WHERE is_default;

CREATE TABLE task (
    id             TEXT    PRIMARY KEY,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    owner_kind     TEXT    NOT NULL,
    owner_id       TEXT    NOT NULL,
    format         TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    name_key       BYTEA   NOT NULL,
    source         TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    request_key    TEXT    NOT NULL,
    request_size   BIGINT  NOT NULL,
    request_sha256 TEXT    NOT NULL,
    result_key     TEXT    NOT NULL DEFAULT '',
    result_size    BIGINT  NOT NULL DEFAULT 0,
    result_sha256  TEXT    NOT NULL DEFAULT '',
    content_type   TEXT    NOT NULL DEFAULT '',
    file_name      TEXT    NOT NULL DEFAULT '',
    error_type     TEXT    NOT NULL DEFAULT '',
    error_detail   TEXT    NOT NULL DEFAULT '',
    report         TEXT    NOT NULL DEFAULT '',
    renders        BIGINT  NOT NULL DEFAULT 0,
    watermarked    BOOLEAN NOT NULL DEFAULT FALSE,
    created_at     BIGINT  NOT NULL,
    processed_at   BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX task_by_name ON task (environment_id, name_key, id);
CREATE INDEX task_by_id ON task (environment_id, id);
CREATE INDEX task_of_owner_by_name ON task (environment_id, owner_kind, owner_id, name_key, id);
CREATE INDEX task_of_owner_by_id ON task (environment_id, owner_kind, owner_id, id);
CREATE INDEX task_age ON task (created_at);
CREATE INDEX task_output_age ON task (processed_at) WHERE result_key <> '';

-- state: waiting (with lease_until: being worked on), dead (out of attempts, not yet
-- reported), done, failed.
CREATE TABLE job (
    id             TEXT    PRIMARY KEY,
    kind           TEXT    NOT NULL,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    payload        TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    attempt        INTEGER NOT NULL,
    max_attempts   INTEGER NOT NULL,
    lease_until    BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL
);
CREATE INDEX job_waiting ON job (environment_id, id) WHERE state = 'waiting';
CREATE INDEX job_ending ON job (lease_until) WHERE state = 'waiting' OR state = 'dead';
CREATE INDEX job_of_task ON job (payload);

CREATE TABLE render_count (
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    day            BIGINT NOT NULL, -- UTC midnight, microseconds
    format         TEXT   NOT NULL,
    renders        BIGINT NOT NULL,
    watermarked    BIGINT NOT NULL,
    PRIMARY KEY (environment_id, day, format)
);
