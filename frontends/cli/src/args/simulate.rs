//! `simulate`.

use clap::{Args, Subcommand, ValueEnum};
use neurocards_fakes::Weather;

/// `simulate`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = SIMULATE_HELP)]
pub(crate) struct SimulateArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SimulateCommand>,
    #[command(flatten)]
    pub(crate) run: SimulateRunArgs,
}

/// The commands of `simulate`.
#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// Only start the stand-ins, and print the settings that point at them
    #[command(after_help = SERVE_HELP)]
    Serve(SimulateServeArgs),
}

/// `simulate` itself.
#[derive(Debug, Args)]
pub(crate) struct SimulateRunArgs {
    /// How many videos are ordered
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) jobs: u32,
    /// How much goes wrong
    #[arg(long, value_enum, default_value_t = WeatherArg::Mixed)]
    pub(crate) weather: WeatherArg,
    /// Decides what goes wrong, and when
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many times faster than the machine's clock time passes; a server's clock is never hurried
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) speed: u32,
    /// Events as JSON lines on stdout, the last one is the result
    #[arg(long)]
    pub(crate) json: bool,
}

/// `simulate serve`.
#[derive(Debug, Args)]
pub(crate) struct SimulateServeArgs {
    /// How much goes wrong
    #[arg(long, value_enum, default_value_t = WeatherArg::Calm)]
    pub(crate) weather: WeatherArg,
    /// Decides what goes wrong, and when
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Events as JSON lines on stdout, the last one is the result
    #[arg(long)]
    pub(crate) json: bool,
}

/// How much goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WeatherArg {
    /// Nothing
    Calm,
    /// About one request in ten
    Mixed,
    /// Four times as much
    Rough,
    /// And some requests are never answered
    Storm,
}

impl From<WeatherArg> for Weather {
    fn from(weather: WeatherArg) -> Self {
        match weather {
            WeatherArg::Calm => Self::Calm,
            WeatherArg::Mixed => Self::Mixed,
            WeatherArg::Rough => Self::Rough,
            WeatherArg::Storm => Self::Storm,
        }
    }
}

const SIMULATE_HELP: &str = "\
Orders videos of stand-ins for KIE and a language model that run in this process, carries them on
as a worker does, and counts: nothing may be paid twice, lost, or told twice. It needs no key and
no network, and no setting of the environment counts. Everything happens in a folder that is
removed afterwards; --data-dir or --database-url keep it, and take only a database without jobs.

Exit code 0: every promise held. Exit code 1: each line on stderr names one that did not.

Examples:
  neurocards simulate
  neurocards simulate --jobs 100 --weather storm --seed 7
  neurocards simulate serve > stand-ins.env";

const SERVE_HELP: &str = "\
The lines on stdout are for a shell. What was asked of the stand-ins follows as comments at the end.

Example, in two terminals:
  neurocards simulate serve --weather rough > stand-ins.env
  . ./stand-ins.env; neurocards generate cup.jpg \"Coffee cup 350 ml\" --data-dir trial";
