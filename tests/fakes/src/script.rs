//! When something of the script happens.

use crate::call::Call;
use crate::wire::dice;

/// Which exchanges a line of the script is about. Conditions add up; the count is of those that meet them all.
///
/// ```
/// use neurocards_fakes::{Call, When};
///
/// // The second reading of a task of this model.
/// let when = When::call(Call::RecordInfo).model("kling-3.0/video").nth(2);
/// // The first three paid requests whose prompt has this word.
/// let when = When::paid().says("teapot").first(3);
/// # let _ = when;
/// ```
#[derive(Debug, Clone, Default)]
pub struct When {
    calls: Vec<Call>,
    model: Option<String>,
    says: Option<String>,
    account: Option<String>,
    key: Option<String>,
    skip: u32,
    at_most: Option<u32>,
    per_mille: Option<u16>,
}

/// What is known of an exchange when the script is asked.
#[derive(Debug, Default)]
pub(crate) struct Scene<'a> {
    pub(crate) call: Option<Call>,
    pub(crate) model: Option<&'a str>,
    pub(crate) prompt: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
}

impl When {
    /// Any exchange.
    pub fn any() -> Self {
        Self::default()
    }

    /// Exchanges of one kind.
    pub fn call(call: Call) -> Self {
        Self::calls(&[call])
    }

    /// Exchanges of some kinds.
    pub fn calls(calls: &[Call]) -> Self {
        Self { calls: calls.to_vec(), ..Self::default() }
    }

    /// The paid requests: `createTask`, and the endpoints of Veo and Runway.
    pub fn paid() -> Self {
        Self::calls(&Call::PAID)
    }

    /// The requests that read a task.
    pub fn read() -> Self {
        Self::calls(&Call::READS)
    }

    /// The requests that hand a photo over.
    pub fn upload() -> Self {
        Self::calls(&Call::UPLOADS)
    }

    /// The requests for a finished video.
    pub fn media() -> Self {
        Self::call(Call::Media)
    }

    /// The requests to a language model.
    pub fn chat() -> Self {
        Self::call(Call::Chat)
    }

    /// The requests for a moderation.
    pub fn moderation() -> Self {
        Self::call(Call::Moderation)
    }

    /// Only for this model, or for a task of it.
    #[must_use]
    pub fn model(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    /// Only when the prompt, of the request or of the task that it is about, has this in it. Case does not matter.
    #[must_use]
    pub fn says(mut self, words: &str) -> Self {
        self.says = Some(words.to_lowercase());
        self
    }

    /// Only with a key of this account.
    #[must_use]
    pub fn account(mut self, account: &str) -> Self {
        self.account = Some(account.to_owned());
        self
    }

    /// Only with this key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(crate::wire::fingerprint(key));
        self
    }

    /// Only the `n`-th that meets the conditions, counted from 1 from the moment that the line is in the script.
    #[must_use]
    pub fn nth(mut self, n: u32) -> Self {
        self.skip = n.saturating_sub(1);
        self.at_most = Some(1);
        self
    }

    /// Only the first `n` that meet the conditions.
    #[must_use]
    pub fn first(mut self, n: u32) -> Self {
        self.at_most = Some(n);
        self
    }

    /// Only from the `n`-th on that meets the conditions.
    #[must_use]
    pub fn from_nth(mut self, n: u32) -> Self {
        self.skip = n.saturating_sub(1);
        self
    }

    /// Only by chance: so many out of a thousand that meet the conditions. The fake's seed decides which.
    #[must_use]
    pub fn chance(mut self, per_mille: u16) -> Self {
        self.per_mille = Some(per_mille);
        self
    }

    fn meets(&self, scene: &Scene<'_>) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        (self.calls.is_empty() || scene.call.is_some_and(|call| self.calls.contains(&call)))
            && same(&self.model, scene.model)
            && same(&self.account, scene.account)
            && same(&self.key, scene.key)
            && self
                .says
                .as_deref()
                .is_none_or(|words| scene.prompt.is_some_and(|prompt| prompt.to_lowercase().contains(words)))
    }
}

/// Lines of a script: conditions and what happens under them. An earlier line wins over a later one.
#[derive(Debug)]
pub(crate) struct Script<T> {
    seed: u64,
    lines: Vec<Line<T>>,
}

#[derive(Debug)]
struct Line<T> {
    when: When,
    seen: u32,
    then: T,
}

impl<T: Clone> Script<T> {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, when: When, then: T) {
        self.lines.push(Line { when, seen: 0, then });
    }

    /// What the script says of this exchange. Every line that it meets counts it.
    pub(crate) fn ask(&mut self, scene: &Scene<'_>) -> Option<T> {
        let mut answer = None;
        for (n, line) in self.lines.iter_mut().enumerate().filter(|(_, line)| line.when.meets(scene)) {
            line.seen += 1;
            let turn = line.seen > line.when.skip
                && line.when.at_most.is_none_or(|most| line.seen - line.when.skip <= most)
                && line.when.per_mille.is_none_or(|chance| roll(self.seed, n, line.seen) < chance);
            if turn && answer.is_none() {
                answer = Some(line.then.clone());
            }
        }
        answer
    }
}

/// A number below 1000: the same for the same seed, line and turn.
fn roll(seed: u64, line: usize, turn: u32) -> u16 {
    let bytes = dice(seed, &format!("line {line}"), turn.into());
    let number = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    u16::try_from(number % 1000).unwrap_or(0)
}
