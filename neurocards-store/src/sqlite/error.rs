//! What SQLite says, in the store's words: one function, tested by a table.

use std::sync::Arc;

use neurocards_core::StoreError;
use sqlx::migrate::MigrateError;

use crate::batch::SharedError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A fault of a statement, or of beginning a transaction: nothing is written, because the transaction ends with it.
pub(super) fn classify(error: sqlx::Error) -> StoreError {
    sort(Cause::of(&error), Moment::Statement, error)
}

/// A fault of the commit itself.
pub(super) fn classify_commit(error: sqlx::Error) -> StoreError {
    sort(Cause::of(&error), Moment::Commit, error)
}

/// A fault of the commit of several writes: each of them is told.
pub(super) fn classify_commit_of_many(error: sqlx::Error) -> impl Fn() -> StoreError {
    let (cause, error) = (Cause::of(&error), SharedError(Arc::new(error)));
    move || sort(cause, Moment::Commit, error.clone())
}

/// A fault of a migration. A newer schema is recognised before migrations run.
pub(super) fn classify_migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => classify(error),
        other => StoreError::Backend { source: Box::new(other) },
    }
}

/// SQLite's primary result code: the low byte of the extended one.
pub(super) fn result_code(error: &sqlx::Error) -> Option<u32> {
    extended_code(error).map(|code| code & 0xff)
}

fn extended_code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// The index of the journal cannot grow: on a full disk that comes before anything is written, also at a commit.
const IOERR_SHMSIZE: u32 = 4874;

/// When a fault came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Statement,
    Commit,
}

/// What kind of fault it is, whenever it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Somebody else has the lock, or the file cannot be opened now. Nothing was written, even at a commit.
    Busy,
    /// The disk, the worker thread or the pool failed: a commit may have become durable.
    Broken,
    /// No space left.
    Full,
    /// The file is damaged, or is no database.
    Damaged,
    /// A value has another type than this version reads.
    Unreadable,
    /// A constraint, a missing right, a mistake in a statement.
    Refused,
}

impl Cause {
    fn of(error: &sqlx::Error) -> Self {
        if extended_code(error) == Some(IOERR_SHMSIZE) {
            return Self::Full;
        }
        match (error, result_code(error)) {
            // BUSY, LOCKED, INTERRUPT, CANTOPEN, PROTOCOL.
            (_, Some(5 | 6 | 9 | 14 | 15)) => Self::Busy,
            // NOMEM, IOERR.
            (_, Some(7 | 10)) => Self::Broken,
            (_, Some(13)) => Self::Full,
            // CORRUPT, NOTADB.
            (_, Some(11 | 26)) => Self::Damaged,
            (_, Some(_)) => Self::Refused,
            (sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed, None) => Self::Busy,
            (sqlx::Error::WorkerCrashed | sqlx::Error::Io(_), None) => Self::Broken,
            (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), None) => Self::Unreadable,
            (_, None) => Self::Refused,
        }
    }
}

fn sort(cause: Cause, moment: Moment, error: impl Into<Source>) -> StoreError {
    let source = error.into();
    match (cause, moment) {
        (Cause::Busy, _) | (Cause::Broken, Moment::Statement) => StoreError::Unavailable { source },
        (Cause::Broken, Moment::Commit) => StoreError::Ambiguous { source },
        (Cause::Full, _) => StoreError::Full { source },
        (Cause::Damaged, _) => {
            StoreError::Corrupt { table: "the database file", message: source.to_string() }
        }
        (Cause::Unreadable, _) => StoreError::Corrupt { table: "a row", message: source.to_string() },
        (Cause::Refused, _) => StoreError::Backend { source },
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::fmt;

    use neurocards_core::Retry;
    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    #[derive(Debug)]
    struct Said(u32);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "(code: {})", self.0)
        }
    }

    impl std::error::Error for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &'static str {
            "said"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Source {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn name(error: &StoreError) -> &'static str {
        match error {
            StoreError::Unavailable { .. } => "unavailable",
            StoreError::Ambiguous { .. } => "ambiguous",
            StoreError::Full { .. } => "full",
            StoreError::Corrupt { .. } => "corrupt",
            StoreError::Backend { .. } => "backend",
            _ => "another",
        }
    }

    #[test]
    fn what_sqlite_says_is_sorted_by_its_code() {
        let check = |what: &str, code: u32, statement: &str, commit: &str| {
            let error = || sqlx::Error::Database(Box::new(Said(code)));
            assert_eq!(name(&classify(error())), statement, "{what}");
            assert_eq!(name(&classify_commit(error())), commit, "{what} at the commit");
        };
        check("SQLITE_ERROR", 1, "backend", "backend");
        check("SQLITE_PERM", 3, "backend", "backend");
        check("SQLITE_BUSY", 5, "unavailable", "unavailable");
        check("SQLITE_BUSY_RECOVERY", 261, "unavailable", "unavailable");
        check("SQLITE_BUSY_SNAPSHOT", 517, "unavailable", "unavailable");
        check("SQLITE_LOCKED", 6, "unavailable", "unavailable");
        check("SQLITE_LOCKED_SHAREDCACHE", 262, "unavailable", "unavailable");
        check("SQLITE_NOMEM", 7, "unavailable", "ambiguous");
        check("SQLITE_READONLY", 8, "backend", "backend");
        check("SQLITE_READONLY_DBMOVED", 1032, "backend", "backend");
        check("SQLITE_INTERRUPT", 9, "unavailable", "unavailable");
        check("SQLITE_IOERR", 10, "unavailable", "ambiguous");
        check("SQLITE_IOERR_FSYNC", 1034, "unavailable", "ambiguous");
        check("SQLITE_IOERR_SHMSIZE", 4874, "full", "full");
        check("SQLITE_CORRUPT", 11, "corrupt", "corrupt");
        check("SQLITE_FULL", 13, "full", "full");
        check("SQLITE_CANTOPEN", 14, "unavailable", "unavailable");
        check("SQLITE_PROTOCOL", 15, "unavailable", "unavailable");
        check("SQLITE_CONSTRAINT_CHECK", 275, "backend", "backend");
        check("SQLITE_CONSTRAINT_TRIGGER", 1811, "backend", "backend");
        check("SQLITE_NOTADB", 26, "corrupt", "corrupt");
    }

    #[test]
    fn what_the_driver_says_is_sorted_too() {
        let check = |error: fn() -> sqlx::Error, statement: &str, commit: &str| {
            assert_eq!(name(&classify(error())), statement, "{}", error());
            assert_eq!(name(&classify_commit(error())), commit, "{} at the commit", error());
        };
        check(|| sqlx::Error::PoolTimedOut, "unavailable", "unavailable");
        check(|| sqlx::Error::PoolClosed, "unavailable", "unavailable");
        check(|| sqlx::Error::WorkerCrashed, "unavailable", "ambiguous");
        check(|| sqlx::Error::Io(std::io::ErrorKind::BrokenPipe.into()), "unavailable", "ambiguous");
        check(|| sqlx::Error::Decode("no number".into()), "corrupt", "corrupt");
        check(|| sqlx::Error::RowNotFound, "backend", "backend");
    }

    #[test]
    fn only_a_commit_leaves_a_doubt() {
        assert_eq!(classify(sqlx::Error::WorkerCrashed).retry(), Retry::Safe);
        assert_eq!(classify_commit(sqlx::Error::WorkerCrashed).retry(), Retry::Unknown);
    }
}
