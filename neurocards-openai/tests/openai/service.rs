//! A language model that says what a script tells it to. A request that the script does not expect fails the test, and so
//! does one that never came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use mockito::{Matcher, Mock, Request, Server, ServerGuard};
use serde_json::{Value, json};

/// One reply.
#[derive(Debug, Clone)]
pub(crate) struct Say {
    path: &'static str,
    status: usize,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Say {
    pub(crate) fn status(status: usize, body: impl Into<String>) -> Self {
        Self { path: "/v1/chat/completions", status, headers: Vec::new(), body: body.into() }
    }

    /// A completion with this content, 1,200 tokens read and 300 written.
    pub(crate) fn content(content: impl Into<Value>) -> Self {
        Self::message(json!({ "role": "assistant", "content": content.into(), "refusal": null }), "stop")
    }

    pub(crate) fn message(message: Value, finish: &str) -> Self {
        let body = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "test-model-2026-09-01",
            "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
            "usage": { "prompt_tokens": 1_200, "completion_tokens": 300, "total_tokens": 1_500 },
        });
        Self::status(200, body.to_string())
    }

    pub(crate) fn error(status: usize, code: &str, param: Option<&str>, message: &str) -> Self {
        let error = json!({ "message": message, "type": "test", "param": param, "code": code });
        Self::status(status, json!({ "error": error }).to_string())
    }

    /// The reply to a request at another path.
    pub(crate) fn at(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    pub(crate) fn with(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
    /// As it was sent.
    pub(crate) text: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<Say>,
    current: Option<Say>,
    asked: Vec<Asked>,
    unexpected: usize,
}

/// The service, over real HTTP.
pub(crate) struct Service {
    server: ServerGuard,
    script: Arc<Mutex<Script>>,
    _mocks: Vec<Mock>,
}

const HEADERS: [&str; 3] = ["retry-after", "retry-after-ms", "x-should-retry"];

impl Service {
    pub(crate) async fn chat(replies: impl IntoIterator<Item = Say>) -> Self {
        let script =
            Arc::new(Mutex::new(Script { replies: replies.into_iter().collect(), ..Script::default() }));
        let mut server = Server::new_async().await;
        let next = script.clone();
        let mut mock = server.mock("POST", Matcher::Any).with_status_code_from_request(move |request| {
            let mut script = next.lock().unwrap();
            script.asked.push(asked(request));
            script.current = script.replies.pop_front().filter(|say| request.path().ends_with(say.path));
            script.unexpected += usize::from(script.current.is_none());
            script.current.as_ref().map_or(418, |say| say.status)
        });
        for name in HEADERS {
            let current = script.clone();
            mock = mock.with_header_from_request(name, move |_| {
                let script = current.lock().unwrap();
                let headers = script.current.iter().flat_map(|say| &say.headers);
                headers
                    .filter(|(given, _)| *given == name)
                    .map(|(_, value)| value.clone())
                    .next()
                    .unwrap_or_default()
            });
        }
        let current = script.clone();
        let mock = mock.with_body_from_request(move |_| {
            let script = current.lock().unwrap();
            script.current.as_ref().map(|say| say.body.clone().into_bytes()).unwrap_or_default()
        });
        let mock = mock.expect_at_least(0).create_async().await;
        Self { server, script, _mocks: vec![mock] }
    }

    /// Its base address.
    pub(crate) fn base_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    pub(crate) fn host(&self) -> String {
        self.server.host_with_port()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    pub(crate) fn also(&self, replies: impl IntoIterator<Item = Say>) {
        self.script.lock().unwrap().replies.extend(replies);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let script = self.script.lock().unwrap();
            assert_eq!(script.unexpected, 0, "requests came that nobody expected");
            assert!(script.replies.is_empty(), "requests never came for {:?}", script.replies);
        }
    }
}

fn asked(request: &Request) -> Asked {
    let headers = request.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let text = request.utf8_lossy_body().unwrap().into_owned();
    Asked { headers: headers.collect(), body: serde_json::from_str(&text).unwrap(), text }
}
