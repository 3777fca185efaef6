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
fn a_final_job_ignores_everything() {
    let mut life = Life::accepted(Policy::default());
    life.claim().on(rendered()).on(Event::Stored(artifact()));
    let before = life.state.clone();
    for event in [
        Event::Claimed,
        Event::CancelRequested,
        rendered(),
        Event::RenderFailed(fault(FaultClass::Temporary)),
    ] {
        life.on(event);
    }
    assert_eq!(life.state, before);
    assert_eq!(life.settlements.len(), 1);
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
fn e4_a_failed_read_says_nothing_about_the_render() {
    let mut life = Life::accepted(Policy::default());
    for class in FaultClass::ALL {
        life.claim().on(Event::ReadFailed(fault(class)));
        assert_eq!((life.state.job.stage, life.attempt()), (Stage::Wait, AttemptState::Accepted));
    }
    life.claim().on(rendered()).on(Event::Stored(artifact()));
    assert_eq!(life.state.job.stage, Stage::Done);
}

#[test]
fn d2_a_submission_in_doubt_is_never_sent_again() {
    let mut life = Life::submitted(Policy::default());
    life.on(Event::InDoubt(fault(FaultClass::Temporary)));
    assert_eq!((life.state.job.stage, life.attempt()), (Stage::Wait, AttemptState::Unknown));
    // It is looked at now and then, because a callback may name the task; nothing is sent.
    while life.state.job.stage == Stage::Wait {
        life.claim();
        assert_eq!(life.effect, None);
    }
    assert_eq!(life.state.job.stage, Stage::Failed);
    assert!((life.now - start()).to_std().unwrap() >= life.policy.unknown_grace);
    assert_eq!(life.attempt(), AttemptState::Abandoned);
    assert!(matches!(life.history.last(), Some(JobEventBody::Failed { provider_may_charge: true, .. })));
}

#[test]
fn a_task_that_a_callback_named_is_adopted_even_at_the_last_moment() {
    let mut life = Life::submitted(Policy::default());
    life.on(Event::InDoubt(fault(FaultClass::Temporary)));
    life.now += life.policy.unknown_grace;
    life.state.attempt.as_mut().unwrap().hint = Some("task".to_owned());
    assert_eq!(life.claim().effect, Some(Effect::Verify { task_id: "task".to_owned() }));
    assert_eq!(life.attempt(), AttemptState::Unknown, "not before it was read");
    life.on(Event::Found { task_id: "task".to_owned() });
    assert_eq!((life.state.job.stage, life.attempt()), (Stage::Wait, AttemptState::Accepted));
    assert_eq!(life.state.attempt.as_ref().unwrap().task_id.as_deref(), Some("task"));
}

#[test]
fn e2_a_hint_that_cannot_be_read_takes_no_place_and_is_asked_again_until_the_deadline() {
    let named = |lookup| {
        let mut life = Life::submitted(Policy { lookup, ..Policy::default() });
        life.state.attempt.as_mut().unwrap().hint = Some("task".to_owned());
        life
    };
    for class in FaultClass::ALL {
        let mut life = named(false);
        let mut asked = 0;
        while !life.state.job.stage.is_final() {
            life.claim();
            if life.effect.is_some() {
                assert_eq!(life.effect, Some(Effect::Verify { task_id: "task".to_owned() }), "{class}");
                life.on(Event::ReadFailed(fault(class)));
                asked += 1;
            }
        }
        let attempt = life.state.attempt.as_ref().unwrap();
        assert_eq!((attempt.task_id.as_ref(), attempt.hint.as_deref()), (None, Some("task")), "{class}");
        assert!(asked > 10 && life.now >= life.state.job.deadline_at, "{class}: {asked}");
        assert_eq!(life.settlements, [Settlement::Release]);
    }
    // Who can tell is asked for the attempt.
    let mut life = named(true);
    life.claim().on(Event::ReadFailed(fault(FaultClass::Unknown)));
    assert!(matches!(life.effect, Some(Effect::Lookup { .. })));
}

#[test]
fn d2_a_worker_that_died_while_sending_leaves_doubt_unless_the_provider_can_tell() {
    let mut life = Life::submitted(Policy::default());
    assert_eq!(life.claim().effect, None);
    assert_eq!((life.state.job.stage, life.attempt()), (Stage::Wait, AttemptState::Unknown));

    let telling = Policy { lookup: true, ..Policy::default() };
    let mut life = Life::submitted(telling.clone());
    assert!(matches!(life.claim().effect, Some(Effect::Lookup { .. })));
    life.on(Event::Found { task_id: "task".to_owned() });
    assert_eq!((life.state.job.stage, life.attempt()), (Stage::Wait, AttemptState::Accepted));

    let mut life = Life::submitted(telling);
    life.claim().on(Event::Absent);
    assert_eq!((life.state.job.stage, life.attempt()), (Stage::Submit, AttemptState::Rejected));
    assert_eq!(life.state.job.retries, 0, "a submission that never arrived is not the provider's fault");
    assert_eq!(life.claim().effect, Some(Effect::Upload));
    assert_eq!(life.state.attempt.as_ref().unwrap().seq, 2);
}

#[test]
fn the_deadline_ends_a_job_at_every_stage() {
    let at_store = || {
        let mut life = Life::accepted(Policy::default());
        life.claim().on(rendered());
        life
    };
    let lives = [
        Life::new(Policy::default()),
        Life::submitted(Policy::default()),
        Life::accepted(Policy::default()),
        at_store(),
    ];
    for mut life in lives {
        life.now += Duration::from_secs(3 * 3_600);
        life.claim();
        assert_eq!(life.state.job.stage, Stage::Failed);
        assert_eq!(life.settlements, [Settlement::Release]);
    }
    let mut life = at_store();
    life.now += Duration::from_secs(3_700);
    life.claim();
    assert!(
        matches!(life.effect, Some(Effect::Fetch { .. })),
        "a finished render gets more time to be stored"
    );
}

#[test]
fn a_worker_that_does_not_know_the_model_leaves_the_job_to_others_until_the_deadline() {
    let mut at_store = Life::accepted(Policy::default());
    at_store.claim().on(rendered());
    let lives = [
        (Life::new(Policy::default()), Stage::Prompt),
        (Life::submitted(Policy::default()), Stage::Wait),
        (Life::accepted(Policy::default()), Stage::Wait),
        (at_store, Stage::Store),
    ];
    for (mut life, stage) in lives {
        for _ in 0..5 {
            life.take().on(Event::Unserved);
            let job = &life.state.job;
            assert_eq!((job.stage, job.crashes, life.effect.clone()), (stage, 0, None));
            assert!(job.lease_owner.is_none() && life.settlements.is_empty());
        }
        life.now += Duration::from_secs(3 * 3_600);
        life.take().on(Event::Unserved);
        assert_eq!(
            (life.state.job.stage, &life.settlements[..]),
            (Stage::Failed, &[Settlement::Release][..])
        );
    }
}

#[test]
fn b5_a_job_that_kills_its_workers_ends() {
    let mut life = Life::new(Policy::default());
    for _ in 0..3 {
        assert_eq!(life.claim().effect, Some(Effect::BuildPrompt));
    }
    life.claim();
    assert_eq!(life.state.job.stage, Stage::Failed);
}

#[test]
fn cancelling_works_until_something_was_sent() {
    let mut life = Life::new(Policy::default());
    life.claim().on(Event::CancelRequested);
    assert_eq!(life.state.job.stage, Stage::Cancelled);
    assert_eq!(
        (life.settlements.as_slice(), life.notices.as_slice()),
        ([Settlement::Release].as_slice(), [NoticeKind::Cancelled].as_slice())
    );

    let mut life = Life::new(Policy::default());
    life.claim().on(built()).on(Event::CancelRequested);
    assert_eq!((life.state.job.stage, life.attempt()), (Stage::Cancelled, AttemptState::Rejected));

    for mut life in [Life::submitted(Policy::default()), Life::accepted(Policy::default())] {
        let before = life.state.clone();
        life.on(Event::CancelRequested);
        assert_eq!(life.state, before);
    }
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
fn notices_say_what_went_back() {
    let mut life = Life::submitted(Policy::default());
    let context = Context { policy: &life.policy, now: life.now, jitter: 0.0, fresh: ids(9) };
    let decided = step(&life.state, Event::Rejected(fault(FaultClass::UserViolation)), context);
    let expect =
        NoticeBody::Failed { class: FaultClass::UserViolation, objection: None, released: Credits(1) };
    assert_eq!(decided.write.unwrap().notice, Some((ids(9).notice, expect)));
    life.on(Event::Rejected(fault(FaultClass::UserViolation)));
    assert_eq!(life.state.job.error, Some(fault(FaultClass::UserViolation)));
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_account_or_a_model_at_fault_moves_the_job_at_once_and_counts_as_nothing() {
    for class in [FaultClass::Billing, FaultClass::Auth, FaultClass::ModelUnavailable] {
        for event in [Event::Rejected(fault(class)), Event::UploadFailed(fault(class))] {
            let mut life = Life::new(Policy::default());
            life.claim().on(built());
            if matches!(event, Event::Rejected(_)) {
                life.on(uploaded());
            }
            life.route = go("other");
            life.on(event);
            assert_eq!(life.effect, Some(Effect::Upload), "{class}: in the same turn");
            let job = &life.state.job;
            assert_eq!((job.model.as_str(), job.attempts, job.retries, job.stumbles), ("other", 2, 0, 0));
            let attempt = life.state.attempt.as_ref().unwrap();
            assert_eq!((attempt.model.as_str(), attempt.seq), ("other", 2));
            let [.., JobEventBody::Refused { fault: told }, JobEventBody::Rerouted { from, to, .. }] =
                life.history.as_slice()
            else {
                panic!("{:?}", life.history);
            };
            assert_eq!((told.class, from.as_str(), to.as_str()), (class, "memory", "other"));
        }
        // A render that fails for its model moves too.
        let mut life = Life::accepted(Policy::default());
        life.route = go("other");
        life.claim().on(Event::RenderFailed(fault(class)));
        assert_eq!((life.state.job.stage, life.effect.clone()), (Stage::Submit, Some(Effect::Upload)));
    }
}

#[test]
fn a_job_does_not_move_for_ever() {
    let policy = Policy::default();
    let mut life = Life::submitted(policy.clone());
    let mut submissions = 1;
    loop {
        life.on(Event::Rejected(fault(FaultClass::Auth)));
        if life.state.job.stage.is_final() {
            break;
        }
        life.on(uploaded());
        submissions += 1;
    }
    assert_eq!(submissions, policy.max_submissions);
    assert_eq!(life.state.job.error, Some(fault(FaultClass::Auth)));
}

#[test]
fn a_wait_that_nobody_is_at_fault_for_counts_as_nothing_and_ends_with_the_deadline() {
    let mut life = Life::new(Policy::default());
    life.claim().on(built());
    let why = fault(FaultClass::RateLimit);
    let mut waits = 0;
    while life.state.job.stage == Stage::Submit {
        life.on(Event::NotNow { wait: secs(60), why: why.clone() });
        if life.state.job.stage.is_final() {
            break;
        }
        waits += 1;
        assert_eq!((life.state.job.retries, life.state.job.stumbles), (0, 0));
        assert_eq!(life.state.job.error, Some(why.clone()), "people see why it waits");
        life.claim();
        assert_eq!((life.effect.clone(), life.attempt()), (Some(Effect::Upload), AttemptState::Intent));
    }
    assert_eq!(waits, 59, "until the deadline, and no longer");
    assert_eq!(life.state.job.error, Some(why));
    let told = life.history.iter().filter(|line| matches!(line, JobEventBody::Waiting { .. })).count();
    assert_eq!(told, 1, "the history says it once");
    assert_eq!(life.settlements, [Settlement::Release]);
}

#[test]
fn a_job_that_finds_no_model_waits_with_its_prompt_or_ends() {
    let why = fault(FaultClass::Temporary);
    let mut life = Life::new(Policy::default());
    life.route = Route::Wait { wait: secs(300), why: why.clone() };
    let route = Box::new(life.route.clone());
    life.claim().on(Event::PromptBuilt { prompt: prompt(), fault: None, route });
    assert_eq!((life.state.job.stage, life.state.job.attempts), (Stage::Submit, 0));
    assert_eq!(life.state.job.wake_at, Some(life.now + secs(300)));
    assert!(matches!(life.history.as_slice(), [JobEventBody::Prompted { .. }, JobEventBody::Waiting { .. }]));
    life.route = go("memory");
    life.claim();
    assert_eq!((life.effect.clone(), life.state.job.attempts), (Some(Effect::Upload), 1));

    let mut life = Life::new(Policy::default());
    life.claim().on(Event::Routed(Route::Nowhere(why.clone())));
    assert_eq!((life.state.job.stage, life.state.job.error), (Stage::Failed, Some(why)));
}

#[test]
fn a_new_model_may_need_a_shorter_prompt() {
    let mut life = Life::submitted(Policy::default());
    let shorter = Prompt { text: "A cup.".to_owned(), ..prompt() };
    let (model, reason) = ("other".to_owned(), "successor of memory: paused".to_owned());
    life.route = Route::Go { model, reason: reason.clone(), text: Some(shorter.text.clone()) };
    life.on(Event::Rejected(fault(FaultClass::ModelUnavailable)));
    assert_eq!(life.state.job.prompt, Some(shorter));
    life.on(Event::Uploaded { key: Some("5e884898".to_owned()), reason: Some("account B".to_owned()) });
    let attempt = life.state.attempt.as_ref().unwrap();
    assert_eq!(attempt.key.as_deref(), Some("5e884898"));
    assert_eq!(attempt.reason, Some(format!("{reason}; account B")));
    assert!(matches!(life.history.last(), Some(JobEventBody::Sent { key: Some(_), reason: Some(_), .. })));
}

#[test]
fn lines_of_older_versions_can_be_read() {
    let sent: JobEventBody = serde_json::from_str(r#"{"event":"sent","attempt":1}"#).unwrap();
    let expect = JobEventBody::Sent { attempt: 1, model: String::new(), key: None, reason: None };
    assert_eq!(sent, expect);
}
