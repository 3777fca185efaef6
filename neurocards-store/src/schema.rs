//! The schema of a database: which version it has, and which one this program knows.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Which schema a database has, and which one this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaState {
    /// The schema of the database; `None` when there is none yet.
    pub found: Option<i64>,
    /// The newest schema that this version knows.
    pub known: i64,
}

impl SchemaState {
    /// The database is as this version wants it.
    pub fn is_current(self) -> bool {
        self.found == Some(self.known)
    }

    /// The database was written by a newer version, which only that version may open.
    pub fn is_newer(self) -> bool {
        self.found.is_some_and(|found| found > self.known)
    }
}

/// A migration: its version, its name, its statements. What has been released is never edited.
pub(crate) type Step = (i64, &'static str, &'static str);

/// The newest version of a list.
pub(crate) fn newest(steps: &[Step]) -> i64 {
    steps.last().map_or(0, |(version, ..)| *version)
}

/// Runs what is missing. Whoever calls it holds a lock.
pub(crate) fn migrator(steps: &[Step]) -> Migrator {
    let migrations = steps.iter().map(|(version, name, sql)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_locking(false);
    migrator
}
