//! What can be typed.

mod credits;
mod generate;
mod jobs;
mod keys;
mod queue;
mod simulate;
mod system;

use std::ffi::OsString;
use std::num::{IntErrorKind, ParseIntError};
use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};
use neurocards::Credits;

pub(crate) use credits::{BalanceArgs, CreditsCommand, GrantArgs, HistoryArgs};
pub(crate) use generate::GenerateArgs;
pub(crate) use jobs::{
    CancelArgs, FilterArgs, JobsCommand, ListArgs, ManyArgs, OrdersCommand, OrdersListArgs, RetryArgs,
    ShowArgs, WaitArgs,
};
pub(crate) use keys::{KeyChangeArgs, KeysCommand, KeysListArgs};
pub(crate) use queue::{DrainArgs, PauseArgs, QueueCommand, ResumeArgs, WorkersCommand};
pub(crate) use simulate::{SimulateArgs, SimulateCommand, SimulateRunArgs, SimulateServeArgs};
pub(crate) use system::{
    AuditArgs, CompletionsArgs, DocumentArgs, ManArgs, ModelShowArgs, ModelsCommand, ModelsListArgs,
    StatsArgs, WorkerArgs,
};

use crate::output::{Shape, is_plain};

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
    /// The database: postgres://…, sqlite://PATH or a path [env: DATABASE_URL]
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
    /// Take the updates of the Telegram bot, until told to stop
    ///
    /// It needs BOT_TOKEN. Orders wait until a worker carries them on, here or elsewhere; `serve` is both.
    Bot,
    /// Be bot and worker in one process
    Serve(WorkerArgs),
    /// Look at jobs, wait for them, cancel them, order them again
    #[command(subcommand, after_help = JOBS_EXAMPLES)]
    Jobs(JobsCommand),
    /// Look at orders
    #[command(subcommand, after_help = ORDERS_EXAMPLES)]
    Orders(OrdersCommand),
    /// Look at credits, and give some
    #[command(subcommand, after_help = CREDITS_EXAMPLES)]
    Credits(CreditsCommand),
    /// Look at the queue, hold it back, let it go on
    #[command(subcommand, after_help = QUEUE_EXAMPLES)]
    Queue(QueueCommand),
    /// Look at the workers
    #[command(subcommand, after_help = "Example:\n  neurocards workers list")]
    Workers(WorkersCommand),
    /// Look at KIE's keys, close them and open them
    #[command(subcommand, after_help = KEYS_EXAMPLES)]
    Keys(KeysCommand),
    /// Look at the video models
    #[command(subcommand, after_help = MODELS_EXAMPLES)]
    Models(ModelsCommand),
    /// Tell what happened of late: jobs, times, credits, costs
    Stats(StatsArgs),
    /// Check every invariant over everything that is stored, and that the videos are there
    #[command(after_help = AUDIT_HELP)]
    Audit(AuditArgs),
    /// Check this machine and this data folder, and say how to mend what is wrong
    #[command(after_help = DOCTOR_HELP)]
    Doctor(DocumentArgs),
    /// Bring the database to this version
    #[command(after_help = MIGRATE_HELP)]
    Migrate(DocumentArgs),
    /// Try everything without keys or money, against stand-ins of the services
    Simulate(SimulateArgs),
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

Exit codes: 0 all done, 1 failed, 2 wrong usage, 3 some failed, 4 key or authorisation,
5 not enough credits, 6 provider unavailable, 7 still running, 130 interrupted.

Settings come from flags, then the environment, then a file `.env` in the current folder:
DATABASE_URL, NEUROCARDS_DATA_DIR, NEUROCARDS_MEDIA_URL (file:///…, s3://…),
KIE_API_KEY (key,key or account=key), KIE_MODEL, OPENAI_API_KEY, OPENAI_MODEL, BOT_TOKEN,
PUBLIC_BASE_URL, NEUROCARDS_PROVIDER (kie, preview), NEUROCARDS_HTTP_ADDR,
and as `500ms`, `2s`, `45m` the timers NEUROCARDS_LEASE, _HEARTBEAT, _POLL_MIN, _POLL_MAX,
_JOB_DEADLINE, _UNKNOWN_GRACE, _RETRY_TEMPORARY, _RETRY_RATE_LIMIT, _STORAGE_RETRY,
_SHUTDOWN_GRACE, _KEY_RATE_LIMIT_COOLDOWN, _KEY_BILLING_COOLDOWN, _MODEL_REST, _MODEL_PAUSE,
_MODEL_PROBATION.";

const JOBS_EXAMPLES: &str = "\
Examples:
  neurocards jobs list --state processing
  neurocards jobs wait 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b --out videos";

const ORDERS_EXAMPLES: &str = "\
Examples:
  neurocards orders list
  neurocards orders show 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";

const CREDITS_EXAMPLES: &str = "\
Examples:
  neurocards credits balance
  neurocards credits grant cli:shop 100 --reason \"contract 7\"";

const KEYS_EXAMPLES: &str = "\
Keys are set by KIE_API_KEY=key,key (or KIE_API_KEY_1, _2, …); `account=key` groups those that
share a balance. They are shown by their place and by a name made of their hash, never themselves.

Examples:
  neurocards keys list --probe
  neurocards keys disable 2 --reason \"its cap is low\"";

const MODELS_EXAMPLES: &str = "\
Examples:
  neurocards models list
  neurocards models list --live
  neurocards models show preview";

const QUEUE_EXAMPLES: &str = "\
Examples:
  neurocards queue status
  neurocards queue pause --reason \"the provider is down\"
  neurocards queue drain --timeout 45m";

const AUDIT_HELP: &str = "\
Exit code 0: nothing is wrong. Exit code 1: each line names a broken invariant. Of each video
that was made it looks for the file and its size; with --hashes at every byte.

Examples:
  neurocards audit --json
  neurocards audit --hashes";

const DOCTOR_HELP: &str = "\
Exit code 1 when a check fails. Keys are counted, never shown.

Examples:
  neurocards doctor
  neurocards doctor --data-dir /srv/neurocards --json";

const MIGRATE_HELP: &str = "\
Every command does this by itself. A database of a newer version is never touched.

Example:
  neurocards migrate --data-dir /srv/neurocards
  DATABASE_URL=postgres://neurocards@db/neurocards neurocards migrate";

/// The commands that answer with JSON lines; the others answer with one document.
const WITH_LINES: [&str; 5] = ["generate", "jobs wait", "queue drain", "simulate", "simulate serve"];
/// The commands that hold, spend, return or grant credits; the others only look.
const MOVING_MONEY: [&str; 8] =
    ["generate", "worker", "bot", "serve", "jobs wait", "jobs cancel", "jobs retry", "credits grant"];

/// Reads the arguments of this process.
pub(crate) fn from_process() -> (Manner, Result<Cli, clap::Error>) {
    let words: Vec<OsString> = std::env::args_os().collect();
    (Manner::of(&words), Cli::try_parse_from(words))
}

/// What is known of a command line even when it was not understood.
#[derive(Debug)]
pub(crate) struct Manner {
    /// `jobs wait`.
    pub(crate) command: String,
    json: bool,
}

impl Manner {
    /// As far as the words can be told apart.
    fn of(words: &[OsString]) -> Self {
        let understood = definition().try_get_matches_from(words);
        let in_words = || words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
        let guessed = understood.is_err().then(in_words);
        let guess = |_| definition().ignore_errors(true).try_get_matches_from(words).unwrap_or_default();
        let matches = understood.unwrap_or_else(guess);
        let (mut path, mut rest) = (Vec::new(), &matches);
        while let Some((name, inner)) = rest.subcommand() {
            path.push(name.to_owned());
            rest = inner;
        }
        let flag = || rest.try_get_one::<bool>("json").ok().flatten().copied().unwrap_or_default();
        Self { command: path.join(" "), json: guessed.unwrap_or_else(flag) }
    }

    /// How the command answers.
    pub(crate) fn shape(&self) -> Shape {
        match (self.json, WITH_LINES.contains(&self.command.as_str())) {
            (false, _) => Shape::Text,
            (true, true) => Shape::Lines,
            (true, false) => Shape::Document,
        }
    }

    /// Whether credits may move.
    pub(crate) fn moves_money(&self) -> bool {
        MOVING_MONEY.contains(&self.command.as_str())
    }
}

/// An idempotency key, which lands in logs and on terminals.
fn parse_key(text: &str) -> Result<String, &'static str> {
    if text.chars().all(is_plain) { Ok(text.to_owned()) } else { Err("a key has no control characters") }
}

/// A number of credits.
fn parse_credits(text: &str) -> Result<Credits, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "there are not so many credits".to_owned(),
        _ => "credits are whole numbers, such as 10".to_owned(),
    })
}

/// Most characters of a reason.
const REASON_MOST: usize = 500;

/// Why something was done: kept for good, and shown to everybody.
fn parse_reason(text: &str) -> Result<String, String> {
    match text.chars().count() {
        _ if text.trim().is_empty() => Err("a reason has words; without one, leave it out".to_owned()),
        0..=REASON_MOST => Ok(text.to_owned()),
        more => Err(format!("a reason has at most {REASON_MOST} characters, not {more}")),
    }
}

/// The command line as clap knows it, for completions and the manual.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}
