//! Orders, steps and deliveries that come at the same time share a transaction, and so a flush of the disk.
//!
//! Each of them stands in a savepoint of its own: one that is refused leaves nothing, and the others do not notice.

use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use neurocards_core::{
    Clock, JobId, NoticeId, NoticeSettle, OrderNew, Placement, StoreError, Timestamp, Transition,
};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::error::{classify, classify_commit_of_many};
use super::{apply, notices, orders, time};
use crate::batch::{Batches, Write};

/// A write that may share a transaction with others of its kind.
pub(super) trait Member: Send + Sync + 'static {
    type Answer: Send + 'static;
    /// Two members with the same key never share a transaction.
    type Key: Eq + Hash + Send;

    fn key(&self) -> Self::Key;

    fn write(
        &self,
        db: &mut SqliteConnection,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;

    /// Whether an answer says that something was written.
    fn has_written(answer: &Self::Answer) -> bool;
}

/// Writes members of one kind.
pub(super) struct Group<M> {
    writer: SqlitePool,
    clock: Arc<dyn Clock>,
    kind: PhantomData<fn(M)>,
}

/// Why nothing of a transaction was written.
enum Broken {
    /// It did not reach its commit: its members can be tried again.
    Before(StoreError),
    /// The commit said this to each of them.
    Commit(Box<dyn Fn() -> StoreError + Send>),
}

impl<M: Member> Write for Group<M> {
    type Item = M;
    type Answer = M::Answer;
    type Key = M::Key;

    fn key(item: &M) -> M::Key {
        item.key()
    }

    async fn write(&self, members: &[M]) -> Vec<Result<M::Answer, StoreError>> {
        match self.together(members).await {
            Ok(answers) => answers,
            Err(Broken::Commit(told)) => members.iter().map(|_| Err(told())).collect(),
            Err(Broken::Before(error)) if members.len() == 1 => vec![Err(error)],
            // It says the same to each of them, or only to the one that is at fault.
            Err(Broken::Before(_)) => {
                let mut answers = Vec::with_capacity(members.len());
                for member in members {
                    let alone = self.together(std::slice::from_ref(member)).await;
                    answers.push(match alone {
                        Ok(mut answer) => answer.swap_remove(0),
                        Err(Broken::Before(error)) => Err(error),
                        Err(Broken::Commit(told)) => Err(told()),
                    });
                }
                answers
            }
        }
    }
}

impl<M: Member> Group<M> {
    pub(super) fn of(writer: &SqlitePool, clock: &Arc<dyn Clock>) -> Batches<Self> {
        // One transaction writes at a time, whatever the program does.
        Batches::new(Self { writer: writer.clone(), clock: clock.clone(), kind: PhantomData }, 1)
    }

    async fn together(&self, members: &[M]) -> Result<Vec<Result<M::Answer, StoreError>>, Broken> {
        let before = |error| Broken::Before(classify(error));
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(before)?;
        let now = time(&self.clock);
        let mut answers = Vec::with_capacity(members.len());
        for member in members {
            let mut savepoint = tx.begin().await.map_err(before)?;
            let answer = member.write(&mut savepoint, now).await;
            let keep = match &answer {
                Ok(answer) => M::has_written(answer),
                // Dropping the transaction rolls it back, if SQLite has not done that already.
                Err(error) if is_of_all(error) => return answer.map(|_| answers).map_err(Broken::Before),
                Err(_) => false,
            };
            // A lost step leaves nothing, nor does one that was refused.
            let ended = if keep { savepoint.commit().await } else { savepoint.rollback().await };
            ended.map_err(before)?;
            answers.push(answer);
        }
        match tx.commit().await {
            Ok(()) => Ok(answers),
            Err(error) => Err(Broken::Commit(Box::new(classify_commit_of_many(error)))),
        }
    }
}

/// The disk or the file failed, not this one write.
fn is_of_all(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. } | StoreError::Ambiguous { .. } | StoreError::Full { .. })
}

impl Member for OrderNew {
    type Answer = Placement;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.order.account.to_string(), self.order.idempotency_key.clone())
    }

    async fn write(&self, db: &mut SqliteConnection, now: Timestamp) -> Result<Placement, StoreError> {
        orders::place(db, self, now).await
    }

    fn has_written(answer: &Placement) -> bool {
        matches!(answer, Placement::New(_))
    }
}

impl Member for Transition {
    type Answer = bool;
    type Key = JobId;

    fn key(&self) -> JobId {
        self.job_id
    }

    async fn write(&self, db: &mut SqliteConnection, now: Timestamp) -> Result<bool, StoreError> {
        apply::apply(db, self, now).await
    }

    fn has_written(answer: &bool) -> bool {
        *answer
    }
}

impl Member for NoticeSettle {
    type Answer = bool;
    type Key = NoticeId;

    fn key(&self) -> NoticeId {
        self.id
    }

    async fn write(&self, db: &mut SqliteConnection, now: Timestamp) -> Result<bool, StoreError> {
        notices::settle(db, self, now).await
    }

    fn has_written(answer: &bool) -> bool {
        *answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::SqliteStore;

    enum Mark {
        Kept,
        /// Writes, then breaks a rule.
        Refused,
        /// Writes, then finds that it must not.
        Lost,
        /// The disk is full while it writes, the first time.
        Unlucky(AtomicBool),
    }

    struct Marking(&'static str, Mark);

    impl Member for Marking {
        type Answer = bool;
        type Key = &'static str;

        fn key(&self) -> &'static str {
            self.0
        }

        async fn write(&self, db: &mut SqliteConnection, now: Timestamp) -> Result<bool, StoreError> {
            let insert = sqlx::query("INSERT INTO pauses VALUES ('model', ?1, 'test', NULL, ?2)");
            let insert = insert.bind(self.0).bind(now.timestamp_micros());
            insert.execute(&mut *db).await.map_err(classify)?;
            match &self.1 {
                Mark::Kept => Ok(true),
                Mark::Lost => Ok(false),
                Mark::Refused => {
                    let refused = sqlx::query("INSERT INTO pauses VALUES ('nobody', '', '', NULL, 0)");
                    refused.execute(db).await.map(|_| true).map_err(classify)
                }
                Mark::Unlucky(happened) if happened.swap(true, Ordering::Relaxed) => Ok(true),
                Mark::Unlucky(_) => Err(StoreError::Full { source: "test".into() }),
            }
        }

        fn has_written(answer: &bool) -> bool {
            *answer
        }
    }

    async fn write(members: Vec<Marking>) -> (Vec<Option<bool>>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(neurocards_core::ManualClock::new());
        let store = SqliteStore::open(folder.path().join("store.db"), clock.clone()).await.unwrap();
        let group = Group { writer: store.writer.clone(), clock, kind: PhantomData };
        let answers = group.write(&members).await.into_iter().map(Result::ok).collect();
        let there = sqlx::query_scalar("SELECT model FROM pauses ORDER BY model");
        (answers, there.fetch_all(&store.readers).await.unwrap())
    }

    #[tokio::test]
    async fn one_that_is_refused_or_lost_leaves_nothing_and_the_others_stay() {
        let members = vec![
            Marking("a", Mark::Kept),
            Marking("b", Mark::Refused),
            Marking("c", Mark::Lost),
            Marking("d", Mark::Kept),
        ];
        let (answers, there) = write(members).await;
        assert_eq!(answers, [Some(true), None, Some(false), Some(true)]);
        assert_eq!(there, ["a", "d"]);
    }

    #[tokio::test]
    async fn a_transaction_that_breaks_is_done_again_one_by_one() {
        let members = vec![
            Marking("a", Mark::Kept),
            Marking("b", Mark::Unlucky(AtomicBool::new(false))),
            Marking("c", Mark::Kept),
        ];
        let (answers, there) = write(members).await;
        assert_eq!(answers, [Some(true), Some(true), Some(true)]);
        assert_eq!(there, ["a", "b", "c"]);
    }

    #[tokio::test]
    async fn alone_it_says_what_broke() {
        let (answers, there) = write(vec![Marking("a", Mark::Unlucky(AtomicBool::new(false)))]).await;
        assert_eq!((answers, there.len()), (vec![None], 0));
    }
}
