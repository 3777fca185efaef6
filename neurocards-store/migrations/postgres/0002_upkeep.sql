-- Who keeps house for all processes, which videos were removed because they were old, and who needs a photo or a video.

CREATE TABLE duties (
    name    text COLLATE "C" PRIMARY KEY,
    leader  text        NOT NULL,
    -- Rises with each new leader.
    epoch   bigint      NOT NULL CHECK (epoch > 0),
    -- When the leader's term ends.
    until   timestamptz NOT NULL,
    done_at timestamptz
);

ALTER TABLE artifacts ADD COLUMN removed_at timestamptz,
    ADD CONSTRAINT removed_after_it_was_stored CHECK (removed_at >= created_at);

CREATE INDEX artifacts_kept ON artifacts (created_at) WHERE removed_at IS NULL;
CREATE INDEX artifacts_by_video ON artifacts (((artifact ->> 'sha256') COLLATE "C")) WHERE removed_at IS NULL;
CREATE INDEX orders_by_photo ON orders (((brief -> 'photo' ->> 'sha256') COLLATE "C"));
