//! Connecting: who answers, who may, and who was there first.

use std::error::Error as _;

use neurocards_core::{Retry, Store, StoreError};
use neurocards_store::{ConnectError, PostgresStore};
use neurocards_testkit::postgres::empty_database;
use sqlx::Executor;

use crate::{database, raw};

fn words(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_named() {
    let error = PostgresStore::open("postgres://user:secret@127.0.0.1:1/shop").await.unwrap_err();
    assert_eq!(error.retry(), Retry::Safe);
    assert_eq!(words(&error), "127.0.0.1:1 does not answer as a PostgreSQL server");
    assert!(!format!("{error:?}").contains("secret"));
}

#[tokio::test]
async fn a_url_that_cannot_be_read_is_not_repeated() {
    for url in ["mysql://user:secret@host/db", "postgres://user:secret@host:port/db"] {
        let error = PostgresStore::open(url).await.unwrap_err();
        assert_eq!(error.retry(), Retry::Never);
        assert!(!format!("{error:?} {}", words(&error)).contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let database = database().await;
    let (base, _) = database.url.rsplit_once('/').unwrap();
    let error = PostgresStore::open(&format!("{base}/nowhere")).await.unwrap_err();
    assert!(words(&error).ends_with("refuses user postgres, database nowhere"), "{}", words(&error));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_a_new_database_at_once() {
    let database = empty_database().await;
    assert_eq!(PostgresStore::schema_of(&database.url).await.unwrap().found, None);
    let openers: Vec<_> = (0..6)
        .map(|_| {
            let url = database.url.clone();
            tokio::spawn(async move { PostgresStore::open(&url).await.unwrap().audit().await.unwrap() })
        })
        .collect();
    for opener in openers {
        assert_eq!(opener.await.unwrap(), []);
    }
    assert!(PostgresStore::schema_of(&database.url).await.unwrap().is_current());
}

#[tokio::test]
async fn b10_a_newer_schema_is_left_alone() {
    let database = database().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (99, 'later', true, '', 0)";
    raw(&database).await.execute(newer).await.unwrap();
    let error = PostgresStore::open(&database.url).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error:?}");
    assert!(PostgresStore::schema_of(&database.url).await.unwrap().is_newer());
}

#[tokio::test]
async fn a_read_only_database_is_refused_before_anything_is_tried() {
    let database = empty_database().await;
    let name = database.url.rsplit_once('/').unwrap().1.to_owned();
    let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    let mut db =
        sqlx::ConnectOptions::connect(&database.url.parse::<sqlx::postgres::PgConnectOptions>().unwrap())
            .await
            .unwrap();
    db.execute(sqlx::AssertSqlSafe(set)).await.unwrap();
    match PostgresStore::open(&database.url).await.unwrap_err() {
        StoreError::Backend { source } => {
            assert!(matches!(*source.downcast::<ConnectError>().unwrap(), ConnectError::ReadOnly));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn b7b_commits_are_durable_whatever_the_server_is_set_to() {
    let database = database().await;
    let name = database.url.rsplit_once('/').unwrap().1.to_owned();
    let set = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    raw(&database).await.execute(sqlx::AssertSqlSafe(set)).await.unwrap();
    let store = PostgresStore::open(&database.url).await.unwrap();
    assert_eq!(store.setting("synchronous_commit").await.unwrap(), "on");
}
