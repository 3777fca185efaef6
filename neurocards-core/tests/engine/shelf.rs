//! Objects that follow the test's clock, and a process that can be stopped at any of its writes to them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use neurocards_core::{Clock, ManualClock, Timestamp};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::Notify;

/// One process's view of objects that all share: a move is a copy and a deletion, as in a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    objects: Arc<InMemory>,
    stored: Arc<Mutex<BTreeMap<Path, Timestamp>>>,
    clock: Arc<ManualClock>,
    process: Arc<Process>,
}

#[derive(Debug, Default)]
struct Process {
    writes: AtomicU64,
    /// Which write is not made before the process is let go; 0 is none.
    stops_at: AtomicU64,
    go: Notify,
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shelf")
    }
}

impl Shelf {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        Self { objects: Arc::default(), stored: Arc::default(), clock, process: Arc::default() }
    }

    /// The same objects, as another process sees them that stops before its write of this number.
    pub(crate) fn stopping_at(&self, write: u64) -> Self {
        let process = Process { stops_at: AtomicU64::new(write), ..Process::default() };
        Self { process: Arc::new(process), ..self.clone() }
    }

    /// How many writes this process began.
    pub(crate) fn writes(&self) -> u64 {
        self.process.writes.load(Ordering::SeqCst)
    }

    /// Whether this process stands before its write.
    pub(crate) fn is_stopped(&self) -> bool {
        let stops_at = self.process.stops_at.load(Ordering::SeqCst);
        stops_at > 0 && self.writes() >= stops_at
    }

    pub(crate) fn let_go(&self) {
        self.process.stops_at.store(0, Ordering::SeqCst);
        self.process.go.notify_one();
    }

    /// The keys of all objects.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let found: Vec<_> = self.list(None).try_collect().await.unwrap();
        found.into_iter().map(|found| found.location.to_string()).collect()
    }

    async fn write(&self) {
        let number = self.process.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if number == self.process.stops_at.load(Ordering::SeqCst) {
            self.process.go.notified().await;
        }
    }

    fn stamp(&self, at: &Path) {
        self.stored.lock().unwrap().insert(at.clone(), self.clock.now());
    }
}

#[async_trait]
impl ObjectStore for Shelf {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.write().await;
        self.stamp(at);
        self.objects.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        panic!("nothing is stored in parts")
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.objects.get_opts(at, options).await
    }

    fn delete_stream(&self, all: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let shelf = self.clone();
        let deleted = all.and_then(move |at| {
            let shelf = shelf.clone();
            async move {
                shelf.write().await;
                let one = futures::stream::iter([Ok(at.clone())]).boxed();
                shelf.objects.delete_stream(one).try_collect::<Vec<_>>().await?;
                Ok(at)
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let stored = self.stored.lock().unwrap().clone();
        let listed = self.objects.list(prefix).map_ok(move |found| {
            let last_modified = stored.get(&found.location).copied().unwrap_or(found.last_modified);
            ObjectMeta { last_modified, ..found }
        });
        listed.boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.write().await;
        self.stamp(to);
        self.objects.copy_opts(from, to, options).await
    }
}
