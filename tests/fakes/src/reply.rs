//! Answers, whole or disfigured.

use std::convert::Infallible;
use std::future::pending;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::Response;
use hyper::body::Frame;

use crate::clock::pause;
use crate::fault::Shows;
use crate::journal::{Ending, Open};
use crate::server::{Body, Cut};

/// How much an answer without end gives at a time.
const FLOOD_CHUNK: &[u8] = &[b' '; 64 * 1024];

/// The true answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The code of its envelope.
    pub(crate) code: Option<i64>,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), code: None }
    }

    /// Gives it to the client, or what the fault makes of it. `sent` is dropped when the client has it.
    pub(crate) async fn deliver(
        self,
        shows: Option<Shows>,
        open: Open,
        sent: impl Send + 'static,
    ) -> Result<Response<Body>, Cut> {
        match shows {
            None => self.whole(open, sent),
            Some(Shows::Close) => {
                open.end(Ending::Lost, None, None);
                Err(Cut)
            }
            Some(Shows::Hang) => {
                drop(sent);
                // The exchange is open until the client gives up, which drops this future.
                pending::<Infallible>().await;
                Err(Cut)
            }
            Some(Shows::Page { status, headers, body }) => {
                Self { status, headers, body: body.into(), code: None }.whole(open, sent)
            }
            Some(Shows::Status(status)) => Self { status, ..self }.whole(open, sent),
            Some(Shows::NoData) => {
                let body = r#"{"code":200,"msg":"success"}"#.into();
                Self { body, code: Some(200), ..self }.whole(open, sent)
            }
            Some(Shows::Malformed) => {
                let body = self.body.slice(..self.body.len() / 2);
                Self { body, code: None, ..self }.whole(open, sent)
            }
            Some(Shows::Truncated) => {
                let half = self.body.slice(..self.body.len() / 2);
                let length = Some(self.body.len());
                // The half must be out before the connection is closed.
                let cut = stream::once(async {
                    tokio::task::yield_now().await;
                    Err(Cut)
                });
                self.streamed(open, length, stream::iter([Ok(half)]).chain(cut), sent)
            }
            Some(Shows::Slow { pieces, pause: wait }) => {
                let (body, length) = (self.body.clone(), Some(self.body.len()));
                let size = body.len().div_ceil(pieces).max(1);
                let chunks = (0..body.len()).step_by(size).collect::<Vec<_>>();
                let slow = stream::iter(chunks).then(move |from| {
                    let piece = body.slice(from..body.len().min(from + size));
                    async move {
                        pause(wait).await;
                        Ok(piece)
                    }
                });
                self.streamed(open, length, slow, sent)
            }
            Some(Shows::Endless) => {
                let first = stream::iter([Ok(self.body.clone())]);
                let rest = stream::repeat_with(|| Ok(Bytes::from_static(FLOOD_CHUNK)));
                self.streamed(open, None, first.chain(rest), sent)
            }
            // The host itself knows what its refusals look like.
            Some(Shows::Refusal { .. }) => self.whole(open, sent),
        }
    }

    fn whole(self, open: Open, sent: impl Send + 'static) -> Result<Response<Body>, Cut> {
        let length = Some(self.body.len());
        let body = self.body.clone();
        self.streamed(open, length, stream::iter([Ok(body)]), sent)
    }

    fn streamed(
        self,
        open: Open,
        length: Option<usize>,
        chunks: impl Stream<Item = Result<Bytes, Cut>> + Send + 'static,
        sent: impl Send + 'static,
    ) -> Result<Response<Body>, Cut> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        if let Some(length) = length {
            response = response.header("content-length", length);
        }
        let (mut open, mut out) = (Some(open), 0);
        // Nobody asks for the pieces of an empty body.
        if length == Some(0)
            && let Some(open) = open.take()
        {
            open.end(Ending::Answered, Some(self.status), self.code);
        }
        let frames = chunks.map(move |chunk| {
            // Whoever waits for the answer to be out holds a part of the body.
            let _held = &sent;
            out += chunk.as_ref().map_or(0, Bytes::len);
            // An answer that breaks off, or that the client does not take to its end, is lost.
            if length == Some(out)
                && let Some(open) = open.take()
            {
                open.end(Ending::Answered, Some(self.status), self.code);
            }
            chunk.map(Frame::data)
        });
        let body = BodyExt::boxed_unsync(StreamBody::new(frames));
        Ok(response.body(body).expect("an answer of the script is HTTP"))
    }
}
