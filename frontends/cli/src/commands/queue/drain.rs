//! `queue drain`: pauses everything, and waits until nothing is under way.

use std::time::Duration;

use neurocards::{PauseScope, QueueStatus, Stage};
use serde::Serialize;

use super::pause_scope;
use crate::app::App;
use crate::args::DrainArgs;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{Printer, Shape};
use crate::paused::words;
use crate::signals::Interrupt;

/// How often is looked.
const LOOK: Duration = Duration::from_millis(500);
/// A worker that was not heard of for this long does not count as one that carries on what is left.
const SILENT_SECONDS: i64 = 90;

/// What is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Left {
    /// Held by workers on the way to a provider.
    leased: u64,
    at_provider: u64,
    to_store: u64,
}

#[derive(Debug, Serialize)]
struct DrainLine {
    event: &'static str,
    #[serde(flatten)]
    left: Left,
}

#[derive(Debug, Serialize)]
struct ResultLine {
    event: &'static str,
    exit_code: u8,
    drained: bool,
    #[serde(flatten)]
    left: Left,
    /// Always: also when it did not get done.
    paused: bool,
    error: Option<()>,
}

impl Left {
    fn of(status: &QueueStatus) -> Self {
        let [prompt, submit, wait, store] =
            [Stage::Prompt, Stage::Submit, Stage::Wait, Stage::Store].map(|stage| status.stage(stage));
        let leased = prompt.leased + submit.leased;
        Self { leased, at_provider: wait.jobs, to_store: store.jobs }
    }

    fn words(self) -> String {
        let Self { leased, at_provider, to_store } = self;
        format!("{leased} on the way to a provider, {at_provider} at a provider, {to_store} to be stored")
    }
}

pub(in super::super) async fn run(
    config: Config,
    args: DrainArgs,
    printer: &Printer,
    shape: Shape,
) -> Result<Exit, Failure> {
    let interrupt = Interrupt::watch();
    let app = App::open(config).await?;
    let (_, record) = pause_scope(&app, PauseScope::Everything, args.reason).await?;
    printer.note(&words(&record));
    let over = async {
        match args.timeout {
            Some(timeout) => app.clock.sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let exit = tokio::select! {
        drained = drained(&app, printer, shape) => drained.map(|()| Exit::Done)?,
        () = interrupt.token().cancelled() => Exit::Interrupted,
        () = over => Exit::Running,
    };
    let left = Left::of(&app.store().queue_status().await?);
    let resume = "`neurocards queue resume` lets jobs go on.";
    if shape == Shape::Lines {
        let (exit_code, drained) = (exit.code(), exit == Exit::Done);
        printer.json_line(&ResultLine {
            event: "result",
            exit_code,
            drained,
            left,
            paused: true,
            error: None,
        });
    } else if exit == Exit::Done {
        printer.data("nothing is under way; the queue stays paused");
    }
    match exit {
        Exit::Done => printer.note(resume),
        _ => printer.warning(&format!(
            "{}: {}. The queue stays paused; run `neurocards queue drain` again, or {resume}",
            if exit == Exit::Interrupted { "interrupted" } else { "the time is over" },
            left.words()
        )),
    }
    Ok(exit)
}

/// Until nothing is under way; says what is left when that changes.
async fn drained(app: &App, printer: &Printer, shape: Shape) -> Result<(), Failure> {
    let (mut told, mut warned) = (None, false);
    loop {
        let status = app.store().queue_status().await?;
        let left = Left::of(&status);
        if told != Some(left) {
            match shape {
                Shape::Lines => printer.json_line(&DrainLine { event: "draining", left }),
                _ => printer.note(&left.words()),
            }
            told = Some(left);
        }
        if status.under_way() == 0 {
            return Ok(());
        }
        let lives = |seen| (status.at - seen) < chrono::Duration::seconds(SILENT_SECONDS);
        if !warned && !status.workers.iter().any(|worker| lives(worker.seen_at)) {
            printer.warning("no worker is at work that could end what is left: start `neurocards worker`");
            warned = true;
        }
        app.clock.sleep(LOOK).await;
    }
}
