//! The fake OpenAI against what the service is documented and was recorded to say.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

mod chat;
mod client;
mod faults;
mod moderation;
