//! Writes responses: their headers, bodies and links.

use serde_json::Value;

use super::api::Api;
use super::body::Expand;
use super::server;
use super::table::{code, table, value_code};
use super::value::entries;
use super::{description, example};

impl<'a> Api<'a> {
    /// The table of an operation's responses, and what they contain. The headers and bodies of
    /// errors that have a name are in the sections of the components, because operations share them.
    pub(super) fn responses(&self, responses: &'a Value) -> String {
        let mut rows = Vec::new();
        let mut details = String::new();

        for (status, reference) in
            entries(responses).filter(|(status, _)| !status.starts_with("x-"))
        {
            let is_success = status.starts_with('2') || status == "default" && rows.is_empty();
            let is_written_here = is_success || reference["$ref"].is_null();
            let response = if is_written_here {
                self.resolve_to_write(reference)
            } else {
                self.resolve(reference)
            };

            rows.push(vec![
                status.clone(),
                response_text(reference, response),
                self.body_types(&self.media_types(response)),
            ]);

            if is_written_here {
                let expand = if is_success {
                    Expand::All
                } else {
                    Expand::Unnamed
                };
                let name = format!("the {status} response");
                details.push_str(&self.response_details(&name, response, expand));
            }
        }

        if rows.is_empty() {
            return String::new();
        }

        let columns = ["Status", "Description", "Body"];
        format!("**Responses**\n\n{}{details}", table(&columns, &rows))
    }

    /// The headers, fields, examples and links of a response.
    pub(super) fn response_details(
        &self,
        name: &str,
        response: &'a Value,
        expand: Expand,
    ) -> String {
        let mut out = self.header_table(&format!("Headers of {name}"), &response["headers"]);
        let title = format!("Fields of {name}");
        let media_types = self.media_types(response);
        out.push_str(&self.body_details(&title, &media_types, expand));
        if response["content"].is_null() {
            out.push_str(&example::by_media_type(self, &response["examples"]));
        }

        let links: String = entries(&response["links"])
            .map(|(name, link)| self.link(name, self.resolve_to_write(link)))
            .collect();
        if !links.is_empty() {
            out.push_str(&format!("**Links of {name}**\n\n{links}\n"));
        }

        out
    }

    /// A list item for the operation that a response leads to.
    pub(super) fn link(&self, name: &str, link: &Value) -> String {
        let mut parts = Vec::new();
        for key in ["operationId", "operationRef"] {
            if let Some(operation) = link.get(key).and_then(value_code) {
                parts.push(format!("operation {operation}"));
            }
        }

        for (parameter, value) in entries(&link["parameters"]) {
            let value = value_code(value).unwrap_or_default();
            parts.push(format!("{} = {value}", code(parameter)));
        }
        if let Some(body) = link.get("requestBody").and_then(value_code) {
            parts.push(format!("request body = {body}"));
        }

        let text = description::as_line(link["description"].as_str().unwrap_or_default());
        if !text.is_empty() {
            parts.push(text);
        }

        let servers = server::nested(std::slice::from_ref(&link["server"]));
        format!("- {}: {}\n{servers}", code(name), parts.join("; "))
    }
}

/// The summary and description of a response; those beside a reference come first.
fn response_text(reference: &Value, response: &Value) -> String {
    let texts: Vec<String> = ["summary", "description"]
        .iter()
        .filter_map(|key| reference[*key].as_str().or_else(|| response[*key].as_str()))
        .map(description::as_cell)
        .filter(|text| !text.is_empty())
        .collect();
    texts.join("<br>")
}
