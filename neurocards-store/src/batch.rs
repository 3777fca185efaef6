//! Group commit: writes that come at the same time share one transaction.
//!
//! A write that finds nobody waiting leaves at once; those that come while it is under way leave together. So an idle
//! store answers as fast as one statement does, and a busy one pays for one commit where there were a hundred.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use neurocards_core::StoreError;
use tokio::sync::{Mutex, mpsc, oneshot};

/// How a batch is written.
pub(crate) trait Write: Send + Sync + 'static {
    type Item: Send + Sync + 'static;
    type Answer: Send + 'static;
    /// Two items with the same key never share a batch.
    type Key: Eq + Hash + Send;

    fn key(item: &Self::Item) -> Self::Key;

    /// Writes a batch; one answer for each item, in their order.
    fn write(
        &self,
        items: &[Self::Item],
    ) -> impl Future<Output = Vec<Result<Self::Answer, StoreError>>> + Send;
}

/// The driver's error, shared by all members of a batch.
#[derive(Debug, Clone)]
pub(crate) struct SharedError(pub(crate) Arc<sqlx::Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// The queue in front of a [`Write`].
pub(crate) struct Batches<W: Write> {
    queue: mpsc::Sender<Waiting<W>>,
}

struct Waiting<W: Write> {
    item: W::Item,
    answer: oneshot::Sender<Result<W::Answer, StoreError>>,
}

struct Inlet<W: Write> {
    queue: mpsc::Receiver<Waiting<W>>,
    /// It did not fit into the last batch.
    next: Option<Waiting<W>>,
}

/// Most items of a batch.
const MOST: usize = 256;

impl<W: Write> Batches<W> {
    /// Begins `lanes` tasks that write batches next to each other. They end when the queue is dropped.
    pub(crate) fn new(write: W, lanes: usize) -> Self {
        let (sender, receiver) = mpsc::channel(4 * MOST);
        let write = Arc::new(write);
        let inlet = Arc::new(Mutex::new(Inlet { queue: receiver, next: None }));
        for _ in 0..lanes {
            let (write, inlet) = (write.clone(), inlet.clone());
            tokio::spawn(async move {
                loop {
                    let batch = inlet.lock().await.batch().await;
                    if batch.is_empty() {
                        return;
                    }
                    let (items, answers): (Vec<_>, Vec<_>) =
                        batch.into_iter().map(|waiting| (waiting.item, waiting.answer)).unzip();
                    for (answer, result) in answers.into_iter().zip(write.write(&items).await) {
                        // Whoever asked may have gone; the write is done all the same.
                        let _ = answer.send(result);
                    }
                }
            });
        }
        Self { queue: sender }
    }

    /// Writes an item in the next batch. Once it is queued it is written, even if the caller stops waiting.
    pub(crate) async fn write(&self, item: W::Item) -> Result<W::Answer, StoreError> {
        let (answer, result) = oneshot::channel();
        let closed = |_| StoreError::Unavailable { source: "the store is closed".into() };
        self.queue.send(Waiting { item, answer }).await.map_err(closed)?;
        result.await.unwrap_or_else(|gone| Err(StoreError::Ambiguous { source: gone.into() }))
    }
}

impl<W: Write> Inlet<W> {
    /// Waits for one item and takes what has come with it; empty when there will be no more.
    async fn batch(&mut self) -> Vec<Waiting<W>> {
        let first = match self.next.take() {
            Some(next) => Some(next),
            None => self.queue.recv().await,
        };
        let Some(first) = first else { return Vec::new() };
        let mut keys = HashSet::from([W::key(&first.item)]);
        let mut batch = vec![first];
        while batch.len() < MOST
            && let Ok(waiting) = self.queue.try_recv()
        {
            if !keys.insert(W::key(&waiting.item)) {
                self.next = Some(waiting);
                break;
            }
            batch.push(waiting);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Lock;

    use super::*;

    /// Answers with the size of the batch.
    struct Sizes(Arc<Lock<Vec<Vec<u32>>>>, Arc<tokio::sync::Semaphore>);

    impl Write for Sizes {
        type Item = u32;
        type Answer = usize;
        type Key = u32;

        fn key(item: &u32) -> u32 {
            item % 10
        }

        async fn write(&self, items: &[u32]) -> Vec<Result<usize, StoreError>> {
            self.1.acquire().await.unwrap().forget();
            self.0.lock().unwrap().push(items.to_vec());
            items.iter().map(|_| Ok(items.len())).collect()
        }
    }

    #[tokio::test]
    async fn what_waits_leaves_together_and_same_keys_apart() {
        let (seen, gate) = (Arc::default(), Arc::new(tokio::sync::Semaphore::new(0)));
        let batches = Arc::new(Batches::new(Sizes(Arc::clone(&seen), gate.clone()), 1));
        let mut writes = Vec::new();
        for item in [1, 2, 3, 13, 4] {
            let batches = batches.clone();
            writes.push(tokio::spawn(async move { batches.write(item).await.unwrap() }));
            tokio::task::yield_now().await;
        }
        gate.add_permits(10);
        let mut sizes = Vec::new();
        for write in writes {
            sizes.push(write.await.unwrap());
        }
        assert_eq!(*seen.lock().unwrap(), [vec![1], vec![2, 3], vec![13, 4]]);
        assert_eq!(sizes, [1, 2, 2, 2, 2]);
    }
}
