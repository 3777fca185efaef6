//! What the commands say of themselves.

use crate::support::{Home, settings};

const COMMANDS: [&str; 34] = [
    "",
    "generate",
    "worker",
    "bot",
    "serve",
    "jobs",
    "jobs list",
    "jobs show",
    "jobs wait",
    "jobs cancel",
    "orders",
    "orders list",
    "orders show",
    "credits",
    "credits balance",
    "credits grant",
    "credits history",
    "queue",
    "queue status",
    "queue pause",
    "queue resume",
    "queue drain",
    "workers",
    "workers list",
    "models",
    "models list",
    "models show",
    "audit",
    "doctor",
    "migrate",
    "simulate",
    "simulate serve",
    "completions",
    "man",
];

#[test]
fn every_command_explains_itself() {
    let home = Home::new();
    settings().bind(|| {
        for command in COMMANDS {
            let ran = home.run(command.split_whitespace().chain(["--help"]));
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{command}");
            let name = format!("help {command}").trim().replace(' ', "_");
            insta::assert_snapshot!(name, ran.stdout);
        }
    });
    assert!(!home.data().exists(), "help opens nothing");
}

#[test]
fn completions_and_manual_pages_are_made() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = home.run(["completions", shell]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.contains("generate"), "{shell}");
    }
    let page = home.run(["man"]);
    assert!(page.stdout.contains(".TH neurocards"), "{}", page.stdout);
    let folder = home.work().join("man");
    let pages = home.run(["man", "--out", folder.to_str().unwrap()]);
    assert_eq!((pages.code, pages.stdout.as_str()), (Some(0), ""));
    let count = std::fs::read_dir(folder).unwrap().count();
    assert!(count >= COMMANDS.len(), "{count}");
}

#[test]
fn models_are_shown() {
    let home = Home::new();
    settings().bind(|| {
        insta::assert_snapshot!("models_list", home.run(["models", "list"]).snapshot());
        insta::assert_snapshot!("models_list_all", home.run(["models", "list", "--all", "--quiet"]).stdout);
        insta::assert_snapshot!(
            "models_show_retired",
            home.run(["models", "show", "sora-2-image-to-video"]).snapshot()
        );
        insta::assert_snapshot!(
            "models_show_preview_json",
            home.run(["models", "show", "preview", "--json"]).stdout
        );
        insta::assert_snapshot!("models_show_unknown", home.run(["models", "show", "previev"]).snapshot());
    });
    let list = home.json(&["models", "list"]);
    let defaults: Vec<_> = list.as_array().unwrap().iter().filter(|model| model["default"] == true).collect();
    assert_eq!(defaults.len(), 1);
    assert_eq!(defaults[0]["id"], "preview");
    assert!(!home.data().exists(), "models need no data folder");
}
