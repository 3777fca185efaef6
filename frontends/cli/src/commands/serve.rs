//! What a process serves over HTTP, where it was asked for: health, metrics, callbacks, hints at payments, the webhook,
//! links to videos.

use std::net::SocketAddr;

use neurocards_http::{HttpState, Metrics, Server};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Door;
use crate::failure::{Exit, Failure};
use crate::telegram::Bot;

/// The servers of a process that has some.
#[derive(Debug, Default)]
pub(super) struct Http(Vec<(Server, HttpState)>);

impl Http {
    /// Takes the addresses of a worker before anything is claimed: two with one address are a mistake to be told.
    pub(super) async fn of_worker(
        app: &App,
        flag: Option<SocketAddr>,
        bot: Option<&Bot>,
    ) -> Result<Self, Failure> {
        Self::listen(app, HttpState::worker(app.engine.clone()), flag.or(app.config.http_addr), bot).await
    }

    /// Takes the addresses of a process that only answers people: it needs none unless updates are brought to it.
    pub(super) async fn of_bot(app: &App, bot: &Bot) -> Result<Self, Failure> {
        let Some((_, Door::Proxy)) = bot.webhook() else {
            return Self::listen(app, HttpState::new(app.engine.store().clone()), None, Some(bot)).await;
        };
        let state = HttpState::new(app.engine.store().clone());
        Self::listen(app, state, app.config.http_addr, Some(bot)).await
    }

    async fn listen(
        app: &App,
        mut state: HttpState,
        addr: Option<SocketAddr>,
        bot: Option<&Bot>,
    ) -> Result<Self, Failure> {
        if let Some(callbacks) = &app.callbacks {
            state = state.with_callbacks(app.engine.clone(), callbacks.clone());
        }
        if let Some(signer) = app.links() {
            state = state.with_media(signer, app.engine.media().clone());
        }
        if let (Some(_), Ok(telegram)) = (&app.config.shop, app.telegram()) {
            state = state.with_payments(telegram.payments().clone());
        }
        let webhook = bot.and_then(Bot::webhook);
        if let Some((webhook, _)) = &webhook {
            state = state.with_webhook(webhook.clone());
        }
        let mut servers = Vec::new();
        if let Some((_, Door::SelfSigned(addr))) = &webhook
            && let Some(tls) = bot.and_then(Bot::tls)
        {
            let server = bind(*addr, "NEUROCARDS_TLS_ADDR").await?;
            tracing::info!(tls = %server.addr(), "the webhook is served");
            servers.push((server.with_tls(tls.clone()), state.clone()));
        }
        if let Some(addr) = addr {
            let server = bind(addr, "--http-addr or NEUROCARDS_HTTP_ADDR").await?;
            let metrics = Metrics::install()
                .map_err(|error| Failure::new(Exit::Failed, "http", error.to_string()).because(&error))?;
            tracing::info!(addr = %server.addr(), "health and metrics are served");
            servers.push((server, state.with_metrics(metrics)));
        }
        Ok(Self(servers))
    }

    /// Answers until told to stop.
    pub(super) async fn serve(self, stop: &CancellationToken) {
        let serving = self.0.into_iter().map(|(server, state)| server.serve(state, stop.clone()));
        futures::future::join_all(serving).await;
    }
}

async fn bind(addr: SocketAddr, setting: &str) -> Result<Server, Failure> {
    Server::bind(addr).await.map_err(|error| {
        Failure::new(Exit::Failed, "http", error.to_string())
            .because(&error.source)
            .hint(format!("Say another one with {setting}, or stop the process that has it."))
    })
}
