//! The description of a path or query parameter and its values.

use mcdewey_search::parameter::{Declaration, Kind};
use serde_json::{Value, json};

/// Returns the JSON schema of a parameter.
pub(super) fn schema(declaration: &Declaration) -> Value {
    let one = match declaration.kind {
        Kind::Text {
            max_bytes: Some(max_bytes),
        } => {
            json!({"type": "string", "minLength": 1, "maxLength": max_bytes, "pattern": "\\S"})
        }
        Kind::Text { max_bytes: None }
        | Kind::Name
        | Kind::Names
        | Kind::Versions
        | Kind::Sources => json!({"type": "string"}),
        // Forms send empty fields, which count as omitted.
        Kind::Choice { words, .. } => {
            let words: Vec<&str> = words.iter().copied().chain([""]).collect();
            json!({"type": "string", "enum": words})
        }
        Kind::Number { min, max, default } => {
            let mut number = json!({"type": "integer", "minimum": min, "maximum": max});
            if let Some(default) = default {
                number["default"] = json!(default);
            }
            json!({"anyOf": [number, {"const": ""}]})
        }
        Kind::Flag => {
            json!({
                "enum": [false, true, "", "0", "1", "no", "yes", "off", "on"],
                "default": false,
            })
        }
    };

    if declaration.kind.is_repeatable() {
        json!({"type": "array", "items": one})
    } else {
        one
    }
}

/// Returns the JSON schema of the field of a body that has the same meaning as the parameter.
pub(super) fn body_schema(declaration: &Declaration) -> Value {
    match declaration.kind {
        Kind::Text {
            max_bytes: Some(_), ..
        } => schema(declaration),
        Kind::Text { max_bytes: None } | Kind::Name => json!({"type": ["string", "null"]}),
        Kind::Choice { words, .. } => json!({"anyOf": [{"enum": words}, {"type": "null"}]}),
        Kind::Number { min, max, .. } => {
            json!({"type": ["integer", "null"], "minimum": min, "maximum": max})
        }
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Names | Kind::Versions | Kind::Sources => json!({"anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
            {"type": "null"},
        ]}),
    }
}

/// Describes the accepted values for people.
pub fn value_description(declaration: &Declaration) -> String {
    match declaration.kind {
        Kind::Text { .. } | Kind::Name => "text".to_owned(),
        Kind::Names | Kind::Versions | Kind::Sources => "text, repeatable".to_owned(),
        Kind::Choice { words, .. } => words.join(", "),
        Kind::Number { max, .. } if max >= u32::MAX as usize => "number".to_owned(),
        Kind::Number {
            min,
            max,
            default: Some(default),
        } => {
            format!("{min} to {max}, default {default}")
        }
        Kind::Number {
            min,
            max,
            default: None,
        } => format!("{min} to {max}"),
        Kind::Flag => "true or false, default false".to_owned(),
    }
}

/// Returns a valid value.
pub fn example(declaration: &Declaration) -> Value {
    let one = match declaration.kind {
        Kind::Number { .. } => declaration
            .example
            .parse::<u64>()
            .map_or(Value::Null, |number| json!(number)),
        Kind::Flag => json!(declaration.example == "true"),
        _ => json!(declaration.example),
    };

    if declaration.kind.is_repeatable() {
        json!([one])
    } else {
        one
    }
}
