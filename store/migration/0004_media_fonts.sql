-- Media and fonts.

-- facts are what the bytes say of themselves, own is what people added: JSON objects of
-- texts. A width or height of 0 is not known.
ALTER TABLE media ADD COLUMN pages INTEGER NOT NULL DEFAULT 1;
ALTER TABLE media ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE media ADD COLUMN own   TEXT NOT NULL DEFAULT '{}';
