//! Measures how much text a library contains more than once, by paragraph: the same paragraph may
//! be in ten books and five versions.

use std::collections::{HashMap, HashSet};

use mcdewey_core::ContentHash;
use serde::Serialize;

/// Paragraphs with fewer bytes ("Note", "Step 1") are ignored: they do not show that text was
/// copied.
const MIN_PARAGRAPH: usize = 40;

/// A document counts as copied if at least this percentage of its bytes is in other documents too.
const COPIED_PERCENT: u64 = 90;

/// Text that the library contains more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Bytes of all paragraphs.
    pub bytes: u64,
    /// Bytes of the distinct paragraphs.
    pub distinct_bytes: u64,
    /// Documents that are almost completely contained in others.
    pub copied: Vec<CopiedDocument>,
}

/// A document whose paragraphs are in other documents too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopiedDocument {
    /// Its source.
    pub path: String,
    /// The percentage of its bytes that is in other documents.
    pub percent: u64,
}

/// The paragraphs of all documents, by hash.
#[derive(Debug, Default)]
pub(super) struct ParagraphIndex {
    documents: Vec<DocumentParagraphs>,
    /// The position of the only document that has a paragraph, or `None` if several have it.
    owners: HashMap<u64, Option<usize>>,
}

#[derive(Debug)]
struct DocumentParagraphs {
    path: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Debug)]
struct Paragraph {
    /// Of the text with single spaces between its words.
    hash: u64,
    bytes: u64,
}

impl ParagraphIndex {
    pub(super) fn add<'a>(&mut self, path: &str, texts: impl Iterator<Item = &'a str>) {
        let position = self.documents.len();
        let mut paragraphs = Vec::new();
        for paragraph in texts.flat_map(|text| text.split("\n\n")) {
            let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            if words.len() < MIN_PARAGRAPH {
                continue;
            }

            let hash = short_hash(&words);
            paragraphs.push(Paragraph {
                hash,
                bytes: words.len() as u64,
            });

            let owner = self.owners.entry(hash).or_insert(Some(position));
            if *owner != Some(position) {
                *owner = None;
            }
        }

        self.documents.push(DocumentParagraphs {
            path: path.to_owned(),
            paragraphs,
        });
    }

    pub(super) fn duplicates(self) -> Duplicates {
        let mut duplicates = Duplicates::default();
        let mut counted = HashSet::new();
        for DocumentParagraphs { path, paragraphs } in self.documents {
            let mut bytes = 0;
            let mut shared_bytes = 0;
            for paragraph in paragraphs {
                bytes += paragraph.bytes;
                if self.owners.get(&paragraph.hash) == Some(&None) {
                    shared_bytes += paragraph.bytes;
                }
                if counted.insert(paragraph.hash) {
                    duplicates.distinct_bytes += paragraph.bytes;
                }
            }

            duplicates.bytes += bytes;
            let percent = (shared_bytes * 100).checked_div(bytes).unwrap_or(0);
            if percent >= COPIED_PERCENT {
                duplicates.copied.push(CopiedDocument { path, percent });
            }
        }

        duplicates
    }
}

/// The first 64 bits of the content hash: enough to tell the paragraphs of a library apart.
fn short_hash(text: &str) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&ContentHash::of(text).as_bytes()[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_documents_are_found_by_their_paragraphs() {
        let long = |word: &str| {
            format!(
                "{word} {}",
                "is in the guide and describes something ".repeat(2)
            )
        };

        let mut paragraphs = ParagraphIndex::default();
        let book = [long("a"), long("b"), long("b"), "Note".to_owned()].join("\n\n");
        paragraphs.add("book.md", [book.as_str()].into_iter());
        paragraphs.add(
            "chapter.md",
            [long("a").replace(' ', "  ").as_str()].into_iter(),
        );
        paragraphs.add("other.md", [long("c").as_str()].into_iter());

        let found = paragraphs.duplicates();
        let one = found.bytes / 5;
        assert_eq!((found.bytes, found.distinct_bytes), (5 * one, 3 * one));
        assert_eq!(
            found.copied,
            [CopiedDocument {
                path: "chapter.md".to_owned(),
                percent: 100
            }]
        );
    }
}
