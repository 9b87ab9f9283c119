//! The schemas of the OpenAPI description as tables of fields.

use serde_json::Value;

use super::without_backticks;

pub(super) struct SchemaView {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) fields: Vec<FieldView>,
}

pub(super) struct FieldView {
    pub(super) name: String,
    pub(super) kind: String,
    /// The schema that the type links to.
    pub(super) schema: Option<String>,
    pub(super) required: bool,
    pub(super) description: String,
}

pub(super) fn schema_view(name: &str, schema: &Value) -> SchemaView {
    let variants = ["oneOf", "anyOf"]
        .iter()
        .filter_map(|keyword| schema[*keyword].as_array())
        .flatten();

    SchemaView {
        name: name.to_owned(),
        description: description(schema),
        fields: fields(schema)
            .chain(variants.flat_map(variant_fields))
            .collect(),
    }
}

/// A variant of a schema: the schema it refers to, then its own fields.
fn variant_fields(schema: &Value) -> Vec<FieldView> {
    let reference = schema_name(schema).map(|kind| FieldView {
        name: "one of".to_owned(),
        schema: linked_schema(schema),
        kind,
        required: false,
        description: description(schema),
    });

    reference.into_iter().chain(fields(schema)).collect()
}

fn fields(schema: &Value) -> impl Iterator<Item = FieldView> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(move |(name, field)| FieldView {
            name: name.clone(),
            kind: kind(field),
            schema: linked_schema(field),
            required: is_required(schema, name),
            description: description(field),
        })
}

fn is_required(schema: &Value, field: &str) -> bool {
    schema["required"]
        .as_array()
        .is_some_and(|names| names.iter().any(|name| name.as_str() == Some(field)))
}

fn description(schema: &Value) -> String {
    without_backticks(schema["description"].as_str().unwrap_or_default())
}

/// The type of a field: "string", "list of Hit", "A or B".
fn kind(schema: &Value) -> String {
    if let Some(name) = schema_name(schema) {
        return name;
    }

    if let Some(variants) = schema["anyOf"].as_array() {
        return variants.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }

    if let Some(value) = schema["const"].as_str() {
        return value.to_owned();
    }

    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", ");
    }

    let name = match &schema["type"] {
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        name => name.as_str().unwrap_or("any").to_owned(),
    };

    match (name.as_str(), schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind(items)),
        _ => name,
    }
}

fn schema_name(schema: &Value) -> Option<String> {
    schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
        .map(str::to_owned)
}

/// The schema that the field's type links to: itself, its items, or its first variant with one.
fn linked_schema(schema: &Value) -> Option<String> {
    let variants = schema["anyOf"].as_array().into_iter().flatten();
    schema_name(schema)
        .or_else(|| schema.get("items").and_then(linked_schema))
        .or_else(|| variants.filter_map(linked_schema).next())
}
