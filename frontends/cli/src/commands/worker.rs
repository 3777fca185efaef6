//! `worker`: carries on everything that was ordered.

use std::time::Duration;

use neurocards::{Job, JobFilter, RunOptions, Stage, StoreError};
use tokio_util::sync::CancellationToken;

use super::serve::Http;
use crate::app::App;
use crate::args::WorkerArgs;
use crate::failure::{Exit, Failure};
use crate::output::Printer;
use crate::paused::{way_on, words};
use crate::signals::Interrupt;

/// The unfinished jobs that are looked at to find one of ours.
const LOOK_AT: u32 = 10_000;

/// `takes_updates`: the Telegram bot lives in this process too.
pub(super) async fn run(
    app: App,
    args: &WorkerArgs,
    takes_updates: bool,
    printer: &Printer,
) -> Result<Exit, Failure> {
    let interrupt = Interrupt::watch();
    let bot = match takes_updates {
        true => {
            let telegram = app.telegram()?;
            let name = telegram.username().await?;
            printer.note(&format!("the bot is https://t.me/{name}"));
            Some(telegram.bot(&app, &name)?)
        }
        false => None,
    };
    let http = Http::of_worker(&app, args.http_addr, bot.as_ref()).await?;
    app.say_how(printer);
    for record in app.store().queue_pauses().await? {
        printer.warning(&format!("{}. {}", words(&record), way_on(&record)));
    }
    let (database, media) = (&app.config.database, &app.config.media);
    tracing::info!(%database, %media, "the worker begins");
    let stop = interrupt.token().child_token();
    let idle = async {
        if args.until_idle {
            until_idle(&app, &stop).await
        } else {
            stop.cancelled().await
        }
        stop.cancel();
    };
    let (worked, answered, (), (), (), ()) = tokio::join!(
        async {
            let options = RunOptions { grace: app.config.shutdown_grace, ..RunOptions::default() };
            let worked = app.engine.run(options, stop.clone()).await;
            stop.cancel();
            worked
        },
        async {
            let answered = match &bot {
                Some(bot) => bot.run(stop.clone()).await,
                None => Ok(()),
            };
            if bot.is_some() {
                stop.cancel();
            }
            answered
        },
        keep_cards(&app, &stop),
        idle,
        http.serve(&stop),
        watch_balances(&app, &stop)
    );
    worked?;
    answered?;
    tracing::info!("the worker has stopped");
    Ok(Exit::Done)
}

/// Keeps the cards of people on Telegram up to date, and tells admins of alarms, where there is a bot.
async fn keep_cards(app: &App, stop: &CancellationToken) {
    if let Ok(telegram) = app.telegram() {
        tokio::join!(telegram.notifier.keep_cards(stop.clone()), telegram.notifier.tell_admins(stop.clone()));
    }
}

/// How often the accounts' balances are noted, for the forecast of `keys list`.
const BALANCES_EVERY: Duration = Duration::from_secs(15 * 60);

/// Notes the balances of the accounts at KIE until told to stop. Asking is free, and opens an account that was topped
/// up.
async fn watch_balances(app: &App, stop: &CancellationToken) {
    let Some(kie) = &app.kie else { return };
    while !stop.is_cancelled() {
        let asked = async {
            for (account, balance) in kie.probe_balances().await {
                if let Err(fault) = balance {
                    tracing::warn!(account, %fault, "the balance of an account could not be read");
                }
            }
            app.clock.sleep(BALANCES_EVERY).await;
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = asked => {}
        }
    }
}

/// Whether there are jobs that a worker could carry on: what a pause holds back is not one of them.
async fn left(app: &App, filter: &JobFilter) -> Result<bool, StoreError> {
    let pauses = app.store().queue_pauses().await?;
    let held = |job: &Job| {
        job.lease_owner.is_none() && pauses.iter().any(|record| record.pause.holds(job.stage, &job.model))
    };
    let jobs = app.store().jobs_list(filter).await?;
    Ok(jobs.iter().any(|job| app.serves(&job.provider) && !held(job)))
}

/// Until nothing that this worker could do is left, or it is told to stop.
async fn until_idle(app: &App, stop: &CancellationToken) {
    let stages = Stage::ALL.into_iter().filter(|stage| !stage.is_final()).collect();
    let filter = JobFilter { stages, limit: LOOK_AT, ..JobFilter::default() };
    loop {
        match left(app, &filter).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "jobs could not be counted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.clock.sleep(Duration::from_millis(500)) => {}
        }
    }
}
