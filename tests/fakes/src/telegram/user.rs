//! A person who talks to the bot.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::host::TelegramHost;
use super::methods::blank;
use super::money::Checkout;
use super::seen::Seen;
use super::world::{File, Query};

/// A person who talks to the bot, and what they see.
#[derive(Debug, Clone)]
pub struct User {
    host: Arc<TelegramHost>,
    id: i64,
}

impl User {
    pub(super) fn new(host: Arc<TelegramHost>, id: i64) -> Self {
        Self { host, id }
    }

    /// Their number.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The language of their client: `ru` unless said otherwise.
    pub fn speaks(&self, language: &str) {
        language.clone_into(&mut self.host.world().person(self.id).language);
    }

    /// Writes a text.
    pub fn says(&self, text: &str) {
        self.write(text, |message| message["text"] = json!(text));
    }

    /// Sends a photo, which the service keeps in two sizes; the larger one is as it was sent.
    pub fn sends_photo(&self, jpeg: impl Into<Bytes>, caption: Option<&str>) {
        let jpeg = jpeg.into();
        let (small, large) = {
            let mut world = self.host.world();
            let ids = [world.name("PHOTO"), world.name("PHOTO")];
            for id in &ids {
                world.files.insert(id.clone(), File { bytes: jpeg.clone(), kind: "photo" });
            }
            let [small, large] = ids;
            (small, large)
        };
        let size = |id: &str, width: u32, bytes: usize| json!({ "file_id": id, "file_unique_id": format!("u{id}"), "width": width, "height": width, "file_size": bytes });
        self.write(caption.unwrap_or_default(), |message| {
            message["photo"] = json!([size(&small, 90, 900), size(&large, 1_280, jpeg.len())]);
            if let Some(caption) = caption {
                message["caption"] = json!(caption);
            }
        });
    }

    /// Sends a file.
    pub fn sends_file(&self, bytes: impl Into<Bytes>, mime: &str) {
        let bytes = bytes.into();
        let id = {
            let mut world = self.host.world();
            let id = world.name("DOCUMENT");
            world.files.insert(id.clone(), File { bytes: bytes.clone(), kind: "document" });
            id
        };
        self.write("a file", |message| {
            message["document"] = json!({
                "file_id": id, "file_unique_id": format!("u{id}"), "file_size": bytes.len(), "mime_type": mime,
            });
        });
    }

    /// Sends a video.
    pub fn sends_video(&self, mp4: impl Into<Bytes>) {
        let bytes = mp4.into();
        let id = {
            let mut world = self.host.world();
            let id = world.name("VIDEO");
            world.files.insert(id.clone(), File { bytes: bytes.clone(), kind: "video" });
            id
        };
        self.write("a video", |message| {
            message["video"] = json!({
                "file_id": id, "file_unique_id": format!("u{id}"), "file_size": bytes.len(), "width": 720,
                "height": 1280, "duration": 8, "mime_type": "video/mp4",
            });
        });
    }

    /// Sends something that is neither words nor a picture.
    pub fn sends_voice(&self) {
        self.write("a voice", |message| {
            message["voice"] = json!({
                "file_id": "VOICE", "file_unique_id": "uVOICE", "file_size": 900, "duration": 2, "mime_type": "audio/ogg",
            });
        });
    }

    fn write(&self, text: &str, say: impl FnOnce(&mut Value)) {
        let mut world = self.host.world();
        let chat = world.person(self.id);
        // Whoever writes to a bot can be written to.
        chat.closed = None;
        let id = world.put(self.id, Seen { text: text.to_owned(), ..blank() });
        let mut message = world.message(self.id, id);
        say(&mut message);
        world.tell("message", message);
        drop(world);
        self.host.stir();
    }

    /// Presses the latest button with these words on it.
    ///
    /// # Panics
    /// There is none.
    pub fn presses(&self, words: &str) {
        let chat = self.chat();
        let found = chat.iter().rev().find_map(|message| Some((message.id, message.button(words)?.clone())));
        let Some((message, button)) = found else { panic!("no button says {words:?} in\n{}", self.told()) };
        if button.pays {
            return self.pays(message);
        }
        let Some(data) = button.data else { panic!("the button {words:?} opens an address") };
        self.presses_data(message, &data);
    }

    /// Sends back what a button would, whether there is such a button or not.
    pub fn presses_data(&self, message: i64, data: &str) {
        let mut world = self.host.world();
        let id = world.name("QUERY");
        world.queries.insert(id.clone(), Query { chat: self.id, answered: false });
        let found = world.sent(self.id, message).ok();
        let query = json!({
            "id": id, "from": world.user(self.id), "chat_instance": format!("i{}", self.id), "data": data,
            "message": found,
        });
        world.tell("callback_query", query);
        drop(world);
        self.host.stir();
    }

    /// Presses "Pay" under an invoice.
    fn pays(&self, message: i64) {
        let seen = self.host.world().seen(self.id).into_iter().find(|seen| seen.id == message);
        let Some((payload, currency, amount)) = seen.and_then(|seen| seen.invoice) else { return };
        self.checks_out(payload, currency, amount);
    }

    fn checks_out(&self, payload: String, currency: String, amount: i64) {
        let mut world = self.host.world();
        let id = world.name("CHECKOUT");
        let checkout =
            Checkout { person: self.id, payload: payload.clone(), currency: currency.clone(), amount };
        world.money.checkouts.insert(id.clone(), checkout);
        let query = json!({
            "id": id, "from": world.user(self.id), "currency": currency, "total_amount": amount,
            "invoice_payload": payload,
        });
        world.tell("pre_checkout_query", query);
        drop(world);
        self.host.stir();
    }

    /// Presses "Pay" under an invoice of another price or with another payload, or under somebody else's.
    pub fn pays_for(&self, payload: &str, stars: i64) {
        self.checks_out(payload.to_owned(), "XTR".to_owned(), stars);
    }

    /// The messages that said that they paid come again, as new updates.
    pub fn paid_again(&self) {
        let mut world = self.host.world();
        let paid: Vec<_> =
            world.money.paid.iter().filter(|(person, _)| *person == self.id).cloned().collect();
        for (_, message) in paid {
            world.tell("message", message);
        }
        drop(world);
        self.host.stir();
    }

    /// The charges that they paid, and whether each was given back.
    pub fn charges(&self) -> Vec<(String, bool)> {
        let world = self.host.world();
        let own = world.money.charges.iter().filter(|(_, (person, ..))| *person == self.id);
        own.map(|(charge, (_, _, back))| (charge.clone(), *back)).collect()
    }

    /// Blocks the bot.
    pub fn blocks(&self) {
        self.member("member", "kicked", Some("Forbidden: bot was blocked by the user"));
    }

    /// Takes it back.
    pub fn unblocks(&self) {
        self.member("kicked", "member", None);
    }

    fn member(&self, before: &str, after: &str, closed: Option<&'static str>) {
        let mut world = self.host.world();
        world.person(self.id).closed = closed;
        let bot = json!({ "id": world.bot, "is_bot": true, "first_name": "neurocards", "username": "neurocards_fake_bot" });
        let status = |status: &str| match status {
            "kicked" => json!({ "status": status, "user": bot, "until_date": 0 }),
            _ => json!({ "status": status, "user": bot }),
        };
        let update = json!({
            "chat": world.chat_json(self.id), "from": world.user(self.id), "date": world.clock.now_ms() / 1_000,
            "old_chat_member": status(before), "new_chat_member": status(after),
        });
        world.tell("my_chat_member", update);
        drop(world);
        self.host.stir();
    }

    /// Deletes a message.
    pub fn deletes(&self, message: i64) {
        self.host.world().person(self.id).messages.retain(|seen| seen.id != message);
    }

    /// What they see: their own messages and the bot's, the oldest first.
    pub fn chat(&self) -> Vec<Seen> {
        self.host.world().seen(self.id)
    }

    /// The bot's latest message.
    ///
    /// # Panics
    /// There is none.
    pub fn last(&self) -> Seen {
        let last = self.chat().into_iter().rev().find(|seen| seen.from_bot);
        last.unwrap_or_else(|| panic!("the bot has not said anything"))
    }

    /// What short answers said, the last one last.
    pub fn toasts(&self) -> Vec<Option<String>> {
        self.host.world().person(self.id).toasts.clone()
    }

    /// The chat as lines for people.
    pub fn told(&self) -> String {
        let line = |seen: &Seen| {
            let who = if seen.from_bot { "bot" } else { "me" };
            let video = if seen.video.is_some() { " <video>" } else { "" };
            let labels: Vec<_> =
                seen.buttons.iter().flatten().map(|button| format!("[{}]", button.label)).collect();
            format!("{:>3} {who}:{video} {} {}", seen.id, seen.text.replace('\n', " / "), labels.join(" "))
        };
        self.chat().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Waits until what they see is so. It is looked at again whenever something happens, so no test needs to sleep.
    ///
    /// # Panics
    /// It is not within 30 seconds; the chat is in the message.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&[Seen]) -> bool) {
        let mut changed = self.host.changes();
        let wait = async {
            while !holds(&self.chat()) {
                if changed.changed().await.is_err() {
                    break;
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(30), wait).await.is_err() {
            let journal = self.host.journal.lines().join("\n");
            panic!("waited for {what} in vain; {} sees\n{}\nthe journal:\n{journal}", self.id, self.told());
        }
    }

    /// Waits until the bot's latest message, below everything that the person wrote, has these words; answers with it.
    ///
    /// # Panics
    /// It does not within 30 seconds.
    pub async fn reads(&self, words: &str) -> Seen {
        let mut found = None;
        self.until(&format!("{words:?}"), |chat| {
            let below = chat.iter().rev().take_while(|seen| seen.from_bot);
            found = below.take(1).find(|seen| seen.text.contains(words)).cloned();
            found.is_some()
        })
        .await;
        found.unwrap_or_else(|| self.last())
    }
}
