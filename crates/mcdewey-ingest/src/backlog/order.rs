//! Which documents are embedded next.

use std::collections::{BTreeMap, HashSet};

use mcdewey_core::{DocumentMeta, SourcePath, WordsOnlyDocument};

/// Passages that are embedded before it is decided again what comes next: about a minute of work, so
/// that a guide somebody asks for does not wait for long.
const MAX_PASSAGES: u32 = 2_000;

/// All versions of a guide; a document that belongs to no guide is by itself.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Guide<'a> {
    vendor: Option<&'a str>,
    product: Option<&'a str>,
    name: &'a str,
}

/// The documents of a guide that have no vectors.
#[derive(Default)]
struct Group<'a> {
    asked: u64,
    documents: Vec<&'a WordsOnlyDocument>,
}

/// Returns the documents to embed next, without those that are given up: those of the guide that was
/// asked for most often, and among equals of the one that comes first in the order of the sources.
/// Empty if none is left.
pub(super) fn next_documents(
    documents: &[WordsOnlyDocument],
    given_up: &HashSet<SourcePath>,
) -> Vec<SourcePath> {
    let mut groups: BTreeMap<Guide<'_>, Group<'_>> = BTreeMap::new();
    for document in documents {
        if !given_up.contains(&document.meta.source) {
            let group = groups.entry(guide_of(&document.meta)).or_default();
            group.asked += u64::from(document.asked);
            group.documents.push(document);
        }
    }

    // `max_by_key` returns the last of equals.
    let Some(group) = groups.into_values().rev().max_by_key(|group| group.asked) else {
        return Vec::new();
    };

    let mut passages = 0;
    let mut next = Vec::new();
    for document in group.documents {
        if !next.is_empty() && passages + document.passages > MAX_PASSAGES {
            break;
        }

        passages += document.passages;
        next.push(document.meta.source.clone());
    }

    next
}

fn guide_of(meta: &DocumentMeta) -> Guide<'_> {
    let facets = &meta.facets;
    Guide {
        vendor: facets.vendor.as_deref(),
        product: facets.product.as_deref(),
        name: facets
            .guide
            .as_deref()
            .unwrap_or_else(|| meta.source.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::{FakeEmbed, SampleDocument};

    use super::*;

    fn waiting(document: SampleDocument, passages: u32, asked: u32) -> WordsOnlyDocument {
        WordsOnlyDocument {
            meta: document.build(&FakeEmbed::new(&["x"])).meta,
            passages,
            asked,
        }
    }

    fn guide(source: &str, guide: &str) -> SampleDocument {
        SampleDocument::new(source).product("p").guide(guide)
    }

    fn names(sources: &[SourcePath]) -> Vec<&str> {
        sources.iter().map(SourcePath::as_str).collect()
    }

    #[test]
    fn all_versions_of_a_guide_come_together() {
        let documents = [
            waiting(guide("p/1/admin.md", "admin"), 5, 0),
            waiting(guide("p/1/user.md", "user"), 5, 0),
            waiting(guide("p/2/admin.md", "admin"), 5, 0),
            waiting(SampleDocument::new("z.md"), 5, 0),
        ];
        let none = HashSet::new();
        assert_eq!(
            names(&next_documents(&documents[3..], &none)),
            ["z.md"],
            "a document without a guide is by itself"
        );

        let first = next_documents(&documents[..3], &none);
        assert_eq!(names(&first), ["p/1/admin.md", "p/2/admin.md"]);

        let given_up = first.into_iter().collect();
        let rest = next_documents(&documents[..3], &given_up);
        assert_eq!(names(&rest), ["p/1/user.md"]);
    }

    #[test]
    fn what_is_asked_most_comes_first() {
        let documents = [
            waiting(guide("p/1/admin.md", "admin"), 5, 3),
            waiting(guide("p/1/user.md", "user"), 5, 2),
            waiting(guide("p/2/user.md", "user"), 5, 2),
        ];
        let next = next_documents(&documents, &HashSet::new());
        assert_eq!(names(&next), ["p/1/user.md", "p/2/user.md"]);
    }

    #[test]
    fn a_part_is_bounded_and_never_empty() {
        let documents = [
            waiting(guide("p/1/a.md", "a"), MAX_PASSAGES * 2, 0),
            waiting(guide("p/2/a.md", "a"), 1, 0),
        ];
        let none = HashSet::new();
        assert_eq!(names(&next_documents(&documents, &none)), ["p/1/a.md"]);
        assert!(next_documents(&[], &none).is_empty());
    }
}
