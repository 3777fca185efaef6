//! What a stretch of time brought.

use std::collections::BTreeMap;

use super::super::{Cost, Ended, Moved, Quantiles, Span, Stats, Taken};
use super::tables::Tables;
use crate::attempt::AttemptState;
use crate::credits::Credits;
use crate::job::{Job, Stage};
use crate::ledger::EntryKind;
use crate::payments::{PayProvider, PaymentState, Price};

impl Tables {
    pub(super) fn stats(&self, span: Span) -> Stats {
        let in_span = |job: &&Job| job.finished_at.is_some_and(|at| span.has(at));
        let done = self.jobs.values().filter(in_span).filter(|job| job.stage == Stage::Done);
        let whole = done.filter_map(|job| Some(Quantiles::tick(job.created_at, job.finished_at?)));
        let first = self.attempts.values().filter(|attempt| attempt.seq == 1);
        let start = first.filter_map(|attempt| {
            let sent_at = attempt.sent_at.filter(|at| span.has(*at))?;
            Some(Quantiles::tick(self.jobs.get(&attempt.job_id)?.created_at, sent_at))
        });
        let stats = Stats {
            span,
            ordered: self.jobs.values().filter(|job| span.has(job.created_at)).count() as u64,
            ended: self.ended(span),
            start: quantiles(start),
            whole: quantiles(whole),
            ledger: self.moved(span),
            costs: self.costs(span),
            payments: self.taken(span),
        };
        stats.in_order()
    }

    fn ended(&self, span: Span) -> Vec<Ended> {
        let mut ended: Vec<Ended> = Vec::new();
        for job in self.jobs.values().filter(|job| job.finished_at.is_some_and(|at| span.has(at))) {
            let Some(order) = self.orders.get(&job.order_id) else { continue };
            let class = job.error.as_ref().filter(|_| job.stage == Stage::Failed).map(|fault| fault.class);
            let same = |it: &&mut Ended| {
                (&it.model, it.template, it.stage, it.class)
                    == (&job.model, order.brief.template, job.stage, class)
            };
            match ended.iter_mut().find(same) {
                Some(it) => it.jobs += 1,
                None => ended.push(Ended {
                    model: job.model.clone(),
                    template: order.brief.template,
                    stage: job.stage,
                    class,
                    jobs: 1,
                }),
            }
        }
        ended
    }

    fn moved(&self, span: Span) -> Vec<Moved> {
        let of = |kind: EntryKind| {
            let entries = self.ledger.iter().filter(|entry| entry.kind == kind && span.has(entry.created_at));
            let (entries, credits) =
                entries.fold((0, Credits::ZERO), |(n, sum), entry| (n + 1, Credits(sum.0 + entry.amount.0)));
            Moved { kind, entries, credits }
        };
        EntryKind::ALL.into_iter().map(of).filter(|moved| moved.entries > 0).collect()
    }

    fn costs(&self, span: Span) -> Vec<Cost> {
        use AttemptState::{Abandoned, Accepted, Gifted, Sent, Succeeded, Unknown};
        let mut costs: BTreeMap<&str, Cost> = BTreeMap::new();
        for attempt in self.attempts.values().filter(|attempt| span.has(attempt.updated_at)) {
            let charged = matches!(attempt.state, Succeeded | Gifted | Abandoned | Unknown | Accepted | Sent);
            if attempt.cost_milli.is_none() && !charged {
                continue;
            }
            let cost = costs.entry(&attempt.provider).or_insert_with(|| Cost {
                provider: attempt.provider.clone(),
                attempts: 0,
                milli: 0,
                unknown: 0,
            });
            match attempt.cost_milli {
                Some(milli) => {
                    cost.attempts += 1;
                    cost.milli += milli;
                }
                None => cost.unknown += 1,
            }
        }
        costs.into_values().collect()
    }

    fn taken(&self, span: Span) -> Vec<Taken> {
        let of = |provider: PayProvider| {
            let paid_in = |at: Option<_>| at.is_some_and(|at| span.has(at));
            let mine = self.payments.values().filter(|it| it.provider == provider && paid_in(it.paid_at));
            let mut taken = Taken {
                provider,
                payments: 0,
                paid: Price { amount: 0, currency: provider.currency() },
                refunded: 0,
            };
            for payment in mine {
                taken.payments += 1;
                taken.paid.amount += payment.price.amount;
                if matches!(payment.state, PaymentState::Refunding | PaymentState::Refunded) {
                    taken.refunded += payment.price.amount;
                }
            }
            taken
        };
        PayProvider::ALL.into_iter().map(of).filter(|taken| taken.payments > 0).collect()
    }
}

fn quantiles(ticks: impl Iterator<Item = u64>) -> Quantiles {
    let mut counted: BTreeMap<u64, u64> = BTreeMap::new();
    ticks.for_each(|tick| *counted.entry(tick).or_default() += 1);
    Quantiles::of_ticks(&counted.into_iter().collect::<Vec<_>>())
}
