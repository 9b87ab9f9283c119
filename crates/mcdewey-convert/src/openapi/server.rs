//! Writes servers with their variables.

use serde_json::Value;

use super::description;
use super::table::{code, value_code};
use super::value::{array, entries};

/// List items for the servers of a description, path or operation.
pub(super) fn list(servers: &Value) -> String {
    array(servers)
        .filter_map(|server| item(server, ""))
        .collect()
}

/// The same as part of a list item.
pub(super) fn nested(servers: &[Value]) -> String {
    servers
        .iter()
        .filter_map(|server| item(server, "  "))
        .collect()
}

/// List items for the only server of version 2, which is described by host, path and schemes.
pub(super) fn of_version_2(root: &Value) -> String {
    let base = root["basePath"].as_str().unwrap_or_default();
    let Some(host) = root["host"].as_str() else {
        return match base {
            "" => String::new(),
            base => format!("- {}\n", code(base)),
        };
    };

    let mut schemes: Vec<&str> = array(&root["schemes"]).filter_map(Value::as_str).collect();
    if schemes.is_empty() {
        schemes.push("https");
    }

    schemes
        .iter()
        .map(|scheme| format!("- `{scheme}://{host}{base}`\n"))
        .collect()
}

fn item(server: &Value, indentation: &str) -> Option<String> {
    let name = server["name"].as_str().map(|name| format!(" ({name})"));
    let text = server["description"]
        .as_str()
        .map(|text| format!(": {}", description::as_line(text)));

    let variables: String = entries(&server["variables"])
        .map(|(name, variable)| format!("{indentation}  - {}{}\n", code(name), facts(variable)))
        .collect();

    Some(format!(
        "{indentation}- `{}`{}{}\n{variables}",
        server["url"].as_str()?,
        name.unwrap_or_default(),
        text.unwrap_or_default(),
    ))
}

/// What is said about a variable of a server's address.
fn facts(variable: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(text) = variable["description"].as_str() {
        parts.push(format!(
            "{}.",
            description::as_line(text).trim_end_matches('.')
        ));
    }
    if let Some(default) = variable.get("default").and_then(value_code) {
        parts.push(format!("Default: {default}."));
    }

    let values: Vec<String> = array(&variable["enum"]).filter_map(value_code).collect();
    if !values.is_empty() {
        parts.push(format!("One of: {}.", values.join(", ")));
    }

    match parts.as_slice() {
        [] => String::new(),
        parts => format!(": {}", parts.join(" ")),
    }
}
