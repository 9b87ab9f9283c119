//! The audit log: one entry per request, without the question.

use serde::Serialize;

use crate::caller::Caller;

// Values that a client chooses are truncated, so that the rate limit on requests also limits how
// fast they can fill the disk. All limits are in bytes.
const MAX_CALLER_BYTES: usize = 256;
const MAX_METHOD_BYTES: usize = 16;
const MAX_PATH_BYTES: usize = 512;

/// Records requests.
pub trait Audit: Send + Sync {
    /// Records an entry. Must not block.
    fn record(&self, entry: AuditEntry);
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// The name of the key or the subject of the token; `nobody` if neither was valid.
    pub caller: String,
    /// `read` or `admin`.
    pub role: &'static str,
    /// The address of the peer, which behind a proxy is that of the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The status of the response.
    pub status: u16,
}

impl AuditEntry {
    /// An entry with truncated values.
    pub fn new(
        caller: &Caller,
        remote: Option<String>,
        method: &str,
        path: &str,
        status: u16,
    ) -> Self {
        Self {
            caller: truncated(&caller.name, MAX_CALLER_BYTES),
            role: caller.role.name(),
            remote,
            method: truncated(method, MAX_METHOD_BYTES),
            path: truncated(path, MAX_PATH_BYTES),
            status,
        }
    }
}

/// At most `max_bytes` of a text, followed by an ellipsis if it was longer.
fn truncated(text: &str, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        text.to_owned()
    } else {
        format!("{}…", &text[..text.floor_char_boundary(max_bytes)])
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::Visibility;

    use super::*;
    use crate::caller::Role;

    #[test]
    fn long_values_are_truncated_between_characters() {
        let caller = Caller::new(&"ö".repeat(1000), Role::Read, Visibility::Everything);
        let entry = AuditEntry::new(
            &caller,
            None,
            &"M".repeat(50_000),
            &format!("/{}", "ü".repeat(30_000)),
            200,
        );

        assert_eq!(entry.caller, format!("{}…", "ö".repeat(128)));
        assert_eq!(entry.method, format!("{}…", "M".repeat(16)));
        assert_eq!(entry.path, format!("/{}…", "ü".repeat(255)));
        let short = AuditEntry::new(&Caller::owner(), None, "GET", "/library", 200);

        assert_eq!(
            (&*short.caller, &*short.method, &*short.path),
            ("owner", "GET", "/library")
        );
    }
}
