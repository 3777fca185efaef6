//! Which jobs an operator looks at: one question for lists, for actions on many jobs, and for screens.

use crate::account::AccountKey;
use crate::clock::Timestamp;
use crate::fault::FaultClass;
use crate::ids::{JobId, OrderId};
use crate::job::{Job, Stage};
use crate::order::Order;

/// Which jobs. Every part that is set narrows the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this account only.
    pub account: Option<AccountKey>,
    /// Of this order only.
    pub order: Option<OrderId>,
    /// In one of these stages only; empty means all.
    pub stages: Vec<Stage>,
    /// Only those whose last fault is of this class. A job under way may have one, too.
    pub class: Option<FaultClass>,
    /// Only those that this model renders.
    pub model: Option<String>,
    /// Only those that were ordered at this time or later.
    pub since: Option<Timestamp>,
    /// Only those that were ordered before this time.
    pub until: Option<Timestamp>,
    /// Only those whose product's description holds this text, in one of its [`spellings`](Self::spellings).
    pub text: Option<String>,
    /// Only those that come behind this one in the list: the next page begins behind the last job of the one before.
    pub before: Option<JobId>,
    /// At most this many.
    pub limit: u32,
}

impl JobFilter {
    /// How a text may stand in a description: as asked, in small letters, with a capital, in capitals. Databases fold only
    /// the letters that their locale knows; this is the same with all of them.
    pub fn spellings(text: &str) -> [String; 4] {
        let small = text.to_lowercase();
        let mut rest = small.chars();
        let capital = rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect();
        [text.to_owned(), small, capital, text.to_uppercase()]
    }

    /// Whether the job is one of them; the page and the limit do not count.
    pub fn fits(&self, job: &Job, order: &Order) -> bool {
        let class = |class| job.error.as_ref().is_some_and(|fault| fault.class == class);
        let text = |text: &String| {
            let description = &order.brief.description;
            Self::spellings(text).iter().any(|spelling| description.contains(spelling))
        };
        self.account.as_ref().is_none_or(|account| *account == job.account)
            && self.order.is_none_or(|order| order == job.order_id)
            && (self.stages.is_empty() || self.stages.contains(&job.stage))
            && self.class.is_none_or(class)
            && self.model.as_ref().is_none_or(|model| *model == job.model)
            && self.since.is_none_or(|since| job.created_at >= since)
            && self.until.is_none_or(|until| job.created_at < until)
            && self.text.as_ref().is_none_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_however_it_is_written() {
        assert_eq!(JobFilter::spellings("чашка"), ["чашка", "чашка", "Чашка", "ЧАШКА"].map(str::to_owned));
        assert_eq!(
            JobFilter::spellings("SKU-7a"),
            ["SKU-7a", "sku-7a", "Sku-7a", "SKU-7A"].map(str::to_owned)
        );
        assert_eq!(JobFilter::spellings(""), [""; 4].map(str::to_owned));
    }
}
