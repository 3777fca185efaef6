//! Rows as the versions wrote them that made their tables, columns and forms.

/// What must be there, as `table` or `table.column`, and what is then written, in this order: an order that is over, each
/// video in another way (11 to 13), one whose videos wait, each for another step (21 to 24), and what lies around them.
///
/// `{id}` begins every id. `{then}` is an hour ago, `{soon}` in an hour, `{yes}` and `{no}` are truth, `{prompt}` is a
/// prompt, `{photo}` and `{artifact}` are of what lies in the media folder, `{task}` the provider has. `{turn}` and
/// `{first}` name and fill a column that PostgreSQL had from the start.
pub(super) const ROWS: &[(&str, &str)] = &[
    ("accounts", "INSERT INTO accounts (key, credit_limit, created_at) VALUES ('telegram:7', 0, {then})"),
    (
        "books",
        "INSERT INTO books (key, account, balance, floor) VALUES
         ('telegram:7/available', 'telegram:7', 7, 0), ('telegram:7/held', 'telegram:7', 4, 0);
         UPDATE books SET balance = -12 WHERE key = 'house:mint';
         UPDATE books SET balance = 1 WHERE key = 'house:revenue'",
    ),
    ("accounts.available", "UPDATE accounts SET available = 7, held = 4"),
    (
        "orders",
        "INSERT INTO orders (id, account, idempotency_key, fingerprint, brief, count, model, created_at) VALUES
         ('{id}01', 'telegram:7', 'key-1', 'print-1', '{brief}', 3, 'bytedance/seedance-1.5-pro', {then}),
         ('{id}02', 'telegram:7', 'key-2', 'print-2', '{brief}', 4, 'bytedance/seedance-1.5-pro', {then})",
    ),
    (
        "jobs",
        "INSERT INTO jobs (id, order_id, idx, stage, prompt, attempts, error, lease_epoch, lease_owner, wake_at, finished_at,
             account, provider, model, price, retries, stumbles, crashes, slow_told, {turn} deadline_at, created_at) VALUES
         ('{id}11', '{id}01', 0, 'done', '{prompt}', 1, NULL, 3, NULL, NULL, {then}, {job}),
         ('{id}12', '{id}01', 1, 'failed', '{prompt}', 1, '{fault}', 1, NULL, NULL, {then}, {job}),
         ('{id}13', '{id}01', 2, 'cancelled', NULL, 0, NULL, 0, NULL, NULL, {then}, {job}),
         ('{id}21', '{id}02', 0, 'prompt', NULL, 0, NULL, 0, NULL, {then}, NULL, {job}),
         ('{id}22', '{id}02', 1, 'submit', '{prompt}', 1, NULL, 1, 'worker-of-then', {then}, NULL, {job}),
         ('{id}23', '{id}02', 2, 'wait', '{prompt}', 1, NULL, 1, NULL, {then}, NULL, {job}),
         ('{id}24', '{id}02', 3, 'wait', '{prompt}', 1, NULL, 1, NULL, {then}, NULL, {job})",
    ),
    (
        "attempts",
        "INSERT INTO attempts (id, job_id, state, task_id, video, fault, sent_at, seq, provider, model, created_at, updated_at)
         VALUES
         ('{id}31', '{id}11', 'succeeded', 'task-31', 'http://127.0.0.1/31.mp4', NULL, {then}, {attempt}),
         ('{id}32', '{id}12', 'rejected', NULL, NULL, '{fault}', {then}, {attempt}),
         ('{id}42', '{id}22', 'intent', NULL, NULL, NULL, NULL, {attempt}),
         ('{id}43', '{id}23', 'unknown', NULL, NULL, NULL, {then}, {attempt}),
         ('{id}44', '{id}24', 'accepted', '{task}', NULL, NULL, {then}, {attempt})",
    ),
    (
        "artifacts",
        "INSERT INTO artifacts (job_id, artifact, created_at) VALUES ('{id}11', '{artifact}', {then})",
    ),
    (
        "ledger",
        "INSERT INTO ledger (id, kind, debit, credit, amount, job_id, reference, account, created_at) VALUES
         ('{id}50', 'topup', 'house:mint', {available}, 10, NULL, 'invoice-1', 'telegram:7', {then}),
         ('{id}51', 'bonus', 'house:mint', {available}, 2, NULL, 'telegram:7', 'telegram:7', {then}),
         ('{id}52', 'hold', {available}, {held}, 1, '{id}11', NULL, 'telegram:7', {then}),
         ('{id}53', 'hold', {available}, {held}, 1, '{id}12', NULL, 'telegram:7', {then}),
         ('{id}54', 'hold', {available}, {held}, 1, '{id}13', NULL, 'telegram:7', {then}),
         ('{id}55', 'hold', {available}, {held}, 1, '{id}21', NULL, 'telegram:7', {then}),
         ('{id}56', 'hold', {available}, {held}, 1, '{id}22', NULL, 'telegram:7', {then}),
         ('{id}57', 'hold', {available}, {held}, 1, '{id}23', NULL, 'telegram:7', {then}),
         ('{id}58', 'hold', {available}, {held}, 1, '{id}24', NULL, 'telegram:7', {then}),
         ('{id}59', 'capture', {held}, 'house:revenue', 1, '{id}11', NULL, 'telegram:7', {then}),
         ('{id}60', 'release', {held}, {available}, 1, '{id}12', NULL, 'telegram:7', {then}),
         ('{id}61', 'release', {held}, {available}, 1, '{id}13', NULL, 'telegram:7', {then})",
    ),
    (
        "notices",
        r#"INSERT INTO notices (id, subject, subject_id, order_id, kind, body, state, sends, account, lease_epoch, wake_at,
             created_at, updated_at) VALUES
         ('{id}71', 'order', '{id}01', '{id}01', 'started', '{"kind":"started","videos":3,"held":3}', 'superseded', 0, {notice}),
         ('{id}72', 'order', '{id}02', '{id}02', 'started', '{"kind":"started","videos":4,"held":4}', 'sent', 1, {notice}),
         ('{id}73', 'job', '{id}11', '{id}01', 'result', '{"kind":"result","artifact":{artifact}}', 'unknown', 1, {notice}),
         ('{id}74', 'job', '{id}12', '{id}01', 'failed', '{"kind":"failed","class":"user_violation","released":1}', 'pending', 0,
             {notice}),
         ('{id}75', 'job', '{id}13', '{id}01', 'cancelled', '{"kind":"cancelled","released":1}', 'dead', 3, {notice})"#,
    ),
    (
        "events",
        r#"INSERT INTO events (job_id, at, epoch, stage, body) VALUES
         ('{id}11', {then}, 0, 'prompt', '{"event":"placed","held":1}'),
         ('{id}11', {then}, 1, 'submit', '{"event":"prompted","source":"offline","fault":null}'),
         ('{id}11', {then}, 1, 'submit', '{"event":"sent","attempt":1}'),
         ('{id}11', {then}, 1, 'wait', '{"event":"accepted","task_id":"task-31"}'),
         ('{id}11', {then}, 2, 'store', '{"event":"rendered"}'),
         ('{id}11', {then}, 3, 'done', '{"event":"done","artifact":{artifact},"captured":1}'),
         ('{id}12', {then}, 1, 'failed', '{"event":"failed","fault":{fault},"released":1,"provider_may_charge":false}'),
         ('{id}13', {then}, 0, 'cancelled', '{"event":"cancelled","released":1}'),
         ('{id}21', {then}, 0, 'prompt', '{"event":"placed","held":1}'),
         ('{id}22', {then}, 1, 'submit', '{"event":"prompted","source":"offline","fault":null}'),
         ('{id}23', {then}, 1, 'wait', '{"event":"in_doubt","fault":{fault}}'),
         ('{id}24', {then}, 1, 'wait', '{"event":"accepted","task_id":"{task}"}')"#,
    ),
    ("jobs.turn", "UPDATE jobs SET turn = 7 WHERE stage = 'prompt'"),
    (
        "pauses",
        "INSERT INTO pauses (scope, model, actor, reason, since) VALUES ('model', 'preview', 'cli:op', 'slow', {then})",
    ),
    (
        "workers",
        "INSERT INTO workers (name, host, version, in_flight, started_at, seen_at) VALUES
         ('worker-of-then', 'host', '0.0.1', 3, {then}, {then})",
    ),
    ("attempts.hint", "UPDATE attempts SET hint = 'task-31', late_epoch = 2 WHERE state = 'succeeded'"),
    (
        "duties",
        "INSERT INTO duties (name, leader, epoch, until, done_at) VALUES ('upkeep', 'worker-of-then', 4, {then}, {then})",
    ),
    ("attempts.reason", "UPDATE attempts SET key = 'a1b2c3', reason = 'default' WHERE state = 'succeeded'"),
    (
        "resources",
        "INSERT INTO resources (provider, kind, name, failures, fault, failed_at, balance_milli, balance_at) VALUES
         ('kie', 'model', 'sora-2', 2, '{fault}', {then}, 9000, {then})",
    ),
    (
        "balances",
        "INSERT INTO balances (provider, kind, name, hour, at, milli) VALUES ('kie', 'account', 'other', 498000, {then}, 9000)",
    ),
    (
        "people",
        "INSERT INTO people (id, username, lang, lang_chosen, consent_at, preferences, first_seen_at, last_seen_at) VALUES
         (7, 'buyer', 'en', {yes}, {then}, '{}', {then}, {then})",
    ),
    (
        "updates",
        "INSERT INTO updates (bot, id, lane, body, tries, lease_epoch, came_at) VALUES (1, 5, 7, '{}', 1, 1, {then})",
    ),
    (
        "dialogues",
        "INSERT INTO dialogues (bot, chat, person, format, state, version, updated_at) VALUES
         (1, 7, 7, 1, '{}', 3, {then})",
    ),
    (
        "actions",
        "INSERT INTO actions (id, bot, chat, person, body, once, expires_at) VALUES
         ({action}, 1, 7, 7, '{}', {yes}, {soon})",
    ),
    (
        "cards",
        "INSERT INTO cards (account, key, bot, chat, message_id, order_id, state, lease_epoch, wake_at, created_at, updated_at)
         VALUES ('telegram:7', 'key-2', 1, 7, 12, '{id}02', 'live', 0, {then}, {then}, {then})",
    ),
    ("files", "INSERT INTO files (bot, sha256, file_id) VALUES (1, 'abc', 'file-1')"),
    ("feedback", "INSERT INTO feedback (order_id, person, good) VALUES ('{id}01', 7, {yes})"),
    ("allowances", "INSERT INTO allowances (person, what, key, at) VALUES (7, 'order', 'key-1', {then})"),
    (
        "payments",
        "INSERT INTO payments (id, account, bot, provider, credits, amount, currency, state, refunds, taken_back, told,
             lease_epoch, created_at, updated_at)
         VALUES ('{id}81', 'telegram:7', 1, 'stars', 10, 500, 'XTR', 'cancelled', 0, 0, 'cancelled', 1, {then}, {then})",
    ),
    (
        "alarms",
        "INSERT INTO alarms (kind, subject, detail, is_over, since, last_at, times, lease_epoch) VALUES
         ('balance_low', 'kie/account/other', '{}', {yes}, {then}, {then}, 3, 1)",
    ),
    (
        "broadcasts",
        "INSERT INTO broadcasts (id, bot, author, text, state, cursor, total, created_at, updated_at) VALUES
         ('news', 1, 7, 'Hello', 'done', 7, 1, {then}, {then})",
    ),
];
