//! `queue status`, `queue pause`, `queue resume`, and `workers list`.

mod drain;

use neurocards::{Pause, PauseRecord, PauseScope, QueueStatus};
use serde::Serialize;

pub(super) use drain::run as drain;

use crate::app::App;
use crate::args::{DocumentArgs, PauseArgs, ResumeArgs};
use crate::failure::{Exit, Failure};
use crate::output::{PauseView, Printer, QueueView, moment, table};
use crate::paused::words;

pub(super) async fn status(app: &App, args: &DocumentArgs, printer: &Printer) -> Result<Exit, Failure> {
    let status = app.store().queue_status().await?;
    if args.json {
        printer.document(&QueueView::from(&status));
    } else {
        printer.data(&text(&status));
    }
    Ok(Exit::Done)
}

fn text(status: &QueueStatus) -> String {
    let rows = status.stages.iter().map(|stage| {
        let counts = [stage.jobs, stage.due, stage.leased, stage.paused].map(|count| count.to_string());
        std::iter::once(stage.stage.to_string()).chain(counts).collect()
    });
    let oldest = status.oldest_due();
    let mut lines = vec![
        table(&["STAGE", "JOBS", "DUE", "LEASED", "PAUSED"], rows),
        String::new(),
        format!("oldest due  {}", oldest.map_or("none".to_owned(), |due| format!("{} s", due.as_secs()))),
        format!("workers     {}", status.workers.len()),
    ];
    if status.pauses.is_empty() {
        lines.push("pauses      none".to_owned());
    }
    lines.extend(status.pauses.iter().map(|record| format!("pause       {}", words(record))));
    lines.join("\n")
}

/// What came of a wish to pause or to resume.
#[derive(Debug, Serialize)]
struct PauseDocument<'a> {
    /// It was not so before.
    changed: bool,
    /// The pauses that are in force now.
    pauses: Vec<PauseView<'a>>,
}

fn print(changed: bool, pauses: &[PauseRecord], text: &str, json: bool, printer: &Printer) {
    if json {
        let pauses = pauses.iter().map(PauseView::from).collect();
        printer.document(&PauseDocument { changed, pauses });
    } else {
        printer.data(text);
    }
}

pub(super) async fn pause(app: &App, args: PauseArgs, printer: &Printer) -> Result<Exit, Failure> {
    let scope = scope(app, args.model, printer)?;
    let (changed, record) = pause_scope(app, scope, args.reason).await?;
    let text = match changed {
        true => format!("{}; what is at a provider goes on", words(&record)),
        false => format!("nothing changed: {}", words(&record)),
    };
    print(changed, &app.store().queue_pauses().await?, &text, args.json, printer);
    Ok(Exit::Done)
}

/// Pauses; answers whether it was not before, and the pause that is in force.
async fn pause_scope(
    app: &App,
    scope: PauseScope,
    reason: Option<String>,
) -> Result<(bool, PauseRecord), Failure> {
    let pause = Pause { scope, actor: app.config.actor.clone(), reason };
    let changed = app.store().queue_pause(&pause).await?;
    let in_force = app.store().queue_pauses().await?;
    let same = in_force.into_iter().find(|record| record.pause.scope == pause.scope);
    let gone = || {
        Failure::new(Exit::Failed, "resumed", "somebody resumed it at the same moment")
            .hint("Run it again, or look at `neurocards queue status`.")
    };
    Ok((changed, same.ok_or_else(gone)?))
}

pub(super) async fn resume(app: &App, args: ResumeArgs, printer: &Printer) -> Result<Exit, Failure> {
    let scope = args.model.map_or(PauseScope::Everything, PauseScope::Model);
    let changed = app.store().queue_resume(&scope).await?;
    let left = app.store().queue_pauses().await?;
    let mut text = match changed {
        true => format!("resumed: {scope}"),
        false => format!("nothing changed: there is no pause of {scope}"),
    };
    for record in &left {
        text.push_str(&format!("\nstill: {}", words(record)));
    }
    print(changed, &left, &text, args.json, printer);
    Ok(Exit::Done)
}

/// A model that nobody knows can be paused: another version may serve it. It is more likely a slip of the hand.
fn scope(app: &App, model: Option<String>, printer: &Printer) -> Result<PauseScope, Failure> {
    let Some(model) = model else { return Ok(PauseScope::Everything) };
    if app.engine.catalogue().get(&model).is_none() {
        printer.warning(&format!("this version knows no model {model}; see `neurocards models list --all`"));
    }
    Ok(PauseScope::Model(model))
}

pub(super) async fn workers(app: &App, args: &DocumentArgs, printer: &Printer) -> Result<Exit, Failure> {
    let status = app.store().queue_status().await?;
    if args.json {
        printer.document(&status.workers);
        return Ok(Exit::Done);
    }
    if status.workers.is_empty() {
        printer.note("no worker was heard of within a day");
        return Ok(Exit::Done);
    }
    let rows = status.workers.iter().map(|worker| {
        let ago = (status.at - worker.seen_at).num_seconds().max(0);
        vec![
            worker.beat.name.clone(),
            worker.beat.host.clone(),
            worker.beat.version.clone(),
            worker.beat.in_flight.to_string(),
            moment(worker.beat.started_at),
            format!("{ago} s ago"),
        ]
    });
    printer.data(&table(&["WORKER", "HOST", "VERSION", "JOBS", "STARTED", "SEEN"], rows));
    Ok(Exit::Done)
}
