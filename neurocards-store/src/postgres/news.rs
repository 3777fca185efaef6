//! LISTEN and NOTIFY: what wakes the workers of other processes before they would look by themselves.
//!
//! Orders are told behind their transaction, not in it: PostgreSQL lets one transaction at a time commit that notifies,
//! and such a commit waits for the disk. A statement of its own waits for nothing. One that is lost with its process
//! costs the second until the others look.
//!
//! Known weakness: behind a pooler that gives a session to several clients nothing is heard. Then looking once a
//! second finds the work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use neurocards_core::{Clock, SystemClock};
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::connections::Connections;

/// The channel. It is of the database, not of the schema.
pub(super) const CHANNEL: &str = "neurocards";
/// Between two tries to reach a server that is away.
const AGAIN: Duration = Duration::from_secs(1);
/// Orders that come within this time are told together.
const GATHER: Duration = Duration::from_millis(5);

/// A listening connection, from the first listener on, and a voice.
pub(super) struct News {
    server: PgConnectOptions,
    /// What this process is called: it does not wake itself.
    name: Arc<str>,
    heard: watch::Sender<()>,
    listening: Mutex<Option<AbortHandle>>,
    orders: Arc<Notify>,
    telling: AbortHandle,
}

impl News {
    /// `name` is unique among the processes of the database.
    pub(super) fn new(server: PgConnectOptions, db: Connections, name: &str) -> Self {
        let (name, orders) = (Arc::from(name), Arc::new(Notify::new()));
        let telling = tokio::spawn(tell(db, Arc::clone(&name), orders.clone())).abort_handle();
        Self { server, name, heard: watch::Sender::new(()), listening: Mutex::default(), orders, telling }
    }

    /// Wakes the workers of other processes, soon.
    pub(super) fn orders(&self) -> Arc<Notify> {
        self.orders.clone()
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
            let (server, name, heard) = (self.server.clone(), self.name.clone(), self.heard.clone());
            *listening = Some(tokio::spawn(listen(server, name, heard)).abort_handle());
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        let listening = self.listening.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(listening) = listening.take() {
            listening.abort();
        }
        self.telling.abort();
    }
}

/// Listens for ever, on a connection of its own; when that breaks, on another one.
async fn listen(server: PgConnectOptions, name: Arc<str>, heard: watch::Sender<()>) {
    let pause = SystemClock::new();
    loop {
        if let Err(error) = listen_once(&server, &name, &heard).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "no news from the database for a while"
            );
        }
        pause.sleep(AGAIN).await;
    }
}

/// Listens until the connection breaks.
async fn listen_once(
    server: &PgConnectOptions,
    name: &str,
    heard: &watch::Sender<()>,
) -> Result<(), sqlx::Error> {
    let own = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let mut listener = PgListener::connect_with(&own.connect_lazy_with(server.clone())).await?;
    listener.listen(CHANNEL).await?;
    // Something may have come before.
    heard.send_replace(());
    while let Some(news) = listener.try_recv().await? {
        if news.payload() != name {
            heard.send_replace(());
        }
    }
    Ok(())
}

/// Tells of orders for ever.
async fn tell(db: Connections, name: Arc<str>, orders: Arc<Notify>) {
    let pause = SystemClock::new();
    loop {
        orders.notified().await;
        let told = async {
            let mut connection = db.warm().await?;
            let tell = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(&*name);
            tell.execute(&mut *connection).await?;
            db.keep(connection);
            Ok::<_, sqlx::Error>(())
        };
        if let Err(error) = told.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "others were not told of an order");
        }
        pause.sleep(GATHER).await;
    }
}
