//! The methods, carried out.

use serde_json::{Value, json};

use super::files::Said;
use super::html::{length, words};
use super::keyboard;
use super::seen::{Seen, SeenVideo};
use super::world::{File, Webhook, World};
use crate::violation::Rule;

/// Most bytes of an upload, and of a download.
const UPLOAD_MAX_BYTES: usize = 50 * 1024 * 1024;
const DOWNLOAD_MAX_BYTES: usize = 20 * 1024 * 1024;

/// What the service says to a request that it does not carry out.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) parameters: Option<Value>,
}

impl Refused {
    pub(super) fn bad(words: &str) -> Self {
        Self { code: 400, description: format!("Bad Request: {words}"), parameters: None }
    }

    fn forbidden(description: &str) -> Self {
        Self { code: 403, description: description.to_owned(), parameters: None }
    }
}

type Answer = Result<Value, Refused>;

impl World {
    pub(super) fn carry_out(&mut self, method: &str, said: &Said, seq: u64) -> Answer {
        match method {
            "getme" => Ok(json!({
                "id": self.bot, "is_bot": true, "first_name": "neurocards", "username": "neurocards_fake_bot",
                "can_join_groups": false, "can_read_all_group_messages": false, "supports_inline_queries": false,
                "can_connect_to_business": false, "has_main_web_app": false,
            })),
            "setmycommands" => self.set_commands(said, seq),
            "getmycommands" => {
                let shelf = self.command_shelf(said)?;
                Ok(self.commands.get(&shelf).cloned().unwrap_or_else(|| json!([])))
            }
            "sendchataction" => self.reach(said).map(|_| json!(true)),
            "setwebhook" => {
                self.webhooks_set += 1;
                self.last_error = None;
                let (url, secret) = (said.text("url"), said.text("secret_token"));
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
                if secret.is_empty() || secret.len() > 256 || !secret.bytes().all(plain) {
                    self.violations.note(
                        seq,
                        Rule::Body,
                        "a webhook without a secret, or with one that is none",
                    );
                }
                let certificate = said.file("certificate");
                let certificate = certificate.map(|pem| String::from_utf8_lossy(pem).into_owned());
                if certificate.as_ref().is_some_and(|pem| pem.contains("PRIVATE KEY")) {
                    self.violations.note(seq, Rule::Body, "a private key was uploaded");
                }
                let allowed = said.value("allowed_updates").unwrap_or_default();
                let webhook = Webhook { url, secret, certificate, allowed };
                self.webhook = Some(webhook).filter(|webhook| !webhook.url.is_empty());
                Ok(json!(true))
            }
            "deletewebhook" => {
                self.webhook = None;
                self.webhooks_deleted += 1;
                if said.value("drop_pending_updates") == Some(json!(true)) {
                    self.violations.note(seq, Rule::Body, "updates that wait are thrown away");
                }
                Ok(json!(true))
            }
            "getwebhookinfo" => Ok(self.webhook_info()),
            "sendmessage" => self.send_message(said, seq),
            "editmessagetext" | "editmessagecaption" => self.edit(method, said, seq),
            "sendvideo" => self.send_video(said, seq),
            "sendphoto" => self.send_photo(said, seq),
            "sendmediagroup" => self.send_media_group(said, seq),
            "answercallbackquery" => self.answer(said),
            "getfile" => self.get_file(said),
            "sendinvoice" => self.send_invoice(said, seq),
            "answerprecheckoutquery" => self.answer_checkout(said),
            "refundstarpayment" => self.refund(said),
            _ => {
                self.violations.note(seq, Rule::Unrouted, format!("the method {method}"));
                Err(Refused { code: 404, description: "Not Found".to_owned(), parameters: None })
            }
        }
    }

    fn webhook_info(&self) -> Value {
        let webhook = self.webhook.as_ref();
        let mut info = json!({
            "url": webhook.map(|webhook| webhook.url.as_str()).unwrap_or_default(),
            "has_custom_certificate": webhook.is_some_and(|webhook| webhook.certificate.is_some()),
            "pending_update_count": self.waiting(),
        });
        if let Some(webhook) = webhook {
            info["allowed_updates"] = webhook.allowed.clone();
        }
        if let Some((at, why)) = &self.last_error {
            (info["last_error_date"], info["last_error_message"]) = (json!(at / 1_000), json!(why));
        }
        info
    }

    /// Whether a chat can be written to.
    pub(super) fn reach(&self, said: &Said) -> Result<i64, Refused> {
        let id = said.number("chat_id").ok_or_else(|| Refused::bad("chat_id is empty"))?;
        let chat = self.chats.get(&id).ok_or_else(|| Refused::bad("chat not found"))?;
        if let Some(to) = chat.moved_to {
            let parameters = Some(json!({ "migrate_to_chat_id": to }));
            let refused = Refused::bad("group chat was upgraded to a supergroup chat");
            return Err(Refused { parameters, ..refused });
        }
        match chat.closed {
            Some(why) => Err(Refused::forbidden(why)),
            None => Ok(id),
        }
    }

    /// The words of a text, checked.
    fn words_of(&mut self, html: &str, most: usize, seq: u64) -> Result<String, Refused> {
        let read = words(html).map_err(|error| {
            self.violations.note(seq, Rule::Body, error.clone());
            Refused::bad(&error)
        })?;
        if length(&read) > most {
            self.violations.note(seq, Rule::Body, format!("{} characters", length(&read)));
            return Err(Refused::bad(if most == 1_024 {
                "message caption is too long"
            } else {
                "message is too long"
            }));
        }
        Ok(read)
    }

    fn keyboard(&mut self, said: &Said, seq: u64) -> Result<Vec<Vec<super::Button>>, Refused> {
        keyboard::read(said.value("reply_markup").as_ref()).map_err(|error| {
            self.violations.note(seq, Rule::Body, error.clone());
            Refused::bad(&error)
        })
    }

    fn send_message(&mut self, said: &Said, seq: u64) -> Answer {
        let chat = self.reach(said)?;
        let html = said.text("text");
        let text = self.words_of(&html, 4_096, seq)?;
        if text.trim().is_empty() {
            self.violations.note(seq, Rule::Body, "an empty message");
            return Err(Refused::bad("message text is empty"));
        }
        let buttons = self.keyboard(said, seq)?;
        let id = self.put(chat, Seen { from_bot: true, text, html, buttons, ..blank() });
        self.sent(chat, id)
    }

    fn edit(&mut self, method: &str, said: &Said, seq: u64) -> Answer {
        let chat = self.reach(said)?;
        let id = said.number("message_id").unwrap_or_default();
        let captions = method == "editmessagecaption";
        let html = said.text(if captions { "caption" } else { "text" });
        let text = self.words_of(&html, if captions { 1_024 } else { 4_096 }, seq)?;
        let buttons = self.keyboard(said, seq)?;
        let messages = self.chats.get_mut(&chat).map(|chat| &mut chat.messages);
        let message = messages.and_then(|messages| messages.iter_mut().find(|message| message.id == id));
        let message = message.ok_or_else(|| Refused::bad("message to edit not found"))?;
        if !message.from_bot {
            return Err(Refused::bad("message can't be edited"));
        }
        if (message.video.is_some() || message.picture.is_some()) && !captions {
            return Err(Refused::bad("there is no text in the message to edit"));
        }
        if message.video.is_none() && message.picture.is_none() && captions {
            return Err(Refused::bad("there is no caption in the message to edit"));
        }
        if message.html == html && message.buttons == buttons {
            return Err(Refused::bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a \
                 current content and reply markup of the message",
            ));
        }
        (message.text, message.html, message.buttons) = (text, html, buttons);
        message.edits += 1;
        self.sent(chat, id)
    }

    fn send_video(&mut self, said: &Said, seq: u64) -> Answer {
        let chat = self.reach(said)?;
        let html = said.text("caption");
        let text = self.words_of(&html, 1_024, seq)?;
        let buttons = self.keyboard(said, seq)?;
        let (file_id, bytes) = match self.video_bytes(said, seq)? {
            Ok(bytes) => {
                let id = self.name("VIDEO");
                self.files.insert(id.clone(), File { bytes: bytes.clone(), kind: "video" });
                (id, bytes.len())
            }
            Err(id) => {
                let bytes = self.kept(&id, "video")?.bytes.len();
                (id, bytes)
            }
        };
        let number = |key| said.number(key).unwrap_or_default();
        let shape = (number("width"), number("height"), number("duration"));
        if said.file("video").is_some() && (shape.0 == 0 || shape.1 == 0) {
            self.violations.note(seq, Rule::Body, "a video without width and height shows as a square");
        }
        let streams = said.value("supports_streaming") == Some(json!(true));
        let video = Some(SeenVideo { file_id, bytes, shape, streams });
        let id = self.put(chat, Seen { from_bot: true, text, html, buttons, video, ..blank() });
        self.sent(chat, id)
    }

    /// A file that the service keeps, of the kind that is asked for.
    fn kept(&self, id: &str, kind: &str) -> Result<&File, Refused> {
        match self.files.get(id) {
            Some(file) if file.kind == kind => Ok(file),
            Some(file) => Err(Refused::bad(&format!("can't use file of type {} as {kind}", file.kind))),
            None => Err(Refused::bad("wrong file identifier/HTTP URL specified")),
        }
    }

    /// A photo, by the id of one that the service keeps.
    fn send_photo(&mut self, said: &Said, seq: u64) -> Answer {
        let chat = self.reach(said)?;
        let html = said.text("caption");
        let text = self.words_of(&html, 1_024, seq)?;
        let buttons = self.keyboard(said, seq)?;
        let picture = said.text("photo");
        self.kept(&picture, "photo")?;
        let picture = Some(picture);
        let id = self.put(chat, Seen { from_bot: true, text, html, buttons, picture, ..blank() });
        self.sent(chat, id)
    }

    /// Videos in an album, by the ids of those that the service keeps.
    fn send_media_group(&mut self, said: &Said, seq: u64) -> Answer {
        let chat = self.reach(said)?;
        let media = said.value("media").unwrap_or_default();
        let items = media.as_array().cloned().unwrap_or_default();
        if !(2..=10).contains(&items.len()) {
            self.violations.note(seq, Rule::Body, format!("an album of {}", items.len()));
            return Err(Refused::bad("there must be at least 2 and at most 10 items to send"));
        }
        let mut videos = Vec::new();
        for item in &items {
            let id = item["media"].as_str().unwrap_or_default();
            if item["type"] != "video" {
                self.violations.note(seq, Rule::Body, "an album of something else than videos");
            }
            videos.push((id.to_owned(), self.kept(id, "video")?.bytes.len()));
        }
        let mut sent = Vec::new();
        for (file_id, bytes) in videos {
            let video = Some(SeenVideo { file_id, bytes, shape: (0, 0, 0), streams: false });
            let id = self.put(chat, Seen { from_bot: true, video, ..blank() });
            sent.push(self.sent(chat, id)?);
        }
        Ok(sent.into())
    }

    /// Where a list of commands lies: its scope, and its language.
    fn command_shelf(&self, said: &Said) -> Result<(String, String), Refused> {
        let scope = said.value("scope").unwrap_or_else(|| json!({ "type": "default" }));
        if let Some(chat) = scope["chat_id"].as_i64()
            && !self.chats.contains_key(&chat)
        {
            return Err(Refused::bad("chat not found"));
        }
        Ok((scope.to_string(), said.text("language_code")))
    }

    fn set_commands(&mut self, said: &Said, seq: u64) -> Answer {
        let shelf = self.command_shelf(said)?;
        let commands = said.value("commands").unwrap_or_default();
        let good = |command: &Value| {
            let (name, about) = (command["command"].as_str(), command["description"].as_str());
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            name.is_some_and(|name| (1..=32).contains(&name.len()) && name.bytes().all(plain))
                && about.is_some_and(|about| (1..=256).contains(&length(about)))
        };
        let all = commands.as_array().is_some_and(|all| all.len() <= 100 && all.iter().all(good));
        if !all {
            self.violations.note(seq, Rule::Body, "commands that the service does not list");
            return Err(Refused::bad("BOT_COMMAND_INVALID"));
        }
        self.commands.insert(shelf, commands);
        self.commands_set += 1;
        Ok(json!(true))
    }

    /// The bytes that came with a video, or the id that stands for them.
    fn video_bytes(&mut self, said: &Said, seq: u64) -> Result<Result<bytes::Bytes, String>, Refused> {
        let Some(bytes) = said.file("video") else { return Ok(Err(said.text("video"))) };
        if bytes.len() > UPLOAD_MAX_BYTES {
            return Err(Refused {
                code: 413,
                description: "Request Entity Too Large".to_owned(),
                parameters: None,
            });
        }
        if bytes.get(4..8) != Some(b"ftyp") {
            self.violations.note(seq, Rule::Body, "a video that is no MP4");
        }
        Ok(Ok(bytes.clone()))
    }

    fn answer(&mut self, said: &Said) -> Answer {
        let id = said.text("callback_query_id");
        let query = self.queries.get_mut(&id).filter(|query| !query.answered);
        let Some(query) = query else {
            return Err(Refused::bad("query is too old and response timeout expired or query ID is invalid"));
        };
        query.answered = true;
        let (chat, text) = (query.chat, Some(said.text("text")).filter(|text| !text.is_empty()));
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.toasts.push(text);
        }
        Ok(json!(true))
    }

    fn get_file(&mut self, said: &Said) -> Answer {
        let id = said.text("file_id");
        let file = self
            .files
            .get(&id)
            .ok_or_else(|| Refused::bad("wrong file_id or the file is temporarily unavailable"))?;
        if file.bytes.len() > DOWNLOAD_MAX_BYTES {
            return Err(Refused::bad("file is too big"));
        }
        Ok(json!({
            "file_id": id, "file_unique_id": format!("u{id}"), "file_size": file.bytes.len(),
            "file_path": format!("{}/{id}", file.kind),
        }))
    }

    /// The bot's own message, as the service answers it.
    pub(super) fn sent(&self, chat: i64, id: i64) -> Answer {
        let found =
            self.chats.get(&chat).and_then(|chat| chat.messages.iter().find(|message| message.id == id));
        let Some(seen) = found else { return Err(Refused::bad("message not found")) };
        let mut message = json!({
            "message_id": id, "date": self.clock.now_ms() / 1_000, "chat": self.chat_json(chat),
            "from": { "id": self.bot, "is_bot": true, "first_name": "neurocards", "username": "neurocards_fake_bot" },
        });
        match (&seen.video, &seen.picture) {
            (None, None) => message["text"] = json!(seen.text),
            (None, Some(picture)) => {
                let size = json!({ "file_id": picture, "file_unique_id": format!("u{picture}"), "width": 1280, "height": 720 });
                message["photo"] = json!([size]);
                if !seen.text.is_empty() {
                    message["caption"] = json!(seen.text);
                }
            }
            (Some(video), _) => {
                message["video"] = json!({
                    "file_id": video.file_id, "file_unique_id": format!("u{}", video.file_id),
                    "file_size": video.bytes, "width": video.shape.0, "height": video.shape.1,
                    "duration": video.shape.2, "mime_type": "video/mp4",
                });
                if !seen.text.is_empty() {
                    message["caption"] = json!(seen.text);
                }
            }
        }
        Ok(message)
    }

    fn send_invoice(&mut self, said: &Said, seq: u64) -> Answer {
        let chat = self.reach(said)?;
        let (payload, currency) = (said.text("payload"), said.text("currency"));
        let prices = said.value("prices").unwrap_or_default();
        let stars = currency == "XTR";
        let one = prices.as_array().is_some_and(|prices| prices.len() == 1);
        let fits = |text: &str, most: usize| (1..=most).contains(&length(text));
        if !fits(&said.text("title"), 32)
            || !fits(&said.text("description"), 255)
            || !(1..=128).contains(&payload.len())
        {
            self.violations.note(seq, Rule::Body, "title, description or payload of an invoice");
            return Err(Refused::bad("INVOICE_PAYLOAD_INVALID"));
        }
        if stars && (!one || !said.text("provider_token").is_empty()) {
            self.violations.note(seq, Rule::Body, "Stars have one price and no provider token");
            return Err(Refused::bad("STARS_INVOICE_INVALID"));
        }
        let amount = prices[0]["amount"].as_i64().unwrap_or_default();
        let pay = super::Button { label: format!("Pay {amount}"), data: None, url: None, pays: true };
        let (text, invoice) = (said.text("title"), Some((payload, currency, amount)));
        let id = self.put(chat, Seen { from_bot: true, text, buttons: vec![vec![pay]], invoice, ..blank() });
        self.sent(chat, id)
    }

    fn answer_checkout(&mut self, said: &Said) -> Answer {
        let id = said.text("pre_checkout_query_id");
        let Some(checkout) = self.money.checkouts.remove(&id) else {
            return Err(Refused::bad("query is too old and response timeout expired or query ID is invalid"));
        };
        if said.value("ok") != Some(json!(true)) {
            let words = said.text("error_message");
            if let Some(chat) = self.chats.get_mut(&checkout.person) {
                chat.toasts.push(Some(words));
            }
            return Ok(json!(true));
        }
        let charge = self.name("CHARGE");
        self.money.charges.insert(charge.clone(), (checkout.person, checkout.amount, false));
        let id = self.put(checkout.person, Seen { text: "Payment".to_owned(), ..blank() });
        let mut message = self.message(checkout.person, id);
        message["successful_payment"] = json!({
            "currency": checkout.currency, "total_amount": checkout.amount, "invoice_payload": checkout.payload,
            "telegram_payment_charge_id": charge, "provider_payment_charge_id": format!("p{charge}"),
        });
        self.money.paid.push((checkout.person, message.clone()));
        self.tell("message", message);
        Ok(json!(true))
    }

    fn refund(&mut self, said: &Said) -> Answer {
        let (person, id) =
            (said.number("user_id").unwrap_or_default(), said.text("telegram_payment_charge_id"));
        match self.money.charges.get_mut(&id) {
            Some((payer, _, refunded)) if *payer == person && !*refunded => *refunded = true,
            Some((_, _, true)) => return Err(Refused::bad("CHARGE_ALREADY_REFUNDED")),
            _ => return Err(Refused::bad("CHARGE_NOT_FOUND")),
        }
        let amount = self.money.charges.get(&id).map_or(0, |(_, amount, _)| *amount);
        let message_id = self.put(person, Seen { text: "Refund".to_owned(), ..blank() });
        let mut message = self.message(person, message_id);
        message["refunded_payment"] = json!({
            "currency": "XTR", "total_amount": amount, "invoice_payload": "refund", "telegram_payment_charge_id": id,
        });
        self.tell("message", message);
        Ok(json!(true))
    }
}

/// A message without anything.
pub(super) fn blank() -> Seen {
    Seen {
        id: 0,
        from_bot: false,
        text: String::new(),
        html: String::new(),
        buttons: Vec::new(),
        video: None,
        picture: None,
        edits: 0,
        invoice: None,
    }
}
