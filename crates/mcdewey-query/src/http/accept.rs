//! The `Accept` header: media ranges with weights (RFC 9110, section 12.5.1). REST, MCP and the web
//! pages all parse it here.
//!
//! Parsing is lenient: an invalid weight counts as 1, an invalid range is ignored, and a header
//! without any valid range is treated as absent.

use std::cmp::Reverse;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::paths::RESOURCE_METADATA;
use crate::problem::Problem;

/// The media type of most responses for programs.
pub const JSON: &str = "application/json";
/// The media type of streamed responses.
const JSON_LINES: &str = "application/x-ndjson";

/// The weight of a range that names none, in thousandths.
const MAX_WEIGHT: u16 = 1000;

/// The media types that a client accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept(Vec<MediaRange>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct MediaRange {
    /// In lower case; `*` matches any type.
    kind: String,
    /// In lower case; `*` matches any subtype.
    subtype: String,
    /// In thousandths; 0 means not acceptable.
    weight: u16,
}

impl Accept {
    /// Parses all `Accept` headers as one list.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let ranges = headers
            .get_all(header::ACCEPT)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| split_outside_quotes(value, ','))
            .filter_map(MediaRange::parse)
            .collect();

        Self(ranges)
    }

    /// Whether the client accepts this media type.
    pub fn accepts(&self, media_type: &str) -> bool {
        self.rank(media_type).is_some()
    }

    /// The offered type with the highest weight. Ties go to the type that is named most
    /// specifically, then to the one named first, then to the one offered first. Returns `None` if
    /// none is acceptable.
    pub fn preferred<'a>(&self, offered: &[&'a str]) -> Option<&'a str> {
        offered
            .iter()
            .enumerate()
            .filter_map(|(offer, media_type)| {
                let (weight, specificity, position) = self.rank(media_type)?;
                Some((
                    (Reverse((weight, specificity)), position, offer),
                    *media_type,
                ))
            })
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, media_type)| media_type)
    }

    /// Weight, specificity and position of the most specific range that matches a media type.
    /// Returns `None` if no range matches or the type is not acceptable.
    fn rank(&self, media_type: &str) -> Option<(u16, u8, usize)> {
        if self.0.is_empty() {
            return Some((MAX_WEIGHT, 0, 0));
        }

        let (specificity, Reverse(position), weight) = self
            .0
            .iter()
            .enumerate()
            .filter_map(|(position, range)| {
                Some((
                    range.specificity(media_type)?,
                    Reverse(position),
                    range.weight,
                ))
            })
            // Of two equally specific ranges, the one with the higher weight counts.
            .max_by_key(|(specificity, position, weight)| (*specificity, *weight, *position))?;

        (weight > 0).then_some((weight, specificity, position))
    }
}

impl MediaRange {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split_outside_quotes(text, ';').map(str::trim);
        let essence = parts.next()?.to_ascii_lowercase();

        // Old Java clients send a lone star.
        let (kind, subtype) = if essence == "*" {
            ("*", "*")
        } else {
            essence.split_once('/')?
        };

        let (kind, subtype) = (kind.trim(), subtype.trim());
        if !is_token(kind) || !is_token(subtype) || (kind == "*" && subtype != "*") {
            return None;
        }

        let (mut weight, mut has_parameters) = (MAX_WEIGHT, false);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => weight = parse_weight(value.trim()),
                // Ignored: every response is in UTF-8.
                "charset" => {}
                _ => has_parameters = true,
            }
        }

        // `application/json;profile=x;q=0` rules out that profile, not JSON.
        let rules_out_a_variant = has_parameters && weight == 0;
        (!rules_out_a_variant).then(|| Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            weight,
        })
    }

    /// How specifically the range names a media type, from 0 (`*/*`) to 2; `None` if it does not
    /// match.
    fn specificity(&self, media_type: &str) -> Option<u8> {
        let (kind, subtype) = media_type.split_once('/')?;
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(0),
            (own, "*") if own == kind => Some(1),
            (own, below) if own == kind && below == subtype => Some(2),
            _ => None,
        }
    }
}

/// Parses a weight into thousandths. An invalid weight counts as 1, and a positive one is never
/// rounded down to 0.
fn parse_weight(text: &str) -> u16 {
    match text.parse::<f32>() {
        Ok(weight) if weight.is_finite() && weight > 0.0 => {
            ((weight.min(1.0) * 1000.0).round() as u16).max(1)
        }
        Ok(0.0) => 0,
        _ => MAX_WEIGHT,
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Splits a list at `separator`, but not within quoted strings.
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            _ if was_escaped => false,
            '\\' if is_quoted => {
                is_escaped = true;
                false
            }
            '"' => {
                is_quoted = !is_quoted;
                false
            }
            c => c == separator && !is_quoted,
        }
    })
}

/// Rejects a request for a media type that REST does not offer. Web pages, health checks and
/// metrics are sent as they are, whatever the client accepts; `/c/…` and `/mcp` negotiate on their
/// own.
pub(crate) async fn check_accept(request: Request, next: Next) -> Response {
    let offered = offered_types(request.uri().path());
    let accept = Accept::from_headers(request.headers());
    if offered.is_empty() || accept.preferred(offered).is_some() {
        return next.run(request).await;
    }

    not_acceptable(offered).into_response()
}

/// The media types offered at a path; empty if the response does not depend on `Accept` or the
/// route negotiates on its own.
pub(crate) fn offered_types(path: &str) -> &'static [&'static str] {
    match path {
        "/api/v1/sync" => &[JSON_LINES, JSON],
        "/openapi.json" => &[JSON],
        path if path.starts_with("/api/v1/") || path.starts_with(RESOURCE_METADATA) => &[JSON],
        _ => &[],
    }
}

/// The error for a client that accepts none of the offered types.
pub fn not_acceptable(offered: &[&str]) -> Problem {
    let types = offered.join(" or ");
    let detail = format!("responses here are {types}; accept that type, or omit the Accept header");
    Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const HTML: &str = "text/html";
    const MARKDOWN: &str = "text/markdown";

    fn accept(values: &[&str]) -> Accept {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        Accept::from_headers(&headers)
    }

    #[test]
    fn a_range_accepts_the_types_it_names() {
        for value in [
            JSON,
            "*/*",
            "*",
            "application/*, text/*",
            "APPLICATION/JSON",
            "application/json; charset=utf-8",
            "application/json;profile=\"a,b;q=0\"",
            "text/html;q=1, application/json;q=0.001",
            "application/json;q=0.5, */*;q=0",
            "application/json;q=0.0001",
            "application/json;q=abc",
            "application/json;q=-1",
            "application/json;profile=x;q=0, */*",
            "text/html, */*;q=0.1",
            " application / json ",
            "",
            "json",
            ",,",
        ] {
            assert!(accept(&[value]).accepts(JSON), "{value:?}");
        }

        assert!(accept(&[]).accepts(JSON));
        assert!(
            accept(&["text/html", JSON]).accepts(JSON),
            "several headers form one list"
        );
    }

    #[test]
    fn types_without_a_range_or_with_weight_zero_are_not_accepted() {
        for value in [
            "text/html",
            "text/*",
            "application/xml, text/event-stream",
            "application/json;q=0",
            "application/json ; Q=0.000",
            "application/json;q=0, */*",
            "application/json;q=0, application/*",
            "application/*;q=0, */*",
            "*/*;q=0",
            "application/jsonl",
            "text/plain;x=\"application/json\"",
        ] {
            assert!(!accept(&[value]).accepts(JSON), "{value:?}");
        }
    }

    #[test]
    fn types_are_preferred_by_weight_then_specificity_then_order() {
        let preferred = |value: &str| accept(&[value]).preferred(&[HTML, JSON, MARKDOWN]);
        assert_eq!(preferred("*/*"), Some(HTML));
        assert_eq!(
            preferred("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            Some(HTML)
        );
        assert_eq!(preferred(JSON), Some(JSON));
        assert_eq!(preferred("text/markdown, text/html, */*"), Some(MARKDOWN));
        assert_eq!(
            preferred("text/markdown;q=0.9, text/html;q=0.1"),
            Some(MARKDOWN)
        );
        assert_eq!(preferred("text/html;q=0, */*;q=0.1"), Some(JSON));
        assert_eq!(preferred("application/json, */*"), Some(JSON));
        assert_eq!(preferred("image/png"), None);
        assert_eq!(accept(&[]).preferred(&[HTML, JSON]), Some(HTML));
    }

    proptest! {
        #[test]
        fn any_header_is_parsed(value in "[ -~]{0,80}") {
            let accept = accept(&[&value]);
            let preferred = accept.preferred(&[JSON]);
            prop_assert_eq!(preferred.is_some(), accept.accepts(JSON));
        }

        #[test]
        fn a_type_named_with_a_weight_is_accepted(
            before in "[a-z]{1,8}/[a-z]{1,8}(;q=0\\.[0-9]{1,3})?",
            weight in 1_u16..=1000,
        ) {
            let q = f32::from(weight) / 1000.0;
            let named = format!("{}, {}/{};q={:.3}", before, "application", "json", q);
            prop_assume!(!before.starts_with(JSON));
            prop_assert!(accept(&[&named]).accepts(JSON));
        }
    }
}
