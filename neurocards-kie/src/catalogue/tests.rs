use chrono::NaiveDate;
use neurocards_core::{ModelError, ModelStatus};

use super::*;

#[test]
fn the_catalogue_that_comes_along_is_whole() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let active = catalogue.models().models().iter().filter(|model| model.status == ModelStatus::Active);
    assert!(active.clone().count() >= 20);
    for model in active {
        assert!((1..=15).contains(&model.seconds), "{}", model.id);
        assert!(model.prompt.max_chars >= 500, "{}", model.id);
    }
    let default = catalogue.models().resolve(None).unwrap();
    assert_eq!(default.price_milli_usd, Some(175));
    // The default asks for its shape: its videos are vertical whatever the photo.
    assert_eq!(catalogue.row(&default.id).unwrap().ratio, Some(RatioMode::Explicit));
}

#[test]
fn prompts_have_people_speak_so_sound_is_asked_for() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let switches: Vec<_> = catalogue.rows.values().filter_map(|row| row.sound.as_ref()).collect();
    assert!(switches.len() >= 8);
    assert!(switches.iter().all(|sound| sound.pick));
}

#[test]
fn every_sora_model_is_retired_and_names_its_successor() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let models = catalogue.models();
    let sora: Vec<_> = models.models().iter().filter(|model| model.id.starts_with("sora")).collect();
    assert!(sora.len() >= 9);
    for model in sora {
        let ModelError::Retired { since, successor, .. } = models.resolve(Some(&model.id)).unwrap_err()
        else {
            panic!("{} is not retired", model.id);
        };
        assert_eq!(since, NaiveDate::from_ymd_opt(2026, 9, 24));
        assert!(models.resolve(successor.as_deref()).is_ok());
    }
}

/// A row that passes, with a line in place of another one.
fn row(id: &str, instead: &str) -> String {
    let lines = [
        "title = \"T\"",
        "vendor = \"v\"",
        "family = \"jobs\"",
        "status = \"active\"",
        "image = { field = \"image_url\", shape = \"string\", max_bytes = 1000 }",
        "prompt = { min_chars = 1, max_chars = 9 }",
        "duration = { kind = \"string\", values = [5, 10], pick = 5 }",
        "ratio = \"image\"",
    ];
    let field = |line: &str| line.split(' ').next().map(str::to_owned);
    let kept = lines.into_iter().filter(|line| field(line) != field(instead));
    let kept: Vec<_> = kept.chain([instead]).collect();
    format!("[[model]]\nid = \"{id}\"\n{}\n", kept.join("\n"))
}

#[test]
fn a_broken_file_is_refused_with_the_row_at_fault() {
    let check = |text: String, expect: &str| {
        assert_eq!(KieCatalogue::parse(&text).unwrap_err().to_string(), expect, "{text}");
    };
    let with = |instead: &str| format!("default = \"a\"\n{}", row("a", instead));
    assert!(KieCatalogue::parse(&with("")).is_ok());
    check(
        format!("default = \"a\"\n{}{}", row("a", ""), row("a", "")),
        "the model a stands twice in the catalogue",
    );
    let missing =
        |id, role| format!("the model catalogue names {id:?} as a {role}, and no active row has that id");
    check(format!("default = \"b\"\n{}", row("a", "")), &missing("b", "default"));
    check(with("successor = \"c\""), &missing("c", "successor"));
    check(format!("fallback = [\"d\"]\n{}", with("")), &missing("d", "fallback"));
    let gone = row("gone", "status = \"retired\"");
    check(format!("default = \"gone\"\n{gone}"), &missing("gone", "default"));
    check("default = 1".to_owned(), "the model catalogue cannot be read");
    check(with("durration = 5"), "the model catalogue cannot be read");
    check(
        with("image = { field = \"a\", shape = \"list\", max_bytes = 1 }"),
        "the model catalogue cannot be read",
    );

    let unfit = [
        ("duration = { kind = \"string\", values = [5, 10], pick = 7 }", "duration"),
        ("duration = { kind = \"fixed\", values = [5], pick = 5 }", "duration"),
        ("resolution = { field = \"resolution\", values = [\"720P\"], pick = \"720p\" }", "resolution"),
        ("ratio = \"explicit\"", "ratio"),
        ("ratio_field = \"aspect_ratio\"", "ratio"),
        ("prompt = { min_chars = 9, max_chars = 3 }", "prompt"),
        ("price = { credits = -1.0, basis = \"5 s\" }", "price"),
    ];
    for (line, field) in unfit {
        check(
            with(line),
            &format!("the model a cannot be asked for: its {field} is missing, or not among its own values"),
        );
    }
}

#[test]
fn default_and_fallback_can_be_chosen_among_what_serves() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let chosen = catalogue.clone().with_default("kling-3.0/video").unwrap();
    let chosen = chosen.with_fallback(vec!["runway".to_owned()]).unwrap();
    assert_eq!(chosen.models().resolve(None).unwrap().id, "kling-3.0/video");
    assert_eq!(chosen.models().fallback(), ["runway"]);
    assert_eq!(chosen.models().models().len(), catalogue.models().models().len());
    // The predecessor's default names what to use instead.
    let CatalogueError::Choice { role, source } =
        catalogue.clone().with_default("sora-2-image-to-video").unwrap_err()
    else {
        panic!("it is gone");
    };
    assert_eq!(role, "default");
    assert!(matches!(source, ModelError::Retired { successor: Some(_), .. }));
    assert!(catalogue.with_fallback(vec!["runway".to_owned(), "runwai".to_owned()]).is_err());
}

/// A model that is not there any more costs an attempt; a chain of one vendor falls with it.
#[test]
fn the_chain_changes_vendors_and_something_in_it_costs_no_more_than_the_default() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let models = catalogue.models();
    let default = models.resolve(None).unwrap();
    let chain: Vec<_> = models.fallback().iter().map(|id| models.get(id).unwrap()).collect();
    let vendors: BTreeSet<_> =
        chain.iter().map(|model| model.vendor.as_str()).chain([default.vendor.as_str()]).collect();
    assert_eq!(vendors.len(), chain.len() + 1);
    let affordable = chain
        .iter()
        .filter(|model| model.price_milli_usd.is_some_and(|price| Some(price) <= default.price_milli_usd));
    assert!(affordable.count() >= 2);
}

#[test]
fn drift_is_what_an_operator_should_look_at() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let live = |id: &str, kinds: &[&str], pricing: Option<&str>| crate::LiveModel {
        model: id.to_owned(),
        title: None,
        provider: None,
        task_types: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        pricing: pricing.map(str::to_owned),
    };
    let jobs = catalogue.rows.values().filter(|row| row.is_usable() && row.family == Family::Jobs);
    let mut listed: Vec<_> = jobs.map(|row| live(&row.id, &["image-to-video"], None)).collect();
    assert_eq!(catalogue.drift(&listed), Drift { live: listed.len(), ..Drift::default() });

    listed.retain(|model| model.model != "kling-3.0/video" && model.model != "wan/2-7-image-to-video");
    listed.push(live("wan/2-7-image-to-video", &[], Some("16 credits per second")));
    listed.push(live("sora-2-image-to-video", &["image-to-video"], None));
    listed.push(live("new/video", &["Text To Video", "Image To Video"], Some("1 credit")));
    listed.push(live("new/song", &["text-to-music"], None));
    let drift = catalogue.drift(&listed);
    assert_eq!(drift.gone, ["kling-3.0/video"]);
    assert_eq!(drift.back, ["sora-2-image-to-video"]);
    assert_eq!(drift.new.iter().map(|model| model.model.as_str()).collect::<Vec<_>>(), ["new/video"]);
    let pricing = "16 credits per second".to_owned();
    let price = LivePrice { model: "wan/2-7-image-to-video".to_owned(), price_milli_usd: Some(400), pricing };
    assert_eq!(drift.prices, [price]);
}
