//! `jobs retry`.

use neurocards::{Again, AgainError, JobId, OrderId, Status};
use serde::Serialize;

use super::many::{Deed, Told};
use super::no_job;
use crate::app::App;
use crate::args::RetryArgs;
use crate::failure::{Exit, Failure};
use crate::output::Printer;

const RETRY: Deed = Deed {
    verb: "retry",
    done: "ordered again",
    money: "will be held again",
    states: &[Status::Failed, Status::Cancelled],
    usual: &[Status::Failed],
};

/// What came of it for one job.
#[derive(Debug, Serialize)]
struct RetryView {
    id: JobId,
    order_id: OrderId,
    /// It was not ordered again before.
    changed: bool,
}

pub(in super::super) async fn retry(app: &App, args: &RetryArgs, printer: &Printer) -> Result<Exit, Failure> {
    let many = &args.many;
    if let Some(id) = many.one()? {
        return one(app, id, args, printer).await;
    }
    let jobs = RETRY.choose(app, many).await?;
    if !RETRY.agreed(app, many, &jobs, printer).await? {
        return Ok(RETRY.tell(true, &jobs, &[], many.json, printer));
    }
    let mut results = Vec::new();
    for job in &jobs {
        let told = match app.engine.order_again(job.id, args.with_model.clone(), None).await {
            Ok(Again::New(order)) => Told::Done(Some(order.id())),
            Ok(Again::Before(order)) => Told::Before(Some(order.id())),
            Err(error) => Told::Refused(failure(error)),
        };
        results.push((job.id, told));
    }
    let exit = RETRY.tell(false, &jobs, &results, many.json, printer);
    if results.iter().any(|(_, told)| matches!(told, Told::Done(_))) {
        printer.note("`neurocards worker` carries them on, if none runs");
    }
    Ok(exit)
}

async fn one(app: &App, id: JobId, args: &RetryArgs, printer: &Printer) -> Result<Exit, Failure> {
    let again = match app.engine.order_again(id, args.with_model.clone(), None).await {
        Err(AgainError::Missing { job }) => return Err(no_job(app, job).await?),
        again => again.map_err(failure)?,
    };
    let (order, changed) = (again.order().id(), matches!(again, Again::New(_)));
    if args.many.json {
        printer.document(&RetryView { id, order_id: order, changed });
    } else if changed {
        printer.data(&format!("ordered {id} again: order {order}"));
        printer.note(&format!("`neurocards jobs wait {order}` makes the video, or a worker that runs"));
    } else {
        printer.data(&format!("{id} was ordered again before: order {order}; nothing was held"));
    }
    Ok(Exit::Done)
}

fn failure(error: AgainError) -> Failure {
    let what = error.to_string();
    match error {
        AgainError::Order(error) => error.into(),
        AgainError::NotEnded { job, .. } => Failure::new(Exit::Failed, "not_failed", what).hint(format!(
            "Only what failed or was cancelled is ordered again; see `neurocards jobs show {job}`."
        )),
        AgainError::Gifted { job } => Failure::new(Exit::Failed, "has_video", what).hint(format!(
            "`neurocards jobs show {job}` says where it is; `neurocards generate` orders another one."
        )),
        AgainError::NoPhoto { .. } => Failure::new(Exit::Failed, "no_photo", what)
            .hint("Order it anew with the photo: `neurocards generate PHOTO DESCRIPTION`."),
        _ => Failure::new(Exit::Failed, "failed", what),
    }
}
