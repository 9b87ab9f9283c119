//! What the path of a request says about it: the interface that answers it, whether its clients are
//! programs, and whether it needs a key.

/// Health checks, which need no key. They reveal nothing about the library to callers who may not
/// see it. The metadata that names the token issuers ([`RESOURCE_METADATA`]) is public as well.
pub(crate) const PUBLIC_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// The path of the OAuth metadata of the whole server.
pub(crate) const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource";
/// The path of the OAuth metadata of `/mcp`.
pub(crate) const MCP_RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

/// The interface that a request was sent to. Metrics and logs name it `face`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Interface {
    Rest,
    Mcp,
    Web,
}

impl Interface {
    pub(crate) fn for_path(path: &str) -> Self {
        match path {
            "/mcp" => Self::Mcp,
            _ if path.starts_with("/mcp/") => Self::Mcp,
            _ if is_for_programs(path) => Self::Rest,
            _ => Self::Web,
        }
    }

    /// Its name in labels, logs and responses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Mcp => "mcp",
            Self::Web => "web",
        }
    }
}

/// Reports whether clients of this path are programs, which get errors as problem details instead
/// of pages.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path == "/api"
        || path.starts_with("/api/")
        || matches!(path, "/healthz" | "/readyz" | "/metrics" | "/openapi.json")
}
