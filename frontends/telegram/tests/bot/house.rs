//! A house: bot, engine, notifier and keeper over one store, which a test can tear down and build again.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use neurocards::kie::{KieConfig, KieKeys, KieProvider};
use neurocards::preview::PreviewProvider;
use neurocards::store::{PostgresStore, SqliteStore};
use neurocards::{
    AccountKey, ChatStore, Clock, Credits, CreditsPost, Engine, Entropy, EntryId, EntryKind, Media,
    MemoryChats, MemoryStore, Payments, Policy, RunOptions, Store, StoreError, SystemClock, Till,
};
use neurocards_fakes::kie::KieFake;
use neurocards_fakes::telegram::{TelegramFake, User};
use neurocards_telegram::api::Api;
use neurocards_telegram::{Settings, TelegramBot, TelegramBotBuilder, TelegramNotifier, account_of};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A store, and what must live as long as it.
pub(crate) struct Stores {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) chats: Arc<dyn ChatStore>,
    pub(crate) payments: Arc<dyn Payments>,
    keep: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn memory() -> Stores {
    let clock = Arc::new(SystemClock::new());
    let (store, chats) = (Arc::new(MemoryStore::new(clock.clone())), MemoryChats::new(clock));
    Stores { store: store.clone(), chats: Arc::new(chats), payments: store, keep: Box::new(()) }
}

pub(crate) async fn sqlite() -> Stores {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::new());
    let store = Arc::new(SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap());
    Stores { store: store.clone(), chats: store.clone(), payments: store, keep: Box::new(folder) }
}

pub(crate) async fn postgres() -> Stores {
    let database = neurocards_testkit::postgres::database(async |url| {
        PostgresStore::open(url).await.unwrap().close().await;
    })
    .await;
    let store = Arc::new(PostgresStore::open(&database.url).await.unwrap());
    Stores { store: store.clone(), chats: store.clone(), payments: store, keep: database.keep }
}

/// Runs a scenario on each store.
macro_rules! on_every_store {
    ($($scenario:ident),+ $(,)?) => {
        $(mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_memory() {
                super::super::$scenario($crate::house::memory().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::super::$scenario($crate::house::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::super::$scenario($crate::house::postgres().await).await;
            }
        })+
    };
}
pub(crate) use on_every_store;

/// How long nothing more is said of the same alarm.
pub(crate) const SILENCE: Duration = Duration::from_secs(3);

pub(crate) struct House {
    pub(crate) telegram: TelegramFake,
    pub(crate) kie: KieFake,
    pub(crate) stores: Stores,
    pub(crate) settings: Settings,
    media: Media,
    pub(crate) tills: Vec<Arc<dyn Till>>,
    bot: Option<TelegramBot>,
    running: Option<Running>,
    engine: Option<Engine>,
}

struct Running {
    stop: CancellationToken,
    bot: JoinHandle<Result<(), StoreError>>,
    worker: JoinHandle<Result<(), StoreError>>,
    keeper: JoinHandle<()>,
}

impl House {
    /// Built, and not open yet.
    pub(crate) async fn closed(stores: Stores) -> Self {
        let kie = KieFake::builder().key("k1").start().await;
        Self {
            telegram: TelegramFake::builder().start(),
            kie,
            stores,
            settings: Settings::default(),
            media: Media::in_memory(),
            tills: Vec::new(),
            bot: None,
            running: None,
            engine: None,
        }
    }

    pub(crate) async fn open(stores: Stores) -> Self {
        let mut house = Self::closed(stores).await;
        house.start();
        house
    }

    pub(crate) fn start(&mut self) {
        self.start_with(true);
    }

    /// Starts the bot, and the worker if it is wanted: without one, orders wait in the queue.
    pub(crate) fn start_with(&mut self, worker: bool) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let server = Some(self.telegram.url().parse().unwrap());
        let api = Api::new(TelegramFake::TOKEN, server, clock.clone()).unwrap();
        let (store, chats) = (self.stores.store.clone(), self.stores.chats.clone());
        let notifier = TelegramNotifier::builder(
            api.clone(),
            chats.clone(),
            store.clone(),
            self.media.clone(),
            clock.clone(),
        )
        .settings(self.settings.clone())
        .silence(SILENCE)
        .build();
        let policy = Policy {
            poll_min: Duration::from_millis(20),
            poll_max: Duration::from_millis(100),
            retry_temporary: Duration::from_millis(20),
            ..Policy::default()
        };
        let engine = Engine::builder(store.clone(), self.media.clone())
            .provider(Arc::new(self.provider(&clock)))
            .notifier(Arc::new(notifier.clone()))
            .policy(policy)
            .build();
        let drafts = PreviewProvider::new(self.media.clone(), clock.clone());
        let bot = TelegramBot::builder(api, chats, engine.clone(), clock)
            .settings(self.settings.clone())
            .drafts(Arc::new(drafts))
            .lease(Duration::from_secs(2))
            .payments(self.stores.payments.clone());
        let bot = self.tills.iter().cloned().fold(bot, TelegramBotBuilder::till).build();
        self.bot = Some(bot.clone());
        self.engine = Some(engine.clone());
        let stop = CancellationToken::new();
        let (for_bot, for_worker, for_keeper) = (stop.clone(), stop.clone(), stop.clone());
        self.running = Some(Running {
            bot: tokio::spawn(async move { bot.run(for_bot).await }),
            worker: tokio::spawn(async move {
                let options = RunOptions { grace: Duration::from_secs(5), ..RunOptions::default() };
                if worker { engine.run(options, for_worker).await } else { Ok(()) }
            }),
            keeper: tokio::spawn(async move {
                if worker {
                    tokio::join!(notifier.keep_cards(for_keeper.clone()), notifier.tell_admins(for_keeper));
                }
            }),
            stop,
        });
    }

    fn provider(&self, clock: &Arc<dyn Clock>) -> KieProvider {
        let env: std::collections::BTreeMap<_, _> = self.kie.env().into_iter().collect();
        let mut config = KieConfig::new(KieKeys::parse(&env["KIE_API_KEY"]).unwrap()).unwrap();
        config.api_base = env["KIE_BASE_URL"].clone();
        config.upload_base = env["KIE_UPLOAD_BASE_URL"].clone();
        config.media_hosts = env["KIE_MEDIA_HOSTS"].parse().unwrap();
        KieProvider::new(config, self.stores.store.clone(), clock.clone(), Entropy::from_os()).unwrap()
    }

    /// The engine of the house as it runs.
    pub(crate) fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    /// Stops in order.
    pub(crate) async fn stop(&mut self) {
        if let Some(Running { stop, bot, worker, keeper }) = self.running.take() {
            stop.cancel();
            bot.await.unwrap().unwrap();
            worker.await.unwrap().unwrap();
            keeper.await.unwrap();
        }
    }

    /// Ends as by `kill -9`: whatever is under way stays as it is.
    pub(crate) fn kill(&mut self) {
        if let Some(Running { bot, worker, keeper, .. }) = self.running.take() {
            bot.abort();
            worker.abort();
            keeper.abort();
        }
    }

    /// Stops, and looks at what is left: the books are right, and no rule of a service was broken.
    pub(crate) async fn close(mut self) {
        self.stop().await;
        assert_eq!(self.stores.store.audit().await.unwrap(), []);
        drop(self.stores.keep);
    }

    /// The bot, for what operators do with it.
    pub(crate) fn bot(&self) -> &TelegramBot {
        self.bot.as_ref().unwrap()
    }

    /// A person with so many credits more than the free ones, or fewer.
    pub(crate) async fn grant(&self, user: &User, credits: i64) {
        let post = CreditsPost {
            id: EntryId::new(SystemClock::new().now(), Entropy::from_os().id_bytes()),
            kind: if credits < 0 { EntryKind::Adjust } else { EntryKind::Topup },
            account: self.account(user),
            amount: Credits(credits),
            reference: None,
            reason: None,
            actor: None,
        };
        self.stores.store.credits_post(&post).await.unwrap();
    }

    pub(crate) fn account(&self, user: &User) -> AccountKey {
        account_of(neurocards::PersonId(user.id()))
    }

    /// What they can spend, and what is held.
    pub(crate) async fn balance(&self, user: &User) -> (i64, i64) {
        let account = self.stores.store.account_get(&self.account(user)).await.unwrap().unwrap();
        (account.available.0, account.held.0)
    }
}

pub(crate) fn photo() -> &'static [u8] {
    include_bytes!("../../../../examples/photos/coffee-cup.jpg")
}

/// From `/start` to the card that is confirmed, with so many videos.
pub(crate) async fn up_to_the_card(user: &User, count: &str) {
    user.says("/start");
    user.reads("Что снимем?").await;
    user.presses("Сделать Reels");
    user.reads("Пришлите фото товара").await;
    user.sends_photo(photo(), None);
    user.reads("Расскажите о товаре").await;
    user.says("Чашка для кофе 350 мл. Держит тепло два часа. 1 290 ₽");
    user.reads("Какое видео снимем?").await;
    user.presses("Реклама");
    user.reads("Есть пожелания?").await;
    user.presses("Без пожеланий");
    user.reads("Сколько видео?").await;
    user.presses(count);
}

/// The same, and confirmed.
pub(crate) async fn order(user: &User, count: &str) {
    up_to_the_card(user, count).await;
    user.reads("Проверим заказ").await;
    user.presses("🚀 Сделать");
}
