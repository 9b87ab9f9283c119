//! Writes how callers authenticate: the security schemes, and what an operation requires of them.

use serde_json::Value;

use super::api::Api;
use super::description;
use super::table::{code, value_code};
use super::value::{array, entries};
use crate::html::escape;

/// Addresses of schemes and flows, and what they are called.
const ADDRESSES: [(&str, &str); 7] = [
    ("authorizationUrl", "Authorization address"),
    ("deviceAuthorizationUrl", "Device authorization address"),
    ("tokenUrl", "Token address"),
    ("refreshUrl", "Refresh address"),
    ("openIdConnectUrl", "OpenID Connect address"),
    ("oauth2MetadataUrl", "Metadata address"),
    ("bearerFormat", "Format of the token"),
];

impl<'a> Api<'a> {
    /// The section of all security schemes; empty if there are none.
    pub(super) fn security_section(&self) -> String {
        let schemes: String = self
            .components("securitySchemes", "securityDefinitions")
            .map(|(name, scheme)| self.security_scheme(name, self.resolve(scheme)))
            .collect();

        if schemes.is_empty() {
            return schemes;
        }
        format!("## Authentication\n\n{schemes}")
    }

    fn security_scheme(&self, name: &str, scheme: &'a Value) -> String {
        let mut out = format!("### {}\n\n", escape::markdown(name));
        if scheme["deprecated"] == Value::Bool(true) {
            out.push_str("**Deprecated.**\n\n");
        }

        let text = scheme["description"].as_str().unwrap_or_default();
        out.push_str(&description::as_blocks(text, 4));
        let kind = kind(scheme);
        if !kind.is_empty() {
            out.push_str(&format!("- Kind: {kind}\n"));
        }

        out.push_str(&flow_items(scheme));
        out.push('\n');
        for (flow, definition) in entries(&scheme["flows"]) {
            let items = flow_items(definition);
            out.push_str(&format!("**Flow** {}\n\n{items}\n", code(flow)));
        }
        out
    }

    /// The alternative ways of authentication of an operation, each of which may combine several
    /// schemes; `None` if the description does not say.
    pub(super) fn security_requirements(&self, operation: &'a Value) -> Option<String> {
        let alternatives = operation["security"]
            .as_array()
            .or_else(|| self.root["security"].as_array())?;

        if alternatives.is_empty() {
            return Some("none".to_owned());
        }

        let alternatives: Vec<String> = alternatives
            .iter()
            .map(|schemes| self.required_schemes(schemes))
            .collect();
        Some(alternatives.join(", or "))
    }

    fn required_schemes(&self, schemes: &'a Value) -> String {
        let schemes: Vec<String> = entries(schemes)
            .map(|(name, scopes)| self.required_scheme(name, scopes))
            .collect();

        if schemes.is_empty() {
            "none".to_owned()
        } else {
            schemes.join(" and ")
        }
    }

    fn required_scheme(&self, name: &str, scopes: &Value) -> String {
        let definition = self
            .components("securitySchemes", "securityDefinitions")
            .find(|(known, _)| *known == name)
            .map_or(&Value::Null, |(_, definition)| self.resolve(definition));

        let kind = match kind(definition) {
            kind if kind.is_empty() => kind,
            kind => format!(" ({kind})"),
        };

        let scopes: Vec<String> = array(scopes).filter_map(Value::as_str).map(code).collect();
        let scopes = if scopes.is_empty() {
            String::new()
        } else {
            format!(" with {}", scopes.join(", "))
        };

        format!("{}{kind}{scopes}", code(name))
    }
}

/// The kind of a scheme in a few words.
fn kind(scheme: &Value) -> String {
    match scheme["type"].as_str() {
        Some("apiKey") => format!(
            "API key in {} {}",
            scheme["in"].as_str().unwrap_or("header"),
            code(scheme["name"].as_str().unwrap_or_default())
        ),
        Some("http") => format!("HTTP {}", scheme["scheme"].as_str().unwrap_or_default()),
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}

/// List items for the addresses and scopes of a flow. Version 2 has one flow, in the scheme itself.
fn flow_items(flow: &Value) -> String {
    let mut out = String::new();
    if let Some(name) = flow["flow"].as_str() {
        out.push_str(&format!("- Flow: {}\n", code(name)));
    }

    for (key, words) in ADDRESSES {
        if let Some(value) = flow.get(key).and_then(value_code) {
            out.push_str(&format!("- {words}: {value}\n"));
        }
    }

    for (scope, text) in entries(&flow["scopes"]) {
        let text = match description::as_line(text.as_str().unwrap_or_default()) {
            text if text.is_empty() => text,
            text => format!(": {text}"),
        };
        out.push_str(&format!("- Scope {}{text}\n", code(scope)));
    }
    out
}
