//! `credits`.

use neurocards::{
    AccountKey, Credits, CreditsPost, EntryKind, LedgerEntry, LedgerFilter, Posted, StoreError,
};
use serde::Serialize;

use crate::app::App;
use crate::args::{BalanceArgs, GrantArgs, HistoryArgs};
use crate::config::OWN_ACCOUNT;
use crate::failure::{Exit, Failure};
use crate::output::{AccountView, Printer, ledger_line, table};

/// Why credits move when nobody says why.
const DEFAULT_REASON: &str = "granted on the command line";

pub(super) async fn balance(app: &App, args: &BalanceArgs, printer: &Printer) -> Result<Exit, Failure> {
    let key: AccountKey = args.account.parse()?;
    let account = app.store().account_get(&key).await?;
    let view = match &account {
        Some(account) => AccountView::from(account),
        None if key.as_str() == OWN_ACCOUNT => {
            AccountView::unopened(key.as_str(), app.config.credit_limit(&key))
        }
        None => return Err(StoreError::NoAccount { account: key }.into()),
    };
    if args.json {
        printer.document(&view);
        return Ok(Exit::Done);
    }
    let limit = match view.credit_limit {
        Credits::ZERO => String::new(),
        Credits(limit) => format!(", may go down to -{limit}"),
    };
    printer.data(&format!("{key}: {} available, {} held{limit}", view.available.0, view.held.0));
    Ok(Exit::Done)
}

/// What a grant did.
#[derive(Debug, Serialize)]
struct GrantView<'a> {
    granted: Credits,
    /// The key was used before: nothing was granted now.
    before: bool,
    /// The account was opened now.
    opened: bool,
    #[serde(flatten)]
    account: AccountView<'a>,
}

pub(super) async fn grant(app: &App, args: GrantArgs, printer: &Printer) -> Result<Exit, Failure> {
    let account: AccountKey = args.account.parse()?;
    if args.amount == Credits::ZERO {
        return Err(Failure::usage("a grant moves at least one credit")
            .hint("Say how many: 1 or more, or -1 or less."));
    }
    if args.idempotency_key.as_deref().is_some_and(|key| key.trim().is_empty()) {
        return Err(Failure::usage("the idempotency key is empty").hint("Leave it out, or say a short one."));
    }
    if args.amount.0.unsigned_abs() > CreditsPost::MOST {
        return Err(Failure::usage("a grant moves at most 1,000,000,000 credits").hint("Grant fewer."));
    }
    let post = CreditsPost {
        id: app.entry_id(),
        kind: EntryKind::Adjust,
        account: account.clone(),
        amount: args.amount,
        reference: args.idempotency_key,
        reason: Some(args.reason.unwrap_or_else(|| DEFAULT_REASON.to_owned())),
        actor: Some(app.config.actor.clone()),
    };
    let opened = app.store().account_get(&account).await?.is_none();
    if opened && is_nobody_on_telegram(&account) {
        return Err(Failure::usage(format!(
            "{account} can be nobody's account: people on Telegram have numbers"
        ))
        .hint("Use the number of the person, such as telegram:123456789."));
    }
    let limit = app.config.credit_limit(&account);
    if opened && account.as_str() == OWN_ACCOUNT && args.amount < -limit {
        let what = format!(
            "{account} has 0 credits and may go down to -{}: {} cannot be taken back",
            limit.0,
            Credits(args.amount.0.saturating_abs())
        );
        let hint = format!("Take back at most {limit}.");
        return Err(Failure::new(Exit::Credits, "ledger_rule", what).hint(hint));
    }
    if opened && args.amount < -limit {
        return Err(StoreError::NoAccount { account }.into());
    }
    app.open_account(&account).await?;
    if opened {
        printer.note(&format!("opened new account {account}"));
    }
    let posted = app.store().credits_post(&post).await.map_err(|error| refused(error, args.amount))?;
    let before = match &posted {
        Posted::New(_) => false,
        Posted::Before(entry) => {
            same_grant(entry, &post)?;
            true
        }
    };
    let Some(account) = app.store().account_get(&account).await? else {
        return Err(StoreError::NoAccount { account }.into());
    };
    if args.json {
        let account = AccountView::from(&account);
        printer.document(&GrantView { granted: args.amount, before, opened, account });
    } else {
        printer.data(&format!("{}: {} available, {} held", account.key, account.available.0, account.held.0));
    }
    if before {
        printer.note("this key was used before: nothing was granted again");
    }
    Ok(Exit::Done)
}

/// An account that no person on Telegram can ever come to.
fn is_nobody_on_telegram(account: &AccountKey) -> bool {
    let number = account.as_str().strip_prefix("telegram:");
    number.is_some_and(|number| !number.parse::<i64>().is_ok_and(i64::is_positive))
}

/// The same key must mean the same grant.
fn same_grant(entry: &LedgerEntry, post: &CreditsPost) -> Result<(), Failure> {
    if entry.account == post.account && entry.change_to_available() == post.amount {
        return Ok(());
    }
    let what = format!(
        "the idempotency key was used for another grant: {} to {}",
        entry.change_to_available(),
        entry.account
    );
    Err(Failure::new(Exit::Usage, "key_reused", what).hint("Use a new --idempotency-key."))
}

fn refused(error: StoreError, amount: Credits) -> Failure {
    let taken_back = matches!(error, StoreError::LedgerRule { .. }) && amount < Credits::ZERO;
    let failure = Failure::from(error);
    if taken_back {
        return failure
            .exit(Exit::Credits)
            .hint("Take back at most what is there: `neurocards credits balance ACCOUNT`.");
    }
    failure
}

pub(super) async fn history(app: &App, args: &HistoryArgs, printer: &Printer) -> Result<Exit, Failure> {
    let key: AccountKey = args.account.parse()?;
    if app.store().account_get(&key).await?.is_none() && key.as_str() != OWN_ACCOUNT {
        return Err(StoreError::NoAccount { account: key }.into());
    }
    let filter = LedgerFilter { account: Some(key), job: None, limit: args.limit };
    let entries = app.store().ledger_list(&filter).await?;
    if args.json {
        printer.document(&entries);
    } else if entries.is_empty() {
        printer.note("there are no entries yet");
    } else {
        let header = ["TIME", "KIND", "CHANGE", "JOB", "ACTOR", "REASON"];
        printer.data(&table(&header, entries.iter().map(ledger_line)));
        if entries.iter().any(|entry| entry.change_to_available() == Credits::ZERO) {
            printer.note("in brackets: credits that were held before and are spent now; the balance stays");
        }
    }
    Ok(Exit::Done)
}
