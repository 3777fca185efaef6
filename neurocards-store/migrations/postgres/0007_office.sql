-- What operators are told and do: alarms, maintenance, broadcasts.

CREATE TABLE alarms (
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    detail json NOT NULL,
    is_over boolean NOT NULL,
    since timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times bigint NOT NULL CHECK (times > 0),
    -- Of how many of these operators were told, and when they were told last.
    told_times bigint NOT NULL DEFAULT 0,
    told_at timestamptz,
    lease_epoch bigint NOT NULL CHECK (lease_epoch >= 0),
    -- When somebody is to look at it.
    wake_at timestamptz,
    PRIMARY KEY (kind, subject)
);

CREATE INDEX alarms_due ON alarms (wake_at) WHERE wake_at IS NOT NULL;

-- One row, while the house is closed for new orders.
CREATE TABLE maintenance (
    one integer PRIMARY KEY CHECK (one = 1),
    actor text NOT NULL,
    -- The queue was paused with it.
    paused boolean NOT NULL,
    since timestamptz NOT NULL
);

CREATE TABLE broadcasts (
    id text COLLATE "C" PRIMARY KEY,
    bot bigint NOT NULL,
    author bigint NOT NULL,
    text text NOT NULL,
    -- Only for people with this language.
    lang text COLLATE "C" CHECK (lang IN ('ru', 'en')),
    state text COLLATE "C" NOT NULL CHECK (state IN ('sending', 'cancelled', 'done')),
    -- The last person who was handed out.
    cursor bigint NOT NULL,
    total bigint NOT NULL CHECK (total >= 0),
    sent bigint NOT NULL DEFAULT 0,
    blocked bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    -- Nobody knows whether these have it.
    unknown bigint NOT NULL DEFAULT 0,
    lease_epoch bigint NOT NULL DEFAULT 0,
    wake_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT a_timer_until_the_end CHECK ((wake_at IS NULL) = (state <> 'sending'))
);

CREATE INDEX broadcasts_due ON broadcasts (bot, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX broadcasts_by_time ON broadcasts (bot, created_at);

-- People who were handed out and are not settled: `taken`, or `sending` from just before the call on.
CREATE TABLE broadcast_sends (
    broadcast text COLLATE "C" NOT NULL REFERENCES broadcasts (id),
    person bigint NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('taken', 'sending')),
    PRIMARY KEY (broadcast, person)
);
