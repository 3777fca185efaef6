//! Two senders of notices, and what people see.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use neurocards_core::{
    Clock, JobId, Notice, NoticeClaim, NoticeId, NoticeKind, NoticeOutcome, NoticeSettle, Subject,
};

use super::flaw::Flaw;
use super::world::{Luck, World, unexpected};
use super::{Broken, broken};

/// Everything about notices.
#[derive(Debug)]
pub(super) struct Post {
    /// Showing a notice twice shows it once.
    idempotent: bool,
    senders: [Sender; 2],
    seen: BTreeSet<NoticeId>,
    /// What people see, by subject.
    shown: BTreeMap<(u8, String), Vec<NoticeKind>>,
}

#[derive(Debug, Default)]
struct Sender {
    holds: VecDeque<Held>,
    asleep_until: Duration,
}

#[derive(Debug)]
struct Held {
    notice: Notice,
    /// What came of it, once it was tried.
    outcome: Option<NoticeOutcome>,
}

const LEASE: Duration = Duration::from_secs(30);

fn key(subject: Subject) -> (u8, String) {
    match subject {
        Subject::Order(id) => (0, id.to_string()),
        Subject::Job(id) => (1, id.to_string()),
    }
}

impl Post {
    pub(super) fn new(idempotent: bool) -> Self {
        Self { idempotent, senders: Default::default(), seen: BTreeSet::new(), shown: BTreeMap::new() }
    }

    /// What the buyer saw of a job, without its order's news.
    pub(super) fn shown_of(&self, job: JobId) -> &[NoticeKind] {
        self.shown.get(&key(Subject::Job(job))).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.senders.iter().all(|sender| sender.holds.is_empty())
    }

    fn show(&mut self, notice: &Notice) -> Result<(), Broken> {
        let again = !self.seen.insert(notice.id);
        if again && self.idempotent {
            return Ok(());
        }
        let kind = notice.body.kind();
        let shown = self.shown.entry(key(notice.subject)).or_default();
        if shown.contains(&kind) {
            return broken(format!("people see `{}` of {:?} twice", kind.as_str(), notice.subject));
        }
        shown.push(kind);
        // With the order's "started" that makes three; a gift is one more.
        let endings = shown.iter().filter(|kind| kind.supersedes_earlier()).count();
        let gifts = shown.iter().filter(|kind| **kind == NoticeKind::Gift).count();
        if endings > 1 || shown.len() - gifts > 2 {
            return broken(format!("people see too much of {:?}: {shown:?}", notice.subject));
        }
        Ok(())
    }
}

impl World {
    /// One move of a sender; `false` when there is nothing to send.
    pub(super) async fn send_something(&mut self) -> Result<bool, Broken> {
        let first = self.chance.index(2);
        for index in [first, 1 - first] {
            let now = self.clock.monotonic();
            if self.chance.one_in(self.weather.crash) {
                self.counts.crashes += 1;
                self.post.senders[index] = Sender::default();
                self.note(format_args!("sender {index} dies"));
            }
            if self.chance.one_in(self.weather.nap) {
                self.post.senders[index].asleep_until = now + self.chance.up_to(LEASE * 3);
            }
            if self.post.senders[index].asleep_until > now {
                continue;
            }
            if self.send(index).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn send(&mut self, index: usize) -> Result<bool, Broken> {
        let Some(held) = self.post.senders[index].holds.front() else {
            return self.take_notices(index).await;
        };
        let id = held.notice.id;
        let Some(outcome) = held.outcome.clone() else {
            let notice = held.notice.clone();
            let outcome = self.deliver(&notice)?;
            let what = notice.body.kind();
            self.note(format_args!("sender {index}: `{}` {:?}", what.as_str(), outcome));
            if let Some(held) = self.post.senders[index].holds.front_mut() {
                held.outcome = Some(outcome);
            }
            return Ok(true);
        };
        let settle = NoticeSettle { id, epoch: held.notice.lease_epoch, outcome };
        self.post.senders[index].holds.pop_front();
        if matches!(self.luck(), Luck::Fine | Luck::Unheard) {
            let settled = self.store.notice_settle(&settle).await.map_err(unexpected)?;
            self.note(format_args!("sender {index}: settled: {settled}"));
        }
        Ok(true)
    }

    async fn take_notices(&mut self, index: usize) -> Result<bool, Broken> {
        let claim = NoticeClaim {
            channels: vec!["telegram:".to_owned()],
            idempotent: self.post.idempotent || self.flaw == Some(Flaw::RepeatsNotices),
            limit: 2,
            lease: LEASE,
        };
        let luck = self.luck();
        if matches!(luck, Luck::Away | Luck::Undone) {
            return Ok(false);
        }
        let notices = self.store.notices_claim(&claim).await.map_err(unexpected)?;
        if notices.is_empty() || matches!(luck, Luck::Unheard) {
            return Ok(false);
        }
        self.note(format_args!("sender {index} takes {}", notices.len()));
        let held = notices.into_iter().map(|notice| Held { notice, outcome: None });
        self.post.senders[index].holds.extend(held);
        Ok(true)
    }

    fn deliver(&mut self, notice: &Notice) -> Result<NoticeOutcome, Broken> {
        let fails = self.chance.one_in(self.weather.delivery);
        let outcome = match (fails, self.chance.below(6)) {
            (false, _) => NoticeOutcome::Sent { receipt: None },
            (true, 0) => NoticeOutcome::Blocked,
            (true, 1) => NoticeOutcome::Dead,
            (true, 2) => NoticeOutcome::Unknown,
            (true, 3) => {
                self.post.show(notice)?;
                NoticeOutcome::Unknown
            }
            (true, _) => NoticeOutcome::Later(Duration::from_secs(10)),
        };
        if matches!(outcome, NoticeOutcome::Sent { .. }) {
            self.post.show(notice)?;
            self.counts.told += 1;
        }
        Ok(outcome)
    }
}
