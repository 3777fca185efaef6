//! Every screen of admins in both languages, and who never sees them.

use neurocards::{
    Alarm, AlarmDetail, AlarmKind, BotId, Currency, Fault, FaultClass, Job, Lang, LedgerEntry, Maintenance,
    Pause, PauseRecord, PauseScope, PayProvider, Payment, PaymentNew, PaymentState, Person, Price,
    QueueStatus, Stage, StageStatus, Timestamp, WorkerBeat, WorkerRecord,
};
use serde_json::Value;

use super::super::tests::{at, came, draft, job, known, order, press, snapshot};
use super::super::{Action, Command, Input, PhotoSent, Stale, VideoSent};
use super::*;
use crate::settings::Settings;

fn settings() -> Settings {
    Settings { admins: vec![42], ..Settings::default() }
}

/// A snapshot of what an admin sees.
fn admin_snapshot(name: &str, decide: impl Fn(&Context<'_>) -> Decision) {
    let settings = settings();
    snapshot(name, |context| decide(&Context { settings: &settings, ..context.clone() }));
}

fn act(context: &Context<'_>, state: State, admin: AdminAction) -> Decision {
    press(context, state, Action::Admin { admin })
}

fn says(context: &Context<'_>, state: State, text: &str) -> Decision {
    came(context, state, Input::Text(text.to_owned()))
}

fn anna() -> PersonId {
    PersonId(77)
}

fn step_of(step: AdminStep) -> State {
    State::Admin { step, aside: None }
}

fn ended(class: Option<FaultClass>, at: Timestamp) -> Job {
    Job {
        id: job(),
        order_id: order(),
        account: "telegram:77".parse().unwrap(),
        index: 0,
        provider: "kie".to_owned(),
        model: "m".to_owned(),
        price: Credits(1),
        stage: if class.is_some() { Stage::Failed } else { Stage::Done },
        prompt: None,
        attempts: 1,
        retries: 0,
        stumbles: 0,
        crashes: 0,
        error: class.map(|class| Fault::new(class, "said")),
        slow_told: false,
        lease_epoch: 1,
        lease_owner: None,
        wake_at: None,
        deadline_at: at,
        created_at: at,
        finished_at: Some(at),
    }
}

fn entry(kind: neurocards::EntryKind, amount: i64, back: bool) -> LedgerEntry {
    let account: neurocards::AccountKey = "telegram:77".parse().unwrap();
    let (debit, credit) = kind.books(back);
    LedgerEntry {
        id: neurocards::EntryId::new(at(), [1; 10]),
        kind,
        debit: debit.key(&account),
        credit: credit.key(&account),
        account,
        amount: Credits(amount),
        job_id: None,
        reference: None,
        reason: Some("за <ожидание>".to_owned()),
        actor: Some("telegram:42".to_owned()),
        created_at: at(),
    }
}

fn overview() -> Overview {
    let beat = WorkerBeat {
        name: "w".to_owned(),
        host: "h".to_owned(),
        version: "1".to_owned(),
        in_flight: 2,
        started_at: at(),
    };
    let pause =
        Pause { scope: PauseScope::Model("veo".to_owned()), actor: "cli:ops".to_owned(), reason: None };
    let queue = QueueStatus {
        at: at(),
        stages: vec![
            StageStatus { jobs: 7, due: 3, leased: 1, paused: 2, ..StageStatus::empty(Stage::Prompt) },
            StageStatus { jobs: 5, ..StageStatus::empty(Stage::Wait) },
        ],
        due_since: Some(at() - std::time::Duration::from_secs(125)),
        pauses: vec![PauseRecord { pause, since: at() }],
        workers: vec![WorkerRecord { beat, seen_at: at() }],
    };
    let key = |name: &str| KeyFacts { name: name.to_owned(), closed: None, balance: None, days: None };
    let mut facts = Overview {
        queue,
        keys: vec![
            KeyFacts { balance: Some(1_200), days: Some(5), ..key("kie account main") },
            KeyFacts { balance: Some(3), closed: Some(Some(at())), ..key("kie account spare") },
            KeyFacts { closed: Some(None), ..key("kie key ab12") },
        ],
        money: std::collections::BTreeMap::new(),
        done: 0,
        failed: std::collections::BTreeMap::new(),
        more: false,
        alarms: vec![Alarm::new(AlarmKind::KeyClosed, "kie key ab12", AlarmDetail::None)],
        maintenance: None,
    };
    let entries = [
        entry(neurocards::EntryKind::Topup, 30, false),
        entry(neurocards::EntryKind::Capture, 1, false),
        entry(neurocards::EntryKind::Adjust, 10, false),
        entry(neurocards::EntryKind::Adjust, 3, true),
        LedgerEntry {
            created_at: at() - std::time::Duration::from_secs(9),
            ..entry(neurocards::EntryKind::Bonus, 2, false)
        },
    ];
    let old = ended(Some(FaultClass::Auth), at() - std::time::Duration::from_secs(9));
    facts.count(at(), &entries, &[ended(Some(FaultClass::Temporary), at()), old]);
    facts
}

fn person(banned: bool) -> PersonFacts {
    let person = Person {
        id: anna(),
        username: Some("anna_k".to_owned()),
        lang: Lang::Ru,
        lang_chosen: false,
        source: None,
        consent_at: None,
        blocked_at: banned.then(at),
        banned_at: banned.then(at),
        banned_by: banned.then(|| ("telegram:42".to_owned(), "спам <b>".to_owned())),
        preferences: Value::Null,
        first_seen_at: at(),
        last_seen_at: at(),
    };
    PersonFacts {
        id: anna(),
        person: Some(person),
        available: Credits(21),
        held: Credits(1),
        jobs: vec![ended(None, at())],
        entries: vec![entry(neurocards::EntryKind::Adjust, 3, true)],
        payments: Vec::new(),
    }
}

fn paid(state: PaymentState, credits: i64) -> Payment {
    let new = PaymentNew {
        id: PaymentId::new(at(), [7; 10]),
        account: "telegram:77".parse().unwrap(),
        bot: BotId(7),
        provider: PayProvider::Yookassa,
        credits: Credits(credits),
        price: Price { amount: 39_000, currency: Currency::Rub },
    };
    Payment { state, paid_at: Some(at()), ..new.payment(at()) }
}

#[test]
fn screens_of_the_house() {
    let shown = |facts: Overview| AdminKnown::Overview(Box::new(facts));
    admin_snapshot("admin_home", |context| known(context, State::Menu, shown(overview()).into()));
    admin_snapshot("admin_home_closed", |context| {
        let closed = Maintenance { actor: "telegram:42".to_owned(), paused: true, since: at() };
        let facts = Overview { maintenance: Some(closed), more: true, alarms: Vec::new(), ..overview() };
        known(context, State::Menu, shown(facts).into())
    });
    admin_snapshot("admin_photo", |context| {
        let sent = PhotoSent { file_id: "AgAC".to_owned(), bytes: 123_456, caption: None, album: None };
        came(context, State::Menu, Input::Photo(sent))
    });
    admin_snapshot("admin_video", |context| {
        let sent =
            VideoSent { file_id: "BAAC".to_owned(), bytes: 2_345_678, shape: (720, 1_280), seconds: 8 };
        came(context, State::Menu, Input::Video(sent))
    });
    admin_snapshot("admin_close", |context| act(context, State::Menu, AdminAction::Close));
}

#[test]
fn screens_of_a_person() {
    let shown = |facts: Option<PersonFacts>, did| AdminKnown::Person { facts: facts.map(Box::new), did };
    admin_snapshot("admin_find", |context| act(context, State::Menu, AdminAction::Find));
    admin_snapshot("admin_nobody", |context| known(context, State::Menu, shown(None, None).into()));
    admin_snapshot("admin_person", |context| {
        known(context, State::Menu, shown(Some(person(false)), None).into())
    });
    admin_snapshot("admin_person_banned", |context| {
        known(context, State::Menu, shown(Some(person(true)), Some(Did::Banned)).into())
    });
    for (name, did) in [
        ("admin_adjusted", Did::Adjusted(Credits(-3))),
        ("admin_not_enough", Did::NotEnough),
        ("admin_too_often", Did::TooOften),
        ("admin_unbanned", Did::Unbanned),
        ("admin_refunded", Did::Refunded { taken: Credits(1), short: Credits(4) }),
        ("admin_refunding", Did::Refunding),
        ("admin_not_refunded", Did::NotRefunded("the <payment> was not paid".to_owned())),
    ] {
        admin_snapshot(name, |context| known(context, State::Menu, shown(None, Some(did.clone())).into()));
    }
    admin_snapshot("admin_person_payments", |context| {
        let payments = [PaymentState::Paid, PaymentState::Refunded, PaymentState::Pending];
        let payments = payments.map(|state| paid(state, 5)).to_vec();
        known(context, State::Menu, shown(Some(PersonFacts { payments, ..person(false) }), None).into())
    });
}

#[test]
fn a_refund_is_asked_for_with_a_reason_and_confirmed() {
    let (payment, person) = (paid(PaymentState::Paid, 5), anna());
    let id = payment.id;
    let sure =
        |reason: &str| step_of(AdminStep::RefundSure { payment: id, person, reason: reason.to_owned() });
    let look =
        |available| AdminKnown::Refund { payment: Box::new(payment.clone()), available: Credits(available) };
    admin_snapshot("admin_refund_sure", |context| known(context, sure("asked <for>"), look(7).into()));
    admin_snapshot("admin_refund_spent", |context| known(context, sure("asked"), look(1).into()));
    admin_snapshot("admin_refund_why", |context| {
        act(context, State::Menu, AdminAction::Refund { payment: id, person })
    });
    let settings = settings();
    snapshot("admin_refund_old", |context| {
        let context = Context { settings: &settings, ..context.clone() };
        // The reason that was given leads to the confirmation, and only that one to the money.
        let asked = says(&context, step_of(AdminStep::RefundReason { payment: id, person }), "asked");
        assert_eq!(asked.state, sure("asked"));
        assert_eq!(asked.effect, Some(Effect::Admin(AdminEffect::RefundLook { payment: id })));
        let done = act(&context, asked.state, AdminAction::RefundSure { payment: id });
        let refund = AdminEffect::Refund { payment: id, person, reason: "asked".to_owned() };
        assert_eq!(done.effect, Some(Effect::Admin(refund)));
        act(&context, State::Menu, AdminAction::RefundSure { payment: id })
    });
}

#[test]
fn screens_of_what_is_asked() {
    let person = anna();
    admin_snapshot("admin_amount", |context| act(context, State::Menu, AdminAction::Adjust { person }));
    admin_snapshot("admin_why", |context| says(context, step_of(AdminStep::Amount { person }), "10"));
    for (name, credits) in [("admin_give_sure", 10), ("admin_take_sure", -3)] {
        let step = AdminStep::Reason { person, credits: Credits(credits) };
        admin_snapshot(name, |context| says(context, step_of(step.clone()), "за <ожидание>"));
    }
    admin_snapshot("admin_ban_why", |context| act(context, State::Menu, AdminAction::Ban { person }));
    admin_snapshot("admin_ban_sure", |context| {
        says(context, step_of(AdminStep::BanReason { person }), "спам")
    });
    let closed = || Some(Maintenance { actor: "telegram:1".to_owned(), paused: false, since: at() });
    snapshot("maintenance", |context| {
        press(&Context { maintenance: closed(), ..context.clone() }, State::Menu, Action::Make)
    });
    snapshot("maintenance_menu", |context| {
        press(&Context { maintenance: closed(), ..context.clone() }, State::Menu, Action::Menu)
    });
}

#[test]
fn screens_of_a_broadcast() {
    let last = |state| neurocards::Broadcast {
        id: "b".to_owned(),
        author: PersonId(42),
        text: "новости".to_owned(),
        lang: None,
        state,
        total: 120,
        sent: 80,
        blocked: 3,
        failed: 1,
        unknown: 1,
        created_at: at(),
        epoch: 1,
    };
    admin_snapshot("admin_spread_none", |context| {
        known(context, State::Menu, AdminKnown::Spread(None).into())
    });
    for state in [
        neurocards::BroadcastState::Sending,
        neurocards::BroadcastState::Cancelled,
        neurocards::BroadcastState::Done,
    ] {
        admin_snapshot(&format!("admin_spread_{}", state.as_str()), |context| {
            known(context, State::Menu, AdminKnown::Spread(Some(last(state))).into())
        });
    }
    admin_snapshot("admin_spread_text", |context| act(context, State::Menu, AdminAction::SpreadNew));
    admin_snapshot("admin_spread_sure", |context| {
        let asked = says(context, step_of(AdminStep::SpreadText), "Скидка <10%>\nдо пятницы");
        assert_eq!(asked.effect, Some(Effect::Admin(AdminEffect::SpreadCount)));
        known(context, asked.state, AdminKnown::Audience { all: 118, ru: 100, en: 18 }.into())
    });
}

/// Runs a check with the context of an admin, or of anybody else.
fn with(admin: bool, check: impl Fn(&Context<'_>)) {
    let settings = if admin { settings() } else { Settings::default() };
    check(&Context {
        settings: &settings,
        person: PersonId(42),
        lang: Lang::Ru,
        consented: true,
        is_new: false,
        bonus: None,
        available: Credits(2),
        held: Credits(0),
        price: Credits(1),
        minutes: (2, 9),
        maintenance: None,
        sold_by: Vec::new(),
        fresh: DraftId::new([7; 10]),
    });
}

#[test]
fn strangers_get_what_they_get_for_an_unknown_word() {
    with(false, |context| {
        let help = came(context, State::Menu, Input::Command(Command::Help));
        for command in [AdminCommand::Home, AdminCommand::User("77".to_owned())] {
            assert_eq!(came(context, State::Menu, Input::Admin(command)), help);
        }
        let foreign = came(context, State::Menu, Input::Press(Err(Stale::Foreign)));
        assert_eq!(act(context, State::Menu, AdminAction::Home), foreign);
        // Whoever was an admin a moment ago is a person like all others.
        let state = step_of(AdminStep::Find);
        assert_eq!(says(context, state, "77"), says(context, State::Menu, "77"));
    });
}

#[test]
fn people_are_found_by_number_and_name() {
    with(true, |context| {
        let check = |given: &str, who: Option<Who>| {
            let decided = came(context, State::Menu, Input::Admin(AdminCommand::User(given.to_owned())));
            let effect = who.map(|who| Effect::Admin(AdminEffect::Look(who)));
            assert_eq!(decided.effect, effect, "{given:?}");
        };
        check("77", Some(Who::Id(anna())));
        check(" @Anna_K ", Some(Who::Name("Anna_K".to_owned())));
        check("anna_k", Some(Who::Name("anna_k".to_owned())));
        for bad in ["", "-5", "0", "@ann", "anna k", "анна_к", "anna;drop"] {
            check(bad, None);
        }
    });
}

#[test]
fn only_what_was_confirmed_moves_within_the_cap() {
    let person = anna();
    with(true, |context| {
        for bad in ["0", "101", "-101", "ten", "1.5", "", "9999999999999999999999"] {
            let decided = says(context, step_of(AdminStep::Amount { person }), bad);
            assert_eq!(decided.state, step_of(AdminStep::Amount { person }), "{bad:?}");
        }
        for (good, credits) in [("100", 100), ("+5", 5), ("-100", -100), ("−3", -3)] {
            let decided = says(context, step_of(AdminStep::Amount { person }), good);
            assert_eq!(decided.state, step_of(AdminStep::Reason { person, credits: Credits(credits) }));
        }
        let reason = "за ожидание".to_owned();
        let sure = says(context, step_of(AdminStep::Reason { person, credits: Credits(5) }), &reason).state;
        let id = DraftId::new([7; 10]);
        let decided = act(context, sure.clone(), AdminAction::AdjustSure { id: id.clone() });
        let effect = AdminEffect::Adjust { id: id.clone(), person, credits: Credits(5), reason };
        assert_eq!(decided.effect, Some(Effect::Admin(effect)));
        let old = act(context, sure, AdminAction::AdjustSure { id: DraftId::new([8; 10]) });
        assert_eq!(old.effect, None);
        assert_eq!(act(context, State::Menu, AdminAction::AdjustSure { id }).effect, None);
        // Nobody bans an admin.
        let ban = act(context, State::Menu, AdminAction::Ban { person: context.person });
        assert_eq!((ban.state, ban.show, ban.effect), (State::Menu, Vec::new(), None));
    });
}

#[test]
fn a_draft_lies_aside_while_an_admin_is_asked() {
    with(true, |context| {
        let asked = act(context, State::Confirm(draft()), AdminAction::Find);
        assert_eq!(asked.state.draft(), Some(&draft()));
        assert_eq!(press(context, asked.state, Action::Menu).state, State::Aside(draft()));
    });
}

#[test]
fn a_closed_house_takes_no_orders_and_keeps_drafts() {
    let maintenance = || Some(Maintenance { actor: "telegram:1".to_owned(), paused: false, since: at() });
    with(false, |context| {
        let context = &Context { maintenance: maintenance(), ..context.clone() };
        let confirm = Action::Confirm { draft: draft().id, revision: 0 };
        let decided = press(context, State::Confirm(draft()), confirm.clone());
        assert_eq!((decided.effect, decided.state), (None, State::Confirm(draft())));
        assert_eq!(says(context, State::Description(draft()), "x").state, State::Description(draft()));
        assert_eq!(press(context, State::Menu, Action::History).effect, Some(Effect::History));
    });
    with(true, |context| {
        let context = &Context { maintenance: maintenance(), ..context.clone() };
        let confirm = Action::Confirm { draft: draft().id, revision: 0 };
        assert!(press(context, State::Confirm(draft()), confirm).effect.is_some());
    });
}
