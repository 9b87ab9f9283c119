//! What a schema says beside its type and fields, in sentences.

use serde_json::Value;

use super::super::api::Api;
use super::super::description;
use super::super::example;
use super::super::table::{code, value_code};
use super::super::value::{array, entries};
use super::choices::{Choice, choices};
use super::{choice_list, reference_name, unescape_pipes};

/// How many values of a schema are listed where the schema is only referred to.
const MAX_REPEATED_CHOICES: usize = 60;

/// Keywords that are true or not, and what is written if they are.
const FLAGS: [(&str, &str); 11] = [
    ("deprecated", "Deprecated."),
    ("readOnly", "Read only."),
    ("writeOnly", "Write only."),
    ("nullable", "May be null."),
    ("x-nullable", "May be null."),
    ("allowEmptyValue", "May be empty."),
    ("allowReserved", "May contain reserved characters."),
    ("explode", "Exploded."),
    ("uniqueItems", "No item twice."),
    ("exclusiveMinimum", "More than the minimum."),
    ("exclusiveMaximum", "Less than the maximum."),
];

/// Keywords that are false if something is forbidden.
const PROHIBITIONS: [(&str, &str); 5] = [
    ("additionalProperties", "No other properties."),
    ("unevaluatedProperties", "No other properties."),
    ("items", "No other items."),
    ("additionalItems", "No other items."),
    ("unevaluatedItems", "No other items."),
];

/// Keywords with a value, and the words before it.
const LIMITS: [(&str, &str); 20] = [
    ("minimum", "At least"),
    ("maximum", "At most"),
    ("exclusiveMinimum", "More than"),
    ("exclusiveMaximum", "Less than"),
    ("multipleOf", "Multiple of"),
    ("minLength", "Shortest length"),
    ("maxLength", "Longest length"),
    ("minItems", "Fewest items"),
    ("maxItems", "Most items"),
    ("minContains", "Fewest matching items"),
    ("maxContains", "Most matching items"),
    ("minProperties", "Fewest properties"),
    ("maxProperties", "Most properties"),
    ("pattern", "Pattern"),
    ("contentMediaType", "Content type"),
    ("contentEncoding", "Encoded as"),
    ("collectionFormat", "Collection format"),
    ("style", "Style"),
    ("contentType", "Content type"),
    ("$comment", "Comment"),
];

/// How much of a schema the sentences cover.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Detail {
    /// Everything; for a table cell.
    Cell,
    /// Without what the section of a schema writes as blocks: examples and explained values.
    Section,
    /// Only what the values must be; the rest is in the section of the schema that is referred to.
    Reference,
}

impl<'a> Api<'a> {
    /// Title, description and facts of a field or parameter.
    pub(in super::super) fn describe(&self, name: &str, field: &'a Value) -> String {
        let target = self.resolve(field);
        let text = [field, target]
            .into_iter()
            .find_map(|schema| schema["description"].as_str())
            .unwrap_or_default();

        let mut parts = vec![
            sentence(&title_beside(name, field)),
            sentence(&description::as_cell(text)),
        ];

        // Parts of the schema that have no name have no other place for their texts.
        for part in array(&field["allOf"]) {
            if text != part["description"] {
                parts.push(self.describe_own(part));
            }
        }

        parts.push(self.facts(field, Detail::Cell));
        if !std::ptr::eq(field, target) {
            parts.push(self.facts(target, Detail::Reference));
        }

        parts.retain(|part| !part.is_empty());
        parts.dedup();
        parts.join(" ")
    }

    /// What a part of a schema says itself: nothing of the schema that it refers to.
    pub(super) fn describe_own(&self, part: &'a Value) -> String {
        if part["$ref"].is_null() {
            return self.describe("", part);
        }

        let text = description::as_cell(part["description"].as_str().unwrap_or_default());
        let title = sentence(&title_beside("", part));
        let mut parts = vec![title, sentence(&text), self.facts(part, Detail::Cell)];
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// What is said about a schema as a whole, as blocks before its fields. The name is empty if it
    /// has none.
    pub(in super::super) fn schema_text(
        &self,
        name: &str,
        schema: &'a Value,
        heading_level: usize,
    ) -> String {
        let text = schema["description"].as_str().unwrap_or_default();
        let mut out = description::as_blocks(&title_beside(name, schema), heading_level);
        out.push_str(&description::as_blocks(text, heading_level));

        for part in array(&schema["allOf"]) {
            if part["$ref"].is_null() {
                out.push_str(&self.schema_text("", part, heading_level));
            } else {
                let text = unescape_pipes(&self.describe_own(part));
                out.push_str(&description::as_blocks(&text, heading_level));
            }
        }

        out.push_str(&choice_list(&choices(schema)));
        let facts = self.facts(schema, Detail::Section);
        if !facts.is_empty() {
            out.push_str(&format!("{}\n\n", unescape_pipes(&facts)));
        }
        out
    }

    /// The default, constraints and remarks of a schema.
    pub(in super::super) fn facts(&self, schema: &'a Value, detail: Detail) -> String {
        let mut parts: Vec<String> = FLAGS
            .iter()
            .filter(|(keyword, _)| schema[*keyword] == Value::Bool(true))
            .map(|(_, words)| (*words).to_owned())
            .collect();

        if let Some(default) = schema.get("default").and_then(value_code) {
            parts.push(format!("Default: {default}."));
        }

        parts.extend(choices_sentence(&choices(schema), detail));
        if let Some(value) = schema.get("const").and_then(value_code) {
            parts.push(format!("Always {value}."));
        }

        for (keyword, words) in LIMITS {
            let value = schema.get(keyword).filter(|value| !value.is_boolean());
            if let Some(value) = value.and_then(value_code) {
                parts.push(format!("{words}: {value}."));
            }
        }

        if detail != Detail::Reference {
            parts.extend(remarks(schema));
        }

        if detail == Detail::Cell {
            parts.extend(example::sentences(self, schema));
        }

        parts.join(" ")
    }
}

/// A field's title, unless it only repeats its name.
fn title_beside(name: &str, field: &Value) -> String {
    let title = field["title"].as_str().unwrap_or_default();
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };

    if words(name).ends_with(&words(title)) {
        String::new()
    } else {
        description::as_cell(title)
    }
}

fn choices_sentence(choices: &[Choice], detail: Detail) -> Option<String> {
    let are_listed =
        detail == Detail::Section && choices.iter().any(|choice| !choice.text.is_empty());
    if choices.is_empty() || are_listed {
        return None;
    }

    let limit = match detail {
        Detail::Reference => MAX_REPEATED_CHOICES,
        Detail::Cell | Detail::Section => choices.len(),
    };

    let listed: Vec<String> = choices
        .iter()
        .take(limit)
        .map(|choice| match choice.text.as_str() {
            text if text.is_empty() || detail == Detail::Reference => choice.value.clone(),
            text => format!("{} ({text})", choice.value),
        })
        .collect();

    let more = match choices.len().saturating_sub(limit) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };

    Some(format!("One of: {}{more}.", listed.join(", ")))
}

/// Prohibitions, names that are required, the discriminator, the form in XML and other documents.
fn remarks(schema: &Value) -> Vec<String> {
    let mut parts: Vec<String> = PROHIBITIONS
        .iter()
        .filter(|(keyword, _)| schema[*keyword] == Value::Bool(false))
        .map(|(_, words)| (*words).to_owned())
        .collect();

    let elsewhere: Vec<String> = array(&schema["required"])
        .filter_map(Value::as_str)
        .filter(|name| schema["properties"][*name].is_null())
        .map(code)
        .collect();
    if !elsewhere.is_empty() {
        parts.push(format!("Required: {}.", elsewhere.join(", ")));
    }

    for keyword in ["dependentRequired", "dependencies"] {
        for (name, needed) in entries(&schema[keyword]) {
            let needed: Vec<String> = array(needed).filter_map(Value::as_str).map(code).collect();
            if !needed.is_empty() {
                parts.push(format!("{} needs {}.", code(name), needed.join(", ")));
            }
        }
    }

    parts.extend(discriminator(&schema["discriminator"]));
    parts.extend(xml(&schema["xml"]));
    parts.extend(
        description::external(&schema["externalDocs"]).map(|link| format!("More: {link}.")),
    );
    parts
}

/// The field that tells alternatives apart. Version 2 has only its name.
fn discriminator(discriminator: &Value) -> Option<String> {
    let name = discriminator
        .as_str()
        .or_else(|| discriminator["propertyName"].as_str())?;

    let mut mapping: Vec<String> = entries(&discriminator["mapping"])
        .filter_map(|(value, schema)| {
            Some(format!(
                "{} is {}",
                code(value),
                code(reference_name(schema.as_str()?))
            ))
        })
        .collect();
    if let Some(reference) = discriminator["defaultMapping"].as_str() {
        mapping.push(format!("otherwise {}", code(reference_name(reference))));
    }

    let mapping = match mapping.as_slice() {
        [] => String::new(),
        mapping => format!(" ({})", mapping.join(", ")),
    };
    Some(format!("Told apart by {}{mapping}.", code(name)))
}

fn xml(xml: &Value) -> Option<String> {
    let mut parts: Vec<String> = ["nodeType", "name", "namespace", "prefix"]
        .iter()
        .filter_map(|keyword| Some(format!("{keyword} {}", value_code(xml.get(*keyword)?)?)))
        .collect();

    for keyword in ["attribute", "wrapped"] {
        if xml[keyword] == Value::Bool(true) {
            parts.push(keyword.to_owned());
        }
    }

    (!parts.is_empty()).then(|| format!("In XML: {}.", parts.join(", ")))
}

/// Ends a text with a full stop unless it ends with punctuation already.
fn sentence(text: &str) -> String {
    if text.ends_with(char::is_alphanumeric) {
        format!("{text}.")
    } else {
        text.to_owned()
    }
}
