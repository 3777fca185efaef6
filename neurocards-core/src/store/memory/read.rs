//! Reading jobs: one, many, and everything that is known of one.

use super::super::{JobFilter, JobHistory, JobRecord};
use super::tables::Tables;
use crate::ids::JobId;
use crate::job::Job;
use crate::notice::{Notice, Subject};

impl Tables {
    pub(super) fn job_record(&self, id: JobId) -> Option<JobRecord> {
        let job = self.jobs.get(&id)?.clone();
        let order = self.orders.get(&job.order_id)?.clone();
        let row = self.artifacts.get(&id);
        let (artifact, removed_at) =
            (row.map(|row| row.artifact.clone()), row.and_then(|row| row.removed_at));
        Some(JobRecord { job, order, artifact, removed_at })
    }

    pub(super) fn jobs_list(&self, filter: &JobFilter) -> Vec<Job> {
        let fits = |job: &&Job| {
            filter.before.is_none_or(|before| job.id < before)
                && self.orders.get(&job.order_id).is_some_and(|order| filter.fits(job, order))
        };
        self.jobs.values().rev().filter(fits).take(filter.limit as usize).cloned().collect()
    }

    pub(super) fn job_history(&self, id: JobId) -> Option<JobHistory> {
        let record = self.job_record(id)?;
        let order = Subject::Order(record.order.id);
        let mut attempts: Vec<_> =
            self.attempts.values().filter(|attempt| attempt.job_id == id).cloned().collect();
        attempts.sort_by_key(|attempt| attempt.seq);
        let about = |notice: &&Notice| notice.subject == order || notice.subject == Subject::Job(id);
        Some(JobHistory {
            record,
            events: self.events.get(&id).cloned().unwrap_or_default(),
            attempts,
            notices: self.notices.values().map(|row| &row.notice).filter(about).cloned().collect(),
            ledger: self.ledger.iter().filter(|entry| entry.job_id == Some(id)).cloned().collect(),
        })
    }
}
