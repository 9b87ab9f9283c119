//! `Accept` as HTTP means it: media ranges with weights (RFC 9110, section 12.5.1). Every face that looks at the header
//! reads it here.
//!
//! Lenient where a header cannot be read: a weight that is none counts as 1, a range that is none is passed over, and a
//! header without any range is no header.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::access::metadata;
use crate::rest::Problem;

/// What most answers for programs are.
pub(crate) const JSON: &str = "application/json";
/// What an answer is that goes on.
const JSON_LINES: &str = "application/x-ndjson";

/// The weight of a range without one, in thousandths.
const FULL: u16 = 1000;

/// What the sender of a request takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accept(Vec<Range>);

/// One media range.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    /// In lower case; `*` where any will do.
    kind: String,
    subtype: String,
    /// In thousandths; 0 refuses.
    weight: u16,
}

impl Accept {
    /// What these headers say.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers
            .get_all(header::ACCEPT)
            .into_iter()
            .filter_map(|value| value.to_str().ok());

        Self(
            values
                .flat_map(|value| unquoted(value, ','))
                .filter_map(Range::read)
                .collect(),
        )
    }

    /// Whether answers of this media type are taken.
    pub(crate) fn takes(&self, media_type: &str) -> bool {
        self.rank(media_type).is_some()
    }

    /// Which of the offered types is wanted most; among equals the one that is named most exactly, then the one that is
    /// named first, then the one that is offered first. Nothing when none is taken.
    pub(crate) fn preferred<'a>(&self, offered: &[&'a str]) -> Option<&'a str> {
        let ranked = offered
            .iter()
            .enumerate()
            .filter_map(|(place, media_type)| {
                let (weight, exactness, named) = self.rank(media_type)?;
                Some((
                    (std::cmp::Reverse((weight, exactness)), named, place),
                    *media_type,
                ))
            });

        ranked
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, media_type)| media_type)
    }

    /// Weight, exactness and place of the range that speaks of a media type, the most exact one; nothing when it is
    /// refused or not spoken of.
    fn rank(&self, media_type: &str) -> Option<(u16, u8, usize)> {
        if self.0.is_empty() {
            return Some((FULL, 0, 0));
        }

        let ranges = self.0.iter().enumerate();
        let speaking = ranges
            .filter_map(|(place, range)| Some((range.exactness(media_type)?, place, range.weight)));

        // Of two equal ranges the one that takes more.
        let (exactness, place, weight) = speaking.max_by_key(|(exactness, place, weight)| {
            (*exactness, *weight, std::cmp::Reverse(*place))
        })?;
        (weight > 0).then_some((weight, exactness, place))
    }
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let mut parts = unquoted(text, ';').map(str::trim);
        let essence = parts.next()?.to_ascii_lowercase();

        // Old clients of Java send a lone star.
        let (kind, subtype) = if essence == "*" {
            ("*", "*")
        } else {
            essence.split_once('/')?
        };

        let (kind, subtype) = (kind.trim(), subtype.trim());
        if !is_token(kind) || !is_token(subtype) || (kind == "*" && subtype != "*") {
            return None;
        }

        let (mut weight, mut is_special) = (FULL, false);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => weight = read_weight(value.trim()),
                // Nothing is sent in another one.
                "charset" => {}
                _ => is_special = true,
            }
        }

        // `application/json;profile=x;q=0` refuses that profile, not JSON.
        let refuses_a_special_form = is_special && weight == 0;
        (!refuses_a_special_form).then(|| Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            weight,
        })
    }

    /// How exactly the range names a media type, if it does.
    fn exactness(&self, media_type: &str) -> Option<u8> {
        let (kind, subtype) = media_type.split_once('/')?;
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(0),
            (own, "*") if own == kind => Some(1),
            (own, below) if own == kind && below == subtype => Some(2),
            _ => None,
        }
    }
}

/// A weight in thousandths. What is no number says nothing; what is more than nothing does not become nothing.
fn read_weight(text: &str) -> u16 {
    match text.parse::<f32>() {
        Ok(weight) if weight.is_finite() && weight > 0.0 => {
            ((weight.min(1.0) * 1000.0).round() as u16).max(1)
        }
        Ok(0.0) => 0,
        _ => FULL,
    }
}

fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// The parts of a list; what stands between quotation marks is never divided.
fn unquoted(text: &str, border: char) -> impl Iterator<Item = &str> {
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
            c => c == border && !is_quoted,
        }
    })
}

/// Refuses a request for a form that REST does not have. Pages for people, and what answers an operator's tools, come as
/// they are, whatever is asked for; `/c/…` and `/mcp` choose by the header themselves.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let offered = offered(request.uri().path());
    let accept = Accept::of(request.headers());
    if offered.is_empty() || accept.preferred(offered).is_some() {
        return next.run(request).await;
    }

    not_acceptable(offered).into_response()
}

/// What answers at a path may be; nothing where that is not up to the asker.
pub(crate) fn offered(path: &str) -> &'static [&'static str] {
    match path {
        "/api/v1/sync" => &[JSON_LINES, JSON],
        "/openapi.json" => &[JSON],
        path if path.starts_with("/api/v1/") || path.starts_with(metadata::PATH) => &[JSON],
        _ => &[],
    }
}

/// The refusal of an asker who takes none of these.
pub(crate) fn not_acceptable(offered: &[&str]) -> Problem {
    let kinds = offered.join(" or ");
    let detail = format!("answers here are {kinds}; send that as Accept, or leave the header out");
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
        Accept::of(&headers)
    }

    #[test]
    fn ranges_take_what_they_name() {
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
            assert!(accept(&[value]).takes(JSON), "{value:?}");
        }

        assert!(accept(&[]).takes(JSON));
        assert!(
            accept(&["text/html", JSON]).takes(JSON),
            "two lines are one list"
        );
    }

    #[test]
    fn ranges_refuse_what_they_do_not_name_or_weigh_with_nothing() {
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
            assert!(!accept(&[value]).takes(JSON), "{value:?}");
        }
    }

    #[test]
    fn the_weightiest_then_the_most_exact_then_the_first_is_preferred() {
        let of = |value: &str| accept(&[value]).preferred(&[HTML, JSON, MARKDOWN]);
        assert_eq!(of("*/*"), Some(HTML));
        assert_eq!(
            of("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            Some(HTML)
        );
        assert_eq!(of(JSON), Some(JSON));
        assert_eq!(of("text/markdown, text/html, */*"), Some(MARKDOWN));
        assert_eq!(of("text/markdown;q=0.9, text/html;q=0.1"), Some(MARKDOWN));
        assert_eq!(of("text/html;q=0, */*;q=0.1"), Some(JSON));
        assert_eq!(of("application/json, */*"), Some(JSON));
        assert_eq!(of("image/png"), None);
        assert_eq!(accept(&[]).preferred(&[HTML, JSON]), Some(HTML));
    }

    proptest! {
        #[test]
        fn any_header_is_read(value in "[ -~]{0,80}") {
            let accept = accept(&[&value]);
            let preferred = accept.preferred(&[JSON]);
            prop_assert_eq!(preferred.is_some(), accept.takes(JSON));
        }

        #[test]
        fn what_is_named_with_a_weight_is_taken(before in "[a-z]{1,8}/[a-z]{1,8}(;q=0\\.[0-9]{1,3})?", weight in 1_u16..=1000) {
            let q = f32::from(weight) / 1000.0;
            let named = format!("{}, {}/{};q={:.3}", before, "application", "json", q);
            prop_assume!(!before.starts_with(JSON));
            prop_assert!(accept(&[&named]).takes(JSON));
        }
    }
}
