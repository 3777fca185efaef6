//! `bot`: takes the updates of the Telegram bot. Orders wait until a worker carries them on.

use crate::app::App;
use crate::failure::{Exit, Failure};
use crate::output::Printer;
use crate::signals::Interrupt;

pub(super) async fn run(app: App, printer: &Printer) -> Result<Exit, Failure> {
    let interrupt = Interrupt::watch();
    let telegram = app.telegram()?;
    let name = telegram.username().await?;
    app.say_how(printer);
    printer.note(&format!("the bot is https://t.me/{name}; orders wait for `neurocards worker`"));
    telegram.bot(&app).run(interrupt.token().clone()).await?;
    tracing::info!("the bot has stopped");
    Ok(Exit::Done)
}
