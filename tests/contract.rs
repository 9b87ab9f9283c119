//! The REST and MCP contracts change only by addition: everything the last release offered is still
//! offered.
//!
//! `tests/contract/` holds the OpenAPI description and the MCP lists of the last release. Only a
//! new release replaces them, with `CONTRACT_UPDATE=1 cargo test --workspace --test integration --
//! contract::` (see CONTRIBUTING.md). Descriptions, examples and titles are not part of the
//! contract.

mod comparison;

use serde_json::{Value, json};

use crate::support::{Server, repository};
use comparison::{mcp_breaks, openapi_breaks};

#[test]
fn rest_changes_only_by_addition() {
    let server = Server::over_sample_library();
    let mut current = server.get_json("/openapi.json");
    // The address of this server is not part of the contract.
    current.as_object_mut().unwrap().remove("servers");
    let Some(released) = released("openapi.json", &current) else {
        return;
    };

    let breaks = openapi_breaks(&released, &current);
    assert!(
        breaks.is_empty(),
        "the REST contract is broken:\n{}",
        breaks.join("\n")
    );
}

#[test]
fn mcp_changes_only_by_addition() {
    let server = Server::over_sample_library();
    let list = |method: &str| server.mcp(method, &json!({}));
    let current = json!({
        "tools": list("tools/list")["tools"],
        "prompts": list("prompts/list")["prompts"],
        "resourceTemplates": list("resources/templates/list")["resourceTemplates"],
    });
    let Some(released) = released("mcp.json", &current) else {
        return;
    };

    let breaks = mcp_breaks(&released, &current);
    assert!(
        breaks.is_empty(),
        "the MCP contract is broken:\n{}",
        breaks.join("\n")
    );
}

/// Returns the contract of the last release, or `None` after replacing it with the current one.
fn released(name: &str, current: &Value) -> Option<Value> {
    let path = repository().join("tests/contract").join(name);
    if std::env::var_os("CONTRACT_UPDATE").is_some() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CONTRACT_UPDATE replaces what CI compares with; unset it"
        );
        let text = serde_json::to_string_pretty(current).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
        return None;
    }

    let text = std::fs::read_to_string(&path).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}
