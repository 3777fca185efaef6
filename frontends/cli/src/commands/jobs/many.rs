//! Doing the same to many jobs: which ones, a look at them first, a question, and what came of it.

use std::io::{self, BufRead, IsTerminal};

use neurocards::{Credits, Job, JobFilter, JobId, OrderId, Stage, Status, Timestamp};
use serde::Serialize;

use super::choice;
use super::table::{descriptions, job_table};
use crate::app::App;
use crate::args::ManyArgs;
use crate::failure::{Exit, Failure, FailureView};
use crate::output::Printer;

/// What is to be done, in words.
pub(super) struct Deed {
    /// `cancel`.
    pub(super) verb: &'static str,
    /// `cancelled`.
    pub(super) done: &'static str,
    /// What the question says of the credits.
    pub(super) money: &'static str,
    /// The states that it can be done in.
    pub(super) states: &'static [Status],
    /// Those that a filter means that names none.
    pub(super) usual: &'static [Status],
}

/// What came of it for one job.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    pub(super) id: JobId,
    /// It was done now, not before.
    pub(super) changed: bool,
    /// The new order, of a deed that makes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order_id: Option<OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<FailureView<'a>>,
}

/// What came of it for all.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    dry_run: bool,
    jobs: usize,
    changed: usize,
    refused: usize,
    /// Their prices together.
    credits: Credits,
    results: Vec<Line<'a>>,
}

impl ManyArgs {
    /// The job, where one is named. An id goes neither with a filter nor with a dry run, which is a look at what a filter
    /// finds.
    pub(super) fn one(&self) -> Result<Option<JobId>, Failure> {
        let Some(id) = &self.id else { return Ok(None) };
        let filter = choice::filter(&self.filter, Timestamp::UNIX_EPOCH)?;
        if filter != JobFilter::default() {
            return Err(
                Failure::usage("an id and a filter do not go together").hint("Leave one of them out.")
            );
        }
        let id: JobId = id.parse()?;
        if self.dry_run {
            return Err(Failure::usage("--dry-run goes with a filter, not with an id")
                .hint(format!("`neurocards jobs show {id}` shows the job.")));
        }
        Ok(Some(id))
    }
}

/// One page of a list.
const PAGE: u32 = 500;
/// Most jobs that the question shows.
const SHOWN: usize = 10;

impl Deed {
    /// The jobs that a filter finds, the newest first.
    pub(super) async fn choose(&self, app: &App, args: &ManyArgs) -> Result<Vec<Job>, Failure> {
        let mut filter = choice::filter(&args.filter, app.clock.now())?;
        if filter == JobFilter::default() {
            let what = format!("it is not said which jobs to {}", self.verb);
            return Err(Failure::usage(what)
                .hint("Give the id of a job, or a filter such as --account ACCOUNT or --class CLASS."));
        }
        match args.filter.state {
            Some(state) if !self.states.contains(&state) => {
                let can: Vec<_> = self.states.iter().map(|state| state.as_str()).collect();
                let what = format!("jobs in the state {state} cannot be {}", self.done);
                return Err(Failure::usage(what).hint(format!("It goes with --state {}.", can.join(" or "))));
            }
            Some(_) => {}
            None => filter.stages = self.usual.iter().flat_map(|s| Stage::of_status(*s)).copied().collect(),
        }
        let mut found: Vec<Job> = Vec::new();
        loop {
            filter.limit =
                args.limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX)).min(PAGE);
            if filter.limit == 0 {
                return Ok(found);
            }
            let page = app.store().jobs_list(&filter).await?;
            let is_last = page.len() < filter.limit as usize;
            filter.before = page.last().map(|job| job.id).or(filter.before);
            found.extend(page);
            if is_last {
                return Ok(found);
            }
        }
    }

    /// Shows the jobs, and asks. `false`: nothing is to be done.
    pub(super) async fn agreed(
        &self,
        app: &App,
        args: &ManyArgs,
        jobs: &[Job],
        printer: &Printer,
    ) -> Result<bool, Failure> {
        let (count, credits) = (jobs.len(), credits_of(jobs));
        if count == args.limit as usize {
            printer.note(&format!("these are the newest {count}; --limit takes more, if there are any"));
        }
        if args.dry_run || (!args.yes && !args.json) {
            let first: Vec<_> = jobs.iter().take(SHOWN).map(|job| (job.clone(), None)).collect();
            if !args.json && !first.is_empty() {
                let orders = descriptions(app, &first).await?;
                printer.data(&job_table(&first, Some(&orders)));
            }
            if count > SHOWN {
                printer.note(&format!("and {} more", count - SHOWN));
            }
        }
        if args.dry_run {
            printer.note(&format!(
                "{count} jobs to {}, {credits} {}; nothing was changed",
                self.verb, self.money
            ));
            return Ok(false);
        }
        if args.yes || count == 0 {
            return Ok(true);
        }
        let question = format!("{} {count} jobs? {credits} {}", capital(self.verb), self.money);
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Failure::usage(format!("{question}: nobody is there to answer"))
                .hint("Add --yes to do it, or --dry-run to look first."));
        }
        printer.ask(&format!("{question} [y/N] "));
        let mut answer = String::new();
        // An answer is a word; whatever ends the input is no yes.
        let read = io::stdin().lock().read_line(&mut answer).unwrap_or_default();
        let yes = read > 0 && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "д" | "да");
        if !yes {
            printer.note("nothing was changed");
        }
        Ok(yes)
    }

    /// Says what came of it.
    pub(super) fn tell(
        &self,
        dry_run: bool,
        jobs: &[Job],
        results: &[(JobId, Told)],
        json: bool,
        printer: &Printer,
    ) -> Exit {
        let changed = results.iter().filter(|(_, told)| matches!(told, Told::Done(_))).count();
        let failures: Vec<_> = results.iter().filter_map(|(id, told)| Some((id, told.failure()?))).collect();
        if json {
            let lines = results.iter().map(|(id, told)| told.line(*id)).collect();
            printer.document(&Summary {
                dry_run,
                jobs: jobs.len(),
                changed,
                refused: failures.len(),
                credits: credits_of(jobs),
                results: if dry_run {
                    jobs.iter().map(|job| Told::Before(None).line(job.id)).collect()
                } else {
                    lines
                },
            });
        } else if !dry_run {
            for (id, failure) in &failures {
                printer.warning(&format!("{id}: {failure}"));
            }
            let before = results.len() - changed - failures.len();
            let mut words = format!("{changed} jobs {}", self.done);
            if before > 0 {
                words.push_str(&format!(", {before} were before"));
            }
            if !failures.is_empty() {
                words.push_str(&format!(", {} could not be", failures.len()));
            }
            printer.data(&words);
        }
        match failures.first() {
            None => Exit::Done,
            Some((_, failure)) if failures.len() == results.len() => failure.exit,
            Some(_) => Exit::Partly,
        }
    }
}

/// What came of it for one job.
#[derive(Debug)]
pub(super) enum Told {
    /// It was done; the new order, if it makes one.
    Done(Option<OrderId>),
    /// It was done before.
    Before(Option<OrderId>),
    /// It could not be done.
    Refused(Failure),
}

impl Told {
    fn failure(&self) -> Option<&Failure> {
        if let Self::Refused(failure) = self { Some(failure) } else { None }
    }

    fn line(&self, id: JobId) -> Line<'_> {
        let (changed, order_id) = match self {
            Self::Done(order) => (true, *order),
            Self::Before(order) => (false, *order),
            Self::Refused(_) => (false, None),
        };
        Line { id, changed, order_id, error: self.failure().map(Failure::view) }
    }
}

fn credits_of(jobs: &[Job]) -> Credits {
    let add = |sum: Credits, job: &Job| sum.checked_add(job.price).unwrap_or(sum);
    jobs.iter().fold(Credits::ZERO, add)
}

fn capital(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect()
}
