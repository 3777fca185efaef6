//! `bot`: takes the updates of the Telegram bot. Orders wait until a worker carries them on.

use super::serve::Http;
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
    let bot = telegram.bot(&app, &name)?;
    let http = Http::of_bot(&app, &bot).await?;
    let stop = interrupt.token().child_token();
    let (answered, (), (), ()) = tokio::join!(
        async {
            let answered = bot.run(stop.clone()).await;
            stop.cancel();
            answered
        },
        telegram.notifier.tell_admins(stop.clone()),
        // Where nobody works, this process finds out.
        app.engine.watch(stop.clone()),
        http.serve(&stop)
    );
    answered?;
    tracing::info!("the bot has stopped");
    Ok(Exit::Done)
}
