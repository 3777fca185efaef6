//! Pauses, the state of the queue, workers, the lines of an order.

use std::time::Duration;

use neurocards_core::{
    Claim, ClaimScope, EventCursor, Job, JobId, OrderNew, Pause, PauseScope, Room, Seizure, Stage,
    StageStatus, WORKER_REMEMBERED, WorkerBeat,
};

use super::{Milestone, World};
use crate::sample;

fn pause(scope: PauseScope) -> Pause {
    Pause { scope, actor: "cli:ops".to_owned(), reason: Some("the provider is down".to_owned()) }
}

async fn claimed(world: &World, scope: ClaimScope) -> Vec<JobId> {
    let claim = Claim { scope, ..world.claim_of("w") };
    let jobs = world.claim(&claim).await.jobs;
    let leases: Vec<_> =
        jobs.iter().map(|claimed| (claimed.state.job.id, claimed.state.job.lease_epoch)).collect();
    world.store.jobs_give_back(&leases).await.unwrap();
    leases.into_iter().map(|(id, _)| id).collect()
}

/// Four jobs of an order, one in each unfinished stage, all due.
async fn one_in_each_stage(world: &World) -> Vec<Job> {
    let account = world.account("telegram:1", 9).await;
    let jobs = world.place(&account, 4).await.jobs;
    for (job, goal) in jobs[1..].iter().zip([Milestone::Intent, Milestone::Accepted, Milestone::Rendered]) {
        let state = world.reach(job.id, goal).await;
        world.store.jobs_give_back(&[(job.id, state.job.lease_epoch)]).await.unwrap();
        world.pass(1);
    }
    jobs
}

/// Nothing that costs money begins, whatever the scope of a claim; what is paid for goes on.
pub async fn a_pause_holds_back_what_is_not_paid_for(world: &World) {
    let jobs = one_in_each_stage(world).await;
    assert!(world.store.queue_pause(&pause(PauseScope::Everything)).await.unwrap());
    assert_eq!(claimed(world, ClaimScope::All).await, [jobs[2].id, jobs[3].id]);
    assert_eq!(claimed(world, ClaimScope::Order(jobs[0].order_id)).await.len(), 2);
    for (job, expect) in jobs.iter().zip([0, 0, 1, 1]) {
        assert_eq!(claimed(world, ClaimScope::Job(job.id)).await.len(), expect, "{}", job.index);
    }
    assert!(world.store.queue_resume(&PauseScope::Everything).await.unwrap());
    assert_eq!(claimed(world, ClaimScope::All).await.len(), 4);
}

/// A model is paused alone.
pub async fn a_paused_model_leaves_the_others(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let mut placed = Vec::new();
    for model in ["memory/video", "memory/other", ""] {
        let mut order: OrderNew = sample::order_new(&world.ids, &account, 1);
        order.order.model = model.to_owned();
        placed.push(world.place_this(&order).await.jobs[0].id);
        world.pass(1);
    }
    world.store.queue_pause(&pause(PauseScope::Model("memory/other".to_owned()))).await.unwrap();
    assert_eq!(claimed(world, ClaimScope::All).await, [placed[0], placed[2]]);
    // A model without a name is not everything.
    world.store.queue_pause(&pause(PauseScope::Model(String::new()))).await.unwrap();
    assert_eq!(claimed(world, ClaimScope::All).await, [placed[0]]);
    assert!(!world.store.queue_resume(&PauseScope::Everything).await.unwrap());
    world.store.queue_resume(&PauseScope::Model("memory/other".to_owned())).await.unwrap();
    assert_eq!(claimed(world, ClaimScope::All).await, [placed[0], placed[1]]);
}

/// Who paused first is named, and a pause ends once.
pub async fn the_first_pause_stays(world: &World) {
    let first = pause(PauseScope::Everything);
    let model = pause(PauseScope::Model("m".to_owned()));
    assert!(world.store.queue_pause(&model).await.unwrap());
    let since = world.now().await;
    assert!(world.store.queue_pause(&first).await.unwrap());
    world.pass(5);
    let second = Pause { actor: "cli:other".to_owned(), reason: None, ..first.clone() };
    assert!(!world.store.queue_pause(&second).await.unwrap());
    let pauses = world.store.queue_pauses().await.unwrap();
    assert!(pauses.iter().all(|record| record.since == since));
    let told: Vec<_> = pauses.into_iter().map(|record| record.pause).collect();
    assert_eq!(told, [first, model]);
    assert!(world.store.queue_resume(&PauseScope::Everything).await.unwrap());
    assert!(!world.store.queue_resume(&PauseScope::Everything).await.unwrap());
    assert_eq!(world.store.queue_pauses().await.unwrap().len(), 1);
    assert!(world.store.queue_pause(&second).await.unwrap());
}

/// A worker does not look again and again for what it cannot have.
pub async fn paused_jobs_are_not_the_next_due(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let jobs = world.place(&account, 2).await.jobs;
    world.store.queue_pause(&pause(PauseScope::Everything)).await.unwrap();
    let nothing = world.claim(&world.claim_of("w")).await;
    assert!(nothing.jobs.is_empty() && nothing.next_due.is_none(), "{nothing:?}");
    world.store.queue_resume(&PauseScope::Everything).await.unwrap();
    world.reach(jobs[0].id, Milestone::Accepted).await;
    world.store.queue_pause(&pause(PauseScope::Model(jobs[0].model.clone()))).await.unwrap();
    let claim = Claim { room: Room::each(1), ..world.claim_of("w") };
    // The lease of the job that goes on.
    assert_eq!(world.claim(&claim).await.next_due, Some(world.policy.lease));
}

/// Accounts take turns, so who comes later does not always stand behind.
pub async fn a_place_is_counted_in_turns(world: &World) {
    let (one, other) = (world.account("telegram:1", 9).await, world.account("telegram:2", 9).await);
    let mine = world.place(&one, 3).await.jobs;
    let theirs = world.place(&other, 1).await.jobs;
    let place = async |job| world.store.queue_place(job).await.unwrap();
    assert_eq!(place(mine[0].id).await, Some(0));
    assert_eq!(place(theirs[0].id).await, Some(1));
    assert_eq!((place(mine[1].id).await, place(mine[2].id).await), (Some(2), Some(3)));
    world.claim_job("w", mine[0].id).await;
    assert_eq!((place(mine[0].id).await, place(mine[1].id).await), (None, Some(1)));
    assert_eq!(place(world.ids.job()).await, None);
}

/// A job in a paused queue can be taken back.
pub async fn a_pause_does_not_hold_back_a_cancel(world: &World) {
    let job = world.job().await.id;
    world.store.queue_pause(&pause(PauseScope::Everything)).await.unwrap();
    assert!(matches!(world.seize(job).await, Seizure::Seized(_)));
}

/// Each unfinished stage with its jobs, by who may take them.
pub async fn the_status_counts_each_stage(world: &World) {
    let empty = world.store.queue_status().await.unwrap();
    let unfinished = [Stage::Prompt, Stage::Submit, Stage::Wait, Stage::Store];
    assert_eq!(empty.stages, unfinished.map(StageStatus::empty));
    assert_eq!((empty.due_since, empty.under_way(), empty.at), (None, 0, world.now().await));
    let jobs = one_in_each_stage(world).await;
    let due_since = world.history(jobs[0].id).await.record.job.wake_at;
    let done = world.place(&jobs[0].account, 1).await.jobs[0].id;
    world.reach(done, Milestone::Done).await;
    let all = world.store.queue_status().await.unwrap();
    for stage in unfinished {
        let expect = StageStatus { jobs: 1, due: 1, ..StageStatus::empty(stage) };
        assert_eq!(all.stage(stage), expect);
    }
    assert_eq!((all.due_since, all.under_way()), (due_since, 2));
    world.claim_job("w", jobs[1].id).await;
    world.store.queue_pause(&pause(PauseScope::Everything)).await.unwrap();
    let paused = world.store.queue_status().await.unwrap();
    let with = |stage, due, leased, paused| StageStatus { stage, jobs: 1, due, leased, paused };
    let expect = [
        with(Stage::Prompt, 0, 0, 1),
        with(Stage::Submit, 0, 1, 0),
        with(Stage::Wait, 1, 0, 0),
        with(Stage::Store, 1, 0, 0),
    ];
    assert_eq!(paused.stages, expect);
    assert_eq!((paused.pauses.len(), paused.under_way()), (1, 3));
    assert_eq!(paused.due_since, world.history(jobs[2].id).await.record.job.wake_at);
    // A lease that ran out is nobody's.
    world.pass(60);
    let expired = world.store.queue_status().await.unwrap();
    assert_eq!(expired.stage(Stage::Submit), with(Stage::Submit, 0, 0, 1));
}

/// A worker is known by its last word, and forgotten when it says goodbye or nothing for a day.
pub async fn workers_come_and_go(world: &World) {
    let beat = |name: &str, in_flight| WorkerBeat {
        name: name.to_owned(),
        host: "render-1".to_owned(),
        version: "0.1.0".to_owned(),
        in_flight,
        started_at: neurocards_core::Clock::now(&*world.clock),
    };
    for name in ["b", "a", "c"] {
        world.store.worker_beat(&beat(name, 0)).await.unwrap();
    }
    world.pass(10);
    let again = beat("b", 7);
    world.store.worker_beat(&again).await.unwrap();
    world.store.worker_gone("c").await.unwrap();
    world.store.worker_gone("nobody").await.unwrap();
    let workers = world.store.queue_status().await.unwrap().workers;
    assert_eq!(workers.iter().map(|worker| worker.beat.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(workers[1].beat, again);
    assert_eq!((workers[1].seen_at - workers[0].seen_at).num_seconds(), 10);
    world.clock.advance(WORKER_REMEMBERED - Duration::from_secs(5));
    let last = beat("d", 1);
    world.store.worker_beat(&last).await.unwrap();
    let workers = world.store.queue_status().await.unwrap().workers;
    assert_eq!(workers.iter().map(|worker| worker.beat.name.as_str()).collect::<Vec<_>>(), ["b", "d"]);
}

/// The lines of all jobs of an order, and of no other, each once, however few are read at a time.
pub async fn lines_come_after_a_cursor(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let (order, other) = (world.place(&account, 3).await, world.place(&account, 1).await);
    let id = order.order.id;
    let read = async |after: &EventCursor, limit| world.store.order_events(id, after, limit).await.unwrap();
    let mut cursor = EventCursor::default();
    let placed = read(&cursor, 100).await;
    assert_eq!(placed.len(), 3);
    placed.iter().for_each(|line| cursor.pass(line));
    assert_eq!(read(&cursor, 100).await, []);
    world.pass(1);
    world.reach(order.jobs[2].id, Milestone::Sent).await;
    world.reach(other.jobs[0].id, Milestone::Done).await;
    world.pass(1);
    world.reach(order.jobs[0].id, Milestone::Done).await;
    let new = read(&cursor, 100).await;
    assert_eq!(new.iter().map(|line| line.index).collect::<Vec<_>>(), [2, 2, 0, 0, 0, 0, 0]);
    assert!(new.is_sorted_by_key(|line| line.event.at));
    let (mut lines, mut pages) = (Vec::new(), EventCursor::default());
    loop {
        let page = read(&pages, 2).await;
        page.iter().for_each(|line| pages.pass(line));
        if page.is_empty() {
            break;
        }
        lines.extend(page);
    }
    assert_eq!(lines.len(), 10);
    for job in &order.jobs {
        let of_job: Vec<_> =
            lines.iter().filter(|line| line.job_id == job.id).map(|line| line.event.clone()).collect();
        assert_eq!(of_job, world.history(job.id).await.events);
        assert!(lines.iter().filter(|line| line.job_id == job.id).all(|line| line.index == job.index));
    }
    assert_eq!(world.store.order_events(world.ids.order(), &cursor, 10).await.unwrap(), []);
}
