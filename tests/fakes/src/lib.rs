//! Strict, stateful stand-ins for the services that neurocards calls, over real HTTP on ports of this machine.
//!
//! - [`kie::KieFake`]: KIE.ai, with its API, its upload host and its media host.
//! - [`openai::OpenAiFake`]: chat completions, moderations and models, as OpenAI and compatible servers have them.
//! - [`telegram::TelegramFake`]: the Bot API of Telegram, and the people who talk to a bot.
//! - [`yookassa::YookassaFake`]: a shop at YooKassa, and the people who pay there.
//! - [`Scenario`]: all of them at once, with accidents by a seed.
//!
//! They were built from what the services were recorded to answer, so a client that works against them meets few
//! surprises later. Each keeps state (money, tasks, files, limits), follows a [script](When) of faults, writes an
//! append-only [`Journal`], and lives in a [`Clock`] that a test may hold in its hands: nothing here needs a sleep.
//!
//! Every fake runs on a thread of its own, so it answers a test that blocks, and other processes, all the same.

mod call;
mod clock;
mod fault;
mod journal;
pub mod kie;
pub mod openai;
mod post;
mod reply;
mod scenario;
mod script;
mod secret;
mod server;
pub mod telegram;
mod violation;
mod wire;
pub mod yookassa;

pub use call::Call;
pub use clock::Clock;
pub use fault::Fault;
pub use journal::{Ending, Exchange, Journal};
pub use scenario::{Report, Scenario, ScenarioOptions, TaskCounts, Weather};
pub use script::When;
pub use violation::{Rule, Violation};
