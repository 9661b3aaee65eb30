-- Templates, projects, collections, components, and what is chosen for them.

-- Deleted rows are kept for a while, to be restored: see trash.go.
CREATE INDEX template_deleted ON template (deleted_at) WHERE deleted_at > 0;
CREATE INDEX project_deleted ON project (deleted_at) WHERE deleted_at > 0;
CREATE INDEX media_deleted ON media (deleted_at) WHERE deleted_at > 0;

-- Rows that an older program deleted gave their bytes to the sweep.
DELETE FROM template WHERE deleted_at > 0;
DELETE FROM project WHERE deleted_at > 0;
DELETE FROM media WHERE deleted_at > 0;

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
