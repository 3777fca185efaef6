//! The Telegram bot of neurocards.
//!
//! [`TelegramBot`] takes updates and answers them; [`TelegramNotifier`] tells people of their orders, in the process that
//! runs the engine. Both may live in one process or in two. Everything that the bot says is a pure function: see [`flow`].

mod alerts;
pub mod api;
pub mod card;
mod deliver;
pub mod flow;
mod notify;
mod pay;
mod run;
pub mod schema;
pub mod screen;
mod settings;
pub mod text;

pub use notify::{LINK_HOURS, MediaLink, TelegramNotifier, TelegramNotifierBuilder};
pub use run::{TelegramBot, TelegramBotBuilder, account_of};
pub use settings::{Settings, bot_id};
