//! `keys`: the health of KIE's keys, and an operator's word on them.

use neurocards::kie::{AccountView, KeyCommand, KeyCommandError, KieProvider};
use neurocards::{Fault, ResourceChange, ResourceRecord};
use serde::Serialize;

use crate::app::App;
use crate::args::{KeyChangeArgs, KeysListArgs};
use crate::failure::{Exit, Failure};
use crate::output::{Printer, moment, table};

/// What a key's command did.
#[derive(Debug, Serialize)]
struct KeyDocument<'a> {
    key: &'a str,
    record: &'a ResourceRecord,
}

pub(super) async fn list(app: &App, args: &KeysListArgs, printer: &Printer) -> Result<Exit, Failure> {
    let kie = provider(app)?;
    let probed = if args.probe { kie.probe_balances().await } else { Vec::new() };
    let accounts = kie.keys().await?;
    let all_failed = !probed.is_empty() && probed.iter().all(|(_, balance)| balance.is_err());
    if args.json {
        printer.document(&accounts);
    } else {
        let header = ["ACCOUNT", "BALANCE", "DAYS LEFT", "KEY", "NAME", "STATE", "WHY"];
        printer.data(&table(&header, accounts.iter().flat_map(rows)));
    }
    for (account, fault) in probed.iter().filter_map(|(name, balance)| Some((name, balance.as_ref().err()?)))
    {
        printer.warning(&format!("the balance of {account} could not be read: {fault}"));
    }
    Ok(if all_failed {
        exit_of(probed.iter().find_map(|(_, balance)| balance.as_ref().err()))
    } else {
        Exit::Done
    })
}

fn exit_of(fault: Option<&Fault>) -> Exit {
    match fault.map(|fault| fault.class) {
        Some(neurocards::FaultClass::Auth) => Exit::Auth,
        _ => Exit::Provider,
    }
}

/// A line for each key; the account's own words stand in its first one.
fn rows(account: &AccountView) -> Vec<Vec<String>> {
    let balance = account.record.balance.as_ref().map(|point| credits(point.milli));
    let days = account.days_left.map(|days| format!("{days:.1}"));
    let lines = account.keys.iter().enumerate().map(|(at, key)| {
        let first = |text: String| if at == 0 { text } else { String::new() };
        let (open, record) = if account.open { (key.open, &key.record) } else { (false, &account.record) };
        vec![
            first(account.name.clone()),
            first(balance.clone().unwrap_or_else(|| "-".to_owned())),
            first(days.clone().unwrap_or_else(|| "-".to_owned())),
            key.index.to_string(),
            key.name.clone(),
            state(open, record),
            why(record),
        ]
    });
    lines.collect()
}

/// KIE's credits out of their thousandths.
fn credits(milli: i64) -> String {
    let (sign, milli) = (if milli < 0 { "-" } else { "" }, milli.unsigned_abs());
    format!("{sign}{}.{:03}", milli / 1_000, milli % 1_000)
}

fn state(open: bool, record: &ResourceRecord) -> String {
    match &record.closing {
        None => "ready".to_owned(),
        Some(_) if open => "on trial".to_owned(),
        Some(closing) => match closing.until {
            Some(until) => format!("closed until {}", moment(until)),
            None => "closed".to_owned(),
        },
    }
}

fn why(record: &ResourceRecord) -> String {
    let Some(closing) = &record.closing else { return String::new() };
    match (&closing.actor, &closing.reason, &record.fault) {
        (Some(actor), Some(reason), _) => format!("{actor}: {reason}"),
        (Some(actor), None, _) => actor.clone(),
        (None, _, Some(fault)) => fault.to_string(),
        (None, _, None) => String::new(),
    }
}

pub(super) async fn change(
    app: &App,
    args: KeyChangeArgs,
    change: ResourceChange,
    printer: &Printer,
) -> Result<Exit, Failure> {
    let kie = provider(app)?;
    let actor = app.config.actor.clone();
    let command = KeyCommand { key: &args.key, change, actor, reason: args.reason };
    let record = kie.key_command(command).await?;
    let key = kie.key_name(&args.key).map_err(KeyCommandError::from)?;
    if args.json {
        printer.document(&KeyDocument { key, record: &record });
        return Ok(Exit::Done);
    }
    let text = match change {
        ResourceChange::Open => format!("key {key} is open"),
        ResourceChange::Close(None) => {
            format!("key {key} is closed for all processes; `neurocards keys enable {key}` opens it")
        }
        ResourceChange::Close(Some(_)) => format!("key {key} is {}", state(false, &record)),
    };
    printer.data(&text);
    Ok(Exit::Done)
}

fn provider(app: &App) -> Result<&KieProvider, Failure> {
    app.kie.as_deref().ok_or_else(|| {
        Failure::new(Exit::Auth, "no_key", "no key of KIE is set up here")
            .hint("Set KIE_API_KEY=key,key or KIE_API_KEY=account=key,account=key.")
    })
}

impl From<KeyCommandError> for Failure {
    fn from(error: KeyCommandError) -> Self {
        match error {
            KeyCommandError::Store(error) => error.into(),
            unknown => {
                Self::usage(unknown.to_string()).hint("`neurocards keys list` shows places and names.")
            }
        }
    }
}
