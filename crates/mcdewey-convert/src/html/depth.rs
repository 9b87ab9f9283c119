//! Rejects pages that are nested too deeply, before anything recurses over them.

use mcdewey_core::ConvertError;

/// Pages of manuals stay below 60 levels; the parsers can take three times this limit.
const MAX_DEPTH: usize = 250;

/// Elements that do not nest: they have no content, or the parser closes them implicitly when the
/// next one begins.
const NOT_NESTING: [&str; 30] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup",
    "option", "optgroup", "html", "body", "head",
];

/// Elements whose content is not markup.
const RAW_TEXT: [&str; 4] = ["script", "style", "textarea", "title"];

/// Fails if elements are nested more than [`MAX_DEPTH`] deep. Takes one pass and does not recurse.
pub(super) fn check(html: &str) -> Result<(), ConvertError> {
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }

        let (is_closing, tag) = match rest.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let name = tag_name(tag);
        rest = tag.get(name.len()..).unwrap_or_default();

        if name.is_empty() || NOT_NESTING.contains(&name.as_str()) {
            continue;
        }

        if is_closing {
            if let Some(at) = open.iter().rposition(|open| *open == name) {
                open.truncate(at);
            }
        } else if RAW_TEXT.contains(&name.as_str()) {
            rest = skip_raw_text(rest, &name);
        } else {
            open.push(name);
            if open.len() > MAX_DEPTH {
                return Err(ConvertError(format!(
                    "the page's elements are nested more than {MAX_DEPTH} levels deep; \
                     save it again from a browser"
                )));
            }
        }
    }

    Ok(())
}

/// The element's name in lower case; empty if this is not a tag.
fn tag_name(tag: &str) -> String {
    if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return String::new();
    }

    tag.chars()
        .take_while(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// What follows the closing tag of an element; empty if there is none.
fn skip_raw_text<'a>(text: &'a str, name: &str) -> &'a str {
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
    fn rejects_deep_pages_but_not_long_ones() {
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
    fn ignores_comments_scripts_and_plain_text() {
        assert!(check(&format!("<!-- {} -->", "<div>".repeat(1000))).is_ok());
        assert!(check(&format!("<script>{}</SCRIPT>", "<div>".repeat(1000))).is_ok());
        assert!(check(&"a < b ".repeat(1000)).is_ok());
    }
}
