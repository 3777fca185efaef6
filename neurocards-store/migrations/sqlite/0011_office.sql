-- What operators are told and do: alarms, maintenance, broadcasts.

CREATE TABLE alarms (
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    detail      TEXT    NOT NULL CHECK (json_valid(detail)),
    is_over     INTEGER NOT NULL CHECK (is_over IN (0, 1)),
    since       INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    times       INTEGER NOT NULL CHECK (times > 0),
    -- Of how many of these operators were told, and when they were told last.
    told_times  INTEGER NOT NULL DEFAULT 0,
    told_at     INTEGER,
    lease_epoch INTEGER NOT NULL CHECK (lease_epoch >= 0),
    -- When somebody is to look at it.
    wake_at     INTEGER,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX alarms_due ON alarms (wake_at) WHERE wake_at IS NOT NULL;

-- One row, while the house is closed for new orders.
CREATE TABLE maintenance (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    actor  TEXT    NOT NULL,
    -- The queue was paused with it.
    paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
    since  INTEGER NOT NULL
) STRICT;

CREATE TABLE broadcasts (
    id          TEXT    NOT NULL PRIMARY KEY,
    bot         INTEGER NOT NULL,
    author      INTEGER NOT NULL,
    text        TEXT    NOT NULL,
    -- Only for people with this language.
    lang        TEXT             CHECK (lang IN ('ru', 'en')),
    state       TEXT    NOT NULL CHECK (state IN ('sending', 'cancelled', 'done')),
    -- The last person who was handed out.
    cursor      INTEGER NOT NULL,
    total       INTEGER NOT NULL CHECK (total >= 0),
    sent        INTEGER NOT NULL DEFAULT 0,
    blocked     INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    -- Nobody knows whether these have it.
    unknown     INTEGER NOT NULL DEFAULT 0,
    lease_epoch INTEGER NOT NULL DEFAULT 0,
    wake_at     INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    CONSTRAINT a_timer_until_the_end CHECK ((wake_at IS NULL) = (state <> 'sending'))
) STRICT, WITHOUT ROWID;

CREATE INDEX broadcasts_due ON broadcasts (bot, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX broadcasts_by_time ON broadcasts (bot, created_at);

-- People who were handed out and are not settled: `taken`, or `sending` from just before the call on.
CREATE TABLE broadcast_sends (
    broadcast TEXT    NOT NULL REFERENCES broadcasts (id),
    person    INTEGER NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('taken', 'sending')),
    PRIMARY KEY (broadcast, person)
) STRICT, WITHOUT ROWID;
