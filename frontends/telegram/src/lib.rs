//! The Telegram bot of neurocards.

pub mod flow;
pub mod screen;
mod settings;
pub mod text;

pub use settings::{Settings, bot_id};
