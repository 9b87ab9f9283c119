//! JSON schemas of the tools: input from their tables of arguments, output from the types that are sent.

use std::sync::Arc;

use rmcp::handler::server::tool::schema_for_output;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::arguments::Parameter;

/// The schema of a tool's arguments. Others are taken, too, where their names mean one of these, and refused in words.
pub(super) fn input(table: &[Parameter]) -> Arc<JsonObject> {
    let properties: Map<String, Value> = table
        .iter()
        .map(|parameter| (parameter.name.to_owned(), parameter.schema()))
        .collect();

    let required: Vec<&str> = table
        .iter()
        .filter(|parameter| parameter.required)
        .map(|parameter| parameter.name)
        .collect();

    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));

    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }

    Arc::new(schema)
}

/// The schema of a tool's structured content: the parts that are always there, and their types. The rest is seen in every
/// answer and would cost thousands of tokens here.
pub(super) fn output<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    let whole = schema_for_output::<T>();
    let required = whole.get("required").cloned().unwrap_or_default();
    let always = |name: &str| {
        required
            .as_array()
            .is_some_and(|names| names.iter().any(|one| one == name))
    };

    let parts = whole
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();

    let properties: Map<String, Value> = parts
        .filter(|(name, _)| always(name))
        .map(|(name, part)| (name.clone(), json!({"type": kind(part, &whole)})))
        .collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), required);

    Arc::new(schema)
}

/// The type of a part.
fn kind(part: &Value, whole: &JsonObject) -> String {
    if let Some(name) = part.get("$ref").and_then(Value::as_str) {
        let definition = whole
            .get("$defs")
            .and_then(|defs| defs.get(name.trim_start_matches("#/$defs/")));
        // What has no parts of its own is one of several words.
        let is_word = definition.is_some_and(|definition| definition.get("properties").is_none());
        return if is_word { "string" } else { "object" }.to_owned();
    }

    part.get("type")
        .and_then(Value::as_str)
        .unwrap_or("object")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::wire::{ComparedVersions, FoundPassages, ReadText, Shelves};
    use super::*;

    #[test]
    fn strict_clients_have_nothing_to_warn_about() {
        for schema in [
            output::<FoundPassages>(),
            output::<ReadText>(),
            output::<Shelves>(),
            output::<ComparedVersions>(),
        ] {
            let text = serde_json::to_string(&schema).unwrap();
            assert!(
                !text.contains("null") && !text.contains("uint") && !text.contains("$ref"),
                "{text}"
            );
            assert_eq!(schema["type"], "object");
        }
    }

    #[test]
    fn parts_have_their_types_and_what_may_be_left_out_is_not_required() {
        let schema = output::<FoundPassages>();
        assert_eq!(schema["required"], json!(["hits"]));
        assert_eq!(schema["properties"], json!({"hits": {"type": "array"}}));
        assert_eq!(
            output::<Shelves>()["properties"]["detail"]["type"],
            "string"
        );
        assert_eq!(
            output::<Shelves>()["properties"]["documents"]["type"],
            "integer"
        );
    }
}
