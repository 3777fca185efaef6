//! `models`.

use neurocards::{Catalogue, Model, ModelError, ModelStatus, Policy};

use crate::app::{App, catalogue};
use crate::args::{ModelShowArgs, ModelsListArgs};
use crate::failure::{Exit, Failure};
use crate::output::{ModelView, Printer, table};

pub(super) fn list(args: &ModelsListArgs, printer: &Printer) -> Result<Exit, Failure> {
    let catalogue = catalogue()?;
    let shown = |model: &&Model| args.all || model.status != ModelStatus::Retired;
    let views: Vec<ModelView<'_>> =
        catalogue.models().iter().filter(shown).map(|model| view(&catalogue, model)).collect();
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
    printer.note("* is used when none is asked for; the provider kie is not part of this version");
    let price = Policy::default().price;
    printer.note(&format!("each video costs {price}, whatever its provider asks for a clip"));
    Ok(Exit::Done)
}

pub(super) fn show(args: &ModelShowArgs, printer: &Printer) -> Result<Exit, Failure> {
    let catalogue = catalogue()?;
    let Some(model) = catalogue.get(&args.id) else {
        let unknown = catalogue.resolve(Some(&args.id)).err().unwrap_or(ModelError::NoDefault);
        return Err(unknown.into());
    };
    let view = view(&catalogue, model);
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

fn view<'a>(catalogue: &Catalogue, model: &'a Model) -> ModelView<'a> {
    ModelView::new(model, catalogue.default_id(), App::serves(&model.provider))
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
        Some(price) => format!("${}.{:03}", price / 1_000, price % 1_000),
    }
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
