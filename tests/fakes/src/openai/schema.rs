//! The output format: what the strict mode takes, and something that fits it.

use serde_json::{Map, Value, json};

/// What is wrong with a schema for the strict mode, in the service's words.
pub(crate) fn strict_problem(name: &str, schema: &Value) -> Option<String> {
    if schema["type"] != "object" {
        return Some(format!(
            "Invalid schema for response_format '{name}': schema must be a JSON Schema of 'type: \"object\"', got 'type: {}'.",
            schema["type"]
        ));
    }
    let problem = problem_at(&mut Vec::new(), schema)?;
    Some(format!("Invalid schema for response_format '{name}': {problem}"))
}

fn problem_at(context: &mut Vec<String>, schema: &Value) -> Option<String> {
    if let Some(variants) = schema["anyOf"].as_array() {
        return variants.iter().find_map(|variant| problem_at(context, variant));
    }
    if schema["type"] == "array" {
        context.push("items".to_owned());
        let problem = problem_at(context, &schema["items"]);
        context.pop();
        return problem;
    }
    if schema["type"] != "object" {
        return None;
    }
    if schema["additionalProperties"] != false {
        return Some(format!(
            "In context={}, 'additionalProperties' is required to be supplied and to be false.",
            tuple(context)
        ));
    }
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rule = "'required' is required to be supplied and to be an array including every key in properties.";
    if let Some(missing) = properties.keys().find(|name| !required.contains(&name.as_str())) {
        return Some(format!("In context={}, {rule} Missing '{missing}'.", tuple(context)));
    }
    if let Some(extra) = required.iter().find(|name| !properties.contains_key(**name)) {
        return Some(format!("In context={}, {rule} Extra required key '{extra}' supplied.", tuple(context)));
    }
    for (name, property) in properties {
        context.extend(["properties".to_owned(), name.clone()]);
        let problem = problem_at(context, property);
        context.truncate(context.len() - 2);
        if problem.is_some() {
            return problem;
        }
    }
    None
}

/// A path as Python prints it.
fn tuple(context: &[String]) -> String {
    let parts: Vec<String> = context.iter().map(|part| format!("'{part}'")).collect();
    match parts.as_slice() {
        [one] => format!("({one},)"),
        parts => format!("({})", parts.join(", ")),
    }
}

/// Something that fits a schema. `russian`: lines to be spoken are in Russian.
pub(crate) fn fitting(name: &str, schema: &Value, russian: bool) -> Value {
    if let Some(first) = schema["anyOf"].as_array().and_then(|variants| variants.first()) {
        return fitting(name, first, russian);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|options| options.first()) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            properties.iter().map(|(name, schema)| (name.clone(), fitting(name, schema, russian))).collect()
        }
        Some("array") => json!([fitting(name, &schema["items"], russian)]),
        Some("boolean") => json!(false),
        Some("integer" | "number") => json!(0),
        Some("null") => Value::Null,
        _ => json!(text(name, russian)),
    }
}

fn text(name: &str, russian: bool) -> &'static str {
    let spoken = !["prompt", "hero", "place", "mood"].iter().any(|word| name.contains(word));
    match (name, spoken) {
        (name, false) if name.contains("prompt") => {
            "A cheerful woman in a mustard sweater lifts the product to the lens in a sunny kitchen and smiles. Handheld \
             phone camera, warm morning light, natural hands, one slow push-in that ends on the product."
        }
        ("hero", _) => "a cheerful woman in a mustard sweater",
        ("place", _) => "a sunny kitchen",
        ("mood", _) => "warm and calm",
        ("hook", _) if russian => "Вы это уже видели?",
        ("hook", _) => "Have you seen this yet?",
        ("call_to_action", _) if russian => "Попробуйте сами",
        ("call_to_action", _) => "Try it yourself",
        _ if russian => "Эта вещь служит долго",
        _ => "It lasts and lasts",
    }
}
