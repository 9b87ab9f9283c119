//! Finds the panels of tabs and of similar controls, of which a page shows one at a time, and writes
//! their labels into them. The controls themselves are removed.

use std::collections::HashMap;
use std::sync::LazyLock;

use dom_query::{Document, Matcher, NodeRef};

use super::dom::{collapse_whitespace, descendants_named};
use super::{escape, hidden};

static PANEL: LazyLock<Matcher> = LazyLock::new(|| {
    matcher(
        "[role='tabpanel'], .tab-pane, .tabpanel, .tab-panel, .sphinx-tabs-panel, .ui-tabs-panel, \
         .tabbed-block, .sd-tab-content, .vp-code-group > .blocks > div",
    )
});

static TAB_LIST: LazyLock<Matcher> = LazyLock::new(|| {
    matcher(
        "[role='tablist'], .tabbed-labels, .nav-tabs, .nav-pills, .ui-tabs-nav, .tablist, .tabs, \
         .tab-list, .tab-labels",
    )
});

/// What the labels of a list of tabs may be, the most specific first.
const TABS: [&str; 5] = ["[role='tab']", "label", "button", "a", "li"];

/// Elements that open something.
static CONTROL: LazyLock<Matcher> = LazyLock::new(|| {
    matcher(
        "[aria-controls], [role='tab'], [data-target], [data-bs-target], [data-toggle], \
         [data-bs-toggle], .nav-tabs a, .tabs a, .tablist a, .ui-tabs-nav a",
    )
});

/// How far above a panel the list of its tabs may be.
const MAX_LEVELS: usize = 4;

fn matcher(selector: &str) -> Matcher {
    Matcher::new(selector).expect("the selector is valid")
}

/// Makes all panels visible and begins each with its label.
pub(super) fn label_panels(document: &Document) {
    let elements: Vec<NodeRef<'_>> = document
        .root()
        .descendants()
        .into_iter()
        .filter(NodeRef::is_element)
        .collect();
    let controls = Controls::new(&elements);

    let mut labelled = Vec::new();
    for panel in &elements {
        let follows_radio_button = radio_label(panel);
        let is_panel = follows_radio_button.is_some() || panel.is_match(&PANEL);
        if is_panel {
            let label = follows_radio_button
                .or_else(|| controls.of(panel))
                .or_else(|| label_by_position(panel));
            labelled.push((*panel, label));
        } else if let Some(control) = controls.of(panel).filter(|_| hidden::is_content(panel)) {
            hidden::show(panel);
            if control.has_name("button") {
                show_button_text(&control);
            }
        }
    }

    for (panel, label) in &labelled {
        hidden::show(panel);
        let text = label.map(|label| collapse_whitespace(&label.text()));
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            panel.prepend_html(format!("<p><strong>{}</strong></p>", escape::html(&text)));
        }
    }

    for label in labelled.iter().filter_map(|(_, label)| *label) {
        remove_with_empty_list(&label);
    }
}

/// The elements that open others, by the identifier of what they open, and those that are labels,
/// by their own identifier.
struct Controls<'a> {
    by_target: HashMap<String, NodeRef<'a>>,
    by_id: HashMap<String, NodeRef<'a>>,
}

impl<'a> Controls<'a> {
    fn new(elements: &[NodeRef<'a>]) -> Self {
        let mut controls = Self {
            by_target: HashMap::new(),
            by_id: HashMap::new(),
        };

        for element in elements {
            if let Some(id) = element.id_attr() {
                controls.by_id.entry(id.to_string()).or_insert(*element);
            }

            if element.is_match(&CONTROL) {
                for name in ["aria-controls", "data-bs-target", "data-target", "href"] {
                    let target = element.attr_or(name, "");
                    let target = target.trim_start_matches('#');
                    if !target.is_empty() {
                        let entry = controls.by_target.entry(target.to_owned());
                        entry.or_insert(*element);
                    }
                }
            }
        }

        controls
    }

    /// The element that names a panel or opens it.
    fn of(&self, panel: &NodeRef<'a>) -> Option<NodeRef<'a>> {
        let labelled_by = panel.attr("aria-labelledby");
        let named = labelled_by
            .as_deref()
            .and_then(|ids| ids.split_whitespace().next())
            .and_then(|id| self.by_id.get(id));
        let opened = || self.by_target.get(panel.id_attr().as_deref()?);
        named.or_else(opened).copied()
    }
}

/// The label of a panel that is shown while a radio button is chosen:
/// `<input type="radio"><label>Linux</label><div>…</div>`.
fn radio_label<'a>(panel: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    if panel.has_name("input") || panel.has_name("label") {
        return None;
    }

    let label = panel
        .prev_element_sibling()
        .filter(|node| node.has_name("label"))?;
    let button = label.prev_element_sibling()?;
    (&*button.attr_or("type", "") == "radio").then_some(label)
}

/// The label with the same position in the nearest list that has one for each panel.
fn label_by_position<'a>(panel: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let siblings: Vec<NodeRef<'a>> = panel
        .parent()?
        .element_children()
        .into_iter()
        .filter(|node| node.is_match(&PANEL))
        .collect();
    let position = siblings.iter().position(|node| node.id == panel.id)?;

    panel
        .ancestors(Some(MAX_LEVELS))
        .iter()
        .flat_map(NodeRef::descendants)
        .filter(|node| node.is_element() && node.is_match(&TAB_LIST))
        .find_map(|list| {
            TABS.iter().find_map(|selector| {
                let tabs: Vec<NodeRef<'a>> = list
                    .descendants()
                    .into_iter()
                    .filter(|node| node.is_element() && node.is(selector))
                    .collect();
                (tabs.len() == siblings.len()).then(|| tabs[position])
            })
        })
}

/// Turns a button that opens a part of the text into text: it is the title of that part.
fn show_button_text(button: &NodeRef<'_>) {
    let in_heading = button.parent().is_some_and(|parent| {
        ["h1", "h2", "h3", "h4", "h5", "h6", "summary"]
            .iter()
            .any(|name| parent.has_name(name))
    });

    button.remove_attr("class");
    hidden::show(button);
    if in_heading {
        button.rename("span");
    } else {
        button.rename("strong");
        button.wrap_html("<p></p>");
    }
}

/// Removes a label and the list around it, if the list has no other text.
fn remove_with_empty_list(label: &NodeRef<'_>) {
    let ancestors = label.ancestors(Some(2));
    label.remove_from_parent();
    for ancestor in ancestors {
        let has_content = ancestor.text().chars().any(char::is_alphanumeric)
            || !descendants_named(&ancestor, &["img", "pre"]).is_empty();
        if has_content {
            break;
        }

        if !ancestor.has_name("body") && !ancestor.has_name("html") {
            ancestor.remove_from_parent();
        }
    }
}
