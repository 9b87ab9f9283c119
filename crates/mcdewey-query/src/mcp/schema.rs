//! JSON schemas of the tools: input from their tables of arguments, output from the types that are sent.

use std::sync::Arc;

use rmcp::handler::server::tool::schema_for_output;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::arguments::Parameter;

/// The schema of a tool's arguments.
pub(super) fn input(table: &[Parameter]) -> Arc<JsonObject> {
    let properties: Map<String, Value> =
        table.iter().map(|parameter| (parameter.name.to_owned(), parameter.schema())).collect();
    let required: Vec<&str> =
        table.iter().filter(|parameter| parameter.required).map(|parameter| parameter.name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    Arc::new(schema)
}

/// The schema of a tool's structured content.
pub(super) fn output<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    let mut schema = Value::Object(schema_for_output::<T>().as_ref().clone());
    simplify(&mut schema);
    match schema {
        Value::Object(object) => Arc::new(object),
        _ => Arc::default(),
    }
}

/// Takes `null` out of every type, because what is absent is left out of the answers, and the widths of numbers, which
/// are no formats of JSON schema. Strict clients warn about both.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|one| one != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if object.get("format").and_then(Value::as_str).is_some_and(|format| format.contains("int")) {
                object.remove("format");
            }
            unwrap_optional(object);
            object.values_mut().for_each(simplify);
        }
        Value::Array(list) => list.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// `{"anyOf": [X, {"type": "null"}]}` becomes X.
fn unwrap_optional(object: &mut JsonObject) {
    let Some(Value::Array(alternatives)) = object.get_mut("anyOf") else { return };
    alternatives.retain(|one| one != &json!({"type": "null"}));
    if let [Value::Object(only)] = alternatives.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{FoundPassages, ReadText, Shelves};
    use super::*;

    #[test]
    fn strict_clients_have_nothing_to_warn_about() {
        for schema in [output::<FoundPassages>(), output::<ReadText>(), output::<Shelves>()] {
            let text = serde_json::to_string(&schema).unwrap();
            assert!(!text.contains("null") && !text.contains("uint"), "{text}");
            assert_eq!(schema["type"], "object");
        }
    }

    #[test]
    fn what_may_be_left_out_is_not_required() {
        let schema = output::<FoundPassages>();
        assert_eq!(schema["required"], json!(["hits"]));
        let passage = &schema["$defs"]["FoundPassage"];
        assert_eq!(passage["required"], json!(["chunk_id", "handle", "source", "headings", "url"]));
        assert_eq!(passage["properties"]["page"]["type"], "integer");
        assert_eq!(schema["properties"]["facets"]["$ref"], "#/$defs/FoundFacets");
    }
}
