//! The names that dialects give to boxes and to parts with a label.

/// The kinds of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alert {
    Note,
    Tip,
    Important,
    Warning,
    Caution,
}

impl Alert {
    /// The name in the first line of an alert.
    pub(super) fn marker(self) -> &'static str {
        match self {
            Self::Note => "NOTE",
            Self::Tip => "TIP",
            Self::Important => "IMPORTANT",
            Self::Warning => "WARNING",
            Self::Caution => "CAUTION",
        }
    }

    /// Returns the kind that the name of a box stands for.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "note" | "info" | "information" | "abstract" | "summary" | "tldr" | "todo"
            | "question" | "help" | "faq" | "example" | "quote" | "cite" | "seealso"
            | "versionadded" | "versionchanged" => Self::Note,
            "tip" | "hint" | "success" | "check" | "done" => Self::Tip,
            "important" => Self::Important,
            "warning" | "warn" | "attention" | "failure" | "fail" | "missing" | "bug"
            | "deprecated" => Self::Warning,
            "caution" | "danger" | "error" => Self::Caution,
            _ => return None,
        })
    }
}

/// Boxes whose kind is an attribute.
pub(super) fn is_generic_box(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "callout" | "admonition" | "alert" | "aside" | "hint" | "notice" | "blockquote-alert"
    )
}

/// Parts of a page that readers choose, open or follow, each with a label.
pub(super) fn is_part(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "tab"
            | "tabitem"
            | "tab-item"
            | "tabs.tab"
            | "tabs.item"
            | "codetab"
            | "accordion"
            | "accordionitem"
            | "step"
            | "steps.step"
            | "details"
            | "collapse"
            | "collapsible"
            | "expand"
            | "expandable"
            | "expander"
            | "dropdown"
            | "spoiler"
            | "update"
    )
}

/// Components that only arrange others.
pub(super) fn is_wrapper(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "tabs"
            | "tab-set"
            | "tabpane"
            | "accordiongroup"
            | "accordions"
            | "steps"
            | "stepper"
            | "cardgroup"
            | "cards"
            | "cardgrid"
            | "columns"
            | "column"
            | "codegroup"
            | "code-group"
            | "codetabs"
            | "grid"
            | "frame"
            | "raw"
            | "v-pre"
            | "panel-tabset"
    )
}

/// Components with a title, and fields of interfaces.
pub(super) fn is_titled(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "card" | "linkcard" | "paramfield" | "responsefield" | "property" | "parameter"
    )
}

/// Reports whether a component of this name is known from several programs.
pub(super) fn is_known(name: &str) -> bool {
    Alert::from_name(name).is_some()
        || is_generic_box(name)
        || is_part(name)
        || is_wrapper(name)
        || is_titled(name)
}

/// Returns the words of a name: `see-also` becomes "See also".
pub(super) fn words(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
