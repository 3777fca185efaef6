//! The library's errors in the words of the command line: exit code, spent, next step.

use neurocards::kie::{CatalogueError, KieError};
use neurocards::store::ConnectError;
use neurocards::{
    AccountKeyError, BriefError, IdError, MediaAuditError, MediaError, ModelError, OrderError, PhotoError,
    StoreError,
};

use crate::failure::{Exit, Failure};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if let Some(error) = ConnectError::of(&error) {
            return server(error);
        }
        let (exit, class, hint) = match &error {
            StoreError::Unavailable { .. } => (
                Exit::Provider,
                "storage",
                "Run it again in a moment; `neurocards doctor` looks for the reason.",
            ),
            StoreError::Ambiguous { .. } => (
                Exit::Failed,
                "storage",
                "With an --idempotency-key, run the same again: it is never charged twice. Without one, look \
                 with `neurocards jobs list` first.",
            ),
            StoreError::Full { .. } => (Exit::Failed, "storage", "Free some disk space and run it again."),
            StoreError::Newer { .. } => (
                Exit::Failed,
                "newer_database",
                "Nothing was touched. Use the newer neurocards, or another database.",
            ),
            StoreError::Corrupt { .. } => {
                (Exit::Failed, "storage", "Run `neurocards doctor`, and keep a copy of the data folder.")
            }
            StoreError::NoAccount { .. } => {
                (Exit::Failed, "not_found", "`neurocards credits grant ACCOUNT N` opens an account.")
            }
            StoreError::LedgerRule { .. } => {
                (Exit::Usage, "ledger_rule", "`neurocards credits balance ACCOUNT` shows what is there.")
            }
            _ => (Exit::Failed, "storage", "`neurocards doctor` looks for the reason."),
        };
        let mut failure = Self::new(exit, class, error.to_string()).hint(hint);
        if let StoreError::Ambiguous { .. } = &error {
            failure = failure.spent("It is not known whether it took effect.");
        }
        match std::error::Error::source(&error) {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

/// Why a server cannot be used. No error of these shows a password.
fn server(error: &ConnectError) -> Failure {
    let (exit, class, hint) = match error {
        ConnectError::Unreachable { .. } => (
            Exit::Provider,
            "database_unreachable",
            "Start the server, or check host and port in DATABASE_URL; `neurocards doctor` looks again.",
        ),
        ConnectError::Refused { .. } => (
            Exit::Auth,
            "database_refused",
            "Check user, password and database in DATABASE_URL, and the rules of the server.",
        ),
        ConnectError::Url => {
            (Exit::Usage, "configuration", "Use postgres://USER:PASSWORD@HOST:PORT/DATABASE.")
        }
        _ => (Exit::Failed, "storage", "Use another server, or a file: leave DATABASE_URL out."),
    };
    let failure = Failure::new(exit, class, error.to_string()).hint(hint);
    match std::error::Error::source(error) {
        Some(source) => failure.because(source),
        None => failure,
    }
}

impl From<MediaError> for Failure {
    fn from(error: MediaError) -> Self {
        let hint = match &error {
            MediaError::Full { .. } => "Free some disk space and run it again.",
            MediaError::Damaged { .. } => {
                "The file was changed or cut short; bring the media folder back from a copy."
            }
            MediaError::Missing { .. } => "It was removed by hand; `neurocards doctor` looks for more.",
            _ => {
                "Check the rights of the data folder, or the bucket and the AWS_* settings; `neurocards doctor` \
                 looks for the reason."
            }
        };
        let failure = Self::new(Exit::Failed, "storage", error.to_string()).hint(hint);
        match std::error::Error::source(&error) {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

impl From<MediaAuditError> for Failure {
    fn from(error: MediaAuditError) -> Self {
        match error {
            MediaAuditError::Store(error) => error.into(),
            MediaAuditError::Media(error) => error.into(),
            _ => Self::new(Exit::Failed, "storage", error.to_string()),
        }
    }
}

impl From<PhotoError> for Failure {
    fn from(error: PhotoError) -> Self {
        let hint = match &error {
            PhotoError::Truncated { .. } | PhotoError::Damaged { .. } | PhotoError::Undecodable { .. } => {
                "Copy or export the photo again and try once more."
            }
            PhotoError::TooManyBytes { .. } | PhotoError::TooManyPixels { .. } => {
                "Save a smaller copy: 2,000 pixels on the longer side are plenty."
            }
            PhotoError::TooSmall { .. } => "Take the original photo instead of a thumbnail.",
            PhotoError::ExtremeRatio { .. } => "Crop the photo closer to the product.",
            PhotoError::Processing { .. } => "Try another copy of the photo, and report this if it stays.",
            _ => "Choose a JPEG, PNG or WebP photo of the product.",
        };
        let failure = Self::new(Exit::Usage, "invalid_input", format!("the photo was not taken: {error}"));
        let failure = failure.hint(hint);
        match std::error::Error::source(&error) {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

impl From<BriefError> for Failure {
    fn from(error: BriefError) -> Self {
        let hint = match &error {
            BriefError::Empty { field: "own prompt" } => "Say what happens in the video with --prompt \"…\".",
            BriefError::Empty { .. } => {
                "Say in a few words what the product is: \"Coffee cup 350 ml, 990 ₽\"."
            }
            BriefError::TooLong { .. } => "Shorten the text: the first lines matter most.",
            BriefError::OwnPromptUnused { .. } => "Add --template self, or use --wishes instead of --prompt.",
            _ => "See `neurocards generate --help`.",
        };
        Self::new(Exit::Usage, "invalid_input", error.to_string()).hint(hint)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let (class, hint) = match &error {
            ModelError::Unknown { nearest, .. } => {
                let all = "`neurocards models list` shows all.";
                let near = nearest.as_ref().map(|nearest| format!("Did you mean {nearest}? "));
                ("unknown_model", format!("{}{all}", near.unwrap_or_default()))
            }
            ModelError::Retired { successor: Some(successor), .. } => {
                ("model_retired", instead("Its successor is", successor))
            }
            ModelError::Paused { successor: Some(successor), .. } => {
                ("model_paused", instead("Meanwhile there is", successor))
            }
            ModelError::Closed { .. } => {
                let hint =
                    "Choose another one with --model, or try later; `neurocards models list` shows all.";
                return Self::new(Exit::Provider, "model_closed", error.to_string()).hint(hint);
            }
            ModelError::Paused { .. } => ("model_paused", "Leave --model out, or try later.".to_owned()),
            _ => {
                ("model_retired", "Leave --model out; `neurocards models list` shows what serves.".to_owned())
            }
        };
        Self::new(Exit::Usage, class, error.to_string()).hint(hint)
    }
}

fn instead(words: &str, successor: &str) -> String {
    format!("{words} {successor}: use that, or leave --model out.")
}

impl From<AccountKeyError> for Failure {
    fn from(error: AccountKeyError) -> Self {
        Self::usage(error.to_string()).hint("Without --account, cli:default pays.")
    }
}

impl From<IdError> for Failure {
    fn from(error: IdError) -> Self {
        Self::usage(error.to_string()).hint("`neurocards jobs list` shows the ids.")
    }
}

impl From<OrderError> for Failure {
    fn from(error: OrderError) -> Self {
        let what = error.to_string();
        match error {
            OrderError::Brief(error) => error.into(),
            OrderError::Model(error) => error.into(),
            OrderError::Media(error) => error.into(),
            OrderError::Store(error) => error.into(),
            OrderError::NoProvider { model, provider } => {
                let what =
                    format!("the model {model} needs the provider {provider}, which is not set up here");
                let hint =
                    "Set KIE_API_KEY, or leave --model out; `neurocards models list` shows what serves.";
                Self::new(Exit::Auth, "no_provider", what).hint(hint)
            }
            OrderError::Count { .. } => {
                Self::usage(what).hint("Choose --count 1 to 20; place more orders for more.")
            }
            OrderError::Key => {
                Self::usage(what).hint("Choose a short key, such as the number of your own order.")
            }
            OrderError::OverBudget { .. } => {
                Self::new(Exit::Credits, "over_budget", what).hint("Raise --max-credits, or lower --count.")
            }
            OrderError::NotEnough { .. } => Self::new(Exit::Credits, "not_enough_credits", what)
                .hint("Add credits with `neurocards credits grant ACCOUNT N`, or lower --count."),
            OrderError::KeyReused { order } => Self::new(Exit::Usage, "key_reused", what)
                .hint(format!("Use a new --idempotency-key, or look at `neurocards orders show {order}`.")),
            _ => Self::new(Exit::Failed, "failed", what),
        }
    }
}

impl From<CatalogueError> for Failure {
    fn from(error: CatalogueError) -> Self {
        let hint = "Mend the file that NEUROCARDS_MODELS names, or leave it out.";
        let failure = Self::new(Exit::Usage, "configuration", error.to_string()).hint(hint);
        match std::error::Error::source(&error) {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

impl From<KieError> for Failure {
    fn from(error: KieError) -> Self {
        let hint = "Check KIE_BASE_URL and KIE_UPLOAD_BASE_URL; `neurocards doctor` looks for more.";
        let failure = Self::new(Exit::Usage, "configuration", error.to_string()).hint(hint);
        match std::error::Error::source(&error) {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unconfirmed_write_is_not_called_free() {
        let source = || Box::new(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        let failure = Failure::from(StoreError::Ambiguous { source: source() }).with_spent();
        assert_eq!(failure.exit, Exit::Failed);
        let told = serde_json::to_value(failure.view()).unwrap();
        assert_eq!(told["spent"], "It is not known whether it took effect.");

        let failure = Failure::from(StoreError::Unavailable { source: source() }).with_spent();
        assert_eq!(failure.exit, Exit::Provider, "a script that waits and tries again may do so");
        assert_eq!(serde_json::to_value(failure.view()).unwrap()["spent"], crate::failure::NOTHING_SPENT);
    }
}
