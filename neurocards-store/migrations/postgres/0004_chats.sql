-- Conversations: people, dialogues, buttons, cards. Numbers of bots, chats and people are the channel's.

CREATE TABLE people (
    id bigint PRIMARY KEY,
    username text,
    lang text COLLATE "C" NOT NULL CHECK (lang IN ('ru', 'en')),
    lang_chosen boolean NOT NULL,
    source text,
    consent_at timestamptz,
    blocked_at timestamptz,
    banned_at timestamptz,
    ban_actor text,
    ban_reason text,
    preferences json NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT a_ban_is_somebodys CHECK ((banned_at IS NULL) = (ban_actor IS NULL)
        AND (banned_at IS NULL) = (ban_reason IS NULL))
);

CREATE INDEX people_by_username ON people (lower(username)) WHERE username IS NOT NULL;

CREATE TABLE updates (
    bot bigint NOT NULL,
    id bigint NOT NULL,
    lane bigint NOT NULL,
    body json NOT NULL,
    -- It took effect, and this is still to be shown.
    reply json,
    tries integer NOT NULL CHECK (tries >= 0),
    lease_epoch bigint NOT NULL CHECK (lease_epoch >= 0),
    -- When it can be claimed: its timer, or the end of its lease. Those that are over have none.
    wake_at timestamptz,
    came_at timestamptz NOT NULL,
    PRIMARY KEY (bot, id)
);

CREATE INDEX updates_open ON updates (bot, lane, id, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX updates_by_time ON updates (came_at);

CREATE TABLE dialogues (
    bot bigint NOT NULL,
    chat bigint NOT NULL,
    person bigint NOT NULL,
    format integer NOT NULL CHECK (format > 0),
    state json NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bot, chat)
);

CREATE INDEX dialogues_by_person ON dialogues (person);

CREATE TABLE actions (
    id uuid PRIMARY KEY,
    bot bigint NOT NULL,
    chat bigint NOT NULL,
    person bigint NOT NULL,
    body json NOT NULL,
    once boolean NOT NULL,
    used boolean NOT NULL DEFAULT false,
    expires_at timestamptz NOT NULL
);

CREATE INDEX actions_by_end ON actions (expires_at);
CREATE INDEX actions_by_person ON actions (person);

CREATE TABLE cards (
    account text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    bot bigint NOT NULL,
    chat bigint NOT NULL,
    message_id bigint NOT NULL,
    order_id uuid,
    shown json,
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'live', 'closing', 'closed')),
    lease_epoch bigint NOT NULL CHECK (lease_epoch >= 0),
    wake_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account, key),
    CONSTRAINT a_live_card_has_an_order CHECK (order_id IS NOT NULL OR state = 'waiting')
);

CREATE INDEX cards_due ON cards (bot, wake_at) WHERE state IN ('live', 'closing');
CREATE INDEX cards_by_order ON cards (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX cards_by_chat ON cards (bot, chat);

CREATE TABLE files (
    bot bigint NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    file_id text NOT NULL,
    PRIMARY KEY (bot, sha256)
);

CREATE TABLE feedback (
    order_id uuid NOT NULL,
    person bigint NOT NULL,
    good boolean NOT NULL,
    PRIMARY KEY (order_id, person)
);

CREATE INDEX feedback_by_person ON feedback (person);

CREATE TABLE allowances (
    person bigint NOT NULL,
    what text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (person, what, key)
);

CREATE INDEX allowances_by_time ON allowances (at);

-- Who comes back hears what waited.
CREATE INDEX notices_blocked ON notices (account) WHERE state = 'blocked';
