//! `migrate` from each older schema with data in it, on both databases: everything is still there, and the work goes on.

mod database;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};

use neurocards_fakes::kie::KieFake;
use neurocards_testkit::postgres;
use serde_json::{Value, json};

use self::database::{Database, Kind};
use self::rows::ROWS;
use crate::kie::{command, kie};
use crate::support::{Home, cup};

/// What the rows of then speak of: a photo and a video in the media folder, a task at the provider.
struct Past {
    media: PathBuf,
    tokens: Vec<(&'static str, String)>,
}

impl Past {
    /// Of a video that was just made in this home.
    fn new(home: &Home, kie: &KieFake) -> Self {
        let made = home.finish(command(home, kie, &["generate", &cup(), "Cup", "--json"])).result();
        let video = &made["videos"][0];
        let facts = ["sha256", "bytes", "codec", "width", "height", "duration_ms", "sound"];
        let artifact: Value = facts.map(|fact| (fact.to_owned(), video[fact].clone())).into_iter().collect();
        let media = home.data().join("media");
        let mut photo = media.join("photos");
        while photo.is_dir() {
            photo = fs::read_dir(&photo).unwrap().next().unwrap().unwrap().path();
        }
        let photo = json!({"sha256": photo.file_stem().unwrap().to_str(), "width": 600, "height": 400});
        let brief = json!({"photo": photo, "description": "Cup", "template": "ugc", "wishes": null, "own_prompt": null,
            "lang": "en"});
        let script = json!({"hook": "A cup", "benefit": "Keeps warm", "call_to_action": "Order today"});
        let prompt = json!({"text": "A cup turns in the light.", "script": script, "source": "offline"});
        let fault = json!({"class": "user_violation", "message": "no", "code": "400"});
        let model = "'kie', 'bytedance/seedance-1.5-pro'";
        let tokens = vec![
            ("{job}", format!("'telegram:7', {model}, 1, 0, 0, 0, {{no}}, {{first}} {{soon}}, {{then}}")),
            ("{attempt}", format!("1, {model}, {{then}}, {{then}}")),
            ("{notice}", "'telegram:7', 0, {then}, {then}, {then}".to_owned()),
            ("{available}", "'telegram:7/available'".to_owned()),
            ("{held}", "'telegram:7/held'".to_owned()),
            ("{id}", "00000000-0000-7000-8000-0000000000".to_owned()),
            ("{brief}", brief.to_string()),
            ("{prompt}", prompt.to_string()),
            ("{fault}", fault.to_string()),
            ("{artifact}", artifact.to_string()),
            ("{task}", kie.tasks()[0].id.clone()),
        ];
        Self { media, tokens }
    }

    /// Writes what a database of this schema would hold, and says what it holds: its tables, with all rows.
    async fn write(&self, db: &mut Database, kind: Kind) -> Vec<(String, Vec<String>, Vec<String>)> {
        let tables = db.tables().await;
        let is_there = |part: &str| {
            let (table, column) =
                part.split_once('.').map_or((part, None), |(table, column)| (table, Some(column)));
            tables.iter().any(|(name, columns)| {
                name == table && column.is_none_or(|column| columns.iter().any(|name| name == column))
            })
        };
        for (_, sql) in ROWS.iter().filter(|(part, _)| is_there(part)) {
            let own = self.tokens.iter().map(|(token, value)| (*token, value.as_str()));
            let sql = own
                .chain(kind.tokens())
                .fold((*sql).to_owned(), |sql, (token, value)| sql.replace(token, value));
            db.execute(&sql).await;
        }
        let mut held = Vec::new();
        for (table, columns) in tables {
            let rows = db.rows(&table, &columns).await;
            assert!(
                !rows.is_empty() || ["paces", "maintenance", "broadcast_sends"].contains(&table.as_str()),
                "{table}"
            );
            held.push((table, columns, rows));
        }
        held
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// The steps of the seven jobs, the oldest first.
fn stages(home: &Home) -> Vec<String> {
    let mut jobs = home.json(&["jobs", "list"]).as_array().unwrap().clone();
    jobs.sort_by_key(|job| job["id"].as_str().unwrap().to_owned());
    jobs.iter().map(|job| job["stage"].as_str().unwrap().to_owned()).collect()
}

fn balance(home: &Home) -> [i64; 2] {
    let balance = home.json(&["credits", "balance", "telegram:7"]);
    ["available", "held"].map(|part| balance[part].as_i64().unwrap())
}

/// One schema of then: migrated by the program, with nothing lost, and worked on.
async fn from_schema(kind: Kind, location: &str, home: &Home, past: &Past, kie: &KieFake, migrations: usize) {
    let all = kind.migrations().await;
    let (from, to) = (all[migrations - 1].version, all.last().unwrap().version);
    let mut db = Database::open(kind, location).await;
    db.make(&all[..migrations]).await;
    let held = past.write(&mut db, kind).await;
    db.close().await;
    copy(&past.media, &home.data().join("media"));

    let migrated = home.json(&["migrate"]);
    assert_eq!([&migrated["from"], &migrated["to"]], [from, to], "{migrated}");
    assert_eq!(migrated["applied"], from < to, "{migrated}");
    let mut db = Database::open(kind, location).await;
    for (table, columns, rows) in held {
        let mut now = db.rows(&table, &columns).await;
        now.retain(|row| table != "_sqlx_migrations" || rows.contains(row));
        assert_eq!(now, rows, "{table}, from {from}");
    }
    db.close().await;
    home.assert_sound();
    assert_eq!(balance(home), [7, 4], "from {from}");
    assert_eq!(stages(home), ["done", "failed", "cancelled", "prompt", "submit", "wait", "wait"]);
    for job in [11, 12, 13, 21, 22, 23, 24] {
        let shown = home.json(&["jobs", "show", &format!("00000000-0000-7000-8000-0000000000{job}")]);
        assert_eq!(shown["account"], "telegram:7", "{shown}");
    }

    let paid = kie.log().paid().len();
    let mut worker = command(home, kie, &["worker", "--until-idle"]);
    worker.env("NEUROCARDS_UNKNOWN_GRACE", "1s");
    let worked = home.finish(worker);
    assert_eq!(worked.code, Some(0), "from {from}: {worked:?}");
    // What was in doubt is given up, and not sent again.
    assert_eq!(stages(home), ["done", "failed", "cancelled", "done", "done", "failed", "done"], "{worked:?}");
    assert_eq!(kie.log().paid().len() - paid, 2, "from {from}");
    assert_eq!(balance(home), [8, 0], "from {from}");
    assert_eq!(home.entries("telegram:7", ["hold", "capture", "release"]), [7, 4, 3]);
    home.assert_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b10_every_older_schema_with_data_in_it_is_migrated_on_sqlite() {
    let (scratch, kie) = (Home::new(), kie());
    let past = Past::new(&scratch, &kie);
    for migrations in 1..=Kind::Sqlite.migrations().await.len() {
        let home = Home::new();
        fs::create_dir(home.data()).unwrap();
        let file = home.data().join("neurocards.db").display().to_string();
        from_schema(Kind::Sqlite, &file, &home, &past, &kie, migrations).await;
    }
    kie.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b10_every_older_schema_with_data_in_it_is_migrated_on_postgres() {
    let (scratch, kie) = (Home::new(), kie());
    let past = Past::new(&scratch, &kie);
    for migrations in 1..=Kind::Postgres.migrations().await.len() {
        let database = postgres::empty_database().await;
        let home = Home::on(&database.url);
        from_schema(Kind::Postgres, &database.url, &home, &past, &kie, migrations).await;
    }
    kie.finish();
}
