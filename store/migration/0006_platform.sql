-- People with roles and groups; what an environment stores and renders, by kind.

-- category is what the bytes count as. Joined, not looked up: the keys have no index in
-- the tables of their owners.
ALTER TABLE blob ADD COLUMN size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN category TEXT NOT NULL DEFAULT '';
UPDATE blob SET category = 'documents', size = template.document_size FROM template WHERE template.document_key = blob.key;
UPDATE blob SET category = 'documents', size = project.document_size FROM project WHERE project.document_key = blob.key;
UPDATE blob SET category = 'assets', size = media.blob_size FROM media WHERE media.blob_key = blob.key;
UPDATE blob SET category = 'fonts', size = font_style.blob_size FROM font_style WHERE font_style.blob_key = blob.key;
UPDATE blob SET category = 'fonts', size = font_upload.blob_size FROM font_upload WHERE font_upload.blob_key = blob.key;
UPDATE blob SET category = 'other', size = task.request_size FROM task WHERE task.request_key = blob.key;
UPDATE blob SET category = 'other', size = task.result_size FROM task WHERE task.result_key = blob.key;

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
