//! W3C `traceparent`: which trace a request belongs to, as its sender says in a header or in MCP's `_meta`. The log
//! carries it, so that a line here is found from there.

use axum::http::HeaderMap;

/// The trace a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// 32 hexadecimal digits that all its parts share.
    pub trace_id: String,
    /// 16 hexadecimal digits: the part that asked.
    pub parent_id: String,
    /// Whether the trace is recorded there.
    pub sampled: bool,
}

impl TraceParent {
    /// What the header says, if it says something that can be read.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers.get("traceparent")?.to_str().ok()?)
    }

    /// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; later versions may append parts.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let [version, trace_id, parent_id, flags] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let is_whole = is_hex(version, 2) && is_hex(flags, 2) && version != "ff";
        let ends = version != "00" || parts.next().is_none();

        let named = [(trace_id, 32), (parent_id, 16)]
            .iter()
            .all(|(id, digits)| is_hex(id, *digits) && !is_zero(id));
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        (is_whole && ends && named).then(|| Self {
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
    fn a_trace_is_read() {
        let expected = |sampled| {
            Some(TraceParent {
                trace_id: TRACE.to_owned(),
                parent_id: PARENT.to_owned(),
                sampled,
            })
        };

        assert_eq!(
            TraceParent::read(&format!("00-{TRACE}-{PARENT}-01")),
            expected(true)
        );
        assert_eq!(
            TraceParent::read(&format!("00-{TRACE}-{PARENT}-02")),
            expected(false)
        );
        assert_eq!(
            TraceParent::read(&format!("cc-{TRACE}-{PARENT}-01-what-comes")),
            expected(true)
        );
    }

    #[test]
    fn what_is_no_trace_is_passed_over() {
        let (no_trace, no_parent) = ("0".repeat(32), "0".repeat(16));
        for bad in [
            String::new(),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{no_trace}-{PARENT}-01"),
            format!("00-{TRACE}-{no_parent}-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}é-{PARENT}-01"),
        ] {
            assert_eq!(TraceParent::read(&bad), None, "{bad}");
        }
    }
}
