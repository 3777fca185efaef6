//! Prompts from OpenAI-compatible language models for neurocards.
//!
//! [`OpenAi`] is a service and how it is reached: OpenAI's own, a server on this machine, KIE.ai's resold chat models, or
//! anything else that has `/chat/completions`. [`OpenAiPrompts`] has prompts written there, [`OpenAiCheck`] has briefs
//! looked at before money is spent on them.
//!
//! ```no_run
//! use neurocards_core::Media;
//! use neurocards_openai::{OpenAi, OpenAiError, OpenAiPrompts};
//!
//! # fn prompts(media: Media, key: String) -> Result<OpenAiPrompts, OpenAiError> {
//! let openai = OpenAi::builder().key(key).build()?;
//! Ok(OpenAiPrompts::new(openai, media))
//! # }
//! ```
//!
//! Known weakness: what is learned of a server (refused parameters, rests after a refused key) is known to one process
//! only; each process asks once more.

mod body;
mod check;
mod circuit;
mod connection;
mod course;
mod dialect;
mod form;
mod models;
mod moderation;
mod openai;
mod patience;
mod photo;
mod prompts;
mod reading;
mod said;
mod settings;
mod vision;
mod wait;

pub use check::OpenAiCheck;
pub use models::{LanguageModel, LanguageModels, LanguageModelsError};
pub use openai::OpenAi;
pub use prompts::OpenAiPrompts;
pub use settings::{OpenAiBuilder, OpenAiError};
