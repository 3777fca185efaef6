//! Command lines that clap did not understand.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Printer, clean_short};
use crate::failure::Failure;

/// Prints what clap says for people; answers the same for scripts.
pub(crate) fn print_usage_error(error: &clap::Error, command: &str, printer: &Printer) -> Failure {
    let mut text = clean_short(error.render().to_string().trim_end());
    if let Some(nearest) = nearest_value(error) {
        text = text.replacen("\n\n", &format!("\n\n  tip: did you mean '{nearest}'?\n\n"), 1);
    }
    printer.usage(&text);
    let mut parts = text.split("\n\n");
    let what = parts.next().map(one_line).unwrap_or_default();
    let tip = parts.map(str::trim).find_map(|part| part.strip_prefix("tip: ")).map(one_line);
    let help = format!("See `{} --help`.", format!("neurocards {command}").trim_end());
    let hint = match tip {
        Some(tip) if tip.ends_with('?') => format!("Tip: {tip} {help}"),
        Some(tip) => format!("Tip: {tip}. {help}"),
        None => help,
    };
    Failure::usage(what.trim_start_matches("error: ")).hint(hint)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The known word that is spelt most like the given one, when clap has found none: it does not see swapped letters.
fn nearest_value(error: &clap::Error) -> Option<&str> {
    if error.kind() != ErrorKind::InvalidValue || error.get(ContextKind::SuggestedValue).is_some() {
        return None;
    }
    let (Some(ContextValue::String(given)), Some(ContextValue::Strings(known))) =
        (error.get(ContextKind::InvalidValue), error.get(ContextKind::ValidValue))
    else {
        return None;
    };
    nearest(given, known.iter().map(String::as_str))
}

/// The word that is spelt most like the given one, if any is near enough to be meant.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given: String = given.chars().take(64).collect();
    let scored = known.into_iter().map(|word| (strsim::damerau_levenshtein(&given, word), word));
    let best = scored.min_by_key(|(distance, _)| *distance)?;
    (best.0 * 2 <= best.1.len()).then_some(best.1)
}
