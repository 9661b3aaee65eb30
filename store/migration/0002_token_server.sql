-- The token server: credentials beside secrets, tokens of people, quotas.

ALTER TABLE environment ADD COLUMN browser_guard TEXT NOT NULL DEFAULT 'report';
ALTER TABLE environment ADD COLUMN quota TEXT NOT NULL DEFAULT '{}'; -- JSON

ALTER TABLE integration ADD COLUMN token_networks TEXT NOT NULL DEFAULT ''; -- CIDR, separated by spaces
ALTER TABLE integration ADD COLUMN use_networks TEXT NOT NULL DEFAULT '';
ALTER TABLE integration ADD COLUMN origins TEXT NOT NULL DEFAULT ''; -- separated by spaces
ALTER TABLE integration ADD COLUMN introspects BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE integration ADD COLUMN quota TEXT NOT NULL DEFAULT '{}'; -- JSON

ALTER TABLE signing_key ADD COLUMN purpose TEXT NOT NULL DEFAULT 'access';

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
