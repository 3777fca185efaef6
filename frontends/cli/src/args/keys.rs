//! `keys`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::parse_reason;
use crate::config::parse_duration;

/// The commands of `keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Show accounts and keys: balance, days left, health
    #[command(after_help = "Examples:\n  neurocards keys list\n  neurocards keys list --probe --json")]
    List(KeysListArgs),
    /// Let a key be used again, at once and by all processes
    #[command(after_help = "Example:\n  neurocards keys enable 2")]
    Enable(KeyChangeArgs),
    /// Use a key for nothing new, in all processes; what it began is still read
    #[command(
        after_help = "Examples:\n  neurocards keys disable 2 --reason \"its cap is low\"\n  neurocards keys disable 0f3a9c1d --for 2h"
    )]
    Disable(KeyDisableArgs),
}

/// `keys list`.
#[derive(Debug, Args)]
pub(crate) struct KeysListArgs {
    /// Ask KIE for the balances first: free
    #[arg(long)]
    pub(crate) probe: bool,
    /// One JSON array on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `keys enable`, and what `keys disable` shares with it.
#[derive(Debug, Args)]
pub(crate) struct KeyChangeArgs {
    /// Its place or its name, as `keys list` shows them; never the key itself
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    pub(crate) reason: Option<String>,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `keys disable`.
#[derive(Debug, Args)]
pub(crate) struct KeyDisableArgs {
    #[command(flatten)]
    pub(crate) change: KeyChangeArgs,
    /// Only for so long
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) time: Option<Duration>,
}
