-- Templates, projects, collections, components, and what is chosen for them.

-- Deleted rows are kept for a while, to be restored: see trash.go.
CREATE INDEX template_deleted ON template (deleted_at) WHERE deleted_at > 0;
CREATE INDEX project_deleted ON project (deleted_at) WHERE deleted_at > 0;
CREATE INDEX media_deleted ON media (deleted_at) WHERE deleted_at > 0;

-- Rows that an older program deleted gave their bytes to the sweep.
DELETE FROM template WHERE deleted_at > 0;
DELETE FROM project WHERE deleted_at > 0;
DELETE FROM media WHERE deleted_at > 0;
