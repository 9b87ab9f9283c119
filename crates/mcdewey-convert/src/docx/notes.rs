//! Footnotes and endnotes: their references in the text, and their text on the same page.

use std::collections::{HashMap, HashSet};

use super::numbering::format;
use super::xml::Element;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Footnote,
    Endnote,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Footnote, Self::Endnote];

    /// The kind of the relationship that leads to the part with the notes.
    pub(super) fn relationship(self) -> &'static str {
        match self {
            Self::Footnote => "footnotes",
            Self::Endnote => "endnotes",
        }
    }

    fn element(self) -> &'static str {
        match self {
            Self::Footnote => "w:footnote",
            Self::Endnote => "w:endnote",
        }
    }

    fn settings(self) -> &'static str {
        match self {
            Self::Footnote => "w:footnotePr",
            Self::Endnote => "w:endnotePr",
        }
    }

    /// How Word numbers notes unless the settings say otherwise.
    fn usual_format(self) -> &'static str {
        match self {
            Self::Footnote => "decimal",
            Self::Endnote => "lowerRoman",
        }
    }
}

/// A note that is referred to but not written yet.
#[derive(Debug)]
pub(super) struct PendingNote {
    pub(super) kind: Kind,
    /// As it stands in the text; empty if the text has a mark of its own.
    pub(super) label: String,
    pub(super) content: Element,
}

/// How one kind of notes is numbered.
#[derive(Debug)]
struct Count {
    format: String,
    next: u32,
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Notes that no reference has been seen of.
    unseen: HashMap<(Kind, String), Element>,
    pending: Vec<PendingNote>,
    counts: HashMap<Kind, Count>,
    labels: HashMap<(Kind, String), String>,
    missing: HashSet<(Kind, String)>,
}

impl Notes {
    /// Adds the notes of a part.
    pub(super) fn add(&mut self, kind: Kind, root: Element) {
        for note in root.into_elements().filter(|note| note.is(kind.element())) {
            let is_text = matches!(note.attribute("w:type"), None | Some("normal"));
            if let Some(id) = note.attribute("w:id").filter(|_| is_text) {
                self.unseen.insert((kind, id.to_owned()), note);
            }
        }
    }

    /// Reads how notes are numbered from the settings of the document.
    pub(super) fn read_settings(&mut self, settings: &Element) {
        for kind in Kind::ALL {
            let properties = settings.child(kind.settings());
            let format = properties.and_then(|properties| properties.value("w:numFmt"));
            let first = properties.and_then(|properties| properties.number("w:numStart"));
            self.counts.insert(
                kind,
                Count {
                    format: format.unwrap_or(kind.usual_format()).to_owned(),
                    next: first.unwrap_or(1),
                },
            );
        }
    }

    /// Returns the label of a note at a reference to it. `has_own_mark` says that the text has a
    /// mark of its own, which is then not counted.
    pub(super) fn refer(&mut self, kind: Kind, id: &str, has_own_mark: bool) -> String {
        let key = (kind, id.to_owned());
        if let Some(label) = self.labels.get(&key) {
            return label.clone();
        }

        let label = if has_own_mark {
            String::new()
        } else {
            self.next_label(kind)
        };
        self.labels.insert(key.clone(), label.clone());
        match self.unseen.remove(&key) {
            Some(content) => self.pending.push(PendingNote {
                kind,
                label: label.clone(),
                content,
            }),
            None => {
                self.missing.insert(key);
            }
        }

        label
    }

    fn next_label(&mut self, kind: Kind) -> String {
        let count = self.counts.entry(kind).or_insert_with(|| Count {
            format: kind.usual_format().to_owned(),
            next: 1,
        });
        let number = count.next;
        count.next = number.saturating_add(1);
        format!("[{}]", format::number(number, &count.format))
    }

    /// Returns the first note of a kind that has been referred to and is not written yet.
    pub(super) fn take(&mut self, kind: Kind) -> Option<PendingNote> {
        let at = self.pending.iter().position(|note| note.kind == kind)?;
        Some(self.pending.remove(at))
    }

    /// The number of references to notes that the document does not have.
    pub(super) fn missing(&self) -> usize {
        self.missing.len()
    }
}
