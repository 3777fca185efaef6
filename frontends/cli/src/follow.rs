//! Carrying an order on while somebody watches.

use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use neurocards::{
    ClaimLoop, ClaimScope, JobId, OrderEvent, OrderId, RunOptions, Stage, StoreError, Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::signals::Interrupt;

/// What is watched: an order, or one job of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) order: OrderId,
    pub(crate) only: Option<JobId>,
}

/// How the watching ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Everything that was watched is final.
    Final,
    /// The time is over.
    TimedOut,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// A video is rendered and cannot be stored.
    StorageStuck {
        /// What the storage said.
        message: String,
    },
    /// The store did not answer.
    StoreFailed(StoreError),
}

impl Target {
    pub(crate) fn covers(&self, job: JobId) -> bool {
        self.only.is_none_or(|only| only == job)
    }

    /// The id that goes on with it.
    pub(crate) fn id(&self) -> String {
        self.only.map_or_else(|| self.order.to_string(), |job| job.to_string())
    }

    fn scope(&self) -> ClaimScope {
        self.only.map_or(ClaimScope::Order(self.order), ClaimScope::Job)
    }
}

/// Works on the target and tells each event until it is final, the time is over, or somebody interrupts.
pub(crate) async fn follow(
    app: &App,
    target: Target,
    timeout: Option<Duration>,
    interrupt: &Interrupt,
    mut tell: impl FnMut(&OrderEvent),
) -> Ending {
    let stop = CancellationToken::new();
    let options =
        RunOptions { scope: target.scope(), grace: app.config.shutdown_grace, ..RunOptions::default() };
    let mut work = pin!(app.engine.run(options, stop.clone()));
    let watching = watch(app, target, timeout, interrupt, &mut tell);
    let (ending, worked) = {
        let mut watching = pin!(watching);
        tokio::select! {
            ending = &mut watching => (ending, None),
            worked = &mut work => match worked {
                Err(error) => (Ending::StoreFailed(error), Some(())),
                Ok(()) => (watching.await, Some(())),
            },
        }
    };
    if worked.is_none() {
        stop.cancel();
        if let Err(error) = work.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the work ended with an error");
        }
    }
    ending
}

async fn watch(
    app: &App,
    target: Target,
    timeout: Option<Duration>,
    interrupt: &Interrupt,
    tell: &mut impl FnMut(&OrderEvent),
) -> Ending {
    let stuck_before = match stuck(app, target).await {
        Ok(stuck) => stuck.map(|(timer, _)| timer),
        Err(error) => return Ending::StoreFailed(error),
    };
    let mut events = pin!(app.engine.handle(target.order).events());
    let mut over = pin!(async {
        match timeout {
            Some(timeout) => app.clock.sleep(timeout).await,
            None => std::future::pending().await,
        }
    });
    let mut look = app.clock.sleep(LOOK);
    loop {
        tokio::select! {
            () = interrupt.token().cancelled() => return Ending::Interrupted,
            event = events.next() => match event {
                None => return Ending::Final,
                Some(Err(error)) => return Ending::StoreFailed(error),
                Some(Ok(event)) => {
                    if tell_one(target, &event, tell) {
                        return Ending::Final;
                    }
                }
            },
            () = &mut over => return Ending::TimedOut,
            () = &mut look => {
                look = app.clock.sleep(LOOK);
                if app.engine.claim_loop() == ClaimLoop::NoSpace {
                    return Ending::StoreFailed(StoreError::Full { source: "no job can be claimed".into() });
                }
                match stuck(app, target).await {
                    Ok(Some((timer, message))) if Some(timer) != stuck_before => {
                        return Ending::StorageStuck { message };
                    }
                    Ok(_) => {}
                    Err(error) => return Ending::StoreFailed(error),
                }
            }
        }
    }
}

/// How often the storage is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Tells an event of the target; answers whether it was the last one.
fn tell_one(target: Target, event: &OrderEvent, tell: &mut impl FnMut(&OrderEvent)) -> bool {
    let (job, last) = match event {
        OrderEvent::Progress(progress) => (progress.job_id, false),
        OrderEvent::Job { job_id, event, .. } => (*job_id, event.stage.is_final()),
    };
    if target.covers(job) {
        tell(event);
    }
    target.only == Some(job) && last
}

/// A job of the target whose finished video could not be stored: its timer, and what the storage said. A timer that
/// moved means that it was tried again.
async fn stuck(app: &App, target: Target) -> Result<Option<(Option<Timestamp>, String)>, StoreError> {
    let record = app.store().order_get(target.order).await?;
    let jobs = record.map(|record| record.jobs).unwrap_or_default();
    let mut waiting = jobs
        .iter()
        .filter(|job| target.covers(job.id) && job.stage == Stage::Store && job.lease_owner.is_none());
    Ok(waiting.find_map(|job| {
        let fault = job.error.as_ref().filter(|fault| fault.code.as_deref() == Some("storage"))?;
        Some((job.wake_at, fault.message.clone()))
    }))
}
