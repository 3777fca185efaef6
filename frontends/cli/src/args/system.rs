//! The commands around the work: `worker`, `models`, `audit`, `doctor`, `migrate`, `completions`, `man`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::Shell;

use crate::config::parse_duration;

/// `worker`.
#[derive(Debug, Args)]
#[command(after_help = WORKER_HELP)]
pub(crate) struct WorkerArgs {
    /// Stop when nothing is left to do
    #[arg(long)]
    pub(crate) until_idle: bool,
    /// Serve /healthz, /readyz and /metrics there, for a private network, and KIE's callbacks [env: NEUROCARDS_HTTP_ADDR]
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) http_addr: Option<SocketAddr>,
}

const WORKER_HELP: &str = "\
Stops in order on SIGTERM or Ctrl-C, within NEUROCARDS_SHUTDOWN_GRACE (25s); the second one stops at once.
Any number of workers and `generate` commands may share a data folder, and a PostgreSQL database.

Examples:
  neurocards worker
  neurocards worker --until-idle
  neurocards worker --http-addr 127.0.0.1:9464";

/// `stats`.
#[derive(Debug, Args)]
#[command(after_help = STATS_HELP)]
pub(crate) struct StatsArgs {
    /// How far to look back: `90m`, `24h`, `30d`
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_duration)]
    pub(crate) since: Duration,
    /// What a captured credit is worth in dollars; with it, the margin is told
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) credit_usd: Option<f64>,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

const STATS_HELP: &str = "\
`start` is the time from the order to the first paid call, `video` the time to the stored video, to a
tenth of a second. Costs are what the provider charged for attempts that were last heard of in the
time; KIE's credits are half a cent each.

Examples:
  neurocards stats
  neurocards stats --since 7d --credit-usd 0.85
  neurocards stats --json | jq .success_percent";

fn parse_usd(text: &str) -> Result<f64, &'static str> {
    let usd = text.parse::<f64>().ok().filter(|usd| usd.is_finite() && (0.0..=1_000_000.0).contains(usd));
    usd.ok_or("write dollars as 0.85")
}

/// The commands of `models`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the models
    #[command(after_help = "Examples:\n  neurocards models list --all\n  neurocards models list --live")]
    List(ModelsListArgs),
    /// Show what is known of a model
    #[command(after_help = "Example:\n  neurocards models show sora-2-image-to-video")]
    Show(ModelShowArgs),
}

/// `models list`.
#[derive(Debug, Args)]
pub(crate) struct ModelsListArgs {
    /// Retired models too
    #[arg(long, conflicts_with = "live")]
    pub(crate) all: bool,
    /// Compare the catalogue with the provider's own list: needs a key, costs nothing
    #[arg(long)]
    pub(crate) live: bool,
    /// One JSON array on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `models show`.
#[derive(Debug, Args)]
pub(crate) struct ModelShowArgs {
    /// Its id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// A command that answers with one document.
#[derive(Debug, Args)]
pub(crate) struct DocumentArgs {
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Read every video too, and compare it with its hash: takes as long as reading the media folder
    #[arg(long)]
    pub(crate) hashes: bool,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  neurocards completions bash > ~/.local/share/bash-completion/completions/neurocards"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  neurocards man | man -l -\n  neurocards man --out ~/.local/share/man/man1"
)]
pub(crate) struct ManArgs {
    /// Write one page for each command into this folder instead
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
