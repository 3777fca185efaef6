//! The Telegram bot of neurocards.
