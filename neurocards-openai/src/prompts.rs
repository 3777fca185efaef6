//! The prompt builder.

use async_trait::async_trait;
use neurocards_core::{
    AnswerProblem, Fault, FaultClass, Media, MediaError, Photo, Prompt, PromptBuilder, PromptError,
    PromptRequest, Templates,
};

use crate::course::Unfit;
use crate::dialect::Question;
use crate::form::Form;
use crate::openai::OpenAi;
use crate::photo::{data_url, unreadable};

/// The name of the answer's form.
const FORM: &str = "video_prompt";

/// Has prompts written by a language model that sees the photo.
///
/// The instructions are those of the templates; the seller's words go along as data, in a message of their own, and the
/// answer is checked before anything of it is used ([`Template::accept`](neurocards_core::Template::accept)). One prompt
/// takes one request, and at most [`tries`](crate::OpenAiBuilder::tries) that fail or bring nothing of use; then the
/// engine's offline builder serves. Each request may be charged, in fractions of a cent: [`Prompt::usage`] and
/// [`PromptError::usage`] say how much.
#[derive(Debug, Clone)]
pub struct OpenAiPrompts {
    openai: OpenAi,
    media: Media,
    templates: Templates,
}

impl OpenAiPrompts {
    /// A builder that asks this service about photos in this media store.
    pub fn new(openai: OpenAi, media: Media) -> Self {
        Self { openai, media, templates: Templates::builtin() }
    }

    /// Other templates than the built-in ones.
    #[must_use]
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }
}

#[async_trait]
impl PromptBuilder for OpenAiPrompts {
    async fn build(&self, request: &PromptRequest<'_>) -> Result<Prompt, PromptError> {
        let brief = request.brief;
        let template = self.templates.get(brief.template);
        let jpeg = self.media.photo(&brief.photo.sha256).await.map_err(|error| unseen(&error))?;
        let photo = Photo::from_media(jpeg).map_err(|error| unreadable(&error))?;
        let question = Question {
            system: template.instructions(brief.lang, request),
            with_photo: template.message(brief.lang, brief, true),
            without_photo: Some(template.message(brief.lang, brief, false)),
            photo: Some(data_url(photo).await?),
            form: Form::of_texts(FORM, template.answer_fields()),
        };
        let judge = |answer: &str, model: &str| {
            template.accept(brief.lang, request, answer, model).map_err(|problem| Unfit {
                fault: unfit(problem),
                correction: template.correction(brief.lang, problem),
            })
        };
        let (answer, usage) = self.openai.ask(&question, judge).await;
        let usage = (usage.requests > 0).then_some(usage);
        match answer {
            Ok(prompt) => Ok(Prompt { usage, ..prompt }),
            Err(fault) => Err(PromptError { fault, usage }),
        }
    }
}

fn unfit(problem: AnswerProblem) -> Fault {
    Fault::new(FaultClass::Unknown, problem.to_string()).with_code(problem.as_str())
}

fn unseen(error: &MediaError) -> Fault {
    Fault::new(FaultClass::Temporary, error.to_string()).with_code("storage")
}
