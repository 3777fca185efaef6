//! A callback, and whoever else knows of the task.

use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    AttemptId, AttemptState, Event, FaultClass, LateAttempt, LateClaim, LateOutcome, LateSettle, NoticeKind,
    Stage, Store, Told,
};
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::sample;

use crate::{Arena, apply, race};

async fn tell(store: Arc<dyn Store>, attempt: AttemptId, task_id: String) -> Told {
    store.attempt_told(attempt, &task_id).await.unwrap()
}

/// The reply arrives, or is lost, while the callback names the task: the attempt has that one task.
pub(crate) async fn d6_adopt_and_reply(arena: &Arena) {
    for round in 0..arena.rounds {
        let state = arena.job(round, Milestone::Sent).await;
        let (id, attempt) = (state.job.id, state.attempt.as_ref().unwrap().id);
        let task_id = format!("task-{id}");
        let reply = match round % 2 {
            0 => Event::Accepted { task_id: task_id.clone() },
            _ => Event::InDoubt(sample::fault(FaultClass::Temporary)),
        };
        let reply = arena.write(&state, reply).await;
        let (a, b) = arena.stores();
        let (applied, told) = race(round, apply(a, reply), tell(b, attempt, task_id.clone())).await;
        assert!(applied, "round {round}: the callback does not disturb the worker");
        assert_eq!(told, Told::Woken, "round {round}");
        let mut state = arena.world.reclaim("next", id).await;
        if round % 2 == 1 {
            state = arena.world.advance(state, Event::Found { task_id: task_id.clone() }).await;
        }
        let attempt = state.attempt.unwrap();
        assert_eq!((attempt.seq, attempt.state), (1, AttemptState::Accepted), "round {round}");
        assert_eq!(attempt.task_id, Some(task_id), "round {round}");
    }
}

/// Two callbacks about one attempt: both are about its one task, or the later one is looked at. Neither has a place.
pub(crate) async fn e1_callback_and_callback(arena: &Arena) {
    for round in 0..arena.rounds {
        let state = arena.job(round, Milestone::Sent).await;
        let (id, attempt) = (state.job.id, state.attempt.as_ref().unwrap().id);
        arena.world.advance(state, Event::InDoubt(sample::fault(FaultClass::Temporary))).await;
        let first = arena.world.history(id).await;
        let (a, b) = arena.stores();
        let task = format!("task-{round}");
        let other = if round % 2 == 0 { task.clone() } else { format!("another-task-{round}") };
        let told = race(round, tell(a, attempt, task.clone()), tell(b, attempt, other.clone())).await;
        assert_eq!(told, (Told::Woken, Told::Woken), "round {round}");
        let history = arena.world.history(id).await;
        assert_eq!(history.events, first.events, "round {round}: a hint is no event");
        assert_eq!(
            (history.attempts.len(), history.attempts[0].task_id.as_ref()),
            (1, None),
            "round {round}"
        );
        let hint = history.attempts[0].hint.as_ref();
        assert!(hint == Some(&task) || hint == Some(&other), "round {round}: {hint:?}");
    }
}

/// The doubt ends while the callback names the task: the job goes on with it, or its video is looked for.
pub(crate) async fn e5_release_and_callback(arena: &Arena) {
    for round in 0..arena.rounds {
        let account = arena.world.account(&format!("telegram:{round}"), 1).await;
        let id = arena.world.place(&account, 1).await.jobs.remove(0).id;
        arena.world.reach(id, Milestone::InDoubt).await;
        arena.world.clock.advance(arena.world.policy.unknown_grace);
        let state = arena.world.reclaim("w", id).await;
        let attempt = state.attempt.as_ref().unwrap().id;
        let release = arena.write(&state, Event::Claimed).await;
        assert_eq!(release.to, Stage::Failed);
        let (a, b) = arena.stores();
        let (released, told) =
            race(round, apply(a.clone(), release), tell(b, attempt, format!("task-{id}"))).await;
        assert!(released && told != Told::Nothing, "round {round}: released {released}, {told:?}");
        arena.world.clock.advance(arena.world.policy.late_poll);
        let late = look(a.clone()).await.remove(0);
        assert_eq!(late.attempt.known_task().unwrap().task_id, format!("task-{id}"), "round {round}");
        assert!(settle(a, gift(arena, &late)).await, "round {round}");
        assert_eq!(arena.world.balances(&account).await, (1, 0), "round {round}");
    }
}

/// Two workers come for a late video: it is given away once, and no credit moves.
pub(crate) async fn e5_gift_and_gift(arena: &Arena) {
    for round in 0..arena.rounds {
        let mut state = arena.job(round, Milestone::Accepted).await;
        let (id, account) = (state.job.id, state.job.account.clone());
        state.job.deadline_at = arena.world.now().await;
        assert!(apply(arena.other.clone(), arena.write(&state, Event::Running).await).await);
        arena.world.clock.advance(arena.world.policy.late_poll);
        let (a, b) = arena.stores();
        let (one, other) = race(round, look(a.clone()), look(b.clone())).await;
        let mut first: Vec<_> = one.into_iter().chain(other).collect();
        assert_eq!(first.len(), 1, "round {round}: one of them has it");
        let first = first.remove(0);
        // The first one is slow: a second one has come by the time it is through.
        arena.world.pass(60);
        let second = look(a.clone()).await.remove(0);
        let settled = race(round, settle(a, gift(arena, &first)), settle(b, gift(arena, &second))).await;
        assert_eq!(settled, (false, true), "round {round}: only under the last epoch");
        let history = arena.world.history(id).await;
        assert_eq!(history.record.job.stage, Stage::Failed, "round {round}");
        let gifts = history.notices.iter().filter(|notice| notice.body.kind() == NoticeKind::Gift);
        assert_eq!(gifts.count(), 1, "round {round}");
        assert_eq!(arena.world.balances(&account).await, (1, 0), "round {round}");
    }
}

async fn look(store: Arc<dyn Store>) -> Vec<LateAttempt> {
    let lease = Duration::from_secs(60);
    let claim = LateClaim { providers: vec![sample::PROVIDER.to_owned()], limit: 10, lease };
    store.late_claim(&claim).await.unwrap()
}

async fn settle(store: Arc<dyn Store>, settle: LateSettle) -> bool {
    store.late_settle(&settle).await.unwrap()
}

fn gift(arena: &Arena, late: &LateAttempt) -> LateSettle {
    let outcome = LateOutcome::Gift {
        artifact: sample::artifact(),
        video: "memory://late".to_owned(),
        cost_milli: None,
        notice: arena.world.ids.notice(),
    };
    LateSettle { attempt: late.attempt.id, epoch: late.epoch, outcome }
}
