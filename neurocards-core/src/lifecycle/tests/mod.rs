mod doubt;
mod ending;
mod moving;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::*;
use crate::artifact::Artifact;
use crate::attempt::AttemptState;
use crate::clock::Timestamp;
use crate::credits::Credits;
use crate::fault::{Fault, FaultClass};
use crate::ids::{AttemptId, EntryId, JobId, NoticeId, OrderId};
use crate::job::{Job, Stage};
use crate::notice::{NoticeBody, NoticeKind};
use crate::prompt::{Prompt, Script};

fn start() -> Timestamp {
    Timestamp::from_timestamp(1_767_225_600, 0).unwrap()
}

fn ids(n: u8) -> FreshIds {
    FreshIds {
        attempt: AttemptId::new(start(), [n; 10]),
        entry: EntryId::new(start(), [n; 10]),
        notice: NoticeId::new(start(), [n; 10]),
    }
}

fn prompt() -> Prompt {
    let line = || "line".to_owned();
    Prompt {
        text: "A cup turns slowly.".to_owned(),
        script: Script { hook: line(), benefit: line(), call_to_action: line() },
        source: "offline".to_owned(),
        usage: None,
    }
}

fn artifact() -> Artifact {
    let (sha256, codec) = ("0".repeat(64), "avc1.42c01f".to_owned());
    Artifact { sha256, bytes: 1, codec, width: 720, height: 1280, duration_ms: 8_000, sound: true }
}

/// A job in the hands of a worker, with a virtual clock.
struct Life {
    state: JobState,
    policy: Policy,
    now: Timestamp,
    fresh: u8,
    settlements: Vec<Settlement>,
    notices: Vec<NoticeKind>,
    history: Vec<JobEventBody>,
    effect: Option<Effect>,
    /// The answer to the question where the next attempt goes.
    route: Route,
}

impl Life {
    fn new(policy: Policy) -> Self {
        let job = Job {
            id: JobId::new(start(), [1; 10]),
            order_id: OrderId::new(start(), [1; 10]),
            account: "cli:test".parse().unwrap(),
            index: 0,
            provider: "memory".to_owned(),
            model: "memory".to_owned(),
            price: Credits(1),
            stage: Stage::Prompt,
            prompt: None,
            attempts: 0,
            retries: 0,
            stumbles: 0,
            crashes: 0,
            error: None,
            slow_told: false,
            lease_epoch: 0,
            lease_owner: None,
            wake_at: Some(start()),
            deadline_at: start() + policy.job_deadline,
            created_at: start(),
            finished_at: None,
        };
        Self {
            state: JobState { job, attempt: None },
            policy,
            now: start(),
            fresh: 0,
            settlements: Vec::new(),
            notices: Vec::new(),
            history: Vec::new(),
            effect: None,
            route: go("memory"),
        }
    }

    /// What a store does when a worker takes the job, whenever that is.
    fn claim(&mut self) -> &mut Self {
        self.take().on(Event::Claimed)
    }

    fn take(&mut self) -> &mut Self {
        if let Some(wake_at) = self.state.job.wake_at {
            self.now = self.now.max(wake_at);
            self.state.job.lease_epoch += 1;
            self.state.job.crashes += 1;
            self.state.job.lease_owner = Some("worker".to_owned());
            self.state.job.wake_at = Some(self.now + self.policy.lease);
        }
        self
    }

    fn on(&mut self, event: Event) -> &mut Self {
        self.fresh = self.fresh.wrapping_add(1);
        let context = Context { policy: &self.policy, now: self.now, jitter: 0.0, fresh: ids(self.fresh) };
        let decided = step(&self.state, event, context);
        if let Some(write) = decided.write {
            assert!(self.state.admits(&write), "a step fits the state that it was decided on: {write:?}");
            self.settlements.extend(write.settlement.map(|(_, settlement)| settlement));
            self.notices.extend(write.notice.iter().map(|(_, body)| body.kind()));
            self.history.extend(write.event.clone());
            self.check_write(&write);
            self.state = self.state.clone().after(&write, self.now);
        }
        self.effect = decided.then;
        match self.effect {
            Some(Effect::Route) => self.on(Event::Routed(self.route.clone())),
            _ => self,
        }
    }

    fn check_write(&self, write: &Transition) {
        assert_eq!(write.settlement.is_some(), write.to.is_final(), "a hold ends exactly in a final step");
        assert_eq!(write.artifact.is_some(), write.to == Stage::Done, "an artifact exactly when done");
        assert_eq!(write.wake == Wake::Never, write.to.is_final(), "every other job has an owner or a timer");
        let captured = matches!(write.settlement, Some((_, Settlement::Capture)));
        assert_eq!(captured, write.to == Stage::Done, "captured exactly when done");
    }

    fn submitted(policy: Policy) -> Self {
        let mut life = Self::new(policy);
        life.claim().on(built()).on(uploaded());
        life
    }

    fn accepted(policy: Policy) -> Self {
        let mut life = Self::submitted(policy);
        life.on(Event::Accepted { task_id: "task".to_owned() });
        life
    }

    fn attempt(&self) -> AttemptState {
        self.state.attempt.as_ref().unwrap().state
    }
}

fn fault(class: FaultClass) -> Fault {
    Fault::new(class, "said the provider")
}

fn go(model: &str) -> Route {
    Route::Go { model: model.to_owned(), reason: "default".to_owned(), text: None }
}

fn built() -> Event {
    Event::PromptBuilt { prompt: prompt(), fault: None, route: Box::new(go("memory")) }
}

fn uploaded() -> Event {
    Event::Uploaded { key: None, reason: None }
}

fn rendered() -> Event {
    Event::Rendered { video: "there".to_owned(), cost_milli: Some(5) }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_job_goes_from_order_to_video() {
    let mut life = Life::new(Policy::default());
    assert_eq!(life.claim().effect, Some(Effect::BuildPrompt));
    assert_eq!(life.on(built()).effect, Some(Effect::Upload));
    assert_eq!(life.attempt(), AttemptState::Intent);
    let attempt = life.state.attempt.as_ref().unwrap().id;
    assert_eq!(life.on(uploaded()).effect, Some(Effect::Submit { attempt }));
    assert_eq!(life.attempt(), AttemptState::Sent, "sent is written before the paid call");
    assert_eq!(life.on(Event::Accepted { task_id: "task".to_owned() }).effect, None);
    assert_eq!(life.claim().effect, Some(Effect::Read { task_id: "task".to_owned() }));
    assert_eq!(life.on(Event::Running).effect, None);
    assert!(matches!(life.claim().on(rendered()).effect, Some(Effect::Fetch { again: false, .. })));
    life.on(Event::Stored(artifact()));
    assert_eq!(life.state.job.stage, Stage::Done);
    assert_eq!(life.settlements, [Settlement::Capture]);
    assert_eq!(life.notices, [NoticeKind::Result]);
    assert_eq!(life.state.attempt.as_ref().unwrap().cost_milli, Some(5));
}

#[test]
fn only_passing_faults_are_retried_with_growing_waits() {
    let check = |class: FaultClass, waits: &[u64]| {
        let mut life = Life::submitted(Policy::default());
        if matches!(class, FaultClass::Billing | FaultClass::Auth | FaultClass::ModelUnavailable) {
            life.route = Route::Nowhere(fault(class));
        }
        let mut seen = Vec::new();
        while !life.state.job.stage.is_final() {
            let before = life.now;
            life.on(Event::Rejected(fault(class)));
            if let Some(wake_at) = life.state.job.wake_at {
                seen.push((wake_at - before).num_seconds().unsigned_abs());
                life.claim().on(uploaded());
            }
        }
        assert_eq!(seen, waits, "{class}");
        assert_eq!(life.state.job.stage, Stage::Failed);
        assert_eq!(life.settlements, [Settlement::Release]);
        assert_eq!(life.notices, [NoticeKind::Failed]);
    };
    check(FaultClass::Temporary, &[10, 20]);
    check(FaultClass::RateLimit, &[60, 120]);
    for class in FaultClass::ALL {
        if !matches!(class, FaultClass::Temporary | FaultClass::RateLimit) {
            check(class, &[]);
        }
    }
}

#[test]
fn the_wait_that_the_provider_asks_for_is_obeyed() {
    let mut life = Life::submitted(Policy::default());
    let slow = fault(FaultClass::RateLimit).with_retry_after(Duration::from_secs(900));
    life.on(Event::Rejected(slow));
    assert_eq!(life.state.job.wake_at, Some(start() + Duration::from_secs(900)));
}

#[test]
fn a_full_disk_waits_without_counting_and_a_broken_download_counts() {
    let mut life = Life::accepted(Policy::default());
    life.claim().on(rendered());
    for _ in 0..20 {
        life.on(Event::StorageFailed(fault(FaultClass::Temporary))).claim();
    }
    assert_eq!(life.state.job.stage, Stage::Store);
    let told = life.history.iter().filter(|line| matches!(line, JobEventBody::Stumbled { .. })).count();
    assert_eq!(told, 1, "the history says it once");
    while !life.state.job.stage.is_final() {
        life.on(Event::FetchFailed(fault(FaultClass::Temporary))).claim();
    }
    assert_eq!(life.settlements, [Settlement::Release]);
    assert!(matches!(life.history.last(), Some(JobEventBody::Failed { provider_may_charge: true, .. })));
}

#[test]
fn people_are_told_once_that_it_takes_longer() {
    let mut life = Life::accepted(Policy::default());
    while life.now < start() + Duration::from_secs(1_800) {
        life.claim().on(Event::Running);
    }
    assert_eq!(life.notices, [NoticeKind::Slow]);
}

/// Any event at any moment, thousands of lives: money and submissions stay right.

#[test]
fn no_sequence_of_events_breaks_the_rules() {
    let seed = 20_261_122;
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    for round in 0..4_000 {
        let mut life = Life::new(Policy { lookup: rng.random(), ..Policy::default() });
        let mut paid: Vec<AttemptId> = Vec::new();
        let mut answered_no = 0;
        for _ in 0..60 {
            let class = *FaultClass::ALL.choose(&mut rng).unwrap();
            let events = [
                Event::Unserved,
                built(),
                Event::PromptRefused(fault(FaultClass::UserViolation)),
                uploaded(),
                Event::UploadFailed(fault(class)),
                Event::Accepted { task_id: "task".to_owned() },
                Event::Rejected(fault(class)),
                Event::InDoubt(fault(class)),
                Event::Found { task_id: "task".to_owned() },
                Event::Absent,
                Event::Running,
                Event::ReadFailed(fault(class)),
                rendered(),
                Event::RenderFailed(fault(class)),
                Event::Stored(artifact()),
                Event::FetchFailed(fault(class)),
                Event::StorageFailed(fault(class)),
                Event::CancelRequested,
                Event::NotNow { wait: Duration::from_secs(60), why: fault(class) },
                Event::Routed(go("other")),
            ];
            life.route = match rng.random_range(0..4) {
                0 => Route::Nowhere(fault(class)),
                1 => Route::Wait { wait: Duration::from_secs(60), why: fault(class) },
                _ => go(["memory", "other"].choose(&mut rng).unwrap()),
            };
            let before = life.state.attempt.clone();
            // Without a lease nobody may act: the job must be claimed first.
            if life.state.job.lease_owner.is_none() || rng.random_bool(0.3) {
                life.claim();
            } else if rng.random_bool(0.05) {
                life.now += Duration::from_secs(rng.random_range(0..4_000));
            } else {
                life.on(events.choose(&mut rng).unwrap().clone());
            }
            let ended_unpaid = |state| matches!(state, AttemptState::Rejected | AttemptState::Failed);
            if let (Some(old), Some(new)) = (&before, &life.state.attempt)
                && !ended_unpaid(old.state)
                && (ended_unpaid(new.state) || new.id != old.id)
                && paid.contains(&old.id)
            {
                answered_no += 1;
            }
            if let Some(Effect::Submit { attempt }) = life.effect.take() {
                assert!(!paid.contains(&attempt), "round {round}: one paid call for each attempt");
                paid.push(attempt);
                assert_eq!(life.attempt(), AttemptState::Sent, "round {round}");
            }
            assert!(
                paid.len() <= 1 + answered_no,
                "round {round}: a paid call only after the last one ended for certain"
            );
            assert!(life.settlements.len() <= 1, "round {round}");
            assert_eq!(life.settlements.len() == 1, life.state.job.stage.is_final(), "round {round}");
            assert_eq!(life.state.job.wake_at.is_none(), life.state.job.stage.is_final(), "round {round}");
            assert!(life.notices.len() <= 2, "round {round}: {:?}", life.notices);
            assert!(life.state.job.retries < life.policy.max_attempts, "round {round}");
            assert!(life.state.job.attempts <= life.policy.max_submissions, "round {round}");
            let of_attempt = life.state.attempt.as_ref().map(|attempt| &attempt.model);
            assert!(of_attempt.is_none_or(|model| *model == life.state.job.model), "round {round}");
        }
    }
}

#[test]
fn lines_of_older_versions_can_be_read() {
    let sent: JobEventBody = serde_json::from_str(r#"{"event":"sent","attempt":1}"#).unwrap();
    let expect = JobEventBody::Sent { attempt: 1, model: String::new(), key: None, reason: None };
    assert_eq!(sent, expect);
}
