//! How a task goes, and how it ends.

use std::time::Duration;

/// The course of a task at the fake KIE.
///
/// ```
/// use std::time::Duration;
///
/// use neurocards_fakes::kie::{Callbacks, Render};
///
/// // Finished when it is read for the third time, with a callback sent twice.
/// let render = Render::succeeds().after_reads(3).callbacks(Callbacks::times(2));
/// // Refused by the content check after 40 seconds of the fake's clock.
/// let render = Render::fails("400", "Content was flagged by the safety system. Try different prompts or inputs.")
///     .after(Duration::from_secs(40));
/// // Reported as failed by a timeout; two readings later it is a success.
/// let render = Render::flips().late_by_reads(2);
/// # let _ = render;
/// ```
#[derive(Debug, Clone)]
pub struct Render {
    pub(crate) hidden: Wait,
    pub(crate) finish: Wait,
    pub(crate) late: Wait,
    pub(crate) ending: Ending,
    pub(crate) link: Link,
    pub(crate) callbacks: Callbacks,
    pub(crate) state: Option<String>,
    pub(crate) result: Result,
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wait {
    Reads(u32),
    Time(Duration),
    /// By chance.
    Between(Duration, Duration),
    Told,
}

/// How a task ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Success,
    Fail {
        code: String,
        msg: String,
    },
    /// Fails, and turns out to have succeeded.
    Flip {
        code: String,
        msg: String,
    },
}

/// How long the link to a video works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Link {
    Lives(Duration),
    /// Never; `download-url` gives one that does.
    Dead,
    /// The first never; each reading of the task after a download failed gives a new one that works.
    Renewed,
}

/// What a success has to show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Result {
    Video,
    /// These bytes instead of a video.
    File {
        content_type: String,
        bytes: Vec<u8>,
    },
    /// `resultJson` is this, word for word.
    Json(String),
    /// A video, whose address Veo tells in the form of older tutorials: as JSON in a string.
    OlderForm,
}

/// The messages about the end of a task. There are none without a `callBackUrl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Callbacks {
    pub(crate) copies: u32,
    pub(crate) early: bool,
}

impl Callbacks {
    /// One message, when the task has ended and the answer to the paid request is out.
    pub fn once() -> Self {
        Self::times(1)
    }

    /// The same message several times.
    pub fn times(copies: u32) -> Self {
        Self { copies, early: false }
    }

    /// No message.
    pub fn none() -> Self {
        Self::times(0)
    }

    /// The task has ended, and the message is delivered, before the paid request is answered.
    #[must_use]
    pub fn before_the_reply(mut self) -> Self {
        self.early = true;
        self
    }
}

impl Default for Render {
    fn default() -> Self {
        Self::succeeds()
    }
}

impl Render {
    fn ending(ending: Ending) -> Self {
        Self {
            hidden: Wait::Reads(0),
            finish: Wait::Reads(2),
            late: Wait::Reads(1),
            ending,
            link: Link::Lives(Duration::from_secs(24 * 60 * 60)),
            callbacks: Callbacks::once(),
            state: None,
            result: Result::Video,
        }
    }

    /// What the journal calls it.
    pub(crate) fn label(&self) -> String {
        let ending = match &self.ending {
            Ending::Success => "succeeds".to_owned(),
            Ending::Fail { code, .. } => format!("fails with {code}"),
            Ending::Flip { code, .. } => format!("fails with {code} at first"),
        };
        let more = [
            (self.link == Link::Dead, ", link dead"),
            (self.link == Link::Renewed, ", link renewed"),
            (self.hidden != Wait::Reads(0), ", hidden at first"),
            (self.callbacks.copies != 1, ", other callbacks"),
            (self.callbacks.early, ", told before the reply"),
        ];
        let more: String = more.into_iter().filter_map(|(holds, words)| holds.then_some(words)).collect();
        format!("task {ending}{more}")
    }

    /// Success, at the second reading unless something else is said. The link lives a day.
    pub fn succeeds() -> Self {
        Self::ending(Ending::Success)
    }

    /// Failure by the service's own word, with its `failCode` and `failMsg`. The credits come back.
    pub fn fails(code: &str, msg: &str) -> Self {
        Self::ending(Ending::Fail { code: code.to_owned(), msg: msg.to_owned() })
    }

    /// Reported as failed (524, `generate task timeout.`), and at the next reading as a success.
    pub fn flips() -> Self {
        let (code, msg) = ("524".to_owned(), super::words::TASK_TIMEOUT.to_owned());
        Self::ending(Ending::Flip { code, msg })
    }

    /// Never ends, unless [`KieFake::finish_task`](super::KieFake::finish_task) or
    /// [`KieFake::fail_task`](super::KieFake::fail_task) ends it.
    pub fn stuck() -> Self {
        Self::succeeds().when_told()
    }

    /// Fails because the photo's address cannot be fetched.
    pub fn cannot_fetch_the_photo() -> Self {
        Self::fails("400", super::words::FETCH_FAILED)
    }

    /// Ends at the `n`-th reading; 0 is at once.
    #[must_use]
    pub fn after_reads(mut self, n: u32) -> Self {
        self.finish = Wait::Reads(n);
        self
    }

    /// Ends so long after it was made, by the fake's clock.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.finish = Wait::Time(time);
        self
    }

    /// Ends so long after it was made, by the fake's clock; the seed decides for each task.
    #[must_use]
    pub fn after_between(mut self, least: Duration, most: Duration) -> Self {
        self.finish = Wait::Between(least, most);
        self
    }

    /// Ends when the test says so.
    #[must_use]
    pub fn when_told(mut self) -> Self {
        self.finish = Wait::Told;
        self
    }

    /// The first `n` readings find no such task.
    #[must_use]
    pub fn hidden_for_reads(mut self, n: u32) -> Self {
        self.hidden = Wait::Reads(n);
        self
    }

    /// For so long no such task is found.
    #[must_use]
    pub fn hidden_for(mut self, time: Duration) -> Self {
        self.hidden = Wait::Time(time);
        self
    }

    /// A task that [flips](Self::flips) does so `n` readings after it was reported as failed.
    #[must_use]
    pub fn late_by_reads(mut self, n: u32) -> Self {
        self.late = Wait::Reads(n);
        self
    }

    /// A task that [flips](Self::flips) does so after that time.
    #[must_use]
    pub fn late_by(mut self, time: Duration) -> Self {
        self.late = Wait::Time(time);
        self
    }

    /// The link to the video stops working after that time.
    #[must_use]
    pub fn link_lives(mut self, time: Duration) -> Self {
        self.link = Link::Lives(time);
        self
    }

    /// The link to the video does not work; `download-url` gives one that does.
    #[must_use]
    pub fn link_is_dead(mut self) -> Self {
        self.link = Link::Dead;
        self
    }

    /// The link to the video does not work; once it was tried, reading the task gives another that does.
    #[must_use]
    pub fn link_is_renewed(mut self) -> Self {
        self.link = Link::Renewed;
        self
    }

    /// The messages about its end.
    #[must_use]
    pub fn callbacks(mut self, callbacks: Callbacks) -> Self {
        self.callbacks = callbacks;
        self
    }

    /// What `state` says while it runs.
    #[must_use]
    pub fn state(mut self, state: &str) -> Self {
        self.state = Some(state.to_owned());
        self
    }

    /// What lies behind the link instead of a video.
    #[must_use]
    pub fn file(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.result = Result::File { content_type: content_type.to_owned(), bytes: bytes.into() };
        self
    }

    /// Veo tells the video's address as JSON in a string, `resultUrls` beside the other fields of the record and of the
    /// callback. Other models do as ever.
    #[must_use]
    pub fn older_form(mut self) -> Self {
        self.result = Result::OlderForm;
        self
    }

    /// What `resultJson` holds, word for word, instead of a link to the video.
    #[must_use]
    pub fn result_json(mut self, json: &str) -> Self {
        self.result = Result::Json(json.to_owned());
        self
    }
}
