use neurocards_core::FaultClass::{
    self, Auth, Billing, InvalidInput, ModelUnavailable, RateLimit, Temporary, Unknown, UserViolation,
};

use super::*;

fn check(text: &str, code: &str, class: FaultClass, nuance: Option<Nuance>) {
    let verdict = classify(text, Some(code).filter(|code| !code.is_empty()));
    assert_eq!((verdict.fault.class, verdict.nuance), (class, nuance), "{text:?} with {code:?}");
}

#[test]
fn every_text_of_the_table_is_found_by_its_own_row() {
    assert!(TABLE.texts.len() >= 60, "the table cannot be read");
    for (row, rule) in TABLE.texts.iter().enumerate() {
        for text in &rule.seen {
            assert_eq!(TABLE.text(text, None).map(|(found, _)| found), Some(row), "{text:?}");
            // As other hands write it.
            let shouted = format!("  {}!", text.to_uppercase());
            assert_eq!(TABLE.text(&shouted, None).map(|(found, _)| found), Some(row), "{shouted:?}");
        }
    }
}

/// The recorded corpus, by hand: the table must not be its own witness.
#[test]
fn the_recorded_texts_have_their_classes() {
    let person = Some(Nuance::Person);
    check(
        "We currently do not support uploads of images containing photorealistic people.",
        "500",
        UserViolation,
        person,
    );
    check(
        "OpenAI currently do not support uploads of images containing photorealistic people",
        "",
        UserViolation,
        person,
    );
    check(
        "This content may violate our guardrails concerning similarity to third-party content.",
        "501",
        UserViolation,
        Some(Nuance::Brand),
    );
    check(
        "This content may violate our guardrails around nudity, sexuality, or erotic content.",
        "500",
        UserViolation,
        Some(Nuance::Sexual),
    );
    check("This content may violate our content policies.", "generation_failed", UserViolation, None);
    check("This content may include suggestive or racy material.", "", UserViolation, Some(Nuance::Sexual));
    check(
        "We’re so sorry, but the image we created may violate our guardrails concerning similarity to third-party content.",
        "",
        UserViolation,
        Some(Nuance::Brand),
    );
    check(
        "Content was flagged by the safety system. Try different prompts or inputs.",
        "500",
        UserViolation,
        None,
    );
    check(
        "The input or output was flagged as sensitive. Please try again with different inputs.",
        "422",
        UserViolation,
        None,
    );
    check("Your input was rejected. Please try again or with a different input.", "500", UserViolation, None);
    check(
        "Your prompt was caught by our AI moderator. Please adjust it and try again!",
        "400",
        UserViolation,
        None,
    );
    check("Content review failed. Please adjust the input and try again", "1501", UserViolation, None);
    check("内容安全审查未通过，请调整输入内容后重试", "1501", UserViolation, None);
    check("Content security audit did not pass", "500", UserViolation, None);
    check(
        "Request blocked: The uploaded audio was flagged by Google safety review.",
        "400",
        UserViolation,
        None,
    );
    check(
        "Request blocked: The audio was filtered due to copyright or safety risks.",
        "400",
        UserViolation,
        None,
    );
    check("Your prompt was flagged by Website as violating content policies.", "400", UserViolation, None);
    check(
        "Your request was rejected by Flow(x). You may consider using our other fallback channels, which are likely to succeed. Please refer to the documentation.",
        "422",
        UserViolation,
        None,
    );
    check("public error minor upload", "400", UserViolation, person);
    check("public error prominent people upload", "400", UserViolation, person);
    check("public error unsafe image upload", "400", UserViolation, None);
    check("Only English prompts are supported at this time.", "400", InvalidInput, None);
    check(
        "The request failed because the input image 'content[1]' may contain real person.",
        "400",
        UserViolation,
        person,
    );
    check("Failed: InputImageSensitiveContentDetected.PrivacyInformation", "500", UserViolation, person);
    check("InputTextSensitiveContentDetected", "400", UserViolation, None);
    check("Failure to pass the risk control system", "500", UserViolation, None);
    check("SENSITIVE_WORD_ERROR", "", UserViolation, None);
    check(
        "Image fetch failed. Check access settings or use our File Upload API instead.",
        "400",
        Temporary,
        None,
    );
    check(
        "Failed to fetch the image. Kindly verify any access limits set by you or your service provider.",
        "400",
        Temporary,
        None,
    );
    check("Input material format is unsupported", "400", InvalidInput, None);
    check("File type not supported", "400", InvalidInput, None);
    check(
        "The parameter `content[1]` specified in the request is not valid: size",
        "400",
        InvalidInput,
        None,
    );
    check(
        "The parameters `ratio` and `duration` specified in the request are not valid. Seedance identified your task as video editing",
        "400",
        InvalidInput,
        None,
    );
    check("resolution is not within the range of allowed options", "500", InvalidInput, None);
    check("This field is required", "500", Temporary, None);
    check("image_url is required", "500", Temporary, None);
    check("only support adaptive aspect ratio", "422", InvalidInput, None);
    check("aspect ratio unavailable", "422", InvalidInput, None);
    check("Ratio error", "422", InvalidInput, None);
    check(
        "Reference to video only supports the Veo Fast model and Veo Lite model.",
        "422",
        InvalidInput,
        None,
    );
    check("Each reference audio must be between 2 and 30 seconds", "422", InvalidInput, None);
    check("reference_video_urls duration must be between 1 and 15 seconds", "422", InvalidInput, None);
    check("url is wrong", "422", InvalidInput, None);
    check("Please enter callBackUrl.", "422", InvalidInput, None);
    check(
        "The model name you specified is not supported. Please verify your input and use one of the supported models provided by KIE.",
        "422",
        ModelUnavailable,
        None,
    );
    check("The page does not exist", "500", ModelUnavailable, None);
    check("This interface is temporarily paused.", "500", ModelUnavailable, None);
    let missing = Some(Nuance::Missing);
    check("recordInfo is null", "422", Unknown, missing);
    check("Record does not exist", "422", Unknown, missing);
    check("Record not found for taskId: 5fdec09dc604e83ec6eb26b40c1b64d8", "422", Unknown, missing);
    check(
        "Credits insufficient : Your current balance isn’t enough to run this request. Please top up to continue.",
        "500",
        Billing,
        None,
    );
    check("The current credits are insufficient. Please top up.", "429", Billing, None);
    check("Sub-key Usage Exceeds Limit", "433", Billing, Some(Nuance::SubKey));
    check("You do not have access permissions", "401", Auth, None);
    check(
        "Unauthorized – Authentication failed. Please check that your Authorization and Content-Type headers are correctly set.",
        "401",
        Auth,
        None,
    );
    check("Your call frequency is too high. Please try again later.", "430", RateLimit, None);
    for text in [
        "Internal Error",
        "Internal Error, Please try again later.",
        "internal error, please try again later",
        "Internal Error - Timeout",
        "Internal server error",
        "the server is busy",
        "Server exception, please try again later",
        "The server is currently being maintained, please try again later~",
    ] {
        check(text, "500", Temporary, None);
    }
    check("generate task timeout.", "524", Temporary, Some(Nuance::Late));
    check("error code: 1010", "", InvalidInput, None);
}

#[test]
fn codes_decide_where_no_text_does() {
    for (code, class) in [
        ("400", InvalidInput),
        ("401", Auth),
        ("402", Billing),
        ("404", InvalidInput),
        ("408", Temporary),
        ("422", InvalidInput),
        ("429", RateLimit),
        ("430", RateLimit),
        ("433", Billing),
        ("451", Temporary),
        ("455", ModelUnavailable),
        ("500", Unknown),
        ("501", Unknown),
        ("505", ModelUnavailable),
        ("524", Temporary),
        ("531", Unknown),
        ("550", Unknown),
        ("409", Unknown),
        ("413", Unknown),
        ("1501", Unknown),
        ("299", Unknown),
        ("GENERATION_FAILED", Unknown),
    ] {
        let verdict = classify("", Some(code));
        assert_eq!((verdict.fault.class, verdict.known), (class, false), "{code}");
        assert_eq!(verdict.fault.code.as_deref(), Some(code));
    }
    assert_eq!(classify("", Some("433")).nuance, Some(Nuance::SubKey));
    assert_eq!(classify("", Some("524")).nuance, Some(Nuance::Late));
    // Maintenance of one service is a reason to take another one, whatever the text calls it.
    check("The server is currently being maintained, please try again later~", "455", ModelUnavailable, None);
}

/// The predecessor called these a violation by the seller, or tried them again for ever.
#[test]
fn loose_words_decide_nothing() {
    let check = |text, code, class| check(text, code, class, None);
    check("Please check that your Content-Type header is correctly set", "", Unknown);
    check("content generation failed", "501", Unknown);
    check("the photos could not be read", "500", Unknown);
    check("a rule of the account is disabled for humans and people", "500", Unknown);
    check("sora-2-image-to-video could not start", "500", Unknown);
    check("bytedance/seedance-1.5-pro: no worker", "500", Unknown);
    check("quota exceeded", "429", RateLimit);
    check("some parameter is off", "400", InvalidInput);
    check("Your input was rejected — duration out of range", "422", InvalidInput);
    check("Your input was rejected", "500", Unknown);
    check("Content review failed. Please adjust the input and try again", "500", UserViolation);
    check("something else happened", "1501", Unknown);
    // Policy texts under codes of 500 and more are not passing faults.
    check("This content may violate our content policies.", "503", UserViolation);
}

#[test]
fn d8_an_answer_to_the_paid_call_is_definite_only_when_that_is_known() {
    let check = |text, code: &str, refused| {
        assert_eq!(classify(text, Some(code)).refused, refused, "{text:?} with {code:?}");
    };
    for code in ["400", "401", "402", "404", "422", "429", "430", "433", "451", "455", "505"] {
        check("", code, true);
        check("Internal Error", code, true);
    }
    for code in ["408", "500", "501", "503", "524", "531", "200", ""] {
        check("", code, false);
        check("Internal Error, Please try again later.", code, false);
        check("The server is currently being maintained, please try again later~", code, false);
        check("nobody has seen this", code, false);
    }
    // Validation, pauses and an empty account come before billing, also with 500.
    check("This field is required", "500", true);
    check("resolution is not within the range of allowed options", "500", true);
    check("This interface is temporarily paused.", "500", true);
    check("Credits insufficient : Your current balance isn't enough to run this request.", "500", true);
}
