//! `completions` and `man`.

use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::definition;
use crate::failure::{Exit, Failure};
use crate::output::Printer;

pub(super) fn completions(shell: Shell, printer: &Printer) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), "neurocards", &mut script);
    printer.data(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}

pub(super) fn man(folder: Option<&Path>, printer: &Printer) -> Result<Exit, Failure> {
    match folder {
        None => {
            let mut page = Vec::new();
            Man::new(definition()).render(&mut page).map_err(|error| not_written("the manual", &error))?;
            printer.data(String::from_utf8_lossy(&page).trim_end());
        }
        Some(folder) => {
            let name = folder.display().to_string();
            let written =
                std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(definition(), folder));
            written.map_err(|error| not_written(&name, &error))?;
            printer.note(&format!("the manual lies in {name}"));
        }
    }
    Ok(Exit::Done)
}

fn not_written(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, "output", format!("{what} could not be written"))
        .because(error)
        .hint("Choose another folder with --out DIR.")
}
