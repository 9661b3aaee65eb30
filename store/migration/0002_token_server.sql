-- The token server: credentials beside secrets, tokens of people, quotas.

ALTER TABLE environment ADD COLUMN browser_guard TEXT NOT NULL DEFAULT 'report';
ALTER TABLE environment ADD COLUMN quota TEXT NOT NULL DEFAULT '{}'; -- JSON

ALTER TABLE integration ADD COLUMN token_networks TEXT NOT NULL DEFAULT ''; -- CIDR, separated by spaces
ALTER TABLE integration ADD COLUMN use_networks TEXT NOT NULL DEFAULT '';
ALTER TABLE integration ADD COLUMN origins TEXT NOT NULL DEFAULT ''; -- separated by spaces
ALTER TABLE integration ADD COLUMN introspects BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE integration ADD COLUMN require_bound BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE integration ADD COLUMN quota TEXT NOT NULL DEFAULT '{}'; -- JSON

ALTER TABLE denied_token ADD COLUMN integration_id TEXT NOT NULL DEFAULT ''; -- '' = a person's
CREATE INDEX denied_token_of_integration ON denied_token (integration_id);
CREATE INDEX denied_token_end ON denied_token (expires_at);

ALTER TABLE signing_key ADD COLUMN purpose TEXT NOT NULL DEFAULT 'access';
ALTER TABLE signing_key ADD COLUMN sealed_by TEXT NOT NULL DEFAULT ''; -- id of the master key

-- audit_key is sealed once the master key that it was derived from is replaced.
-- not_before: tokens that were issued before it are refused.
ALTER TABLE instance ADD COLUMN audit_key BYTEA NOT NULL DEFAULT '';
ALTER TABLE instance ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0;

-- The integration that an entry is about follows from the entry: see AuditAbout.
ALTER TABLE audit_entry ADD COLUMN about TEXT NOT NULL DEFAULT '';
UPDATE audit_entry SET about = CASE WHEN action LIKE 'integration.%' THEN target WHEN actor_kind = 'integration' THEN actor_id ELSE '' END;
UPDATE audit_entry SET about = COALESCE((SELECT min(i.id) FROM integration AS i
    WHERE i.environment_id = audit_entry.chain AND audit_entry.detail LIKE '%"integration":"' || i.id || '"%'), about) WHERE action LIKE 'secret.%';
CREATE INDEX audit_entry_about ON audit_entry (chain, about, seq) WHERE about <> '';
CREATE INDEX audit_entry_signed ON audit_entry (chain, seq) WHERE action = 'audit.sign';

-- A rotation can be cancelled while the secrets that it replaced live. warned_days is of
-- how near an end the audit log has warned already; 0 = not yet.
ALTER TABLE secret ADD COLUMN replaced_by TEXT NOT NULL DEFAULT '';
ALTER TABLE secret ADD COLUMN ends_before BIGINT NOT NULL DEFAULT 0;
ALTER TABLE secret ADD COLUMN warned_days INTEGER NOT NULL DEFAULT 0;

-- Ways to authenticate without a secret.
CREATE TABLE trust (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    integration_id TEXT   NOT NULL REFERENCES integration (id),
    kind           TEXT   NOT NULL,
    label          TEXT   NOT NULL,
    keys           TEXT   NOT NULL,
    url            TEXT   NOT NULL,
    subject        TEXT   NOT NULL,
    audience       TEXT   NOT NULL,
    reusable       BOOLEAN NOT NULL,
    thumbprint     TEXT   NOT NULL,
    created_by     TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    not_before     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    last_used_at   BIGINT NOT NULL DEFAULT 0,
    last_used_from TEXT   NOT NULL DEFAULT '',
    warned_days    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX trust_of_integration ON trust (integration_id, id);

-- Client assertions that were taken: each is taken once, on whatever node.
CREATE TABLE assertion_seen (
    hash       BYTEA  PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX assertion_seen_expiry ON assertion_seen (expires_at);

-- People sign in to applications. The epoch goes up with each new password.
ALTER TABLE account ADD COLUMN epoch BIGINT NOT NULL DEFAULT 1;
ALTER TABLE console_session ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0; -- when the password was given in it again

CREATE TABLE application (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    client_id      TEXT   NOT NULL UNIQUE,
    name           TEXT   NOT NULL,
    name_key       BYTEA  NOT NULL,
    redirect_uris  TEXT   NOT NULL, -- separated by spaces
    created_by     TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL
);
CREATE UNIQUE INDEX application_name ON application (environment_id, name_key);

-- One sign-in of a person to an application. environment_id is empty where the
-- application is of no environment. access_ends_at is when its newest access token ends.
CREATE TABLE login (
    id             TEXT   PRIMARY KEY,
    account_id     TEXT   NOT NULL REFERENCES account (id),
    client_id      TEXT   NOT NULL,
    environment_id TEXT   NOT NULL,
    scopes         TEXT   NOT NULL,
    audience       TEXT   NOT NULL,
    session        BYTEA  NOT NULL, -- empty: it outlives the session that it began in
    signed_in_at   BIGINT NOT NULL,
    came_from      TEXT   NOT NULL,
    bound_key      TEXT   NOT NULL DEFAULT '', -- thumbprints of what its refresh tokens are bound to
    bound_cert     TEXT   NOT NULL DEFAULT '',
    created_at     BIGINT NOT NULL,
    used_at        BIGINT NOT NULL DEFAULT 0,
    access_ends_at BIGINT NOT NULL DEFAULT 0,
    ends_at        BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX login_of_account ON login (account_id, id);
CREATE INDEX login_of_client ON login (client_id, id);
CREATE INDEX login_of_session ON login (session);
CREATE INDEX login_end ON login (ends_at);
CREATE INDEX login_unused ON login (created_at) WHERE used_at = 0;
CREATE INDEX login_ended ON login (ended_at) WHERE ended_at > 0;

CREATE TABLE authorization_code (
    hash         BYTEA  PRIMARY KEY,
    login_id     TEXT   NOT NULL REFERENCES login (id),
    redirect_uri TEXT   NOT NULL,
    challenge    TEXT   NOT NULL,
    nonce        TEXT   NOT NULL,
    expires_at   BIGINT NOT NULL,
    spent_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX authorization_code_of_login ON authorization_code (login_id);

-- Those that were spent stay for a time: one that comes again ends its login.
CREATE TABLE refresh_token (
    hash       BYTEA  PRIMARY KEY,
    login_id   TEXT   NOT NULL REFERENCES login (id),
    created_at BIGINT NOT NULL,
    spent_at   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX refresh_token_of_login ON refresh_token (login_id);
CREATE INDEX refresh_token_spent ON refresh_token (spent_at) WHERE spent_at > 0;

CREATE TABLE device_request (
    id          TEXT    PRIMARY KEY,
    device_hash BYTEA   NOT NULL UNIQUE,
    user_hash   BYTEA   NOT NULL UNIQUE,
    client_id   TEXT    NOT NULL,
    scopes      TEXT    NOT NULL,
    audience    TEXT    NOT NULL,
    came_from   TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    login_id    TEXT    NOT NULL DEFAULT '',
    misses      INTEGER NOT NULL DEFAULT 0,
    poll_every  BIGINT  NOT NULL, -- microseconds
    polled_at   BIGINT  NOT NULL DEFAULT 0,
    created_at  BIGINT  NOT NULL,
    expires_at  BIGINT  NOT NULL
);
CREATE INDEX device_request_end ON device_request (expires_at);

-- What was used of each allowance of a quota, in the present period: one row for each,
-- which the next period takes over.
CREATE TABLE quota_count (
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    integration_id TEXT    NOT NULL, -- '' = of the environment's integrations together
    use            TEXT    NOT NULL,
    period         BIGINT  NOT NULL, -- how long it is
    began          BIGINT  NOT NULL,
    used           BIGINT  NOT NULL,
    warned         INTEGER NOT NULL, -- the highest threshold that was warned of
    PRIMARY KEY (environment_id, integration_id, use, period)
);

-- What the browser guard has seen.
CREATE INDEX audit_guard ON audit_entry (chain, at) WHERE action IN ('guard.block', 'guard.report');
