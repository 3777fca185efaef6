//! Why a catalogue file cannot be used.

use neurocards_core::ModelError;

/// Why a catalogue file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is not TOML of the right form.
    #[error("the model catalogue cannot be read")]
    Form {
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Two rows have the same id.
    #[error("the model {id} stands twice in the catalogue")]
    Twice {
        /// The id.
        id: String,
    },
    /// A default, fallback or successor that cannot be used.
    #[error("the model catalogue names {id:?} as a {role}, and no active row has that id")]
    Missing {
        /// The id.
        id: String,
        /// `default`, `fallback` or `successor`.
        role: &'static str,
    },
    /// A usable row that lacks a setting of its requests, or picks what it does not allow.
    #[error("the model {id} cannot be asked for: its {field} is missing, or not among its own values")]
    Incomplete {
        /// The id.
        id: String,
        /// Which setting.
        field: &'static str,
    },
    /// A default or fallback that was chosen outside the file cannot be used.
    #[error("the model that was chosen as {role} cannot be used")]
    Choice {
        /// `default` or `fallback`.
        role: &'static str,
        /// Why, with what to use instead.
        #[source]
        source: ModelError,
    },
}
