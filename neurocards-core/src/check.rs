//! The seam to whoever looks at a brief before money is spent on it.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::brief::{Brief, UnknownWord};
use crate::fault::{Fault, FaultClass};
use crate::photo::Photo;
use crate::prompt::PromptUsage;

/// Looks at a brief and its photo for what video models refuse, so that a refusal comes before any render: it costs no
/// credit, and the seller learns why.
///
/// The engine asks before it has a prompt written ([`EngineBuilder::check`](crate::EngineBuilder::check)), once for each
/// video; frontends may ask before an order ([`Engine::check`](crate::Engine::check)). An implementation remembers its
/// answers. Looking may cost fractions of a cent, and is safe to repeat.
#[async_trait]
pub trait BriefCheck: fmt::Debug + Send + Sync + 'static {
    /// Looks at a brief. What to do when nobody can look is the implementation's to say: [`Verdict::Unchecked`] lets the
    /// brief pass, [`Verdict::Refused`] does not.
    async fn check(&self, brief: &Brief, photo: &Photo) -> Checked;
}

/// A verdict, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What came of looking.
    pub verdict: Verdict,
    /// What it took from a language model, if one was asked just now.
    pub usage: Option<PromptUsage>,
}

impl From<Verdict> for Checked {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, usage: None }
    }
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// There is nothing to object to.
    Clean,
    /// It must not be rendered. [`Objection::of`] says what is wrong with it, if the fault comes of an objection.
    Refused(Fault),
    /// Nobody looked: there is no check here, or it failed for this reason.
    Unchecked(Option<Fault>),
}

/// What video models refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objection {
    /// A person who can be recognised.
    Person,
    /// A logo or a character of somebody else than the product's maker.
    Logo,
    /// Nudity, or what suggests it.
    Sexual,
    /// The same with minors.
    Minors,
    /// Violence, or its results.
    Violence,
    /// Harming oneself.
    SelfHarm,
    /// Hatred of groups of people.
    Hate,
    /// Insults and threats.
    Harassment,
    /// Breaking the law.
    Illicit,
}

impl Objection {
    /// Every objection.
    pub const ALL: [Self; 9] = [
        Self::Person,
        Self::Logo,
        Self::Sexual,
        Self::Minors,
        Self::Violence,
        Self::SelfHarm,
        Self::Hate,
        Self::Harassment,
        Self::Illicit,
    ];

    /// The objection as stored, in snake case: the code of its fault.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Logo => "logo",
            Self::Sexual => "sexual",
            Self::Minors => "minors",
            Self::Violence => "violence",
            Self::SelfHarm => "self_harm",
            Self::Hate => "hate",
            Self::Harassment => "harassment",
            Self::Illicit => "illicit",
        }
    }

    /// The fault that ends a job because of it: of the class `user_violation`, with its name as the code. The message
    /// says it in English; a detail from outside may follow.
    pub fn fault(self, detail: Option<&str>) -> Fault {
        let what = match self {
            Self::Person => "a person can be recognised in the photo",
            Self::Logo => "the photo shows somebody else's logo or character",
            Self::Sexual => "the photo or the text is sexual",
            Self::Minors => "the photo or the text is sexual, with minors",
            Self::Violence => "the photo or the text is violent",
            Self::SelfHarm => "the photo or the text is about harming oneself",
            Self::Hate => "the text is hateful",
            Self::Harassment => "the text insults or threatens",
            Self::Illicit => "the text is about breaking the law",
        };
        let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        Fault::new(FaultClass::UserViolation, format!("{what}{detail}")).with_code(self.as_str())
    }

    /// What a fault objects to; `None` for every other fault.
    pub fn of(fault: &Fault) -> Option<Self> {
        let code = fault.code.as_deref().filter(|_| fault.class == FaultClass::UserViolation)?;
        code.parse().ok()
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Objection {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|objection| objection.as_str() == word)
            .ok_or_else(|| UnknownWord::new("objection", word, Self::ALL.map(Self::as_str)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_what_it_objects_to() {
        for objection in Objection::ALL {
            let fault = objection.fault(Some("seen"));
            assert_eq!((Objection::of(&fault), fault.class), (Some(objection), FaultClass::UserViolation));
            assert!(fault.message.ends_with("(seen)"));
            let stored = serde_json::to_string(&objection).unwrap();
            assert_eq!(stored, format!("\"{objection}\""));
        }
        assert_eq!(Objection::of(&Fault::new(FaultClass::UserViolation, "no").with_code("422")), None);
        assert_eq!(Objection::of(&Fault::new(FaultClass::Temporary, "no").with_code("person")), None);
    }
}
