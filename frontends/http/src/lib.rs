//! The HTTP server of a neurocards process: health and metrics.
//!
//! - `GET /healthz`: 200 while the process runs.
//! - `GET /readyz`: 200 when the store answers within a second and, in a worker, the claim loop turns; 503 with the
//!   reason as JSON otherwise.
//! - `GET /metrics`: what the engine counts, and the queue of all workers, as Prometheus text.
//!
//! It is meant for a private network: it has limits, and neither TLS nor passwords.

mod health;
mod metrics;
mod queue;
mod server;

pub use health::HttpState;
pub use metrics::{Metrics, MetricsError};
pub use server::{BindError, Server, serve};
