//! All services at once, in a weather of one's choice: for trying the whole of neurocards without keys or money.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::kie::{Callbacks, KieFake, Render, words};
use crate::openai::{OpenAiFake, Say};
use crate::script::When;

/// How often something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weather {
    /// Nothing does.
    Calm,
    /// About one paid exchange in ten has a fault, and one task in five goes its own way.
    Mixed,
    /// Four times as much.
    Rough,
    /// And some exchanges hang until the client gives up.
    Storm,
}

/// What to begin a [`Scenario`] with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ScenarioOptions {
    /// Decides about every accident: the same seed makes the same ones, as far as requests come in the same order.
    pub seed: u64,
    /// How often something goes wrong.
    pub weather: Weather,
    /// Accounts at KIE, each with two keys.
    pub accounts: u32,
    /// Credits of each account.
    pub credits: u32,
    /// How long a render takes at least and at most, by the clock.
    pub render: (Duration, Duration),
    /// Callbacks are signed with this key.
    pub webhook_key: Option<String>,
    /// The time that the services live in.
    pub clock: Clock,
}

impl Default for ScenarioOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            weather: Weather::Mixed,
            accounts: 2,
            credits: 10_000,
            render: (Duration::from_millis(200), Duration::from_secs(2)),
            webhook_key: None,
            clock: Clock::system(),
        }
    }
}

/// Fakes of all services, sharing one journal.
///
/// ```
/// use neurocards_fakes::{Scenario, ScenarioOptions, Weather};
///
/// let mut options = ScenarioOptions::default();
/// options.seed = 7;
/// options.weather = Weather::Storm;
/// let scenario = Scenario::begin(options);
/// // Give these to the process that is to be tried.
/// let settings = scenario.env();
/// assert!(settings.iter().any(|(name, _)| *name == "KIE_BASE_URL"));
/// // Afterwards: what happened, and what the services object to.
/// assert!(scenario.report().violations.is_empty());
/// ```
#[derive(Debug)]
pub struct Scenario {
    kie: KieFake,
    openai: OpenAiFake,
    journal: Journal,
    seed: u64,
    weather: Weather,
}

/// What happened in a [`Scenario`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The seed that makes it happen again.
    pub seed: u64,
    /// The weather.
    pub weather: Weather,
    /// How many exchanges there were of each kind.
    pub exchanges: BTreeMap<String, usize>,
    /// How many accidents there were of each kind.
    pub accidents: BTreeMap<String, usize>,
    /// The tasks at KIE.
    pub tasks: TaskCounts,
    /// What they cost, in thousandths of a credit.
    pub cost_milli: i64,
    /// What clients did that the services do not allow. None is right.
    pub violations: Vec<String>,
}

/// Tasks by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct TaskCounts {
    /// Still under way.
    pub running: usize,
    /// With a video, charged.
    pub succeeded: usize,
    /// Failed, not charged.
    pub failed: usize,
}

impl Scenario {
    /// Starts the services.
    ///
    /// # Panics
    /// This machine gives no ports.
    pub fn begin(options: ScenarioOptions) -> Self {
        let ScenarioOptions { seed, weather, accounts, credits, render, webhook_key, clock } = options;
        let journal = Journal::new();
        let ordinary = Render::succeeds().after_between(render.0, render.1);
        let mut kie = KieFake::builder()
            .seed(seed)
            .clock(clock.clone())
            .journal(journal.clone())
            .render(ordinary.clone())
            .lenient();
        for account in 1..=accounts.max(1) {
            kie = kie.account(&format!("account-{account}")).credits(credits);
            kie = kie.key(&format!("simulated-{account}-1")).key(&format!("simulated-{account}-2"));
        }
        if let Some(key) = webhook_key {
            kie = kie.webhook_key(&key);
        }
        let kie = kie.start_blocking();
        let openai = OpenAiFake::builder()
            .key("simulated-sk")
            .seed(seed)
            .clock(clock)
            .journal(journal.clone())
            .lenient()
            .start_blocking();
        let times = match weather {
            Weather::Calm => 0,
            Weather::Mixed => 1,
            Weather::Rough | Weather::Storm => 4,
        };
        if times > 0 {
            kie_accidents(&kie, times, &ordinary);
            openai_accidents(&openai, times);
        }
        if weather == Weather::Storm {
            hangs(&kie, &openai);
        }
        Self { kie, openai, journal, seed, weather }
    }

    /// KIE.
    pub fn kie(&self) -> &KieFake {
        &self.kie
    }

    /// OpenAI.
    pub fn openai(&self) -> &OpenAiFake {
        &self.openai
    }

    /// What was asked of all of them, in one order.
    pub fn log(&self) -> Journal {
        self.journal.clone()
    }

    /// The settings that point neurocards at these services.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        [self.kie.env(), self.openai.env()].concat()
    }

    /// What happened so far.
    pub fn report(&self) -> Report {
        let mut report = Report {
            seed: self.seed,
            weather: self.weather,
            exchanges: BTreeMap::new(),
            accidents: BTreeMap::new(),
            tasks: TaskCounts::default(),
            cost_milli: 0,
            violations: Vec::new(),
        };
        for exchange in self.journal.exchanges() {
            *report.exchanges.entry(exchange.call.to_string()).or_default() += 1;
            for what in exchange.script {
                *report.accidents.entry(format!("{}: {what}", exchange.call)).or_default() += 1;
            }
        }
        for task in self.kie.tasks() {
            match task.succeeded {
                None => report.tasks.running += 1,
                Some(true) => report.tasks.succeeded += 1,
                Some(false) => report.tasks.failed += 1,
            }
            report.cost_milli += task.cost_milli;
        }
        let violations = [self.kie.violations(), self.openai.violations()].concat();
        report.violations = violations.iter().map(ToString::to_string).collect();
        report
    }
}

/// What goes wrong at KIE, in thousandths.
fn kie_accidents(kie: &KieFake, times: u16, ordinary: &Render) {
    let faults = [
        (When::paid(), 20, Fault::lost_reply()),
        (When::paid(), 10, Fault::html(502).after_it_was_done()),
        (When::paid(), 10, Fault::html(502)),
        (When::paid(), 10, Fault::closes()),
        (When::paid(), 15, Fault::internal_error()),
        (When::paid(), 10, Fault::busy()),
        (When::paid(), 20, Fault::rate_limited()),
        (When::read(), 20, Fault::html(502)),
        (When::read(), 15, Fault::internal_error()),
        (When::read(), 15, Fault::closes()),
        (When::read(), 10, Fault::garbles()),
        (When::read(), 10, Fault::truncates()),
        (When::media(), 20, Fault::truncates()),
        (When::media(), 20, Fault::html(503)),
        (When::upload(), 15, Fault::html(502)),
        (When::upload(), 15, Fault::lost_reply()),
    ];
    for (when, chance, fault) in faults {
        kie.script(when.chance(chance * times), fault);
    }
    // A task that fails takes as long as one that succeeds.
    let like = |render: Render| Render { finish: ordinary.finish, ..render };
    let courses = [
        (30, like(Render::fails("500", words::INTERNAL))),
        (15, like(Render::fails("400", words::PERSON))),
        (10, like(Render::fails("500", words::BRAND))),
        (10, like(Render::cannot_fetch_the_photo())),
        (15, like(Render::flips())),
        (10, ordinary.clone().link_is_dead()),
        (10, ordinary.clone().link_is_renewed()),
        (30, ordinary.clone().hidden_for_reads(1)),
        (30, ordinary.clone().callbacks(Callbacks::none())),
        (30, ordinary.clone().callbacks(Callbacks::times(2))),
        (20, ordinary.clone().callbacks(Callbacks::once().before_the_reply())),
    ];
    for (chance, course) in courses {
        kie.script(When::paid().chance(chance * times), course);
    }
}

/// What goes wrong at OpenAI, in thousandths.
fn openai_accidents(openai: &OpenAiFake, times: u16) {
    let faults = [
        (30, Fault::openai_rate_limited().header("retry-after", "1")),
        (20, Fault::openai_server_error()),
        (10, Fault::openai_overloaded()),
        (10, Fault::garbles()),
        (10, Fault::html(502)),
        (10, Fault::closes()),
    ];
    for (chance, fault) in faults {
        openai.script(When::chat().chance(chance * times), fault);
    }
    let answers = [
        (10, Say::refuses("I can't help with that.")),
        (10, Say::empty()),
        (10, Say::cut_by_length()),
        (10, Say::nothing_but_thinking(800)),
    ];
    for (chance, answer) in answers {
        openai.script(When::chat().chance(chance * times), answer);
    }
}

/// Exchanges that only end when the client gives up.
fn hangs(kie: &KieFake, openai: &OpenAiFake) {
    kie.script(When::paid().chance(20), Fault::hangs().after_it_was_done());
    kie.script(When::read().chance(10), Fault::hangs());
    openai.script(When::chat().chance(20), Fault::hangs());
}

impl fmt::Display for Report {
    /// Lines for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, weather, tasks, cost_milli, .. } = self;
        writeln!(f, "seed {seed}, weather {weather:?}")?;
        writeln!(
            f,
            "tasks: {} succeeded, {} failed, {} running; {:.1} credits",
            tasks.succeeded,
            tasks.failed,
            tasks.running,
            *cost_milli as f64 / 1000.0
        )?;
        for (what, counts) in [("exchanges", &self.exchanges), ("accidents", &self.accidents)] {
            writeln!(f, "{what}:")?;
            for (name, count) in counts {
                writeln!(f, "  {count:>5} {name}")?;
            }
        }
        if self.violations.is_empty() {
            return writeln!(f, "nothing was done that the services do not allow");
        }
        writeln!(f, "the services object to:")?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "  {violation}"))
    }
}
