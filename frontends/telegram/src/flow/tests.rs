//! Every step without a network: what is shown in both languages, and where the dialogue stands then.

use neurocards::{
    Artifact, BotId, Credits, Currency, EntryKind, JobId, Lang, OrderId, Package, PayProvider, Payment,
    PaymentId, PaymentNew, PaymentState, PersonId, PhotoRef, PhotoWarning, Price, Script, Status, TemplateId,
    Timestamp,
};

use super::*;
use crate::screen::seen;
use crate::settings::Settings;

fn settings() -> Settings {
    Settings { support_url: Some("https://t.me/example".to_owned()), ..Settings::default() }
}

fn context(settings: &Settings) -> Context<'_> {
    Context {
        settings,
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
    }
}

pub(super) fn at() -> Timestamp {
    Timestamp::from_timestamp(1_767_225_600, 0).unwrap()
}

fn photo() -> PhotoRef {
    PhotoRef { sha256: "ab".repeat(32), width: 1_000, height: 1_000 }
}

fn artifact() -> Artifact {
    Artifact {
        sha256: "cd".repeat(32),
        bytes: 1_000_000,
        codec: "avc1.42c01f".to_owned(),
        width: 720,
        height: 1_280,
        duration_ms: 8_000,
        sound: true,
    }
}

fn sent(caption: Option<&str>) -> PhotoSent {
    PhotoSent { file_id: "f".to_owned(), bytes: 9, caption: caption.map(str::to_owned), album: None }
}

fn taken() -> Taken {
    Taken { photo: photo(), warnings: Vec::new() }
}

pub(super) fn draft() -> Draft {
    Draft {
        description: "Чашка 350 мл".to_owned(),
        template: Some(TemplateId::Ad),
        count: Some(1),
        ..Draft::new(DraftId::new([1; 10]), photo())
    }
}

pub(super) fn order() -> OrderId {
    OrderId::new(at(), [3; 10])
}

pub(super) fn job() -> JobId {
    JobId::new(at(), [4; 10])
}

fn shown(decision: &Decision, lang: Lang) -> String {
    let show = |show: &Show| match show {
        Show::Here(screen) | Show::New(screen) => seen(screen, lang),
        Show::Toast(text) => format!("({})", text.plain(lang)),
        Show::Video(artifact, caption) => {
            format!("<video {}x{}> {}", artifact.width, artifact.height, caption.html(lang))
        }
        Show::Card(_) => "<card>".to_owned(),
        Show::Demos => "<demo videos>".to_owned(),
        Show::Invoice(payment) => format!("<invoice {} for {}>", payment.credits, payment.price),
    };
    decision.show.iter().map(show).collect::<Vec<_>>().join("\n---\n")
}

/// The same screens in both languages, as one snapshot.
pub(super) fn snapshot(name: &str, decide: impl Fn(&Context<'_>) -> Decision) {
    let settings = settings();
    let both = [Lang::Ru, Lang::En].map(|lang| {
        let context = Context { lang, ..context(&settings) };
        format!("=== {lang}\n{}", shown(&decide(&context), lang))
    });
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../../tests/snapshots" }, {
        insta::assert_snapshot!(name, both.join("\n"));
    });
}

pub(super) fn came(context: &Context<'_>, state: State, input: Input) -> Decision {
    step(context, state, Event::Came(input))
}

pub(super) fn press(context: &Context<'_>, state: State, action: Action) -> Decision {
    came(context, state, Input::Press(Ok(action)))
}

pub(super) fn known(context: &Context<'_>, state: State, known: Known) -> Decision {
    step(context, state, Event::Known(known))
}

fn id() -> DraftId {
    DraftId::new([1; 10])
}

#[test]
fn screens_of_the_menu() {
    let start = || Input::Start { payload: None };
    snapshot("start", |context| {
        came(&Context { bonus: Some(Credits(2)), ..context.clone() }, State::Menu, start())
    });
    snapshot("start_new", |context| {
        let settings = Settings { demo_videos: vec!["BAAC".to_owned()], ..settings() };
        came(&Context { settings: &settings, is_new: true, ..context.clone() }, State::Menu, start())
    });
    snapshot("consent", |context| {
        let settings = Settings {
            terms_url: Some("https://example.org/terms".to_owned()),
            privacy_url: Some("https://example.org/privacy".to_owned()),
            ..settings()
        };
        came(&Context { settings: &settings, consented: false, ..context.clone() }, State::Menu, start())
    });
    for (name, command) in Command::ALL {
        snapshot(&format!("command_{name}"), |context| came(context, State::Menu, Input::Command(command)));
    }
    snapshot("cabinet_with_videos_in_the_making", |context| {
        let context = Context { available: Credits(41), held: Credits(3), ..context.clone() };
        press(&context, State::Menu, Action::Cabinet)
    });
    snapshot("topup", |context| press(context, State::Menu, Action::Topup));
    snapshot("language_set", |context| {
        press(context, State::Menu, Action::SetLanguage { lang: context.lang })
    });
    snapshot("forgotten", |context| press(context, State::Menu, Action::Forget));
    snapshot("stray_text", |context| came(context, State::Menu, Input::Text("привет".to_owned())));
    for (name, stale) in [("old", Stale::Old), ("used", Stale::Used), ("foreign", Stale::Foreign)] {
        snapshot(&format!("toast_{name}"), |context| came(context, State::Menu, Input::Press(Err(stale))));
    }
}

#[test]
fn screens_from_the_photo_to_the_order() {
    snapshot("ask_photo", |context| press(context, State::Menu, Action::Make));
    snapshot("photo_taken", |context| known(context, State::Photo, Known::Photo(sent(None), Ok(taken()))));
    snapshot("photo_taken_warned", |context| {
        let warnings = vec![
            PhotoWarning::Dark { mean_luma: 9 },
            PhotoWarning::Blurred { sharpness: 9 },
            PhotoWarning::ProductSmall { share_percent: 9 },
        ];
        known(context, State::Photo, Known::Photo(sent(None), Ok(Taken { warnings, ..taken() })))
    });
    let faults = [
        PhotoFault::TooBig,
        PhotoFault::TooManyPixels(9_000, 9_000),
        PhotoFault::TooSmall(90, 90, 300),
        PhotoFault::Strip,
        PhotoFault::NotAnImage,
        PhotoFault::Animated,
        PhotoFault::Broken,
        PhotoFault::Away,
    ];
    for (fault, number) in faults.into_iter().zip(1..) {
        snapshot(&format!("photo_fault_{number}"), |context| {
            known(context, State::Photo, Known::Photo(sent(None), Err(fault.clone())))
        });
    }
    let text = |state: State, text: &str| {
        let text = text.to_owned();
        move |context: &Context<'_>| came(context, state.clone(), Input::Text(text.clone()))
    };
    snapshot("ask_template", text(State::Description(Draft::new(id(), photo())), "Чашка <350 мл>"));
    snapshot("text_too_long", text(State::Wishes(draft()), &"ж".repeat(1_001)));
    let template = |template| Action::Template { draft: id(), template };
    snapshot("ask_wishes", |context| press(context, State::Template(draft()), template(TemplateId::Ugc)));
    snapshot("ask_own_prompt", |context| press(context, State::Template(draft()), template(TemplateId::Own)));
    snapshot("own_prompt_check", text(State::OwnPrompt(draft()), "Камера облетает <b>чашку</b> & пар"));
    snapshot("ask_count", |context| {
        let none = Draft { count: None, ..draft() };
        press(context, State::Wishes(none), Action::NoWishes { draft: id() })
    });
    snapshot("confirm", |context| {
        let wishes = Draft { wishes: Some("тёплый свет <i>".to_owned()), ..draft() };
        press(context, State::Count(wishes), Action::Count { draft: id(), count: 1 })
    });
    snapshot("confirm_three", |context| {
        let context = Context { available: Credits(21), ..context.clone() };
        press(&context, State::Count(draft()), Action::Count { draft: id(), count: 3 })
    });
    snapshot("not_enough", |context| {
        press(context, State::Count(draft()), Action::Count { draft: id(), count: 5 })
    });
    for (name, state) in [
        ("photo", State::Photo),
        ("description", State::Description(draft())),
        ("template", State::Template(draft())),
        ("wishes", State::Wishes(draft())),
        ("own_prompt", State::OwnPrompt(draft())),
        ("count", State::Count(draft())),
        ("confirm", State::Confirm(draft())),
    ] {
        snapshot(&format!("needed_{name}"), |context| came(context, state.clone(), Input::Other));
    }
    snapshot("script", |context| {
        let line = |text: &str| text.to_owned();
        let script = Script {
            hook: line("Чай остыл?"),
            benefit: line("Тепло <2 часа>"),
            call_to_action: line("Берите!"),
        };
        known(context, State::Confirm(draft()), Known::Script(script))
    });
}

#[test]
fn screens_of_answers() {
    let confirm = || State::Confirm(draft());
    let placed = |placed: Placed| {
        move |context: &Context<'_>| known(context, confirm(), Known::Placed(placed.clone()))
    };
    snapshot("refused_not_enough", placed(Placed::NotEnough { needed: Credits(3), available: Credits(1) }));
    snapshot("refused_busy", placed(Placed::Busy { count: 15 }));
    snapshot("refused_no_model", placed(Placed::NoModel));
    snapshot("refused_no_photo", placed(Placed::NoPhoto));
    snapshot("refused_too_long", placed(Placed::TooLong { chars: 5_001, limit: 5_000 }));
    snapshot("preview_made", |context| {
        known(context, confirm(), Known::Preview(Preview::Made { artifact: artifact(), left: 2 }))
    });
    snapshot("preview_spent", |context| {
        known(context, confirm(), Known::Preview(Preview::Spent { until: at() }))
    });
    snapshot("preview_failed", |context| known(context, confirm(), Known::Preview(Preview::Failed)));
    for (name, videos, late) in [("all", 3, 0), ("some", 2, 1), ("none", 0, 1)] {
        snapshot(&format!("cancelled_{name}"), |context| {
            known(
                context,
                State::Menu,
                Known::Cancelled { videos, released: Credits(i64::from(videos)), late },
            )
        });
    }
    snapshot("resend", |context| known(context, State::Menu, Known::Resend(vec![artifact(), artifact()])));
    snapshot("resend_none", |context| known(context, State::Menu, Known::Resend(Vec::new())));
    snapshot("recalled_foreign", |context| known(context, State::Menu, Known::Recalled(None)));
    snapshot("opinion", |context| {
        press(context, State::Menu, Action::Opinion { order: order(), good: true })
    });
    let item = |title: &str, status| VideoItem {
        job: job(),
        order: order(),
        title: title.to_owned(),
        status,
        at: at(),
    };
    snapshot("videos", |context| {
        let items = vec![
            item("Чашка <для кофе> с очень длинным названием, которое не помещается", Status::Done),
            item("Чашка", Status::Processing),
            item("Чашка", Status::Queued),
            item("Чашка", Status::Failed),
            item("Чашка", Status::Cancelled),
        ];
        known(context, State::Menu, Known::Videos(VideosPage { items, behind: true, more: true }))
    });
    snapshot("videos_empty", |context| {
        let page = VideosPage { items: Vec::new(), behind: false, more: false };
        known(context, State::Menu, Known::Videos(page))
    });
    snapshot("history", |context| {
        let items = EntryKind::ALL
            .map(|kind| HistoryItem { at: at(), change: Credits(-1), kind, paid: None })
            .to_vec();
        known(context, State::Menu, Known::History(items))
    });
    snapshot("history_empty", |context| known(context, State::Menu, Known::History(Vec::new())));
}

fn payment(provider: PayProvider) -> Payment {
    let new = PaymentNew {
        id: PaymentId::new(at(), [5; 10]),
        account: "telegram:42".parse().unwrap(),
        bot: BotId(7),
        provider,
        credits: Credits(5),
        price: Package::DEFAULT[0].price(provider).unwrap(),
    };
    Payment { page: Some("https://pay.example.org/1".to_owned()), ..new.payment(at()) }
}

#[test]
fn screens_of_money() {
    let open = |context: &Context<'_>, sold_by: &[PayProvider], action: Action| {
        let settings = settings();
        let context = Context { sold_by: sold_by.to_vec(), settings: &settings, ..context.clone() };
        press(&context, State::Confirm(draft()), action)
    };
    let both = [PayProvider::Yookassa, PayProvider::Stars];
    snapshot("topup_both", |context| open(context, &both, Action::Topup));
    snapshot("topup_stars", |context| open(context, &both[1..], Action::Topup));
    snapshot("buy_unsold", |context| {
        open(context, &both[1..], Action::Buy { package: Credits(5), by: PayProvider::Yookassa })
    });
    let bill =
        |bill: Bill| move |context: &Context<'_>| known(context, State::Menu, Known::Bill(bill.clone()));
    let asked = |provider| Bill::Asked(Box::new(payment(provider)));
    snapshot("bill_stars", bill(asked(PayProvider::Stars)));
    snapshot("bill_page", bill(asked(PayProvider::Yookassa)));
    snapshot("bill_away", bill(Bill::Away));
    snapshot("bill_amiss", bill(Bill::Amiss));
    snapshot("bill_foreign", bill(Bill::Missing));
    for state in PaymentState::ALL {
        let seen = Payment { state, ..payment(PayProvider::Yookassa) };
        snapshot(&format!("bill_{}", state.as_str()), bill(Bill::Seen(Box::new(seen.clone()))));
        if matches!(state, PaymentState::Paid | PaymentState::Refunded | PaymentState::Cancelled) {
            let seen = Payment { taken_back: Credits(3), ..seen };
            snapshot(&format!("news_{}", state.as_str()), |_| Decision {
                show: vec![Show::New(payment_news(&seen, Credits(7), Some(&draft())))],
                ..press(&context(&settings()), State::Menu, Action::Menu)
            });
        }
    }
    snapshot("history_payments", |context| {
        let item = |kind, change, price: (i64, Currency), by| HistoryItem {
            at: at(),
            change: Credits(change),
            kind,
            paid: Some((Price { amount: price.0, currency: price.1 }, by)),
        };
        let items = vec![
            item(EntryKind::Revoke, -5, (39_050, Currency::Rub), PayProvider::Yookassa),
            item(EntryKind::Topup, 5, (250, Currency::Xtr), PayProvider::Stars),
        ];
        known(context, State::Menu, Known::History(items))
    });
}

#[test]
fn what_is_bought_is_looked_up() {
    let settings = settings();
    let context = Context { sold_by: vec![PayProvider::Stars], ..context(&settings) };
    let buy = |package| press(&context, State::Menu, Action::Buy { package, by: PayProvider::Stars }).effect;
    let expect = Effect::Buy { package: Package::DEFAULT[0], by: PayProvider::Stars };
    assert_eq!(buy(Credits(5)), Some(expect));
    // A number that no package has buys nothing, whatever a button says.
    assert_eq!((buy(Credits(6)), buy(Credits(1_000_000))), (None, None));
}

#[test]
fn the_whole_way_to_an_order() {
    let settings = settings();
    let context = context(&settings);
    let make = press(&context, State::Menu, Action::Make);
    assert_eq!(make.state, State::Photo);
    let photo = came(&context, make.state, Input::Photo(sent(Some(" Чашка "))));
    assert_eq!(photo.effect, Some(Effect::TakePhoto(sent(Some(" Чашка ")))));
    let taken = known(&context, photo.state, Known::Photo(sent(Some(" Чашка ")), Ok(taken())));
    // The caption is the description.
    let State::Template(draft) = &taken.state else { panic!("{taken:?}") };
    assert_eq!((draft.description.as_str(), draft.id.clone()), ("Чашка", context.fresh.clone()));
    let id = || context.fresh.clone();
    let ugc = press(&context, taken.state, Action::Template { draft: id(), template: TemplateId::Ugc });
    let wishes = came(&context, ugc.state, Input::Text("Нетипичный герой".to_owned()));
    let State::Count(draft) = &wishes.state else { panic!("{wishes:?}") };
    assert_eq!(draft.wishes.as_deref(), Some("Нетипичный герой"));
    let count = press(&context, wishes.state, Action::Count { draft: id(), count: 1 });
    let State::Confirm(draft) = count.state.clone() else { panic!("{count:?}") };
    let confirm = press(&context, count.state, Action::Confirm { draft: id(), revision: draft.revision });
    assert_eq!(confirm.effect, Some(Effect::Place(draft)));
}

#[test]
fn words_that_mean_none_are_the_whole_text() {
    let settings = settings();
    let context = context(&settings);
    let check = |words: &str, expect: Option<&str>| {
        let decision = came(&context, State::Wishes(draft()), Input::Text(words.to_owned()));
        assert_eq!(decision.state.draft().unwrap().wishes.as_deref(), expect, "{words}");
    };
    for none in ["-", " — ", "нет", "Нет.", "no", "Без пожеланий"] {
        check(none, None);
    }
    check("нетипичный герой", Some("нетипичный герой"));
    check("No people", Some("No people"));
}

#[test]
fn an_own_prompt_grows_by_words_and_is_replaced_by_texts() {
    let settings = settings();
    let context = context(&settings);
    let say = |state: State, text: &str| came(&context, state, Input::Text(text.to_owned())).state;
    let first = say(State::OwnPrompt(draft()), "Камера облетает чашку");
    let added = say(first, "и идёт пар");
    assert_eq!(added.draft().unwrap().own_prompt.as_deref(), Some("Камера облетает чашку\nи идёт пар"));
    let long = "Чашка стоит на окне, за которым идёт снег, и от неё идёт пар";
    assert_eq!(say(added, long).draft().unwrap().own_prompt.as_deref(), Some(long));
}

#[test]
fn a2_a_card_that_is_out_of_date_orders_nothing() {
    let settings = settings();
    let context = context(&settings);
    let old = Action::Confirm { draft: id(), revision: 0 };
    let newer = draft().with(|draft| draft.wishes = Some("x".to_owned()));
    let decision = press(&context, State::Confirm(newer.clone()), old.clone());
    assert_eq!((decision.effect, decision.state), (None, State::Confirm(newer)));
    // Of another draft, or of one that was placed, it says so.
    let decision = press(&context, State::Menu, old);
    assert_eq!((decision.effect, decision.state), (None, State::Menu));
    assert!(matches!(&decision.show[..], [Show::Toast(text)] if text.key() == "toast-old"));
}

#[test]
fn stray_messages_do_not_leave_their_step() {
    let settings = settings();
    let context = context(&settings);
    let states = [
        State::Template(draft()),
        State::Wishes(draft()),
        State::OwnPrompt(draft()),
        State::Count(draft()),
        State::Confirm(draft()),
    ];
    for state in states {
        for input in [Input::Other, Input::Photo(sent(None))] {
            let decision = came(&context, state.clone(), input);
            assert_eq!((decision.state, decision.effect), (state.clone(), None));
            assert_eq!(decision.show.len(), 1, "somebody is helped");
        }
    }
}

#[test]
fn nobody_gets_past_the_terms() {
    let settings = Settings { terms_url: Some("https://example.org".to_owned()), ..settings() };
    let context = Context { consented: false, ..context(&settings) };
    let inputs = [
        Input::Start { payload: None },
        Input::Command(Command::Menu),
        Input::Text("x".to_owned()),
        Input::Photo(sent(None)),
        Input::Press(Ok(Action::Make)),
        Input::Press(Ok(Action::Confirm { draft: id(), revision: 0 })),
    ];
    for input in inputs {
        let decision = came(&context, State::Confirm(draft()), input.clone());
        assert_eq!((decision.state, decision.effect), (State::Consent, None), "{input:?}");
    }
    let decision = press(&context, State::Consent, Action::Consent);
    assert_eq!((decision.state, decision.change.consents), (State::Menu, true));
}

/// Pressing everything everywhere never panics, never orders without a card, and never loses a draft unasked.
#[test]
fn every_button_in_every_state() {
    let settings = settings();
    let context = context(&settings);
    let states = [
        State::Menu,
        State::Consent,
        State::Photo,
        State::Description(Draft::new(id(), photo())),
        State::Template(Draft { template: None, count: None, ..draft() }),
        State::Wishes(Draft { count: None, ..draft() }),
        State::OwnPrompt(draft()),
        State::PromptCheck(draft()),
        State::Count(draft()),
        State::Confirm(draft()),
        State::Aside(draft()),
    ];
    let draft = id;
    let actions = [
        Action::Menu,
        Action::Consent,
        Action::Make,
        Action::Videos { after: None },
        Action::Cabinet,
        Action::History,
        Action::Topup,
        Action::Support,
        Action::Language,
        Action::SetLanguage { lang: Lang::En },
        Action::Template { draft: draft(), template: TemplateId::Own },
        Action::NoWishes { draft: draft() },
        Action::UsePrompt { draft: draft() },
        Action::EditPrompt { draft: draft() },
        Action::Count { draft: draft(), count: 3 },
        Action::Count { draft: draft(), count: 1_000 },
        Action::Recount { draft: draft() },
        Action::Rewish { draft: draft() },
        Action::Review { draft: draft() },
        Action::Script { draft: draft() },
        Action::Preview { draft: draft() },
        Action::Confirm { draft: draft(), revision: 0 },
        Action::Cancel { order: order() },
        Action::Again { order: order() },
        Action::Resend { order: order() },
        Action::ResendOne { job: job() },
        Action::Opinion { order: order(), good: false },
        Action::Forget,
    ];
    for state in &states {
        for action in &actions {
            let decision = press(&context, state.clone(), action.clone());
            if let Some(Effect::Place(placed)) = &decision.effect {
                assert!(matches!(action, Action::Confirm { .. }));
                assert!(
                    placed.template.is_some() && placed.count.is_some() && !placed.description.is_empty()
                );
            }
            let keeps = !matches!(action, Action::Make | Action::Forget | Action::Consent);
            if state.draft().is_some() && keeps {
                assert!(decision.state.draft().is_some(), "{action:?} in {state:?} loses the draft");
            }
            // What is stored can be read.
            let stored = serde_json::to_value(&decision.state).unwrap();
            assert_eq!(serde_json::from_value::<State>(stored).unwrap(), decision.state);
            let stored = serde_json::to_value(action).unwrap();
            assert_eq!(serde_json::from_value::<Action>(stored).unwrap(), *action);
        }
    }
}
