//! LISTEN and NOTIFY: what wakes the workers of other processes before they would look by themselves.
//!
//! Known weakness: behind a pooler that gives a session to several clients nothing is heard. Then looking once a
//! second finds the work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use neurocards_core::{Clock, SystemClock};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The channel. It is of the database, not of the schema.
pub(super) const CHANNEL: &str = "neurocards";
/// Between two tries to reach a server that is away.
const AGAIN: Duration = Duration::from_secs(1);

/// A listening connection, from the first listener on.
pub(super) struct News {
    server: PgConnectOptions,
    heard: watch::Sender<()>,
    listening: Mutex<Option<AbortHandle>>,
}

impl News {
    pub(super) fn new(server: PgConnectOptions) -> Self {
        Self { server, heard: watch::Sender::new(()), listening: Mutex::default() }
    }

    /// Until something is heard.
    pub(super) async fn next(&self) {
        let mut heard = self.heard.subscribe();
        self.listen();
        // The sender lives as long as `self`.
        let _ = heard.changed().await;
    }

    fn listen(&self) {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if listening.as_ref().is_none_or(AbortHandle::is_finished) {
            let (server, heard) = (self.server.clone(), self.heard.clone());
            *listening = Some(tokio::spawn(listen(server, heard)).abort_handle());
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        let listening = self.listening.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(listening) = listening.take() {
            listening.abort();
        }
    }
}

/// Listens for ever, on a connection of its own; when that breaks, on another one.
async fn listen(server: PgConnectOptions, heard: watch::Sender<()>) {
    let pause = SystemClock::new();
    loop {
        if let Err(error) = listen_once(&server, &heard).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "no news from the database for a while"
            );
        }
        pause.sleep(AGAIN).await;
    }
}

/// Listens until the connection breaks.
async fn listen_once(server: &PgConnectOptions, heard: &watch::Sender<()>) -> Result<(), sqlx::Error> {
    let own = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let mut listener = PgListener::connect_with(&own.connect_lazy_with(server.clone())).await?;
    listener.listen(CHANNEL).await?;
    // Something may have come before.
    heard.send_replace(());
    while listener.try_recv().await?.is_some() {
        heard.send_replace(());
    }
    Ok(())
}
