-- Who keeps house for all processes, which videos were removed because they were old, and who needs a photo or a video.

CREATE TABLE duties (
    name    TEXT    NOT NULL PRIMARY KEY,
    leader  TEXT    NOT NULL,
    -- Rises with each new leader.
    epoch   INTEGER NOT NULL CHECK (epoch > 0),
    -- When the leader's term ends.
    until   INTEGER NOT NULL,
    done_at INTEGER
) STRICT, WITHOUT ROWID;

ALTER TABLE artifacts ADD COLUMN removed_at INTEGER CHECK (removed_at >= created_at);

CREATE INDEX artifacts_kept ON artifacts (created_at) WHERE removed_at IS NULL;
CREATE INDEX artifacts_by_video ON artifacts (artifact ->> '$.sha256') WHERE removed_at IS NULL;
CREATE INDEX orders_by_photo ON orders (brief ->> '$.photo.sha256');
