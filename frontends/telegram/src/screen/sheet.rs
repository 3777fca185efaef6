//! A screen in its words, with the ids of its buttons: ready to be sent, and stored until it is.

use std::time::Duration;

use neurocards::{ActionId, ActionNew, ChatRef, Entropy, Lang, PersonId};
use serde::{Deserialize, Serialize};

use super::{Does, Screen};
use crate::text::Text;

/// How long a button works.
const BUTTON_TTL: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A screen in its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// HTML, as the channel reads it.
    pub html: String,
    /// Rows of buttons.
    pub rows: Vec<Vec<Key>>,
}

/// A button in its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What stands on it.
    pub label: String,
    /// What comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionId>,
    /// Or what it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
}

/// A sheet, and what its buttons do.
#[derive(Debug, Clone, PartialEq)]
pub struct Minted {
    /// The sheet.
    pub sheet: Sheet,
    /// To be stored before it is sent.
    pub actions: Vec<ActionNew>,
}

/// Puts a screen into words for a person in a chat, with fresh ids for its buttons.
pub fn mint(screen: &Screen, lang: Lang, chat: ChatRef, person: PersonId, entropy: &Entropy) -> Minted {
    let mut actions = Vec::new();
    let rows = screen.rows.iter().map(|row| {
        let keys = row.iter().map(|button| {
            let label = button.label.plain(lang);
            match &button.does {
                Does::Open(address) => Key { label, action: None, open: Some(address.clone()) },
                Does::Act(action) => {
                    let id = ActionId::new(entropy);
                    // An enum of words, numbers and ids always serialises.
                    let body = serde_json::to_value(action).unwrap_or_default();
                    let once = action.is_once();
                    actions.push(ActionNew { id, chat, person, body, ttl: BUTTON_TTL, once });
                    Key { label, action: Some(id), open: None }
                }
            }
        });
        keys.collect()
    });
    let rows = rows.collect();
    Minted { sheet: Sheet { html: html(screen, lang), rows }, actions }
}

fn html(screen: &Screen, lang: Lang) -> String {
    let line = |text: &Text| text.html(lang);
    let paragraph = |lines: &Vec<Text>| lines.iter().map(line).collect::<Vec<_>>().join("\n");
    screen.paragraphs.iter().map(paragraph).collect::<Vec<_>>().join("\n\n")
}
