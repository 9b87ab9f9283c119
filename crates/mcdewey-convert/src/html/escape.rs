//! Text that would be read as markup, escaped; as little as possible, since people search for identifiers.

use dom_query::NodeRef;

use super::blocks::inside;

/// Stands for a backslash until the library is through, since it escapes backslashes itself. A private character that no
/// page has a use for.
pub(super) const BACKSLASH: char = '\u{F8F5}';

/// What is written as code, where nothing is markup.
const CODE: [&str; 4] = ["pre", "code", "kbd", "samp"];

/// Text as HTML.
pub(crate) fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Text as Markdown.
pub(crate) fn text(text: &str) -> String {
    markdown(text).replace(BACKSLASH, "\\")
}

/// Escapes all text of a part that is not code.
pub(super) fn prepare(part: &NodeRef<'_>) {
    for text in part.descendants().into_iter().filter(NodeRef::is_text) {
        let words = text.text();
        if words.contains(['*', '_', '`', '<', '&', '[', '~']) && !inside(&text, &CODE) {
            text.set_text(markdown(&words));
        }
    }
}

/// Text as Markdown, with [`BACKSLASH`] for what is escaped.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let links = text.contains("](") || text.contains("][");
    let mut before = ' ';

    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let after = rest.clone().next().unwrap_or(' ');
        let markup = match c {
            '`' => true,
            '*' => !after.is_whitespace() || !before.is_whitespace(),
            '_' => !before.is_alphanumeric() && !after.is_whitespace(),
            '~' => after == '~' || before == '~',
            '<' => after.is_ascii_alphabetic() || matches!(after, '/' | '!' | '?'),
            '&' => is_entity(rest.as_str()),
            '[' => links,
            _ => false,
        };

        if markup {
            escaped.push(BACKSLASH);
        }

        escaped.push(c);
        before = c;
    }

    escaped
}

/// Whether what follows an ampersand would be read as a character.
fn is_entity(rest: &str) -> bool {
    rest.find(';').is_some_and(|end| {
        (1..=31).contains(&end)
            && rest[..end]
                .chars()
                .enumerate()
                .all(|(at, c)| c.is_ascii_alphanumeric() || (at == 0 && c == '#'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_markup_is_escaped() {
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
            assert_eq!(markdown(text).replace(BACKSLASH, "\\"), expected);
        }
    }
}
