-- Output settings of every format; render tasks.

-- options: JSON of what few settings have.
ALTER TABLE output_settings ADD COLUMN options TEXT NOT NULL DEFAULT '{}';

-- Environments that are older than these formats get their default settings. The ids are
-- made of the environment's, which is as unique.
INSERT INTO output_settings (id, environment_id, name, description, format, is_default, watermark, watermark_text, scaling, quality, bleed, options, created_at, version)
    SELECT substr(id, 1, 24) || '00000000000a', id, 'Default GIF', '', 'gif', TRUE, FALSE, '', 1, 0, FALSE, '{"fps":25}', created_at, 1 FROM environment;
INSERT INTO output_settings (id, environment_id, name, description, format, is_default, watermark, watermark_text, scaling, quality, bleed, options, created_at, version)
    SELECT substr(id, 1, 24) || '00000000000b', id, 'Default MP4', '', 'mp4', TRUE, FALSE, '', 1, 0, FALSE, '{"fps":30}', created_at, 1 FROM environment;
INSERT INTO output_settings (id, environment_id, name, description, format, is_default, watermark, watermark_text, scaling, quality, bleed, options, created_at, version)
    SELECT substr(id, 1, 24) || '00000000000c', id, 'Default HTML', '', 'html', TRUE, FALSE, '', 1, 0, FALSE, '{}', created_at, 1 FROM environment;

ALTER TABLE task ADD COLUMN records INTEGER NOT NULL DEFAULT 1;    -- that were asked for
ALTER TABLE task ADD COLUMN successful INTEGER NOT NULL DEFAULT 0; -- of those, the ones that are in the output
UPDATE task SET successful = 1 WHERE state = 'finished';
CREATE INDEX task_by_state ON task (environment_id, state, id);
CREATE INDEX task_by_format ON task (environment_id, format, id);
