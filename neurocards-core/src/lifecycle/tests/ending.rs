//! How jobs end.

use super::*;

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
