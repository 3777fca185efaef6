//! The binary `neurocards`: wires the library to a terminal.

mod app;
mod args;
mod commands;
mod config;
mod delivery;
mod failure;
mod follow;
mod intake;
mod output;
mod paused;
mod report;
mod signals;
mod telegram;
mod translate;
mod video;

use std::process::ExitCode;

use crate::output::Printer;

fn main() -> ExitCode {
    let (manner, parsed) = args::from_process();
    let quiet = parsed.as_ref().is_ok_and(|cli| cli.global.quiet);
    let printer = Printer::new(quiet, manner.moves_money());
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return commands::not_understood(&error, &manner, &printer).into(),
    };
    let ended = tokio::runtime::Builder::new_multi_thread().enable_all().build().map(|runtime| {
        let exit = runtime.block_on(commands::run(cli, manner.shape(), &printer));
        // A render that is under way belongs to a job that somebody will claim again.
        runtime.shutdown_background();
        exit
    });
    match ended {
        Ok(exit) => printer.finish(exit).into(),
        Err(error) => printer.fatal("the async runtime could not start", &error).into(),
    }
}
