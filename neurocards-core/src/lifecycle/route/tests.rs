use super::*;
use crate::attempt::{Attempt, AttemptState};
use crate::credits::Credits;
use crate::ids::{AttemptId, JobId, OrderId};
use crate::job::{Job, Stage};
use crate::model::ModelStatus;
use crate::prompt::PromptLimits;
use crate::resource::{Breaker, Closing, ResourceId};

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_767_225_600, 0).unwrap()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn model(id: &str, vendor: &str, price: u32, successor: Option<&str>) -> Model {
    Model {
        id: id.to_owned(),
        provider: "kie".to_owned(),
        title: id.to_owned(),
        vendor: vendor.to_owned(),
        status: ModelStatus::Active,
        since: None,
        successor: successor.map(str::to_owned),
        prompt: PromptLimits { min_chars: 1, max_chars: 100 },
        seconds: 5,
        price_milli_usd: Some(price),
    }
}

/// `ask` is ordered; `next` is its successor; the chain has a sister of the same vendor before a stranger.
fn catalogue() -> Catalogue {
    let models = vec![
        model("ask", "acme", 100, Some("next")),
        model("next", "acme", 90, None),
        model("sister", "acme", 80, None),
        model("stranger", "other", 100, None),
        model("dear", "other", 101, None),
        Model { provider: "preview".to_owned(), ..model("elsewhere", "other", 0, None) },
        Model { status: ModelStatus::Retired, ..model("gone", "other", 10, None) },
        Model { price_milli_usd: None, ..model("priceless", "other", 0, None) },
    ];
    let chain = ["dear", "gone", "elsewhere", "priceless", "sister", "nobody", "stranger"];
    Catalogue::new(models, Some("ask".to_owned())).with_fallback(chain.map(str::to_owned).to_vec())
}

/// A crossroads, and what may be different about it.
struct Scene {
    state: JobState,
    catalogue: Catalogue,
    health: HashMap<String, ResourceRecord>,
    tried: Vec<String>,
    taken: Vec<String>,
    opening: Option<Opening>,
    policy: Policy,
}

impl Scene {
    fn new() -> Self {
        let policy = Policy::default();
        let job = Job {
            id: JobId::new(now(), [1; 10]),
            order_id: OrderId::new(now(), [1; 10]),
            account: "cli:test".parse().unwrap(),
            index: 0,
            provider: "kie".to_owned(),
            model: "ask".to_owned(),
            price: Credits(1),
            stage: Stage::Submit,
            prompt: None,
            attempts: 0,
            retries: 0,
            stumbles: 0,
            crashes: 0,
            error: None,
            slow_told: false,
            lease_epoch: 1,
            lease_owner: Some("w".to_owned()),
            wake_at: Some(now()),
            deadline_at: now() + minutes(60),
            created_at: now(),
            finished_at: None,
        };
        Self {
            state: JobState { job, attempt: None },
            catalogue: catalogue(),
            health: HashMap::new(),
            tried: Vec::new(),
            taken: Vec::new(),
            opening: None,
            policy,
        }
    }

    /// The latest attempt went to this model, and ended like this.
    fn after(mut self, model: &str, class: FaultClass, message: &str) -> Self {
        self.state.attempt = Some(Attempt {
            id: AttemptId::new(now(), [1; 10]),
            job_id: self.state.job.id,
            seq: 1,
            provider: "kie".to_owned(),
            model: model.to_owned(),
            key: None,
            reason: None,
            state: AttemptState::Rejected,
            task_id: None,
            hint: None,
            video: None,
            fault: Some(Fault::new(class, message)),
            cost_milli: None,
            created_at: now(),
            sent_at: None,
            updated_at: now(),
        });
        self.state.job.model = model.to_owned();
        self.state.job.attempts = 1;
        self.tried.push(model.to_owned());
        self
    }

    /// This model has failed like this, and is closed for that long from now on.
    fn resting(mut self, model: &str, class: FaultClass, rest: Duration) -> Self {
        let breaker = Breaker { after: 1, rest, longest: rest };
        let fault = Fault::new(class, "paused for now");
        let failed = ResourceOutcome::Failed { fault, breaker: Some(breaker) };
        let record = ResourceRecord::new(ResourceId::model("kie", model));
        self.health.insert(model.to_owned(), record.settled(&failed, now()).unwrap());
        self
    }

    /// It has rested.
    fn on_probation(self, model: &str) -> Self {
        self.resting(model, FaultClass::Temporary, Duration::ZERO)
    }

    fn closed_by_operator(mut self, model: &str, until: Option<Duration>) -> Self {
        let mut record = ResourceRecord::new(ResourceId::model("kie", model));
        let until = until.map(|wait| now() + wait);
        record.closing = Some(Closing { since: now(), until, actor: Some("ops".to_owned()), reason: None });
        self.health.insert(model.to_owned(), record);
        self
    }

    fn opening(mut self, opening: Opening) -> Self {
        self.opening = Some(opening);
        self
    }

    fn choose(&self) -> Choice {
        choose(&Crossing {
            state: &self.state,
            ordered: "ask",
            tried: &self.tried,
            catalogue: &self.catalogue,
            health: &self.health,
            taken: &self.taken,
            opening: self.opening.as_ref(),
            now: now(),
            policy: &self.policy,
        })
    }
}

/// The choice in short: `model (reason)`, `? model (reason)` for a probation, `wait 5m: why`, `nowhere: class, why`.
fn words(choice: Choice) -> String {
    match choice {
        Choice::Go { model, reason } => format!("{model} ({reason})"),
        Choice::Probe { model, reason } => format!("? {model} ({reason})"),
        Choice::Wait { wait, why } => format!("wait {}m: {}", wait.as_secs() / 60, why.message),
        Choice::Nowhere(fault) => format!("nowhere: {}, {}", fault.class, fault.message),
    }
}

fn check(scene: &Scene, expect: &str) {
    assert_eq!(words(scene.choose()), expect);
}

const PAUSED: FaultClass = FaultClass::ModelUnavailable;
const BROKEN: FaultClass = FaultClass::Temporary;

#[test]
fn the_model_stays_while_it_is_open() {
    check(&Scene::new(), "ask (default)");
    let mut asked = Scene::new();
    asked.catalogue = Catalogue::new(asked.catalogue.models().to_vec(), Some("next".to_owned()));
    check(&asked, "ask (asked for)");
    check(&Scene::new().after("ask", BROKEN, "busy"), "ask (again after temporary: busy)");
    check(&Scene::new().after("stranger", BROKEN, "busy"), "stranger (again after temporary: busy)");
}

#[test]
fn a_model_that_is_not_available_gives_way_to_its_successor_then_to_the_chain() {
    let paused = || Scene::new().after("ask", PAUSED, "this interface is paused");
    check(&paused(), "next (successor of ask: this interface is paused)");
    let paused_too = paused().resting("next", PAUSED, minutes(30));
    check(&paused_too, "stranger (instead of ask: this interface is paused)");
    let mut tried = paused();
    tried.tried.extend(["next", "stranger"].map(str::to_owned));
    check(&tried, "sister (instead of ask: this interface is paused)");
    tried.tried.push("sister".to_owned());
    check(&tried, "nowhere: model_unavailable, this interface is paused");
    // Another job has found it out before.
    let closed = Scene::new().resting("ask", PAUSED, minutes(30));
    check(&closed, "next (successor of ask: paused for now)");
    // Its catalogue has it paused since the order.
    let mut paused = Scene::new();
    let mut models = paused.catalogue.models().to_vec();
    models[0].status = ModelStatus::Paused;
    paused.catalogue = Catalogue::new(models, None);
    check(&paused, "next (successor of ask: the catalogue says that ask is paused)");
}

#[test]
fn nothing_dearer_than_what_was_ordered_takes_over() {
    let alone = |price, other_price| {
        let mut scene = Scene::new().after("ask", PAUSED, "paused");
        let ask = Model { price_milli_usd: price, ..model("ask", "acme", 0, Some("next")) };
        let next = Model { price_milli_usd: other_price, ..model("next", "acme", 0, None) };
        scene.catalogue = Catalogue::new(vec![ask, next], None);
        scene
    };
    check(&alone(Some(100), Some(100)), "next (successor of ask: paused)");
    check(&alone(Some(100), Some(101)), "nowhere: model_unavailable, paused");
    check(&alone(Some(100), None), "nowhere: model_unavailable, paused");
    check(&alone(None, Some(1)), "nowhere: model_unavailable, paused");
    check(&alone(None, None), "next (successor of ask: paused)");
    // What was ordered counts, not where the job has come to.
    let moved = Scene::new().after("sister", PAUSED, "paused");
    check(&moved, "stranger (instead of sister: paused)");
}

#[test]
fn a_model_that_rests_is_left_and_tried_again_by_one() {
    let rests = || Scene::new().resting("ask", BROKEN, minutes(5));
    check(&rests(), "next (successor of ask: ask rests after its faults)");
    let probation = || Scene::new().on_probation("ask");
    check(&probation(), "? ask (tried again after its rest; default)");
    let mut taken = probation();
    taken.taken.push("ask".to_owned());
    check(&taken, "next (successor of ask: ask rests after its faults)");
    // Those that are open come before those on probation.
    let scene = rests().on_probation("next").on_probation("stranger");
    check(&scene, "sister (instead of ask: ask rests after its faults)");
    let scene = scene.resting("sister", BROKEN, minutes(1));
    check(&scene, "? next (successor of ask: ask rests after its faults)");
}

#[test]
fn what_opens_in_time_is_waited_for_when_nothing_else_is_open() {
    let all = |rest| {
        let scene = Scene::new().resting("ask", BROKEN, rest).resting("next", BROKEN, minutes(20));
        scene.resting("sister", PAUSED, minutes(1)).resting("stranger", BROKEN, minutes(50))
    };
    check(&all(minutes(30)), "wait 20m: ask rests after its faults");
    check(&all(minutes(10)), "wait 10m: ask rests after its faults");
    let mut late = all(minutes(30));
    late.state.job.deadline_at = now() + minutes(20);
    check(&late, "nowhere: temporary, ask rests after its faults");
    // The one that tries is looked at again soon.
    let mut probing = all(minutes(30));
    probing.health.get_mut("next").unwrap().closing.as_mut().unwrap().until = Some(now());
    probing.health.get_mut("next").unwrap().probing_until = Some(now() + minutes(15));
    probing.policy.poll_max = minutes(2);
    check(&probing, "wait 2m: ask rests after its faults");
}

#[test]
fn what_an_operator_closed_is_left_and_waited_for_only_while_it_ends_in_time() {
    let closed = |until| Scene::new().closed_by_operator("ask", until);
    check(&closed(None), "next (successor of ask: ask was closed by an operator)");
    let alone = |until| {
        let mut scene = closed(until);
        scene.catalogue = Catalogue::new(vec![model("ask", "acme", 100, None)], None);
        scene
    };
    check(&alone(None), "nowhere: model_unavailable, ask was closed by an operator");
    check(&alone(Some(minutes(10))), "wait 10m: ask was closed by an operator");
    check(&alone(Some(minutes(70))), "nowhere: temporary, ask was closed by an operator");
    check(&alone(Some(Duration::ZERO)), "ask (asked for)");
}

#[test]
fn an_account_at_fault_needs_another_one() {
    for class in [FaultClass::Billing, FaultClass::Auth] {
        let refused = || Scene::new().after("ask", class, "top up");
        check(&refused().opening(Opening::Now), "ask (another account: top up)");
        let why = Fault::new(class, "all accounts rest");
        let after = |wait| refused().opening(Opening::After { wait, why: why.clone() });
        check(&after(minutes(10)), "wait 10m: all accounts rest");
        check(&after(minutes(60)), &format!("nowhere: {class}, top up"));
        check(&refused().opening(Opening::Never), &format!("nowhere: {class}, top up"));
    }
}

#[test]
fn only_what_the_model_did_counts_against_it() {
    let policy = Policy::default();
    let check = |event: Event, expect: Option<Breaker>| {
        let breaker = match model_outcome(&event, &policy) {
            Some(ResourceOutcome::Failed { breaker, .. }) => breaker,
            Some(ResourceOutcome::Inconclusive) | None => None,
            Some(other) => panic!("{event:?}: {other:?}"),
        };
        assert_eq!(breaker, expect, "{event:?}");
    };
    for class in FaultClass::ALL {
        let fault = || Fault::new(class, "said the provider");
        let expect = match class {
            FaultClass::ModelUnavailable => Some(policy.unavailable),
            FaultClass::Temporary | FaultClass::Unknown => Some(policy.breaker),
            _ => None,
        };
        check(Event::Rejected(fault()), expect);
        check(Event::InDoubt(fault()), expect);
        check(Event::RenderFailed(fault()), expect);
        check(Event::UploadFailed(fault()), expect.filter(|_| class == FaultClass::ModelUnavailable));
        check(Event::ReadFailed(fault()), None);
        check(Event::FetchFailed(fault()), None);
    }
    // An attempt that ends otherwise gives a probation back; one that goes on keeps it.
    let of = |event: Event| model_outcome(&event, &policy);
    let violation = || Fault::new(FaultClass::UserViolation, "not for sale");
    let ended = [Event::Rejected(violation()), Event::UploadFailed(violation()), Event::Absent];
    for event in ended {
        assert_eq!(of(event), Some(ResourceOutcome::Inconclusive));
    }
    assert_eq!(of(Event::UploadFailed(Fault::new(FaultClass::Temporary, "busy"))), None);
    assert_eq!(of(Event::Running), None);
    let rendered = Event::Rendered { video: "there".to_owned(), cost_milli: None };
    assert_eq!(model_outcome(&rendered, &policy), Some(ResourceOutcome::Worked));
}
