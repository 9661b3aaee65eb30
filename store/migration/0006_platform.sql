-- People with roles and groups; what an environment stores and renders, by kind.

-- category is what the bytes count as.
ALTER TABLE blob ADD COLUMN size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN category TEXT NOT NULL DEFAULT '';
UPDATE blob SET category = 'documents', size = (SELECT document_size FROM template WHERE document_key = blob.key) WHERE key IN (SELECT document_key FROM template);
UPDATE blob SET category = 'documents', size = (SELECT document_size FROM project WHERE document_key = blob.key) WHERE key IN (SELECT document_key FROM project);
UPDATE blob SET category = 'assets', size = (SELECT blob_size FROM media WHERE blob_key = blob.key) WHERE key IN (SELECT blob_key FROM media);
UPDATE blob SET category = 'fonts', size = (SELECT blob_size FROM font_style WHERE blob_key = blob.key) WHERE key IN (SELECT blob_key FROM font_style);
UPDATE blob SET category = 'fonts', size = (SELECT blob_size FROM font_upload WHERE blob_key = blob.key) WHERE key IN (SELECT blob_key FROM font_upload);
UPDATE blob SET category = 'other', size = (SELECT request_size FROM task WHERE request_key = blob.key) WHERE key IN (SELECT request_key FROM task);
UPDATE blob SET category = 'other', size = (SELECT result_size FROM task WHERE result_key = blob.key) WHERE key IN (SELECT result_key FROM task WHERE result_key <> '');

-- Subscriptions: 0 and '' mean no bound, none, unknown.
ALTER TABLE subscription ADD COLUMN client_name TEXT NOT NULL DEFAULT '';
ALTER TABLE subscription ADD COLUMN billing_contact TEXT NOT NULL DEFAULT '';
ALTER TABLE subscription ADD COLUMN designer_seats BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN sandbox_environments BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN production_environments BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN max_renders BIGINT NOT NULL DEFAULT 0; -- a month
ALTER TABLE subscription ADD COLUMN max_storage BIGINT NOT NULL DEFAULT 0; -- bytes
ALTER TABLE subscription ADD COLUMN average_months INTEGER NOT NULL DEFAULT 6;
ALTER TABLE subscription ADD COLUMN starts_at BIGINT NOT NULL DEFAULT 0; -- 0 = when it was made
ALTER TABLE subscription ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- A person's name is first name and last name; last_name is its end, as far as known.
ALTER TABLE account ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;

-- What a person is in a subscription. state: pending, active, deactivated.
CREATE TABLE member (
    subscription_id    TEXT    NOT NULL REFERENCES subscription (id),
    account_id         TEXT    NOT NULL REFERENCES account (id),
    state              TEXT    NOT NULL,
    subscription_admin BOOLEAN NOT NULL,
    template_designer  BOOLEAN NOT NULL, -- has a seat
    created_at         BIGINT  NOT NULL,
    updated_at         BIGINT  NOT NULL,
    version            BIGINT  NOT NULL,
    PRIMARY KEY (subscription_id, account_id)
);
CREATE INDEX member_of_account ON member (account_id);

-- One-time links: of an invitation to a subscription, or to set a new password (then
-- subscription_id is empty). Only the hash of what stands in them is kept.
CREATE TABLE account_link (
    hash            BYTEA  PRIMARY KEY,
    kind            TEXT   NOT NULL, -- invitation, password
    subscription_id TEXT   NOT NULL,
    account_id      TEXT   NOT NULL REFERENCES account (id),
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_link_of_account ON account_link (account_id, subscription_id, kind);
CREATE INDEX account_link_end ON account_link (expires_at);

-- The group [All users] has no row: its id is the subscription's, its members are the
-- subscription's.
CREATE TABLE person_group (
    id              TEXT   PRIMARY KEY,
    subscription_id TEXT   NOT NULL REFERENCES subscription (id),
    name            TEXT   NOT NULL,
    name_key        BYTEA  NOT NULL,
    description     TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL
);
CREATE UNIQUE INDEX person_group_name ON person_group (subscription_id, name_key);

CREATE TABLE group_member (
    group_id   TEXT NOT NULL REFERENCES person_group (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX group_member_of_account ON group_member (account_id);

-- Who may enter an environment, and as what: a person, or all of a group.
CREATE TABLE environment_role (
    environment_id TEXT NOT NULL REFERENCES environment (id),
    holder_kind    TEXT NOT NULL, -- account, group
    holder_id      TEXT NOT NULL,
    role           TEXT NOT NULL, -- EU, EA
    PRIMARY KEY (holder_id, environment_id)
);
CREATE INDEX environment_role_of_environment ON environment_role (environment_id);

-- What the live blobs of an environment weigh, in bytes.
CREATE TABLE storage_count (
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    category       TEXT   NOT NULL,
    bytes          BIGINT NOT NULL,
    PRIMARY KEY (environment_id, category)
);
INSERT INTO storage_count (environment_id, category, bytes)
    SELECT environment_id, category, sum(size) FROM blob WHERE state = 'live' AND category <> '' GROUP BY environment_id, category;

-- A deleted environment can be restored until it is purged; its name stays taken.
ALTER TABLE environment ADD COLUMN purged_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX environment_deleted ON environment (deleted_at) WHERE deleted_at > 0 AND purged_at = 0;
CREATE INDEX environment_of_subscription ON environment (subscription_id, id);
