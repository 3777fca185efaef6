//! What a person sees.

/// A message in a chat.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// Its id in the chat.
    pub id: i64,
    /// The bot wrote it.
    pub from_bot: bool,
    /// Its words, or those under its picture or video, without tags.
    pub text: String,
    /// The same as it was sent.
    pub html: String,
    /// Rows of buttons.
    pub buttons: Vec<Vec<Button>>,
    /// Its video.
    pub video: Option<SeenVideo>,
    /// The id of its picture, for this bot.
    pub picture: Option<String>,
    /// How often it was edited.
    pub edits: u32,
    /// Of an invoice: its payload, and how many units of which currency.
    pub invoice: Option<(String, String, i64)>,
}

/// A button under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// What it sends back.
    pub data: Option<String>,
    /// What it opens.
    pub url: Option<String>,
    /// It pays the invoice.
    pub pays: bool,
}

/// A video in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeenVideo {
    /// The id of its file, for this bot.
    pub file_id: String,
    /// Bytes.
    pub bytes: usize,
    /// Width, height, seconds, as the bot said.
    pub shape: (i64, i64, i64),
    /// It can be watched before it is whole.
    pub streams: bool,
}

impl Seen {
    /// The button with these words on it.
    pub fn button(&self, words: &str) -> Option<&Button> {
        self.buttons.iter().flatten().find(|button| button.label.contains(words))
    }
}
