//! The Telegram bot of neurocards.

pub mod api;
pub mod card;
mod deliver;
pub mod flow;
mod run;
pub mod schema;
pub mod screen;
mod settings;
pub mod text;

pub use run::{TelegramBot, TelegramBotBuilder, account_of};
pub use settings::{Settings, bot_id};
