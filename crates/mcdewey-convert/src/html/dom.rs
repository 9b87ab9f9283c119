//! Queries on a parsed page that several of the HTML modules need.

use dom_query::NodeRef;

/// All descendants with one of these element names, in document order.
pub(super) fn descendants_named<'a>(root: &NodeRef<'a>, names: &[&str]) -> Vec<NodeRef<'a>> {
    root.descendants()
        .into_iter()
        .filter(|node| has_any_name(node, names))
        .collect()
}

pub(super) fn has_descendant_named(root: &NodeRef<'_>, names: &[&str]) -> bool {
    root.descendants_it().any(|node| has_any_name(&node, names))
}

pub(super) fn has_ancestor_named(node: &NodeRef<'_>, names: &[&str]) -> bool {
    node.ancestors_it(None)
        .any(|ancestor| has_any_name(&ancestor, names))
}

pub(super) fn has_any_name(node: &NodeRef<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| node.has_name(name))
}

/// Trims text and replaces each run of whitespace with one space.
pub(super) fn collapse_whitespace(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
