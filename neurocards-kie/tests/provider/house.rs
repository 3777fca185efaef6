//! A whole house around the provider: engine, store, callbacks over HTTP, in real time with short timers.

use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    AccountKey, AccountOpen, BriefTexts, Clock, Credits, Engine, Entropy, Job, JobHistory, Media,
    MemoryStore, OrderHandle, OrderRequest, Photo, PhotoLimits, Policy, RunOptions, Store, SystemClock,
    TemplateId, Told,
};
use neurocards_fakes::kie::{KieBuilder, KieFake};
use neurocards_kie::{CALLBACK_PATH, CallbackRequest, Callbacks, KieProvider};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::world::config;

/// KIE signs its messages with this.
const WEBHOOK_KEY: &str = "webhook-key";

pub(crate) struct House {
    pub(crate) fake: KieFake,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) engine: Engine,
}

impl House {
    /// KIE cannot call: everything is polled.
    pub(crate) async fn alone(fake: KieBuilder) -> Self {
        let fake = fake.start().await;
        let callbacks = Callbacks::new(None, secret(), None).unwrap();
        Self::build(fake, callbacks).await
    }

    /// KIE can call, and signs.
    pub(crate) async fn called_back(fake: KieBuilder) -> Self {
        let fake = fake.webhook_key(WEBHOOK_KEY).start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let callbacks = Callbacks::new(Some(&base), secret(), Some(WEBHOOK_KEY.into())).unwrap();
        let house = Self::build(fake, callbacks.clone()).await;
        tokio::spawn(listen(listener, house.engine.clone(), callbacks));
        house
    }

    async fn build(fake: KieFake, callbacks: Callbacks) -> Self {
        let clock = Arc::new(SystemClock::new());
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let mut config = config(&fake);
        config.callbacks = Some(callbacks);
        let provider = KieProvider::new(config, store.clone(), clock, Entropy::from_os()).unwrap();
        let policy = Policy {
            poll_min: Duration::from_millis(5),
            poll_max: Duration::from_millis(20),
            retry_temporary: Duration::from_millis(5),
            unknown_grace: Duration::from_millis(300),
            ..Policy::default()
        };
        let open = AccountOpen { account: account(), credit_limit: Credits(50), bonus: None };
        store.account_open(&open).await.unwrap();
        let engine = Engine::builder(store.clone(), Media::in_memory())
            .provider(Arc::new(provider))
            .policy(policy)
            .build();
        Self { fake, store, engine }
    }

    /// One video, from the order to its end.
    pub(crate) async fn live(&self) -> JobHistory {
        let photo = include_bytes!("../../../examples/photos/coffee-cup.jpg");
        let request = OrderRequest {
            account: account(),
            photo: Photo::intake(photo, &PhotoLimits::default()).unwrap(),
            texts: BriefTexts { description: "Coffee cup, 350 ml".to_owned(), ..BriefTexts::default() },
            template: TemplateId::Ugc,
            count: 1,
            model: None,
            idempotency_key: None,
            max_credits: None,
        };
        let order = self.engine.order(request).await.unwrap();
        let job = self.finish(&order).await;
        assert_eq!(self.store.audit().await.unwrap(), []);
        self.store.job_history(job.id).await.unwrap().unwrap()
    }

    async fn finish(&self, order: &OrderHandle) -> Job {
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (engine, stop) = (self.engine.clone(), stop.clone());
            async move { engine.run(RunOptions::default(), stop).await }
        });
        let ended = tokio::time::timeout(Duration::from_secs(60), order.wait()).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        ended.expect("it ends").unwrap().unwrap().jobs.remove(0)
    }

    /// What is left of the account, and what is held.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        let account = self.store.account_get(&account()).await.unwrap().unwrap();
        (account.available.0, account.held.0)
    }
}

fn account() -> AccountKey {
    "cli:test".parse().unwrap()
}

fn secret() -> secrecy::SecretSlice<u8> {
    vec![3; 32].into()
}

/// The server of the callbacks: as little HTTP as KIE speaks.
async fn listen(listener: TcpListener, engine: Engine, callbacks: Callbacks) {
    loop {
        let (line, _) = listener.accept().await.unwrap();
        let (engine, callbacks) = (engine.clone(), callbacks.clone());
        tokio::spawn(async move { answer(line, &engine, &callbacks).await });
    }
}

async fn answer(line: TcpStream, engine: &Engine, callbacks: &Callbacks) {
    let mut line = BufReader::new(line);
    let mut head = Vec::new();
    loop {
        let mut text = String::new();
        if line.read_line(&mut text).await.unwrap() <= 2 {
            break;
        }
        head.push(text.trim_end().to_owned());
    }
    let path = head[0].split(' ').nth(1).unwrap();
    let header = |wanted: &str| {
        head.iter().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
    line.read_exact(&mut body).await.unwrap();
    let request = CallbackRequest {
        token: path.strip_prefix(CALLBACK_PATH).unwrap_or_default(),
        timestamp: header("x-webhook-timestamp"),
        signature: header("x-webhook-signature"),
        body: &body,
    };
    let told = match callbacks.check(&request, SystemClock::new().now()) {
        Ok(hint) => engine.told(hint.attempt, &hint.task_id).await.unwrap(),
        Err(_) => Told::Nothing,
    };
    let status = if told == Told::Nothing { "404 Not Found" } else { "200 OK" };
    let reply = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    line.write_all(reply.as_bytes()).await.unwrap();
}
