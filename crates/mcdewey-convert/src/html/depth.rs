//! How deep a page is nested, before anything recurses over it.

use mcdewey_core::ConvertError;

/// Pages of manuals stay below 60; the parsers behind take three times this.
const MAX_DEPTH: usize = 250;

/// Elements that hold nothing, and those that the parser closes by itself when the next one begins.
const UNCOUNTED: [&str; 30] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup",
    "option", "optgroup", "html", "body", "head",
];

/// Their content is not markup.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// An error for a page that is nested deeper than any manual; one pass, no recursion.
pub(super) fn check(html: &str) -> Result<(), ConvertError> {
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }

        let (closing, tag) = match rest.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let name = name(tag);
        rest = tag.get(name.len()..).unwrap_or_default();

        if name.is_empty() || UNCOUNTED.contains(&name.as_str()) {
            continue;
        }

        if closing {
            if let Some(at) = open.iter().rposition(|open| *open == name) {
                open.truncate(at);
            }
        } else if RAW.contains(&name.as_str()) {
            rest = after_raw(rest, &name);
        } else {
            open.push(name);
            if open.len() > MAX_DEPTH {
                return Err(ConvertError(format!(
                    "its elements are nested more than {MAX_DEPTH} deep; save the page as it is shown in a browser"
                )));
            }
        }
    }

    Ok(())
}

/// The element's name in lower case; empty where a tag does not begin.
fn name(tag: &str) -> String {
    if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return String::new();
    }

    tag.chars()
        .take_while(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn after_raw<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name))
        {
            return &rest[name.len()..];
        }
    }

    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_pages_are_refused_and_long_ones_are_not() {
        assert!(
            check(&"<div>".repeat(100_000))
                .unwrap_err()
                .0
                .contains("nested more than")
        );
        assert!(check(&"<B x=1><p>".repeat(100_000)).is_err());
        assert!(check(&"<div><p>a<br></div>".repeat(10_000)).is_ok());
        assert!(check(&"<p>a<li>b".repeat(10_000)).is_ok());
        assert!(check(&"<div><span></div>".repeat(10_000)).is_ok());
    }

    #[test]
    fn what_is_no_markup_does_not_count() {
        assert!(check(&format!("<!-- {} -->", "<div>".repeat(1000))).is_ok());
        assert!(check(&format!("<script>{}</SCRIPT>", "<div>".repeat(1000))).is_ok());
        assert!(check(&"a < b ".repeat(1000)).is_ok());
    }
}
