//! Writes the section of an operation: what it does, its parameters, request body, responses and
//! callbacks.

use serde_json::Value;

use super::api::Api;
use super::table::{code, scalar_text};
use super::value::{array, entries, strings};
use super::{description, server};
use crate::guard::MAX_OUTPUT;
use crate::html::escape;

/// The methods of a path, in the order in which their operations are written.
const METHODS: [&str; 9] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace", "query",
];

/// How deep callbacks of callbacks are written.
const MAX_CALLBACK_LEVEL: usize = 4;

/// The operations of one path.
pub(super) struct PathOperations<'a> {
    pub(super) api: &'a Api<'a>,
    /// What the headings begin with, such as the name of a callback; may be empty.
    pub(super) prefix: String,
    pub(super) path: &'a str,
    /// What all operations of the path share, such as parameters.
    pub(super) item: &'a Value,
    pub(super) heading_level: usize,
}

impl<'a> PathOperations<'a> {
    /// Writes the sections of all operations, or what the path says if it has none.
    pub(super) fn write(&self, out: &mut String) {
        let mut count = 0;
        let standard = METHODS.iter().map(|method| (*method, &self.item[*method]));
        let additional = entries(&self.item["additionalOperations"])
            .map(|(method, operation)| (method.as_str(), operation));

        for (method, operation) in standard.chain(additional) {
            if out.len() <= MAX_OUTPUT && operation.is_object() {
                out.push_str(&self.section(method, operation, count == 0));
                count += 1;
            }
        }

        let has_text = ["summary", "description", "parameters"]
            .iter()
            .any(|key| !self.item[*key].is_null());
        if count == 0 && has_text {
            out.push_str(&self.section("", &Value::Null, false));
        }
    }

    fn section(&self, method: &str, operation: &'a Value, is_first: bool) -> String {
        let mut out = self.heading(method, operation);
        if operation["deprecated"] == Value::Bool(true) {
            out.push_str("**Deprecated.**\n\n");
        }

        let text = self.text(operation, "description").unwrap_or_default();
        if Some(text) != self.text(operation, "summary") {
            out.push_str(&description::as_blocks(text, self.heading_level + 1));
        }
        if is_first {
            out.push_str(&self.texts_of_path(operation));
        }

        out.push_str(&self.labels(operation));
        let parameters = self
            .api
            .parameters(&self.item["parameters"], &operation["parameters"]);
        out.push_str(&self.api.parameter_table(&parameters));
        out.push_str(&self.request_body(operation, &parameters));
        out.push_str(&self.api.responses(&operation["responses"]));
        self.write_callbacks(&operation["callbacks"], &mut out);
        out
    }

    fn heading(&self, method: &str, operation: &'a Value) -> String {
        let summary = self
            .text(operation, "summary")
            .map(description::as_line)
            .filter(|text| !text.is_empty())
            .map(|text| format!(" — {text}"))
            .unwrap_or_default();

        let name = format!("{} {}", method.to_uppercase(), escape::markdown(self.path));
        format!(
            "{} {}{}{summary}\n\n",
            "#".repeat(self.heading_level),
            self.prefix,
            name.trim_start()
        )
    }

    /// A text of the operation, or of its path if it has none.
    fn text(&self, operation: &'a Value, key: &str) -> Option<&'a str> {
        operation[key].as_str().or_else(|| self.item[key].as_str())
    }

    /// What the path says beside an operation's own texts.
    fn texts_of_path(&self, operation: &'a Value) -> String {
        ["summary", "description"]
            .iter()
            .filter(|key| operation[**key].is_string())
            .filter_map(|key| self.item[*key].as_str())
            .map(|text| description::as_blocks(text, self.heading_level + 1))
            .collect()
    }

    /// A list of the operation's id, tags, security, media types and servers.
    fn labels(&self, operation: &'a Value) -> String {
        let mut out = String::new();
        if let Some(id) = scalar_text(&operation["operationId"]) {
            out.push_str(&format!("- Operation: {}\n", code(&id)));
        }

        let tags = strings(&operation["tags"]);
        if !tags.is_empty() {
            out.push_str(&format!("- Tags: {}\n", escape::markdown(&tags.join(", "))));
        }
        // What a server sends does not follow the rules for calls to it.
        let has_rules = operation.is_object() && self.prefix.is_empty();
        if (has_rules || operation["security"].is_array())
            && let Some(security) = self.api.security_requirements(operation)
        {
            out.push_str(&format!("- Security: {security}\n"));
        }

        for (key, words) in [
            ("schemes", "Schemes"),
            ("consumes", "Consumes"),
            ("produces", "Produces"),
        ] {
            let values: Vec<String> = strings(&operation[key]).into_iter().map(code).collect();
            if !values.is_empty() {
                out.push_str(&format!("- {words}: {}\n", values.join(", ")));
            }
        }

        if let Some(link) = description::external(&operation["externalDocs"]) {
            out.push_str(&format!("- More: {link}\n"));
        }

        let servers = array(&operation["servers"]).chain(array(&self.item["servers"]));
        let servers: Vec<Value> = servers.cloned().collect();
        if !servers.is_empty() {
            out.push_str(&format!("- Servers:\n{}", server::nested(&servers)));
        }

        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    /// The body of a request. Version 2 describes it as a parameter.
    fn request_body(&self, operation: &'a Value, parameters: &[&'a Value]) -> String {
        let body = parameters
            .iter()
            .find(|parameter| parameter["in"] == "body")
            .copied()
            .unwrap_or_else(|| self.api.resolve_to_write(&operation["requestBody"]));

        if body.is_object() {
            self.api.request_body(body)
        } else {
            String::new()
        }
    }

    fn write_callbacks(&self, callbacks: &'a Value, out: &mut String) {
        if self.heading_level > MAX_CALLBACK_LEVEL {
            return;
        }

        for (name, callback) in entries(callbacks) {
            let callback = self.api.resolve_to_write(callback);
            write_callback(self.api, name, callback, self.heading_level + 1, out);
        }
    }
}

/// Writes the requests that a server sends to the addresses of a callback.
pub(super) fn write_callback<'a>(
    api: &'a Api<'a>,
    name: &str,
    callback: &'a Value,
    heading_level: usize,
    out: &mut String,
) {
    for (address, item) in entries(callback).filter(|(address, _)| !address.starts_with("x-")) {
        PathOperations {
            api,
            prefix: format!("Callback {}: ", escape::markdown(name)),
            path: address,
            item: api.resolve(item),
            heading_level,
        }
        .write(out);
    }
}
