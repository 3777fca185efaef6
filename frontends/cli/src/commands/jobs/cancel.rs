//! `jobs cancel`.

use neurocards::{Cancellation, JobId, Stage, Status};
use serde::Serialize;

use super::many::{Deed, Told};
use super::no_job;
use crate::app::App;
use crate::args::CancelArgs;
use crate::commands::wait::not_found;
use crate::failure::{Exit, Failure};
use crate::output::Printer;

/// What came of a wish to cancel.
#[derive(Debug, Serialize)]
struct CancelView {
    id: JobId,
    status: &'static str,
    /// It was not cancelled before.
    changed: bool,
}

const CANCEL: Deed = Deed {
    verb: "cancel",
    done: "cancelled",
    money: "will return",
    states: &[Status::Queued, Status::Processing],
    usual: &[Status::Queued, Status::Processing],
};

pub(in super::super) async fn cancel(
    app: &App,
    args: &CancelArgs,
    printer: &Printer,
) -> Result<Exit, Failure> {
    let args = &args.many;
    if let Some(id) = args.one()? {
        return one(app, id, args.json, printer).await;
    }
    let jobs = CANCEL.choose(app, args).await?;
    if !CANCEL.agreed(app, args, &jobs, printer).await? {
        return Ok(CANCEL.tell(true, &jobs, &[], args.json, printer));
    }
    let mut results = Vec::new();
    for job in &jobs {
        let told = match app.engine.cancel(job.id).await {
            Ok(Cancellation::Cancelled) => Told::Done(None),
            Ok(Cancellation::Final(Stage::Cancelled)) => Told::Before(None),
            Ok(Cancellation::TooLate(stage)) => Told::Refused(refused(job.id, too_late(stage))),
            Ok(Cancellation::Final(stage)) => {
                Told::Refused(refused(job.id, &format!("ended before: {stage}")))
            }
            Ok(Cancellation::Missing) => Told::Refused(not_found("job", &job.id.to_string())),
            Err(error) => Told::Refused(error.into()),
        };
        results.push((job.id, told));
    }
    Ok(CANCEL.tell(false, &jobs, &results, args.json, printer))
}

async fn one(app: &App, id: JobId, json: bool, printer: &Printer) -> Result<Exit, Failure> {
    let cancelled = |changed: bool, words: &str| {
        if json {
            printer.document(&CancelView { id, status: "cancelled", changed });
        } else {
            printer.data(words);
        }
        Ok(Exit::Done)
    };
    match app.engine.cancel(id).await? {
        Cancellation::Cancelled => cancelled(true, &format!("cancelled {id}; its credit is back")),
        Cancellation::Final(Stage::Cancelled) => {
            cancelled(false, &format!("{id} was cancelled before; nothing changed"))
        }
        Cancellation::TooLate(stage) => {
            Err(refused(id, too_late(stage))
                .hint(format!("`neurocards jobs wait {id}` waits for its video.")))
        }
        Cancellation::Final(stage) => Err(refused(id, &format!("ended before: {stage}"))
            .hint(format!("`neurocards jobs show {id}` tells how."))),
        Cancellation::Missing => Err(no_job(app, id).await?),
    }
}

fn refused(job: JobId, why: &str) -> Failure {
    Failure::new(Exit::Failed, "too_late", format!("the job {job} {why}")).spent("Nothing changed.")
}

/// What is known of a job that cannot be taken back: a process that died may have sent it or not.
fn too_late(stage: Stage) -> &'static str {
    match stage {
        Stage::Prompt => "was taken up by somebody else just now",
        Stage::Submit => "is being submitted to its provider, or may have been, and goes on",
        Stage::Wait => "is at its provider, or may be, and goes on",
        _ => "is rendered already and goes on",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_may_have_been_sent_is_not_called_sent() {
        assert!(too_late(Stage::Submit).contains("or may have been"));
        assert!(too_late(Stage::Wait).contains("or may be"));
        assert!(!too_late(Stage::Prompt).contains("provider"));
    }
}
