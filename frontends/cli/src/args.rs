//! What can be typed.

mod credits;
mod generate;
mod jobs;
mod system;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};

pub(crate) use credits::{BalanceArgs, CreditsCommand, GrantArgs, HistoryArgs};
pub(crate) use generate::GenerateArgs;
pub(crate) use jobs::{CancelArgs, JobsCommand, ListArgs, OrdersCommand, ShowArgs, WaitArgs};
pub(crate) use system::{
    CompletionsArgs, DocumentArgs, ManArgs, ModelShowArgs, ModelsCommand, ModelsListArgs, WorkerArgs,
};

use crate::failure::Exit;
use crate::output::{Shape, print_usage_error};

/// A product photo and a few lines become a short vertical video.
///
/// Work that was ordered is never lost and never paid twice: kill any command at any moment and go on with
/// `neurocards jobs wait`.
#[derive(Debug, Parser)]
#[command(name = "neurocards", version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Where database, photos and videos lie [env: NEUROCARDS_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The database: sqlite://PATH or a path [env: DATABASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// No notes and no progress on stderr
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more on stderr; twice says everything
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make videos from a photo and a description
    ///
    /// Prints the path of each video on stdout. What was ordered is kept: after an interrupt, a crash or a power
    /// cut, `neurocards jobs wait ORDER` goes on where it stopped, and nothing is paid twice.
    Generate(GenerateArgs),
    /// Carry on everything that was ordered, until told to stop
    Worker(WorkerArgs),
    /// Look at jobs, wait for them, cancel them
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Look at orders
    #[command(subcommand)]
    Orders(OrdersCommand),
    /// Look at credits, and give some
    #[command(subcommand)]
    Credits(CreditsCommand),
    /// Look at the video models
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Check every invariant over everything that is stored
    #[command(after_help = "Exit code 0: nothing is wrong. Exit code 1: each line names a broken invariant.")]
    Audit(DocumentArgs),
    /// Check this machine and this data folder, and say how to mend what is wrong
    #[command(after_help = "Exit code 1 when a check fails. Keys are counted, never shown.")]
    Doctor(DocumentArgs),
    /// Bring the database to this version
    #[command(
        after_help = "Every command does this by itself. A database of a newer version is never touched."
    )]
    Migrate(DocumentArgs),
    /// Print a completion script
    Completions(CompletionsArgs),
    /// Print the manual, or write all its pages to a folder
    Man(ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  neurocards generate cup.jpg \"Coffee cup 350 ml, 990 ₽\"
  neurocards generate cup.jpg \"Кофейная чашка\" --template ad --count 3 --out videos
  neurocards jobs list
  neurocards doctor

Exit codes: 0 all done, 1 failed, 2 not understood, 3 some failed, 4 key or authorisation,
5 not enough credits, 6 provider unavailable, 7 still running, 130 interrupted.

Settings come from flags, then the environment, then a file `.env` in the current folder:
DATABASE_URL, NEUROCARDS_DATA_DIR, NEUROCARDS_MEDIA_URL (file:///…), NEUROCARDS_PROVIDER,
and as `500ms`, `2s`, `45m` the timers NEUROCARDS_LEASE, _HEARTBEAT, _POLL_MIN, _POLL_MAX,
_JOB_DEADLINE, _UNKNOWN_GRACE, _RETRY_TEMPORARY, _RETRY_RATE_LIMIT, _STORAGE_RETRY,
_SHUTDOWN_GRACE.";

/// A command line that was understood.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) cli: Cli,
}

impl Invocation {
    /// Reads the arguments of this process. The error was printed already.
    pub(crate) fn from_process() -> Result<Self, Exit> {
        let words: Vec<OsString> = std::env::args_os().collect();
        let wants_json = words.iter().any(|word| word == "--json");
        Cli::try_parse_from(words)
            .map(|cli| Self { cli })
            .map_err(|error| print_usage_error(&error, wants_json))
    }

    /// How the command answers.
    pub(crate) fn shape(&self) -> Shape {
        let (json, shape) = match &self.cli.command {
            Command::Generate(args) => (args.json, Shape::Lines),
            Command::Jobs(JobsCommand::Wait(args)) => (args.json, Shape::Lines),
            Command::Jobs(JobsCommand::List(args)) => (args.json, Shape::Document),
            Command::Jobs(JobsCommand::Show(args)) => (args.json, Shape::Document),
            Command::Jobs(JobsCommand::Cancel(args)) => (args.json, Shape::Document),
            Command::Orders(OrdersCommand::Show(args)) => (args.json, Shape::Document),
            Command::Credits(CreditsCommand::Balance(args)) => (args.json, Shape::Document),
            Command::Credits(CreditsCommand::Grant(args)) => (args.json, Shape::Document),
            Command::Credits(CreditsCommand::History(args)) => (args.json, Shape::Document),
            Command::Models(ModelsCommand::List(args)) => (args.json, Shape::Document),
            Command::Models(ModelsCommand::Show(args)) => (args.json, Shape::Document),
            Command::Audit(args) | Command::Doctor(args) | Command::Migrate(args) => {
                (args.json, Shape::Document)
            }
            Command::Worker(_) | Command::Completions(_) | Command::Man(_) => (false, Shape::Text),
        };
        if json { shape } else { Shape::Text }
    }
}

/// The command line as clap knows it, for completions and the manual.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}
