//! Why there is no video, in words that help: what a provider wrote is never shown.

use neurocards::{Fault, FaultClass, Job, Objection, OrderRecord};

use super::Parts;
use crate::flow::Action;
use crate::screen::{Button, Screen};
use crate::text::Text;

/// What ended an order, or a video of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) record: &'a OrderRecord,
    pub(super) job: Option<&'a Job>,
    pub(super) class: FaultClass,
    pub(super) objection: Option<Objection>,
}

/// `model`: what people call it; `support`: where they ask.
pub(super) fn screen(end: &End<'_>, model: &str, support: Option<&str>) -> Screen {
    let End { record, job, class, objection } = *end;
    let order = record.order.id;
    let support = || support.map(|url| Button::open("btn-support", url));
    let retry = Button::act("btn-retry", Action::Again { order });
    let text = match class {
        FaultClass::UserViolation => {
            let fault = job.and_then(|job| job.error.as_ref());
            let why = reason(objection, fault);
            Text::new("failed-violation")
                .words("model", model)
                .text("reason", Text::new(format!("reason-{why}")))
                .text("advice", Text::new(format!("advice-{why}")))
        }
        FaultClass::RateLimit => Text::new("failed-busy"),
        FaultClass::Temporary => Text::new("failed-temporary"),
        FaultClass::Billing | FaultClass::Auth | FaultClass::ModelUnavailable | FaultClass::InvalidInput => {
            Text::new("failed-technical")
        }
        FaultClass::Unknown => Text::new("failed-unknown").words("order", order.to_string()),
    };
    let mut screen = Screen::new(text);
    if let Some(job) = job.filter(|_| record.jobs.len() > 1) {
        let count = i64::from(record.order.count);
        let number = Text::new("failed-of").number("number", i64::from(job.index) + 1);
        screen = screen.after(number.number("count", count));
    }
    match class {
        FaultClass::UserViolation => screen
            .row([Button::act("btn-other-photo", Action::Make)])
            .row([Button::act("btn-again", Action::Again { order })]),
        FaultClass::RateLimit | FaultClass::Temporary | FaultClass::Unknown => {
            screen.row([retry]).row(support())
        }
        _ => screen.row(support()),
    }
    .menu()
}

/// What people call the model: as configured, or as the catalogue does.
pub(super) fn model_name(parts: &Parts, record: &OrderRecord) -> String {
    let model = &record.order.model;
    let known = parts.catalogue.models().iter().find(|known| known.id == *model);
    let title = known.map_or(model.as_str(), |known| known.title.as_str());
    parts.settings.model_name.as_deref().unwrap_or(title).to_owned()
}

/// Which of our reasons it is: from the check before the render, else from the words of the provider.
fn reason(objection: Option<Objection>, fault: Option<&Fault>) -> &'static str {
    match objection {
        Some(Objection::Person) => return "people",
        Some(Objection::Logo) => return "brand",
        Some(Objection::Sexual) => return "adult",
        Some(Objection::Minors) => return "minors",
        Some(Objection::Violence | Objection::SelfHarm | Objection::Illicit) => return "violence",
        Some(Objection::Hate | Objection::Harassment) => return "text",
        None => {}
    }
    let message = fault.map(|fault| fault.message.to_lowercase()).unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match () {
        () if has(&["minor", "child", "underage"]) => "minors",
        () if has(&[
            "people",
            "person",
            "human face",
            "real face",
            "likeness",
            "celebrit",
            "public figure",
        ]) =>
        {
            "people"
        }
        () if has(&[
            "copyright",
            "trademark",
            "third-party",
            "third party",
            "brand",
            "logo",
            "intellectual",
        ]) =>
        {
            "brand"
        }
        () if has(&["sexual", "nud", "adult", "nsfw", "explicit"]) => "adult",
        () if has(&["violen", "weapon", "gore", "self-harm", "dangerous"]) => "violence",
        () if has(&["prompt", "text"]) => "text",
        () if has(&["image", "photo", "picture"]) => "photo",
        () => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_ours() {
        let check = |message: &str, expect: &str| {
            let fault = Fault::new(FaultClass::UserViolation, message);
            assert_eq!(reason(None, Some(&fault)), expect, "{message}");
        };
        check(
            "This content may violate our guardrails concerning similarity to third-party content.",
            "brand",
        );
        check("We currently do not support uploads of images containing photorealistic people.", "people");
        check(
            "This content may violate our guardrails around nudity, sexuality, or erotic content.",
            "adult",
        );
        check("The image was flagged", "photo");
        check("Your prompt was flagged by our content policy", "text");
        check("blocked", "other");
        assert_eq!(reason(Some(Objection::Person), None), "people");
        assert_eq!(reason(None, None), "other");
    }
}
