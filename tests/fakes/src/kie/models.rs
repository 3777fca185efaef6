//! Which models there are, what they take, and what they cost: `kie/models.toml`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::words;

/// The endpoint that a model is asked for at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    Jobs,
    Veo,
    Runway,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Ids that answer "paused".
    paused: Vec<String>,
    model: Vec<Row>,
}

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) family: Family,
    pub(crate) input: Vec<Field>,
    #[serde(default)]
    pub(crate) photo: Photo,
    /// The clip's length in seconds where it cannot be chosen.
    #[serde(default)]
    seconds: Option<i64>,
    #[serde(default)]
    refuse: Vec<Refuse>,
    price: Vec<Price>,
    /// A task shows `generating` from the first reading on.
    #[serde(default)]
    pub(crate) generating: bool,
    /// A task shows `0.0` credits until it is finished.
    #[serde(default)]
    pub(crate) charges_late: bool,
    /// What the service adds to the stored input.
    #[serde(default)]
    pub(crate) adds: Map<String, Value>,
}

/// What a model's picture must be.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Photo {
    pub(crate) max_bytes: usize,
    /// Of each side.
    pub(crate) min_px: u32,
}

impl Default for Photo {
    fn default() -> Self {
        Self { max_bytes: 10 * 1024 * 1024, min_px: 1 }
    }
}

/// One field of a model's input.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) name: String,
    is: Is,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    default: Option<Value>,
    /// Another name that is accepted.
    #[serde(default)]
    alias: Option<String>,
    /// What is said of a value outside the limits, where it is not the usual.
    #[serde(default)]
    refusal: Option<Refusal>,
}

/// What a field may hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Is {
    /// Text of so many characters.
    Text(usize, usize),
    /// The address of a picture.
    Image,
    /// So many addresses of pictures.
    Images(usize, usize),
    /// A whole number in one of the ranges.
    Integer(Vec<(i64, i64)>),
    /// A whole number written as a string.
    Digits(i64, i64),
    /// One of these strings.
    OneOf(Vec<String>),
    /// `true` or `false`.
    Switch,
    /// Any number in the range.
    Number(f64, f64),
    /// Something that nothing here depends on.
    Any,
}

/// What the service answers instead of a task.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) msg: String,
}

/// Values that are fine alone and not together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    /// Fields and the value that each must have; `"*"` is any value at all.
    when: Map<String, Value>,
    /// A field that must be there and have another value than this.
    #[serde(default)]
    unless: Map<String, Value>,
    code: i64,
    msg: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    #[serde(default)]
    when: Map<String, Value>,
    /// Credits for each second of the clip.
    #[serde(default)]
    second: Option<f64>,
    /// Credits for the clip.
    #[serde(default)]
    clip: Option<f64>,
}

/// A complaint about an input: what the service says, and which field it is about.
#[derive(Debug, PartialEq)]
pub(crate) struct Complaint {
    pub(crate) code: i64,
    pub(crate) msg: String,
}

impl Table {
    pub(crate) fn built_in() -> Self {
        toml::from_str(include_str!("models.toml")).expect("the table of models can be read")
    }

    pub(crate) fn is_paused(&self, id: &str) -> bool {
        self.paused.iter().any(|paused| paused == id)
    }

    pub(crate) fn find(&self, family: Family, id: &str) -> Option<&Row> {
        self.model.iter().find(|row| row.family == family && row.id == id)
    }

    /// Every model of `createTask`, and Veo's and Runway's.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.model
    }
}

impl Row {
    /// Checks an input as the service does: first what is missing, then what is wrong, field by field, then what
    /// does not go together.
    pub(crate) fn check(&self, input: &Map<String, Value>) -> Result<(), Complaint> {
        for field in self.input.iter().filter(|field| field.required) {
            let empty = |value: &Value| value.is_null() || value == "" || value == &Value::Array(vec![]);
            if field.of(input).is_none_or(empty) {
                return Err(complaint(500, format!("{} is required", field.name)));
            }
        }
        for field in &self.input {
            if let Some(value) = field.of(input) {
                field.check(value)?;
            }
        }
        for refuse in &self.refuse {
            let met = refuse.when.iter().all(|(name, wanted)| match self.value(input, name) {
                Some(value) => wanted == "*" || &value == wanted,
                None => false,
            });
            let excused = !refuse.unless.is_empty()
                && refuse
                    .unless
                    .iter()
                    .all(|(name, fine)| self.value(input, name).is_none_or(|value| &value == fine));
            if met && !excused {
                return Err(complaint(refuse.code, refuse.msg.clone()));
            }
        }
        Ok(())
    }

    /// Fields that the model does not have.
    pub(crate) fn unknown<'a>(&self, input: &'a Map<String, Value>) -> Vec<&'a str> {
        let known = |name: &str| {
            self.input.iter().any(|field| field.name == name || field.alias.as_deref() == Some(name))
        };
        input.keys().map(String::as_str).filter(|name| !known(name)).collect()
    }

    /// The addresses of the pictures.
    pub(crate) fn pictures(&self, input: &Map<String, Value>) -> Vec<String> {
        let mut found = Vec::new();
        for field in self.input.iter().filter(|field| matches!(field.is, Is::Image | Is::Images(..))) {
            match field.of(input) {
                Some(Value::String(url)) => found.push(url.clone()),
                Some(Value::Array(urls)) => {
                    found.extend(urls.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                _ => {}
            }
        }
        found
    }

    /// The price of an input that was checked, in thousandths of a credit.
    pub(crate) fn price_milli(&self, input: &Map<String, Value>) -> i64 {
        let matches = |price: &&Price| {
            price.when.iter().all(|(name, wanted)| self.value(input, name).as_ref() == Some(wanted))
        };
        let Some(price) = self.price.iter().find(matches) else { return 0 };
        let credits = match (price.clip, price.second) {
            (Some(clip), _) => clip,
            (None, Some(second)) => second * self.seconds(input) as f64,
            (None, None) => 0.0,
        };
        (credits * 1000.0).round() as i64
    }

    /// The price list in words, as the catalogue shows it.
    pub(crate) fn price_text(&self) -> String {
        let line = |price: &Price| {
            let when: Vec<String> =
                price.when.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
            let amount = match (price.clip, price.second) {
                (Some(clip), _) => format!("{clip} credits per video"),
                (None, second) => format!("{} credits per second", second.unwrap_or(0.0)),
            };
            if when.is_empty() { amount } else { format!("{}: {amount}", when.join(", ")) }
        };
        self.price.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    /// The length of the clip in seconds.
    fn seconds(&self, input: &Map<String, Value>) -> i64 {
        let asked = match self.value(input, "duration") {
            Some(Value::String(digits)) => digits.parse().ok(),
            Some(value) => value.as_i64(),
            None => None,
        };
        // "Automatic" is a length too.
        asked.filter(|seconds| *seconds > 0).or(self.seconds).unwrap_or(5)
    }

    /// A field's value, or its default.
    fn value(&self, input: &Map<String, Value>, name: &str) -> Option<Value> {
        let field = self.input.iter().find(|field| field.name == name)?;
        field.of(input).cloned().or_else(|| field.default.clone())
    }
}

impl Field {
    fn of<'a>(&self, input: &'a Map<String, Value>) -> Option<&'a Value> {
        input.get(&self.name).or_else(|| input.get(self.alias.as_deref()?))
    }

    fn check(&self, value: &Value) -> Result<(), Complaint> {
        let fits = match (&self.is, value) {
            (Is::Text(min, max), Value::String(text)) => {
                let length = text.chars().count();
                if length > *max {
                    return Err(complaint(500, words::TOO_LONG));
                }
                length >= *min
            }
            (Is::Image, Value::String(url)) => is_address(url),
            (Is::Images(min, max), Value::Array(urls)) => {
                (*min..=*max).contains(&urls.len())
                    && urls.iter().all(|url| url.as_str().is_some_and(is_address))
            }
            (Is::Integer(ranges), Value::Number(number)) => number
                .as_i64()
                .is_some_and(|number| ranges.iter().any(|(min, max)| (*min..=*max).contains(&number))),
            (Is::Digits(min, max), Value::String(digits)) => digits
                .parse::<i64>()
                .is_ok_and(|number| (*min..=*max).contains(&number) && number.to_string() == *digits),
            (Is::OneOf(options), Value::String(option)) => options.contains(option),
            (Is::Switch, Value::Bool(_)) | (Is::Any, _) => true,
            (Is::Number(min, max), Value::Number(number)) => {
                number.as_f64().is_some_and(|number| (*min..=*max).contains(&number))
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(match &self.refusal {
            Some(refusal) => complaint(refusal.code, refusal.msg.clone()),
            None => complaint(500, format!("{} is not within the range of allowed options", self.name)),
        })
    }
}

fn complaint(code: i64, msg: impl Into<String>) -> Complaint {
    Complaint { code, msg: msg.into() }
}

fn is_address(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
