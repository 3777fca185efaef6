//! Lists, records, histories.

use neurocards_core::{Event, FaultClass, JobEventBody, JobFilter, JobId, LedgerFilter, NoticeKind, Stage};

use super::{Milestone, World};
use crate::sample;

/// What is not there is no error.
pub async fn missing_things_are_none(world: &World) {
    assert_eq!(world.store.job_get(world.ids.job()).await.unwrap(), None);
    assert_eq!(world.store.job_history(world.ids.job()).await.unwrap(), None);
    assert_eq!(world.store.order_get(world.ids.order()).await.unwrap(), None);
    let jobs = JobFilter { limit: 10, ..JobFilter::default() };
    assert_eq!(world.store.jobs_list(&jobs).await.unwrap(), []);
    let entries = LedgerFilter { limit: 10, ..LedgerFilter::default() };
    assert_eq!(world.store.ledger_list(&entries).await.unwrap(), []);
    let nobody = sample::account("telegram:404");
    assert_eq!(world.store.order_by_key(&nobody, "key").await.unwrap(), None);
}

/// By account, order and stage, the newest first, as many as asked for.
pub async fn jobs_are_filtered_newest_first(world: &World) {
    let (one, two) = (world.account("telegram:1", 9).await, world.account("telegram:2", 9).await);
    let mut orders = Vec::new();
    for account in [&one, &two, &one] {
        orders.push(world.place(account, 2).await);
        world.pass(1);
    }
    let job = |order: usize, index: usize| orders[order].jobs[index].id;
    world.reach(job(0, 1), Milestone::Done).await;
    world.reach(job(2, 0), Milestone::Sent).await;
    let all = JobFilter { limit: 100, ..JobFilter::default() };
    let list = async |filter: JobFilter| -> Vec<JobId> {
        world.store.jobs_list(&filter).await.unwrap().iter().map(|job| job.id).collect()
    };
    let newest = [job(2, 1), job(2, 0), job(1, 1), job(1, 0), job(0, 1), job(0, 0)];
    assert_eq!(list(all.clone()).await, newest);
    assert_eq!(list(JobFilter { limit: 2, ..all.clone() }).await, newest[..2]);
    assert_eq!(list(JobFilter { account: Some(two), ..all.clone() }).await, newest[2..4]);
    assert_eq!(list(JobFilter { order: Some(orders[2].order.id), ..all.clone() }).await, newest[..2]);
    let stages = vec![Stage::Done, Stage::Submit];
    assert_eq!(list(JobFilter { stages: stages.clone(), ..all.clone() }).await, [job(2, 0), job(0, 1)]);
    let narrow = JobFilter { account: Some(one), order: Some(orders[0].order.id), stages, ..all.clone() };
    assert_eq!(list(narrow).await, [job(0, 1)]);
    let listed = world.store.jobs_list(&all).await.unwrap();
    let read = world.store.job_get(job(0, 1)).await.unwrap().unwrap();
    assert_eq!(listed[4], read.job);
}

/// By fault, model, time and text, and by all of them together.
pub async fn jobs_are_found_by_what_is_known_of_them(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let mut jobs = Vec::new();
    for (description, model) in
        [("Чашка для кофе, 50% шерсти", "one"), ("Green CUP", sample::MODEL), ("Настольная лампа", "one")]
    {
        let mut new = sample::order_new(&world.ids, &account, 1);
        new.order.brief.description = description.to_owned();
        new.order.model = model.to_owned();
        jobs.push(world.place_this(&new).await.jobs[0].clone());
        world.pass(60);
    }
    let class = FaultClass::UserViolation;
    let state = world.reach(jobs[1].id, Milestone::Sent).await;
    world.advance(state, Event::Rejected(sample::fault(class))).await;
    let all = JobFilter { limit: 100, ..JobFilter::default() };
    let check = async |filter: JobFilter, expect: &[usize]| {
        let found = world.store.jobs_list(&filter).await.unwrap();
        let expect: Vec<_> = expect.iter().map(|index| jobs[*index].id).collect();
        assert_eq!(found.iter().map(|job| job.id).collect::<Vec<_>>(), expect, "{filter:?}");
    };
    check(JobFilter { class: Some(class), ..all.clone() }, &[1]).await;
    check(JobFilter { class: Some(FaultClass::Billing), ..all.clone() }, &[]).await;
    check(JobFilter { model: Some("one".to_owned()), ..all.clone() }, &[2, 0]).await;
    check(JobFilter { model: Some("on".to_owned()), ..all.clone() }, &[]).await;
    let middle = Some(jobs[1].created_at);
    check(JobFilter { since: middle, ..all.clone() }, &[2, 1]).await;
    check(JobFilter { until: middle, ..all.clone() }, &[0]).await;
    let text = |text: &str| JobFilter { text: Some(text.to_owned()), ..all.clone() };
    for (word, expect) in [
        ("чашка", &[0][..]),
        ("ЧАШКА", &[0]),
        ("лампА", &[2]),
        ("cup", &[1]),
        ("50%", &[0]),
        ("5_%", &[]),
        ("'; --", &[]),
    ] {
        check(text(word), expect).await;
    }
    let narrow = JobFilter { model: Some("one".to_owned()), until: middle, ..text("кофе") };
    check(narrow.clone(), &[0]).await;
    check(JobFilter { class: Some(class), ..narrow }, &[]).await;
}

/// Pages that begin behind the last job of the page before bring each job once, whatever is placed meanwhile.
pub async fn a_list_goes_on_behind_a_job(world: &World) {
    let account = world.account("telegram:1", 99).await;
    let mut expect = Vec::new();
    for _ in 0..5 {
        expect.extend(world.place(&account, 2).await.jobs.iter().map(|job| job.id));
        world.pass(1);
    }
    for job in [1, 4, 5, 8] {
        world.reach(expect[job], Milestone::Done).await;
    }
    let done: Vec<_> = [8, 5, 4, 1].map(|job| expect[job]).into();
    expect.reverse();
    for (stages, expect) in [(vec![], &expect), (vec![Stage::Done], &done)] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let filter = JobFilter { stages: stages.clone(), before, limit: 3, ..JobFilter::default() };
            let page = world.store.jobs_list(&filter).await.unwrap();
            world.place(&account, 1).await;
            before = page.last().map(|job| job.id).or(before);
            seen.extend(page.iter().map(|job| job.id));
            if page.len() < 3 {
                break;
            }
        }
        assert_eq!(seen, *expect, "{stages:?}");
    }
}

/// An order is found by its account and its key together.
pub async fn an_order_is_found_by_its_key(world: &World) {
    let (one, two) = (world.account("telegram:1", 9).await, world.account("telegram:2", 9).await);
    let (new, other) = (sample::order_new(&world.ids, &one, 2), world.place(&two, 1).await);
    let record = world.place_this(&new).await;
    let key = &new.order.idempotency_key;
    world.reach(record.jobs[1].id, Milestone::Intent).await;
    let found = world.store.order_by_key(&one, key).await.unwrap().unwrap();
    assert_eq!(found, world.store.order_get(record.order.id).await.unwrap().unwrap());
    assert_eq!(found.jobs.iter().map(|job| job.stage).collect::<Vec<_>>(), [Stage::Prompt, Stage::Submit]);
    for (account, key) in
        [(&two, key.as_str()), (&one, &other.order.idempotency_key), (&one, ""), (&one, &key.to_uppercase())]
    {
        assert_eq!(world.store.order_by_key(account, key).await.unwrap(), None, "{account} {key}");
    }
}

/// Events, attempts, notices and entries of the job, the oldest first, and nobody else's.
pub async fn a_history_tells_everything_in_order(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let record = world.place(&account, 2).await;
    let (id, other) = (record.jobs[1].id, record.jobs[0].id);
    world.reach(other, Milestone::Done).await;
    world.pass(1);
    world.reach(id, Milestone::Done).await;
    let history = world.history(id).await;
    assert_eq!(history.record, world.store.job_get(id).await.unwrap().unwrap());
    assert_eq!(history.record.order, record.order);
    let stages: Vec<_> = history.events.iter().map(|event| event.stage).collect();
    use Stage::{Done, Prompt, Store, Submit, Wait};
    assert_eq!(stages, [Prompt, Submit, Submit, Wait, Store, Done]);
    let epochs: Vec<_> = history.events.iter().map(|event| event.epoch).collect();
    assert_eq!(epochs, [0, 1, 1, 1, 2, 2]);
    assert!(history.events.is_sorted_by_key(|event| event.at));
    assert!(
        matches!(&history.events[3].body, JobEventBody::Accepted { task_id } if *task_id == format!("task-{id}"))
    );
    assert_eq!(history.attempts.len(), 1);
    let kinds: Vec<_> = history.notices.iter().map(|notice| notice.body.kind()).collect();
    assert_eq!(kinds, [NoticeKind::Started, NoticeKind::Result]);
    let entries: Vec<_> = history.ledger.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(entries, ["hold", "capture"]);
}

/// The store's time is the clock's, in whole microseconds.
pub async fn the_time_is_the_clocks(world: &World) {
    let before = world.now().await;
    assert_eq!(before, neurocards_core::Clock::now(&*world.clock));
    world.clock.advance(std::time::Duration::from_micros(7));
    assert_eq!((world.now().await - before).num_microseconds(), Some(7));
}
