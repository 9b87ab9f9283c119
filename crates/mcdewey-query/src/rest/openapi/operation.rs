//! What is said of an operation: a route with a method.

use super::parameter::Parameter;
use crate::app::offered;

/// A route with a method.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) body: Option<Body>,
    pub(crate) answer: Answer,
    /// Codes of problems beyond those that every operation may give, with their status.
    pub(crate) codes: &'static [(u16, &'static str)],
    /// Whether the answer has a tag.
    pub(crate) tagged: bool,
    /// Whether only an admin may.
    pub(crate) admin: bool,
    /// Whether anybody may, without a key.
    pub(crate) open: bool,
    /// Whether problems come as pages for people, but for those that are found before the route is.
    pub(crate) pages: bool,
}

/// What comes back.
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    pub(crate) description: &'static str,
    /// Its media types; a range where it may be any of one.
    pub(crate) kinds: &'static [&'static str],
    /// The shape of what is JSON; the rest is bytes.
    pub(crate) schema: Option<&'static str>,
}

/// A JSON body.
pub(crate) struct Body {
    pub(crate) schema: &'static str,
    pub(crate) example: &'static str,
    /// Whether nothing may be sent instead, which stands for an empty object.
    pub(crate) optional: bool,
}

impl Operation {
    /// All problems it may give, by status.
    pub(crate) fn problems(&self) -> Vec<(u16, Vec<&'static str>)> {
        let mut codes: Vec<(u16, &'static str)> = Vec::new();
        if !self.open {
            codes.push((401, "unauthorized"));
        }

        codes.extend([
            (403, "host_not_allowed"),
            (503, "unavailable"),
            (500, "internal"),
        ]);

        if !self.open {
            codes.extend([(429, "rate_limited"), (429, "overloaded")]);
        }

        if self.admin {
            codes.push((403, "forbidden"));
        }

        if !offered(self.path).is_empty() {
            codes.push((406, "not_acceptable"));
        }

        if self.body.is_some() {
            codes.extend([
                (400, "invalid_request"),
                (403, "origin_not_allowed"),
                (408, "request_timeout"),
                (413, "payload_too_large"),
                (415, "unsupported_media_type"),
            ]);
        }

        if !self.parameters.is_empty() || self.tagged {
            codes.push((400, "invalid_request"));
        }

        codes.extend(self.codes);
        codes.sort_unstable();
        codes.dedup();

        let mut problems: Vec<(u16, Vec<&'static str>)> = Vec::new();
        for (status, code) in codes {
            match problems.last_mut() {
                Some((known, codes)) if *known == status => codes.push(code),
                _ => problems.push((status, vec![code])),
            }
        }

        problems
    }
}

/// A status in words.
pub(crate) fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is wrong",
        401 => "A key is needed, or it is not good",
        403 => "Not for this key, host or page",
        404 => "There is no such thing here",
        406 => "Accept names no form that there is",
        408 => "The body did not arrive in time",
        409 => "The state of the library does not allow it",
        410 => "The library changed; ask again without the cursor",
        413 => "The body is too large",
        415 => "The body is no JSON",
        429 => "Too much at once",
        507 => "The disk has too little space for it",
        503 => "The library or the model cannot answer now",
        _ => "Something failed that should not; the log says what",
    }
}
