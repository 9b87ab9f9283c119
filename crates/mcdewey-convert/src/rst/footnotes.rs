//! Numbers footnotes whose label is only `#`, in the order of their use and of their definition.

#[derive(Default)]
pub(super) struct Footnotes {
    references: usize,
    notes: usize,
}

impl Footnotes {
    /// The label that a reference shows.
    pub(super) fn label_of_reference(&mut self, label: &str) -> String {
        shown(label, &mut self.references)
    }

    /// The label before a footnote's text.
    pub(super) fn label_of_note(&mut self, label: &str) -> String {
        shown(label, &mut self.notes)
    }
}

/// Removes the mark of labels that are also numbered; a mark alone becomes the next number.
fn shown(label: &str, count: &mut usize) -> String {
    if label == "#" {
        *count += 1;
        count.to_string()
    } else {
        label.trim_start_matches('#').to_owned()
    }
}
