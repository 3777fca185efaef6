//! KIE.ai for neurocards: the model catalogue.
//!
//! Models are data: `models.toml` beside this crate, or a file of the same form. Rows of models that are gone stay,
//! so that asking for one says since when it is gone and what to use instead.

mod catalogue;

pub use catalogue::{CatalogueError, catalogue, parse_catalogue};
