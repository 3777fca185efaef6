//! Setting a fake KIE up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::KieFake;
use super::account::{Account, Key, Window};
use super::host::KieHost;
use super::models::Table;
use super::render::Render;
use super::route::Door;
use super::world::World;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::script::Script;
use crate::server::House;
use crate::violation::{Rule, Violations};

/// The account that is there when none was named.
const FIRST_ACCOUNT: &str = "main";
/// What an account has when nothing else was said: the free credits of a new one are 80, these are more.
const CREDITS_MILLI: i64 = 10_000_000;
/// The number of the first account.
const FIRST_NUMBER: u32 = 100_001;

/// Sets up a [`KieFake`]. Keys belong to the account named last; without one, to `main`.
#[derive(Debug)]
pub struct KieBuilder {
    accounts: Vec<Account>,
    keys: Vec<Key>,
    create_limit: (usize, Duration),
    clock: Clock,
    journal: Journal,
    seed: u64,
    render: Render,
    webhook_key: Option<String>,
    upload_life: Duration,
    extra_fields: bool,
    http_errors: bool,
    strict: bool,
    allowed: Vec<Rule>,
}

impl KieBuilder {
    pub(crate) fn new() -> Self {
        Self {
            accounts: Vec::new(),
            keys: Vec::new(),
            create_limit: (20, Duration::from_secs(10)),
            clock: Clock::system(),
            journal: Journal::new(),
            seed: 1,
            render: Render::default(),
            webhook_key: None,
            upload_life: Duration::from_secs(24 * 60 * 60),
            extra_fields: false,
            http_errors: false,
            strict: true,
            allowed: Vec::new(),
        }
    }

    /// Adds an account; the keys that follow are its own. It has 10,000 credits.
    #[must_use]
    pub fn account(mut self, name: &str) -> Self {
        let number = FIRST_NUMBER + u32::try_from(self.accounts.len()).unwrap_or(0);
        self.accounts.push(Account {
            name: name.to_owned(),
            number,
            balance_milli: CREDITS_MILLI,
            creates: Window::new(0, Duration::ZERO),
            discovery: Window::new(1, Duration::from_secs(1)),
        });
        self
    }

    /// Adds a key to the account named last.
    #[must_use]
    pub fn key(mut self, secret: &str) -> Self {
        self = self.with_account();
        self.keys.push(Key::new(secret, self.accounts.len() - 1));
        self
    }

    /// What the key added last may spend at most, in credits.
    ///
    /// # Panics
    /// No key was added.
    #[must_use]
    pub fn cap(mut self, credits: u32) -> Self {
        let key = self.keys.last_mut().expect("a key comes before its cap");
        key.cap_milli = Some(i64::from(credits) * 1000);
        self
    }

    /// The credits of the account named last.
    #[must_use]
    pub fn credits(mut self, credits: u32) -> Self {
        self = self.with_account();
        if let Some(account) = self.accounts.last_mut() {
            account.balance_milli = i64::from(credits) * 1000;
        }
        self
    }

    /// How many paid requests an account may make in which time; 20 in 10 seconds unless said otherwise.
    #[must_use]
    pub fn create_limit(mut self, limit: usize, window: Duration) -> Self {
        self.create_limit = (limit, window);
        self
    }

    /// The time that it lives in; the machine's unless said otherwise.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A journal that other fakes write too.
    #[must_use]
    pub fn journal(mut self, journal: Journal) -> Self {
        self.journal = journal;
        self
    }

    /// Where its ids, names and the script's chances come from; the same seed gives the same ones.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How tasks go of which the script says nothing.
    #[must_use]
    pub fn render(mut self, render: Render) -> Self {
        self.render = render;
        self
    }

    /// Callbacks are signed with this key.
    #[must_use]
    pub fn webhook_key(mut self, key: &str) -> Self {
        self.webhook_key = Some(key.to_owned());
        self
    }

    /// How long uploads are kept; 24 hours unless said otherwise.
    #[must_use]
    pub fn uploads_live(mut self, time: Duration) -> Self {
        self.upload_life = time;
        self
    }

    /// Records have the fields that documents name and recordings lack, and one that nobody knows.
    #[must_use]
    pub fn extra_fields(mut self) -> Self {
        self.extra_fields = true;
        self
    }

    /// Errors have their code as HTTP status too.
    #[must_use]
    pub fn http_errors(mut self) -> Self {
        self.http_errors = true;
        self
    }

    /// Does not count a breach of this rule as a violation.
    #[must_use]
    pub fn allow(mut self, rule: Rule) -> Self {
        self.allowed.push(rule);
        self
    }

    /// Clients may do what they like: nothing is a violation when the fake ends.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Starts it. Everything listens and answers when this returns.
    ///
    /// # Panics
    /// This machine gives no port.
    pub async fn start(self) -> KieFake {
        self.start_blocking()
    }

    /// Starts it, from code that is not async.
    ///
    /// # Panics
    /// This machine gives no port.
    pub fn start_blocking(self) -> KieFake {
        let strict = self.strict;
        let (house, host) = House::open(Door::ALL.len(), |addrs| {
            Arc::new(KieHost::new(self.world(format!("http://{}", addrs[Door::Media as usize]))))
        });
        KieFake { host, house, strict }
    }

    fn world(self, media_base: String) -> World {
        let this = self.with_account();
        let mut accounts = this.accounts;
        for account in &mut accounts {
            account.creates = Window::new(this.create_limit.0, this.create_limit.1);
        }
        let mut violations = Violations::default();
        for rule in this.allowed {
            violations.allow(rule);
        }
        World {
            clock: this.clock,
            journal: this.journal,
            seed: this.seed,
            table: Table::built_in(),
            accounts,
            keys: this.keys,
            tasks: BTreeMap::new(),
            files: BTreeMap::new(),
            faults: Script::new(this.seed),
            renders: Script::new(this.seed),
            render: this.render,
            violations,
            posted: BTreeSet::new(),
            outbox: Vec::new(),
            timers: BTreeSet::new(),
            names: 0,
            webhook_key: this.webhook_key,
            media_base,
            upload_life: this.upload_life,
            extra_fields: this.extra_fields,
            http_errors: this.http_errors,
        }
    }

    fn with_account(self) -> Self {
        if self.accounts.is_empty() { self.account(FIRST_ACCOUNT) } else { self }
    }
}
