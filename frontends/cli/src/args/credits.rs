//! `credits`.

use clap::{Args, Subcommand};
use neurocards::Credits;

use super::{parse_credits, parse_key, parse_reason};

/// The commands of `credits`.
#[derive(Debug, Subcommand)]
pub(crate) enum CreditsCommand {
    /// Show what an account can spend
    #[command(after_help = "Example:\n  neurocards credits balance telegram:42 --json")]
    Balance(BalanceArgs),
    /// Give credits to an account, or take them back with a negative number
    Grant(GrantArgs),
    /// Show an account's ledger entries, the newest first
    #[command(after_help = "Example:\n  neurocards credits history telegram:42 --limit 20")]
    History(HistoryArgs),
}

/// `credits balance`.
#[derive(Debug, Args)]
pub(crate) struct BalanceArgs {
    /// The account
    #[arg(value_name = "ACCOUNT", default_value = "cli:default")]
    pub(crate) account: String,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// `credits grant`.
#[derive(Debug, Args)]
#[command(after_help = GRANT_EXAMPLES)]
pub(crate) struct GrantArgs {
    /// The account; opened if it is new
    #[arg(value_name = "ACCOUNT")]
    pub(crate) account: String,
    /// How many; negative takes back what was given by mistake
    #[arg(value_name = "N", allow_negative_numbers = true, value_parser = parse_credits)]
    pub(crate) amount: Credits,
    /// Why; kept in the ledger
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_reason)]
    pub(crate) reason: Option<String>,
    /// Makes the grant unique: the same key gives nothing again
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    pub(crate) idempotency_key: Option<String>,
    /// One JSON document on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

const GRANT_EXAMPLES: &str = "\
Examples:
  neurocards credits grant telegram:42 10 --reason \"sorry for the delay\"
  neurocards credits grant telegram:42 -3 --reason \"granted by mistake\"
  neurocards credits grant cli:shop 100 --idempotency-key invoice-2026-117";

/// `credits history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The account
    #[arg(value_name = "ACCOUNT", default_value = "cli:default")]
    pub(crate) account: String,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// One JSON array on stdout
    #[arg(long)]
    pub(crate) json: bool,
}
