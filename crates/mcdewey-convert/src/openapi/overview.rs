//! Writes what a description says about the whole interface: title, version, owner, servers and
//! tags.

use serde_json::Value;

use super::table::{code, scalar_text};
use super::value::{array, strings};
use super::{description, server};
use crate::html::escape;

pub(super) fn overview(root: &Value) -> String {
    let info = &root["info"];
    let title = info["title"].as_str().unwrap_or("API");

    let mut out = format!("# {}\n\n", escape::markdown(&description::as_line(title)));
    if let Some(version) = scalar_text(&info["version"]) {
        out.push_str(&format!("Version: {version}\n\n"));
    }

    for key in ["summary", "description"] {
        let text = info[key].as_str().unwrap_or_default();
        out.push_str(&description::as_blocks(text, 2));
    }

    let facts = facts(root);
    if !facts.is_empty() {
        out.push_str(&format!("{facts}\n"));
    }

    let servers = server::list(&root["servers"]) + &server::of_version_2(root);
    if !servers.is_empty() {
        out.push_str(&format!("**Servers**\n\n{servers}\n"));
    }

    let tags: String = array(&root["tags"]).filter_map(tag).collect();
    if !tags.is_empty() {
        out.push_str(&format!("**Tags**\n\n{tags}\n"));
    }

    out
}

/// A list of the contact, licence, terms, other documents and media types.
fn facts(root: &Value) -> String {
    let info = &root["info"];
    let mut out = String::new();

    for (words, holder, keys) in [
        ("Contact", &info["contact"], ["name", "email", "url"]),
        ("License", &info["license"], ["name", "identifier", "url"]),
    ] {
        let mut values: Vec<&str> = keys
            .iter()
            .filter_map(|key| holder[*key].as_str())
            .collect();
        values.dedup();
        if !values.is_empty() {
            out.push_str(&format!("- {words}: {}\n", values.join(", ")));
        }
    }

    if let Some(terms) = info["termsOfService"].as_str() {
        out.push_str(&format!("- Terms of service: {terms}\n"));
    }
    if let Some(link) = description::external(&root["externalDocs"]) {
        out.push_str(&format!("- More: {link}\n"));
    }

    for (key, words) in [("consumes", "Consumes"), ("produces", "Produces")] {
        let values: Vec<String> = strings(&root[key]).into_iter().map(code).collect();
        if !values.is_empty() {
            out.push_str(&format!("- {words}: {}\n", values.join(", ")));
        }
    }

    out
}

/// A list item for a tag.
fn tag(tag: &Value) -> Option<String> {
    let mut parts: Vec<String> = ["summary", "description"]
        .iter()
        .filter_map(|key| Some(description::as_line(tag[*key].as_str()?)))
        .filter(|text| !text.is_empty())
        .collect();

    for (key, words) in [("parent", "part of"), ("kind", "kind")] {
        if let Some(value) = tag[key].as_str() {
            parts.push(format!("{words} {}", code(value)));
        }
    }
    parts.extend(description::external(&tag["externalDocs"]));

    let name = escape::markdown(tag["name"].as_str()?);
    Some(match parts.as_slice() {
        [] => format!("- **{name}**\n"),
        parts => format!("- **{name}**: {}\n", parts.join("; ")),
    })
}
