use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::TryStreamExt;
use mockito::{Server, ServerGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn downloader(trusted: &[SocketAddr]) -> Downloader {
    let list: Vec<_> = trusted.iter().map(ToString::to_string).collect();
    Downloader::new(list.join(",").parse().unwrap()).unwrap()
}

async fn fetched(downloader: &Downloader, address: &str) -> Result<Vec<u8>, FetchError> {
    let stream = downloader.fetch(address).await?;
    let chunks: Vec<_> = stream.try_collect().await.map_err(FetchError::Failed)?;
    Ok(chunks.concat())
}

fn message(error: FetchError) -> String {
    match error {
        FetchError::Gone(fault) => format!("gone: {}", fault.message),
        FetchError::Failed(fault) => {
            // Whatever is wrong with a video, the buyer's photo and text are not.
            assert!(matches!(fault.class, FaultClass::Temporary | FaultClass::Unknown), "{fault:?}");
            fault.message
        }
    }
}

/// A mirror that is trusted, with an address for a path.
async fn mirror() -> (ServerGuard, Downloader) {
    let server = Server::new_async().await;
    let downloader = downloader(&[server.socket_address()]);
    (server, downloader)
}

#[tokio::test]
async fn a_video_comes_whole() {
    let (mut server, downloader) = mirror().await;
    let body = vec![7; 300_000];
    let agent = format!("neurocards/{}", env!("CARGO_PKG_VERSION"));
    let mock = server.mock("GET", "/a.mp4").match_header("user-agent", agent.as_str());
    let mock =
        mock.match_header("authorization", mockito::Matcher::Missing).with_body(&body).create_async().await;
    assert_eq!(fetched(&downloader, &format!("{}/a.mp4", server.url())).await, Ok(body));
    mock.assert_async().await;
}

#[tokio::test]
async fn answers_that_are_no_video_are_told_apart() {
    let (mut server, downloader) = mirror().await;
    for (status, expect) in [
        (403, "gone: the video is not where it was (HTTP 403)"),
        (404, "gone: the video is not where it was (HTTP 404)"),
        (410, "gone: the video is not where it was (HTTP 410)"),
        (500, "the video's host answered with HTTP 500"),
        (206, "the video's host answered with HTTP 206"),
        (304, "the video's host answered with HTTP 304"),
    ] {
        let _mock = server.mock("GET", "/a").with_status(status).create_async().await;
        let error = fetched(&downloader, &format!("{}/a", server.url())).await.unwrap_err();
        assert_eq!(message(error), expect);
    }
    let page = server
        .mock("GET", "/page")
        .with_header("content-type", "text/html; charset=utf-8")
        .with_body("<html>");
    let _page = page.create_async().await;
    let error = fetched(&downloader, &format!("{}/page", server.url())).await.unwrap_err();
    assert_eq!(message(error), "a page came instead of the video");
}

#[tokio::test]
async fn addresses_of_our_own_network_are_never_asked() {
    let (mut server, _) = mirror().await;
    let asked = server.mock("GET", mockito::Matcher::Any).expect(0).create_async().await;
    let downloader = downloader(&[]);
    let port = server.socket_address().port();
    for address in [
        format!("http://127.0.0.1:{port}/a"),
        format!("https://127.0.0.1:{port}/a"),
        format!("https://[::1]:{port}/a"),
        format!("https://2130706433:{port}/a"),
        format!("https://localhost:{port}/a"),
        format!("http://user:word@127.0.0.1:{port}/a"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        format!("https://0177.0.0.1:{port}/a"),
        format!("https://0x7f.1:{port}/a"),
        format!("https://[::ffff:127.0.0.1]:{port}/a"),
        "https://10.0.0.7/a.mp4".to_owned(),
        "https://172.16.3.4/a.mp4".to_owned(),
        "https://192.168.1.1/a.mp4".to_owned(),
        "https://100.64.0.1/a.mp4".to_owned(),
        "https://[fd00::1]/a.mp4".to_owned(),
        "https://[fe80::1]/a.mp4".to_owned(),
        "https://0.0.0.0/a.mp4".to_owned(),
        "file:///etc/passwd".to_owned(),
        "not an address".to_owned(),
    ] {
        let error = fetched(&downloader, &address).await.unwrap_err();
        assert!(message(error).starts_with("the video's address is refused"), "{address}");
    }
    asked.assert_async().await;
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_followed() {
    let resolved = Arc::new(AtomicUsize::new(0));
    let count = resolved.clone();
    let names = PublicOnly::new(move |name| {
        assert_eq!(name, "files.example");
        count.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(vec!["10.0.0.7:0".parse().unwrap(), "[::1]:0".parse().unwrap()]) })
    });
    let downloader = Downloader::with(MediaHosts::default(), names, IDLE_LIMIT, TOTAL_LIMIT).unwrap();
    let error = fetched(&downloader, "https://files.example/a.mp4").await.unwrap_err();
    assert_eq!(message(error), "the video did not come: the name leads to no public address");
    assert_eq!(resolved.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_an_address_like_any_other() {
    let (mut server, downloader) = mirror().await;
    let mut inside = Server::new_async().await;
    let asked = inside.mock("GET", mockito::Matcher::Any).expect(0).create_async().await;
    let _good =
        server.mock("GET", "/good").with_status(302).with_header("location", "/video").create_async().await;
    let _video = server.mock("GET", "/video").with_body("video").create_async().await;
    let bad = server
        .mock("GET", "/bad")
        .with_status(307)
        .with_header("location", &format!("{}/secret", inside.url()));
    let _bad = bad.create_async().await;
    let circle = server.mock("GET", "/circle").with_status(301).with_header("location", "/circle").expect(4);
    let circle = circle.create_async().await;

    assert_eq!(fetched(&downloader, &format!("{}/good", server.url())).await, Ok(b"video".to_vec()));
    let error = fetched(&downloader, &format!("{}/bad", server.url())).await.unwrap_err();
    assert_eq!(message(error), "the video's address is refused: it is not https");
    asked.assert_async().await;
    let error = fetched(&downloader, &format!("{}/circle", server.url())).await.unwrap_err();
    assert_eq!(message(error), "the video's host sends us in circles");
    circle.assert_async().await;
}

/// A host that answers with these bytes and then keeps the line open, silent.
async fn host(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut line, _) = listener.accept().await.unwrap();
        let mut request = [0; 2_048];
        let _ = line.read(&mut request).await.unwrap();
        line.write_all(answer.as_bytes()).await.unwrap();
        // Until the other side hangs up.
        while line.read(&mut request).await.is_ok_and(|read| read > 0) {}
    });
    address
}

async fn fetched_from(answer: &'static str, idle: Duration, total: Duration) -> Result<Vec<u8>, FetchError> {
    let address = host(answer).await;
    let hosts = address.to_string().parse().unwrap();
    let downloader = Downloader::with(hosts, PublicOnly::of_system(), idle, total).unwrap();
    fetched(&downloader, &format!("http://{address}/a.mp4")).await
}

#[tokio::test]
async fn f3_sizes_and_times_have_limits() {
    let (long, short) = (Duration::from_secs(60), Duration::from_millis(50));
    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 209715201\r\n\r\n";
    assert_eq!(
        fetched_from(huge, long, long).await.map_err(message),
        Err("the video has more than 209715200 bytes".to_owned())
    );
    let begun = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let late = Err("the video did not come: no answer in time".to_owned());
    assert_eq!(fetched_from(begun, short, long).await.map_err(message), late);
    assert_eq!(fetched_from(begun, long, short).await.map_err(message), late);
}
