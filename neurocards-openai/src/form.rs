//! What an answer looks like, as a JSON schema in the strict form: every field is required, there are no others.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

/// The fields of an answer. Models write them in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) fields: Vec<(&'static str, Kind)>,
}

/// What a field holds. Lengths are not among what the strict form knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Form {
    /// Texts under these names.
    pub(crate) fn of_texts(name: &'static str, fields: &[&'static str]) -> Self {
        Self { name, fields: fields.iter().map(|field| (*field, Kind::Text)).collect() }
    }
}

impl Kind {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
        }
    }
}

/// The schema; a `serde_json` object would put the fields in the order of the alphabet.
impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| *name).collect();
        let mut schema = serializer.serialize_map(Some(4))?;
        schema.serialize_entry("type", "object")?;
        schema.serialize_entry("properties", &Properties(&self.fields))?;
        schema.serialize_entry("required", &names)?;
        schema.serialize_entry("additionalProperties", &false)?;
        schema.end()
    }
}

struct Properties<'a>(&'a [(&'static str, Kind)]);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, kind)| (name, kind.schema())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order() {
        let form = Form::of_texts("answer", &["hook", "benefit"]);
        let schema = serde_json::to_string(&form).unwrap();
        let properties = r#"{"hook":{"type":"string"},"benefit":{"type":"string"}}"#;
        let rest = r#""required":["hook","benefit"],"additionalProperties":false"#;
        assert_eq!(schema, format!(r#"{{"type":"object","properties":{properties},{rest}}}"#));
    }
}
