//! Watching an order.

use std::collections::VecDeque;
use std::time::Duration;

use futures::Stream;
use tokio::sync::broadcast;

use super::{Engine, Progress};
use crate::ids::{JobId, OrderId};
use crate::store::{EventCursor, JobEvent, OrderRecord, StoreError};

/// An order that was placed: in this process, in another one, or before a restart. Its id is all that it needs.
#[derive(Debug, Clone)]
pub struct OrderHandle {
    engine: Engine,
    order: OrderId,
}

/// What happens to an order, as it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderEvent {
    /// A line of a job's history.
    Job {
        /// The job.
        job_id: JobId,
        /// 0-based index of the job in its order.
        index: u32,
        /// The line.
        event: JobEvent,
        /// Where [`OrderHandle::events_after`] goes on behind it.
        cursor: EventCursor,
    },
    /// How far a render is. Only seen in the process that renders or reads it; may be skipped.
    Progress(Progress),
}

struct Watch {
    engine: Engine,
    order: OrderId,
    progress: broadcast::Receiver<Progress>,
    writes: tokio::sync::watch::Receiver<u64>,
    /// How far the history was read.
    cursor: EventCursor,
    ready: VecDeque<OrderEvent>,
    over: bool,
}

impl OrderHandle {
    pub(super) fn new(engine: Engine, order: OrderId) -> Self {
        Self { engine, order }
    }

    /// The order's id: enough to make the same handle again, anywhere.
    pub fn id(&self) -> OrderId {
        self.order
    }

    /// The order with its jobs as they are now; `None` when there is no such order.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn record(&self) -> Result<Option<OrderRecord>, StoreError> {
        self.engine.parts.store.order_get(self.order).await
    }

    /// Waits until all jobs are final. Something must run them: [`Engine::run`], here or elsewhere.
    ///
    /// # Errors
    /// The store did not answer. The order goes on; wait again.
    pub async fn wait(&self) -> Result<Option<OrderRecord>, StoreError> {
        let mut writes = self.engine.parts.writes.subscribe();
        loop {
            let record = self.record().await?;
            if record.as_ref().is_none_or(is_over) {
                return Ok(record);
            }
            pause(&self.engine, &mut writes).await;
        }
    }

    /// Everything that happened to the order and happens from now on, each line once, until all jobs are final.
    pub fn events(&self) -> impl Stream<Item = Result<OrderEvent, StoreError>> + Send + use<> {
        self.events_after(EventCursor::default())
    }

    /// As [`events`](Self::events), but only what comes behind a cursor: one of an earlier event, in this process or
    /// in another one that stored it.
    pub fn events_after(
        &self,
        cursor: EventCursor,
    ) -> impl Stream<Item = Result<OrderEvent, StoreError>> + Send + use<> {
        let engine = self.engine.clone();
        let watch = Watch {
            order: self.order,
            progress: engine.progress(),
            writes: engine.parts.writes.subscribe(),
            engine,
            cursor,
            ready: VecDeque::new(),
            over: false,
        };
        futures::stream::unfold(watch, async |mut watch| match watch.next().await {
            Ok(Some(event)) => Some((Ok(event), watch)),
            Ok(None) => None,
            Err(error) => {
                watch.over = true;
                Some((Err(error), watch))
            }
        })
    }
}

/// How many lines are read at once.
const LINES: u32 = 500;

impl Watch {
    async fn next(&mut self) -> Result<Option<OrderEvent>, StoreError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if self.over {
                return Ok(None);
            }
            self.look().await?;
            if self.ready.is_empty() && !self.over {
                tokio::select! {
                    () = pause(&self.engine, &mut self.writes) => {}
                    Ok(progress) = self.progress.recv() => {
                        if progress.order_id == self.order {
                            self.ready.push_back(OrderEvent::Progress(progress));
                        }
                    }
                }
            }
        }
    }

    /// Reads what is new.
    async fn look(&mut self) -> Result<(), StoreError> {
        let store = &self.engine.parts.store;
        let Some(record) = store.order_get(self.order).await? else {
            self.over = true;
            return Ok(());
        };
        // What made the last job final was written together with its line, which is read after it.
        loop {
            let lines = store.order_events(self.order, &self.cursor, LINES).await?;
            let more = lines.len() >= LINES as usize;
            for line in lines {
                self.cursor.pass(&line);
                let (job_id, index, event) = (line.job_id, line.index, line.event);
                self.ready.push_back(OrderEvent::Job { job_id, index, event, cursor: self.cursor.clone() });
            }
            if !more {
                break;
            }
        }
        self.over = is_over(&record);
        Ok(())
    }
}

fn is_over(record: &OrderRecord) -> bool {
    record.jobs.iter().all(|job| job.stage.is_final())
}

/// Until this process writes something, or long enough for another one to have.
async fn pause(engine: &Engine, writes: &mut tokio::sync::watch::Receiver<u64>) {
    tokio::select! {
        _ = writes.changed() => {}
        () = engine.parts.clock.sleep(Duration::from_millis(300)) => {}
    }
}
