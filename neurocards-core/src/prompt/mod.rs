//! From a brief to a script and a video prompt.

mod answer;
mod clauses;
mod clean;
mod contacts;
mod fit;
mod letters;
mod offline;
mod question;
mod script;
mod sentences;
mod templates;
#[cfg(test)]
mod tests;
mod usage;
mod variety;
mod wording;

pub use answer::AnswerProblem;
pub use clauses::{NO_TEXT_CLAUSE, PRESERVE_CLAUSE};
pub use fit::fit;
pub use offline::OfflinePrompts;
pub use script::CaptionWarning;
pub use templates::{Beat, Beats, People, Template, TemplateError, Templates};
pub use usage::PromptUsage;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::fault::Fault;

/// Writes the script and the video prompt for one job.
///
/// Building a prompt costs cents at most and may be repeated; the engine saves the first answer and never asks
/// again for the same job. A builder that fails never ends a job: the engine falls back to [`OfflinePrompts`].
#[async_trait]
pub trait PromptBuilder: std::fmt::Debug + Send + Sync + 'static {
    /// Builds the prompt for one of the videos of an order.
    ///
    /// # Errors
    /// A [`Fault`] with its class; `user_violation` ends the job, everything else falls back.
    async fn build(&self, request: &PromptRequest<'_>) -> Result<Prompt, PromptError>;
}

/// Why a builder wrote no prompt. A language model may have charged for its tries: [`usage`](Self::usage) says so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("no prompt was written")]
pub struct PromptError {
    /// What went wrong.
    #[source]
    pub fault: Fault,
    /// What the tries took, if any reached a language model.
    pub usage: Option<PromptUsage>,
}

impl From<Fault> for PromptError {
    fn from(fault: Fault) -> Self {
        Self { fault, usage: None }
    }
}

/// What a prompt is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PromptRequest<'a> {
    /// What the seller gave.
    pub brief: &'a Brief,
    /// Which of the order's videos this is.
    pub variation: Variation,
    /// What the video model accepts.
    pub limits: PromptLimits,
    /// Length of the video, in seconds: the structure by seconds is scaled to it.
    pub seconds: u32,
}

/// The k-th of n videos of an order: same product, distinct hero, place and mood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variation {
    /// 0-based index of the video in its order.
    pub index: u32,
    /// How many videos the order has.
    pub count: u32,
    /// The same for all videos of one order.
    pub seed: u64,
}

/// Length limits of a model's prompt, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptLimits {
    /// Least characters.
    pub min_chars: usize,
    /// Most characters.
    pub max_chars: usize,
}

/// A prompt as saved with its job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// What the video model gets, within the model's limits.
    pub text: String,
    /// What is said or shown, in the seller's language.
    pub script: Script,
    /// Who wrote it: `offline`, or the language model's id.
    pub source: String,
    /// What it took from a language model, tries that failed included. Offline prompts have it when one was asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<PromptUsage>,
}

/// The three lines of a product video, in the seller's language. Each has at most [`Script::LINE_MAX_CHARS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Catches the eye.
    pub hook: String,
    /// Why to want it.
    pub benefit: String,
    /// What to do now.
    pub call_to_action: String,
}

impl Script {
    /// Most characters of a line.
    pub const LINE_MAX_CHARS: usize = 90;
}
