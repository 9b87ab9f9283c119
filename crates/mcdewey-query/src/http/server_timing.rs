//! The `Server-Timing` header: where the time of a search went, as browsers show it in their
//! developer tools.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::http::{HeaderName, HeaderValue};

use crate::telemetry::STAGES;

pub(super) const HEADER: HeaderName = HeaderName::from_static("server-timing");

/// Formats timings in milliseconds: `embed;dur=3.1, store;dur=1.2, …, total;dur=5.0`.
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
    fn stages_are_listed_in_order() {
        let timings = [
            ("total", 9.0),
            ("embed", 3.125),
            ("store", 1.0),
            ("unknown", 1.0),
        ];

        let timings = timings
            .map(|(name, milliseconds)| (name.to_owned(), milliseconds))
            .into();
        assert_eq!(
            value(&timings).unwrap(),
            "embed;dur=3.1, store;dur=1.0, total;dur=9.0"
        );
        assert_eq!(value(&BTreeMap::new()), None);
    }
}
