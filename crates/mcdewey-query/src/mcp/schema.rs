//! JSON schemas of the tools: the input from their parameter tables, the output from the result
//! types.

use std::sync::Arc;

use rmcp::handler::server::tool::schema_for_output;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::arguments::Parameter;

/// Returns the schema of a tool's arguments. It does not forbid additional properties, because
/// aliases are accepted and unknown arguments are rejected with a message that helps the model.
pub(super) fn input(parameters: &[Parameter]) -> Arc<JsonObject> {
    let properties: Map<String, Value> = parameters
        .iter()
        .map(|parameter| (parameter.name.to_owned(), parameter.schema()))
        .collect();

    let required: Vec<&str> = parameters
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

/// Returns the schema of a tool's structured content: only the fields that are always present, and
/// their types. The other fields are visible in every result and would cost thousands of tokens
/// here.
pub(super) fn output<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    let full = schema_for_output::<T>();
    let required = full.get("required").cloned().unwrap_or_default();
    let required_names = required.as_array().map_or(&[][..], Vec::as_slice);

    let properties: Map<String, Value> = full
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(name, _)| required_names.iter().any(|required| required == *name))
        .map(|(name, property)| (name.clone(), json!({"type": json_type(property, &full)})))
        .collect();

    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), required);

    Arc::new(schema)
}

/// Returns the JSON type of a property, following a reference to its definition.
fn json_type(property: &Value, full: &JsonObject) -> String {
    if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
        let definition = full
            .get("$defs")
            .and_then(|definitions| definitions.get(reference.trim_start_matches("#/$defs/")));

        // A definition without properties is an enum of strings.
        let is_enum = definition.is_some_and(|definition| definition.get("properties").is_none());
        return if is_enum { "string" } else { "object" }.to_owned();
    }

    property
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or("object")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::wire::{ComparedVersions, FoundChunks, LibraryListing, ReadText};
    use super::*;

    #[test]
    fn schemas_avoid_what_strict_clients_warn_about() {
        for schema in [
            output::<FoundChunks>(),
            output::<ReadText>(),
            output::<LibraryListing>(),
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
    fn properties_have_types_and_optional_ones_are_left_out() {
        let schema = output::<FoundChunks>();
        assert_eq!(schema["required"], json!(["hits"]));
        assert_eq!(schema["properties"], json!({"hits": {"type": "array"}}));
        assert_eq!(
            output::<LibraryListing>()["properties"]["detail"]["type"],
            "string"
        );
        assert_eq!(
            output::<LibraryListing>()["properties"]["documents"]["type"],
            "integer"
        );
    }
}
