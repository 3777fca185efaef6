//! Command lines that were not understood.

use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{ErrorDocument, Shape, clean, printer};
use crate::failure::{Exit, Failure};

/// A command line that clap did not understand, or one that asked for help.
pub(crate) fn print_usage_error(error: &clap::Error, wants_json: bool) -> Exit {
    if !error.use_stderr() {
        // Nobody may be reading; help is not worth a complaint.
        let _ = error.print();
        return Exit::Done;
    }
    let mut text = clean(error.render().to_string().trim_end());
    if let Some(nearest) = nearest_value(error) {
        text = text.replacen("\n\n", &format!("\n\n  tip: did you mean '{nearest}'?\n\n"), 1);
    }
    let mut stderr = std::io::stderr().lock();
    // There is nobody left to tell when this fails.
    let _ = writeln!(stderr, "{text}\n\nNothing was spent.");
    if wants_json {
        let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let failure = Failure::usage(what).hint("See `neurocards --help`.");
        let document = ErrorDocument::new(&failure, Shape::Lines);
        let _ = writeln!(std::io::stdout().lock(), "{}", printer::json(&document, false));
    }
    Exit::Usage
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
    let given: String = given.chars().take(64).collect();
    let scored = known.iter().map(|word| (strsim::damerau_levenshtein(&given, word), word.as_str()));
    let best = scored.min_by_key(|(distance, _)| *distance)?;
    (best.0 * 2 <= best.1.len()).then_some(best.1)
}
