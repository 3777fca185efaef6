//! `doctor`, `migrate`, and a machine in trouble.

use serde_json::json;

use crate::support::{Home, cup, settings};

#[test]
fn a_new_folder_is_migrated_and_sound() {
    let home = Home::new();
    let fresh = home.json(&["doctor"]);
    assert_eq!(fresh["ok"], true, "{fresh:#}");
    assert!(!home.data().exists(), "doctor makes nothing");
    let mut machine = settings();
    machine.add_filter(r"\d+ MB free", "[free] MB free");
    machine.bind(|| {
        insta::assert_snapshot!("migrate_new", home.run(["migrate"]).snapshot());
        insta::assert_snapshot!("migrate_again", home.run(["migrate"]).snapshot());
        insta::assert_snapshot!("doctor", home.run(["doctor"]).snapshot());
    });
    let again = home.json(&["migrate"]);
    assert_eq!((&again["applied"], &again["from"]), (&json!(false), &again["to"]));
}

#[test]
fn a_data_folder_that_cannot_be_made_is_found_before_the_first_order() {
    let home = Home::new();
    let below = format!("{}/data", home.write("file", "in the way"));
    let ran = home.run(["doctor", "--data-dir", &below]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains(&format!("{below} is not there and cannot be made")), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn keys_are_counted_and_never_shown() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let env_file = home.write(".env", "KIE_API_KEY=secret-1,secret-2\nOPENAI_API_KEY=secret-3\n");
    std::fs::set_permissions(&env_file, PermissionsExt::from_mode(0o644)).unwrap();
    let open = home.run(["doctor"]);
    assert!(open.stdout.contains("KIE renders with bytedance/seedance-1.5-pro, 2 keys"), "{open:?}");
    assert!(open.stdout.contains("chmod 600 .env"), "{open:?}");
    std::fs::set_permissions(&env_file, PermissionsExt::from_mode(0o600)).unwrap();
    assert!(!home.run(["doctor"]).stdout.contains("chmod"));
    let placed = home.run(["generate", &cup(), "Cup", "--no-wait", "-vv"]);
    assert_eq!(placed.code, Some(0), "{placed:?}");
    for ran in [&open, &placed] {
        assert!(!format!("{ran:?}").contains("secret"), "{ran:?}");
    }
}

#[test]
fn a_database_that_cannot_be_used() {
    let home = Home::new();
    std::fs::create_dir(home.data()).unwrap();
    let database = home.data().join("neurocards.db");
    std::fs::write(&database, "this is no database, and it is long enough to be looked at").unwrap();
    let (cup, before) = (cup(), std::fs::read(&database).unwrap());
    let ran = home.run(["generate", &cup, "Cup"]);
    assert_eq!(ran.code, Some(1));
    settings().bind(|| insta::assert_snapshot!("not_a_database", ran.snapshot()));
    let doctor = home.run(["doctor", "--json"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[test]
fn b10_a_data_folder_of_a_newer_version_is_not_touched() {
    let home = Home::new();
    assert_eq!(home.run(["migrate"]).code, Some(0));
    let database = home.data().join("neurocards.db");
    make_newer(&database);
    let (cup, before) = (cup(), std::fs::read(&database).unwrap());
    settings().bind(|| {
        for (name, args) in [
            ("generate", vec!["generate", &*cup, "Cup"]),
            ("migrate", vec!["migrate"]),
            ("jobs_list", vec!["jobs", "list"]),
        ] {
            let ran = home.run(args);
            assert_eq!(ran.code, Some(1), "{ran:?}");
            insta::assert_snapshot!(format!("newer_{name}"), ran.snapshot());
        }
    });
    let doctor = home.run(["doctor"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert_eq!(std::fs::read(&database).unwrap(), before);
    assert!(!home.data().join("media/photos").exists());
}

/// Says in the database that a later migration was applied, as a later version would.
fn make_newer(database: &std::path::Path) {
    use sqlx::Connection;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let later = "INSERT INTO _sqlx_migrations SELECT 9000, description, installed_on, success, checksum, \
                     execution_time FROM _sqlx_migrations LIMIT 1";
        sqlx::query(later).execute(&mut connection).await.unwrap();
        // What is only in the journal goes into the file, so that it can be compared.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}
