//! The texts of a template, parsed once: parsing costs many times what rendering costs.

use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};

use super::Names;

/// Texts by name, ready to be rendered. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::prompt) struct ParsedTexts(Arc<Environment<'static>>);

impl ParsedTexts {
    /// Parses texts; a name that a text asks for and that is not there is empty.
    ///
    /// # Errors
    /// The name of the text that cannot be parsed, and why.
    pub(in crate::prompt) fn parse<'a>(
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, (&'a str, minijinja::Error)> {
        let mut environment = Environment::new();
        for (name, text) in texts {
            environment
                .add_template_owned(name.to_owned(), text.to_owned())
                .map_err(|source| (name, source))?;
        }
        Ok(Self(Arc::new(environment)))
    }

    /// The same texts; a name that is not there is an error.
    pub(super) fn strict(&self) -> Self {
        let mut environment = Environment::clone(&self.0);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        Self(Arc::new(environment))
    }

    pub(in crate::prompt) fn render(&self, name: &str, names: &Value) -> Result<String, minijinja::Error> {
        self.0.get_template(name)?.render(names)
    }
}

impl Names<'_> {
    /// The form in which texts take them.
    pub(super) fn value(&self) -> Value {
        Value::from(Serde(self))
    }
}
