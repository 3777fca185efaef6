//! Buttons, as the service takes them.

use serde_json::Value;

use super::seen::Button;

/// Reads an inline keyboard.
///
/// # Errors
/// What the service says to one that it does not take.
pub(super) fn read(markup: Option<&Value>) -> Result<Vec<Vec<Button>>, String> {
    let Some(rows) = markup.and_then(|markup| markup["inline_keyboard"].as_array()) else {
        return Ok(Vec::new());
    };
    rows.iter().map(|row| row.as_array().into_iter().flatten().map(button).collect()).collect()
}

fn button(value: &Value) -> Result<Button, String> {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let label = text("text").filter(|label| !label.trim().is_empty());
    let label = label
        .ok_or("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")?;
    let (data, url) = (text("callback_data"), text("url"));
    let pays = value["pay"] == true;
    if data.as_ref().is_some_and(|data| !(1..=64).contains(&data.len())) {
        return Err("BUTTON_DATA_INVALID".to_owned());
    }
    if url.as_ref().is_some_and(|url| {
        !url.starts_with("https://") && !url.starts_with("http://") && !url.starts_with("tg://")
    }) {
        return Err("BUTTON_URL_INVALID".to_owned());
    }
    if usize::from(data.is_some()) + usize::from(url.is_some()) + usize::from(pays) != 1 {
        return Err("can't parse inline keyboard button: a button does exactly one thing".to_owned());
    }
    Ok(Button { label, data, url, pays })
}
