//! What an update means: who spoke, where, and what they did. One tree, a branch for each kind.

use std::ops::ControlFlow;

use serde_json::Value;
use teloxide::dispatching::{DpHandlerDescription, UpdateFilterExt};
use teloxide::dptree::{self, Handler};
use teloxide::types::{
    CallbackQuery, ChatMemberUpdated, MaybeInaccessibleMessage, Message, MessageKind, PreCheckoutQuery,
    Update, UpdateKind, User,
};

use crate::flow::{AdminCommand, Command, Input, PhotoSent, VideoSent};

/// What somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// In which chat: always a private one.
    pub chat: i64,
    /// Who.
    pub from: From,
    /// What.
    pub what: What,
}

/// Who speaks, as the channel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// Their number.
    pub id: i64,
    /// The name by which others find them.
    pub username: Option<String>,
    /// The language of their client.
    pub language: Option<String>,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Wrote, or sent something.
    Said(Input),
    /// Pressed a button.
    Pressed {
        /// What is to be answered.
        query: String,
        /// Under which message, if it is still known.
        message: Option<i64>,
        /// That message has a picture or a video.
        picture: bool,
        /// What came back with the button.
        data: String,
    },
    /// Is about to pay, and waits for a word within ten seconds.
    Checkout {
        /// What is to be answered.
        query: String,
        /// What is to be paid.
        money: Money,
    },
    /// Paid.
    Paid {
        /// What the provider knows it by.
        charge: String,
        /// What was paid.
        money: Money,
    },
    /// Got money back.
    GivenBack {
        /// Which charge.
        charge: String,
    },
    /// Blocked the bot, or took it back.
    Membership {
        /// Blocked it.
        blocked: bool,
    },
}

/// Money, as a message tells it: it is believed only where our own row says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// What the invoice carries.
    pub payload: String,
    /// In which currency.
    pub currency: String,
    /// How much, in its smallest unit.
    pub amount: i64,
}

/// The tree. An update that ends nowhere means nothing to us.
pub fn schema() -> Handler<'static, Heard, DpHandlerDescription> {
    dptree::entry()
        .branch(
            Update::filter_message()
                .filter(|message: Message| message.chat.is_private())
                .filter_map(|message: Message| money(&message).or_else(|| said(&message)))
                .endpoint(async |heard: Heard| heard),
        )
        .branch(
            Update::filter_callback_query()
                .filter_map(|query: CallbackQuery| pressed(query))
                .endpoint(async |heard: Heard| heard),
        )
        .branch(
            Update::filter_pre_checkout_query()
                .map(|query: PreCheckoutQuery| checkout(query))
                .endpoint(async |heard: Heard| heard),
        )
        .branch(
            Update::filter_my_chat_member()
                .filter(|member: ChatMemberUpdated| member.chat.is_private())
                .map(|member: ChatMemberUpdated| membership(&member))
                .endpoint(async |heard: Heard| heard),
        )
}

/// Reads an update as it came. Nothing: it means nothing to us.
pub async fn read(schema: &Handler<'static, Heard, DpHandlerDescription>, body: &Value) -> Option<Heard> {
    // The library reads the kind of an update as a borrowed word, which only a text can lend.
    let update: Update = serde_json::from_str(&body.to_string()).ok()?;
    if matches!(update.kind, UpdateKind::Error(_)) {
        return unreadable(body);
    }
    match schema.dispatch(dptree::deps![update]).await {
        ControlFlow::Break(heard) => Some(heard),
        ControlFlow::Continue(_) => None,
    }
}

/// A message of a kind that the library does not know yet: whoever sent it is answered all the same.
fn unreadable(body: &Value) -> Option<Heard> {
    let message = body.get("message").filter(|message| message["chat"]["type"] == "private")?;
    let text = |key: &str| message["from"][key].as_str().map(str::to_owned);
    let from = From {
        id: message["from"]["id"].as_i64()?,
        username: text("username"),
        language: text("language_code"),
    };
    Some(Heard { chat: message["chat"]["id"].as_i64()?, from, what: What::Said(Input::Other) })
}

/// The lane of an update: what it is about happens one after the other.
pub fn lane(body: &Value) -> i64 {
    let at = |path: &str| body.pointer(path).and_then(Value::as_i64);
    // A payment is checked within ten seconds, whatever else the person waits for.
    let check = at("/pre_checkout_query/from/id").map(|id| -1 - id);
    ["/message/chat/id", "/callback_query/from/id", "/my_chat_member/chat/id"]
        .into_iter()
        .find_map(at)
        .or(check)
        .unwrap_or_default()
}

fn from(user: &User) -> From {
    From {
        id: i64::try_from(user.id.0).unwrap_or_default(),
        username: user.username.clone(),
        language: user.language_code.clone(),
    }
}

fn said(message: &Message) -> Option<Heard> {
    let user = message.from.as_ref().filter(|user| !user.is_bot)?;
    let input = input(message)?;
    Some(Heard { chat: message.chat.id.0, from: from(user), what: What::Said(input) })
}

fn checkout(query: PreCheckoutQuery) -> Heard {
    let from = from(&query.from);
    let (payload, currency, amount) = (query.invoice_payload, query.currency, query.total_amount.into());
    let what = What::Checkout { query: query.id.0, money: Money { payload, currency, amount } };
    Heard { chat: from.id, from, what }
}

/// A message that says that money moved. It belongs to whoever's chat it stands in.
fn money(message: &Message) -> Option<Heard> {
    let what = if let Some(paid) = message.successful_payment() {
        let (payload, currency) = (paid.invoice_payload.clone(), paid.currency.clone());
        let charge = paid.telegram_payment_charge_id.0.clone();
        What::Paid { charge, money: Money { payload, currency, amount: paid.total_amount.into() } }
    } else if let MessageKind::RefundedPayment(back) = &message.kind {
        What::GivenBack { charge: back.refunded_payment.telegram_payment_charge_id.0.clone() }
    } else {
        return None;
    };
    let user = message.from.as_ref().filter(|user| !user.is_bot).map(from);
    let from = user.unwrap_or(From { id: message.chat.id.0, username: None, language: None });
    Some(Heard { chat: message.chat.id.0, from, what })
}

fn input(message: &Message) -> Option<Input> {
    if let Some(text) = message.text() {
        return Some(command(text).unwrap_or_else(|| Input::Text(text.to_owned())));
    }
    let caption = || message.caption().map(str::to_owned);
    let album = || message.media_group_id().map(|album| album.0.clone());
    let photo = |file_id: &str, bytes: u32| {
        Input::Photo(PhotoSent {
            file_id: file_id.to_owned(),
            bytes: bytes.into(),
            caption: caption(),
            album: album(),
        })
    };
    if let Some(size) =
        message.photo().and_then(|sizes| sizes.iter().max_by_key(|size| size.width * size.height))
    {
        return Some(photo(&size.file.id.0, size.file.size));
    }
    if let Some(document) = message.document() {
        let image = document.mime_type.as_ref().is_none_or(|mime| mime.type_() == "image");
        return Some(if image { photo(&document.file.id.0, document.file.size) } else { Input::Other });
    }
    if let Some(video) = message.video() {
        return Some(Input::Video(VideoSent {
            file_id: video.file.id.0.clone(),
            bytes: video.file.size.into(),
            shape: (video.width, video.height),
            seconds: video.duration.seconds(),
        }));
    }
    // Somebody pinned a message, a chat began: nobody waits for an answer.
    is_content(message).then_some(Input::Other)
}

fn is_content(message: &Message) -> bool {
    // What the library does not know ends up empty.
    matches!(message.kind, MessageKind::Common(_) | MessageKind::Empty { .. })
}

/// A command, perhaps with this bot's name behind it. One that we do not know asks for help.
fn command(text: &str) -> Option<Input> {
    let mut words = text.strip_prefix('/')?.split_whitespace();
    let name = words.next()?.split('@').next().unwrap_or_default().to_lowercase();
    if name == "start" {
        let plain = |word: &&str| {
            word.len() <= 64 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        return Some(Input::Start { payload: words.next().filter(plain).map(str::to_owned) });
    }
    match name.as_str() {
        "admin" => return Some(Input::Admin(AdminCommand::Home)),
        "user" => {
            let who = words.next().unwrap_or_default().chars().take(64).collect();
            return Some(Input::Admin(AdminCommand::User(who)));
        }
        _ => {}
    }
    let known = Command::ALL.into_iter().find(|(known, _)| *known == name);
    Some(Input::Command(known.map_or(Command::Help, |(_, command)| command)))
}

fn pressed(query: CallbackQuery) -> Option<Heard> {
    let (user, data) = (from(&query.from), query.data?);
    let (message, picture) = match &query.message {
        Some(MaybeInaccessibleMessage::Regular(message)) => {
            let picture = message.photo().is_some() || message.video().is_some();
            (Some(message.id.0.into()), picture)
        }
        // Too old to be edited.
        Some(MaybeInaccessibleMessage::Inaccessible(_)) | None => (None, false),
    };
    let chat = query.message.as_ref().map_or(user.id, |message| message.chat().id.0);
    let what = What::Pressed { query: query.id.0, message, picture, data };
    Some(Heard { chat, from: user, what })
}

fn membership(member: &ChatMemberUpdated) -> Heard {
    let blocked = !member.new_chat_member.is_present();
    Heard { chat: member.chat.id.0, from: from(&member.from), what: What::Membership { blocked } }
}

#[cfg(test)]
mod tests;
