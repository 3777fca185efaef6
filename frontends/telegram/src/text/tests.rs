use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn sources(lang: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(lang);
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// Every key with the names of its arguments.
fn messages(lang: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
    for source in sources(lang) {
        let mut key = String::new();
        for line in source.lines() {
            if let Some((name, _)) =
                line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                name.clone_into(&mut key);
                assert!(
                    messages.insert(key.clone(), BTreeSet::new()).is_none(),
                    "{lang}: {key} stands twice"
                );
            }
            for rest in line.split("{ $").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                messages.get_mut(&key).unwrap().insert(name);
            }
        }
    }
    messages
}

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(messages("ru"), messages("en"));
    assert!(messages("ru").len() > 100);
}

#[test]
fn every_text_is_found_with_its_arguments() {
    for (key, args) in messages("ru") {
        for lang in [Lang::Ru, Lang::En] {
            let text = args.iter().fold(Text::new(key.clone()), |text, name| text.number(name, 5));
            let written = text.html(lang);
            assert!(!written.contains('$') && !written.contains("Unknown"), "{lang} {key}: {written}");
        }
    }
}

#[test]
fn russian_numbers_have_three_forms() {
    let check = |count, expect: &str| assert_eq!(Text::credits(Credits(count)).plain(Lang::Ru), expect);
    check(0, "0 кредитов");
    check(1, "1 кредит");
    check(2, "2 кредита");
    check(5, "5 кредитов");
    check(11, "11 кредитов");
    check(21, "21 кредит");
    check(104, "104 кредита");
    assert_eq!(Text::credits(Credits(1)).plain(Lang::En), "1 credit");
    assert_eq!(Text::credits(Credits(0)).plain(Lang::En), "0 credits");
}

#[test]
fn words_from_outside_are_only_words() {
    let check = |words: &str, expect: &str| assert_eq!(escape(words), expect);
    check("Чашка & «кофе»", "Чашка &amp; «кофе»");
    check("<a href=\"tg://user?id=1\">я</a>", "&lt;a href=&quot;tg://user?id=1&quot;&gt;я&lt;/a&gt;");
    check("a\u{202e}b\u{0}c\u{1b}[2J\nd", "abc[2J\nd");
    let text = Text::new("own-prompt-check").words("prompt", "<b>{ $x } &amp;");
    assert!(text.html(Lang::Ru).contains("<blockquote>&lt;b&gt;{ $x } &amp;amp;</blockquote>"));
    let text = Text::new("confirm-wishes").text("wishes", Text::new("state-done").words("x", "<"));
    assert!(text.html(Lang::Ru).ends_with("✅ готово"));
}

/// Whatever somebody writes, a message has the tags that we wrote and no others.
#[test]
fn nothing_from_outside_becomes_a_tag() {
    let plain = Text::new("confirm-wishes").words("wishes", "").html(Lang::Ru);
    let tags = |html: &str| html.matches('<').count() + html.matches("&#").count();
    let pieces =
        ["<", ">", "&", "\"", "'", "b", "/", "&lt;", "{", "}", "$", "\u{2066}", "é", " ", "tg://", "\u{301}"];
    let mut seed = 1_u64;
    for _ in 0..2_000 {
        let mut words = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            words.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        let html = Text::new("confirm-wishes").words("wishes", words.clone()).html(Lang::Ru);
        assert_eq!(tags(&html), tags(&plain), "{words:?}");
    }
}

#[test]
fn long_words_are_cut() {
    assert_eq!(clip(" чашка ", 5), "чашка");
    assert_eq!(clip("чашка для кофе", 7), "чашка…");
}
