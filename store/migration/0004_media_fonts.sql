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
