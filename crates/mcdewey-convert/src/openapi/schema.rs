//! Schemas: references followed, fields listed, cycles and explosions stopped.

use std::cell::Cell;

use serde_json::Value;

use super::table::{code, table, value};
use super::{entries, prose};
use crate::html::escape;

/// References to references are followed so far.
const MAX_HOPS: usize = 16;

/// Fields of fields are listed so deep; what lies deeper is a schema of its own, or rare.
const MAX_LEVELS: usize = 2;

/// Rows of one table.
const MAX_ROWS: usize = 300;

/// Schemas looked at for the whole file: schemas made of schemas made of schemas grow without end.
const MAX_STEPS: usize = 3_000_000;

/// Schemas looked at for one table.
const MAX_STEPS_OF_TABLE: usize = 5_000;

/// What is enumerated beyond this is counted.
const MAX_ENUMERATED: usize = 60;

/// The names of a fields table's columns.
const COLUMNS: [&str; 4] = ["Field", "Type", "Required", "Description"];

/// The schemas of a description.
pub(super) struct Schemas<'a> {
    root: &'a Value,
    steps: Cell<usize>,
    /// Whether a table lacks fields.
    cut: Cell<bool>,
}

/// A table's rows, and how deep they go.
struct Rows<'a> {
    rows: Vec<Vec<String>>,
    /// Schemas that are being listed, outermost first: one inside of itself is not listed again.
    open: Vec<&'a Value>,
    steps: usize,
}

impl<'a> Schemas<'a> {
    pub(super) fn of(root: &'a Value) -> Self {
        Self {
            root,
            steps: Cell::new(MAX_STEPS),
            cut: Cell::new(false),
        }
    }

    /// All named schemas.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        entries(&self.root["components"]["schemas"]).chain(entries(&self.root["definitions"]))
    }

    /// Whether some fields were not listed.
    pub(super) fn exhausted(&self) -> bool {
        self.steps.get() == 0 || self.cut.get()
    }

    /// What a reference within the file leads to; anything else as it is.
    pub(super) fn resolved(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MAX_HOPS {
            let Some(target) = value["$ref"]
                .as_str()
                .and_then(|reference| reference.strip_prefix('#'))
            else {
                break;
            };

            let target = percent_encoding::percent_decode_str(target).decode_utf8_lossy();
            let Some(found) = self.root.pointer(&target) else {
                break;
            };
            value = found;
        }

        value
    }

    /// The section of a named schema.
    pub(super) fn section(&self, name: &str, schema: &'a Value) -> String {
        let schema_type = self.type_of(schema);
        let mut out = format!("## Schema {}\n\n", escape::text(name));
        out.push_str(&prose::block(
            schema["description"].as_str().unwrap_or_default(),
            3,
        ));

        if schema_type != "object" {
            out.push_str(&format!("Type: {schema_type}\n\n"));
        }

        let limits = limits(schema);
        if !limits.is_empty() {
            out.push_str(&format!("{limits}\n\n"));
        }

        out.push_str(&self.fields(schema));
        out
    }

    /// The table of a schema's fields; nothing where it has none.
    pub(super) fn fields(&self, schema: &'a Value) -> String {
        let mut found = Rows {
            rows: Vec::new(),
            open: Vec::new(),
            steps: 0,
        };

        self.gather(schema, "", MAX_LEVELS, &mut found);
        table(&COLUMNS, &found.rows)
    }

    /// How a schema is called: its name, or its type.
    pub(super) fn type_of(&self, schema: &'a Value) -> String {
        self.type_within(schema, 4)
    }

    fn type_within(&self, schema: &'a Value, levels: usize) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            return code(reference.rsplit('/').next().unwrap_or(reference));
        }

        if levels == 0 || !self.step() {
            return "any".to_owned();
        }

        for (keyword, words) in [
            ("oneOf", "one of"),
            ("anyOf", "any of"),
            ("allOf", "all of"),
        ] {
            if let Some(parts) = schema[keyword].as_array().filter(|parts| !parts.is_empty()) {
                let names: Vec<String> = parts
                    .iter()
                    .take(MAX_ENUMERATED)
                    .map(|part| self.type_within(part, levels - 1))
                    .collect();

                let plain = keyword == "allOf"
                    && (names.len() == 1 || names.iter().any(|name| name == "object"));
                return if plain {
                    names[0].clone()
                } else {
                    format!("{words} {}", names.join(", "))
                };
            }
        }

        let stated = match &schema["type"] {
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
        };

        let format = schema["format"]
            .as_str()
            .map(|format| format!(" ({})", format.replace('|', "\\|")))
            .unwrap_or_default();

        if stated == "array" && schema["items"].is_object() {
            return format!(
                "array of {}",
                self.type_within(&schema["items"], levels - 1)
            );
        }

        if stated == "object"
            && schema["additionalProperties"].is_object()
            && !schema["properties"].is_object()
        {
            return format!(
                "map of {}",
                self.type_within(&schema["additionalProperties"], levels - 1)
            );
        }

        format!("{}{format}", stated.replace('|', "\\|"))
    }

    fn gather(&self, schema: &'a Value, prefix: &str, levels: usize, found: &mut Rows<'a>) {
        let schema = self.resolved(schema);
        let inside_itself = found.open.iter().any(|open| std::ptr::eq(*open, schema));
        if !self.step()
            || inside_itself
            || found.open.len() > MAX_HOPS
            || found.rows.len() >= MAX_ROWS
        {
            return;
        }

        found.steps += 1;
        if found.steps > MAX_STEPS_OF_TABLE {
            self.cut.set(true);
            return;
        }

        found.open.push(schema);
        for keyword in ["allOf", "oneOf", "anyOf"] {
            for part in schema[keyword].as_array().into_iter().flatten() {
                self.gather(part, prefix, levels, found);
            }
        }

        if schema["items"].is_object() {
            self.gather(&schema["items"], &format!("{prefix}[]."), levels, found);
        }

        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();

        for (name, field) in entries(&schema["properties"]) {
            let path = format!("{prefix}{name}");
            self.field(&path, field, required.contains(&name.as_str()), found);
            let inner = self.resolved(field);
            if levels > 1 && (field["$ref"].is_null() || found.open.len() == 1) {
                self.gather(inner, &format!("{prefix}{name}."), levels - 1, found);
            }
        }

        found.open.pop();
    }

    fn field(&self, path: &str, field: &'a Value, required: bool, found: &mut Rows<'a>) {
        if found.rows.len() >= MAX_ROWS || !self.step() {
            return;
        }

        let path = path.trim_start_matches('.').replace(".[]", "[]");
        found.rows.push(vec![
            code(path.trim_start_matches("[].")),
            self.type_of(field),
            if required {
                "yes".to_owned()
            } else {
                String::new()
            },
            self.describe(field),
        ]);
    }

    /// What a field or parameter is for, its default and what it may be.
    pub(super) fn describe(&self, field: &'a Value) -> String {
        let target = self.resolved(field);
        let text = field["description"]
            .as_str()
            .or_else(|| target["description"].as_str())
            .unwrap_or_default();
        let text = prose::cell(text);
        let ended = !text.ends_with(char::is_alphanumeric);

        let mut parts = vec![if ended { text } else { format!("{text}.") }];
        for (keyword, words) in [
            ("deprecated", "Deprecated."),
            ("readOnly", "Read only."),
            ("writeOnly", "Write only."),
        ] {
            if field[keyword] == Value::Bool(true) {
                parts.push(words.to_owned());
            }
        }

        parts.push(limits(target));
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// The default of a schema and what it may be.
    pub(super) fn describe_limits(&self, schema: &'a Value) -> String {
        limits(self.resolved(schema))
    }

    fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }
}

/// What a value may be, in words.
fn limits(schema: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(default) = schema.get("default").and_then(value) {
        parts.push(format!("Default: {default}."));
    }

    let enumerated = schema["enum"]
        .as_array()
        .or_else(|| schema["items"]["enum"].as_array());

    if let Some(values) = enumerated.filter(|values| !values.is_empty()) {
        let named: Vec<String> = values
            .iter()
            .take(MAX_ENUMERATED)
            .filter_map(value)
            .collect();

        let more = values.len().saturating_sub(MAX_ENUMERATED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };

        parts.push(format!("One of: {}{more}.", named.join(", ")));
    }

    if let Some(fixed) = schema.get("const").and_then(value) {
        parts.push(format!("Always {fixed}."));
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
        if let Some(limit) = schema.get(keyword).and_then(value) {
            parts.push(format!("{words}: {limit}."));
        }
    }

    parts.join(" ")
}
