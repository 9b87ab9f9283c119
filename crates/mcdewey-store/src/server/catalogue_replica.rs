//! What a process knows of the library without asking: its documents, how rare words are, descriptions. Brought forward
//! by changes; every change carries the library's revision that brought it, so their order of arrival does not matter.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mcdewey_core::{
    ContentHash, DocumentMeta, DocumentSummary, Generation, IndexError, IndexState,
    LibraryDescription, ManifestEntry, Revision, RootName, Scope, SourcePath,
};

use super::point::{Change, StoredDocument};
use crate::ranking::Statistics;
use crate::terms;

/// The library as of one revision.
#[derive(Debug, Default)]
pub(super) struct CatalogueReplica {
    /// What was committed up to this revision is in it.
    pub(super) revision: u64,
    /// The highest revision any change carried: one that was begun and perhaps not finished.
    pub(super) highest: u64,
    documents: BTreeMap<SourcePath, StoredDocument>,
    /// When a document was removed that is not there.
    removed: HashMap<SourcePath, u64>,
    prefixes: HashMap<String, SourcePath>,
    descriptions: BTreeMap<RootName, (u64, LibraryDescription)>,
    terms: HashMap<u32, u64>,
    languages: BTreeMap<String, u64>,
    pages: u64,
    chunks: u64,
}

impl CatalogueReplica {
    /// Takes changes in, after which the mirror holds all up to `revision`. A change of a later revision belongs to a
    /// commit under way: its points are all there, so it counts at once.
    pub(super) fn advance(&mut self, changes: Vec<Change>, revision: u64) {
        self.revision = self.revision.max(revision);
        for change in changes {
            self.highest = self.highest.max(change.revision());
            match change {
                Change::Document(document) => self.put(*document),
                Change::Removed { source, revision } => self.remove(&source, revision),
                Change::Description {
                    root,
                    revision,
                    description,
                } => {
                    if revision >= self.descriptions.get(&root).map_or(0, |(known, _)| *known) {
                        self.descriptions.insert(root, (revision, description));
                    }
                }
            }
        }

        self.highest = self.highest.max(self.revision);
    }

    fn put(&mut self, document: StoredDocument) {
        let known = self
            .documents
            .get(&document.source)
            .map(|known| known.revision);
        let known = known.or_else(|| self.removed.get(&document.source).copied());
        if known.is_some_and(|known| known > document.revision) {
            return;
        }

        self.take_out(&document.source);
        self.removed.remove(&document.source);
        for (token, passages) in terms::from_bytes(&document.terms) {
            *self.terms.entry(token).or_default() += u64::from(passages);
        }

        if let Some(lang) = &document.meta.facets.lang {
            *self.languages.entry(lang.clone()).or_default() += 1;
        }

        self.pages += u64::from(document.pages);
        self.chunks += u64::from(document.chunks);
        self.prefixes
            .insert(document.prefix.clone(), document.source.clone());
        self.documents.insert(document.source.clone(), document);
    }

    fn remove(&mut self, source: &SourcePath, revision: u64) {
        if self
            .documents
            .get(source)
            .is_some_and(|known| known.revision > revision)
        {
            return;
        }

        self.take_out(source);
        self.removed.insert(source.clone(), revision);
    }

    fn take_out(&mut self, source: &SourcePath) {
        let Some(former) = self.documents.remove(source) else {
            return;
        };

        for (token, passages) in terms::from_bytes(&former.terms) {
            less(&mut self.terms, token, u64::from(passages));
        }

        if let Some(lang) = &former.meta.facets.lang
            && let Some(count) = self.languages.get_mut(lang)
        {
            *count -= 1;
            if *count == 0 {
                self.languages.remove(lang);
            }
        }

        self.pages -= u64::from(former.pages);
        self.chunks -= u64::from(former.chunks);
        if self.prefixes.get(&former.prefix) == Some(source) {
            self.prefixes.remove(&former.prefix);
        }
    }

    pub(super) fn state(&self, generation: &Generation) -> IndexState {
        IndexState {
            generation: generation.clone(),
            revision: Revision(self.revision),
            documents: self.documents.len() as u64,
            pages: self.pages,
            chunks: self.chunks,
        }
    }

    /// A document, wherever it lies.
    pub(super) fn document(&self, source: &SourcePath) -> Option<&StoredDocument> {
        self.documents.get(source)
    }

    /// A document, if it lies in the scope.
    pub(super) fn seen(&self, source: &SourcePath, scope: &Scope) -> Option<&StoredDocument> {
        self.document(source)
            .filter(|document| scope.contains(&document.meta))
    }

    /// The document whose chunk ids begin so, if it lies in the scope.
    pub(super) fn seen_by_prefix(&self, prefix: &str, scope: &Scope) -> Option<&StoredDocument> {
        self.seen(self.prefixes.get(prefix)?, scope)
    }

    /// The live revision of a document in the scope.
    pub(super) fn live(
        &self,
        source: &str,
        scope: &Scope,
    ) -> Option<(ContentHash, Arc<DocumentMeta>)> {
        let document = self.seen(&source.parse().ok()?, scope)?;
        Some((document.hash, Arc::clone(&document.meta)))
    }

    /// Another document whose chunk ids begin like those of this one, or the same source in another root.
    pub(super) fn twin(
        &self,
        prefix: &str,
        source: &SourcePath,
        root: &RootName,
    ) -> Option<&StoredDocument> {
        let known = self.documents.get(self.prefixes.get(prefix)?)?;
        (known.source != *source || known.root != *root).then_some(known)
    }

    /// All documents.
    pub(super) fn all(&self) -> impl Iterator<Item = &StoredDocument> {
        self.documents.values()
    }

    pub(super) fn summaries(&self, scope: &Scope) -> Vec<DocumentSummary> {
        let seen = self
            .documents
            .values()
            .filter(|document| scope.contains(&document.meta));

        let summary = |document: &StoredDocument| DocumentSummary {
            meta: Arc::clone(&document.meta),
            pages: document.pages,
            chunks: document.chunks,
            committed_at: document.committed_at,
        };

        seen.map(summary).collect()
    }

    pub(super) fn manifest(&self, root: &RootName) -> Vec<ManifestEntry> {
        let of_root = self
            .documents
            .values()
            .filter(|document| document.root == *root);

        let entry = |document: &StoredDocument| ManifestEntry {
            source: document.source.clone(),
            folder: document.folder.clone(),
            input: document.input,
        };

        of_root.map(entry).collect()
    }

    /// What all roots say, the default root first.
    pub(super) fn description(&self) -> LibraryDescription {
        let default = self.descriptions.get(&RootName::default());
        let others = self
            .descriptions
            .iter()
            .filter(|(root, _)| **root != RootName::default());

        let all = default
            .into_iter()
            .chain(others.map(|(_, described)| described));

        all.map(|(_, description)| description.clone())
            .reduce(LibraryDescription::merged)
            .unwrap_or_default()
    }

    /// What one root says; nothing said is the same as the default.
    pub(super) fn described(&self, root: &RootName) -> LibraryDescription {
        self.descriptions
            .get(root)
            .map(|(_, description)| description.clone())
            .unwrap_or_default()
    }

    /// The languages documents name.
    pub(super) fn languages(&self) -> Vec<String> {
        self.languages.keys().cloned().collect()
    }

    /// Whether removed documents are remembered by points of their own.
    pub(super) fn has_removed(&self) -> bool {
        !self.removed.is_empty()
    }

    /// Forgets which documents were removed, once their points are gone.
    pub(super) fn purge(&mut self) {
        self.removed.clear();
    }
}

impl Statistics for CatalogueReplica {
    fn passages(&self) -> Result<u64, IndexError> {
        Ok(self.chunks)
    }

    fn passages_with(&self, token: u32) -> Result<u64, IndexError> {
        Ok(self.terms.get(&token).copied().unwrap_or_default())
    }
}

impl Change {
    fn revision(&self) -> u64 {
        match self {
            Self::Document(document) => document.revision,
            Self::Removed { revision, .. } | Self::Description { revision, .. } => *revision,
        }
    }
}

fn less(counts: &mut HashMap<u32, u64>, token: u32, by: u64) {
    if let Some(count) = counts.get_mut(&token) {
        *count = count.saturating_sub(by);
        if *count == 0 {
            counts.remove(&token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bm25::Bm25;
    use crate::prepare::Prepared;
    use crate::server::point;
    use mcdewey_core::Embed;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn document(name: &str, texts: &[&str], revision: u64) -> Change {
        let document = SampleDocument::new(name)
            .lang("en")
            .page(1, texts)
            .build(&embedder());
        let prepared =
            Prepared::new(document, embedder().model().dimensions, &Bm25::default()).unwrap();
        Change::Document(Box::new(point::stored(&prepared, revision, 7)))
    }

    fn removed(name: &str, revision: u64) -> Change {
        Change::Removed {
            source: name.parse().unwrap(),
            revision,
        }
    }

    fn held(mirror: &CatalogueReplica) -> Vec<(String, u64)> {
        mirror
            .all()
            .map(|document| (document.source.to_string(), document.revision))
            .collect()
    }

    fn counts(mirror: &CatalogueReplica) -> (u64, usize, usize, usize) {
        (
            mirror.chunks,
            mirror.terms.len(),
            mirror.languages.len(),
            mirror.prefixes.len(),
        )
    }

    #[test]
    fn what_comes_and_goes_leaves_no_count_behind() {
        let mut mirror = CatalogueReplica::default();
        mirror.advance(vec![document("a.md", &["canine alpha", "canine"], 1)], 1);
        assert_eq!(counts(&mirror), (2, 2, 1, 1));
        mirror.advance(vec![document("a.md", &["beta"], 2)], 2);
        assert_eq!(counts(&mirror), (1, 1, 1, 1));
        mirror.advance(vec![removed("a.md", 3)], 3);
        assert_eq!(counts(&mirror), (0, 0, 0, 0));
        assert_eq!(
            mirror.state(&Generation(String::new())).revision,
            Revision(3)
        );
    }

    #[test]
    fn changes_may_arrive_late_or_twice() {
        let mut mirror = CatalogueReplica::default();
        mirror.advance(
            vec![
                document("a.md", &["beta"], 2),
                document("a.md", &["canine", "alpha"], 1),
            ],
            2,
        );

        assert_eq!(
            (held(&mirror), mirror.chunks),
            (vec![("a.md".to_owned(), 2)], 1)
        );
        mirror.advance(vec![removed("a.md", 3)], 3);
        mirror.advance(vec![document("a.md", &["beta"], 2)], 3);
        assert_eq!(held(&mirror), []);
        mirror.advance(vec![document("a.md", &["beta"], 4), removed("a.md", 3)], 4);

        assert_eq!(held(&mirror), [("a.md".to_owned(), 4)]);
    }

    #[test]
    fn a_commit_under_way_counts_at_once_and_is_remembered_as_such() {
        let mut mirror = CatalogueReplica::default();
        mirror.advance(
            vec![
                document("a.md", &["beta"], 1),
                document("b.md", &["beta"], 2),
            ],
            2,
        );

        let under_way = vec![
            document("a.md", &["gamma"], 3),
            removed("b.md", 4),
            document("c.md", &["gamma"], 5),
        ];

        mirror.advance(under_way.clone(), 2);
        let expected = [("a.md".to_owned(), 3), ("c.md".to_owned(), 5)];
        assert_eq!(held(&mirror), expected);
        assert_eq!((mirror.revision, mirror.highest), (2, 5));
        mirror.advance(under_way, 5);

        assert_eq!((held(&mirror), mirror.revision), (expected.to_vec(), 5));
    }

    #[test]
    fn twins_are_found_by_their_chunk_ids() {
        let mut mirror = CatalogueReplica::default();
        mirror.advance(vec![document("a.md", &["beta"], 1)], 1);
        let root = RootName::default();

        let twin = |source: &str, root: &RootName| {
            let source: SourcePath = source.parse().unwrap();
            mirror
                .twin(&source.chunk_prefix(), &source, root)
                .map(|twin| twin.source.to_string())
        };

        assert_eq!(twin("a.txt", &root).as_deref(), Some("a.md"));
        assert_eq!(
            twin("a.md", &"more".parse().unwrap()).as_deref(),
            Some("a.md")
        );
        assert_eq!(twin("a.md", &root), None);
        assert_eq!(twin("b.md", &root), None);
    }
}
