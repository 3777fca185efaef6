//! `jobs` and `orders`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use neurocards::{FaultClass, Status};

use crate::config::parse_duration;

/// The commands of `jobs`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List jobs, the newest first
    List(ListArgs),
    /// Show everything that is known of a job
    #[command(after_help = SHOW_EXAMPLE)]
    Show(ShowArgs),
    /// Carry a job or an order on until it ends, and hand over its videos
    Wait(WaitArgs),
    /// Take jobs back, as long as nothing was sent to a provider; their credits return
    Cancel(CancelArgs),
    /// Order once more what failed or was cancelled: a new order of one video for each job
    Retry(RetryArgs),
}

/// The commands of `orders`.
#[derive(Debug, Subcommand)]
pub(crate) enum OrdersCommand {
    /// List orders, the newest first
    List(OrdersListArgs),
    /// Show an order and its jobs
    #[command(after_help = "Example:\n  neurocards orders show 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")]
    Show(ShowArgs),
}

/// Which jobs: every part that is given narrows the choice.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which jobs")]
pub(crate) struct FilterArgs {
    /// Only jobs in this state
    #[arg(long, value_parser = status_parser())]
    pub(crate) state: Option<Status>,
    /// Only jobs whose last fault is of this class
    #[arg(long, value_parser = class_parser())]
    pub(crate) class: Option<FaultClass>,
    /// Only jobs of this model
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Only jobs of this account
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Only jobs of this order
    #[arg(long, value_name = "ORDER")]
    pub(crate) order: Option<String>,
    /// Only jobs that were ordered at least this long ago: `90m`, `24h`
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) older: Option<Duration>,
    /// Only jobs that were ordered within this time
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) newer: Option<Duration>,
    /// Only jobs whose product's description has this text
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    pub(crate) text: Option<String>,
}

/// `jobs list`.
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Go on behind this job: the last one of the list before
    #[arg(long, value_name = "JOB")]
    pub(crate) before: Option<String>,
    /// One JSON array on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

const LIST_EXAMPLES: &str = "\
Examples:
  neurocards jobs list --state failed --limit 20
  neurocards jobs list --class billing --newer 24h --account telegram:42
  neurocards jobs list --text \"coffee cup\"
  neurocards jobs list --before 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b
  neurocards jobs list --json | jq -r '.[].video.media_path'

In JSON, `video.media_path` is the video in the data folder, and `video.path` the copy that the
command itself has made: null here, because only `generate` and `jobs wait` make copies.";

const SHOW_EXAMPLE: &str = "\
Example:
  neurocards jobs show 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b

Its video in the data folder is `video`, and in JSON `video.media_path`;
`neurocards jobs wait JOB --out DIR` copies it.";

/// `jobs show`, `orders show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Its id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orders list`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  neurocards orders list --account cli:shop --limit 5")]
pub(crate) struct OrdersListArgs {
    /// Only orders of this account
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) limit: u32,
    /// One JSON array on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `jobs wait`.
#[derive(Debug, Args)]
#[command(after_help = WAIT_EXAMPLES)]
pub(crate) struct WaitArgs {
    /// The id of a job or of an order
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Stop waiting after this long (exit code 7); the order goes on
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,
    /// Where the videos go; made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Events as JSON lines on stdout, the last one is the result
    #[arg(long)]
    pub(crate) json: bool,
}

const WAIT_EXAMPLES: &str = "\
Examples:
  neurocards jobs wait 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b --out videos
  neurocards jobs wait 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b --timeout 10m

Videos are called video-ORDER_TEMPLATE_N.mp4, with the last eight characters of the order's id:
orders do not keep the photo's name. Nothing is overwritten: when a name is taken, the end of the
job's id is added.
In JSON, `path` is the copy in --out and `media_path` the video in the data folder.";

/// One job by its id, or all that a filter finds.
#[derive(Debug, Args)]
pub(crate) struct ManyArgs {
    /// The id of the job
    #[arg(value_name = "JOB")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// At most this many, the newest first
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Say which jobs these are, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before several jobs are changed
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `jobs cancel`.
#[derive(Debug, Args)]
#[command(after_help = CANCEL_EXAMPLES)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
}

const CANCEL_EXAMPLES: &str = "\
With a filter, all jobs that it finds and that are not final; it asks first. A job that a provider
has, or may have, goes on.

Examples:
  neurocards jobs cancel 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b
  neurocards jobs cancel --account cli:shop --state queued --dry-run
  neurocards jobs cancel --account cli:shop --state queued --yes";

/// `jobs retry`.
#[derive(Debug, Args)]
#[command(after_help = RETRY_EXAMPLES)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    /// Render with this model instead of the one before
    #[arg(long, value_name = "MODEL")]
    pub(crate) with_model: Option<String>,
}

const RETRY_EXAMPLES: &str = "\
With a filter, all failed jobs that it finds (--state cancelled: all cancelled ones); it asks
first. Each new order holds credits of the job's account again. A job is ordered again once, however
often this is run; when the new one fails, retry that.

Examples:
  neurocards jobs retry 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b
  neurocards jobs retry --class temporary --newer 24h --dry-run
  neurocards jobs retry --class billing --yes --with-model kling-3.0/video";

fn status_parser() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str)).try_map(|word| word.parse::<Status>())
}

fn class_parser() -> impl TypedValueParser<Value = FaultClass> {
    PossibleValuesParser::new(FaultClass::ALL.map(FaultClass::as_str))
        .try_map(|word| word.parse::<FaultClass>())
}

/// Most characters of a text that is looked for.
const TEXT_MOST: usize = 200;

fn parse_text(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("it is empty".to_owned()),
        1..=TEXT_MOST => Ok(text.to_owned()),
        more => Err(format!("at most {TEXT_MOST} characters, not {more}")),
    }
}
