//! What KIE says, word for word.

/// Code 401: no key, a wrong one, or no `Content-Type`.
pub const UNAUTHORIZED: &str = "Unauthorized – Authentication failed. Please check that your Authorization and Content-Type headers are correctly set.";
/// Code 402, sometimes 500: the account's credits do not cover the request.
pub const NO_CREDITS: &str = "Credits insufficient : Your current balance isn’t enough to run this request. Please top up to continue.";
/// Code 433: the key's own cap.
pub const OVER_CAP: &str = "Sub-key Usage Exceeds Limit";
/// Code 429 or 430.
pub const TOO_FAST: &str = "Your call frequency is too high. Please try again later.";
/// Code 500: a model that was withdrawn.
pub const PAUSED: &str = "This interface is temporarily paused.";
/// Code 422 on `createTask`, 404 in the catalogue.
pub const UNKNOWN_MODEL: &str = "The model name you specified is not supported. Please verify your input and use one of the supported models provided by KIE.";
/// Code 422: no such task, or not yet.
pub const NO_RECORD: &str = "recordInfo is null";
/// Code 500: a prompt over the model's limit.
pub const TOO_LONG: &str = "The text length cannot exceed the maximum limit";
/// Fail code 400: the photo's address could not be fetched.
pub const FETCH_FAILED: &str =
    "Image fetch failed. Check access settings or use our File Upload API instead.";
/// Fail code 400: what was fetched is no picture that the model takes.
pub const BAD_MATERIAL: &str = "Input material format is unsupported";
/// Fail code 524: may become a success a minute later.
pub const TASK_TIMEOUT: &str = "generate task timeout.";
/// Fail code 500: a passing fault.
pub const INTERNAL: &str = "Internal Error, Please try again later.";
/// A refusal of the picture: a person. From the Seedance family.
pub const PERSON: &str = "The request failed because the input image 'content[1]' may contain real person. (InputImageSensitiveContentDetected.PrivacyInformation)";
/// A refusal of the picture: a brand or a character of somebody else.
pub const BRAND: &str =
    "This content may violate our guardrails concerning similarity to third-party content.";
/// A refusal without a reason.
pub const FLAGGED: &str = "Content was flagged by the safety system. Try different prompts or inputs.";
/// Fail code 1501.
pub const REVIEW_FAILED: &str = "Content review failed. Please adjust the input and try again";
