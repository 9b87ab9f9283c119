//! The text of an OpenAPI description: what people wrote in it.

use serde_yaml_ng::Value;

use super::Source;

/// Fields whose text is written for readers.
const TEXT_FIELDS: [&str; 3] = ["description", "summary", "title"];

/// Reads the texts of a description, in no order: the converter sorts them by operation.
pub(super) fn read(bytes: &[u8]) -> Option<Source> {
    // JSON is YAML.
    let value: Value = serde_yaml_ng::from_slice(bytes).ok()?;
    let mut texts = Vec::new();
    collect(&value, &mut texts);
    Some(Source::parts(texts))
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Mapping(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field.as_str()) {
                    (Some(name), Some(text)) if TEXT_FIELDS.contains(&name) => {
                        texts.push(text.to_owned());
                    }
                    (Some(name), _) if name.starts_with("x-") || name.starts_with("example") => {}
                    _ => collect(field, texts),
                }
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, texts)),
        _ => {}
    }
}
