//! The `Server-Timing` header: where the time of a search went, for whoever looks at a request in a browser.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::http::{HeaderName, HeaderValue};

pub(super) const HEADER: HeaderName = HeaderName::from_static("server-timing");
/// The stages, in the order in which a search goes through them.
pub(super) const STAGES: [&str; 7] = [
    "queue", "embed", "store", "fusion", "write", "rerank", "render",
];

/// `embed;dur=3.1, store;dur=1.2, …, total;dur=5.0`, of milliseconds.
pub(super) fn value(timings: &BTreeMap<String, f64>) -> Option<HeaderValue> {
    let mut text = String::new();
    for name in STAGES.into_iter().chain(["total"]) {
        if let Some(milliseconds) = timings.get(name) {
            let comma = if text.is_empty() { "" } else { ", " };
            // Writing to a string never fails.
            let _ = write!(text, "{comma}{name};dur={milliseconds:.1}");
        }
    }

    if text.is_empty() {
        None
    } else {
        HeaderValue::try_from(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_stand_in_their_order() {
        let timings = [
            ("total", 9.0),
            ("embed", 3.125),
            ("store", 1.0),
            ("unheard-of", 1.0),
        ];

        let timings = timings.map(|(name, spent)| (name.to_owned(), spent)).into();
        assert_eq!(
            value(&timings).unwrap(),
            "embed;dur=3.1, store;dur=1.0, total;dur=9.0"
        );
        assert_eq!(value(&BTreeMap::new()), None);
    }
}
