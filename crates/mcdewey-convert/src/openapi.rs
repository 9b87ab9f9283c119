//! Converts OpenAPI and Swagger descriptions: one section for each operation and each schema.
//!
//! The description is read as a plain JSON value, not as typed structures: real files break the
//! rules of their own version, and what can be understood of them should still be converted.

mod api;
mod body;
mod components;
mod description;
mod detect;
mod example;
mod losses;
mod operation;
mod overview;
mod parameter;
mod parse;
mod response;
mod schema;
mod security;
mod server;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use detect::is_openapi;

use mcdewey_core::{ConvertError, ConvertedDocument};
use serde_json::Value;

use crate::front_matter::FrontMatter;
use crate::guard::{MAX_OUTPUT, guarded};
use crate::text::unicode;
use api::Api;
use operation::PathOperations;
use value::entries;

pub(crate) const VERSION: &str = "openapi-2";

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| {
        let (text, mut warnings) = unicode(bytes)?;
        let parsed = parse::parse(&text)?;
        let root = parsed.value;
        if root.get("openapi").is_none() && root.get("swagger").is_none() {
            return Err(ConvertError(format!(
                "the file is {} but not an OpenAPI description; convert it to Markdown",
                parsed.notation
            )));
        }

        let api = Api::new(&root);
        let front_matter = FrontMatter {
            title: root["info"]["title"].as_str().map(str::to_owned),
            ..FrontMatter::default()
        };
        let markdown = front_matter.before(&body(&api));

        if parsed.has_more {
            warnings.push(
                "only the first YAML document is read; put the others into files of their own"
                    .to_owned(),
            );
        }
        warnings.extend(limits(&api));
        warnings.extend(losses::warnings(&api, &markdown));
        Ok(ConvertedDocument {
            markdown,
            warnings,
            ..ConvertedDocument::default()
        })
    })
}

fn body<'a>(api: &'a Api<'a>) -> String {
    let mut out = overview::overview(api.root);
    out.push_str(&api.security_section());
    for (path, item) in entries(&api.root["paths"]) {
        write_operations(api, path, path, item, &mut out);
    }

    for (name, item) in entries(&api.root["webhooks"]) {
        write_operations(api, name, &format!("webhook {name}"), item, &mut out);
    }

    components::write(api, &mut out);
    for (name, schema) in api.components("schemas", "definitions") {
        if out.len() > MAX_OUTPUT {
            break;
        }
        out.push_str(&api.schema_section(name, schema));
    }

    out
}

/// Warnings about limits that the description exceeds.
fn limits(api: &Api<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    if api.is_truncated() {
        warnings.push(
            "the schemas refer to each other so often that some fields are not listed".to_owned(),
        );
    }

    let long_examples = api.long_examples();
    if long_examples > 0 {
        warnings.push(format!(
            "examples of more than {} KB are left out: {long_examples}",
            example::MAX_EXAMPLE_BYTES / 1024
        ));
    }
    warnings
}

/// Writes the operations of a path or webhook. Extensions are no paths.
fn write_operations<'a>(
    api: &'a Api<'a>,
    key: &str,
    path: &str,
    item: &'a Value,
    out: &mut String,
) {
    if key.starts_with("x-") {
        return;
    }

    PathOperations {
        api,
        prefix: String::new(),
        path,
        item: api.resolve_to_write(item),
        heading_level: 2,
    }
    .write(out);
}
