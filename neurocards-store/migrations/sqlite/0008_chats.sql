-- Conversations: people, dialogues, buttons, cards. Numbers of bots, chats and people are the channel's.

CREATE TABLE people (
    id            INTEGER NOT NULL PRIMARY KEY,
    username      TEXT,
    lang          TEXT    NOT NULL CHECK (lang IN ('ru', 'en')),
    lang_chosen   INTEGER NOT NULL CHECK (lang_chosen IN (0, 1)),
    source        TEXT,
    consent_at    INTEGER,
    blocked_at    INTEGER,
    banned_at     INTEGER,
    ban_actor     TEXT,
    ban_reason    TEXT,
    preferences   TEXT    NOT NULL CHECK (json_valid(preferences)),
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    CONSTRAINT a_ban_is_somebodys CHECK ((banned_at IS NULL) = (ban_actor IS NULL)
        AND (banned_at IS NULL) = (ban_reason IS NULL))
) STRICT;

CREATE INDEX people_by_username ON people (username COLLATE NOCASE) WHERE username IS NOT NULL;

CREATE TABLE updates (
    bot         INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    lane        INTEGER NOT NULL,
    body        TEXT    NOT NULL CHECK (json_valid(body)),
    -- It took effect, and this is still to be shown.
    reply       TEXT             CHECK (json_valid(reply)),
    tries       INTEGER NOT NULL CHECK (tries >= 0),
    lease_epoch INTEGER NOT NULL CHECK (lease_epoch >= 0),
    -- When it can be claimed: its timer, or the end of its lease. Those that are over have none.
    wake_at     INTEGER,
    came_at     INTEGER NOT NULL,
    PRIMARY KEY (bot, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX updates_open ON updates (bot, lane, id, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX updates_by_time ON updates (came_at);

CREATE TABLE dialogues (
    bot        INTEGER NOT NULL,
    chat       INTEGER NOT NULL,
    person     INTEGER NOT NULL,
    format     INTEGER NOT NULL CHECK (format > 0),
    state      TEXT    NOT NULL CHECK (json_valid(state)),
    version    INTEGER NOT NULL CHECK (version > 0),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (bot, chat)
) STRICT, WITHOUT ROWID;

CREATE INDEX dialogues_by_person ON dialogues (person);

CREATE TABLE actions (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    bot        INTEGER NOT NULL,
    chat       INTEGER NOT NULL,
    person     INTEGER NOT NULL,
    body       TEXT    NOT NULL CHECK (json_valid(body)),
    once       INTEGER NOT NULL CHECK (once IN (0, 1)),
    used       INTEGER NOT NULL DEFAULT 0 CHECK (used IN (0, 1)),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX actions_by_end ON actions (expires_at);
CREATE INDEX actions_by_person ON actions (person);

CREATE TABLE cards (
    account     TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    bot         INTEGER NOT NULL,
    chat        INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    order_id    TEXT,
    shown       TEXT             CHECK (json_valid(shown)),
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'live', 'closing', 'closed')),
    lease_epoch INTEGER NOT NULL CHECK (lease_epoch >= 0),
    wake_at     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (account, key),
    CONSTRAINT a_live_card_has_an_order CHECK (order_id IS NOT NULL OR state = 'waiting')
) STRICT, WITHOUT ROWID;

CREATE INDEX cards_due ON cards (bot, wake_at) WHERE state IN ('live', 'closing');
CREATE INDEX cards_by_order ON cards (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX cards_by_chat ON cards (bot, chat);

CREATE TABLE files (
    bot     INTEGER NOT NULL,
    sha256  TEXT    NOT NULL,
    file_id TEXT    NOT NULL,
    PRIMARY KEY (bot, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback (
    order_id TEXT    NOT NULL,
    person   INTEGER NOT NULL,
    good     INTEGER NOT NULL CHECK (good IN (0, 1)),
    PRIMARY KEY (order_id, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX feedback_by_person ON feedback (person);

CREATE TABLE allowances (
    person INTEGER NOT NULL,
    what   TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (person, what, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX allowances_by_time ON allowances (at);

-- Who comes back hears what waited.
CREATE INDEX notices_blocked ON notices (account) WHERE state = 'blocked';
