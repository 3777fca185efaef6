//! A database of then, past the program.

use std::path::Path;

use sqlx::migrate::{Migration, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// All migrations, the oldest first.
    pub(super) async fn migrations(self) -> Vec<Migration> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../neurocards-store/migrations");
        let migrator = Migrator::new(folder.join(if self == Self::Sqlite { "sqlite" } else { "postgres" }));
        migrator.await.unwrap().migrations.into_owned()
    }

    /// What stands for what the two write in different ways.
    pub(super) fn tokens(self) -> [(&'static str, &'static str); 7] {
        match self {
            Self::Sqlite => [
                ("{then}", "(unixepoch() - 3600) * 1000000"),
                ("{soon}", "(unixepoch() + 3600) * 1000000"),
                ("{yes}", "1"),
                ("{no}", "0"),
                ("{turn}", ""),
                ("{first}", ""),
                ("{action}", "x'000000000000700080000000000000d1'"),
            ],
            Self::Postgres => [
                ("{then}", "now() - interval '1 hour'"),
                ("{soon}", "now() + interval '1 hour'"),
                ("{yes}", "true"),
                ("{no}", "false"),
                ("{turn}", "turn,"),
                ("{first}", "0,"),
                ("{action}", "'00000000-0000-7000-8000-0000000000d1'"),
            ],
        }
    }
}

#[derive(Debug)]
pub(super) enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    pub(super) async fn open(kind: Kind, location: &str) -> Self {
        match kind {
            Kind::Sqlite => {
                let file = SqliteConnectOptions::new().filename(location).create_if_missing(true);
                Self::Sqlite(file.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap())
            }
            Kind::Postgres => {
                let options: PgConnectOptions = location.parse().unwrap();
                Self::Postgres(options.options([("search_path", "neurocards")]).connect().await.unwrap())
            }
        }
    }

    /// Makes the schema of then in a database that is empty.
    pub(super) async fn make(&mut self, migrations: &[Migration]) {
        let mut migrator = Migrator::with_migrations(migrations.to_vec());
        migrator.set_locking(false);
        match self {
            Self::Sqlite(db) => migrator.run_direct(None, db, false).await.unwrap(),
            Self::Postgres(db) => {
                sqlx::query("CREATE SCHEMA neurocards").execute(&mut *db).await.unwrap();
                migrator.run_direct(None, db, false).await.unwrap();
            }
        }
    }

    pub(super) async fn execute(&mut self, sql: &str) {
        let raw = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = match self {
            Self::Sqlite(db) => raw.execute(db).await.map(drop),
            Self::Postgres(db) => raw.execute(db).await.map(drop),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(db) => sqlx::query_scalar(sql).fetch_all(db).await.unwrap(),
            Self::Postgres(db) => sqlx::query_scalar(sql).fetch_all(db).await.unwrap(),
        }
    }

    /// The tables with their columns, both in their order.
    pub(super) async fn tables(&mut self) -> Vec<(String, Vec<String>)> {
        let names = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            }
            Self::Postgres(_) => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'neurocards' ORDER BY tablename"
            }
        };
        let mut tables = Vec::new();
        for table in self.texts(names).await {
            let columns = match self {
                Self::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
                Self::Postgres(_) => format!(
                    "SELECT attname::text FROM pg_attribute
                     WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
                ),
            };
            let columns = self.texts(&columns).await;
            tables.push((table, columns));
        }
        tables
    }

    /// What these columns of a table hold, a text for each row.
    pub(super) async fn rows(&mut self, table: &str, columns: &[String]) -> Vec<String> {
        let cells = columns.iter().map(|column| match self {
            Self::Sqlite(_) => format!("quote({column})"),
            Self::Postgres(_) => format!("coalesce(quote_literal({column}::text), 'NULL')"),
        });
        let cells: Vec<_> = cells.collect();
        self.texts(&format!("SELECT {} FROM {table} ORDER BY 1", cells.join(" || ', ' || "))).await
    }

    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(db) => db.close().await.unwrap(),
            Self::Postgres(db) => db.close().await.unwrap(),
        }
    }
}
