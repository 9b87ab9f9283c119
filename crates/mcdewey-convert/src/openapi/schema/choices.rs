//! The values that a schema allows, with what is said about each.

use serde_json::Value;

use super::super::description;
use super::super::table::value_code;
use super::super::value::array;

/// Extensions with a name for each value of an enumeration.
const NAME_EXTENSIONS: [&str; 3] = ["x-enumNames", "x-enum-varnames", "x-enum-names"];

/// Extensions with a description of each value of an enumeration.
const DESCRIPTION_EXTENSIONS: [&str; 4] = [
    "x-enum-descriptions",
    "x-enumDescriptions",
    "x-enum-description",
    "enumDescriptions",
];

/// Whether an extension is read here, so that it is not left out.
pub(in super::super) fn is_read(extension: &str) -> bool {
    extension == "x-ms-enum"
        || NAME_EXTENSIONS.contains(&extension)
        || DESCRIPTION_EXTENSIONS.contains(&extension)
}

/// A value that a schema allows.
pub(super) struct Choice {
    /// As code.
    pub(super) value: String,
    /// Its name and description; empty if it has none.
    pub(super) text: String,
}

/// The values that a schema enumerates, be it as `enum` or as alternatives of one value each.
pub(super) fn choices(schema: &Value) -> Vec<Choice> {
    if are_alternatives_values(schema) {
        return alternatives(schema).filter_map(choice_of_part).collect();
    }

    array(&schema["enum"])
        .enumerate()
        .filter_map(|(at, value)| {
            Some(Choice {
                value: value_code(value)?,
                text: enumerated_text(schema, at, value),
            })
        })
        .collect()
}

/// Whether each alternative of a schema is a single value.
pub(super) fn are_alternatives_values(schema: &Value) -> bool {
    let mut parts = alternatives(schema).peekable();
    parts.peek().is_some() && parts.all(|part| single_value(part).is_some())
}

/// The first value that a schema allows.
pub(super) fn first_value(schema: &Value) -> Option<&Value> {
    schema
        .get("const")
        .or_else(|| schema["enum"].get(0))
        .or_else(|| alternatives(schema).find_map(single_value))
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    array(&schema["oneOf"]).chain(array(&schema["anyOf"]))
}

fn single_value(part: &Value) -> Option<&Value> {
    let enumerated = part["enum"]
        .as_array()
        .filter(|values| values.len() == 1)
        .map(|values| &values[0]);

    part.get("const").or(enumerated)
}

fn choice_of_part(part: &Value) -> Option<Choice> {
    let texts = [&part["title"], &part["description"]];
    let deprecated = part["deprecated"] == Value::Bool(true);
    let mut texts: Vec<String> = texts.into_iter().filter_map(text).collect();
    if deprecated {
        texts.push("deprecated".to_owned());
    }

    Some(Choice {
        value: value_code(single_value(part)?)?,
        text: texts.join(": "),
    })
}

/// What extensions say about an enumerated value. They have lists in the order of the values, or
/// objects with the values as keys.
fn enumerated_text(schema: &Value, at: usize, value: &Value) -> String {
    let key = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let of_value = |extension: &&str| {
        let texts = &schema[*extension];
        text(texts.get(at).or_else(|| texts.get(&key))?)
    };

    let described_value =
        array(&schema["x-ms-enum"]["values"]).find(|entry| entry["value"] == *value);
    let name = NAME_EXTENSIONS
        .iter()
        .find_map(of_value)
        .or_else(|| text(&described_value?["name"]));
    let description = DESCRIPTION_EXTENSIONS
        .iter()
        .find_map(of_value)
        .or_else(|| text(&described_value?["description"]));

    let texts: Vec<String> = [name.filter(|name| *name != key), description]
        .into_iter()
        .flatten()
        .collect();
    texts.join(": ")
}

fn text(value: &Value) -> Option<String> {
    let text = description::as_cell(value.as_str()?);
    (!text.is_empty()).then_some(text)
}
