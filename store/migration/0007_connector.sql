-- Connectors, their credentials and tokens.

CREATE TABLE connector (
    id                TEXT    PRIMARY KEY,
    environment_id    TEXT    NOT NULL REFERENCES environment (id),
    name              TEXT    NOT NULL,
    name_key          BYTEA   NOT NULL,
    description       TEXT    NOT NULL,
    publisher_version TEXT    NOT NULL,
    type              TEXT    NOT NULL,
    icon_url          TEXT    NOT NULL,
    options           TEXT    NOT NULL, -- JSON
    api_version       TEXT    NOT NULL,
    allowed_domains   TEXT    NOT NULL, -- separated by spaces
    allowed_methods   TEXT    NOT NULL, -- separated by spaces
    forwarded_headers BOOLEAN NOT NULL,
    enabled           BOOLEAN NOT NULL,
    is_default        BOOLEAN NOT NULL,
    owner             TEXT    NOT NULL,
    script_source     TEXT    NOT NULL,
    script            TEXT    NOT NULL,
    script_size       BIGINT  NOT NULL,
    script_sha256     TEXT    NOT NULL,
    browser_auth      TEXT    NOT NULL DEFAULT '', -- kinds of the credentials
    server_auth       TEXT    NOT NULL DEFAULT '',
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL,
    version           BIGINT  NOT NULL,
    deleted_at        BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX connector_name ON connector (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX connector_id ON connector (environment_id, id) WHERE deleted_at = 0;
CREATE INDEX connector_deleted ON connector (deleted_at) WHERE deleted_at > 0;
CREATE UNIQUE INDEX connector_default ON connector (environment_id, type) WHERE is_default AND deleted_at = 0;
CREATE UNIQUE INDEX connector_built_in ON connector (environment_id, script_source) WHERE owner = 'builtIn';

-- A credential goes with its connector: when that is purged, not yet when it is deleted.
CREATE TABLE connector_credential (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    connector_id   TEXT   NOT NULL REFERENCES connector (id) ON DELETE CASCADE,
    usage          TEXT   NOT NULL,
    kind           TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    sealed         BYTEA  NOT NULL,
    sealed_by      TEXT   NOT NULL, -- id of the master key
    created_at     BIGINT NOT NULL,
    UNIQUE (connector_id, usage)
);

-- What the sign-ins of people to upstreams gave.
CREATE TABLE connector_token (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    connector_id   TEXT   NOT NULL REFERENCES connector (id) ON DELETE CASCADE,
    credential_id  TEXT   NOT NULL REFERENCES connector_credential (id) ON DELETE CASCADE,
    user_id        TEXT   NOT NULL,
    sealed         BYTEA  NOT NULL,
    sealed_by      TEXT   NOT NULL,
    updated_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    UNIQUE (credential_id, user_id)
);
CREATE INDEX connector_token_of_connector ON connector_token (connector_id);

-- Sign-ins to upstreams that have begun. State and cookie are hashes.
CREATE TABLE connector_sign_in (
    state          BYTEA  PRIMARY KEY,
    cookie         BYTEA  NOT NULL,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    connector_id   TEXT   NOT NULL REFERENCES connector (id) ON DELETE CASCADE,
    credential_id  TEXT   NOT NULL REFERENCES connector_credential (id) ON DELETE CASCADE,
    user_id        TEXT   NOT NULL,
    verifier       TEXT   NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX connector_sign_in_created ON connector_sign_in (created_at);
CREATE INDEX connector_sign_in_connector ON connector_sign_in (connector_id);
CREATE INDEX connector_sign_in_credential ON connector_sign_in (credential_id);

CREATE TABLE staged_file (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    connector_id   TEXT   NOT NULL,
    owner_kind     TEXT   NOT NULL,
    owner_id       TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    content_type   TEXT   NOT NULL,
    blob_key       TEXT   NOT NULL,
    blob_size      BIGINT NOT NULL,
    blob_sha256    TEXT   NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX staged_file_created ON staged_file (created_at);
CREATE INDEX staged_file_owner ON staged_file (environment_id, owner_kind, owner_id);
