//! Decides about text that a page does not show at first: what readers can open is kept, what they
//! can read elsewhere on the page is removed, and a warning names the rest.

use std::sync::LazyLock;

use dom_query::{Document, Matcher, NodeRef};

use super::dom::{collapse_whitespace, has_ancestor_named, has_descendant_named};

/// Classes of elements that readers open, or that a page shows in turn.
static OPENABLE: LazyLock<Matcher> = LazyLock::new(|| {
    matcher(
        "details *, [role='tabpanel'], [role='region'], [class*='tab-'], [class*='tabpanel'], \
         [class*='accordion'], [class*='collaps'], [class*='carousel'], [class*='slide'], \
         [class*='expand'], [class*='toggle'], [class*='details'], [class*='answer']",
    )
});

/// Elements that are not part of the text, shown or not.
static NOT_CONTENT: LazyLock<Matcher> = LazyLock::new(|| {
    matcher(
        "[role='dialog'], [role='alertdialog'], [role='tooltip'], [role='menu'], [role='alert'], \
         [class*='modal'], [class*='popup'], [class*='popover'], [class*='dropdown'], \
         [class*='tooltip'], [class*='cookie'], [class*='consent'], [class*='overlay'], \
         [class*='search'], [class*='toast'], [class*='menu'], [class*='print'], \
         [class*='feedback'], [class*='banner'], [class*='copy'], [class*='navbar'], [class*='sidebar'], [id*='cookie'], [id*='consent'], \
         [id*='menu'], [id*='nav'], [id*='search'], [id*='sidebar']",
    )
});

/// How many characters of a text are quoted in a warning.
const QUOTED_CHARS: usize = 80;

fn matcher(selector: &str) -> Matcher {
    Matcher::new(selector).expect("the selector is valid")
}

/// Makes hidden elements visible, or removes them. Those that match `navigation` are removed.
pub(super) fn show_or_remove(document: &Document, navigation: &str, warnings: &mut Vec<String>) {
    let hidden: Vec<NodeRef<'_>> = document
        .select("[hidden], [aria-hidden='true'], [style]")
        .nodes()
        .iter()
        .filter(|node| is_hidden(node) || is_decoration(node))
        .copied()
        .collect();
    if hidden.is_empty() {
        return;
    }

    let shown = shown_letters(&document.root());
    let mut lost: Vec<String> = Vec::new();
    for node in hidden {
        let letters = letters(&node.text());
        let is_content = !letters.is_empty() && is_content(&node) && !node.is(navigation);
        let is_openable = node.is_match(&OPENABLE);

        if is_content && (is_openable || (!is_hidden(&node) && !shown.contains(&letters))) {
            show(&node);
            continue;
        }

        if is_content && !shown.contains(&letters) {
            lost.push(collapse_whitespace(&node.text()));
        }
        node.remove_from_parent();
    }

    warn(&lost, warnings);
}

/// Makes an element visible.
pub(super) fn show(node: &NodeRef<'_>) {
    node.remove_attrs(&["hidden", "aria-hidden", "style"]);
}

/// Whether an element may be part of a page's text, as far as its name and classes tell.
pub(super) fn is_content(node: &NodeRef<'_>) -> bool {
    !node.is_match(&NOT_CONTENT)
        && !has_ancestor_named(node, &["nav", "header"])
        && !has_descendant_named(node, &["nav"])
}

fn warn(lost: &[String], warnings: &mut Vec<String>) {
    let Some(first) = lost.first() else { return };
    let quoted: String = first.chars().take(QUOTED_CHARS).collect();
    warnings.push(format!(
        "text that the page hides was left out in {} places, first “{quoted}”; to keep it, save the \
         page with this text shown",
        lost.len()
    ));
}

/// Whether browsers do not show an element.
fn is_hidden(node: &NodeRef<'_>) -> bool {
    let style = node
        .attr_or("style", "")
        .to_ascii_lowercase()
        .replace(' ', "");
    node.has_attr("hidden") || style.contains("display:none") || style.contains("visibility:hidden")
}

/// Whether an element is shown but not read aloud, such as an icon.
fn is_decoration(node: &NodeRef<'_>) -> bool {
    &*node.attr_or("aria-hidden", "") == "true"
}

/// The letters of all text that is not hidden.
fn shown_letters(root: &NodeRef<'_>) -> String {
    let mut found = String::new();
    let mut nodes = vec![*root];
    while let Some(node) = nodes.pop() {
        if node.is_text() {
            found.push_str(&letters(&node.text()));
        } else if !(node.is_element() && (is_hidden(&node) || is_decoration(&node))) {
            nodes.extend(node.children_it(true));
        }
    }

    found
}

/// The letters and digits of a text, which tell whether two texts say the same.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
