//! What every part needs: a store on a database of its own, and an engine with fakes on it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use neurocards::store::PostgresStore;
use neurocards::{
    AccountOpen, BriefTexts, Credits, Engine, Media, OrderRequest, Photo, PhotoLimits, Policy, Room,
    RunOptions, Store, TemplateId,
};
use neurocards_testkit::postgres::Server;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fakes::{Channel, Prompts, Provider};

const ACCOUNTS: usize = 100;

pub(crate) struct Bed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) provider: Arc<Provider>,
    pub(crate) channel: Arc<Channel>,
    pub(crate) engine: Engine,
    /// The database, where the store is PostgreSQL.
    pub(crate) database: String,
    photo: Photo,
}

impl Bed {
    /// On a new database of the server.
    pub(crate) async fn postgres(server: &Server, name: &str) -> Self {
        server.create(name, None).await;
        let mut db = server.options(name).connect().await.unwrap();
        db.execute("CREATE EXTENSION pg_stat_statements").await.unwrap();
        let _ = db.close().await;
        let store = PostgresStore::open(&server.url_of(name)).await.unwrap();
        Self::new(Arc::new(store), name).await
    }

    pub(crate) async fn new(store: Arc<dyn Store>, database: &str) -> Self {
        let (provider, channel) = (Arc::new(Provider::new()), Arc::new(Channel::default()));
        let engine = Engine::builder(store.clone(), Media::in_memory())
            .provider(provider.clone())
            .prompts(Arc::new(Prompts))
            .notifier(channel.clone())
            .policy(Policy { price: Credits(1), ..Policy::default() })
            .build();
        for n in 0..ACCOUNTS {
            let open = AccountOpen {
                account: format!("telegram:{n}").parse().unwrap(),
                credit_limit: Credits(100_000_000),
                bonus: None,
            };
            store.account_open(&open).await.unwrap();
        }
        let photo = include_bytes!("../../examples/photos/coffee-cup.jpg");
        let photo = Photo::intake(photo, &PhotoLimits::default()).unwrap();
        Self { store, provider, channel, engine, database: database.to_owned(), photo }
    }

    pub(crate) fn request(&self, n: usize) -> OrderRequest {
        OrderRequest {
            account: format!("telegram:{}", n % ACCOUNTS).parse().unwrap(),
            photo: self.photo.clone(),
            texts: BriefTexts {
                description: "Coffee cup, 350 ml, matte".to_owned(),
                ..BriefTexts::default()
            },
            template: TemplateId::Ugc,
            count: 1,
            model: None,
            idempotency_key: None,
            max_credits: None,
        }
    }

    /// Places orders one by one from each of so many clients; answers how many a second.
    pub(crate) async fn place(&self, orders: usize, clients: usize) -> f64 {
        let begun = Instant::now();
        let clients = (0..clients).map(|client| async move {
            for n in (client..orders).step_by(clients) {
                self.engine.order(self.request(n)).await.unwrap();
            }
        });
        futures::future::join_all(clients).await;
        orders as f64 / begun.elapsed().as_secs_f64()
    }

    /// A worker with room for much.
    pub(crate) fn run(&self) -> Running {
        let (engine, stop) = (self.engine.clone(), CancellationToken::new());
        let options =
            RunOptions { room: Room { submit: 256, read: 256, store: 256 }, ..RunOptions::default() };
        let worker = tokio::spawn({
            let stop = stop.clone();
            async move { engine.run(options, stop).await.unwrap() }
        });
        Running { stop, worker }
    }

    pub(crate) async fn until_delivered(&self, jobs: u64) {
        while self.channel.delivered.load(Ordering::Relaxed) < jobs {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The books are in order, whatever the load was.
    pub(crate) async fn audit(&self) {
        assert_eq!(self.store.audit().await.unwrap(), []);
        println!("  the audit finds nothing");
    }
}

/// A worker of this process.
pub(crate) struct Running {
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.worker.await.unwrap();
    }
}
