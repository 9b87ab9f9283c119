//! Code blocks: reduces `pre` to plain text and its language.

use dom_query::NodeRef;

use super::dom::descendants_named;
use super::escape;

/// Longer language names are other classes that happen to have a matching prefix.
const MAX_LANGUAGE_NAME: usize = 20;

/// Replaces a `pre` by one with a single `code` element, without the markup of syntax colouring.
/// Removes it if it is empty.
pub(super) fn simplify(pre: &NodeRef<'_>) {
    for line_break in descendants_named(pre, &["br"]) {
        line_break.replace_with_html("\n");
    }

    let text = pre.text().replace("\r\n", "\n");
    let text = text.trim_end_matches(['\n', ' ']).trim_start_matches('\n');
    if text.is_empty() {
        pre.remove_from_parent();
        return;
    }

    let class = language(pre)
        .map(|language| format!(" class=\"language-{language}\""))
        .unwrap_or_default();

    // The HTML parser drops the first line break of a `pre`. Putting the text directly after the
    // tag keeps the indentation of its first line.
    pre.replace_with_html(format!(
        "<pre><code{class}>{}\n</code></pre>",
        escape::html(text)
    ));
}

/// The language named by an attribute or class of the code, of the `pre`, or of up to two elements
/// around it.
fn language(pre: &NodeRef<'_>) -> Option<String> {
    let mut candidates: Vec<NodeRef<'_>> = descendants_named(pre, &["code"]);
    candidates.push(*pre);
    candidates.extend(pre.ancestors(Some(2)));

    candidates.iter().find_map(language_of_element)
}

fn language_of_element(node: &NodeRef<'_>) -> Option<String> {
    let from_attribute = ["data-lang", "data-language", "lang-name"]
        .iter()
        .find_map(|name| node.attr(name))
        .map(|language| language.to_string());

    let name = from_attribute
        .or_else(|| language_of_class(&node.class().unwrap_or_default()))?
        .to_ascii_lowercase();

    is_language_name(&name).then_some(name)
}

fn language_of_class(class: &str) -> Option<String> {
    // SyntaxHighlighter writes "brush: sh", Pandoc "sourceCode sh".
    let class = class
        .replace("brush: ", "language-")
        .replace("sourceCode ", "language-");

    class.split([' ', ';']).find_map(|class| {
        let name = ["language-", "lang-", "highlight-", "highlight-source-"]
            .iter()
            .find_map(|prefix| class.strip_prefix(prefix))?;

        let names_no_language = matches!(
            name,
            "default" | "none" | "text" | "plaintext" | "notranslate"
        );
        (!names_no_language).then(|| name.to_owned())
    })
}

fn is_language_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_LANGUAGE_NAME
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+#-_.".contains(c))
}
