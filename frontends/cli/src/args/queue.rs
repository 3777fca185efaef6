//! `queue` and `workers`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{DocumentArgs, parse_reason};
use crate::config::parse_duration;

/// The commands of `queue`.
#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Show how many jobs are where, what is paused and who works
    #[command(after_help = "Example:\n  neurocards queue status --json | jq '.stages[] | select(.due > 0)'")]
    Status(DocumentArgs),
    /// Hold jobs back before they cost anything; what is paid for goes on
    #[command(after_help = PAUSE_HELP)]
    Pause(PauseArgs),
    /// Let jobs go on that a pause holds back
    #[command(after_help = "Examples:\n  neurocards queue resume\n  neurocards queue resume --model preview")]
    Resume(ResumeArgs),
    /// Pause everything, and wait until nothing is under way
    #[command(after_help = DRAIN_HELP)]
    Drain(DrainArgs),
}

/// The commands of `workers`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkersCommand {
    /// List the workers that were heard of within a day
    #[command(after_help = "Example:\n  neurocards workers list --json")]
    List(DocumentArgs),
}

/// `queue pause`.
#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// Only jobs of this model
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
    /// Why: everybody who meets the pause reads it
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    pub(crate) reason: Option<String>,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

const PAUSE_HELP: &str = "\
Orders are still taken. Jobs that a provider has are read and stored; deadlines go on.
A queue that was paused before keeps the first actor and reason.

Examples:
  neurocards queue pause --reason \"the provider is down\"
  neurocards queue pause --model preview";

/// `queue resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// Only jobs of this model: ends the pause of this model, not that of everything
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `queue drain`.
#[derive(Debug, Args)]
pub(crate) struct DrainArgs {
    /// Why: everybody who meets the pause reads it
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    pub(crate) reason: Option<String>,
    /// Stop waiting after this long (exit code 7); the queue stays paused
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,
    /// Events as JSON lines on stdout, the last one is the result
    #[arg(long)]
    pub(crate) json: bool,
}

const DRAIN_HELP: &str = "\
Workers must run: they read and store what providers have. Afterwards they can be stopped without
leaving anything in the air. The queue stays paused, also after Ctrl-C: `neurocards queue resume`.

Examples:
  neurocards queue drain --reason \"new version\"
  neurocards queue drain --timeout 45m --json";
