-- Media and fonts.

-- facts are what the bytes say of themselves, own is what people added: JSON objects of
-- texts. A width or height of 0 is not known.
ALTER TABLE media ADD COLUMN pages INTEGER NOT NULL DEFAULT 1;
ALTER TABLE media ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE media ADD COLUMN own   TEXT NOT NULL DEFAULT '{}';

-- What of a picture must be seen: of media, whose row is media_id, and of pictures of
-- other systems, for which that is null. A crop is JSON; 'null' says only that the subject
-- is there. The empty subject type is the picture as a whole.
CREATE TABLE vision (
    environment_id  TEXT NOT NULL REFERENCES environment (id),
    item            TEXT NOT NULL,
    subject_type_id TEXT NOT NULL,
    media_id        TEXT REFERENCES media (id) ON DELETE CASCADE,
    crop            TEXT NOT NULL,
    PRIMARY KEY (environment_id, item, subject_type_id)
);
CREATE INDEX vision_of_media ON vision (media_id);
CREATE INDEX vision_of_subject ON vision (subject_type_id);

CREATE TABLE external_media (
    environment_id TEXT    NOT NULL REFERENCES environment (id),
    id             TEXT    NOT NULL, -- SHA-256 in hexadecimal
    content_type   TEXT    NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    version        BIGINT  NOT NULL,
    PRIMARY KEY (environment_id, id)
);

-- Fonts have versions and can be restored; what is deleted no longer takes its name.
ALTER TABLE font_family ADD COLUMN version    BIGINT NOT NULL DEFAULT 1;
ALTER TABLE font_family ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE font_style  ADD COLUMN version    BIGINT NOT NULL DEFAULT 1;
ALTER TABLE font_style  ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE font_style  ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE font_style  ADD COLUMN embedding  TEXT   NOT NULL DEFAULT '';
ALTER TABLE font_upload ADD COLUMN embedding  TEXT   NOT NULL DEFAULT '';
UPDATE font_style SET updated_at = created_at;
DROP INDEX font_family_name;
DROP INDEX font_family_by_name;
DROP INDEX font_family_by_id;
DROP INDEX font_style_name;
DROP INDEX font_style_by_name;
CREATE UNIQUE INDEX font_family_name ON font_family (environment_id, name_key) WHERE deleted_at = 0;
CREATE INDEX font_family_by_name ON font_family (environment_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX font_family_by_id ON font_family (environment_id, id) WHERE deleted_at = 0;
CREATE INDEX font_family_deleted ON font_family (deleted_at) WHERE deleted_at > 0;
CREATE UNIQUE INDEX font_style_name ON font_style (environment_id, family_id, name_key) WHERE deleted_at = 0;
CREATE INDEX font_style_by_name ON font_style (environment_id, family_id, name_key, id) WHERE deleted_at = 0;
CREATE INDEX font_style_of_family ON font_style (family_id);
CREATE INDEX font_style_deleted ON font_style (deleted_at) WHERE deleted_at > 0;
