//! W3C `traceparent`: the trace that a request belongs to, from an HTTP header or from MCP's
//! `_meta`. The log carries it, so that log lines can be found from the trace.

use axum::http::HeaderMap;

/// The trace that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// 32 hexadecimal digits that all spans of the trace share.
    pub trace_id: String,
    /// 16 hexadecimal digits: the span that sent the request.
    pub parent_id: String,
    /// Whether the sender records the trace.
    pub sampled: bool,
}

impl TraceParent {
    /// Parses the `traceparent` header; `None` if it is missing or invalid.
    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get("traceparent")?.to_str().ok()?)
    }

    /// Parses `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`. Later versions of the
    /// format may append further fields.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let [version, trace_id, parent_id, flags] = [
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        ];

        let has_valid_format = is_hex(version, 2) && is_hex(flags, 2) && version != "ff";
        let has_valid_length = version != "00" || fields.next().is_none();
        let has_valid_ids = [(trace_id, 32), (parent_id, 16)]
            .iter()
            .all(|(id, digits)| is_hex(id, *digits) && !is_zero(id));

        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        (has_valid_format && has_valid_length && has_valid_ids).then(|| Self {
            trace_id: trace_id.to_owned(),
            parent_id: parent_id.to_owned(),
            sampled,
        })
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    #[test]
    fn a_valid_traceparent_is_parsed() {
        let expected = |sampled| {
            Some(TraceParent {
                trace_id: TRACE.to_owned(),
                parent_id: PARENT.to_owned(),
                sampled,
            })
        };

        assert_eq!(
            TraceParent::parse(&format!("00-{TRACE}-{PARENT}-01")),
            expected(true)
        );
        assert_eq!(
            TraceParent::parse(&format!("00-{TRACE}-{PARENT}-02")),
            expected(false)
        );
        assert_eq!(
            TraceParent::parse(&format!("cc-{TRACE}-{PARENT}-01-what-comes")),
            expected(true)
        );
    }

    #[test]
    fn an_invalid_traceparent_is_ignored() {
        let (zero_trace, zero_parent) = ("0".repeat(32), "0".repeat(16));
        for bad in [
            String::new(),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{zero_trace}-{PARENT}-01"),
            format!("00-{TRACE}-{zero_parent}-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}é-{PARENT}-01"),
        ] {
            assert_eq!(TraceParent::parse(&bad), None, "{bad}");
        }
    }
}
