//! What writing took.

use serde::{Deserialize, Serialize};

/// What a language model used and cost, over all requests that were made for one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PromptUsage {
    /// Requests that were sent, those without an answer included.
    pub requests: u32,
    /// Tokens read, as the service counted them.
    pub input_tokens: u64,
    /// Of those, tokens that the service had read before, which cost less.
    pub cached_tokens: u64,
    /// Tokens written, those of a model's thinking included.
    pub output_tokens: u64,
    /// What that costs, in millionths of a US dollar, when the price is known.
    pub cost_micro_usd: Option<u64>,
}
