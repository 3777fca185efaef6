//! A house: bot, engine, notifier and keeper over one store, which a test can tear down and build again.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use neurocards::kie::{KieConfig, KieKeys, KieProvider};
use neurocards::preview::PreviewProvider;
use neurocards::store::{PostgresStore, SqliteStore};
use neurocards::{
    AccountKey, ChatStore, Clock, Credits, CreditsPost, Engine, Entropy, EntryId, EntryKind, JobFilter,
    Media, MemoryChats, MemoryStore, Payments, Policy, RunOptions, Store, StoreError, SystemClock, Till,
};
use neurocards_fakes::kie::KieFake;
use neurocards_fakes::telegram::{TelegramFake, User};
use neurocards_telegram::api::{Api, Limits};
use neurocards_telegram::{
    MediaLink, Settings, TelegramBot, TelegramBotBuilder, TelegramNotifier, TelegramNotifierBuilder,
    account_of,
};
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
    memory_by(Arc::new(SystemClock::new()))
}

/// In memory, by this clock.
pub(crate) fn memory_by(clock: Arc<dyn Clock>) -> Stores {
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

/// A pace of which nobody feels anything.
const FAST: Limits = Limits {
    overall: Duration::from_millis(1),
    bulk: Duration::from_millis(50),
    chat: Duration::from_millis(5),
    edits: Duration::from_millis(50),
};

pub(crate) struct House {
    pub(crate) telegram: TelegramFake,
    pub(crate) kie: KieFake,
    pub(crate) stores: Stores,
    pub(crate) settings: Settings,
    pub(crate) policy: Policy,
    pub(crate) link: Option<MediaLink>,
    /// For how long an update belongs to the process that took it.
    pub(crate) lease: Duration,
    /// How fast it may write: faster than Telegram bears, where the pace is not what a test is about.
    pub(crate) limits: Limits,
    pub(crate) media: Media,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tills: Vec<Arc<dyn Till>>,
    bot: Option<TelegramBot>,
    running: Option<Running>,
    engine: Option<Engine>,
}

/// What runs, and what stops it.
#[derive(Default)]
struct Running {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<(), StoreError>>>,
}

impl Running {
    /// A worker, and what follows its orders.
    fn works(&mut self, engine: Engine, notifier: TelegramNotifier) {
        let (for_worker, for_keeper) = (self.stop.clone(), self.stop.clone());
        self.tasks.push(tokio::spawn(async move {
            let options = RunOptions { grace: Duration::from_secs(5), ..RunOptions::default() };
            engine.run(options, for_worker).await
        }));
        self.tasks.push(tokio::spawn(async move {
            tokio::join!(notifier.keep_cards(for_keeper.clone()), notifier.tell_admins(for_keeper));
            Ok(())
        }));
    }
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
            policy: Policy {
                poll_min: Duration::from_millis(20),
                poll_max: Duration::from_millis(100),
                retry_temporary: Duration::from_millis(20),
                ..Policy::default()
            },
            link: None,
            lease: Duration::from_secs(2),
            limits: FAST,
            media: Media::in_memory(),
            clock: Arc::new(SystemClock::new()),
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
        let clock = self.clock.clone();
        let (api, notifier) = self.notifier(&clock);
        let engine = self.build_engine(&clock, &notifier);
        let drafts = PreviewProvider::new(self.media.clone(), clock.clone());
        let bot = TelegramBot::builder(api, self.stores.chats.clone(), engine.clone(), clock)
            .settings(self.settings.clone())
            .drafts(Arc::new(drafts))
            .lease(self.lease)
            .payments(self.stores.payments.clone());
        let bot = self.link.iter().cloned().fold(bot, TelegramBotBuilder::link);
        let bot = self.tills.iter().cloned().fold(bot, TelegramBotBuilder::till).build();
        self.bot = Some(bot.clone());
        self.engine = Some(engine.clone());
        let running = self.running.get_or_insert_default();
        let stop = running.stop.clone();
        running.tasks.push(tokio::spawn(async move { bot.run(stop).await }));
        if worker {
            running.works(engine, notifier);
        }
    }

    /// Another process that works beside the first one, over the same store.
    pub(crate) fn start_another_worker(&mut self) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (_, notifier) = self.notifier(&clock);
        let engine = self.build_engine(&clock, &notifier);
        self.running.get_or_insert_default().works(engine, notifier);
    }

    /// A worker that tells nobody carries on what this person has ordered, to its end.
    pub(crate) async fn render(&self, user: &User) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let engine = Engine::builder(self.stores.store.clone(), self.media.clone())
            .provider(Arc::new(self.provider(&clock)))
            .policy(self.policy.clone())
            .build();
        let filter = JobFilter { account: Some(self.account(user)), limit: 1, ..JobFilter::default() };
        let job = self.stores.store.jobs_list(&filter).await.unwrap().remove(0);
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(RunOptions::default(), stop).await }
        });
        let made = tokio::time::timeout(Duration::from_secs(30), engine.handle(job.order_id).wait()).await;
        made.expect("the order ends").unwrap();
        stop.cancel();
        running.await.unwrap().unwrap();
    }

    fn notifier(&self, clock: &Arc<dyn Clock>) -> (Api, TelegramNotifier) {
        let server = Some(self.telegram.url().parse().unwrap());
        let api = Api::new(TelegramFake::TOKEN, server, clock.clone()).unwrap().limits(self.limits);
        let (store, chats) = (self.stores.store.clone(), self.stores.chats.clone());
        let (media, clock) = (self.media.clone(), clock.clone());
        let notifier = TelegramNotifier::builder(api.clone(), chats, store, media, clock)
            .settings(self.settings.clone())
            .silence(SILENCE);
        let notifier = self.link.iter().cloned().fold(notifier, TelegramNotifierBuilder::link);
        (api, notifier.build())
    }

    fn build_engine(&self, clock: &Arc<dyn Clock>, notifier: &TelegramNotifier) -> Engine {
        Engine::builder(self.stores.store.clone(), self.media.clone())
            .provider(Arc::new(self.provider(clock)))
            .notifier(Arc::new(notifier.clone()))
            .policy(self.policy.clone())
            .clock(clock.clone())
            .build()
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
        if let Some(Running { stop, tasks }) = self.running.take() {
            stop.cancel();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        }
    }

    /// Ends as by `kill -9`: whatever is under way stays as it is.
    pub(crate) fn kill(&mut self) {
        for task in self.running.take().into_iter().flat_map(|running| running.tasks) {
            task.abort();
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
