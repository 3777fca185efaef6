//! `doctor`: checks this machine and this data folder.

mod database;
mod machine;
mod payments;
mod services;
mod telegram;

use serde::Serialize;

use crate::app::App;
use crate::args::DocumentArgs;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{Printer, clean_line};

/// What one check found.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: Health,
    found: String,
    /// What to do, when something is wrong.
    mend: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
struct DoctorView<'a> {
    ok: bool,
    version: &'static str,
    checks: &'a [Finding],
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: Health::Ok, found: found.into(), mend: None }
    }

    fn warn(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: Health::Warn, found: found.into(), mend: Some(mend.into()) }
    }

    fn fail(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: Health::Fail, found: found.into(), mend: Some(mend.into()) }
    }

    /// What a failure says, as a finding.
    fn failed(check: &'static str, failure: &Failure) -> Self {
        let view = failure.view();
        Self::fail(check, view.message_text(), view.hint_text())
    }
}

pub(super) async fn run(config: Config, args: &DocumentArgs, printer: &Printer) -> Result<Exit, Failure> {
    let mut findings = vec![
        machine::clock(),
        machine::env_file(&config),
        services::renderer(&config),
        services::callbacks(&config),
    ];
    findings.extend(services::language_model(&config).await);
    findings.extend(telegram::updates(&config).await);
    findings.extend(payments::payments(&config).await);
    findings.push(machine::photos().await);
    findings.push(machine::data_folder(&config));
    findings.push(machine::free_disk(&config));
    findings.push(machine::media(&config).await);
    findings.push(machine::retention(&config));
    let (found, app) = database::check(config.clone()).await;
    findings.extend(found);
    // The services can be asked without a database.
    match app.map_or_else(|| App::in_memory(config), Ok) {
        Ok(app) => {
            findings.extend(services::keys(&app).await);
            findings.extend(services::reach(&app).await);
        }
        Err(failure) => findings.push(Finding::failed("services", &failure)),
    }
    let failed = findings.iter().any(|finding| finding.state == Health::Fail);
    if args.json {
        let view = DoctorView { ok: !failed, version: env!("CARGO_PKG_VERSION"), checks: &findings };
        printer.document(&view);
    } else {
        findings.iter().for_each(|finding| print(finding, printer));
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn print(finding: &Finding, printer: &Printer) {
    let state = match finding.state {
        Health::Ok => "ok  ",
        Health::Warn => "warn",
        Health::Fail => "FAIL",
    };
    printer.data(&format!("{state}  {:<12} {}", finding.check, clean_line(&finding.found)));
    if let Some(mend) = &finding.mend {
        printer.data(&format!("      {:<12} -> {}", "", clean_line(mend)));
    }
}
