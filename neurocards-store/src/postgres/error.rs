//! What PostgreSQL says, in the store's words: one function, tested by a table.

use std::sync::Arc;

use neurocards_core::StoreError;
use sqlx::migrate::MigrateError;

use crate::batch::SharedError;

/// A fault of a statement that writes nothing, or of getting a connection.
pub(super) fn classify(error: sqlx::Error) -> StoreError {
    Fault::of(error).told()
}

/// A fault of a statement that writes: when the connection broke, it may have been committed.
pub(super) fn classify_write(error: sqlx::Error) -> StoreError {
    Fault::of_write(error).told()
}

/// Whether the server gave a transaction up for another one: it may be made again at once.
pub(super) fn was_given_up(error: &StoreError) -> bool {
    let StoreError::Unavailable { source } = error else { return false };
    source.downcast_ref::<SharedError>().is_some_and(|source| is_given_up(&source.0))
}

/// A deadlock, or a serialization failure.
fn is_given_up(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01"))
}

pub(super) fn classify_migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => classify(error),
        other => StoreError::Backend { source: Box::new(other) },
    }
}

/// A fault of a batch: told to each of its members.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    cause: Cause,
    source: SharedError,
}

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Nothing was written, and the same call may be made again.
    Away,
    /// A commit may have become durable.
    Doubt,
    Full,
    /// A rule of the ledger.
    Ledger,
    /// The task of an attempt belongs to another one.
    Task,
    /// A unique index: somebody else was first.
    Taken,
    /// A value has another type than this version reads.
    Unreadable,
    /// A constraint, a missing right, a mistake in a statement.
    Refused,
}

impl Fault {
    pub(super) fn of(error: sqlx::Error) -> Self {
        Self { cause: Cause::of(&error), source: SharedError(Arc::new(error)) }
    }

    pub(super) fn of_write(error: sqlx::Error) -> Self {
        // The server said nothing: the statement, which commits itself, may have arrived.
        let broken = matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_));
        let fault = Self::of(error);
        if broken { Self { cause: Cause::Doubt, ..fault } } else { fault }
    }

    /// One of the batch's items is at fault, and the others can be written without it.
    pub(super) fn is_of_one(&self) -> bool {
        matches!(self.cause, Cause::Ledger | Cause::Task | Cause::Taken | Cause::Refused)
    }

    /// Somebody else was first.
    pub(super) fn is_taken(&self) -> bool {
        self.cause == Cause::Taken
    }

    /// Two transactions waited for each other, and this one was given up: it may be made again at once.
    pub(super) fn is_a_deadlock(&self) -> bool {
        is_given_up(&self.source.0)
    }

    pub(super) fn told(&self) -> StoreError {
        let source: Box<dyn std::error::Error + Send + Sync> = Box::new(self.source.clone());
        match self.cause {
            Cause::Away => StoreError::Unavailable { source },
            Cause::Doubt => StoreError::Ambiguous { source },
            Cause::Full => StoreError::Full { source },
            Cause::Ledger => {
                StoreError::LedgerRule { rule: "a hold is captured or released once".to_owned() }
            }
            Cause::Task => StoreError::Corrupt {
                table: "attempts",
                message: "the task belongs to another attempt".to_owned(),
            },
            Cause::Unreadable => StoreError::Corrupt { table: "a row", message: source.to_string() },
            Cause::Taken | Cause::Refused => StoreError::Backend { source },
        }
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(|code| code.into_owned())
}

impl Cause {
    fn of(error: &sqlx::Error) -> Self {
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        match (error, code(error).as_deref()) {
            (_, Some("23505")) => match constraint {
                Some("ledger_one_end" | "ledger_one_of_a_kind") => Self::Ledger,
                Some("attempts_one_for_each_task") => Self::Task,
                _ => Self::Taken,
            },
            (_, Some("23514")) if constraint.is_some_and(|name| name.starts_with("accounts_")) => {
                Self::Ledger
            }
            // disk_full, out_of_memory is not: that passes.
            (_, Some("53100")) => Self::Full,
            // Connections, resources, the operator, a deadlock, a lock or statement timeout, a standby.
            (_, Some(code))
                if matches!(&code[..2], "08" | "53" | "57" | "40")
                    || matches!(code, "55P03" | "25006" | "55006" | "58030") =>
            {
                Self::Away
            }
            (_, Some(_)) => Self::Refused,
            (
                sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Io(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::Tls(_),
                None,
            ) => Self::Away,
            (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), None) => Self::Unreadable,
            (_, None) => Self::Refused,
        }
    }
}
