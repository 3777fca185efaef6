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

fn at_store() -> Life {
    let mut life = Life::accepted(Policy::default());
    life.claim().on(rendered());
    life
}

/// With a callback that named the task while the reply was lost.
fn named() -> Life {
    let mut life = Life::submitted(Policy::default());
    life.on(Event::InDoubt(fault(FaultClass::Temporary)));
    life.state.attempt.as_mut().unwrap().hint = Some("task".to_owned());
    life
}

#[test]
fn the_deadline_ends_a_job_at_every_stage() {
    let lives = [
        (Life::new(Policy::default()), None),
        (Life::submitted(Policy::default()), None),
        (Life::accepted(Policy::default()), Some(Event::Running)),
        (at_store(), Some(Event::StorageFailed(fault(FaultClass::Temporary)))),
    ];
    for (mut life, answer) in lives {
        life.now += secs(3 * 3_600);
        life.claim();
        if let Some(answer) = answer {
            life.on(answer);
        }
        assert_eq!(life.state.job.stage, Stage::Failed);
        assert_eq!(life.settlements, [Settlement::Release]);
        let message = &life.state.job.error.as_ref().unwrap().message;
        assert_eq!(message, "there was no video before the deadline");
    }
    let mut life = at_store();
    life.now += secs(3_700);
    life.claim().on(Event::StorageFailed(fault(FaultClass::Temporary)));
    assert_eq!(life.state.job.stage, Stage::Store, "a finished render gets more time to be stored");
}

/// No worker was there, or a callback was lost: the video is paid for, and there.
#[test]
fn e6_what_was_rendered_while_nobody_looked_is_asked_for_once_more() {
    let done = |mut life: Life| {
        life.on(Event::Stored(artifact()));
        assert_eq!((life.state.job.stage, life.settlements), (Stage::Done, vec![Settlement::Capture]));
    };
    let mut life = Life::accepted(Policy::default());
    life.now += secs(9 * 3_600);
    assert_eq!(life.claim().effect, Some(Effect::Read { task_id: "task".to_owned() }));
    life.on(rendered());
    done(life);

    let mut life = named();
    life.now += secs(9 * 3_600);
    assert_eq!(life.claim().effect, Some(Effect::Verify { task_id: "task".to_owned() }));
    life.on(Event::Found { task_id: "task".to_owned() }).claim().on(rendered());
    done(life);

    let mut life = at_store();
    life.now += secs(9 * 3_600);
    assert!(matches!(life.claim().effect, Some(Effect::Fetch { .. })));
    done(life);
}

/// A failed read is no verdict: it is repeated a few times, whatever it says, and tells nobody that the brief is at fault.
#[test]
fn e4_a_last_look_that_fails_is_repeated_a_few_times() {
    for class in FaultClass::ALL {
        for mut life in [Life::accepted(Policy::default()), named()] {
            life.now += secs(9 * 3_600);
            let mut asked = 0;
            while !life.state.job.stage.is_final() {
                life.claim().on(Event::ReadFailed(fault(class)));
                asked += 1;
            }
            assert_eq!(
                (asked, life.settlements.as_slice()),
                (5, [Settlement::Release].as_slice()),
                "{class}"
            );
            assert_eq!(life.state.job.error.as_ref().unwrap().class, FaultClass::Temporary);
        }
    }
}

#[test]
fn a_render_that_failed_is_not_begun_anew_after_the_deadline() {
    for class in FaultClass::ALL {
        let mut life = Life::accepted(Policy::default());
        life.now += secs(9 * 3_600);
        life.claim().on(Event::RenderFailed(fault(class)));
        assert_eq!((life.state.job.stage, life.attempt()), (Stage::Failed, AttemptState::Failed), "{class}");
        assert_eq!((life.effect, life.settlements.len()), (None, 1), "{class}");
    }
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
