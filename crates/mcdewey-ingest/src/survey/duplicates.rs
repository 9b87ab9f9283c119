//! How much of a library stands in it more than once, by paragraphs: the same passage in ten books and five releases.

use std::collections::HashMap;

use mcdewey_core::ContentHash;
use serde::Serialize;

/// Shorter paragraphs ("Note", "Step 1") say nothing about what was copied.
const MIN_PARAGRAPH: usize = 40;
/// A document whose paragraphs stand elsewhere to so many of a hundred bytes is a copy.
const COPIED_PERCENT: u64 = 90;

/// What stands in the library more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Bytes of all paragraphs.
    pub bytes: u64,
    /// Bytes of the distinct ones.
    pub distinct_bytes: u64,
    /// Documents that stand elsewhere almost whole.
    pub copied: Vec<Copied>,
}

/// A document whose paragraphs stand in others too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// The document.
    pub path: String,
    /// So many of a hundred bytes stand elsewhere.
    pub percent: u64,
}

/// The paragraphs of all documents, by hash.
#[derive(Debug, Default)]
pub(super) struct Paragraphs {
    documents: Vec<(String, Vec<(u64, u64)>)>,
    /// The first document that has a paragraph; none once another one has it too.
    owners: HashMap<u64, Option<usize>>,
}

impl Paragraphs {
    pub(super) fn add<'a>(&mut self, path: &str, texts: impl Iterator<Item = &'a str>) {
        let place = self.documents.len();
        let mut own = Vec::new();
        for paragraph in texts.flat_map(|text| text.split("\n\n")) {
            let words: String = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            if words.len() < MIN_PARAGRAPH {
                continue;
            }

            let mut first = [0; 8];
            first.copy_from_slice(&ContentHash::of(&words).as_bytes()[..8]);
            let hash = u64::from_le_bytes(first);
            own.push((hash, words.len() as u64));

            let owner = self.owners.entry(hash).or_insert(Some(place));
            if *owner != Some(place) {
                *owner = None;
            }
        }

        self.documents.push((path.to_owned(), own));
    }

    pub(super) fn duplicates(self) -> Duplicates {
        let mut found = Duplicates::default();
        let mut counted = std::collections::HashSet::new();
        for (path, paragraphs) in self.documents {
            let bytes: u64 = paragraphs.iter().map(|(_, bytes)| bytes).sum();
            let elsewhere = paragraphs
                .iter()
                .filter(|(hash, _)| self.owners.get(hash) == Some(&None));

            let percent = elsewhere
                .map(|(_, bytes)| bytes * 100)
                .sum::<u64>()
                .checked_div(bytes)
                .unwrap_or(0);

            found.bytes += bytes;
            found.distinct_bytes += paragraphs
                .iter()
                .filter(|(hash, _)| counted.insert(*hash))
                .map(|(_, bytes)| bytes)
                .sum::<u64>();

            if percent >= COPIED_PERCENT {
                found.copied.push(Copied { path, percent });
            }
        }

        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_found_by_their_paragraphs() {
        let long = |word: &str| {
            format!(
                "{word} {}",
                "stands in the guide and says something ".repeat(2)
            )
        };

        let mut paragraphs = Paragraphs::default();
        let whole = [long("a"), long("b"), long("b"), "Note".to_owned()].join("\n\n");
        paragraphs.add("book.md", [whole.as_str()].into_iter());

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
            [Copied {
                path: "chapter.md".to_owned(),
                percent: 100
            }]
        );
    }
}
