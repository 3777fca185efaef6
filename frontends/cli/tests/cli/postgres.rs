//! The commands on a PostgreSQL server.

use std::process::Stdio;

use neurocards_testkit::postgres::{self, Database};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::flow::signal;
use crate::support::{Home, cup};

async fn execute(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn new_home() -> (Home, Database) {
    let database = postgres::empty_database().await;
    (Home::on(&database.url), database)
}

#[tokio::test]
async fn a_photo_becomes_a_video_on_a_server() {
    let (home, database) = new_home().await;
    let name = database.url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
    let empty = home.run(["doctor"]);
    assert!(empty.stdout.contains("has no schema yet"), "{empty:?}");
    let migrated = home.json(&["migrate"]);
    let version = migrated["to"].as_i64().unwrap();
    assert_eq!((&migrated["from"], &migrated["applied"]), (&Value::Null, &json!(true)));
    assert!(migrated["database"].as_str().unwrap().ends_with(&format!("/{name}")), "{migrated}");
    let again = home.run(["migrate"]);
    assert!(again.stdout.contains(&format!("is at version {version}, nothing to do")), "{again:?}");

    let made = home.run(["generate", &cup(), "Coffee cup 350 ml", "--idempotency-key", "k1", "--json"]);
    let mut names: Vec<Value> = made.lines().iter().map(|line| line["event"].clone()).collect();
    names.retain(|name| name != "progress");
    assert_eq!(names, ["placed", "prompted", "sent", "accepted", "rendered", "done", "result"], "{made:?}");
    let result = made.result();
    let video = std::fs::read(result["videos"][0]["path"].as_str().unwrap()).unwrap();
    assert_eq!(&video[4..8], b"ftyp");
    let job = result["jobs"][0]["id"].as_str().unwrap();
    assert_eq!(home.json(&["jobs", "list"])[0]["id"], job);
    let shown = home.json(&["jobs", "show", job]);
    assert_eq!(shown["events"].as_array().unwrap().len(), 6, "{shown}");
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 1, 0]);
    assert_eq!(home.json(&["credits", "balance"])["available"], -1);
    assert_eq!(home.run(["credits", "grant", "cli:shop", "5"]).code, Some(0));
    assert_eq!(home.json(&["credits", "balance", "cli:shop"])["available"], 5);
    assert_eq!(home.run(["queue", "status"]).code, Some(0));
    assert_eq!(home.json(&["workers", "list"]), json!([]), "who has ended is gone");
    home.assert_sound();
    let doctor = home.json(&["doctor"]);
    let check = |name: &str| {
        let checks = doctor["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).unwrap().clone()
    };
    assert_eq!(doctor["ok"], true, "{doctor:#}");
    assert!(check("database")["found"].as_str().unwrap().starts_with("PostgreSQL "), "{doctor:#}");
    assert_eq!(check("server clock")["state"], "ok");
    assert!(!home.data().join("neurocards.db").exists(), "there is no file");
}

#[tokio::test]
async fn two_workers_share_a_server() {
    let (home, _database) = new_home().await;
    let workers = [(); 2]
        .map(|()| home.command(["worker"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let listed = || home.json(&["workers", "list"]).as_array().unwrap().clone();
    for _ in 0..100 {
        if listed().len() == 2 {
            break;
        }
        std::thread::yield_now();
    }
    let seen = listed();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[0]["version"], env!("CARGO_PKG_VERSION"));
    assert!(!seen[0]["host"].as_str().unwrap().is_empty(), "{seen:?}");
    let placed = home.run(["generate", &cup(), "Cup", "--count", "3", "--no-wait", "--json"]).result();
    let waited = home.run(["jobs", "wait", placed["order"]["id"].as_str().unwrap(), "--json"]);
    assert_eq!(waited.result()["credits"], json!({"held": 0, "captured": 3, "released": 0}), "{waited:?}");
    for worker in workers {
        signal(&worker, "-TERM");
        let stopped = home.ran(worker.wait_with_output().unwrap());
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
    }
    assert_eq!(listed(), [] as [Value; 0]);
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [3, 3, 0]);
    home.assert_sound();
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_with_6() {
    let home = Home::on("postgres://neurocards:secret@127.0.0.1:1/neurocards");
    let cup = cup();
    for args in
        [vec!["generate", &*cup, "Cup"], vec!["migrate"], vec!["jobs", "list"], vec!["queue", "drain"]]
    {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(6), "{ran:?}");
        assert!(ran.stderr.contains("127.0.0.1:1 does not answer"), "{ran:?}");
        assert!(!ran.stderr.contains("secret"), "{ran:?}");
    }
    let doctor = home.run(["doctor"]);
    assert!(doctor.code == Some(1) && doctor.stdout.contains("does not answer"), "{doctor:?}");
    let result = home.run(["generate", &cup, "Cup", "--json"]).result();
    assert_eq!(result["error"]["class"], "database_unreachable");
    assert_eq!(result["error"]["spent"], "Nothing was spent.");
}

#[tokio::test]
async fn a_server_that_refuses_ends_with_4() {
    let database = postgres::empty_database().await;
    let user = postgres::GUARDED;
    execute(&database.url, format!("CREATE ROLE {user} LOGIN PASSWORD 'right-password'")).await;
    let url = |password: &str| {
        let mut url = url::Url::parse(&database.url).unwrap();
        url.set_username(user).unwrap();
        url.set_password(Some(password)).unwrap();
        url.to_string()
    };
    let wrong = Home::on(&url("wrong-password")).run(["jobs", "list"]);
    assert_eq!(wrong.code, Some(4), "{wrong:?}");
    assert!(wrong.stderr.contains("password authentication failed"), "{wrong:?}");
    assert!(!wrong.stderr.contains("wrong-password"), "{wrong:?}");
    // With the right one it is let in, and may not make a schema: that is no question of the password.
    let right = Home::on(&url("right-password")).run(["credits", "grant", "cli:shop", "1"]);
    assert_eq!(right.code, Some(1), "{right:?}");
    let missing = Home::on(&format!("{}_missing", database.url)).run(["migrate"]);
    assert_eq!(missing.code, Some(4), "{missing:?}");
    execute(&database.url, format!("DROP ROLE {user}")).await;
}

#[tokio::test]
async fn b10_a_schema_of_a_newer_version_is_not_touched() {
    let (home, database) = new_home().await;
    assert_eq!(home.run(["migrate"]).code, Some(0));
    let newer =
        "INSERT INTO neurocards._sqlx_migrations SELECT 9000, description, installed_on, success, checksum,
                 execution_time FROM neurocards._sqlx_migrations LIMIT 1";
    execute(&database.url, newer.to_owned()).await;
    let cup = cup();
    for args in [vec!["generate", &*cup, "Cup"], vec!["migrate"], vec!["queue", "status"], vec!["doctor"]] {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(format!("{ran:?}").contains("schema version 9000"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_simulation_on_a_server_keeps_its_promises() {
    let database = postgres::empty_database().await;
    let home = Home::new();
    let (url, jobs) = (database.url.as_str(), ["--jobs", "4"]);
    let ran =
        home.run(["simulate", "--weather", "calm", "--json", "--database-url", url].iter().chain(&jobs));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let result = ran.result();
    assert_eq!((&result["speed"], &result["done"]), (&json!(1), &json!(4)), "a server has its own clock");
}
