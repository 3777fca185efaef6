//! People who order, ask again, change their minds, and have little money.

use std::time::Duration;

use neurocards_core::{
    AccountKey, AccountOpen, Clock, Credits, CreditsPost, EntryKind, Event, JobSeize, Order, Placement,
    Seizure,
};

use super::chance::Chance;
use super::flaw::Flaw;
use super::turn::Turn;
use super::world::{COUNTER, Luck, World, unexpected};
use super::{Broken, broken};
use crate::sample;

/// Who wants what.
#[derive(Debug)]
pub(super) struct Buyers {
    pub(super) accounts: Vec<Purse>,
    wishes: Vec<Wish>,
}

#[derive(Debug)]
pub(super) struct Purse {
    pub(super) account: AccountKey,
    pub(super) limit: Credits,
    /// Everything that was ever put in.
    pub(super) posted: i64,
}

#[derive(Debug, Clone)]
struct Wish {
    key: String,
    account: usize,
    count: u32,
    /// How often it was asked for.
    asked: u32,
}

impl Buyers {
    pub(super) fn new(jobs: u32, chance: &mut Chance) -> Self {
        let accounts: Vec<_> = (0..2)
            .map(|number| Purse {
                account: sample::account(&format!("telegram:{number}")),
                limit: Credits(i64::from(chance.one_in(4))),
                posted: 0,
            })
            .collect();
        let (mut wishes, mut left) = (Vec::new(), jobs);
        while left > 0 {
            let count = left.min(1 + u32::from(chance.one_in(2)) + u32::from(chance.one_in(4)));
            left -= count;
            let account = chance.index(accounts.len());
            wishes.push(Wish { key: format!("wish-{}", wishes.len()), account, count, asked: 0 });
        }
        Self { accounts, wishes }
    }
}

impl World {
    pub(super) async fn open_accounts(&mut self) -> Result<(), Broken> {
        for index in 0..self.buyers.accounts.len() {
            let purse = &self.buyers.accounts[index];
            let open = AccountOpen { account: purse.account.clone(), credit_limit: purse.limit, bonus: None };
            self.store.account_open(&open).await.map_err(unexpected)?;
            self.top_up(index).await?;
        }
        Ok(())
    }

    async fn top_up(&mut self, index: usize) -> Result<(), Broken> {
        let amount = 1 + i64::try_from(self.chance.below(2)).unwrap_or_default();
        let purse = &mut self.buyers.accounts[index];
        purse.posted += amount;
        let post = CreditsPost {
            id: self.ids.entry(),
            kind: EntryKind::Topup,
            account: purse.account.clone(),
            amount: Credits(amount),
            reference: None,
            reason: None,
            actor: None,
        };
        self.store.credits_post(&post).await.map_err(unexpected)?;
        let line = format!("{} gets {amount}", post.account);
        self.note(format_args!("{line}"));
        Ok(())
    }

    /// Somebody orders, orders once more, or pays in.
    pub(super) async fn buy_something(&mut self) -> Result<(), Broken> {
        if self.chance.one_in(5) {
            let index = self.chance.index(self.buyers.accounts.len());
            return self.top_up(index).await;
        }
        let index = self.chance.index(self.buyers.wishes.len());
        let wish = self.buyers.wishes[index].clone();
        self.buyers.wishes[index].asked += 1;
        let account = self.buyers.accounts[wish.account].account.clone();
        let mut new = sample::order_new(&self.ids, &account, wish.count);
        new.price = self.policy.price;
        new.deadline = self.policy.job_deadline;
        // The frontend's clock is off too: the store must not care.
        let worker = self.chance.index(COUNTER);
        new.order.created_at = self.wall_clock(worker);
        new.order.idempotency_key = match self.flaw {
            Some(Flaw::ForgetsKeys) => format!("{}-{}", wish.key, wish.asked),
            _ => wish.key.clone(),
        };
        let other = wish.asked > 0 && self.chance.one_in(10);
        if other {
            let brief = sample::brief_of("Совсем другой товар");
            new.order.fingerprint = Order::fingerprint_of(&brief, wish.count, sample::MODEL);
        }
        let luck = self.luck();
        if matches!(luck, Luck::Away | Luck::Undone) {
            self.note(format_args!("{} cannot be placed", wish.key));
            return Ok(());
        }
        let placed = self.store.order_place(&new).await.map_err(unexpected)?;
        let answer = match placed {
            Placement::New(record) => {
                let jobs: Vec<_> = record.jobs.iter().map(|job| job.id).collect();
                self.books.placed(&wish.key, record.order.id)?;
                if u32::try_from(jobs.len()) != Ok(wish.count) {
                    return broken(format!("{} has {} jobs, not {}", wish.key, jobs.len(), wish.count));
                }
                self.jobs.extend(&jobs);
                self.orders.insert(record.order.id, jobs);
                "placed"
            }
            Placement::Existing(record) => {
                self.books.placed(&wish.key, record.order.id)?;
                "there already"
            }
            Placement::KeyReused { .. } => "refused: other contents before",
            Placement::NotEnough { .. } => "refused: not enough credits",
        };
        self.note(format_args!("{} of {account}, {} videos: {answer}", wish.key, wish.count));
        Ok(())
    }

    pub(super) async fn cancel_something(&mut self) -> Result<(), Broken> {
        if self.jobs.is_empty() {
            return Ok(());
        }
        let job = self.chance.pick(&self.jobs);
        let name = self.job_name(job);
        let worker = self.workers[COUNTER].name.clone();
        let luck = self.luck();
        if matches!(luck, Luck::Away | Luck::Undone) {
            return Ok(());
        }
        let asked_at = self.clock.monotonic();
        let lease: Duration = self.policy.lease;
        let seized = self.store.job_seize(&JobSeize { job, worker, lease }).await.map_err(unexpected)?;
        let Seizure::Seized(claimed) = seized else {
            self.note(format_args!("{name} cannot be cancelled any more"));
            return Ok(());
        };
        self.books.claimed(job, claimed.state.job.lease_epoch)?;
        self.note(format_args!("{name} is seized, epoch {}", claimed.state.job.lease_epoch));
        if matches!(luck, Luck::Fine) {
            self.turns.push(Turn::with(COUNTER, *claimed, asked_at, &self.policy, Event::CancelRequested));
        }
        Ok(())
    }
}
