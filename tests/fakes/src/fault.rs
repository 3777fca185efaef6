//! What can go wrong with one exchange.

use std::time::Duration;

/// A fault of one exchange: whether the request is carried out, and what the client gets to see.
///
/// ```
/// use neurocards_fakes::Fault;
///
/// // The task is made and paid for; the client learns nothing.
/// let lost = Fault::lost_reply();
/// // A gateway's page instead of an answer; nothing was done …
/// let page = Fault::html(502);
/// // … or everything.
/// let page_after = Fault::html(502).after_it_was_done();
/// # let _ = (lost, page, page_after);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub(crate) done: bool,
    pub(crate) shows: Shows,
}

/// What the client gets to see.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shows {
    /// An error of the service in its own form: for KIE an envelope in an HTTP 200.
    Refusal { code: i64, msg: String },
    /// An HTTP answer, word for word.
    Page { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// The connection is closed without a byte.
    Close,
    /// Nothing, for ever.
    Hang,
    /// The true answer, broken off in the middle while more was promised.
    Truncated,
    /// The true answer up to its middle, as if that were all.
    Malformed,
    /// The true answer in pieces, with a pause before each.
    Slow { pieces: usize, pause: Duration },
    /// The true answer, and then more without end.
    Endless,
    /// The true answer, in a status that does not fit it.
    Status(u16),
    /// Success by the envelope, and no data in it.
    NoData,
}

impl Fault {
    fn new(shows: Shows) -> Self {
        Self { done: false, shows }
    }

    /// The request is carried out, and the connection closed without an answer.
    pub fn lost_reply() -> Self {
        Self::closes().after_it_was_done()
    }

    /// The request is not carried out, and the connection closed without an answer.
    pub fn closes() -> Self {
        Self::new(Shows::Close)
    }

    /// The request is not carried out, and no answer ever comes. Add
    /// [`after_it_was_done`](Self::after_it_was_done) for a request that is carried out.
    pub fn hangs() -> Self {
        Self::new(Shows::Hang)
    }

    /// Refused in the service's own form: for KIE a code in an HTTP 200. Not carried out.
    pub fn refuses(code: i64, msg: impl Into<String>) -> Self {
        Self::new(Shows::Refusal { code, msg: msg.into() })
    }

    /// An answer word for word. Not carried out.
    pub fn page(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::new(Shows::Page { status, headers, body: body.into() })
    }

    /// A gateway's HTML page. Not carried out.
    pub fn html(status: u16) -> Self {
        let body =
            format!("<!DOCTYPE html>\n<html><head><title>{status}</title></head><body>error</body></html>");
        Self::page(status, "text/html; charset=UTF-8", body)
    }

    /// A redirect. Not carried out.
    pub fn redirects(status: u16, location: &str) -> Self {
        Self::page(status, "text/plain", "").header("location", location)
    }

    /// The answer's body breaks off in the middle. Carried out.
    pub fn truncates() -> Self {
        Self::new(Shows::Truncated).after_it_was_done()
    }

    /// The answer's body is half of its JSON. Carried out.
    pub fn garbles() -> Self {
        Self::new(Shows::Malformed).after_it_was_done()
    }

    /// The answer's body comes in pieces, with a pause (in the machine's time) before each. Carried out.
    pub fn drips(pieces: usize, pause: Duration) -> Self {
        Self::new(Shows::Slow { pieces: pieces.max(1), pause }).after_it_was_done()
    }

    /// The answer's body never ends. Carried out.
    pub fn floods() -> Self {
        Self::new(Shows::Endless).after_it_was_done()
    }

    /// The true answer under another HTTP status. Carried out.
    pub fn status(status: u16) -> Self {
        Self::new(Shows::Status(status)).after_it_was_done()
    }

    /// Success by the envelope, without `data`. Carried out.
    pub fn without_data() -> Self {
        Self::new(Shows::NoData).after_it_was_done()
    }

    /// The request is carried out all the same.
    #[must_use]
    pub fn after_it_was_done(mut self) -> Self {
        self.done = true;
        self
    }

    /// What the journal calls it.
    pub(crate) fn label(&self) -> String {
        let shown = match &self.shows {
            Shows::Refusal { code, .. } => format!("code {code}"),
            Shows::Page { status, .. } => format!("page {status}"),
            Shows::Close => "no answer".to_owned(),
            Shows::Hang => "hanging".to_owned(),
            Shows::Truncated => "answer broken off".to_owned(),
            Shows::Malformed => "answer garbled".to_owned(),
            Shows::Slow { .. } => "answer in drips".to_owned(),
            Shows::Endless => "answer without end".to_owned(),
            Shows::Status(status) => format!("status {status}"),
            Shows::NoData => "no data".to_owned(),
        };
        if self.done { format!("{shown}, after it was done") } else { shown }
    }

    /// Adds a header to a page: `retry-after`, for instance. Turns a refusal of KIE into what it is on the wire, so
    /// that it can have headers too.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Shows::Refusal { code, msg } = &self.shows {
            let body = serde_json::json!({ "code": code, "msg": msg, "data": null }).to_string();
            self.shows = Self::page(200, crate::wire::JSON, body).shows;
        }
        if let Shows::Page { headers, .. } = &mut self.shows {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// KIE's refusals, in its own words.
impl Fault {
    /// Code 429: too many requests. Nothing is queued.
    pub fn rate_limited() -> Self {
        Self::refuses(429, "Your call frequency is too high. Please try again later.")
    }

    /// Code 402: the account has no credits.
    pub fn out_of_credits() -> Self {
        Self::refuses(402, crate::kie::words::NO_CREDITS)
    }

    /// The same text under code 500.
    pub fn out_of_credits_as_500() -> Self {
        Self::refuses(500, crate::kie::words::NO_CREDITS)
    }

    /// Code 433: the key has used up its own cap.
    pub fn over_cap() -> Self {
        Self::refuses(433, crate::kie::words::OVER_CAP)
    }

    /// Code 500: the model is withdrawn.
    pub fn paused() -> Self {
        Self::refuses(500, crate::kie::words::PAUSED)
    }

    /// Code 422: there is no such model.
    pub fn unknown_model() -> Self {
        Self::refuses(422, crate::kie::words::UNKNOWN_MODEL)
    }

    /// Code 455: the service is being maintained.
    pub fn maintenance() -> Self {
        Self::refuses(455, "The server is currently being maintained, please try again later~")
    }

    /// Code 505: the feature is disabled.
    pub fn disabled() -> Self {
        Self::refuses(505, "This feature is currently disabled.")
    }

    /// Code 500: a passing fault, or so it says. Whether something was queued is not known.
    pub fn internal_error() -> Self {
        Self::refuses(500, "Internal Error, Please try again later.")
    }

    /// Code 500: `the server is busy`.
    pub fn busy() -> Self {
        Self::refuses(500, "the server is busy")
    }

    /// What the gateway says to a client without a `User-Agent`: HTTP 403, and no JSON.
    pub fn forbidden_1010() -> Self {
        Self::page(403, "text/plain; charset=UTF-8", "error code: 1010")
    }
}
