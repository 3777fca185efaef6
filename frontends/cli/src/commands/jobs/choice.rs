//! Which jobs are meant.

use std::time::Duration;

use neurocards::{JobFilter, Stage, Timestamp};

use crate::args::FilterArgs;
use crate::failure::Failure;

/// The filter that was typed; ages count back from now.
pub(super) fn filter(args: &FilterArgs, now: Timestamp) -> Result<JobFilter, Failure> {
    let before_now = |age: Duration| {
        let age = chrono::Duration::from_std(age).ok();
        age.and_then(|age| now.checked_sub_signed(age)).unwrap_or(Timestamp::MIN_UTC)
    };
    Ok(JobFilter {
        account: args.account.as_deref().map(str::parse).transpose()?,
        order: args.order.as_deref().map(str::parse).transpose()?,
        stages: args.state.map(|state| Stage::of_status(state).to_vec()).unwrap_or_default(),
        class: args.class,
        model: args.model.clone(),
        since: args.newer.map(before_now),
        until: args.older.map(before_now),
        text: args.text.clone(),
        ..JobFilter::default()
    })
}
