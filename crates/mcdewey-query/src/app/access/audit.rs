//! Who asked for what: one entry for each request, without the question.

use serde::Serialize;

/// Keeps a record of requests.
pub trait Audit: Send + Sync {
    /// Takes an entry; must not block.
    fn record(&self, entry: AuditEntry);
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// The name of the key or the subject of the token; `nobody` where none was good.
    pub caller: String,
    /// `read` or `admin`.
    pub role: &'static str,
    /// From where, as far as the server sees: a proxy hides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The method of HTTP.
    pub method: String,
    /// The path, without what was asked.
    pub path: String,
    /// What the caller was answered.
    pub status: u16,
}
