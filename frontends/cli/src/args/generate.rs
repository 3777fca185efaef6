//! `generate`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use neurocards::{Credits, Lang, ORDER_MAX_VIDEOS, TemplateId};

use super::{parse_credits, parse_key};

/// `generate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GenerateArgs {
    /// The product photo: JPEG, PNG or WebP; `-` reads it from stdin
    #[arg(value_name = "PHOTO")]
    pub(crate) photo: PathBuf,
    /// What the product is, with its price and what is good about it
    #[arg(value_name = "DESCRIPTION", allow_hyphen_values = true)]
    pub(crate) description: String,
    /// The recipe: a blogger speaks (ugc), a film without people (ad), your own prompt (self)
    #[arg(long, default_value = "ugc", value_parser = template_parser())]
    pub(crate) template: TemplateId,
    /// How the video should be: place, mood, hero
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) wishes: Option<String>,
    /// Your own video prompt, with `--template self`
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) prompt: Option<String>,
    /// How many videos, 1 to 20; each one differs
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = parse_count)]
    pub(crate) count: u32,
    /// The video model; see `neurocards models list`
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
    /// The language of script and captions; by default that of the description
    #[arg(long, value_parser = lang_parser())]
    pub(crate) lang: Option<Lang>,
    /// Who pays; every account but cli:default is opened by `neurocards credits grant`
    #[arg(long, value_name = "ACCOUNT", default_value = "cli:default")]
    pub(crate) account: String,
    /// Makes the order unique: the same key gives the same order again, and costs nothing again
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    pub(crate) idempotency_key: Option<String>,
    /// Where the videos go; made if it is not there [default: .]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Order only: `neurocards worker` or `neurocards jobs wait` does the rest, and only the latter knows --out
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Refuse to order for more than this; at least 1
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_budget)]
    pub(crate) max_credits: Option<Credits>,
    /// Check everything, the credits and the --idempotency-key too, and say what it would cost; nothing is ordered or
    /// written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Events as JSON lines on stdout, the last one is the result
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  neurocards generate cup.jpg \"Coffee cup 350 ml, keeps warm for an hour, 990 ₽\"
  neurocards generate cup.jpg \"Кофейная чашка\" --template ad --wishes \"утро, у окна\"
  neurocards generate cup.jpg \"Cup\" --template self --prompt \"the cup turns slowly on a marble table\"
  neurocards generate cup.jpg \"Cup\" --count 3 --out videos --json | jq -r 'select(.event==\"result\")'
  cat cup.jpg | neurocards generate - \"Cup\" --idempotency-key order-1042 --no-wait

Videos are called PHOTO_TEMPLATE_N.mp4, as in cup_ad_2.mp4. A photo from stdin has no name: `video-`
and the end of the order's id stand for it. Nothing is overwritten: when a name is taken, the end of
the job's id is added.
In JSON, `path` is the copy in --out and `media_path` the video in the data folder.";

fn parse_budget(text: &str) -> Result<Credits, String> {
    let budget = parse_credits(text)?;
    if budget.is_positive() { Ok(budget) } else { Err("a video costs at least 1 credit".to_owned()) }
}

/// The engine says the same of 0 and 21.
fn parse_count(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("an order has 1 to {ORDER_MAX_VIDEOS} videos"))
}

fn template_parser() -> impl TypedValueParser<Value = TemplateId> {
    PossibleValuesParser::new(TemplateId::ALL.map(TemplateId::as_str))
        .try_map(|word| word.parse::<TemplateId>())
}

fn lang_parser() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new([Lang::Ru.as_str(), Lang::En.as_str()]).try_map(|word| word.parse::<Lang>())
}
