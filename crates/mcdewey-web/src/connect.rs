//! `/connect`: configuration to copy into MCP clients, a first REST call, and a form to try a
//! search.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::RequestState;
use mcdewey_query::rest::{self, Parameters};
use mcdewey_search::QueryError;
use serde_json::json;

use super::error::error_page;
use super::respond;
use super::site::Site;

/// A search to try.
const EXAMPLE_PATH: &str = "/api/v1/search?q=barge%20state%20in%20CCX&limit=3";

struct ClientConfig {
    name: &'static str,
    /// Where the configuration goes.
    location: &'static str,
    config: String,
}

#[derive(Template)]
#[template(path = "connect.html")]
struct ConnectPage {
    site: Site,
    endpoint: String,
    needs_key: bool,
    http: Vec<ClientConfig>,
    stdio: Vec<ClientConfig>,
    curl: String,
    example_url: String,
}

pub(super) async fn get(state: RequestState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri) {
        Ok(response) => response,
        Err(error) => error_page(&state.app, &error.into()),
    }
}

fn show(state: &RequestState, headers: &HeaderMap, uri: &Uri) -> Result<Response, QueryError> {
    Parameters::new(rest::pairs(uri)?, &[])?;
    let site = Site::from_state(&state.app);
    let public_url = state.app.public_url();
    let (endpoint, needs_key) = (format!("{public_url}/mcp"), state.app.needs_key());

    let key = if needs_key {
        " -H 'Authorization: Bearer YOUR_KEY'"
    } else {
        ""
    };

    Ok(respond::page(
        headers,
        &ConnectPage {
            http: over_http(&endpoint, needs_key),
            stdio: over_stdio(),
            curl: format!("curl -s{key} '{public_url}{EXAMPLE_PATH}'"),
            example_url: site.below(EXAMPLE_PATH),
            site,
            endpoint,
            needs_key,
        },
    ))
}

fn over_http(endpoint: &str, needs_key: bool) -> Vec<ClientConfig> {
    let mut server = json!({"type": "http", "url": endpoint});
    let mut flag = String::new();
    if needs_key {
        server["headers"] = json!({"Authorization": "Bearer YOUR_KEY"});
        flag = " --header \"Authorization: Bearer YOUR_KEY\"".to_owned();
    }

    let mut cursor = server.clone();
    if let Some(object) = cursor.as_object_mut() {
        object.remove("type");
    }

    vec![
        ClientConfig {
            name: "Claude Code",
            location: "Run in a terminal",
            config: format!("claude mcp add --transport http mcdewey {endpoint}{flag}"),
        },
        ClientConfig {
            name: "VS Code",
            location: ".vscode/mcp.json",
            config: pretty(&json!({"servers": {"mcdewey": server}})),
        },
        ClientConfig {
            name: "Cursor",
            location: "~/.cursor/mcp.json",
            config: pretty(&json!({"mcpServers": {"mcdewey": cursor}})),
        },
        ClientConfig {
            name: "Any other client",
            location: "Server list, streamable HTTP",
            config: pretty(&json!({"mcpServers": {"mcdewey": server}})),
        },
    ]
}

/// For clients on the server's own machine. `mcdewey mcp` finds and uses a running server.
fn over_stdio() -> Vec<ClientConfig> {
    let server = json!({"command": "mcdewey", "args": ["--data-dir", "/path/to/data", "mcp"]});
    vec![
        ClientConfig {
            name: "Claude Desktop",
            location: "claude_desktop_config.json",
            config: pretty(&json!({"mcpServers": {"mcdewey": server}})),
        },
        ClientConfig {
            name: "Claude Code",
            location: "Run in a terminal",
            config: "claude mcp add mcdewey -- mcdewey --data-dir /path/to/data mcp".to_owned(),
        },
    ]
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use mcdewey_auth::{AccessPolicy, AnonymousAccess, Caller, Credentials, IssuerUnavailable};

    use crate::testing::{documents, service, service_with};

    struct KeysRequired;

    #[async_trait]
    impl Credentials for KeysRequired {
        async fn caller(&self, _: &str) -> Result<Option<Caller>, IssuerUnavailable> {
            Ok(None)
        }

        fn required(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn configuration_can_be_pasted_unchanged() {
        let body = service().await.get("/connect").await.body;
        for part in [
            "claude mcp add --transport http mcdewey http://localhost:8080/mcp</pre>",
            "&#34;url&#34;: &#34;http://localhost:8080/mcp&#34;",
            "curl -s &#39;http://localhost:8080/api/v1/search?q=barge%20state%20in%20CCX&#38;limit=3&#39;",
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }

        assert!(!body.contains("YOUR_KEY"), "no key is required");
    }

    #[tokio::test]
    async fn configuration_has_a_placeholder_for_a_required_key() {
        let policy = AccessPolicy::default()
            .with_credentials(Arc::new(KeysRequired))
            .with_anonymous(AnonymousAccess::Always);
        let service = service_with(&documents(), |state| state.with_access(policy)).await;
        let body = service.get("/connect").await.body;
        assert_eq!(body.matches("Bearer YOUR_KEY").count(), 5, "{body}");
    }
}
