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
    let stop = interrupt.token().child_token();
    let (answered, (), ()) = tokio::join!(
        async {
            let answered = telegram.bot(&app).run(stop.clone()).await;
            stop.cancel();
            answered
        },
        telegram.notifier.tell_admins(stop.clone()),
        // Where nobody works, this process finds out.
        app.engine.watch(stop.clone()),
    );
    answered?;
    tracing::info!("the bot has stopped");
    Ok(Exit::Done)
}
