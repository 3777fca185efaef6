//! Bad input: a clear error, its exit code, nothing charged, nothing half-written.

use crate::support::{Home, Ran, cup, settings};

/// Runs `generate` with `photo` and the given words behind it, and checks that nothing came of it.
fn refused(home: &Home, name: &str, args: &[&str], code: i32) -> Ran {
    let ran = home.run(["generate"].iter().chain(args));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{name}: {ran:?}");
    assert!(ran.stderr.contains("Nothing was spent."), "{name}: {ran:?}");
    assert_eq!(home.videos(), Vec::<String>::new(), "{name}");
    ran
}

fn check(cases: &[(&str, i32, Vec<&str>)], home: &Home) {
    settings().bind(|| {
        for (name, code, args) in cases {
            let ran = refused(home, name, args, *code);
            insta::assert_snapshot!(format!("refused_{name}"), ran.snapshot());
        }
    });
    assert_eq!(home.json(&["credits", "history"]).as_array().unwrap().len(), 0, "no entry was written");
    assert_eq!(home.json(&["jobs", "list"]).as_array().unwrap().len(), 0, "no job was written");
    let photos = home.data().join("media/photos");
    assert!(!photos.exists(), "no photo was kept");
}

/// The header of a PNG that claims to be 20,000 pixels wide and high.
fn huge_png() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(20_000_u32.to_be_bytes());
    png.extend(20_000_u32.to_be_bytes());
    png.extend([8, 2, 0, 0, 0]);
    // The checksum over type and header, as every PNG writer computes it.
    let mut crc = !0_u32;
    for byte in &png[12..] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    png.extend((!crc).to_be_bytes());
    png.extend([0; 64]);
    png
}

#[test]
fn photos_that_are_none() {
    let home = Home::new();
    let cup_bytes = std::fs::read(cup()).unwrap();
    let text = home.write("notes.jpg", "this is no picture");
    let cut = home.write("cut.jpg", &cup_bytes[..cup_bytes.len() / 2]);
    let huge = home.write("huge.png", huge_png());
    let empty = home.write("empty.jpg", "");
    let long = home.write("long.jpg", vec![0xff; 21 * 1024 * 1024]);
    let folder = home.work().join("folder.jpg");
    std::fs::create_dir(&folder).unwrap();
    let cases = [
        ("not_an_image", 2, vec![&*text, "Cup"]),
        ("truncated", 2, vec![&*cut, "Cup"]),
        ("huge_png", 2, vec![&*huge, "Cup"]),
        ("empty_file", 2, vec![&*empty, "Cup"]),
        ("too_many_bytes", 2, vec![&*long, "Cup"]),
        ("folder", 2, vec![folder.to_str().unwrap(), "Cup"]),
        ("missing", 2, vec!["nowhere.jpg", "Cup"]),
        ("control_characters", 2, vec!["\u{1b}[2Jcup.jpg", "Cup"]),
    ];
    check(&cases, &home);
}

#[test]
fn orders_that_cannot_be() {
    let home = Home::new();
    let (cup, long, key) = (cup(), "x".repeat(100_000), "k".repeat(300));
    let (file, nines) = (home.write("file", "in the way"), "9".repeat(100_000));
    let cases = [
        ("unknown_model", 2, vec![&*cup, "Cup", "--model", "prewiev"]),
        ("retired_model", 2, vec![&*cup, "Cup", "--model", "sora-2-image-to-video"]),
        ("nearest_model_cannot_be_used", 2, vec![&*cup, "Cup", "--model", "kling-3.0/vide"]),
        ("provider_not_set_up", 4, vec![&*cup, "Cup", "--model", "bytedance/seedance-1.5-pro"]),
        ("unknown_template", 2, vec![&*cup, "Cup", "--template", "ucg"]),
        ("unknown_language", 2, vec![&*cup, "Cup", "--lang", "fr"]),
        ("description_empty", 2, vec![&*cup, "  "]),
        ("description_too_long", 2, vec![&*cup, &*long]),
        ("count_0", 2, vec![&*cup, "Cup", "--count", "0"]),
        ("count_negative", 2, vec![&*cup, "Cup", "--count", "-1"]),
        ("count_long", 2, vec![&*cup, "Cup", "--count", &*nines]),
        ("model_long", 2, vec![&*cup, "Cup", "--model", &*long]),
        ("count_21", 2, vec![&*cup, "Cup", "--count", "21"]),
        ("account_malformed", 2, vec![&*cup, "Cup", "--account", "nobody"]),
        ("account_of_the_house", 2, vec![&*cup, "Cup", "--account", "house:mint"]),
        ("no_credits", 5, vec![&*cup, "Cup", "--account", "cli:poor"]),
        ("over_budget", 5, vec![&*cup, "Cup", "--count", "3", "--max-credits", "2"]),
        ("own_prompt_missing", 2, vec![&*cup, "Cup", "--template", "self"]),
        ("own_prompt_unused", 2, vec![&*cup, "Cup", "--prompt", "it turns"]),
        ("key_empty", 2, vec![&*cup, "Cup", "--idempotency-key", ""]),
        ("key_with_controls", 2, vec![&*cup, "Cup", "--idempotency-key", "a\u{1b}[2Jb"]),
        ("key_too_long", 2, vec![&*cup, "Cup", "--idempotency-key", &*key]),
        ("budget_0", 2, vec![&*cup, "Cup", "--max-credits", "0"]),
        ("budget_negative", 2, vec![&*cup, "Cup", "--max-credits=-1"]),
        ("out_is_a_file", 2, vec![&*cup, "Cup", "--out", &*file]),
        ("out_too_long", 2, vec![&*cup, "Cup", "--out", &*key]),
        ("no_description", 2, vec![&*cup]),
    ];
    let kept_photo = |name: &str| name == "no_credits";
    let (with_photo, without): (Vec<_>, Vec<_>) = cases.into_iter().partition(|(name, ..)| kept_photo(name));
    check(&without, &home);
    for (name, code, args) in &with_photo {
        let ran = refused(&home, name, args, *code);
        settings().bind(|| insta::assert_snapshot!(format!("refused_{name}"), ran.snapshot()));
    }
    assert_eq!(home.json(&["jobs", "list"]).as_array().unwrap().len(), 0);
    home.assert_sound();
}

#[test]
fn settings_that_cannot_be() {
    let home = Home::new();
    settings().bind(|| {
        for (name, variable, value, code) in [
            ("postgres", "DATABASE_URL", "postgres://user:secret@localhost:port/db", 2),
            ("kie_provider", "NEUROCARDS_PROVIDER", "kie", 4),
            ("other_provider", "NEUROCARDS_PROVIDER", "other", 2),
            ("provider_like_a_key", "NEUROCARDS_PROVIDER", "sk-secret-0123456789abcdef", 2),
            ("short_lease", "NEUROCARDS_LEASE", "20ms", 2),
            ("timer", "NEUROCARDS_POLL_MIN", "soon", 2),
            ("bucket", "NEUROCARDS_MEDIA_URL", "gs://bucket", 2),
        ] {
            let mut command = home.command(["generate", &cup(), "Cup"]);
            command.env(variable, value);
            let ran = home.finish(command);
            assert_eq!(ran.code, Some(code), "{name}: {ran:?}");
            assert!(!ran.stderr.contains("secret"), "{ran:?}");
            insta::assert_snapshot!(format!("refused_setting_{name}"), ran.snapshot());
        }
    });
    assert!(!home.data().exists());
}

#[test]
fn with_json_the_error_is_the_result() {
    let home = Home::new();
    let ran = home.run(["generate", "nowhere.jpg", "Cup", "--json"]);
    let result = ran.result();
    assert_eq!(result["error"]["class"], "invalid_input");
    assert_eq!(result["error"]["spent"], "Nothing was spent.");
    assert!(result["error"]["message"].as_str().unwrap().contains("there is no photo"), "{result}");
    assert!(!result["error"]["hint"].as_str().unwrap().is_empty());
    assert_eq!((&result["jobs"], &result["videos"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert!(ran.stderr.contains("there is no photo"));
    let words = home.run(["generate", "cup.jpg", "Cup", "--template", "ucg", "--json"]);
    assert_eq!(words.result()["error"]["class"], "usage");
    let fields = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let not_understood = words.result();
    assert_eq!(fields(&not_understood), fields(&result), "the same shape");
    assert_eq!(fields(&not_understood["error"]), fields(&result["error"]));
    assert_eq!(
        not_understood["error"]["message"],
        "invalid value 'ucg' for '--template <TEMPLATE>' [possible values: ugc, ad, self]"
    );
    assert_eq!(not_understood["error"]["hint"], "Tip: did you mean 'ugc'? See `neurocards generate --help`.");
    let mut setting = home.command(["jobs", "wait", "0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", "--json"]);
    setting.env("NEUROCARDS_POLL_MIN", "soon");
    assert_eq!(fields(&home.finish(setting).result()), fields(&result));
    let wrong = home.run(["jobs", "list", "--json", "--state", "gone"]);
    let answer: serde_json::Value = serde_json::from_str(&wrong.stdout).unwrap();
    assert_eq!(
        (fields(&answer), fields(&answer["error"])),
        (vec!["error".into(), "exit_code".into()], fields(&result["error"]))
    );
    assert!(!wrong.stderr.contains("spent"), "{wrong:?}");
    let document = home.run(["jobs", "show", "no-id", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!((document.code, &answer["error"]["class"]), (Some(2), &serde_json::json!("usage")));
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_a_link_to_nowhere() {
    let home = Home::new();
    std::os::unix::fs::symlink(home.path().join("nowhere"), home.work().join("link")).unwrap();
    let ran = refused(&home, "link", &[&cup(), "Cup", "--out", "link"], 2);
    settings().bind(|| insta::assert_snapshot!("refused_out_is_a_link_to_nowhere", ran.snapshot()));
    assert!(!home.data().exists(), "it was seen before anything began");
}

#[test]
fn a_misspelt_setting_is_told() {
    let home = Home::new();
    home.write(".env", "NEUROCARDS_LAESE=secret\nNEUROCARDS_FREE_CREDITS=2\n");
    let mut command = home.command(["jobs", "list", "--quiet"]);
    command.env("NEUROCARDS_POLLMIN", "secret");
    let ran = home.finish(command);
    settings().bind(|| insta::assert_snapshot!("misspelt_settings", ran.snapshot()));
    assert!(!ran.stderr.contains("secret"));
}

#[cfg(unix)]
#[test]
fn a_photo_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let home = Home::new();
    let photo = home.write("cup.jpg", std::fs::read(cup()).unwrap());
    std::fs::set_permissions(&photo, PermissionsExt::from_mode(0o000)).unwrap();
    let mut command = home.command(["generate", &photo, "Cup"]);
    if std::fs::read(&photo).is_ok() {
        // The superuser may read everything, so somebody else has to try: with a copy of the program that is not
        // hidden in the superuser's home.
        let program = home.path().join("neurocards");
        std::fs::copy(env!("CARGO_BIN_EXE_neurocards"), &program).unwrap();
        for folder in [home.path(), &home.work()] {
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
        }
        command = std::process::Command::new(program);
        command.args(["generate", &photo, "Cup"]).current_dir(home.work()).env_clear();
        command.env("NEUROCARDS_DATA_DIR", home.data()).uid(65_534).gid(65_534);
    }
    let ran = home.finish(command);
    settings().bind(|| insta::assert_snapshot!("refused_no_permission", ran.snapshot()));
    assert_eq!(ran.code, Some(2));
    assert!(!home.data().exists());
}
