//! `simulate serve`: only the stand-ins, for other processes.

use std::collections::BTreeMap;

use neurocards_fakes::{Report, Scenario, ScenarioOptions};
use serde::Serialize;

use crate::args::SimulateServeArgs;
use crate::failure::{Exit, Failure};
use crate::output::{Printer, Shape};
use crate::signals::Interrupt;

#[derive(Debug, Serialize)]
struct ServingLine<'a> {
    event: &'static str,
    env: BTreeMap<&'static str, &'a str>,
}

#[derive(Debug, Serialize)]
struct ResultLine<'a> {
    event: &'static str,
    exit_code: u8,
    #[serde(flatten)]
    report: &'a Report,
    error: Option<()>,
}

pub(super) async fn run(
    args: &SimulateServeArgs,
    interrupt: &Interrupt,
    printer: &Printer,
    shape: Shape,
) -> Result<Exit, Failure> {
    let mut options = ScenarioOptions::default();
    (options.seed, options.weather) = (args.seed, args.weather.into());
    let scenario = Scenario::begin(options);
    let settings = scenario.env();
    if shape == Shape::Lines {
        let env = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        printer.json_line(&ServingLine { event: "serving", env });
    } else {
        let lines = settings.iter().map(|(name, value)| format!("export {name}='{value}'"));
        printer.data(&lines.collect::<Vec<_>>().join("\n"));
        printer
            .note("the stand-ins answer on this machine until Ctrl-C; the keys are theirs and open nothing");
    }
    interrupt.token().cancelled().await;
    let report = scenario.report();
    // What they object to is a fault of whoever called.
    let exit = if report.violations.is_empty() { Exit::Done } else { Exit::Failed };
    if shape == Shape::Lines {
        let exit_code = exit.code();
        printer.json_line(&ResultLine { event: "result", exit_code, report: &report, error: None });
    } else {
        let lines = report.to_string().trim_end().lines().map(|line| format!("# {line}")).collect::<Vec<_>>();
        printer.data(&lines.join("\n"));
    }
    Ok(exit)
}
