//! Telling people that a pause holds their order back, instead of letting them wait without a word.

use std::convert::Infallible;
use std::time::Duration;

use neurocards::{PauseRecord, PauseScope, StoreError};

use crate::app::App;
use crate::follow::Target;
use crate::output::moment;

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);

/// The pause that holds back a job of the target, if one does.
pub(crate) async fn holding(app: &App, target: Target) -> Result<Option<PauseRecord>, StoreError> {
    let pauses = app.store().queue_pauses().await?;
    if pauses.is_empty() {
        return Ok(None);
    }
    let jobs = app.store().order_get(target.order).await?.map(|record| record.jobs).unwrap_or_default();
    let waiting = |record: &PauseRecord| {
        jobs.iter().any(|job| {
            let free = job.lease_owner.is_none();
            free && target.covers(job.id) && record.pause.holds(job.stage, &job.model)
        })
    };
    Ok(pauses.into_iter().find(waiting))
}

/// Tells of each pause that holds the target back, once; never ends.
pub(crate) async fn tell_pauses(app: &App, target: Target, mut tell: impl FnMut(String)) -> Infallible {
    let mut told = None;
    loop {
        // A store that does not answer ends the watching elsewhere.
        if let Ok(Some(record)) = holding(app, target).await
            && told.as_ref() != Some(&record)
        {
            tell(format!("{}; the order is kept and waits. {}", words(&record), way_on(&record)));
            told = Some(record);
        }
        app.clock.sleep(LOOK).await;
    }
}

/// What is paused, since when, by whom and why.
pub(crate) fn words(record: &PauseRecord) -> String {
    let what = match &record.pause.scope {
        PauseScope::Everything => "the queue is paused".to_owned(),
        PauseScope::Model(model) => format!("the model {model} is paused"),
    };
    let why = record.pause.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{what} since {} by {}{why}", moment(record.since), record.pause.actor)
}

/// How it ends.
pub(crate) fn way_on(record: &PauseRecord) -> String {
    match &record.pause.scope {
        PauseScope::Everything => "`neurocards queue resume` ends the pause.".to_owned(),
        PauseScope::Model(model) => format!("`neurocards queue resume --model {model}` ends the pause."),
    }
}
