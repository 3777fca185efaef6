//! Health, metrics and callbacks of a worker, where they were asked for.

use std::net::SocketAddr;

use neurocards_http::{HttpState, Metrics, Server};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failure::{Exit, Failure};

/// The server of a worker that has one.
#[derive(Debug)]
pub(super) struct Http(Option<(Server, HttpState)>);

impl Http {
    /// Takes the address before anything is claimed: two workers with one address are a mistake to be told.
    pub(super) async fn listen(app: &App, flag: Option<SocketAddr>) -> Result<Self, Failure> {
        let Some(addr) = flag.or(app.config.http_addr) else { return Ok(Self(None)) };
        let server = Server::bind(addr).await.map_err(|error| {
            Failure::new(Exit::Failed, "http", error.to_string()).because(&error.source).hint(
                "Say another one with --http-addr or NEUROCARDS_HTTP_ADDR, or stop the process that has it.",
            )
        })?;
        let metrics = Metrics::install()
            .map_err(|error| Failure::new(Exit::Failed, "http", error.to_string()).because(&error))?;
        tracing::info!(addr = %server.addr(), "health and metrics are served");
        let mut state = HttpState::worker(app.engine.clone()).with_metrics(metrics);
        if let Some(callbacks) = &app.callbacks {
            state = state.with_callbacks(app.engine.clone(), callbacks.clone());
        }
        Ok(Self(Some((server, state))))
    }

    /// Answers until told to stop.
    pub(super) async fn serve(self, stop: &CancellationToken) {
        if let Some((server, state)) = self.0 {
            server.serve(state, stop.clone()).await;
        }
    }
}
