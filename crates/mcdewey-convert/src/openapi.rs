//! OpenAPI and Swagger descriptions: one section for each operation and each schema.
//!
//! The description is walked as a plain value, not as typed structures: real files break the rules of their own
//! version, and what is understood of them should still be read.

mod look;
mod operation;
mod prose;
mod schema;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use look::is_openapi;

use mcdewey_core::{ConvertError, Converted};
use serde_json::Value;

use crate::front_matter::FrontMatter;
use crate::guard::{MAX_OUTPUT, guarded};
use crate::html::escape;
use schema::Schemas;

pub(crate) const VERSION: &str = "openapi-1";

/// The methods of a path, in the order in which they are written down.
const METHODS: [&str; 9] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace", "query",
];

pub(crate) fn convert(bytes: &[u8]) -> Result<Converted, ConvertError> {
    guarded(|| {
        let (text, mut warnings) = crate::text::unicode(bytes)?;
        let (root, notation) = value::read(&text)?;
        if root.get("openapi").is_none() && root.get("swagger").is_none() {
            return Err(ConvertError(format!(
                "it is {notation} but no OpenAPI description; write it as Markdown to have it read"
            )));
        }

        let schemas = Schemas::of(&root);
        let mut out = head(&root);
        for (path, item) in entries(&root["paths"]) {
            operations(&root, &schemas, path, item, &mut out);
        }

        for (name, item) in entries(&root["webhooks"]) {
            operations(&root, &schemas, &format!("webhook {name}"), item, &mut out);
        }

        for (name, definition) in schemas.all() {
            if out.len() > MAX_OUTPUT {
                break;
            }
            out.push_str(&schemas.section(name, definition));
        }

        if schemas.exhausted() {
            warnings.push(
                "its schemas refer to each other so often that not all fields are listed"
                    .to_owned(),
            );
        }

        let title = root["info"]["title"].as_str().map(str::to_owned);
        let about = FrontMatter {
            title,
            ..FrontMatter::default()
        };

        Ok(Converted {
            markdown: about.before(&out),
            images: Vec::new(),
            warnings,
        })
    })
}

/// Title, version, description and servers.
fn head(root: &Value) -> String {
    let info = &root["info"];
    let title = info["title"].as_str().unwrap_or("API");

    let mut out = format!("# {}\n\n", escape::text(&prose::line(title)));
    if let Some(version) = table::plain(&info["version"]) {
        out.push_str(&format!("Version: {version}\n\n"));
    }

    out.push_str(&prose::block(
        info["description"].as_str().unwrap_or_default(),
        2,
    ));
    let servers = servers(root);
    if !servers.is_empty() {
        out.push_str(&format!("**Servers**\n\n{}\n", servers.concat()));
    }

    let tags = root["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| {
            let description = tag["description"]
                .as_str()
                .filter(|text| !text.trim().is_empty())?;
            Some(format!(
                "- **{}**: {}\n",
                escape::text(tag["name"].as_str()?),
                prose::line(description)
            ))
        });

    let tags: String = tags.collect();
    if !tags.is_empty() {
        out.push_str(&format!("**Tags**\n\n{tags}\n"));
    }

    out
}

fn servers(root: &Value) -> Vec<String> {
    let listed = root["servers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|server| {
            let description = server["description"]
                .as_str()
                .map(|text| format!(": {}", prose::line(text)))
                .unwrap_or_default();
            Some(format!("- `{}`{description}\n", server["url"].as_str()?))
        });

    let mut servers: Vec<String> = listed.collect();
    if let Some(host) = root["host"].as_str() {
        let base = root["basePath"].as_str().unwrap_or_default();
        let scheme = root["schemes"][0].as_str().unwrap_or("https");
        servers.push(format!("- `{scheme}://{host}{base}`\n"));
    }

    servers
}

fn operations(root: &Value, schemas: &Schemas<'_>, path: &str, item: &Value, out: &mut String) {
    let item = schemas.resolved(item);
    for method in METHODS {
        if out.len() <= MAX_OUTPUT && item[method].is_object() {
            let operation = operation::Operation {
                root,
                schemas,
                path,
                method,
                item,
                stated: &item[method],
            };
            out.push_str(&operation.section());
        }
    }
}

/// The entries of an object; none of anything else.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
