//! What a language model answered, checked before anything of it goes on.

use serde::Deserialize;

use super::clean::plain;
use super::fit::{chars, fit};
use super::letters::{is_word, lower};
use super::offline;
use super::templates::{People, Template};
use super::{Prompt, PromptRequest, Script};
use crate::brief::{Lang, TemplateId};

/// Longer answers are not read.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// A video prompt of fewer characters describes no video.
const BODY_MIN_CHARS: usize = 60;
/// As many words of our instructions in a row are no accident in a spoken line, and in a video prompt.
const LINE_ECHO_WORDS: usize = 8;
const BODY_ECHO_WORDS: usize = 20;
/// Stands first where the template wants nobody in the frame and the answer does not say so.
const NO_PEOPLE: &str = "No people in the frame.";

/// Why an answer cannot serve. Asking once more may help; [`Template::correction`] says what was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerProblem {
    /// No JSON object, or one of another form, or over 64 KiB.
    #[error("the answer is not the JSON object that was asked for")]
    Form,
    /// A field is not there, or has no words once links, markup and signs are taken out.
    #[error("the answer has nothing in its field {field}")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// The spoken lines are in another language than the brief.
    #[error("the spoken lines are in another language than was asked for")]
    SpokenLanguage,
    /// The video prompt is in other letters than English has.
    #[error("the video prompt is not in English")]
    PromptLanguage,
    /// The video prompt describes no video.
    #[error("the video prompt is too short to describe a video")]
    TooShort,
    /// Our instructions came back.
    #[error("the answer repeats the instructions")]
    Echo,
}

impl AnswerProblem {
    /// One of each.
    #[cfg(test)]
    pub(super) const ALL: [Self; 6] = [
        Self::Form,
        Self::Missing { field: "hook" },
        Self::SpokenLanguage,
        Self::PromptLanguage,
        Self::TooShort,
        Self::Echo,
    ];

    /// The name of the problem, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Missing { .. } => "missing",
            Self::SpokenLanguage => "spoken_language",
            Self::PromptLanguage => "prompt_language",
            Self::TooShort => "too_short",
            Self::Echo => "echo",
        }
    }

    /// The field that it is about, or nothing.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Missing { field } => field,
            _ => "",
        }
    }
}

/// The answer as it came. Who, where and how it feels are asked for so that the model settles them before it writes;
/// what counts is the video prompt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    hook: String,
    benefit: String,
    call_to_action: String,
    video_prompt: String,
}

impl Template {
    /// The fields of the answer that the [instructions](Template::instructions) ask for: texts, in this order.
    pub fn answer_fields(&self) -> &'static [&'static str] {
        match self.id() {
            TemplateId::Own => &["hook", "benefit", "call_to_action"],
            _ => &["hook", "benefit", "call_to_action", "hero", "place", "mood", "video_prompt"],
        }
    }

    /// Makes a prompt of an answer to the [instructions](Template::instructions) in `lang`. `source` is the model.
    ///
    /// Nothing of the answer is trusted: links, addresses, telephone numbers, markup and emoji are taken out, lines and
    /// prompt are fitted to their limits, the clauses that end every prompt are put there, and instructions that come
    /// back are an error. For [`TemplateId::Own`] the video prompt is the seller's own, as offline.
    ///
    /// # Errors
    /// Why the answer cannot serve.
    pub fn accept(
        &self,
        lang: Lang,
        request: &PromptRequest<'_>,
        answer: &str,
        source: &str,
    ) -> Result<Prompt, AnswerProblem> {
        let answer = read(answer)?;
        let script = Script {
            hook: line("hook", &answer.hook)?,
            benefit: line("benefit", &answer.benefit)?,
            call_to_action: line("call_to_action", &answer.call_to_action)?,
        };
        let lines = [&*script.hook, &*script.benefit, &*script.call_to_action];
        let spoken = lines.join(" ");
        let lang_fits = |line: &&str| is_in(request.brief.lang, line);
        if Lang::detect(&spoken) != request.brief.lang || !lines.iter().all(lang_fits) {
            return Err(AnswerProblem::SpokenLanguage);
        }
        let rules = words(&self.rules(lang, request));
        if repeats(&rules, &spoken, LINE_ECHO_WORDS) {
            return Err(AnswerProblem::Echo);
        }
        let body = match self.id() {
            TemplateId::Own => offline::own_body(self, request),
            TemplateId::Ugc | TemplateId::Ad => self.body(&answer.video_prompt, &rules)?,
        };
        let text = Prompt::with_clauses(&body, request.limits);
        Ok(Prompt { text, script, source: source.to_owned(), usage: None })
    }

    fn body(&self, video_prompt: &str, rules: &[String]) -> Result<String, AnswerProblem> {
        let body = plain(video_prompt).replace('\n', " ");
        if body.is_empty() {
            return Err(AnswerProblem::Missing { field: "video_prompt" });
        }
        if chars(&body) < BODY_MIN_CHARS {
            return Err(AnswerProblem::TooShort);
        }
        if !is_latin(&unquoted(&body)) {
            return Err(AnswerProblem::PromptLanguage);
        }
        if repeats(rules, &body, BODY_ECHO_WORDS) {
            return Err(AnswerProblem::Echo);
        }
        let says_so = lower(&body).contains("no people");
        Ok(if self.people() == People::None && !says_so { format!("{NO_PEOPLE} {body}") } else { body })
    }
}

/// The object, whatever stands around it: servers without an output format put it into a code block.
fn read(answer: &str) -> Result<Answer, AnswerProblem> {
    let object = || answer.get(answer.find('{')?..=answer.rfind('}')?);
    let object = object().filter(|object| object.len() <= ANSWER_MAX_BYTES).ok_or(AnswerProblem::Form)?;
    serde_json::from_str(object).map_err(|_| AnswerProblem::Form)
}

/// A line to be spoken or shown.
fn line(field: &'static str, text: &str) -> Result<String, AnswerProblem> {
    let line = fit(&plain(text).replace('\n', " "), Script::LINE_MAX_CHARS);
    if line.is_empty() { Err(AnswerProblem::Missing { field }) } else { Ok(line) }
}

/// Whether a line may be one of this language. A Russian line may have a long name in Latin letters, and a line with a
/// figure only is in any language.
fn is_in(lang: Lang, line: &str) -> bool {
    let is_cyrillic = |c: char| matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё');
    match lang {
        Lang::Ru => line.contains(is_cyrillic) || !line.contains(char::is_alphabetic),
        Lang::En => Lang::detect(line) == Lang::En,
    }
}

/// Two letters of three are plain ones: what is said without quotation marks may be in other letters.
fn is_latin(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (plain, other) = letters
        .fold((0, 0), |(plain, other), c| if c.is_ascii() { (plain + 1, other) } else { (plain, other + 1) });
    plain > 0 && plain >= 2 * other
}

/// The text without what is said in it.
fn unquoted(text: &str) -> String {
    let mut inside = false;
    let kept = text.chars().filter(|c| {
        let mark = matches!(c, '"' | '«' | '»');
        inside = match c {
            '"' => !inside,
            '«' => true,
            '»' => false,
            _ => inside,
        };
        !inside && !mark
    });
    kept.collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(lower).collect()
}

/// Whether so many words in a row are in both.
fn repeats(rules: &[String], text: &str, in_a_row: usize) -> bool {
    let text = words(text);
    text.windows(in_a_row).any(|window| rules.windows(in_a_row).any(|rule| rule == window))
}

#[cfg(test)]
mod tests;
