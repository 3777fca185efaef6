//! Media in a bucket: `s3s-fs` serves one on a folder, in this process, over HTTP with signed requests.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use neurocards_core::{BucketOptions, Media, MediaError, Photo, PhotoLimits};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

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
