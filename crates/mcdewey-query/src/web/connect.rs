//! `/connect`: settings to paste into clients of MCP, a first call over REST, and a box to try it.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::json;

use super::error::error_page;
use super::respond;
use super::site::Site;
use crate::rest::{self, Parameters};
use crate::{AppState, QueryError};

/// A client and what it wants.
struct Client {
    name: &'static str,
    /// Where the settings go.
    place: &'static str,
    settings: String,
}

#[derive(Template)]
#[template(path = "connect.html")]
struct ConnectPage {
    site: Site,
    endpoint: String,
    needs_key: bool,
    http: Vec<Client>,
    stdio: Vec<Client>,
    curl: String,
    example: String,
}

pub(super) async fn get(state: AppState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri) {
        Ok(response) => response,
        Err(error) => error_page(&state, &error.into()),
    }
}

fn show(state: &AppState, headers: &HeaderMap, uri: &Uri) -> Result<Response, QueryError> {
    Parameters::new(rest::pairs(uri)?, &[])?;
    let site = Site::of(state);
    let public = state.library.public_url();
    let (endpoint, needs_key) = (format!("{public}/mcp"), state.access.needs_key());
    let example = format!("{public}/api/v1/search?q=barge%20state%20in%20CCX&limit=3");

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
            curl: format!("curl -s{key} '{example}'"),
            example: site.local(&example),
            site,
            endpoint,
            needs_key,
        },
    ))
}

fn over_http(endpoint: &str, needs_key: bool) -> Vec<Client> {
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
        Client {
            name: "Claude Code",
            place: "in a terminal",
            settings: format!("claude mcp add --transport http mcdewey {endpoint}{flag}"),
        },
        Client {
            name: "VS Code",
            place: ".vscode/mcp.json",
            settings: pretty(&json!({"servers": {"mcdewey": server}})),
        },
        Client {
            name: "Cursor",
            place: "~/.cursor/mcp.json",
            settings: pretty(&json!({"mcpServers": {"mcdewey": cursor}})),
        },
        Client {
            name: "Any other client",
            place: "its list of servers, streamable HTTP",
            settings: pretty(&json!({"mcpServers": {"mcdewey": server}})),
        },
    ]
}

/// On the server's own machine; a running server is found and used.
fn over_stdio() -> Vec<Client> {
    let server = json!({"command": "mcdewey", "args": ["--data-dir", "/path/to/data", "mcp"]});
    vec![
        Client {
            name: "Claude Desktop",
            place: "claude_desktop_config.json",
            settings: pretty(&json!({"mcpServers": {"mcdewey": server}})),
        },
        Client {
            name: "Claude Code",
            place: "in a terminal",
            settings: "claude mcp add mcdewey -- mcdewey --data-dir /path/to/data mcp".to_owned(),
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

    use crate::app::testing::{Service, documents};
    use crate::{AccessPolicy, Anonymous, Caller, Credentials, IssuerUnavailable};

    struct One;

    #[async_trait]
    impl Credentials for One {
        async fn caller(&self, _: &str) -> Result<Option<Caller>, IssuerUnavailable> {
            Ok(None)
        }

        fn required(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn settings_can_be_pasted_as_they_stand() {
        let body = Service::new().await.get("/connect").await.body;
        for part in [
            "claude mcp add --transport http mcdewey http://localhost:8080/mcp</pre>",
            "&#34;url&#34;: &#34;http://localhost:8080/mcp&#34;",
            "curl -s &#39;http://localhost:8080/api/v1/search?q=barge%20state%20in%20CCX&#38;limit=3&#39;",
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }

        assert!(!body.contains("YOUR_KEY"), "no key is needed");
    }

    #[tokio::test]
    async fn where_a_key_is_needed_the_settings_have_a_place_for_it() {
        let policy = AccessPolicy::default()
            .with_credentials(Arc::new(One))
            .with_anonymous(Anonymous::Always);
        let service = Service::with(&documents(), |state| state.with_access(policy)).await;
        let body = service.get("/connect").await.body;
        assert_eq!(body.matches("Bearer YOUR_KEY").count(), 5, "{body}");
    }
}
