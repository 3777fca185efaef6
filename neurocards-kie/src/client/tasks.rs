//! Tasks: the paid call that makes one, and reading it.

use neurocards_core::{Fault, FaultClass, Submitted};
use serde::Deserialize;
use serde_json::Value;

use super::{CallError, KieClient, KieKey, Reply};
use crate::catalogue::Family;
use crate::classify::Nuance;
use crate::task::is_task_id;

/// A paid call, ready to leave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PaidCall {
    pub(crate) family: Family,
    pub(crate) body: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    task_id: String,
}

impl KieClient {
    /// **The paid call.** One request; whatever happens is told in the answer, and what else is known of a refusal.
    pub(crate) async fn submit(&self, key: &KieKey, call: &PaidCall) -> (Submitted, Option<Nuance>) {
        let path = match call.family {
            Family::Jobs => "/api/v1/jobs/createTask",
            Family::Veo => "/api/v1/veo/generate",
            Family::Runway => "/api/v1/runway/generate",
        };
        submitted(self.transport.pay(key, self.api(path), call.body.to_string()).await)
    }

    /// What KIE has on a task. Free.
    pub(crate) async fn task(&self, key: &KieKey, family: Family, task_id: &str) -> Result<Reply, CallError> {
        let path = match family {
            Family::Jobs => "/api/v1/jobs/recordInfo",
            Family::Veo => "/api/v1/veo/record-info",
            Family::Runway => "/api/v1/runway/record-detail",
        };
        let mut url = self.api(path);
        url.query_pairs_mut().append_pair("taskId", task_id);
        self.transport.get(key, url).await
    }
}

/// A task exists, or provably does not, or nobody knows.
fn submitted(reply: Result<Reply, CallError>) -> (Submitted, Option<Nuance>) {
    let verdict = match reply {
        Ok(reply) if reply.is_ok() => {
            let created = serde_json::from_value::<Created>(reply.data).ok();
            let submitted = match created.map(|created| created.task_id).filter(|id| is_task_id(id)) {
                Some(task_id) => Submitted::Accepted { task_id },
                None => Submitted::Unknown(Fault::new(
                    FaultClass::Temporary,
                    "KIE took the task and did not say which one it is",
                )),
            };
            return (submitted, None);
        }
        Ok(reply) => reply.verdict(),
        Err(error) => error.verdict(),
    };
    let nuance = verdict.nuance;
    (
        if verdict.refused { Submitted::Rejected(verdict.fault) } else { Submitted::Unknown(verdict.fault) },
        nuance,
    )
}
