-- Templates, projects, collections, components, and what is chosen for them.

-- Deleted rows are kept for a while, to be restored: see trash.go.
CREATE INDEX template_deleted ON template (deleted_at) WHERE deleted_at > 0;
CREATE INDEX project_deleted ON project (deleted_at) WHERE deleted_at > 0;
CREATE INDEX media_deleted ON media (deleted_at) WHERE deleted_at > 0;

-- Rows that an older program deleted gave their bytes to the sweep.
DELETE FROM template WHERE deleted_at > 0;
DELETE FROM project WHERE deleted_at > 0;
DELETE FROM media WHERE deleted_at > 0;

-- Words know the name that they are of: what is searched for is found in its order.
ALTER TABLE word ADD COLUMN name_key BYTEA NOT NULL DEFAULT '';
UPDATE word SET name_key = COALESCE(
    (SELECT name_key FROM environment WHERE id = item_id), (SELECT name_key FROM integration WHERE id = item_id), (SELECT name_key FROM template WHERE id = item_id),
    (SELECT name_key FROM project WHERE id = item_id), (SELECT name_key FROM media WHERE id = item_id), (SELECT name_key FROM task WHERE id = item_id),
    (SELECT name_key FROM font_family WHERE id = item_id), (SELECT name_key FROM font_style WHERE id = item_id), name_key);
CREATE INDEX word_by_name ON word (environment_id, kind, word, name_key, item_id);

-- What lies in a folder has its path too: folder is the path of the folder that a folder
-- lies in, path its own. The rows of those that were there before are made by folder.go.
CREATE TABLE folder (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    kind           TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    name_key       BYTEA  NOT NULL,
    folder         TEXT   NOT NULL,
    folder_key     BYTEA  NOT NULL,
    path           TEXT   NOT NULL,
    path_key       BYTEA  NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL
);
CREATE UNIQUE INDEX folder_path ON folder (environment_id, kind, path_key);
CREATE INDEX folder_by_name ON folder (environment_id, kind, name_key, id);
CREATE INDEX folder_by_path ON folder (environment_id, kind, folder_key, name_key, id);
CREATE INDEX folder_by_id ON folder (environment_id, kind, id);

-- What is defined once for an environment: user interfaces, rich-text rules, brand kits,
-- subject types. The content is JSON.
CREATE TABLE definition (
    id             TEXT    PRIMARY KEY,
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    kind           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    name_key       BYTEA   NOT NULL,
    is_default     BOOLEAN NOT NULL,
    content        TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    version        BIGINT  NOT NULL
);
CREATE UNIQUE INDEX definition_name ON definition (environment_id, kind, name_key);
CREATE UNIQUE INDEX definition_default ON definition (environment_id, kind) WHERE is_default;
CREATE INDEX definition_by_name ON definition (environment_id, kind, name_key, id);
CREATE INDEX definition_by_id ON definition (environment_id, kind, id);

CREATE TABLE environment_settings (
    environment_id TEXT    PRIMARY KEY REFERENCES environment (id),
    sdk_version    TEXT    NOT NULL,
    brand_kit_sync BOOLEAN NOT NULL,
    version        BIGINT  NOT NULL
);

ALTER TABLE project ADD COLUMN user_interface_id TEXT NOT NULL DEFAULT '';
ALTER TABLE project ADD COLUMN collection_id TEXT NOT NULL DEFAULT ''; -- which it was made from
CREATE INDEX project_of_user_interface ON project (user_interface_id) WHERE user_interface_id <> '';

-- Who reaches which project: its owner, and those with whom it is shared. name_key and
-- deleted_at are the project's, so that everybody's list is an index.
CREATE TABLE project_access (
    project_id     TEXT   NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    subject_kind   TEXT   NOT NULL,
    subject_id     TEXT   NOT NULL,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    name_key       BYTEA  NOT NULL,
    access         TEXT   NOT NULL, -- owner, write or read
    created_at     BIGINT NOT NULL,
    deleted_at     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, subject_kind, subject_id)
);
CREATE INDEX project_access_by_name ON project_access (environment_id, subject_kind, subject_id, name_key, project_id) WHERE deleted_at = 0;
CREATE INDEX project_access_by_id ON project_access (environment_id, subject_kind, subject_id, project_id) WHERE deleted_at = 0;
CREATE INDEX project_shared_by_name ON project_access (environment_id, subject_kind, subject_id, name_key, project_id) WHERE deleted_at = 0 AND access <> 'owner';
CREATE INDEX project_shared_by_id ON project_access (environment_id, subject_kind, subject_id, project_id) WHERE deleted_at = 0 AND access <> 'owner';
INSERT INTO project_access (project_id, subject_kind, subject_id, environment_id, name_key, access, created_at)
    SELECT id, owner_kind, owner_id, environment_id, name_key, 'owner', created_at FROM project;

CREATE VIEW project_seen AS
    SELECT a.project_id AS id, a.environment_id AS environment_id, a.subject_kind AS subject_kind, a.subject_id AS subject_id, a.access AS access,
        a.name_key AS name_key, a.deleted_at AS deleted_at, p.owner_kind AS owner_kind, p.owner_id AS owner_id, p.name AS name, p.template_id AS template_id,
        p.user_interface_id AS user_interface_id, p.collection_id AS collection_id, p.document_key AS document_key, p.document_size AS document_size, p.document_sha256 AS document_sha256,
        p.created_at AS created_at, p.updated_at AS updated_at, p.content_at AS content_at, p.version AS version
    FROM project_access a JOIN project p ON p.id = a.project_id;

CREATE INDEX media_by_content ON media (environment_id, blob_sha256, id) WHERE deleted_at = 0;

CREATE TABLE collection (
    id                TEXT   PRIMARY KEY,
    environment_id    TEXT   NOT NULL REFERENCES environment (id),
    name              TEXT   NOT NULL,
    name_key          BYTEA  NOT NULL,
    description       TEXT   NOT NULL,
    user_interface_id TEXT   NOT NULL,
    cover_key         TEXT   NOT NULL,
    cover_size        BIGINT NOT NULL,
    cover_sha256      TEXT   NOT NULL,
    cover_type        TEXT   NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    version           BIGINT NOT NULL,
    deleted_at        BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX collection_name ON collection (environment_id, name_key) WHERE deleted_at = 0;
CREATE INDEX collection_by_name ON collection (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX collection_by_id ON collection (environment_id, id) WHERE deleted_at = 0;
CREATE INDEX collection_deleted ON collection (deleted_at) WHERE deleted_at > 0;
CREATE INDEX collection_of_user_interface ON collection (user_interface_id) WHERE user_interface_id <> '';

-- Entries of deleted templates stay, unseen, for when they are restored. An empty name is
-- the template's.
CREATE TABLE collection_entry (
    collection_id TEXT   NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    template_id   TEXT   NOT NULL REFERENCES template (id) ON DELETE CASCADE,
    position      BIGINT NOT NULL,
    name          TEXT   NOT NULL,
    added_at      BIGINT NOT NULL,
    PRIMARY KEY (collection_id, template_id)
);
CREATE INDEX collection_entry_order ON collection_entry (collection_id, position);
CREATE INDEX collection_entry_template ON collection_entry (template_id);

CREATE TABLE tag (
    id             TEXT   PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    name           TEXT   NOT NULL,
    name_key       BYTEA  NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL
);
CREATE UNIQUE INDEX tag_name ON tag (environment_id, name_key);
CREATE INDEX tag_by_name ON tag (environment_id, name_key, id);
CREATE INDEX tag_by_id ON tag (environment_id, id);

CREATE TABLE template_tag (
    template_id TEXT NOT NULL REFERENCES template (id) ON DELETE CASCADE,
    tag_id      TEXT NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (template_id, tag_id)
);
CREATE INDEX template_tag_templates ON template_tag (tag_id, template_id);

CREATE TABLE component (
    id              TEXT             PRIMARY KEY,
    environment_id  TEXT             NOT NULL REFERENCES environment (id),
    name            TEXT             NOT NULL,
    name_key        BYTEA            NOT NULL,
    width           DOUBLE PRECISION NOT NULL,
    height          DOUBLE PRECISION NOT NULL,
    unit            TEXT             NOT NULL,
    document_key    TEXT             NOT NULL,
    document_size   BIGINT           NOT NULL,
    document_sha256 TEXT             NOT NULL,
    created_at      BIGINT           NOT NULL,
    updated_at      BIGINT           NOT NULL,
    content_at      BIGINT           NOT NULL,
    version         BIGINT           NOT NULL,
    deleted_at      BIGINT           NOT NULL DEFAULT 0
);
CREATE INDEX component_by_name ON component (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX component_by_id ON component (environment_id, id) WHERE deleted_at = 0;
CREATE INDEX component_deleted ON component (deleted_at) WHERE deleted_at > 0;
