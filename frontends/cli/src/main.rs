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
mod report;
mod signals;
mod translate;

use std::process::ExitCode;

use crate::args::Invocation;
use crate::output::Printer;

fn main() -> ExitCode {
    let invocation = match Invocation::from_process() {
        Ok(invocation) => invocation,
        Err(exit) => return exit.into(),
    };
    let printer = Printer::new(invocation.cli.global.quiet);
    let ended = tokio::runtime::Builder::new_multi_thread().enable_all().build().map(|runtime| {
        let exit = runtime.block_on(commands::run(invocation, &printer));
        // A render that is under way belongs to a job that somebody will claim again.
        runtime.shutdown_background();
        exit
    });
    match ended {
        Ok(exit) => printer.finish(exit).into(),
        Err(error) => printer.fatal("the async runtime could not start", &error).into(),
    }
}
