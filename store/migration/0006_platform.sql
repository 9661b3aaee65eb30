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
