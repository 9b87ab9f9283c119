//! The text of a page as the HTML parser finds it, hidden text included.

use dom_query::{Document, NodeRef};

use super::Source;
use crate::html;

/// Elements whose content is not text that readers see, and the labels of tabs, which stand before
/// all panels here and before their own in the result.
const NOT_TEXT: &str = "script, style, noscript, template, head, object, embed, canvas, audio, \
    video, svg, iframe, math, button, input, select, textarea, dialog, [role=\"tab\"], .sr-only, \
    .visually-hidden, .katex-html, td.linenos, .linenodiv, .lineno";

/// Elements within a line of text.
const INLINE: [&str; 33] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// Reads the text nodes of a page's main part, without navigation.
pub(super) fn read(bytes: &[u8]) -> Option<Source> {
    let document = Document::from(html::decode(bytes).ok()?);
    document.select(NOT_TEXT).remove();
    html::remove_navigation(&document);
    let main = html::main_part(&document);

    let mut text = String::new();
    collect(&main.node, main.has_unmarked_menus(), &mut text);
    Some(Source::text(text))
}

fn collect(node: &NodeRef<'_>, without_links: bool, text: &mut String) {
    for child in node.children_it(false) {
        if child.is_text() {
            text.push_str(&child.text());
        } else if child.is_element() {
            let name = child.node_name().unwrap_or_default();
            if without_links && &*name == "a" {
                continue;
            }

            let border = if INLINE.contains(&&*name) { "" } else { "\n" };
            text.push_str(border);
            collect(&child, without_links, text);
            text.push_str(border);
        }
    }
}
