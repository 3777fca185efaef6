//! Before anything is paid: a video made on this machine, and the script.

use std::time::Duration;

use neurocards::{
    Allowance, Artifact, AttemptId, Brief, BriefTexts, Fault, FaultClass, OfflinePrompts, PhotoUpload,
    Prompt, PromptRequest, Script, StoreError, Submission, Submitted, TaskRef, TaskState, TemplateId,
    UploadError, Variation, VideoProvider,
};

use super::Parts;
use super::effects::Doing;
use crate::flow::{Draft, Preview};

/// How long a free video may take, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(200);
/// How long a script may take before templates write it.
const SCRIPT_PATIENCE: Duration = Duration::from_secs(20);

impl Parts {
    /// Makes a free video, if one is left of today's.
    pub(super) async fn preview(&self, doing: &Doing, draft: &Draft) -> Result<Preview, StoreError> {
        let Some(provider) = &self.drafts else { return Ok(Preview::Failed) };
        let left = match self.take_draft(doing, draft).await? {
            Allowance::Granted { left } => left,
            Allowance::Spent { until } => return Ok(Preview::Spent { until }),
        };
        let _room = self.renders.acquire().await;
        let made = tokio::select! {
            made = self.render(provider.as_ref(), draft) => made,
            () = self.clock.sleep(PATIENCE) => Err(Fault::new(FaultClass::Temporary, "it took too long")),
        };
        Ok(match made {
            Ok(artifact) => Preview::Made { artifact, left },
            Err(fault) => {
                tracing::warn!(%fault, "a free draft did not work out");
                Preview::Failed
            }
        })
    }

    async fn render(&self, provider: &dyn VideoProvider, draft: &Draft) -> Result<Artifact, Fault> {
        let broken = |what: &str| Fault::new(FaultClass::Unknown, what);
        let brief = brief_of(draft).ok_or_else(|| broken("the draft makes no brief"))?;
        let model = provider.catalogue().resolve(None).map_err(|error| broken(&error.to_string()))?.clone();
        let jpeg = self
            .engine
            .media()
            .photo(&draft.photo.sha256)
            .await
            .map_err(|error| broken(&error.to_string()))?;
        let attempt = AttemptId::new(self.clock.now(), self.entropy.id_bytes());
        let upload = PhotoUpload { attempt, sha256: &draft.photo.sha256, jpeg: &jpeg, model: &model };
        let photo = provider.upload(&upload).await.map_err(|error| match error {
            UploadError::NotNow { why, .. } => why,
            UploadError::Fault(fault) => fault,
        })?;
        let prompt = offline(&brief, &model);
        let (variation, key) = (FIRST, photo.key.as_deref());
        let submission = Submission {
            attempt,
            model: &model,
            prompt: &prompt,
            photo: &photo,
            key,
            brief: &brief,
            variation,
        };
        let task_id = match provider.submit(&submission).await {
            Submitted::Accepted { task_id, .. } => task_id,
            Submitted::Rejected(fault) | Submitted::Unknown(fault) => return Err(fault),
        };
        let task = TaskRef { attempt, task_id: &task_id, model: &model.id, key };
        let video = loop {
            match provider.read(&task).await? {
                TaskState::Running { .. } => self.clock.sleep(LOOK).await,
                TaskState::Succeeded { video, .. } => break video,
                TaskState::Failed(fault) => return Err(fault),
            }
        };
        let stream = provider.fetch(&task, &video).await?;
        self.engine.media().put_video(stream).await.map_err(|error| broken(&error.to_string()))
    }

    /// What will be said: by the language model if there is one and it answers, else by the templates.
    pub(super) async fn script(&self, draft: &Draft) -> Script {
        let nothing =
            || Script { hook: String::new(), benefit: String::new(), call_to_action: String::new() };
        let Some(brief) = brief_of(draft) else { return nothing() };
        let Ok(model) = self.engine.catalogue().resolve(None) else { return nothing() };
        let written = offline(&brief, model).script;
        let Some(prompts) = &self.prompts else { return written };
        let request = request(&brief, model);
        tokio::select! {
            built = prompts.build(&request) => built.map_or(written, |prompt| prompt.script),
            () = self.clock.sleep(SCRIPT_PATIENCE) => written,
        }
    }
}

const FIRST: Variation = Variation { index: 0, count: 1, seed: 0 };

fn request<'a>(brief: &'a Brief, model: &neurocards::Model) -> PromptRequest<'a> {
    PromptRequest { brief, variation: FIRST, limits: model.prompt, seconds: model.seconds }
}

fn offline(brief: &Brief, model: &neurocards::Model) -> Prompt {
    OfflinePrompts::default().write(&request(brief, model))
}

fn brief_of(draft: &Draft) -> Option<Brief> {
    let template = draft.template?;
    let own = template == TemplateId::Own;
    let texts = BriefTexts {
        description: draft.description.clone(),
        wishes: draft.wishes.clone().filter(|_| !own),
        own_prompt: draft.own_prompt.clone().filter(|_| own),
        lang: None,
    };
    Brief::new(draft.photo.clone(), template, texts).ok()
}
