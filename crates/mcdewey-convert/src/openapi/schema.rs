//! Describes schemas: names their types and writes the sections of the named ones.

mod choices;
mod facts;
mod fields;

use serde_json::Value;

use super::api::Api;
use super::example;
use super::table::code;
use super::value::array;
use crate::html::escape;
use choices::Choice;

pub(super) use choices::is_read as is_extension_read;
pub(super) use facts::Detail;

/// How deep the types within a type are named, such as "array of array of string".
const MAX_TYPE_DEPTH: usize = 4;

/// How many alternatives a type names.
const MAX_ALTERNATIVES: usize = 60;

/// The words before the parts of a combined type.
const COMBINATIONS: [(&str, &str); 3] = [
    ("oneOf", "one of"),
    ("anyOf", "any of"),
    ("allOf", "all of"),
];

impl<'a> Api<'a> {
    /// The section of a named schema.
    pub(super) fn schema_section(&self, name: &str, schema: &'a Value) -> String {
        // Before the fields, because both count towards the limit on steps.
        let type_name = self.type_name(schema);
        let mut out = format!("## Schema {}\n\n", escape::markdown(name));

        if type_name != "object" {
            out.push_str(&format!("Type: {}\n\n", unescape_pipes(&type_name)));
        }

        out.push_str(&self.schema_text(name, schema, 3));
        out.push_str(&self.field_table(schema));
        out.push_str(&example::of_schema(self, schema));
        out
    }

    /// The name of a schema, or a description of its type, for a table cell.
    pub(super) fn type_name(&self, schema: &'a Value) -> String {
        self.type_name_within(schema, MAX_TYPE_DEPTH)
    }

    fn type_name_within(&self, schema: &'a Value, depth_left: usize) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            return code(reference_name(reference));
        }

        if schema == &Value::Bool(false) {
            return "nothing".to_owned();
        }

        if depth_left == 0 || !self.take_step() {
            return "any".to_owned();
        }

        if let Some(combined) = self.combined_type_name(schema, depth_left) {
            return combined;
        }

        let json_type = json_type(schema);
        if json_type.starts_with("array") && schema["items"].is_object() {
            let items = self.type_name_within(&schema["items"], depth_left - 1);
            return format!("{json_type} of {items}");
        }

        let values = &schema["additionalProperties"];
        if json_type == "object" && values.is_object() && !schema["properties"].is_object() {
            let values = self.type_name_within(values, depth_left - 1);
            return format!("map of {values}");
        }

        let format = schema["format"]
            .as_str()
            .map(|format| format!(" ({format})"))
            .unwrap_or_default();

        format!("{json_type}{format}").replace('|', "\\|")
    }

    /// The type of a schema that consists of others. Alternatives that are all single values are not
    /// named: the values are listed as such.
    fn combined_type_name(&self, schema: &'a Value, depth_left: usize) -> Option<String> {
        if choices::are_alternatives_values(schema) {
            return None;
        }

        for (keyword, words) in COMBINATIONS {
            let names: Vec<String> = array(&schema[keyword])
                .take(MAX_ALTERNATIVES)
                .map(|part| self.type_name_within(part, depth_left - 1))
                .collect();

            if names.is_empty() {
                continue;
            }

            // "All of" several objects is an object, usually named by its first part.
            let is_named_by_first = keyword == "allOf"
                && (names.len() == 1 || names.iter().any(|name| name == "object"));
            return Some(if is_named_by_first {
                names[0].clone()
            } else {
                format!("{words} {}", names.join(", "))
            });
        }

        None
    }
}

/// The last part of a reference, which is the name of what it refers to.
pub(super) fn reference_name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
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
        _ if schema["properties"].is_object() || schema["patternProperties"].is_object() => {
            "object".to_owned()
        }
        _ if schema["additionalProperties"].is_object() => "object".to_owned(),
        _ if schema["items"].is_object() || schema["prefixItems"].is_array() => "array".to_owned(),
        _ => choices::first_value(schema)
            .map_or("any", type_of)
            .to_owned(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The values that a schema allows as a list, if any is explained.
fn choice_list(choices: &[Choice]) -> String {
    if choices.iter().all(|choice| choice.text.is_empty()) {
        return String::new();
    }

    let items: String = choices
        .iter()
        .map(|choice| match choice.text.as_str() {
            "" => format!("- {}\n", choice.value),
            text => format!("- {}: {text}\n", choice.value),
        })
        .collect();
    format!("One of:\n\n{}\n", unescape_pipes(&items))
}

/// Text that was made for a table cell, outside a table.
pub(super) fn unescape_pipes(text: &str) -> String {
    text.replace("\\|", "|")
}
