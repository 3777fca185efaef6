//! Screens as data: texts and buttons, which are rendered when it is known for whom.

#[cfg(test)]
mod seen;
mod sheet;

#[cfg(test)]
pub(crate) use seen::seen;
pub use sheet::{Key, Minted, Sheet, mint};

use serde::{Deserialize, Serialize};

use crate::flow::Action;
use crate::text::Text;

/// A message with buttons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Paragraphs, each of lines.
    pub paragraphs: Vec<Vec<Text>>,
    /// Rows of buttons.
    pub rows: Vec<Vec<Button>>,
    /// A picture of the channel's, for a message that is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What stands on it.
    pub label: Text,
    /// What it does.
    pub does: Does,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Comes back to us.
    Act(Action),
    /// Opens an address.
    Open(String),
}

impl Screen {
    /// A screen that says this.
    pub fn new(text: Text) -> Self {
        Self { paragraphs: vec![vec![text]], rows: Vec::new(), picture: None }
    }

    /// With a picture over it, if there is one.
    #[must_use]
    pub fn picture(mut self, file_id: Option<&str>) -> Self {
        self.picture = file_id.map(str::to_owned);
        self
    }

    /// And this, after a gap.
    #[must_use]
    pub fn paragraph(mut self, text: Text) -> Self {
        self.paragraphs.push(vec![text]);
        self
    }

    /// And these, each on a line, after a gap; nothing when there are none.
    #[must_use]
    pub fn lines(mut self, lines: Vec<Text>) -> Self {
        if !lines.is_empty() {
            self.paragraphs.push(lines);
        }
        self
    }

    /// Before everything else.
    #[must_use]
    pub fn after(mut self, text: Text) -> Self {
        self.paragraphs.insert(0, vec![text]);
        self
    }

    /// With a row of buttons.
    #[must_use]
    pub fn row(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let row: Vec<_> = buttons.into_iter().collect();
        if !row.is_empty() {
            self.rows.push(row);
        }
        self
    }

    /// With the way to the menu.
    #[must_use]
    pub fn menu(self) -> Self {
        self.row([Button::act("btn-menu", Action::Menu)])
    }
}

impl Button {
    /// A button that comes back to us.
    pub fn act(label: &str, action: Action) -> Self {
        Self::acting(Text::new(label), action)
    }

    /// The same, with arguments in its label.
    pub fn acting(label: Text, action: Action) -> Self {
        Self { label, does: Does::Act(action) }
    }

    /// A button that opens an address.
    pub fn open(label: &str, address: &str) -> Self {
        Self { label: Text::new(label), does: Does::Open(address.to_owned()) }
    }
}
