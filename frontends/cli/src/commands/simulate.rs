//! `simulate`: the whole house against stand-ins of its services, without keys or money.

mod orders;
mod serve;
mod tally;
mod world;

use std::time::Duration;

use neurocards::{Clock, RunOptions, StoreError, SystemClock};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::args::{Global, SimulateArgs, SimulateCommand, SimulateRunArgs};
use crate::failure::{Exit, Failure};
use crate::output::{Counter, Printer, Shape};
use crate::signals::Interrupt;
use tally::{Setting, Tally};
use world::World;

/// How often is looked whether all jobs have ended.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, Serialize)]
struct ProgressLine {
    event: &'static str,
    ended: u64,
    of: u32,
}

#[derive(Debug, Serialize)]
struct ResultLine<'a> {
    event: &'static str,
    exit_code: u8,
    #[serde(flatten)]
    tally: &'a Tally,
    error: Option<()>,
}

pub(super) async fn run(
    global: &Global,
    args: SimulateArgs,
    printer: &Printer,
    shape: Shape,
) -> Result<Exit, Failure> {
    let interrupt = Interrupt::watch();
    match args.command {
        Some(SimulateCommand::Serve(args)) => serve::run(&args, &interrupt, printer, shape).await,
        None => live(global, &args.run, &interrupt, printer, shape).await,
    }
}

async fn live(
    global: &Global,
    args: &SimulateRunArgs,
    interrupt: &Interrupt,
    printer: &Printer,
    shape: Shape,
) -> Result<Exit, Failure> {
    let machine = SystemClock::new();
    let (world, server, http) = World::begin(global, args).await?;
    let orders = orders::place(&world.app, args).await?;
    let stop = interrupt.token().child_token();
    let (worked, (), watched) = tokio::join!(
        async {
            let worked = world.app.engine.run(RunOptions::default(), stop.clone()).await;
            stop.cancel();
            worked
        },
        server.serve(http, stop.clone()),
        async {
            let watched = watch(&world, args.jobs, &stop, printer, shape).await;
            stop.cancel();
            watched
        }
    );
    worked?;
    watched?;
    let setting = Setting {
        seed: args.seed,
        weather: args.weather.into(),
        speed: world.speed,
        seconds: machine.monotonic().as_secs_f64(),
    };
    let tally = Tally::of(&world, &orders, setting).await?;
    if interrupt.token().is_cancelled() {
        printer.warning("interrupted: what was simulated is over");
        return Ok(told(&tally, Exit::Interrupted, printer, shape));
    }
    for promise in &tally.broken {
        printer.warning(promise);
    }
    Ok(told(&tally, if tally.broken.is_empty() { Exit::Done } else { Exit::Failed }, printer, shape))
}

fn told(tally: &Tally, exit: Exit, printer: &Printer, shape: Shape) -> Exit {
    match shape {
        Shape::Lines => {
            let exit_code = exit.code();
            printer.json_line(&ResultLine { event: "result", exit_code, tally, error: None });
        }
        _ => printer.data(&tally.to_string()),
    }
    exit
}

/// Until all jobs have ended, it takes far too long, or somebody says stop.
async fn watch(
    world: &World,
    of: u32,
    stop: &CancellationToken,
    printer: &Printer,
    shape: Shape,
) -> Result<(), StoreError> {
    let machine = SystemClock::new();
    let counter = Counter::new(printer.is_quiet() || shape == Shape::Lines, of.into(), "simulated videos");
    let mut told = None;
    while !stop.is_cancelled() && machine.monotonic() < world.patience {
        let status = world.app.store().queue_status().await?;
        let left: u64 = status.stages.iter().map(|stage| stage.jobs).sum();
        let ended = u64::from(of).saturating_sub(left);
        counter.show(ended);
        if shape == Shape::Lines && told.replace(ended) != Some(ended) {
            printer.json_line(&ProgressLine { event: "progress", ended, of });
        }
        if left == 0 {
            break;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = machine.sleep(LOOK) => {}
        }
    }
    counter.clear();
    Ok(())
}
