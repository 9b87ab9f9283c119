//! Converts OpenAPI and Swagger descriptions: one section for each operation and each schema.
//!
//! The description is read as a plain JSON value, not as typed structures: real files break the
//! rules of their own version, and what can be understood of them should still be converted.

mod description;
mod detect;
mod operation;
mod parse;
mod schema;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use detect::is_openapi;

use mcdewey_core::{ConvertError, ConvertedDocument};
use serde_json::Value;

use crate::front_matter::FrontMatter;
use crate::guard::{MAX_OUTPUT, guarded};
use crate::html::escape;
use crate::text::unicode;
use operation::Operation;
use schema::Schemas;

pub(crate) const VERSION: &str = "openapi-1";

/// The methods of a path, in the order in which their operations are written.
const METHODS: [&str; 9] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace", "query",
];

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| {
        let (text, mut warnings) = unicode(bytes)?;
        let (root, notation) = parse::parse(&text)?;
        if root.get("openapi").is_none() && root.get("swagger").is_none() {
            return Err(ConvertError(format!(
                "the file is {notation} but not an OpenAPI description; convert it to Markdown"
            )));
        }

        let schemas = Schemas::new(&root);
        let mut out = overview(&root);
        for (path, item) in entries(&root["paths"]) {
            write_operations(&root, &schemas, path, item, &mut out);
        }

        for (name, item) in entries(&root["webhooks"]) {
            let path = format!("webhook {name}");
            write_operations(&root, &schemas, &path, item, &mut out);
        }

        for (name, schema) in schemas.named() {
            if out.len() > MAX_OUTPUT {
                break;
            }
            out.push_str(&schemas.section(name, schema));
        }

        if schemas.is_truncated() {
            warnings.push(
                "the schemas refer to each other so often that some fields are not listed"
                    .to_owned(),
            );
        }

        let front_matter = FrontMatter {
            title: root["info"]["title"].as_str().map(str::to_owned),
            ..FrontMatter::default()
        };

        Ok(ConvertedDocument {
            markdown: front_matter.before(&out),
            warnings,
            ..ConvertedDocument::default()
        })
    })
}

/// Title, version, description, servers and tags.
fn overview(root: &Value) -> String {
    let info = &root["info"];
    let title = info["title"].as_str().unwrap_or("API");

    let mut out = format!("# {}\n\n", escape::markdown(&description::as_line(title)));
    if let Some(version) = table::scalar_text(&info["version"]) {
        out.push_str(&format!("Version: {version}\n\n"));
    }

    out.push_str(&description::as_blocks(
        info["description"].as_str().unwrap_or_default(),
        2,
    ));

    let servers = servers(root);
    if !servers.is_empty() {
        out.push_str(&format!("**Servers**\n\n{servers}\n"));
    }

    let tags: String = array(&root["tags"]).filter_map(tag).collect();
    if !tags.is_empty() {
        out.push_str(&format!("**Tags**\n\n{tags}\n"));
    }

    out
}

/// A list item for a tag; `None` if the tag has no description.
fn tag(tag: &Value) -> Option<String> {
    let description = tag["description"]
        .as_str()
        .filter(|text| !text.trim().is_empty())?;

    Some(format!(
        "- **{}**: {}\n",
        escape::markdown(tag["name"].as_str()?),
        description::as_line(description)
    ))
}

/// List items for the servers. Version 2 describes its only server by host, path and schemes.
fn servers(root: &Value) -> String {
    let mut servers: String = array(&root["servers"]).filter_map(server).collect();

    if let Some(host) = root["host"].as_str() {
        let base = root["basePath"].as_str().unwrap_or_default();
        let scheme = root["schemes"][0].as_str().unwrap_or("https");
        servers.push_str(&format!("- `{scheme}://{host}{base}`\n"));
    }

    servers
}

fn server(server: &Value) -> Option<String> {
    let description = server["description"]
        .as_str()
        .map(|text| format!(": {}", description::as_line(text)))
        .unwrap_or_default();

    Some(format!("- `{}`{description}\n", server["url"].as_str()?))
}

fn write_operations(
    root: &Value,
    schemas: &Schemas<'_>,
    path: &str,
    path_item: &Value,
    out: &mut String,
) {
    let path_item = schemas.resolve(path_item);
    for method in METHODS {
        let operation = &path_item[method];
        if out.len() <= MAX_OUTPUT && operation.is_object() {
            let operation = Operation {
                root,
                schemas,
                path,
                method,
                path_item,
                operation,
            };
            out.push_str(&operation.section());
        }
    }
}

/// The entries of an object; empty for any other value.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of an array; empty for any other value.
fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
