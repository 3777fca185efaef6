//! What a simulation happens in: the stand-ins, the house, and a server that KIE's callbacks reach.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use neurocards::{Clock, FastClock, JobFilter, SystemClock, WORKER_ALIVE};
use neurocards_fakes::{Rule, Scenario, ScenarioOptions};
use neurocards_http::{HttpState, Server};
use tempfile::TempDir;

use crate::app::App;
use crate::args::{Global, SimulateRunArgs};
use crate::config::{Config, Database};
use crate::failure::{Exit, Failure};

/// A lease must outlive what a busy machine takes, whatever the simulation's clock says.
const LEASE_REAL_SECONDS: u32 = 30;
const HEARTBEAT_REAL_SECONDS: u32 = 10;
/// Minutes after which a job that did not end never will.
const DEADLINE_MINUTES: u32 = 30;

/// Everything that takes part.
#[derive(Debug)]
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) app: App,
    /// How much faster than the machine's clock time passes.
    pub(super) speed: u32,
    /// How long all of it may take, by the machine's clock.
    pub(super) patience: Duration,
    /// Removed at the end.
    _folder: Option<TempDir>,
}

impl World {
    /// The world, and the server that is to answer in it.
    pub(super) async fn begin(
        global: &Global,
        args: &SimulateRunArgs,
    ) -> Result<(Self, Server, HttpState), Failure> {
        let mut flags = global.clone();
        let folder = match &flags.data_dir {
            Some(_) => None,
            None => Some(throw_away()?),
        };
        flags.data_dir = flags.data_dir.or_else(|| folder.as_ref().map(|folder| folder.path().to_owned()));
        let machine: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let place = Config::of_nothing(&flags)?.database;
        // A server's timers follow its own clock: there the waits are shorter instead.
        let on_server = matches!(place, Database::Server(_));
        let speed = if on_server { 1 } else { args.speed };
        let clock: Arc<dyn Clock> = if speed == 1 { machine } else { Arc::new(FastClock::new(speed)) };
        let server = listen().await?;
        let scenario = begin_scenario(args, clock.clone(), on_server);
        if speed > 1 {
            // What the network takes squeezes these windows.
            for rule in [Rule::CreateRate, Rule::ReadRate, Rule::DiscoveryRate] {
                scenario.kie().allow(rule);
            }
        }
        let settings = settings(&scenario, server.addr(), speed, on_server);
        let config = Config::simulated(&flags, &settings, &clock, speed)?;
        let patience = config.timers.policy().job_deadline * 2 / speed;
        let app = App::open_simulated(config, clock).await?;
        check_is_free(&app).await?;
        let mut http = HttpState::worker(app.engine.clone());
        if let Some(callbacks) = &app.callbacks {
            http = http.with_callbacks(app.engine.clone(), callbacks.clone());
        }
        Ok((Self { scenario, app, speed, patience, _folder: folder }, server, http))
    }
}

fn throw_away() -> Result<TempDir, Failure> {
    tempfile::Builder::new().prefix("neurocards-simulation-").tempdir().map_err(|error| {
        Failure::new(Exit::Failed, "storage", "there is no folder for what is simulated")
            .because(&error)
            .hint("Say one with --data-dir DIR.")
    })
}

async fn listen() -> Result<Server, Failure> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::bind(any).await.map_err(|error| {
        Failure::new(Exit::Failed, "http", error.to_string())
            .because(&error.source)
            .hint("Callbacks of the stand-ins need a port of this machine.")
    })
}

fn begin_scenario(args: &SimulateRunArgs, clock: Arc<dyn Clock>, hurried: bool) -> Scenario {
    let mut options = ScenarioOptions::default();
    (options.seed, options.weather) = (args.seed, args.weather.into());
    options.webhook_key = Some("simulated-webhook-key".to_owned());
    // Nothing may fail for want of their credits.
    options.credits = 1_000_000;
    if !hurried {
        options.render = (Duration::from_secs(5), Duration::from_secs(60));
    }
    options.clock = neurocards_fakes::Clock::foreign(move || clock.now().timestamp_millis());
    Scenario::begin(options)
}

/// The settings of the house: where the stand-ins are, and the timers.
fn settings(
    scenario: &Scenario,
    public: SocketAddr,
    speed: u32,
    hurried: bool,
) -> Vec<(&'static str, String)> {
    let mut settings = scenario.env();
    settings.extend([
        ("PUBLIC_BASE_URL", format!("http://{public}")),
        ("KIE_WEBHOOK_HMAC_KEY", "simulated-webhook-key".to_owned()),
        ("NEUROCARDS_LEASE", format!("{}s", LEASE_REAL_SECONDS * speed)),
        ("NEUROCARDS_HEARTBEAT", format!("{}s", HEARTBEAT_REAL_SECONDS * speed)),
        ("NEUROCARDS_JOB_DEADLINE", format!("{DEADLINE_MINUTES}m")),
        ("NEUROCARDS_UNKNOWN_GRACE", "3m".to_owned()),
    ]);
    if hurried {
        settings.extend(
            [
                ("NEUROCARDS_JOB_DEADLINE", "2m"),
                ("NEUROCARDS_UNKNOWN_GRACE", "10s"),
                ("NEUROCARDS_POLL_MIN", "150ms"),
                ("NEUROCARDS_POLL_MAX", "2s"),
                ("NEUROCARDS_RETRY_TEMPORARY", "500ms"),
                ("NEUROCARDS_RETRY_RATE_LIMIT", "3s"),
                ("NEUROCARDS_KEY_RATE_LIMIT_COOLDOWN", "3s"),
            ]
            .map(|(name, value)| (name, value.to_owned())),
        );
    }
    settings
}

/// Jobs of a simulation must not meet a worker with real keys, and real jobs must not meet the stand-ins.
async fn check_is_free(app: &App) -> Result<(), Failure> {
    let refused = |why: &str| {
        let hint = "A simulation needs a database of its own: leave --data-dir and --database-url out.";
        Failure::usage(format!("the database {} {why}", app.config.database)).hint(hint)
    };
    let any = JobFilter { limit: 1, ..JobFilter::default() };
    if !app.store().jobs_list(&any).await?.is_empty() {
        return Err(refused("holds jobs already"));
    }
    let status = app.store().queue_status().await?;
    let silence = status.workers.iter().filter_map(|worker| (status.at - worker.seen_at).to_std().ok());
    if silence.min().is_some_and(|silence| silence < WORKER_ALIVE) {
        return Err(refused("belongs to a worker that is at work"));
    }
    Ok(())
}
