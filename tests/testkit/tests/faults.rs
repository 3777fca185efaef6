//! `docs/faults.md` has every row once, and every test that it names exists.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot read")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// How many rows each part of the table has.
const PARTS: [(char, u32); 8] =
    [('A', 8), ('B', 10), ('C', 3), ('D', 11), ('E', 8), ('F', 6), ('G', 9), ('H', 10)];
/// Rows that came between others.
const BETWEEN: [&str; 1] = ["B7b"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The tests that each row names.
fn rows() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        if matches!(cells[0], "row" | "---") {
            continue;
        }
        let [row, _, holds, shown] = cells[..] else { panic!("four cells: {line}") };
        assert!(!holds.is_empty(), "{line}");
        let tests = shown.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(rows.insert(row.to_owned(), tests), None, "{row} stands twice");
    }
    rows
}

/// The names of all functions of the workspace.
fn functions() -> BTreeSet<String> {
    let mut folders = vec![root()];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !path.is_symlink() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                let words = text.split("fn ").skip(1);
                let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
                names.extend(
                    words.map(|word| word.split(|letter| !is_name(letter)).next().unwrap().to_owned()),
                );
            }
        }
    }
    names
}

#[test]
fn every_row_is_there_once() {
    let numbered = PARTS.into_iter().flat_map(|(part, last)| (1..=last).map(move |n| format!("{part}{n}")));
    let expect: BTreeSet<_> = numbered.chain(BETWEEN.map(str::to_owned)).collect();
    assert_eq!(rows().into_keys().collect::<BTreeSet<_>>(), expect);
}

#[test]
fn every_named_test_exists() {
    let functions = functions();
    let mut named = 0;
    for (row, tests) in rows() {
        for test in tests {
            assert!(functions.contains(&test), "{row} names {test}, which is not there");
            named += 1;
        }
    }
    assert!(named > 80, "{named}");
}

#[test]
fn what_a_row_is_called_finds_its_tests() {
    let functions = functions();
    for (row, tests) in rows() {
        let prefix = format!("{}_", row.to_lowercase());
        let own = tests.iter().any(|test| test.starts_with(&prefix));
        let others = functions.iter().find(|function| function.starts_with(&prefix));
        assert!(own || others.is_none(), "{row} has {}: name it in docs/faults.md", others.unwrap());
    }
}
