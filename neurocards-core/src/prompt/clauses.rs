//! The two demands that end every prompt.

use super::fit::{chars, fit};
use super::{Prompt, PromptLimits};

/// Keeps the product's look. Ends every prompt, before [`NO_TEXT_CLAUSE`], exactly once.
pub const PRESERVE_CLAUSE: &str =
    "Keep the product exactly as in the photo: same color, shape, size, proportions, label and packaging.";
/// Keeps the picture free of added text. Ends every prompt, exactly once.
pub const NO_TEXT_CLAUSE: &str = "No added on-screen text, subtitles, captions or graphics.";

/// What fills a prompt up to the least length of a model: true of every product video.
const FILLERS: [&str; 3] = [
    "Vertical 9:16 video of the product.",
    "The light is soft, the picture is sharp and the movement is smooth and real.",
    "The product stays in the frame from the first second to the last, in a natural setting with true shadows.",
];

/// What stands for both where a model takes fewer characters than they have.
const SHORT: [&str; 2] = ["Keep the product as in the photo.", "No added text."];

impl Prompt {
    /// A prompt within the limit: the body, shortened as [`fit`](super::fit()) does, then [`PRESERVE_CLAUSE`] and
    /// [`NO_TEXT_CLAUSE`]. Repeats of the clauses inside the body are taken out.
    ///
    /// Under a limit too small for the clauses a shorter form of them stands alone. A prompt that is shorter than the
    /// model takes gets general sentences, as many as it needs and as have room.
    #[must_use]
    pub fn with_clauses(body: &str, limits: PromptLimits) -> String {
        let [keep, no_text] = clauses(limits);
        let body = [keep, no_text].iter().fold(body.trim().to_owned(), |body, clause| without(&body, clause));
        let body = filled(fit(&ended(&body), room(limits)), limits);
        let whole =
            if body.is_empty() { format!("{keep} {no_text}") } else { format!("{body} {keep} {no_text}") };
        fit(&whole, limits.max_chars)
    }

    /// A whole prompt under the limits of a model that it was not written for: as it is while it fits, else shortened.
    /// The clauses at its end stay whole, if it has them.
    #[must_use]
    pub fn refit(text: &str, limits: PromptLimits) -> String {
        if chars(text) > limits.max_chars && text.trim_end().ends_with(NO_TEXT_CLAUSE) {
            return Self::with_clauses(text, limits);
        }
        fit(text, limits.max_chars)
    }
}

/// The body with general sentences while the prompt is too short for the model.
fn filled(mut body: String, limits: PromptLimits) -> String {
    let taken = limits.max_chars - room(limits).min(limits.max_chars);
    for filler in FILLERS {
        let long = chars(&body) + 1 + chars(filler);
        if chars(&body) + taken < limits.min_chars && long <= room(limits) {
            body = format!("{body} {filler}").trim_start().to_owned();
        }
    }
    body
}

/// How many characters the limit leaves for a body.
pub(super) fn room(limits: PromptLimits) -> usize {
    let taken: usize = clauses(limits).iter().map(|clause| chars(clause) + 1).sum();
    limits.max_chars.saturating_sub(taken)
}

/// The text with a full stop, unless it ends with a mark of its own.
pub(super) fn ended(text: &str) -> String {
    if text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '%' | '₽' | '$' | '€')) {
        format!("{text}.")
    } else {
        text.to_owned()
    }
}

fn clauses(limits: PromptLimits) -> [&'static str; 2] {
    let both = chars(PRESERVE_CLAUSE) + 1 + chars(NO_TEXT_CLAUSE);
    if limits.max_chars < both { SHORT } else { [PRESERVE_CLAUSE, NO_TEXT_CLAUSE] }
}

/// The body without a clause, however it is capitalised, with or without its full stop.
fn without(body: &str, clause: &str) -> String {
    let needle = clause.trim_end_matches('.').to_ascii_lowercase();
    let mut body = body.to_owned();
    while let Some(at) = body.to_ascii_lowercase().find(&needle) {
        let (before, rest) = (&body[..at], &body[at + needle.len()..]);
        let rest = rest.strip_prefix('.').unwrap_or(rest).trim_start();
        body = [before.trim_end(), rest]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_stand_once_at_the_end() {
        let check = |body: &str, max_chars: usize, expect: &str| {
            assert_eq!(Prompt::with_clauses(body, PromptLimits { min_chars: 3, max_chars }), expect);
        };
        let both = format!("{PRESERVE_CLAUSE} {NO_TEXT_CLAUSE}");
        check("A cup spins", 800, &format!("A cup spins. {both}"));
        check(&format!("A. {} B.", both.to_uppercase()), 800, &format!("A. B. {both}"));
        check("", 800, &both);
        check("A cup spins", 165, &format!("A cup. {both}"));
        check("A cup spins", 158, &both);
        check("A cup spins", 100, "A cup spins. Keep the product as in the photo. No added text.");
        check("A cup spins", 40, "Keep the product as in the photo.");
        check("A cup spins", 3, "Kee");
    }

    #[test]
    fn a_prompt_for_another_model_keeps_its_clauses() {
        let limits = |max_chars| PromptLimits { min_chars: 3, max_chars };
        let body = "A cup spins on a table. The steam rises slowly. A hand takes it.";
        let whole = Prompt::with_clauses(body, limits(800));
        assert_eq!(Prompt::refit(&whole, limits(800)), whole);
        let short = Prompt::refit(&whole, limits(210));
        assert_eq!(
            short,
            format!("A cup spins on a table. The steam rises slowly. {PRESERVE_CLAUSE} {NO_TEXT_CLAUSE}")
        );
        assert_eq!(Prompt::refit(body, limits(48)), "A cup spins on a table. The steam rises slowly.");
    }

    #[test]
    fn a_prompt_is_as_long_as_the_model_asks() {
        for body in ["", "A cup spins", "A steel cup spins slowly on a wooden table in the morning sun."] {
            for min_chars in [0, 3, 100, 170, 200, 250, 300] {
                let text = Prompt::with_clauses(body, PromptLimits { min_chars, max_chars: 800 });
                assert!(
                    chars(&text) >= min_chars && chars(&text) <= 800,
                    "{} < {min_chars}: {text}",
                    chars(&text)
                );
                assert!(text.starts_with(body) && text.ends_with(NO_TEXT_CLAUSE), "{text}");
            }
            let plain = Prompt::with_clauses(body, PromptLimits { min_chars: 3, max_chars: 800 });
            assert!(FILLERS.iter().all(|filler| !plain.contains(filler)), "{plain}");
            let tight = Prompt::with_clauses(body, PromptLimits { min_chars: 200, max_chars: 200 });
            assert!(chars(&tight) <= 200, "{tight}");
        }
    }
}
