//! pgbench, beside which our rates stand: on plain rows, and on the store's own statements, one job in each.

use std::process::Command;

use neurocards_testkit::postgres::{Server, binaries};

const PLACE: &str = include_str!("../../neurocards-store/src/postgres/sql/place.sql");
const CLAIM: &str = include_str!("../../neurocards-store/src/postgres/sql/claim.sql");
const APPLY: &str = include_str!("../../neurocards-store/src/postgres/sql/apply.sql");

/// Whole lives a second, by as many clients as serve best on two cores.
pub(crate) fn lifecycles(server: &Server, database: &str) -> f64 {
    run(server, database, 8, &life())
}

/// Orders a second, each one placed by the store's own statement.
pub(crate) fn orders(server: &Server, database: &str, clients: usize) -> f64 {
    run(server, database, clients, &(NUMBERS.to_owned() + &placement()))
}

/// Plain rows a second, one in each transaction: what the disk and the server give at best.
pub(crate) fn rows(server: &Server, database: &str, clients: usize) -> f64 {
    let insert = "INSERT INTO plain (body) VALUES ('a row of about a hundred bytes, to be on the disk before the next \
        one is written, as an order is');\n";
    run(server, database, clients, insert)
}

/// Where plain rows go.
pub(crate) const PLAIN: &str =
    "CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)";

/// Transactions a second.
fn run(server: &Server, database: &str, clients: usize, script: &str) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("script.sql");
    std::fs::write(&file, script).expect("the script is written");
    let options = server.options(database);
    let socket = options.get_socket().map(|path| path.display().to_string());
    let host = socket.unwrap_or_else(|| options.get_host().to_owned());
    let (clients, threads) = (clients.to_string(), clients.min(2).to_string());
    let output = Command::new(binaries().join("pgbench"))
        .args(["-n", "-M", "prepared", "-c", &clients, "-j", &threads, "-T", "10", "-f"])
        .arg(&file)
        .args(["-h", &host, "-U", "postgres", database])
        .env(
            "PGOPTIONS",
            "-c search_path=neurocards,public -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
             -c plan_cache_mode=force_generic_plan -c jit=off",
        )
        .output()
        .expect("pgbench runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench: {said}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// A job's number, and its account.
const NUMBERS: &str = "\\set n random(1, 1000000000000)\n\\set account random(0, 99)\n";

fn id(what: &str) -> String {
    format!("md5('{what}' || :n || '-' || :client_id)::uuid")
}

/// One order is placed.
fn placement() -> String {
    let (order, job, account) = (id("o"), id("j"), "'telegram:' || :account");
    let place = PLACE
        .replace(
            "$1::text::json",
            &format!(
                "json_build_array(json_build_object('id', {order}, 'account', {account}, 'key', 'k' || :n || '-' || \
                 :client_id, 'fingerprint', 'f', 'brief', '{BRIEF}'::json, 'count', 1, 'model', 'memory', 'provider', \
                 'memory', 'price', 1, 'needed', 1, 'deadline', 3600000000, 'notice', {notice}, 'body', \
                 '{{\"kind\":\"started\",\"videos\":1,\"held\":1}}'::json, 'debit', {account} || '/available', \
                 'credit', {account} || '/held', 'event', '{{\"event\":\"placed\",\"held\":1}}'::json))",
                notice = id("n"),
            ),
        )
        .replace(
            "$2::text::json",
            &format!(
                "json_build_array(json_build_object('order_id', {order}, 'id', {job}, 'entry', {}, 'idx', 0))",
                id("h")
            ),
        )
        .replace("$3", "NULL");
    statement(&place)
}

/// The statements of one life.
fn life() -> String {
    let (job, attempt) = (id("j"), id("a"));
    let mut script = NUMBERS.to_owned() + &placement();
    let claim = CLAIM
        .replace("/*scope*/", &format!("jobs.id = {job}"))
        .replace("/*columns*/", "jobs.*, orders.*, attempts.*")
        .replace("$1", "ARRAY['memory']")
        .replace("$2", "'pgbench'")
        .replace("$3", "30000000")
        .replace("$4", "NULL")
        .replace("$6", "100")
        .replace("$7", "100")
        .replace("$8", "100");
    let apply = |epoch: u8, stage: &str, target: &str, more: &str| {
        let row = format!(
            "json_build_array(json_build_object('id', {job}, 'epoch', {epoch}, 'stage', '{stage}', 'target', \
             '{target}', 'retries', 0, 'stumbles', 0, 'slow_told', false, {more}))"
        );
        statement(&APPLY.replace("$1::text::json", &row).replace("$2", "NULL"))
    };
    let event = "'event', '{\"event\":\"rendered\"}'::json";
    script.push_str(&statement(&claim));
    script.push_str(&apply(
        1,
        "prompt",
        "submit",
        &format!(
            "'keep', true, 'prompt', '{PROMPT}'::json, 'attempt_new', {attempt}, 'attempt_seq', 1, 'silences', false, \
             {event}"
        ),
    ));
    let change = |from: &str, to: &str| {
        format!(
            "'attempt', {attempt}, 'attempt_from', '{from}', 'attempt_to', '{to}', 'silences', false, {event}"
        )
    };
    script.push_str(&apply(1, "submit", "submit", &format!("'keep', true, {}", change("intent", "sent"))));
    script.push_str(&apply(
        1,
        "submit",
        "wait",
        &format!("'keep', false, 'wait', 0, 'task_id', {attempt}::text, {}", change("sent", "accepted")),
    ));
    script.push_str(&statement(&claim));
    script.push_str(&apply(
        2,
        "wait",
        "store",
        &format!("'keep', true, 'video', 'v', {}", change("accepted", "succeeded")),
    ));
    script.push_str(&apply(
        2,
        "store",
        "done",
        &format!(
            "'keep', false, 'entry', {}, 'kind', 'capture', 'artifact', '{ARTIFACT}'::json, 'notice', {}, \
             'notice_kind', 'result', 'notice_body', '{{\"kind\":\"result\"}}'::json, 'silences', true, {event}",
            id("c"),
            id("r")
        ),
    ));
    script.push_str(&statement(&format!(
        "UPDATE notices SET state = 'sending', sends = sends + 1, lease_epoch = lease_epoch + 1, wake_at = now() \
         WHERE id = {}",
        id("r")
    )));
    script.push_str(&statement(&format!(
        "UPDATE notices SET state = 'sent', updated_at = now() WHERE id = {} AND state = 'sending'",
        id("r")
    )));
    script
}

/// One line, without comments: pgbench reads statements up to a semicolon.
fn statement(sql: &str) -> String {
    // A colon before a word would be a variable.
    let sql = sql.replace("\":", "\": ").replace("'house:revenue'", "'house' || chr(58) || 'revenue'");
    let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    format!("{};\n", lines.collect::<Vec<_>>().join(" "))
}

const BRIEF: &str = r#"{"photo":{"sha256":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","width":900,"height":1200},"description":"Coffee cup, 350 ml, matte","template":"ugc","lang":"en"}"#;
const PROMPT: &str = r#"{"text":"A matte ceramic cup turns slowly on a wooden table, morning light, vertical 9 by 16","source":"bench"}"#;
const ARTIFACT: &str = r#"{"sha256":"a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7","bytes":1234567,"codec":"avc1","width":720,"height":1280}"#;
