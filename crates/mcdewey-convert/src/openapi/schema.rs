//! Describes schemas: resolves references and lists fields, with limits for schemas that contain
//! themselves or multiply.

use std::cell::Cell;

use serde_json::Value;

use super::table::{code, table, value_code};
use super::{array, description, entries};
use crate::html::escape;

/// How many references to references are followed.
const MAX_REFERENCE_HOPS: usize = 16;

/// How deep fields of fields are listed. Deeper ones usually have a schema of their own.
const MAX_FIELD_DEPTH: usize = 2;

/// How deep the types within a type are named, such as "array of array of string".
const MAX_TYPE_DEPTH: usize = 4;

const MAX_ROWS_PER_TABLE: usize = 300;

/// How many schemas are visited for a whole file: schemas made of schemas made of schemas multiply.
const MAX_STEPS: usize = 3_000_000;

const MAX_STEPS_PER_TABLE: usize = 5_000;

/// How many enumerated values are listed; of those beyond, only the number is written.
const MAX_ENUMERATED: usize = 60;

const COLUMNS: [&str; 4] = ["Field", "Type", "Required", "Description"];

/// The schemas of a description.
pub(super) struct Schemas<'a> {
    root: &'a Value,
    remaining_steps: Cell<usize>,
    /// Whether a table lacks fields.
    has_truncated_table: Cell<bool>,
}

/// A table of fields under construction.
struct FieldTable<'a> {
    rows: Vec<Vec<String>>,
    /// The schemas around the current field, outermost first. One that contains itself is not
    /// listed again.
    open: Vec<&'a Value>,
    steps: usize,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self {
            root,
            remaining_steps: Cell::new(MAX_STEPS),
            has_truncated_table: Cell::new(false),
        }
    }

    /// The named schemas, of both versions.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        entries(&self.root["components"]["schemas"]).chain(entries(&self.root["definitions"]))
    }

    /// Whether some fields were not listed because of a limit.
    pub(super) fn is_truncated(&self) -> bool {
        self.remaining_steps.get() == 0 || self.has_truncated_table.get()
    }

    /// Follows a reference within the file. Returns other values, and references that lead nowhere,
    /// unchanged.
    pub(super) fn resolve(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MAX_REFERENCE_HOPS {
            let Some(pointer) = value["$ref"]
                .as_str()
                .and_then(|reference| reference.strip_prefix('#'))
            else {
                break;
            };

            let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
            let Some(target) = self.root.pointer(&pointer) else {
                break;
            };
            value = target;
        }

        value
    }

    /// The section of a named schema.
    pub(super) fn section(&self, name: &str, schema: &'a Value) -> String {
        // Before the fields, because both count towards the limit on steps.
        let type_name = self.type_name(schema);
        let mut out = format!("## Schema {}\n\n", escape::markdown(name));
        out.push_str(&description::as_blocks(
            schema["description"].as_str().unwrap_or_default(),
            3,
        ));

        if type_name != "object" {
            out.push_str(&format!("Type: {type_name}\n\n"));
        }

        let constraints = constraints(schema);
        if !constraints.is_empty() {
            out.push_str(&format!("{constraints}\n\n"));
        }

        out.push_str(&self.field_table(schema));
        out
    }

    /// The table of a schema's fields; empty if it has none.
    pub(super) fn field_table(&self, schema: &'a Value) -> String {
        let mut fields = FieldTable {
            rows: Vec::new(),
            open: Vec::new(),
            steps: 0,
        };

        self.collect_fields(schema, "", MAX_FIELD_DEPTH, &mut fields);
        table(&COLUMNS, &fields.rows)
    }

    /// The name of a schema, or a description of its type.
    pub(super) fn type_name(&self, schema: &'a Value) -> String {
        self.type_name_within(schema, MAX_TYPE_DEPTH)
    }

    fn type_name_within(&self, schema: &'a Value, depth_left: usize) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            return code(reference.rsplit('/').next().unwrap_or(reference));
        }

        if depth_left == 0 || !self.take_step() {
            return "any".to_owned();
        }

        for (keyword, words) in [
            ("oneOf", "one of"),
            ("anyOf", "any of"),
            ("allOf", "all of"),
        ] {
            let parts = array(&schema[keyword]);
            let names: Vec<String> = parts
                .take(MAX_ENUMERATED)
                .map(|part| self.type_name_within(part, depth_left - 1))
                .collect();

            if names.is_empty() {
                continue;
            }

            // "All of" several objects is an object, usually named by its first part.
            let is_named_by_first = keyword == "allOf"
                && (names.len() == 1 || names.iter().any(|name| name == "object"));
            return if is_named_by_first {
                names[0].clone()
            } else {
                format!("{words} {}", names.join(", "))
            };
        }

        let json_type = json_type(schema);
        if json_type == "array" && schema["items"].is_object() {
            let items = self.type_name_within(&schema["items"], depth_left - 1);
            return format!("array of {items}");
        }

        if json_type == "object"
            && schema["additionalProperties"].is_object()
            && !schema["properties"].is_object()
        {
            let values = self.type_name_within(&schema["additionalProperties"], depth_left - 1);
            return format!("map of {values}");
        }

        let format = schema["format"]
            .as_str()
            .map(|format| format!(" ({format})"))
            .unwrap_or_default();

        format!("{json_type}{format}").replace('|', "\\|")
    }

    fn collect_fields(
        &self,
        schema: &'a Value,
        prefix: &str,
        depth_left: usize,
        fields: &mut FieldTable<'a>,
    ) {
        let schema = self.resolve(schema);
        let contains_itself = fields.open.iter().any(|open| std::ptr::eq(*open, schema));
        if !self.take_step()
            || contains_itself
            || fields.open.len() > MAX_REFERENCE_HOPS
            || fields.rows.len() >= MAX_ROWS_PER_TABLE
        {
            return;
        }

        fields.steps += 1;
        if fields.steps > MAX_STEPS_PER_TABLE {
            self.has_truncated_table.set(true);
            return;
        }

        fields.open.push(schema);
        for keyword in ["allOf", "oneOf", "anyOf"] {
            for part in array(&schema[keyword]) {
                self.collect_fields(part, prefix, depth_left, fields);
            }
        }

        if schema["items"].is_object() {
            let prefix = format!("{prefix}[].");
            self.collect_fields(&schema["items"], &prefix, depth_left, fields);
        }

        let required: Vec<&str> = array(&schema["required"])
            .filter_map(Value::as_str)
            .collect();

        for (name, field) in entries(&schema["properties"]) {
            let path = format!("{prefix}{name}");
            self.add_field(&path, field, required.contains(&name.as_str()), fields);

            let is_listed_here = field["$ref"].is_null() || fields.open.len() == 1;
            if depth_left > 1 && is_listed_here {
                let inner = self.resolve(field);
                self.collect_fields(inner, &format!("{path}."), depth_left - 1, fields);
            }
        }

        fields.open.pop();
    }

    fn add_field(
        &self,
        path: &str,
        field: &'a Value,
        is_required: bool,
        fields: &mut FieldTable<'a>,
    ) {
        if fields.rows.len() >= MAX_ROWS_PER_TABLE || !self.take_step() {
            return;
        }

        let path = path.trim_start_matches('.').replace(".[]", "[]");
        fields.rows.push(vec![
            code(path.trim_start_matches("[].")),
            self.type_name(field),
            if is_required { "yes" } else { "" }.to_owned(),
            self.describe(field),
        ]);
    }

    /// The description of a field or parameter, with its constraints.
    pub(super) fn describe(&self, field: &'a Value) -> String {
        let target = self.resolve(field);
        let text = field["description"]
            .as_str()
            .or_else(|| target["description"].as_str())
            .unwrap_or_default();

        let mut text = description::as_cell(text);
        if text.ends_with(char::is_alphanumeric) {
            text.push('.');
        }

        let mut parts = vec![text];
        for (keyword, words) in [
            ("deprecated", "Deprecated."),
            ("readOnly", "Read only."),
            ("writeOnly", "Write only."),
        ] {
            if field[keyword] == Value::Bool(true) {
                parts.push(words.to_owned());
            }
        }

        parts.push(constraints(target));
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// The default and constraints of a schema in words.
    pub(super) fn describe_constraints(&self, schema: &'a Value) -> String {
        constraints(self.resolve(schema))
    }

    /// Takes a step from the limit of the file; `false` if none is left.
    fn take_step(&self) -> bool {
        let remaining = self.remaining_steps.get();
        self.remaining_steps.set(remaining.saturating_sub(1));
        remaining > 0
    }
}

/// The declared type of a schema, or the one that its keywords imply.
fn json_type(schema: &Value) -> String {
    match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        _ if schema["properties"].is_object() => "object".to_owned(),
        _ if schema["items"].is_object() => "array".to_owned(),
        _ if schema["enum"].is_array() || schema.get("const").is_some() => "value".to_owned(),
        _ => "any".to_owned(),
    }
}

/// The default of a schema and the values that it allows, in words.
fn constraints(schema: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(default) = schema.get("default").and_then(value_code) {
        parts.push(format!("Default: {default}."));
    }

    let enumerated = schema["enum"]
        .as_array()
        .or_else(|| schema["items"]["enum"].as_array());

    if let Some(values) = enumerated.filter(|values| !values.is_empty()) {
        let listed: Vec<String> = values
            .iter()
            .take(MAX_ENUMERATED)
            .filter_map(value_code)
            .collect();

        let more = match values.len().saturating_sub(MAX_ENUMERATED) {
            0 => String::new(),
            count => format!(" and {count} more"),
        };

        parts.push(format!("One of: {}{more}.", listed.join(", ")));
    }

    if let Some(value) = schema.get("const").and_then(value_code) {
        parts.push(format!("Always {value}."));
    }

    for (keyword, words) in [
        ("minimum", "At least"),
        ("maximum", "At most"),
        ("minLength", "Shortest length"),
        ("maxLength", "Longest length"),
        ("minItems", "Fewest items"),
        ("maxItems", "Most items"),
        ("pattern", "Pattern"),
    ] {
        if let Some(value) = schema.get(keyword).and_then(value_code) {
            parts.push(format!("{words}: {value}."));
        }
    }

    parts.join(" ")
}
