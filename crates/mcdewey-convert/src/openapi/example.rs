//! Writes examples: as sentences in table cells, and as code blocks.

use serde_json::Value;

use super::api::Api;
use super::description;
use super::table::{code, value_code};
use super::value::{array, entries};

/// Longer examples are left out with a warning; they repeat what the tables say.
pub(super) const MAX_EXAMPLE_BYTES: usize = 16 * 1024;

/// Where an example object has its value. The last one is an address.
const VALUES: [&str; 4] = ["value", "dataValue", "serializedValue", "externalValue"];

/// The examples of a schema, parameter or header, for a table cell.
pub(super) fn sentences<'a>(api: &Api<'a>, holder: &'a Value) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(example) = holder.get("example").and_then(value_code) {
        sentences.push(format!("Example: {example}."));
    }

    let unnamed: Vec<String> = array(&holder["examples"]).filter_map(value_code).collect();
    if !unnamed.is_empty() {
        sentences.push(format!("Examples: {}.", unnamed.join(", ")));
    }

    for (name, example) in entries(&holder["examples"]) {
        let example = api.resolve_to_write(example);
        let texts: Vec<String> = ["summary", "description"]
            .iter()
            .filter_map(|key| Some(description::as_cell(example[*key].as_str()?)))
            .collect();
        let texts = match texts.as_slice() {
            [] => String::new(),
            texts => format!(" ({})", texts.join(": ")),
        };

        let values: Vec<String> = values(example).filter_map(value_code).collect();
        sentences.push(format!(
            "Example {}{texts}: {}.",
            code(name),
            values.join(", ")
        ));
    }

    sentences
}

/// The examples of a named schema as code blocks.
pub(super) fn of_schema(api: &Api<'_>, schema: &Value) -> String {
    schema
        .get("example")
        .into_iter()
        .chain(array(&schema["examples"]))
        .map(|example| block(api, "Example", example))
        .collect()
}

/// The examples of a body in one media type as code blocks. The name of the media type is written
/// unless it is empty.
pub(super) fn of_media_type<'a>(api: &Api<'a>, definition: &'a Value, media_type: &str) -> String {
    let suffix = in_media_type(media_type);
    let mut out = String::new();
    let single = definition.get("example").into_iter();
    for example in single.chain(array(&definition["examples"])) {
        out.push_str(&block(api, &format!("Example{suffix}"), example));
    }

    for (name, example) in entries(&definition["examples"]) {
        let title = format!("Example {}{suffix}", code(name));
        out.push_str(&named(api, &title, api.resolve_to_write(example)));
    }

    out
}

/// The examples of a response of version 2, which has one for each media type.
pub(super) fn by_media_type(api: &Api<'_>, examples: &Value) -> String {
    entries(examples)
        .map(|(media_type, example)| {
            block(
                api,
                &format!("Example{}", in_media_type(media_type)),
                example,
            )
        })
        .collect()
}

/// An example object with its texts.
pub(super) fn named(api: &Api<'_>, title: &str, example: &Value) -> String {
    let summary = example["summary"]
        .as_str()
        .map(|text| format!(" — {}", description::as_line(text)))
        .unwrap_or_default();
    let title = format!("{title}{summary}");
    let text = description::as_blocks(example["description"].as_str().unwrap_or_default(), 4);

    if let Some(address) = example["externalValue"].as_str() {
        return format!("{title}: {}\n\n{text}", code(address));
    }

    let values: Vec<&Value> = values(example).collect();
    let has_texts = example.get("summary").is_some() || example.get("description").is_some();
    let blocks: String = match values.as_slice() {
        // Many authors write the value itself in place of the object.
        [] if !has_texts => block(api, &title, example),
        [] => format!("{title}\n\n"),
        values => values
            .iter()
            .map(|value| block(api, &title, value))
            .collect(),
    };
    format!("{blocks}{text}")
}

fn values(example: &Value) -> impl Iterator<Item = &Value> {
    VALUES.iter().filter_map(|key| example.get(*key))
}

fn in_media_type(media_type: &str) -> String {
    match media_type {
        "" => String::new(),
        media_type => format!(" ({})", code(media_type)),
    }
}

/// A value as a code block with a title.
fn block(api: &Api<'_>, title: &str, example: &Value) -> String {
    let (text, language) = match example {
        Value::Null => return String::new(),
        Value::String(text) => (text.clone(), ""),
        other => (format!("{other:#}"), "json"),
    };

    let text = text.trim_end();
    if text.len() > MAX_EXAMPLE_BYTES {
        api.leave_out_example();
        return String::new();
    }

    if text.is_empty() {
        return String::new();
    }

    let fence = "`".repeat(longest_run_of_backticks(text).max(2) + 1);
    format!("{title}:\n\n{fence}{language}\n{text}\n{fence}\n\n")
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default()
}
