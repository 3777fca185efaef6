//! The HTTP server of a neurocards process: health, metrics, and callbacks of providers.
//!
//! - `GET /healthz`: 200 while the process runs.
//! - `GET /readyz`: 200 when the store answers within a second and, in a worker, the claim loop turns; 503 with the
//!   reason as JSON otherwise.
//! - `GET /metrics`: what the engine counts, and the queue of all workers, as Prometheus text.
//!
//! - `POST /callbacks/kie/{token}`, where it is set up: KIE says that there is news of a task. Only this path is meant
//!   for the public; anything wrong with a call is answered with 404.
//!
//! The rest is meant for a private network: there are limits, and neither TLS nor passwords.

mod callbacks;
mod health;
mod metrics;
mod queue;
mod server;

pub use health::HttpState;
pub use metrics::{Metrics, MetricsError};
pub use server::{BindError, Server, serve};
