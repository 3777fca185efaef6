//! The HTTP server of a neurocards process: health, metrics, and callbacks of providers.
//!
//! - `GET /healthz`: 200 while the process runs.
//! - `GET /readyz`: 200 when the store answers within a second and, in a worker, the claim loop turns; 503 with the
//!   reason as JSON otherwise.
//! - `GET /metrics`: what the engine counts, and the queue of all workers, as Prometheus text.
//!
//! Four more, where they are set up, are meant for the public; anything wrong with a call is answered with 404.
//!
//! - `POST /callbacks/kie/{token}`: KIE says that there is news of a task.
//! - `POST /callbacks/yookassa`: somebody says that there is news of a payment; the answer is always the same.
//! - `POST /telegram/webhook`: the Bot API brings an update.
//! - `GET /media/{signed}`: a video that is too large for a chat.
//!
//! The rest is meant for a private network: there are limits, and neither TLS nor passwords. A server with a certificate
//! ([`Server::with_tls`]) answers the public ones and nothing else.

mod callbacks;
mod health;
mod media;
mod metrics;
mod payments;
mod queue;
mod server;
mod sign;
mod tls;
mod webhook;

pub use health::HttpState;
pub use metrics::{Metrics, MetricsError};
pub use server::{BindError, Server, serve};
pub use sign::Signer;
pub use tls::{SelfSigned, Tls, TlsError};
pub use webhook::{Receive, Webhook};
