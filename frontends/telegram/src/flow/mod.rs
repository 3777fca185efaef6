//! What a bot says and does: a pure function of where the dialogue stands and what came. No network, no store, no time.

mod action;
mod admin;
mod event;
mod screens;
mod state;
mod step;

#[cfg(test)]
mod tests;

pub use action::Action;
pub(crate) use admin::screens::spread as broadcast_ended;
pub use admin::{
    AdminAction, AdminCommand, AdminEffect, AdminKnown, AdminStep, Did, KeyFacts, Overview, PersonFacts, Who,
};
pub use event::{
    Bill, Command, Effect, HistoryItem, Input, Known, PhotoFault, PhotoSent, Placed, Preview, Stale, Taken,
    VideoItem, VideoSent, VideosPage,
};
pub(crate) use screens::payment_news;
pub use screens::{cabinet, menu, support};
pub use state::{Draft, DraftId, STATE_FORMAT, State};
pub use step::{Change, Context, Decision, Event, Show, step};
