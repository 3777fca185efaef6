//! The templates: data files that say what a prompt must contain.
//!
//! Known weakness: a template is checked by rendering it for sample requests, so an error in a branch that no sample
//! takes shows up later, as an empty text.

mod check;
mod texts;

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

pub(in crate::prompt) use self::texts::ParsedTexts;
use super::variety::pick;
use super::{PromptLimits, PromptRequest, Script, Variation, clauses};
use crate::brief::{Lang, TemplateId};

const BUILTIN: [&str; 3] = [
    include_str!("../../../templates/ugc.toml"),
    include_str!("../../../templates/ad.toml"),
    include_str!("../../../templates/self.toml"),
];

/// Spoken words a second, without hurry.
const WORDS_PER_SECOND: u32 = 2;

/// One template for each [`TemplateId`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Templates(Arc<[Template; 3]>);

/// One recipe, read from a data file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    id: TemplateId,
    people: People,
    shares: Shares,
    phrases: u32,
    title: Texts,
    hint: Texts,
    instructions: Texts,
    video: Video,
    #[serde(skip)]
    parsed: ParsedTexts,
}

/// Whether people appear in the video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum People {
    /// A person shows the product.
    Required,
    /// The product alone.
    None,
    /// As the seller's prompt says.
    Free,
}

/// A part of the clip in whole seconds, from the end of the part before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Beat {
    /// First second.
    pub from: u32,
    /// Where the next part begins, or the clip ends.
    pub to: u32,
}

/// The structure of a clip: three parts that fill it from 0 to its last second.
///
/// Each part has at least one second; a clip shorter than 3 s has empty parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Beats {
    /// Catches the eye.
    pub hook: Beat,
    /// Shows why to want the product.
    pub benefits: Beat,
    /// Closes and invites.
    pub ending: Beat,
}

/// Why template files cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file is not TOML of the right shape.
    #[error("template file {number} cannot be read")]
    Syntax {
        /// Which of the given files, from 1.
        number: usize,
        /// What the parser says, with line and column.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Two of the given files have the same id.
    #[error("template `{id}` is given twice")]
    Twice {
        /// The id.
        id: TemplateId,
    },
    /// A field has a value that cannot serve.
    #[error("template `{id}`: {field} {problem}")]
    Field {
        /// The template.
        id: TemplateId,
        /// The field, as a TOML path.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A text of the template does not render.
    #[error("template `{id}`: {field} does not render")]
    Render {
        /// The template.
        id: TemplateId,
        /// The field, as a TOML path.
        field: &'static str,
        /// What the template engine says, with the line.
        #[source]
        source: Box<minijinja::Error>,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    ru: String,
    en: String,
}

/// Parts of the clip, relative to their sum.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shares {
    hook: u32,
    benefits: u32,
    ending: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Video {
    prompt: Vec<String>,
    #[serde(default)]
    hero: Vec<String>,
    #[serde(default)]
    place: Vec<String>,
    #[serde(default)]
    mood: Vec<String>,
    #[serde(default)]
    camera: Vec<String>,
}

/// The names that the texts of a template may use. `product` and `wish` are for `video.prompt` only: the seller's
/// words never enter instructions.
#[derive(Debug, Clone, Serialize)]
struct Names<'a> {
    /// Length of the clip.
    seconds: u32,
    #[serde(flatten)]
    beats: Beats,
    /// 1-based number of the video in its order.
    index: u32,
    count: u32,
    hero: &'a str,
    place: &'a str,
    mood: &'a str,
    camera: &'a str,
    /// The spoken language.
    language: &'a str,
    /// Most spoken phrases and words.
    phrases: u32,
    words: u32,
    /// Most characters of a script line, and of a video prompt without the fixed clauses.
    line_chars: usize,
    room: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wish: Option<&'a str>,
}

/// What the seller's words add to an offline prompt, cleaned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// How the product is called in the prompt.
    pub(super) product: &'a str,
    /// An English wish without its full stop, or empty.
    pub(super) wish: &'a str,
}

impl Templates {
    /// The templates that come with the crate.
    pub fn builtin() -> Self {
        static TEMPLATES: LazyLock<Templates> =
            LazyLock::new(|| Templates::read(&BUILTIN, None).expect("a test reads the built-in templates"));
        TEMPLATES.clone()
    }

    /// Templates from TOML texts of the shape of `neurocards-core/templates/*.toml`. Ids that are not given stay as
    /// they are built in.
    ///
    /// # Errors
    /// [`TemplateError`] names the file or the field. Every text is rendered for sample requests here.
    pub fn parse(files: &[&str]) -> Result<Self, TemplateError> {
        Self::read(files, Some(&Self::builtin()))
    }

    fn read(files: &[&str], base: Option<&Self>) -> Result<Self, TemplateError> {
        let mut given: [Option<Template>; 3] = [None, None, None];
        for (at, file) in files.iter().enumerate() {
            let mut template: Template = toml::from_str(file)
                .map_err(|source| TemplateError::Syntax { number: at + 1, source: Box::new(source) })?;
            template.check()?;
            let id = template.id;
            if given[position(id)].replace(template).is_some() {
                return Err(TemplateError::Twice { id });
            }
        }
        let mut all = Vec::with_capacity(given.len());
        for (id, template) in TemplateId::ALL.into_iter().zip(given) {
            let template = template.or_else(|| base.map(|base| base.get(id).clone()));
            all.push(template.ok_or(TemplateError::Field { id, field: "id", problem: "is in no file" })?);
        }
        let all = <[Template; 3]>::try_from(all).map_err(|_| TemplateError::Twice { id: TemplateId::Ugc })?;
        Ok(Self(Arc::new(all)))
    }

    /// The template of an id.
    pub fn get(&self, id: TemplateId) -> &Template {
        &self.0[position(id)]
    }

    /// All templates, in the order in which they are offered.
    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.0.iter()
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::builtin()
    }
}

fn position(id: TemplateId) -> usize {
    match id {
        TemplateId::Ugc => 0,
        TemplateId::Ad => 1,
        TemplateId::Own => 2,
    }
}

impl Template {
    /// Which template this is.
    pub fn id(&self) -> TemplateId {
        self.id
    }

    /// A title for menus.
    pub fn title(&self, lang: Lang) -> &str {
        self.title.get(lang)
    }

    /// One line for menus and help.
    pub fn hint(&self, lang: Lang) -> &str {
        self.hint.get(lang)
    }

    /// Whether people appear.
    pub fn people(&self) -> People {
        self.people
    }

    /// The structure by whole seconds of a clip of this length.
    pub fn beats(&self, seconds: u32) -> Beats {
        let Shares { hook, benefits, ending } = self.shares;
        let sum = u64::from(hook) + u64::from(benefits) + u64::from(ending);
        let share = |part: u64| {
            let rounded = (u64::from(seconds) * part * 2 + sum) / (sum * 2);
            u32::try_from(rounded).unwrap_or(seconds)
        };
        let first =
            share(u64::from(hook)).clamp(seconds.min(1), seconds.saturating_sub(2).max(seconds.min(1)));
        let second = share(u64::from(hook) + u64::from(benefits));
        let second =
            second.clamp((first + 1).min(seconds), seconds.saturating_sub(1).max((first + 1).min(seconds)));
        Beats {
            hook: Beat { from: 0, to: first },
            benefits: Beat { from: first, to: second },
            ending: Beat { from: second, to: seconds },
        }
    }

    /// What a language model is told, in `lang`; the script's language is the brief's own and is named inside.
    ///
    /// The seller's words are not in it: give them separately, as data. The answer it asks for is a JSON object with
    /// `hook`, `benefit`, `call_to_action` and, except for [`TemplateId::Own`], `hero`, `place`, `mood` and
    /// `video_prompt`; the latter leaves room for [`Prompt::with_clauses`](super::Prompt::with_clauses).
    pub fn instructions(&self, lang: Lang, request: &PromptRequest<'_>) -> String {
        self.instruct(lang, &self.names_for(lang, request))
    }

    /// The instructions without what is chosen for this video: that may well stand in an answer.
    pub(super) fn rules(&self, lang: Lang, request: &PromptRequest<'_>) -> String {
        let names = Names { hero: "", place: "", mood: "", camera: "", ..self.names_for(lang, request) };
        self.instruct(lang, &names)
    }

    fn names_for(&self, lang: Lang, request: &PromptRequest<'_>) -> Names<'_> {
        self.names(request.variation, request.seconds, language(request.brief.lang, lang), request.limits)
    }

    fn instruct(&self, lang: Lang, names: &Names<'_>) -> String {
        let text = match lang {
            Lang::Ru => INSTRUCTIONS_RU,
            Lang::En => INSTRUCTIONS_EN,
        };
        self.parsed.render(text, &names.value()).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    /// The sentences of the offline video prompt, the most important first.
    pub(super) fn sentences(&self, request: &PromptRequest<'_>, facts: Facts<'_>) -> Vec<String> {
        let language = language(request.brief.lang, Lang::En);
        let mut names = self.names(request.variation, request.seconds, language, request.limits);
        names.product = Some(facts.product);
        names.wish = Some(facts.wish);
        let names = names.value();
        let rendered = (0..self.video.prompt.len()).filter_map(|at| {
            self.parsed.render(&sentence(at), &names).ok().map(|text| capitalised(text.trim()))
        });
        rendered.filter(|sentence| !sentence.is_empty()).collect()
    }

    fn names<'a>(&'a self, k: Variation, seconds: u32, language: &'a str, limits: PromptLimits) -> Names<'a> {
        let word = |list: &'a [String], salt| pick(list, k, salt).map_or("", String::as_str);
        Names {
            seconds,
            beats: self.beats(seconds),
            index: k.index.saturating_add(1),
            count: k.count,
            hero: word(&self.video.hero, "hero"),
            place: word(&self.video.place, "place"),
            mood: word(&self.video.mood, "mood"),
            camera: word(&self.video.camera, "camera"),
            language,
            phrases: self.phrases,
            words: (seconds * WORDS_PER_SECOND).max(6),
            line_chars: Script::LINE_MAX_CHARS,
            room: clauses::room(limits),
            product: None,
            wish: None,
        }
    }
}

impl Texts {
    pub(super) fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ru => &self.ru,
            Lang::En => &self.en,
        }
    }
}

/// The name of a spoken language, in another.
fn language(spoken: Lang, named_in: Lang) -> &'static str {
    match (spoken, named_in) {
        (Lang::Ru, Lang::Ru) => "русский",
        (Lang::Ru, Lang::En) => "Russian",
        (Lang::En, Lang::Ru) => "английский",
        (Lang::En, Lang::En) => "English",
    }
}

/// The names of the parsed texts.
const INSTRUCTIONS_RU: &str = "instructions.ru";
const INSTRUCTIONS_EN: &str = "instructions.en";

fn sentence(at: usize) -> String {
    format!("video.prompt {at}")
}

/// The text with its first letter raised, unless a capital follows it: "iPhone".
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    if chars.clone().nth(1).is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
