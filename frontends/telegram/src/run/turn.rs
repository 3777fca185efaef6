//! One update: read, decided, written together with its effect, shown.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use neurocards::{
    AccountOpen, ActionId, Allowance, AllowanceTake, ChatRef, Credits, DialogueWrite, EntryId, Lang,
    Maintenance, Mark, Person, PersonId, PersonWrite, Press, Pressed, Retry, StoreError, Timestamp, Turn,
    TurnOutcome, UpdateRecord, UpdateSettle,
};
use serde_json::Value;

use super::effects::Doing;
use super::reply::Out;
use super::{Parts, account_of};
use crate::card::{Around, card};
use crate::deliver::too_big;
use crate::flow::{
    Action, Change, Context, Decision, DraftId, Event, Input, STATE_FORMAT, Show, Stale, State, step,
};
use crate::schema::{From, Heard, What, read};
use crate::screen::{Screen, Sheet, mint};
use crate::text::Text;

/// How often an update is tried whose effect fails.
const MOST_TRIES: u32 = 8;
/// How often a turn is decided again because the dialogue moved.
const MOST_MOVES: u32 = 4;
/// Most effects of one turn.
const MOST_EFFECTS: u32 = 4;

/// What a turn begins with.
struct Before {
    chat: ChatRef,
    person: PersonId,
    known: Option<Person>,
    state: State,
    /// 0: there is no dialogue.
    version: i64,
    lang: Lang,
    available: Credits,
    held: Credits,
    bonus: Option<Credits>,
    maintenance: Option<Maintenance>,
}

impl Parts {
    /// Deals with an update, and keeps it while that takes.
    pub(super) async fn handle(self: Arc<Self>, update: UpdateRecord) {
        // Both go on at the same time: a renewal may wait for a lock that the work holds.
        let dealt = tokio::select! {
            dealt = self.deal_with(&update) => dealt,
            never = self.keep(&update) => match never {},
        };
        let again = match dealt {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    update = update.id,
                    "an update did not take effect"
                );
                let over = update.tries >= MOST_TRIES || matches!(error.retry(), Retry::Never);
                // Money that came is tried until it is credited.
                let gives_up = over && update.body.pointer("/message/successful_payment").is_none();
                if gives_up {
                    self.apologise(&update).await;
                }
                (!gives_up).then(|| Duration::from_secs(2_u64.pow(update.tries.min(6))))
            }
        };
        if let Err(error) = self.settle(&update, again).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                update = update.id,
                "an update could not be settled"
            );
        }
        self.news.notify_one();
    }

    /// Renews the lease of an update for as long as somebody listens. It stays ours under the same epoch; if it does not,
    /// the writes say so.
    async fn keep(&self, update: &UpdateRecord) -> Infallible {
        loop {
            self.clock.sleep(self.lease / 3).await;
            let _ = self.settle(update, Some(self.lease)).await;
        }
    }

    async fn settle(&self, update: &UpdateRecord, again: Option<Duration>) -> Result<bool, StoreError> {
        let settle = UpdateSettle { bot: self.api.id(), id: update.id, epoch: update.epoch, again };
        self.chats.update_settle(&settle).await
    }

    async fn deal_with(&self, update: &UpdateRecord) -> Result<(), StoreError> {
        let Some(heard) = read(&self.schema, &update.body).await else { return Ok(()) };
        // It took effect before, and whoever did it died before showing it.
        if let Some(reply) = &update.reply {
            let reply: Vec<Out> = serde_json::from_value(reply.clone()).unwrap_or_default();
            return self.show(&heard, &reply).await;
        }
        match &heard.what {
            What::Membership { blocked } => return self.membership(&heard, *blocked).await,
            What::Checkout { query, money } => return self.checkout(&heard, query, money).await,
            What::Paid { charge, money } => return self.paid(&heard, charge, money).await,
            What::GivenBack { charge } => return self.given_back(charge).await,
            What::Said(_) | What::Pressed { .. } => {}
        }
        for _ in 0..MOST_MOVES {
            let (turn, reply) = self.decide(update, &heard).await?;
            match self.chats.turn_apply(&turn).await? {
                TurnOutcome::Applied => return self.show(&heard, &reply).await,
                TurnOutcome::Lost => return Ok(()),
                // Somebody else wrote to this chat meanwhile.
                TurnOutcome::Moved | TurnOutcome::Used => {}
            }
        }
        Err(StoreError::Unavailable { source: "the dialogue moves on and on".into() })
    }

    /// Who takes the bot back hears what waited.
    async fn membership(&self, heard: &Heard, blocked: bool) -> Result<(), StoreError> {
        let person = PersonId(heard.from.id);
        let mark = if blocked { Mark::Blocked } else { Mark::Unblocked };
        self.chats.person_mark(person, &mark).await?;
        if !blocked {
            self.engine.store().notices_unblock(&account_of(person)).await?;
        }
        Ok(())
    }

    /// Everything about an update but writing it: effects are carried out on the way, each under a key of its own.
    async fn decide(&self, update: &UpdateRecord, heard: &Heard) -> Result<(Turn, Vec<Out>), StoreError> {
        let before = self.before(heard).await?;
        let (input, used) = match self.input(heard, &before).await? {
            Some(found) => found,
            None => return Ok((self.nothing(update, &before), Vec::new())),
        };
        let start = matches!(input, Input::Start { .. });
        let source = match &input {
            Input::Start { payload } => payload.clone(),
            _ => None,
        };
        if start || before.known.as_ref().is_some_and(|known| known.blocked_at.is_some()) {
            self.engine.store().notices_unblock(&account_of(before.person)).await?;
        }
        let context = self.context(&before).await;
        let banned = before.known.as_ref().and_then(|known| known.banned_at);
        let decided = if let Some(since) = banned {
            let text = Text::new("banned").words("id", before.person.to_string());
            let tells = self.tells_the_banned(before.person, since, update.id).await?;
            let show = tells.then(|| Show::Here(Screen::new(text))).into_iter().collect();
            Decision { state: before.state.clone(), show, effect: None, change: Change::default() }
        } else {
            self.through(&context, heard, &before, input).await?
        };
        let lang = decided.change.lang.unwrap_or(before.lang);
        let forgotten = decided.change.forgets;
        let (reply, actions) = self.written(heard, &before, lang, &decided.show).await;
        let moved = before.version == 0 || decided.state != before.state;
        // An enum of words, numbers and ids always serialises.
        let state = serde_json::to_value(&decided.state).unwrap_or_default();
        let dialogue = DialogueWrite { expected: before.version, format: STATE_FORMAT, state };
        let turn = Turn {
            dialogue: (moved && !forgotten).then_some(dialogue),
            seen: (!forgotten).then(|| seen(&heard.from, &before, &decided.change, source)),
            actions,
            used: used.filter(|_| !forgotten),
            reply: serde_json::to_value(&reply).ok().filter(|_| !reply.is_empty()),
            ..self.nothing(update, &before)
        };
        Ok((turn, reply))
    }

    /// Whoever is banned hears it once, with the first update after it.
    async fn tells_the_banned(
        &self,
        person: PersonId,
        since: Timestamp,
        update: i64,
    ) -> Result<bool, StoreError> {
        let what = format!("banned {}", since.timestamp_micros());
        let within = Duration::from_secs(3_650 * 24 * 3_600);
        let take = AllowanceTake { person, what, key: update.to_string(), most: 1, within };
        Ok(matches!(self.chats.allowance_take(&take).await?, Allowance::Granted { .. }))
    }

    /// A turn that changes nothing, and ends its update.
    fn nothing(&self, update: &UpdateRecord, before: &Before) -> Turn {
        Turn {
            chat: before.chat,
            person: before.person,
            update: (update.id, update.epoch),
            dialogue: None,
            seen: None,
            actions: Vec::new(),
            used: None,
            reply: None,
        }
    }

    async fn before(&self, heard: &Heard) -> Result<Before, StoreError> {
        let (chat, person) = (ChatRef { bot: self.api.id(), chat: heard.chat }, PersonId(heard.from.id));
        let known = self.chats.person_get(person).await?;
        let dialogue = self.chats.dialogue_get(chat).await?;
        let version = dialogue.as_ref().map_or(0, |dialogue| dialogue.version);
        // A state of another format is one that we do not know: the menu.
        let readable = dialogue.filter(|dialogue| dialogue.format == STATE_FORMAT);
        let state = readable.and_then(|dialogue| serde_json::from_value(dialogue.state).ok());
        let account = account_of(person);
        let store = self.engine.store();
        let (account, bonus) = match store.account_get(&account).await? {
            Some(account) => (account, None),
            None => {
                let free = self.settings.free_credits;
                let id = EntryId::new(self.clock.now(), self.entropy.id_bytes());
                let bonus = free.is_positive().then_some((id, free));
                let open = AccountOpen { account, credit_limit: Credits::ZERO, bonus };
                (store.account_open(&open).await?, bonus.map(|(_, free)| free))
            }
        };
        let lang = match &known {
            Some(known) if known.lang_chosen => known.lang,
            _ => client_lang(heard.from.language.as_deref()),
        };
        let (available, held) = (account.available, account.held);
        let state = state.unwrap_or_default();
        let maintenance = self.chats.maintenance_get().await?;
        Ok(Before { chat, person, known, state, version, lang, available, held, bonus, maintenance })
    }

    /// What was done, and the button that works once and was pressed.
    async fn input(
        &self,
        heard: &Heard,
        before: &Before,
    ) -> Result<Option<(Input, Option<ActionId>)>, StoreError> {
        Ok(match &heard.what {
            What::Membership { .. } | What::Checkout { .. } | What::Paid { .. } | What::GivenBack { .. } => {
                None
            }
            // Whoever we have never seen begins at the beginning, whatever they say.
            What::Said(Input::Start { payload }) => Some((Input::Start { payload: payload.clone() }, None)),
            What::Said(_) if before.known.is_none() => Some((Input::Start { payload: None }, None)),
            What::Said(input) => Some((input.clone(), None)),
            What::Pressed { data, .. } => {
                let Ok(id) = data.parse::<ActionId>() else {
                    return Ok(Some((Input::Press(Err(Stale::Foreign)), None)));
                };
                let press = Press { id, chat: before.chat, person: before.person };
                let (press, used) = match self.chats.action_find(&press).await? {
                    Pressed::Good { body, once } => match serde_json::from_value::<Action>(body) {
                        Ok(action) => (Ok(action), once.then_some(id)),
                        // A button of another version.
                        Err(_) => (Err(Stale::Old), None),
                    },
                    Pressed::Used => (Err(Stale::Used), None),
                    Pressed::Expired => (Err(Stale::Old), None),
                    Pressed::Unknown => (Err(Stale::Foreign), None),
                };
                Some((Input::Press(press), used))
            }
        })
    }

    async fn context(&self, before: &Before) -> Context<'_> {
        let consented = !self.settings.has_terms()
            || before.known.as_ref().is_some_and(|known| known.consent_at.is_some());
        let minutes = self.minutes.lately(self.engine.store().as_ref(), self.clock.monotonic()).await;
        let is_new =
            before.known.as_ref().is_none_or(|known| self.settings.has_terms() && known.consent_at.is_none());
        Context {
            settings: &self.settings,
            person: before.person,
            lang: before.lang,
            consented,
            is_new,
            bonus: before.bonus,
            available: before.available,
            held: before.held,
            price: self.engine.policy().price,
            minutes,
            maintenance: before.maintenance.clone(),
            sold_by: self.sold_by(),
            fresh: DraftId::new(self.entropy.id_bytes()),
        }
    }

    /// The function, fed with the results of its own effects.
    async fn through(
        &self,
        context: &Context<'_>,
        heard: &Heard,
        before: &Before,
        input: Input,
    ) -> Result<Decision, StoreError> {
        let mut decision = step(context, before.state.clone(), Event::Came(input));
        for _ in 0..MOST_EFFECTS {
            let Some(effect) = decision.effect.take() else { break };
            let doing = Doing { chat: before.chat, person: before.person, message: pressed_message(heard) };
            let known = self.carry_out(&doing, effect).await?;
            let next = step(context, decision.state, Event::Known(known));
            let show = decision.show.into_iter().chain(next.show).collect();
            decision = Decision { show, change: decision.change.and(next.change), ..next };
        }
        Ok(decision)
    }

    /// Puts into words what is to be shown, with fresh buttons.
    async fn written(
        &self,
        heard: &Heard,
        before: &Before,
        lang: Lang,
        show: &[Show],
    ) -> (Vec<Out>, Vec<neurocards::ActionNew>) {
        let (mut outs, mut actions, mut toast) = (Vec::new(), Vec::new(), None);
        let mut sheet = |screen: &Screen| {
            let minted = mint(screen, lang, before.chat, before.person, &self.entropy);
            actions.extend(minted.actions);
            minted.sheet
        };
        // The first screen takes the place of the message whose button was pressed; what follows stands below it.
        let mut place = match &heard.what {
            What::Pressed { message, picture, .. } => message.map(|message| (message, *picture)),
            _ => None,
        };
        for show in show {
            match show {
                Show::Toast(text) => toast = Some(text.plain(lang)),
                Show::New(screen) => outs.push(send(screen, sheet(screen))),
                Show::Demos => outs.push(Out::Demos { files: self.settings.demo_videos.clone() }),
                Show::Here(screen) => {
                    let minted = sheet(screen);
                    // Words do not fit under a video: what is shown in its place stands below it.
                    outs.push(match place.take().filter(|(_, picture)| !picture) {
                        Some((message, picture)) => Out::Edit { message, picture, sheet: minted },
                        None => send(screen, minted),
                    });
                }
                Show::Card(record) => {
                    let minutes =
                        self.minutes.lately(self.engine.store().as_ref(), self.clock.monotonic()).await;
                    let around = Around { minutes, ahead: None, paused: false };
                    let sheet = sheet(&card(record, &around));
                    outs.push(match place.take() {
                        Some((message, picture)) => Out::Edit { message, picture, sheet },
                        None => Out::Send { sheet, picture: None },
                    });
                }
                Show::Invoice(payment) => {
                    let of = |key| Text::new(key).text("credits", Text::credits(payment.credits)).plain(lang);
                    outs.push(Out::Invoice {
                        title: of("invoice-title"),
                        description: of("invoice-description"),
                        payload: payment.id.to_string(),
                        stars: payment.price.amount,
                    });
                }
                Show::Video(artifact, caption) => {
                    let instead = too_big(self.link.as_ref(), artifact, None).html(lang);
                    let (artifact, caption) = (artifact.clone(), caption.html(lang));
                    outs.push(Out::Video { artifact, caption, instead });
                }
            }
        }
        if let What::Pressed { query, .. } = &heard.what {
            outs.insert(0, Out::Answer { query: query.clone(), text: toast });
        }
        (outs, actions)
    }

    /// The last word on an update that will not take effect.
    async fn apologise(&self, update: &UpdateRecord) {
        if update.reply.is_some() {
            return;
        }
        let Some(heard) = read(&self.schema, &update.body).await else { return };
        let lang = client_lang(heard.from.language.as_deref());
        let sheet = Sheet { html: Text::new("trouble").html(lang), rows: Vec::new() };
        if let Err(error) = self.show(&heard, &[Out::Send { sheet, picture: None }]).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "nobody could be told of the trouble");
        }
    }
}

fn send(screen: &Screen, sheet: Sheet) -> Out {
    Out::Send { sheet, picture: screen.picture.clone() }
}

fn pressed_message(heard: &Heard) -> Option<i64> {
    match &heard.what {
        What::Pressed { message, .. } => *message,
        _ => None,
    }
}

fn seen(from: &From, before: &Before, change: &Change, source: Option<String>) -> PersonWrite {
    let known = before.known.as_ref();
    PersonWrite {
        username: from.username.clone(),
        lang: change.lang.unwrap_or(before.lang),
        lang_chosen: change.lang.is_some() || known.is_some_and(|known| known.lang_chosen),
        source,
        consents: change.consents,
        preferences: known.map_or(Value::Null, |known| known.preferences.clone()),
    }
}

/// The language that a client's own says: Russian where it is widely read.
pub(super) fn client_lang(language: Option<&str>) -> Lang {
    let Some(language) = language else { return Lang::Ru };
    let front = language.split('-').next().unwrap_or_default();
    if matches!(front, "ru" | "uk" | "be" | "kk" | "ky" | "uz" | "tg" | "hy" | "az" | "ka") {
        Lang::Ru
    } else {
        Lang::En
    }
}
