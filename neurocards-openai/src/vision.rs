//! One question about a photo, to a model that sees.

use neurocards_core::{Fault, FaultClass, Objection, PromptUsage, fit};
use serde::Deserialize;

use crate::check::QUESTIONS;
use crate::course::Unfit;
use crate::dialect::Question;
use crate::form::{Form, Kind};
use crate::openai::OpenAi;

/// Most characters of what the model says it sees.
const WHAT_MAX_CHARS: usize = 100;
const ANSWERS: &[&str] = &["no", "unsure", "yes"];

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    system: String,
    user: String,
    correction: String,
}

/// What the model sees.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Seen {
    #[serde(default)]
    what: String,
    person: Answer,
    logo: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Yes,
    No,
    /// Nobody is refused on a doubt.
    Unsure,
}

impl Seen {
    /// What is objected to, as a fault that says what was seen.
    pub(crate) fn objection(&self, objects_to: impl Fn(Objection) -> bool) -> Option<Fault> {
        let answers = [(self.person, Objection::Person), (self.logo, Objection::Logo)];
        let mut found = answers.into_iter().filter(|(answer, _)| *answer == Answer::Yes);
        let (_, objection) = found.find(|(_, objection)| objects_to(*objection))?;
        Some(objection.fault(Some(self.what.as_str()).filter(|what| !what.is_empty())))
    }
}

/// Shows the photo, and nothing of the brief, to the model.
pub(crate) async fn look(openai: &OpenAi, url: String) -> (Result<Seen, Fault>, PromptUsage) {
    let data = &QUESTIONS.vision;
    let question = Question {
        system: data.system.trim().to_owned(),
        with_photo: data.user.clone(),
        without_photo: None,
        photo: Some(url),
        form: Form {
            name: "photo_check",
            fields: vec![
                ("what", Kind::Text),
                ("person", Kind::Word(ANSWERS)),
                ("logo", Kind::Word(ANSWERS)),
            ],
        },
    };
    let judge = |answer: &str, _: &str| match read(answer) {
        Some(seen) => Ok(Seen { what: fit(&openai.said(&seen.what), WHAT_MAX_CHARS), ..seen }),
        None => Err(Unfit {
            fault: Fault::new(FaultClass::Unknown, "the answer is not the JSON object that was asked for")
                .with_code("form"),
            correction: data.correction.clone(),
        }),
    };
    openai.ask(&question, judge).await
}

fn read(answer: &str) -> Option<Seen> {
    serde_json::from_str(answer.get(answer.find('{')?..=answer.rfind('}')?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_an_objection() {
        let check = |answer: &str, expect: Option<(Objection, &str)>| {
            let seen = read(answer).unwrap();
            let fault = seen.objection(|_| true);
            let found = fault
                .as_ref()
                .and_then(Objection::of)
                .zip(fault.as_ref().map(|fault| fault.message.as_str()));
            assert_eq!(found, expect, "{answer}");
        };
        check(r#"{"what":"","person":"no","logo":"no"}"#, None);
        check(r#"{"what":"","person":"unsure","logo":"unsure"}"#, None);
        check(
            r#"```{"what":"a smiling man","person":"yes","logo":"yes"}```"#,
            Some((Objection::Person, "a person can be recognised in the photo (a smiling man)")),
        );
        check(
            r#"{"person":"no","logo":"yes"}"#,
            Some((Objection::Logo, "the photo shows somebody else's logo or character")),
        );
        let both = read(r#"{"what":"","person":"yes","logo":"yes"}"#).unwrap();
        let logo = both.objection(|objection| objection != Objection::Person);
        assert_eq!(logo.as_ref().and_then(Objection::of), Some(Objection::Logo));
        for none in ["", "yes", "{}", r#"{"person":true,"logo":false}"#, r#"{"person":"maybe","logo":"no"}"#]
        {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
