//! Writes the components that were not written where they are used: those that no operation uses,
//! and the responses to errors, which operations share.

use serde_json::Value;

use super::api::Api;
use super::body::Expand;
use super::operation::{PathOperations, write_callback};
use super::schema::unescape_pipes;
use super::value::entries;
use super::{description, example};
use crate::html::escape;

/// Writes a section for each component.
pub(super) fn write<'a>(api: &'a Api<'a>, out: &mut String) {
    for (name, item) in remaining(api, "pathItems", "") {
        PathOperations {
            api,
            prefix: String::new(),
            path: name,
            item,
            heading_level: 2,
        }
        .write(out);
    }

    for (name, callback) in remaining(api, "callbacks", "") {
        write_callback(api, name, callback, 2, out);
    }

    for (name, response) in remaining(api, "responses", "responses") {
        out.push_str(&response_section(api, name, response));
    }

    for (name, body) in remaining(api, "requestBodies", "") {
        let body = api.request_body(body);
        out.push_str(&format!(
            "## Request body {}\n\n{body}",
            escape::markdown(name)
        ));
    }

    for (name, media_type) in remaining(api, "mediaTypes", "") {
        let content = api.media_type_details(name, media_type);
        out.push_str(&format!(
            "## Media type {}\n\n{content}",
            escape::markdown(name)
        ));
    }

    for (name, parameter) in remaining(api, "parameters", "parameters") {
        let table = if parameter["in"] == "body" {
            api.request_body(parameter)
        } else {
            api.parameter_table(&[parameter])
        };
        out.push_str(&format!(
            "## Parameter {}\n\n{table}",
            escape::markdown(name)
        ));
    }

    write_small_components(api, out);
}

/// Headers, examples and links, which have no parts of their own.
fn write_small_components<'a>(api: &'a Api<'a>, out: &mut String) {
    let headers = &api.root["components"]["headers"];
    let is_any_unused = entries(headers).any(|(_, header)| !api.is_written(header));
    if is_any_unused {
        out.push_str("## Headers\n\n");
        out.push_str(&api.header_table("Headers", headers));
    }

    for (name, example) in remaining(api, "examples", "") {
        let example = example::named(api, "Example", example);
        out.push_str(&format!(
            "## Example {}\n\n{example}",
            escape::markdown(name)
        ));
    }

    let links: String = remaining(api, "links", "")
        .map(|(name, link)| api.link(name, link))
        .collect();
    if !links.is_empty() {
        out.push_str(&format!("## Links\n\n{links}\n"));
    }
}

/// The components of a kind that were not written yet, with references followed.
fn remaining<'a>(
    api: &'a Api<'a>,
    kind: &str,
    kind_in_version_2: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    api.components(kind, kind_in_version_2)
        .filter(|(_, component)| !api.is_written(component))
        .map(|(name, component)| (name, api.resolve(component)))
}

/// The section of a response that operations share.
fn response_section<'a>(api: &Api<'a>, name: &str, response: &'a Value) -> String {
    let mut out = format!("## Response {}\n\n", escape::markdown(name));
    let text = response["description"].as_str().unwrap_or_default();
    out.push_str(&description::as_blocks(text, 3));

    let types = api.body_types(&api.media_types(response));
    if !types.is_empty() {
        out.push_str(&format!("Body: {}\n\n", unescape_pipes(&types)));
    }
    out.push_str(&api.response_details("the response", response, Expand::Unnamed));
    out
}
