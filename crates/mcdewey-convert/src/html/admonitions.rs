//! Turns the note and warning boxes of the usual documentation generators into block quotes that
//! begin with their title.

use std::sync::LazyLock;

use dom_query::{Matcher, NodeRef};

use super::dom::{collapse_whitespace, has_ancestor_named, has_any_name};
use super::escape;

static ADMONITION: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new(
        "div.admonition, aside.admonition, div.admonitionblock, div.theme-admonition, div.alert, \
         div.callout, aside.callout, div.note, div.warning, div.tip, div.caution, div.important, \
         div.danger, div.hint, div.attention, div.info, aside.note, aside.warning, aside.tip, \
         aside.caution, section.note, section.warning, p.note, p.warning, p.tip, p.caution",
    )
    .expect("the selector is valid")
});

static TITLE: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new(
        ".admonition-title, .admonition-heading, .admonitionblock > .title, td.icon, \
         .alert-title, .alert-heading, .callout-title, .callout-heading, \
         [class*='admonitionHeading'], .notetitle, .title",
    )
    .expect("the selector is valid")
});

/// Class names and the titles they stand for, used where a box has no title of its own.
const TITLES_BY_CLASS: [(&str, &str); 14] = [
    ("warning", "Warning"),
    ("caution", "Caution"),
    ("danger", "Danger"),
    ("attention", "Attention"),
    ("important", "Important"),
    ("error", "Error"),
    ("hint", "Hint"),
    ("tip", "Tip"),
    ("success", "Tip"),
    ("seealso", "See also"),
    ("deprecated", "Deprecated"),
    ("example", "Example"),
    ("info", "Info"),
    ("note", "Note"),
];

/// Rewrites all admonitions below a node.
pub(super) fn to_quotes(root: &NodeRef<'_>) {
    for node in root.descendants().into_iter().filter(NodeRef::is_element) {
        let is_admonition = node.class().is_some()
            && node.is_match(&ADMONITION)
            && !has_ancestor_named(&node, &["pre"]);

        if is_admonition {
            to_quote(&node);
        }
    }
}

fn to_quote(admonition: &NodeRef<'_>) {
    let class = admonition.class().unwrap_or_default().to_ascii_lowercase();
    let title = take_title(admonition)
        .filter(|title| !title.is_empty())
        .or_else(|| title_of_class(&class));

    let is_paragraph = admonition.has_name("p");
    if is_paragraph {
        admonition.wrap_html("<blockquote></blockquote>");
    } else {
        if class.contains("admonitionblock") {
            unwrap_asciidoctor_table(admonition);
        }
        admonition.rename("blockquote");
    }

    admonition.remove_attr("class");

    let Some(title) = title else { return };
    let has_title_already = collapse_whitespace(&admonition.text())
        .to_lowercase()
        .starts_with(&title.to_lowercase());
    if has_title_already {
        return;
    }

    let title = escape::html(title.trim_end_matches(':'));
    if is_paragraph {
        admonition.prepend_html(format!("<strong>{title}:</strong> "));
    } else {
        admonition.prepend_html(format!("<p><strong>{title}</strong></p>"));
    }
}

/// Removes the title element and returns its text.
fn take_title(admonition: &NodeRef<'_>) -> Option<String> {
    let title = admonition
        .descendants()
        .into_iter()
        .find(|node| node.is_element() && node.is_match(&TITLE))?;

    let text = collapse_whitespace(&title.text());
    title.remove_from_parent();
    Some(text)
}

fn title_of_class(class: &str) -> Option<String> {
    TITLES_BY_CLASS
        .iter()
        .find(|(word, _)| class.split(['-', ' ', '_']).any(|part| part == *word))
        .map(|(_, title)| (*title).to_owned())
}

/// Asciidoctor lays an admonition out as a table with one cell for the icon and one for the text.
fn unwrap_asciidoctor_table(admonition: &NodeRef<'_>) {
    for node in admonition.descendants() {
        if has_any_name(&node, &["table", "tbody", "tr", "td"]) {
            node.rename("div");
        }
    }
}
