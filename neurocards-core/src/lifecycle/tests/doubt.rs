//! Replies that never came, and what is read instead.

use super::*;

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
