//! Messages that a fake sends by itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// How long the other side may take, in the machine's time.
const LIMIT: Duration = Duration::from_secs(15);
/// Most bytes of an answer that are read.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// Posts JSON to an address on this machine. `None`: it was not delivered, or nothing came back.
///
/// A fake never speaks to another machine.
pub(crate) async fn post(url: &str, headers: &[(String, String)], body: Bytes) -> Option<u16> {
    post_trusting(url, None, headers, body).await
}

/// The same over TLS, where that is asked for: only this certificate is trusted.
pub(crate) async fn post_trusting(
    url: &str,
    certificate: Option<&str>,
    headers: &[(String, String)],
    body: Bytes,
) -> Option<u16> {
    let url = Url::parse(url).ok()?;
    let addr = url.socket_addrs(|| None).ok()?.into_iter().find(|addr| addr.ip().is_loopback())?;
    tokio::time::timeout(LIMIT, async {
        let stream = TcpStream::connect(addr).await.ok()?;
        match url.scheme() {
            "http" => exchange(stream, &url, headers, body).await,
            _ => exchange(dressed(stream, &url, certificate?).await?, &url, headers, body).await,
        }
    })
    .await
    .ok()?
}

async fn dressed(
    stream: TcpStream,
    url: &Url,
    certificate: &str,
) -> Option<impl AsyncRead + AsyncWrite + Unpin> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?).ok()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(url.host_str()?.to_owned()).ok()?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    url: &Url,
    headers: &[(String, String)],
    body: Bytes,
) -> Option<u16> {
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
