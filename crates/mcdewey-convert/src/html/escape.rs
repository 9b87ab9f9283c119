//! Escapes text that Markdown or HTML would read as markup, and only that: backslashes inside
//! identifiers would keep people from finding them.

use dom_query::NodeRef;

use super::dom::has_ancestor_named;

/// Written instead of a backslash until the Markdown is complete, because the Markdown library
/// escapes backslashes itself. A private-use character, so no page contains it.
pub(super) const BACKSLASH_PLACEHOLDER: char = '\u{F8F5}';

/// Elements whose text is written as code and therefore needs no escaping.
const CODE: [&str; 4] = ["pre", "code", "kbd", "samp"];

/// Escapes text for HTML.
pub(crate) fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Escapes text for Markdown.
pub(crate) fn markdown(text: &str) -> String {
    with_placeholders(text).replace(BACKSLASH_PLACEHOLDER, "\\")
}

/// Escapes all text below a node that is not code.
pub(super) fn prepare(content: &NodeRef<'_>) {
    for node in content.descendants().into_iter().filter(NodeRef::is_text) {
        let text = node.text();
        if text.contains(['*', '_', '`', '<', '&', '[', '~']) && !has_ancestor_named(&node, &CODE) {
            node.set_text(with_placeholders(&text));
        }
    }
}

/// Escapes text for Markdown, with [`BACKSLASH_PLACEHOLDER`] as the escape character.
fn with_placeholders(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let has_links = text.contains("](") || text.contains("][");
    let mut previous = ' ';
    let mut rest = text.chars();

    while let Some(c) = rest.next() {
        let next = rest.clone().next().unwrap_or(' ');
        let is_markup = match c {
            '`' => true,
            '*' => !next.is_whitespace() || !previous.is_whitespace(),
            '_' => !previous.is_alphanumeric() && !next.is_whitespace(),
            '~' => next == '~' || previous == '~',
            '<' => next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'),
            '&' => begins_entity(rest.as_str()),
            '[' => has_links,
            _ => false,
        };

        if is_markup {
            escaped.push(BACKSLASH_PLACEHOLDER);
        }

        escaped.push(c);
        previous = c;
    }

    escaped
}

/// Whether the text after an ampersand makes it a character reference such as `&lt;` or `&#60;`.
fn begins_entity(after_ampersand: &str) -> bool {
    after_ampersand.find(';').is_some_and(|end| {
        (1..=31).contains(&end)
            && after_ampersand[..end]
                .chars()
                .enumerate()
                .all(|(at, c)| c.is_ascii_alphanumeric() || (at == 0 && c == '#'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_markup_but_not_identifiers() {
        for (text, expected) in [
            (
                "route_table_id 2 * 3 < 4 & c:\\temp [1]",
                "route_table_id 2 * 3 < 4 & c:\\temp [1]",
            ),
            (
                "<key> *x* _y_ `z` __init__",
                "\\<key> \\*x\\* \\_y_ \\`z\\` \\_\\_init__",
            ),
            ("&lt; [a](b) ~~c~~", "\\&lt; \\[a](b) \\~\\~c\\~\\~"),
        ] {
            assert_eq!(markdown(text), expected);
        }
    }
}
