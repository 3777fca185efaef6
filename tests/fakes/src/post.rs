//! Messages that a fake sends by itself.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// How long the other side may take, in the machine's time.
const LIMIT: Duration = Duration::from_secs(15);
/// Most bytes of an answer that are read.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// Posts JSON to an address on this machine. `None`: it was not delivered, or nothing came back.
///
/// A fake never speaks to another machine, and never over TLS.
pub(crate) async fn post(url: &str, headers: &[(String, String)], body: Bytes) -> Option<u16> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let addr = url.socket_addrs(|| None).ok()?.into_iter().find(|addr| addr.ip().is_loopback())?;
    tokio::time::timeout(LIMIT, exchange(addr, &url, headers, body)).await.ok()?
}

async fn exchange(addr: SocketAddr, url: &Url, headers: &[(String, String)], body: Bytes) -> Option<u16> {
    let stream = TcpStream::connect(addr).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut request = Request::post(path).header("host", host).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(body)).ok()?;
    let answer = async {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status().as_u16();
        Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await.ok()?;
        drop(sender);
        Some(status)
    };
    let (answer, _) = futures::join!(answer, connection);
    answer
}
