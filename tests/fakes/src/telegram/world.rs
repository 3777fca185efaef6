//! What the fake knows: chats, files, updates that wait.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::money::Money;
use super::seen::Seen;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::script::Script;
use crate::secret::Secret;
use crate::violation::Violations;
use crate::wire::{dice, hex};

#[derive(Debug)]
pub(super) struct World {
    pub(super) token: Secret,
    pub(super) bot: i64,
    pub(super) clock: Clock,
    pub(super) chats: BTreeMap<i64, Chat>,
    pub(super) files: BTreeMap<String, File>,
    /// By their numbers, until they are confirmed.
    updates: BTreeMap<i64, Value>,
    next_update: i64,
    pub(super) queries: BTreeMap<String, Query>,
    pub(super) webhook: Option<Webhook>,
    /// How often one was set, and taken away.
    pub(super) webhooks_set: u64,
    pub(super) webhooks_deleted: u64,
    /// By scope and language.
    pub(super) commands: BTreeMap<(String, String), Value>,
    pub(super) commands_set: u64,
    pub(super) last_error: Option<(i64, String)>,
    pub(super) pollers: u64,
    made: u64,
    pub(super) money: Money,
    pub(super) faults: Script<Fault>,
    pub(super) violations: Violations,
}

/// A chat with a person, or a channel.
#[derive(Debug, Default)]
pub(super) struct Chat {
    pub(super) messages: Vec<Seen>,
    next_id: i64,
    /// The person has blocked the bot, or has never spoken to it.
    pub(super) closed: Option<&'static str>,
    pub(super) moved_to: Option<i64>,
    pub(super) username: Option<String>,
    pub(super) language: String,
    /// What short answers said, the last one last; `None` for those without words.
    pub(super) toasts: Vec<Option<String>>,
    pub(super) person: bool,
}

/// Where updates are brought.
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) secret: String,
    pub(super) certificate: Option<String>,
    pub(super) allowed: Value,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A file that somebody sent, or that a bot uploaded.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) bytes: Bytes,
    pub(super) kind: &'static str,
}

/// A press that waits for its answer.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) chat: i64,
    pub(super) answered: bool,
}

impl World {
    pub(super) fn new(token: &str, clock: Clock) -> Self {
        let bot =
            token.split(':').next().and_then(|id| id.parse().ok()).expect("a token begins with a number");
        Self {
            token: Secret(token.to_owned()),
            bot,
            clock,
            chats: BTreeMap::new(),
            files: BTreeMap::new(),
            updates: BTreeMap::new(),
            next_update: 1_000,
            queries: BTreeMap::new(),
            webhook: None,
            webhooks_set: 0,
            webhooks_deleted: 0,
            commands: BTreeMap::new(),
            commands_set: 0,
            last_error: None,
            pollers: 0,
            made: 0,
            money: Money::default(),
            faults: Script::new(0),
            violations: Violations::default(),
        }
    }

    pub(super) fn person(&mut self, id: i64) -> &mut Chat {
        self.chats.entry(id).or_insert_with(|| Chat {
            person: true,
            language: "ru".to_owned(),
            username: Some(format!("user{id}")),
            closed: Some("Forbidden: bot can't initiate conversation with a user"),
            ..Chat::default()
        })
    }

    pub(super) fn open_channel(&mut self, id: i64) {
        self.chats.entry(id).or_default();
    }

    pub(super) fn seen(&self, chat: i64) -> Vec<Seen> {
        self.chats.get(&chat).map(|chat| chat.messages.clone()).unwrap_or_default()
    }

    pub(super) fn migrate(&mut self, from: i64, to: i64) {
        let chat = self.chats.entry(from).or_default();
        chat.moved_to = Some(to);
        let (person, messages) = (chat.person, chat.messages.clone());
        self.chats.insert(to, Chat { person, messages, ..Chat::default() });
    }

    pub(super) fn forget_files(&mut self) {
        self.files.clear();
    }

    /// An id that no other thing has.
    pub(super) fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}{}_{}", self.bot, hex(&dice(self.bot.unsigned_abs(), kind, self.made)[..12]))
    }

    /// Puts a message into a chat; answers with its id.
    pub(super) fn put(&mut self, chat: i64, message: Seen) -> i64 {
        let chat = self.chats.entry(chat).or_default();
        chat.next_id += 1;
        let id = chat.next_id;
        chat.messages.push(Seen { id, ..message });
        id
    }

    /// Something that the bot should hear of.
    pub(super) fn tell(&mut self, kind: &str, what: Value) {
        let id = self.next_update;
        self.next_update += 1;
        self.updates.insert(id, json!({ "update_id": id, kind: what }));
    }

    /// Updates from this number on; those before it are confirmed.
    pub(super) fn fetch(&mut self, offset: Option<i64>, limit: usize) -> Vec<Value> {
        if let Some(offset) = offset {
            self.updates = self.updates.split_off(&offset);
        }
        self.updates.values().take(limit).cloned().collect()
    }

    /// It was brought, so it is not handed out again.
    pub(super) fn confirm(&mut self, id: i64) {
        self.updates.remove(&id);
    }

    pub(super) fn waiting(&self) -> usize {
        self.updates.len()
    }

    /// The person as the service tells of them.
    pub(super) fn user(&self, id: i64) -> Value {
        let chat = self.chats.get(&id);
        json!({
            "id": id, "is_bot": false, "first_name": "Somebody",
            "username": chat.and_then(|chat| chat.username.clone()),
            "language_code": chat.map(|chat| chat.language.clone()),
        })
    }

    pub(super) fn chat_json(&self, id: i64) -> Value {
        if self.chats.get(&id).is_some_and(|chat| chat.person) {
            json!({ "id": id, "type": "private", "first_name": "Somebody" })
        } else {
            json!({ "id": id, "type": "channel", "title": "A channel" })
        }
    }

    /// A message of a person, before what it says is added.
    pub(super) fn message(&self, chat: i64, id: i64) -> Value {
        json!({
            "message_id": id, "date": self.clock.now_ms() / 1_000, "from": self.user(chat), "chat": self.chat_json(chat),
        })
    }
}
