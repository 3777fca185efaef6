//! Keeping house: what goes when, what stays, and who does it, by a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    AccountOpen, ClaimScope, Credits, Engine, Job, JobRecord, ManualClock, Media, MemoryProvider,
    MemoryStore, OrderRequest, Pause, PauseScope, Policy, ProviderCapabilities, Reply, Retention, RunOptions,
    Stage, Store, StoreAround, StoreCall, StoreError,
};
use object_store::ObjectStoreExt;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::shelf::Shelf;
use crate::world::{Books, PHOTO, VIDEO, account, request};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Long enough for another process to find that a round is due, and that its leader is gone.
const TERM: Duration = Duration::from_secs(60);

/// A store that counts the leads and the ends of rounds that it gave, and can hold steps back.
#[derive(Debug)]
struct Watched {
    inner: Arc<MemoryStore>,
    leads: AtomicU32,
    words: AtomicU32,
    /// How many steps there were, and how many more may pass; closed means that all may.
    begun: AtomicU32,
    steps: Semaphore,
}

impl StoreAround for Watched {
    fn inner(&self) -> &dyn Store {
        self.inner.as_ref()
    }

    async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
        let (method, changed) = (call.method, call.changed);
        if method == "job_apply" {
            self.begun.fetch_add(1, Ordering::SeqCst);
            if let Ok(pass) = self.steps.acquire().await {
                pass.forget();
            }
        }
        let answer = call.run().await?;
        match method {
            "duty_claim" if changed(&answer) => self.leads.fetch_add(1, Ordering::SeqCst),
            "duty_settle" => self.words.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        Ok(answer)
    }
}

/// A process that works.
struct Process {
    store: Arc<Watched>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), StoreError>>,
}

struct House {
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    _books: Books,
    shelf: Shelf,
    provider: Arc<MemoryProvider>,
    retention: Retention,
}

impl House {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let open = AccountOpen { account: account(), credit_limit: Credits(50), bonus: None };
        store.account_open(&open).await.unwrap();
        let capabilities = ProviderCapabilities {
            lookup: true,
            poll: Some(Duration::from_millis(1)),
            ..ProviderCapabilities::default()
        };
        let provider = MemoryProvider::new(Bytes::from_static(VIDEO)).with_capabilities(capabilities);
        let (shelf, provider) = (Shelf::new(clock.clone()), Arc::new(provider));
        let (_books, retention) = (Books(store.clone()), Retention::default());
        Self { clock, store, _books, shelf, provider, retention }
    }

    fn engine(&self, store: Arc<dyn Store>, shelf: &Shelf, works: bool) -> Engine {
        let media = Media::new(Arc::new(shelf.clone()));
        let entropy = neurocards_core::Entropy::from_os();
        let policy = Policy { job_deadline: 400 * DAY, ..Policy::default() };
        let engine = Engine::builder(store, media)
            .retention(self.retention)
            .watch(None)
            .policy(policy)
            .time_and_chance(self.clock.clone(), entropy);
        if works { engine.provider(self.provider.clone()) } else { engine }.build()
    }

    fn start(&self, shelf: &Shelf, works: bool) -> Process {
        let steps = Semaphore::new(0);
        steps.close();
        self.start_with(shelf, works, steps)
    }

    fn start_with(&self, shelf: &Shelf, works: bool, steps: Semaphore) -> Process {
        let (leads, words, begun) = Default::default();
        let store = Arc::new(Watched { inner: self.store.clone(), leads, words, begun, steps });
        let engine = self.engine(store.clone(), shelf, works);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let options = RunOptions { scope: ClaimScope::All, ..RunOptions::default() };
        Process { store, stop, task: tokio::spawn(async move { engine.run(options, stopped).await }) }
    }

    /// Places an order, and makes its video, one with these bytes at its end.
    async fn order(&self, key: &str, mark: u8) -> Job {
        // A box that players skip.
        let end = [0, 0, 0, 9, b'f', b'r', b'e', b'e', mark];
        self.provider.script(Reply::FetchBytes([VIDEO, &end].concat().into()));
        let engine = self.engine(self.store.clone(), &self.shelf, true);
        let request = OrderRequest { idempotency_key: Some(key.to_owned()), ..request(1) };
        let order = engine.order(request).await.unwrap();
        let process = self.start(&self.shelf, true);
        let id = order.record().await.unwrap().unwrap().jobs[0].id;
        self.until(Duration::from_millis(20), async || self.job(id).await.job.stage.is_final()).await;
        process.stop().await;
        self.job(id).await.job
    }

    async fn job(&self, id: neurocards_core::JobId) -> JobRecord {
        self.store.job_get(id).await.unwrap().unwrap()
    }

    /// Moves the clock step by step until something is so.
    async fn until(&self, step: Duration, is_so: impl AsyncFn() -> bool) {
        for _ in 0..20_000 {
            breathe().await;
            if is_so().await {
                return;
            }
            self.clock.advance(step);
        }
        panic!("it never comes");
    }

    /// A process starts, keeps house if that is due, and stops.
    async fn round(&self) {
        let process = self.start(&self.shelf, false);
        self.until(Duration::ZERO, async || process.words() == 1).await;
        process.stop().await;
    }

    /// How many photos and videos are under their hashes, and how many of each lie in the bin.
    async fn counts(&self) -> [usize; 4] {
        let keys = self.shelf.keys().await;
        ["photos/", "videos/", "bin/photos/", "bin/videos/"]
            .map(|prefix| keys.iter().filter(|key| key.starts_with(prefix)).count())
    }

    /// The videos that should be there are, and are readable.
    async fn assert_whole(&self, kept: u64, removed: u64) {
        let engine = self.engine(self.store.clone(), &self.shelf, false);
        let audit = engine.audit_media(true).await.unwrap();
        assert_eq!((audit.videos, audit.removed, audit.violations), (kept + removed, removed, vec![]));
    }
}

impl Process {
    fn leads(&self) -> u32 {
        self.store.leads.load(Ordering::SeqCst)
    }

    fn words(&self) -> u32 {
        self.store.words.load(Ordering::SeqCst)
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// As by `kill -9`: it never says that it ended.
    async fn die(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Lets everybody else go on, those on other threads too.
async fn breathe() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    tokio::task::spawn_blocking(|| ()).await.unwrap();
}

#[tokio::test]
async fn photos_go_after_30_days_and_videos_after_90() {
    let house = House::new().await;
    let job = house.order("a", 1).await;
    house.clock.advance(30 * DAY - HOUR);
    house.round().await;
    assert_eq!(house.counts().await, [1, 1, 0, 0]);
    house.clock.advance(6 * HOUR);
    house.round().await;
    assert_eq!(house.counts().await, [0, 1, 1, 0]);
    house.clock.advance(DAY);
    house.round().await;
    assert_eq!(house.counts().await, [0, 1, 0, 0]);
    house.assert_whole(1, 0).await;
    house.clock.advance(58 * DAY);
    house.round().await;
    assert_eq!((house.counts().await, house.job(job.id).await.removed_at), ([0, 1, 0, 0], None));
    house.clock.advance(DAY);
    let now = neurocards_core::Clock::now(&*house.clock);
    house.round().await;
    assert_eq!((house.counts().await, house.job(job.id).await.removed_at), ([0, 0, 0, 1], Some(now)));
    assert!(house.job(job.id).await.artifact.is_some());
    house.assert_whole(0, 1).await;
    house.clock.advance(DAY);
    house.round().await;
    assert_eq!(house.counts().await, [0, 0, 0, 0]);
    house.assert_whole(0, 1).await;
}

#[tokio::test]
async fn what_is_kept_for_ever_stays() {
    let house = House { retention: Retention { photos: None, videos: None }, ..House::new().await };
    house.order("a", 1).await;
    house.clock.advance(10_000 * DAY);
    house.round().await;
    assert_eq!(house.counts().await, [1, 1, 0, 0]);
    house.assert_whole(1, 0).await;
}

#[tokio::test]
async fn h9_a_photo_stays_while_a_job_needs_it() {
    let house = House::new().await;
    house.order("a", 1).await;
    let pause = Pause { scope: PauseScope::Everything, actor: "cli:ops".to_owned(), reason: None };
    house.store.queue_pause(&pause).await.unwrap();
    let engine = house.engine(house.store.clone(), &house.shelf, true);
    let waiting =
        engine.order(OrderRequest { idempotency_key: Some("b".to_owned()), ..request(1) }).await.unwrap();
    house.clock.advance(100 * DAY);
    house.round().await;
    assert_eq!(house.counts().await, [1, 0, 0, 1]);
    house.store.queue_resume(&pause.scope).await.unwrap();
    let process = house.start(&house.shelf, true);
    let is_done = async || waiting.record().await.unwrap().unwrap().jobs[0].stage == Stage::Done;
    house.until(Duration::from_millis(20), is_done).await;
    process.stop().await;
    house.clock.advance(DAY);
    house.round().await;
    // Nobody needs it any more.
    assert_eq!(house.counts().await, [0, 1, 1, 0]);
    house.assert_whole(1, 1).await;
}

#[tokio::test]
async fn a7_objects_that_no_row_names_go_after_a_day_but_videos_are_kept_like_videos() {
    let house = House::new().await;
    let stray = "ab".repeat(32);
    for key in [Media::photo_key(&stray), Media::video_key(&stray), "photos/note.txt".to_owned()] {
        house.shelf.put(&key.into(), "stray".into()).await.unwrap();
    }
    house.clock.advance(DAY - HOUR);
    house.round().await;
    assert_eq!(house.counts().await, [2, 1, 0, 0]);
    house.clock.advance(6 * HOUR);
    house.round().await;
    assert_eq!(house.counts().await, [1, 1, 1, 0]);
    // An order that needs it after all: another one whose photo it is, or a database that is back.
    house.clock.advance(DAY);
    house.round().await;
    assert_eq!(house.counts().await, [1, 1, 0, 0]);
    // The video of a database that was lost.
    house.clock.advance(87 * DAY);
    house.round().await;
    assert_eq!(house.counts().await, [1, 1, 0, 0]);
    house.clock.advance(DAY);
    house.round().await;
    assert_eq!(house.counts().await, [1, 0, 0, 1]);
    assert_eq!(house.shelf.keys().await.last().unwrap(), "photos/note.txt");
}

#[tokio::test]
async fn an_order_that_comes_while_its_photo_goes_finds_it() {
    let house = House::new().await;
    house.order("a", 1).await;
    house.clock.advance(30 * DAY);
    house.round().await;
    assert_eq!(house.counts().await, [0, 1, 1, 0]);
    // The photo was there a moment ago, so the order did not store it again.
    let new = house.engine(house.store.clone(), &house.shelf, true);
    house.shelf.put(&Media::photo_key(&PHOTO.photo_ref().sha256).into(), "".into()).await.unwrap();
    let order =
        new.order(OrderRequest { idempotency_key: Some("b".to_owned()), ..request(1) }).await.unwrap();
    house.shelf.delete(&Media::photo_key(&PHOTO.photo_ref().sha256).into()).await.unwrap();
    let process = house.start(&house.shelf, true);
    let is_done = async || order.record().await.unwrap().unwrap().jobs[0].stage == Stage::Done;
    house.until(Duration::from_millis(20), is_done).await;
    process.stop().await;
    house.clock.advance(DAY);
    house.round().await;
    assert_eq!(house.counts().await, [1, 2, 0, 0]);
}

#[tokio::test]
async fn a_video_that_is_stored_while_its_twin_goes_is_not_lost() {
    let house = House::new().await;
    let twin = house.order("a", 1).await;
    house.clock.advance(90 * DAY - HOUR);
    house.round().await;
    house.clock.advance(HOUR);
    // The same bytes again, by a worker that stands before the commit of its video.
    let end = [0, 0, 0, 9, b'f', b'r', b'e', b'e', 1];
    house.provider.script(Reply::FetchBytes([VIDEO, &end].concat().into()));
    let engine = house.engine(house.store.clone(), &house.shelf, true);
    let order =
        engine.order(OrderRequest { idempotency_key: Some("b".to_owned()), ..request(1) }).await.unwrap();
    let id = order.record().await.unwrap().unwrap().jobs[0].id;
    // Prompt, sent, accepted, rendered; the next step has the video.
    let process = house.start_with(&house.shelf, true, Semaphore::new(4));
    let videos = async || {
        let counts = house.counts().await;
        (counts[1], counts[3])
    };
    let begun = || process.store.begun.load(Ordering::SeqCst);
    house.until(Duration::from_millis(20), async || begun() == 5).await;
    assert_eq!(videos().await, (1, 0));
    house.until(TERM / 6, async || videos().await.1 == 1).await;
    assert!(house.job(twin.id).await.removed_at.is_some());
    process.store.steps.add_permits(10);
    house.until(Duration::ZERO, async || house.job(id).await.job.stage == Stage::Done).await;
    process.stop().await;
    assert_eq!(videos().await, (0, 1));
    house.assert_whole(1, 1).await;
    house.clock.advance(DAY);
    house.round().await;
    assert_eq!(videos().await, (1, 0));
    house.assert_whole(1, 1).await;
}

#[tokio::test]
async fn one_of_two_leads_each_round() {
    let house = House::new().await;
    let (one, two) = (house.start(&house.shelf, false), house.start(&house.shelf, false));
    let rounds = || one.leads() + two.leads();
    house.until(Duration::ZERO, async || rounds() == 1).await;
    for round in 2..=5 {
        let next = house.clock.clone();
        house.until(TERM, async || rounds() == round).await;
        // Nobody else comes for the same round.
        for _ in 0..10 {
            next.advance(TERM);
            breathe().await;
        }
        assert_eq!(rounds(), round);
    }
    let passed = neurocards_core::Clock::monotonic(&*house.clock);
    assert!(passed < 25 * HOUR, "four rounds in {passed:?}");
    one.stop().await;
    two.stop().await;
}

/// A house with something of everything to do: videos that are old, videos and photos in the bin, a photo there that is
/// needed, and photos that no row names.
async fn full() -> (House, [Job; 3]) {
    let house = House::new().await;
    let first = house.order("a", 1).await;
    house.clock.advance(DAY);
    let second = house.order("b", 2).await;
    house.clock.advance(88 * DAY);
    let third = house.order("c", 3).await;
    for stray in ["cd", "ef"] {
        house.shelf.put(&Media::photo_key(&stray.repeat(32)).into(), "stray".into()).await.unwrap();
    }
    let seconds = neurocards_core::Clock::now(&*house.clock).timestamp();
    let photo = PHOTO.photo_ref().sha256;
    let in_bin = format!("bin/photos/{photo}.{seconds}");
    house.shelf.rename(&Media::photo_key(&photo).into(), &in_bin.into()).await.unwrap();
    house.shelf.put(&format!("bin/videos/{}.{seconds}", "12".repeat(32)).into(), "old".into()).await.unwrap();
    house.clock.advance(2 * DAY);
    assert_eq!(house.counts().await, [2, 3, 1, 1]);
    (house, [first, second, third])
}

async fn assert_kept(house: &House, [first, second, third]: &[Job; 3]) {
    for (job, is_removed) in [(first, true), (second, true), (third, false)] {
        let record = house.job(job.id).await;
        assert_eq!(record.removed_at.is_some(), is_removed, "{}", job.id);
    }
    house.assert_whole(1, 2).await;
    house.clock.advance(DAY);
    house.round().await;
    let mut keys = house.shelf.keys().await;
    keys.sort();
    let video = house.job(third.id).await.artifact.unwrap().sha256;
    assert_eq!(keys, [Media::photo_key(&PHOTO.photo_ref().sha256), Media::video_key(&video)]);
}

#[tokio::test]
async fn a_leader_can_die_at_every_write_and_is_replaced() {
    let mut deaths = 0;
    for write in 1.. {
        let (house, jobs) = full().await;
        let shelf = house.shelf.stopping_at(write);
        let process = house.start(&shelf, false);
        house.until(Duration::ZERO, async || shelf.is_stopped() || process.words() > 0).await;
        if !shelf.is_stopped() {
            process.stop().await;
            assert_kept(&house, &jobs).await;
            break;
        }
        process.die().await;
        deaths += 1;
        let before = house.shelf.keys().await;
        let heir = house.start(&house.shelf, false);
        breathe().await;
        assert_eq!((heir.leads(), house.shelf.keys().await), (0, before), "the dead one leads for its term");
        house.until(TERM / 2, async || heir.words() == 1).await;
        heir.stop().await;
        assert_kept(&house, &jobs).await;
    }
    assert_eq!(deaths, 11);
}

#[tokio::test]
async fn b3_a_leader_that_was_asleep_moves_nothing_more() {
    let (house, jobs) = full().await;
    let shelf = house.shelf.stopping_at(2);
    let sleeper = house.start(&shelf, false);
    house.until(Duration::ZERO, async || shelf.is_stopped()).await;
    let heir = house.start(&house.shelf, false);
    house.until(TERM / 2, async || heir.words() == 1).await;
    shelf.let_go();
    for _ in 0..20 {
        breathe().await;
    }
    // The write that it stood before, and no other one.
    assert_eq!((shelf.writes(), sleeper.leads()), (2, 1));
    sleeper.stop().await;
    heir.stop().await;
    assert_kept(&house, &jobs).await;
}

#[tokio::test]
async fn a_lead_is_asked_for_again_while_a_round_lasts() {
    let (house, jobs) = full().await;
    let slow = house.shelf.stopping_at(2);
    let process = house.start(&slow, false);
    house.until(Duration::ZERO, async || slow.is_stopped()).await;
    let heir = house.start(&house.shelf, false);
    // A write that takes half a term.
    house.clock.advance(TERM / 2);
    slow.let_go();
    house.until(Duration::ZERO, async || process.words() == 2).await;
    assert_eq!((process.leads(), heir.leads()), (1, 0));
    process.stop().await;
    heir.stop().await;
    assert_kept(&house, &jobs).await;
}
