//! Media in a bucket: `s3s-fs` serves one on a folder, in this process, over HTTP with signed requests.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use neurocards_core::{
    BucketOptions, Clock, Engine, Entropy, ManualClock, Media, MediaError, MemoryStore, Photo, PhotoLimits,
    RunOptions, SystemClock,
};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const VIDEO: &[u8] = include_bytes!("../../testkit/assets/tiny.mp4");
const CUP: &[u8] = include_bytes!("../../../examples/photos/coffee-cup.jpg");

struct Bucket {
    addr: SocketAddr,
    folder: TempDir,
}

impl Bucket {
    /// A server with one bucket, `cards`.
    async fn serve() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cards")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("who", "hush"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone()));
            }
        });
        Self { addr, folder }
    }

    fn media(&self, url: &str, secret: &str) -> Media {
        let endpoint = format!("http://{}", self.addr);
        let options = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "who"),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_PAGER", "less"),
        ];
        let options: BucketOptions =
            options.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Media::in_bucket(url, &options).unwrap()
    }

    fn file(&self, key: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join("cards").join(key)
    }
}

fn photo() -> Photo {
    Photo::intake(CUP, &PhotoLimits::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_and_videos_lie_below_the_prefix() {
    let bucket = Bucket::serve().await;
    let media = bucket.media("s3://cards/shop/a", "hush");
    let photo = photo();
    let kept = media.put_photo(&photo).await.unwrap();
    assert_eq!(media.put_photo(&photo).await.unwrap(), kept);
    assert_eq!(media.photo(&kept.sha256).await.unwrap(), photo.jpeg());
    let there = bucket.file(Path::new("shop/a").join(Media::photo_key(&kept.sha256)));
    assert_eq!(std::fs::read(there).unwrap(), photo.jpeg().to_vec());

    let parts = VIDEO.chunks(100).map(|part| Ok(Bytes::from_static(part)));
    let artifact = media.put_video(futures::stream::iter(parts.collect::<Vec<_>>()).boxed()).await.unwrap();
    assert_eq!(media.video(&artifact.sha256).await.unwrap(), VIDEO);
    // Somebody else, with the same address.
    let again = bucket.media("s3://cards/shop/a", "hush");
    assert_eq!(again.video(&artifact.sha256).await.unwrap(), VIDEO);
    let elsewhere = bucket.media("s3://cards", "hush");
    assert!(matches!(elsewhere.video(&artifact.sha256).await, Err(MediaError::Missing { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_object_is_told_from_a_wrong_key() {
    let bucket = Bucket::serve().await;
    let media = bucket.media("s3://cards", "hush");
    assert!(matches!(media.photo("00ff").await, Err(MediaError::Missing { what: "photo", .. })));
    let error = bucket.media("s3://cards", "guess").put_photo(&photo()).await.unwrap_err();
    assert!(matches!(error, MediaError::Unavailable { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("guess"), "{error:?}");
    assert_eq!(std::fs::read_dir(bucket.file("")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_unavailable() {
    let bucket = Bucket::serve().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let away = Bucket { addr: free, folder: bucket.folder };
    let error = away.media("s3://cards", "hush").photo("00ff").await.unwrap_err();
    assert!(matches!(error, MediaError::Unavailable { .. }), "{error:?}");
}

/// The files of the bucket below a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_needs_is_moved_and_then_deleted() {
    let bucket = Bucket::serve().await;
    let media = bucket.media("s3://cards/shop", "hush");
    let sha256 = media.put_photo(&photo()).await.unwrap().sha256;
    let (clock, day) = (Arc::new(ManualClock::new()), Duration::from_secs(24 * 3_600));
    // The bucket has its own clock.
    let ahead = (SystemClock::new().now() - clock.now()).to_std().unwrap_or_default();
    clock.advance(ahead + 2 * day);
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let engine = Engine::builder(store, media.clone());
    let engine = engine.time_and_chance(clock.clone(), Entropy::from_os()).build();
    let keep_house_until = async |is_so: &dyn Fn() -> bool| {
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(RunOptions::default(), stop).await }
        });
        let waited = async {
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            while !is_so() {
                pause.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waited).await.unwrap();
        stop.cancel();
        running.await.unwrap().unwrap();
    };
    let there = bucket.file(Path::new("shop").join(Media::photo_key(&sha256)));
    let bin = bucket.file("shop/bin/photos");
    keep_house_until(&|| !there.exists()).await;
    let binned = files(&bin);
    assert!(binned.len() == 1 && binned[0].starts_with(&sha256), "{binned:?}");
    assert_eq!(media.photo(&sha256).await.unwrap(), photo().jpeg());
    clock.advance(day);
    keep_house_until(&|| files(&bin).is_empty()).await;
    assert!(matches!(media.photo(&sha256).await, Err(MediaError::Missing { .. })));
}
