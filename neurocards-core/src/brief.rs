//! What the seller gave us.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most characters of a product description. Marketplaces allow up to 5,000.
pub const DESCRIPTION_MAX_CHARS: usize = 5_000;
/// Most characters of the wishes.
pub const WISHES_MAX_CHARS: usize = 1_000;
/// Most characters of the seller's own video prompt.
pub const OWN_PROMPT_MAX_CHARS: usize = 5_000;

/// The language of the product texts: scripts, captions, notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
}

impl Lang {
    /// The two-letter code, as stored and as typed: `ru`, `en`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    /// Russian when the text has more Cyrillic than Latin letters, or names a price in roubles beside a Cyrillic
    /// word; else English.
    pub fn detect(text: &str) -> Self {
        let (cyrillic, latin) = text.chars().fold((0_usize, 0_usize), |(cyrillic, latin), c| match c {
            'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' => (cyrillic + 1, latin),
            'a'..='z' | 'A'..='Z' => (cyrillic, latin + 1),
            _ => (cyrillic, latin),
        });
        if cyrillic > latin || (cyrillic > 0 && counts_in_roubles(text)) { Self::Ru } else { Self::En }
    }
}

/// A rouble, and a Cyrillic word beside it: a name in Latin letters may be longer than what is said of it.
fn counts_in_roubles(text: &str) -> bool {
    let words = || text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let is_rouble = |word: &str| word.to_lowercase().starts_with("руб");
    let rouble = text.contains('₽') || words().any(is_rouble);
    let is_cyrillic = |word: &str| word.chars().all(|c| matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё'));
    rouble && words().any(|word| word.chars().nth(1).is_some() && is_cyrillic(word) && !is_rouble(word))
}

/// Which recipe the video follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemplateId {
    /// A blogger shows the product and speaks to the camera.
    Ugc,
    /// A product film without people.
    Ad,
    /// The seller's own prompt.
    #[serde(rename = "self")]
    Own,
}

impl TemplateId {
    /// All templates, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Ugc, Self::Ad, Self::Own];

    /// The id as stored and as typed: `ugc`, `ad`, `self`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ugc => "ugc",
            Self::Ad => "ad",
            Self::Own => "self",
        }
    }
}

/// A word that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {given:?}; known are {known}")]
pub struct UnknownWord {
    /// What was asked for: `template`, `language`, `stage`.
    pub what: &'static str,
    /// What was given, cut to 64 characters.
    pub given: String,
    /// The known words, separated by commas.
    pub known: String,
}

impl UnknownWord {
    pub(crate) fn new(
        what: &'static str,
        given: &str,
        known: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        Self { what, given: given.chars().take(64).collect(), known }
    }
}

impl FromStr for TemplateId {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|template| template.as_str() == word)
            .ok_or_else(|| UnknownWord::new("template", word, Self::ALL.map(Self::as_str)))
    }
}

impl FromStr for Lang {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "ru" => Ok(Self::Ru),
            "en" => Ok(Self::En),
            _ => Err(UnknownWord::new("language", word, ["ru", "en"])),
        }
    }
}

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A photo that passed the intake and lies in the media store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoRef {
    /// SHA-256 of the stored bytes, lower-case hex. The media key follows from it.
    pub sha256: String,
    /// Width in pixels, after orientation.
    pub width: u32,
    /// Height in pixels, after orientation.
    pub height: u32,
}

/// What the seller gave: the input of one order. Made by [`Brief::new`], which checks every limit once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The product photo.
    pub photo: PhotoRef,
    /// What the product is, in the seller's words. Not empty, at most [`DESCRIPTION_MAX_CHARS`].
    pub description: String,
    /// The recipe.
    pub template: TemplateId,
    /// How the video should be, if the seller said so.
    pub wishes: Option<String>,
    /// The seller's own video prompt: present exactly when the template is [`TemplateId::Own`].
    pub own_prompt: Option<String>,
    /// The language of script and captions.
    pub lang: Lang,
}

/// The texts of a brief, as they came from outside.
#[derive(Debug, Clone, Default)]
pub struct BriefTexts {
    /// What the product is.
    pub description: String,
    /// Wishes; words that mean none ("-", "no", "нет") count as none.
    pub wishes: Option<String>,
    /// The seller's own video prompt.
    pub own_prompt: Option<String>,
    /// The language; detected from the description when it is not given.
    pub lang: Option<Lang>,
}

/// Why a brief cannot be ordered. Nothing was stored and nothing was charged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BriefError {
    /// A text that is needed is empty or white space.
    #[error("the {field} is empty")]
    Empty {
        /// Which text.
        field: &'static str,
    },
    /// A text is over its limit.
    #[error("the {field} has {chars} characters; at most {limit} are allowed")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// How long it is.
        chars: usize,
        /// How long it may be.
        limit: usize,
    },
    /// An own prompt came with a template that writes its own.
    #[error("an own prompt goes with the template `self`, not with `{template}`")]
    OwnPromptUnused {
        /// The chosen template.
        template: TemplateId,
    },
}

impl Brief {
    /// Checks and cleans the texts: control characters out, white space folded, limits kept.
    ///
    /// # Errors
    /// See [`BriefError`]. Nothing is stored here.
    pub fn new(photo: PhotoRef, template: TemplateId, texts: BriefTexts) -> Result<Self, BriefError> {
        let description = required("description", &texts.description, DESCRIPTION_MAX_CHARS)?;
        let wishes = texts.wishes.as_deref().filter(|wishes| !means_none(wishes));
        let wishes = optional("wishes", wishes, WISHES_MAX_CHARS)?;
        let own_prompt = match (template, texts.own_prompt.as_deref()) {
            (TemplateId::Own, given) => {
                Some(required("own prompt", given.unwrap_or_default(), OWN_PROMPT_MAX_CHARS)?)
            }
            (_, None) => None,
            (template, Some(_)) => return Err(BriefError::OwnPromptUnused { template }),
        };
        let lang = texts.lang.unwrap_or_else(|| Lang::detect(&description));
        Ok(Self { photo, description, template, wishes, own_prompt, lang })
    }
}

/// "-", "no", "нет" and their kin as the whole answer; "нетипичный герой" is a wish.
fn means_none(wishes: &str) -> bool {
    let word = wishes.trim().trim_end_matches(['.', '!']).to_lowercase();
    matches!(word.as_str(), "" | "-" | "–" | "—" | "no" | "none" | "нет" | "не надо" | "без пожеланий")
}

fn required(field: &'static str, text: &str, limit: usize) -> Result<String, BriefError> {
    optional(field, Some(text), limit)?.ok_or(BriefError::Empty { field })
}

fn optional(field: &'static str, text: Option<&str>, limit: usize) -> Result<Option<String>, BriefError> {
    let Some(text) = text else { return Ok(None) };
    let chars = text.chars().count();
    if chars > limit {
        return Err(BriefError::TooLong { field, chars, limit });
    }
    let text = clean(text);
    Ok((!text.is_empty()).then_some(text))
}

/// Drops control and invisible direction characters, folds runs of white space, keeps line breaks.
fn clean(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let kept: String = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(is_kept).collect();
        kept.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn is_kept(c: &char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(template: TemplateId, texts: BriefTexts) -> Result<Brief, BriefError> {
        Brief::new(PhotoRef { sha256: "0".repeat(64), width: 600, height: 400 }, template, texts)
    }

    fn texts(description: &str) -> BriefTexts {
        BriefTexts { description: description.to_owned(), ..BriefTexts::default() }
    }

    #[test]
    fn a_brief_is_cleaned_once() {
        let check = |input: &str, expect: &str| {
            assert_eq!(brief(TemplateId::Ugc, texts(input)).unwrap().description, expect, "{input:?}");
        };
        check("  coffee \t cup  ", "coffee cup");
        check("a\u{1b}[2Jb", "a[2Jb");
        check("one\r\n\r\n two", "one\ntwo");
        check("\u{202e}evil", "evil");
    }

    #[test]
    fn limits_are_kept() {
        assert_eq!(brief(TemplateId::Ugc, texts(" \n ")), Err(BriefError::Empty { field: "description" }));
        assert!(brief(TemplateId::Ugc, texts(&"я".repeat(DESCRIPTION_MAX_CHARS))).is_ok());
        assert_eq!(
            brief(TemplateId::Ugc, texts(&"я".repeat(100_000))),
            Err(BriefError::TooLong { field: "description", chars: 100_000, limit: 5_000 })
        );
        assert_eq!(brief(TemplateId::Own, texts("cup")), Err(BriefError::Empty { field: "own prompt" }));
        let own = BriefTexts { own_prompt: Some("spin it".to_owned()), ..texts("cup") };
        assert!(brief(TemplateId::Own, own.clone()).is_ok());
        assert_eq!(brief(TemplateId::Ad, own), Err(BriefError::OwnPromptUnused { template: TemplateId::Ad }));
    }

    #[test]
    fn only_a_whole_no_means_no_wishes() {
        let check = |wishes: &str, expect: Option<&str>| {
            let texts = BriefTexts { wishes: Some(wishes.to_owned()), ..texts("cup") };
            assert_eq!(brief(TemplateId::Ugc, texts).unwrap().wishes.as_deref(), expect);
        };
        check("-", None);
        check("Нет.", None);
        check("no", None);
        check("нетипичный герой", Some("нетипичный герой"));
        check("no people in frame", Some("no people in frame"));
    }

    #[test]
    fn the_language_is_detected() {
        assert_eq!(Lang::detect("Кофейная чашка 350 ml"), Lang::Ru);
        assert_eq!(Lang::detect("Coffee cup, чашка"), Lang::En);
        assert_eq!(Lang::detect("iPhone 15 Pro 256GB чехол 1 490 ₽"), Lang::Ru);
        assert_eq!(Lang::detect("iPhone 15 Pro 256GB чехол, 1490 руб."), Lang::Ru);
        assert_eq!(Lang::detect("Coffee cup 990 ₽"), Lang::En);
        assert_eq!(Lang::detect("Coffee cup 990 руб"), Lang::En);
        assert_eq!(Lang::detect("123"), Lang::En);
    }

    #[test]
    fn words_parse_back_and_unknown_ones_name_the_known() {
        for template in TemplateId::ALL {
            assert_eq!(template.as_str().parse(), Ok(template));
        }
        let error = "ucg".parse::<TemplateId>().unwrap_err();
        assert_eq!(error.to_string(), "unknown template \"ucg\"; known are ugc, ad, self");
    }
}
