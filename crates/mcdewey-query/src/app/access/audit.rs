//! Who asked for what: one entry for each request, without the question.

use serde::Serialize;

use super::caller::Caller;

/// Bytes of what a client chooses that an entry keeps: requests must not fill the disk faster than their number allows.
const MAX_CALLER: usize = 256;
const MAX_METHOD: usize = 16;
const MAX_PATH: usize = 512;

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

impl AuditEntry {
    /// An entry in which what is too long is cut off.
    pub(super) fn new(
        caller: &Caller,
        remote: Option<String>,
        method: &str,
        path: &str,
        status: u16,
    ) -> Self {
        Self {
            caller: cut(&caller.name, MAX_CALLER),
            role: caller.role.name(),
            remote,
            method: cut(method, MAX_METHOD),
            path: cut(path, MAX_PATH),
            status,
        }
    }
}

/// At most so many bytes, and a sign where there were more.
fn cut(text: &str, max: usize) -> String {
    match text.len() <= max {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(max)]),
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::Visibility;

    use super::*;
    use crate::Role;

    #[test]
    fn what_is_too_long_is_cut_off_between_characters() {
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
