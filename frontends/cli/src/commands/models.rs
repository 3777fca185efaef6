//! `models`.

use neurocards::{Catalogue, FaultClass, Model, ModelError, ModelStatus, Policy};

use crate::app::{App, catalogue};
use crate::args::{ModelShowArgs, ModelsListArgs};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::{ModelView, Printer, clean_short, table};

pub(super) fn list(config: &Config, args: &ModelsListArgs, printer: &Printer) -> Result<Exit, Failure> {
    let catalogue = catalogue(config);
    let shown = |model: &&Model| args.all || model.status != ModelStatus::Retired;
    let views: Vec<ModelView<'_>> =
        catalogue.models().iter().filter(shown).map(|model| view(config, &catalogue, model)).collect();
    if args.json {
        printer.document(&views);
        return Ok(Exit::Done);
    }
    let rows = views.iter().map(|view| {
        let model = view.model;
        vec![
            format!("{}{}", model.id, if view.default { " *" } else { "" }),
            model.provider.clone(),
            clip(model),
            price(model),
            standing(view),
        ]
    });
    printer.data(&table(&["MODEL", "PROVIDER", "CLIP", "PROVIDER ASKS", "STATUS"], rows));
    let without = if config.kie.is_some() { "" } else { "; the provider kie needs KIE_API_KEY" };
    printer.note(&format!("* is used when none is asked for{without}"));
    let price = Policy::default().price;
    printer.note(&format!("each video costs {price}, whatever its provider asks for a clip"));
    Ok(Exit::Done)
}

pub(super) fn show(config: &Config, args: &ModelShowArgs, printer: &Printer) -> Result<Exit, Failure> {
    let catalogue = catalogue(config);
    let Some(model) = catalogue.get(&args.id) else {
        let unknown = catalogue.resolve(Some(&args.id)).err().unwrap_or(ModelError::NoDefault);
        return Err(unknown.into());
    };
    let view = view(config, &catalogue, model);
    if args.json {
        printer.document(&view);
        return Ok(Exit::Done);
    }
    let since = model.since.map(|since| format!(" since {since}")).unwrap_or_default();
    let mut rows = vec![
        ("id", model.id.clone()),
        ("title", model.title.clone()),
        ("vendor", model.vendor.clone()),
        ("provider", model.provider.clone()),
        ("status", format!("{}{since}", model.status.as_str())),
        ("here", standing(&view)),
        ("clip", clip(model)),
        ("prompt", prompt(model)),
        ("asks", price(model)),
        ("costs", format!("{} a video", Policy::default().price)),
    ];
    if let Some(successor) = &model.successor {
        rows.push(("successor", successor.clone()));
    }
    for (name, value) in rows {
        printer.data(&format!("{name:<10} {value}"));
    }
    Ok(Exit::Done)
}

/// Where the catalogue and KIE's own list differ.
pub(super) async fn drift(app: &App, args: &ModelsListArgs, printer: &Printer) -> Result<Exit, Failure> {
    let Some(kie) = &app.kie else {
        return Err(Failure::new(Exit::Auth, "no_key", "the provider's own list needs a key")
            .hint("Set KIE_API_KEY; asking costs nothing."));
    };
    let drift = kie.drift().await.map_err(|fault| {
        let exit = if fault.class == FaultClass::Auth { Exit::Auth } else { Exit::Provider };
        Failure::new(exit, fault.class.as_str(), format!("KIE's list of models could not be read: {fault}"))
            .hint("Try again in a minute; `neurocards doctor` looks at the keys.")
    })?;
    if args.json {
        printer.document(&drift);
        return Ok(Exit::Done);
    }
    for (word, ids) in [("gone", &drift.gone), ("back", &drift.back)] {
        ids.iter().for_each(|id| printer.data(&format!("{word}  {id}")));
    }
    drift.new.iter().for_each(|model| printer.data(&format!("new   {}", model.model)));
    for price in &drift.prices {
        let ours = price.price_milli_usd.map_or("-".to_owned(), dollars);
        let words = clean_short(&price.pricing);
        printer.data(&format!("asks  {:<42} {ours} a clip here; KIE says: {words}", price.model));
    }
    printer.note(&format!(
        "KIE lists {} models; gone: ours and not on its list, back: paused or retired here and on its list, \
         new: not in the catalogue, asks: our price of a clip beside KIE's words, to be compared by eye; the file \
         that NEUROCARDS_MODELS names takes the place of the catalogue",
        drift.live
    ));
    Ok(Exit::Done)
}

fn view<'a>(config: &Config, catalogue: &Catalogue, model: &'a Model) -> ModelView<'a> {
    ModelView::new(model, catalogue.default_id(), config.serves(&model.provider))
}

/// Retired models have no length and some no limit any more.
fn clip(model: &Model) -> String {
    if model.seconds == 0 { "-".to_owned() } else { format!("{} s", model.seconds) }
}

fn prompt(model: &Model) -> String {
    match model.prompt.max_chars {
        0 => "-".to_owned(),
        most => format!("{} to {most} characters", model.prompt.min_chars),
    }
}

/// What the provider asks for one clip.
fn price(model: &Model) -> String {
    match model.price_milli_usd {
        None => "-".to_owned(),
        Some(0) => "nothing".to_owned(),
        Some(price) => dollars(price),
    }
}

fn dollars(milli: u32) -> String {
    format!("${}.{:03}", milli / 1_000, milli % 1_000)
}

fn standing(view: &ModelView<'_>) -> String {
    let model = view.model;
    match (view.available, model.status, &model.successor) {
        (true, ModelStatus::Active, _) => "ready".to_owned(),
        (false, ModelStatus::Active, _) => format!("needs the provider {}", model.provider),
        (_, status, Some(successor)) => format!("{}, use {successor}", status.as_str()),
        (_, status, None) => status.as_str().to_owned(),
    }
}
