//! The commands.

mod bot;
mod credits;
mod doctor;
mod generate;
mod jobs;
mod keys;
mod migrate;
mod models;
mod pages;
mod queue;
mod serve;
mod simulate;
mod stats;
mod wait;
mod worker;

use std::io::IsTerminal;

use neurocards::ResourceChange;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::args::{
    Cli, Command, CreditsCommand, Global, JobsCommand, KeysCommand, Manner, ModelsCommand, OrdersCommand,
    QueueCommand, WorkersCommand,
};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{ErrorDocument, Printer, Shape, print_usage_error};
use crate::report::Report;

/// Runs a command; what went wrong is printed here.
pub(crate) async fn run(cli: Cli, shape: Shape, printer: &Printer) -> Exit {
    let ended = configured(&cli.global, cli.command, printer, shape).await;
    ended.unwrap_or_else(|failure| match shape {
        Shape::Lines => Report::refused(failure).print(printer, shape),
        Shape::Document | Shape::Text => {
            printer.failure(&failure, shape);
            failure.exit
        }
    })
}

async fn configured(
    global: &Global,
    command: Command,
    printer: &Printer,
    shape: Shape,
) -> Result<Exit, Failure> {
    let config = match command {
        Command::Simulate(_) => Config::of_nothing(global)?,
        _ => Config::load(global)?,
    };
    let works = matches!(command, Command::Worker(_) | Command::Serve(_) | Command::Bot);
    start_logs(global, works, config.colours);
    config.unknown_settings.iter().for_each(|unknown| printer.warning(&unknown.to_string()));
    dispatch(command, global, config, printer, shape).await
}

/// A command line that clap did not understand, or one that asked for help.
pub(crate) fn not_understood(error: &clap::Error, manner: &Manner, printer: &Printer) -> Exit {
    if !error.use_stderr() {
        // Nobody may be reading; help is not worth a complaint.
        let _ = error.print();
        return Exit::Done;
    }
    let failure = print_usage_error(error, &manner.command, printer);
    match manner.shape() {
        Shape::Lines => Report::refused(failure).print_line(printer),
        Shape::Document => printer.document(&ErrorDocument::new(&failure)),
        Shape::Text => {}
    }
    Exit::Usage
}

async fn dispatch(
    command: Command,
    global: &Global,
    config: Config,
    printer: &Printer,
    shape: Shape,
) -> Result<Exit, Failure> {
    match command {
        Command::Generate(args) => Ok(generate::run(config, args, printer, shape).await),
        Command::Jobs(JobsCommand::Wait(args)) => Ok(wait::run(config, args, printer, shape).await),
        Command::Worker(args) => worker::run(App::open_worker(config).await?, &args, false, printer).await,
        Command::Serve(args) => worker::run(App::open_worker(config).await?, &args, true, printer).await,
        Command::Bot => bot::run(App::open(config).await?, printer).await,
        Command::Jobs(JobsCommand::List(args)) => {
            jobs::list(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Jobs(JobsCommand::Show(args)) => {
            jobs::show(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Jobs(JobsCommand::Cancel(args)) => {
            jobs::cancel(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Jobs(JobsCommand::Retry(args)) => {
            jobs::retry(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Orders(OrdersCommand::List(args)) => {
            jobs::list_orders(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Orders(OrdersCommand::Show(args)) => {
            jobs::show_order(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Credits(CreditsCommand::Balance(args)) => {
            credits::balance(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Credits(CreditsCommand::Grant(args)) => {
            credits::grant(&App::open(config).await?, args, printer).await
        }
        Command::Credits(CreditsCommand::History(args)) => {
            credits::history(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Queue(QueueCommand::Status(args)) => {
            queue::status(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Queue(QueueCommand::Pause(args)) => {
            queue::pause(&App::open(config).await?, args, printer).await
        }
        Command::Queue(QueueCommand::Resume(args)) => {
            queue::resume(&App::open_to_read(config, printer).await?, args, printer).await
        }
        Command::Queue(QueueCommand::Drain(args)) => queue::drain(config, args, printer, shape).await,
        Command::Workers(WorkersCommand::List(args)) => {
            queue::workers(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Keys(command) => keys(command, config, printer).await,
        Command::Models(ModelsCommand::List(args)) if args.live => {
            models::drift(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        Command::Models(ModelsCommand::List(args)) => models::list(&config, &args, printer),
        Command::Models(ModelsCommand::Show(args)) => models::show(&config, &args, printer),
        Command::Stats(args) => stats::run(&App::open_to_read(config, printer).await?, &args, printer).await,
        Command::Audit(args) => jobs::audit(&App::open_to_read(config, printer).await?, &args, printer).await,
        Command::Doctor(args) => doctor::run(config, &args, printer).await,
        Command::Migrate(args) => migrate::run(config, &args, printer).await,
        Command::Simulate(args) => simulate::run(global, args, printer, shape).await,
        Command::Completions(args) => Ok(pages::completions(args.shell, printer)),
        Command::Man(args) => pages::man(args.out.as_deref(), printer),
    }
}

async fn keys(command: KeysCommand, config: Config, printer: &Printer) -> Result<Exit, Failure> {
    match command {
        KeysCommand::List(args) => {
            keys::list(&App::open_to_read(config, printer).await?, &args, printer).await
        }
        KeysCommand::Enable(args) => {
            keys::change(&App::open(config).await?, args, ResourceChange::Open, printer).await
        }
        KeysCommand::Disable(args) => {
            let change = ResourceChange::Close(args.time);
            keys::change(&App::open(config).await?, args.change, change, printer).await
        }
    }
}

/// Logs go to stderr. A worker tells what it does; the other commands tell it themselves.
fn start_logs(global: &Global, is_worker: bool, colours: bool) {
    let level = match (global.verbose, global.quiet) {
        (_, true) => "error",
        (0, _) if is_worker => "info,sqlx=error",
        (0, _) => "off",
        (1, _) => "debug,sqlx=warn",
        _ => "trace",
    };
    let logs = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(colours && std::io::stderr().is_terminal())
        .with_env_filter(EnvFilter::new(level));
    // Tests may have set one.
    let _ = logs.try_init();
}
