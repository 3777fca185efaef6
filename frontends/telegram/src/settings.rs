//! What an operator configures.

use neurocards::{BotId, Credits, Package, PersonId};

/// What an operator configures, the token apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who may use what is for operators, by number. Nobody when empty.
    pub admins: Vec<i64>,
    /// A private channel that videos are uploaded to once, so that an upload in doubt reaches nobody.
    pub service_channel: Option<i64>,
    /// Where people ask.
    pub support_url: Option<String>,
    /// The terms.
    pub terms_url: Option<String>,
    /// What is done with their data.
    pub privacy_url: Option<String>,
    /// A picture that stands over the menu, by the id that the bot's own channel gave it.
    pub menu_picture: Option<String>,
    /// Videos that whoever is new is shown, by their ids: ten at most.
    pub demo_videos: Vec<String>,
    /// What a person gets at the first `/start`.
    pub free_credits: Credits,
    /// Free drafts within a day.
    pub drafts_a_day: u32,
    /// Most videos in the making for one person.
    pub most_in_the_making: u32,
    /// What people call the model whose rules they broke.
    pub model_name: Option<String>,
    /// Most credits that an admin moves at once.
    pub adjust_most: Credits,
    /// How often an admin moves credits within a day.
    pub adjusts_a_day: u32,
    /// Under which count of credits people are told that few are left.
    pub few_credits: Credits,
    /// What is sold, if anything is.
    pub packages: Vec<Package>,
    /// It is sold for Telegram Stars.
    pub stars: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            admins: Vec::new(),
            service_channel: None,
            support_url: None,
            terms_url: None,
            privacy_url: None,
            menu_picture: None,
            demo_videos: Vec::new(),
            free_credits: Credits(2),
            drafts_a_day: 3,
            most_in_the_making: 15,
            model_name: None,
            adjust_most: Credits(100),
            adjusts_a_day: 50,
            few_credits: Credits(3),
            packages: Package::DEFAULT.to_vec(),
            stars: false,
        }
    }
}

impl Settings {
    /// Whether somebody is an admin.
    pub fn is_admin(&self, person: PersonId) -> bool {
        self.admins.contains(&person.0)
    }

    /// Whether there are terms that people accept first.
    pub fn has_terms(&self) -> bool {
        self.terms_url.is_some() || self.privacy_url.is_some()
    }
}

/// The number of a bot, which is the front of its token.
pub fn bot_id(token: &str) -> Option<BotId> {
    let (id, secret) = token.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let good = secret.len() >= 20 && secret.chars().all(plain);
    id.parse().ok().filter(|id: &i64| good && *id > 0).map(BotId)
}
