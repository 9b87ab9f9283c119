//! A process's replica of the catalogue, in memory: documents, word counts, descriptions. It is
//! updated by changes; each carries the library's revision in which it was made, so the order in
//! which changes arrive does not matter.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mcdewey_core::{
    ContentHash, DocumentMeta, DocumentSummary, Generation, IndexError, IndexState, Integrity,
    LibraryDescription, ManifestEntry, Revision, RootName, Scope, SourcePath, VectorEpoch,
};

use super::point::{Change, StoredDocument};
use crate::ranking::Statistics;
use crate::terms;

/// The library as of one revision. Cloned when it changes while a reader holds it.
#[derive(Debug, Clone, Default)]
pub(super) struct CatalogueReplica {
    /// The replica contains everything that was committed up to this revision.
    pub(super) revision: u64,
    /// The highest revision of any change: a commit that was begun and perhaps not finished.
    pub(super) highest_revision: u64,
    documents: BTreeMap<SourcePath, Arc<StoredDocument>>,
    /// The revision in which a document was removed.
    removed: HashMap<SourcePath, u64>,
    prefixes: HashMap<String, SourcePath>,
    descriptions: BTreeMap<RootName, (u64, LibraryDescription)>,
    terms: HashMap<u32, u64>,
    languages: BTreeMap<String, u64>,
    pages: u64,
    chunks: u64,
}

impl CatalogueReplica {
    /// Applies changes. Afterwards the replica contains everything up to `revision`. A change of a
    /// later revision belongs to a commit that is in progress; it counts at once, because all
    /// points of its document have been written.
    pub(super) fn apply(&mut self, changes: Vec<Change>, revision: u64) {
        self.revision = self.revision.max(revision);
        for change in changes {
            self.highest_revision = self.highest_revision.max(change.revision());
            match change {
                Change::Document(document) => self.put(*document),
                Change::Removed { source, revision } => self.remove(&source, revision),
                Change::Description {
                    root,
                    revision,
                    description,
                } => {
                    if revision
                        >= self
                            .descriptions
                            .get(&root)
                            .map_or(0, |(revision, _)| *revision)
                    {
                        self.descriptions.insert(root, (revision, description));
                    }
                }
            }
        }

        self.highest_revision = self.highest_revision.max(self.revision);
    }

    fn put(&mut self, document: StoredDocument) {
        let latest = self
            .documents
            .get(&document.source)
            .map(|existing| existing.revision)
            .or_else(|| self.removed.get(&document.source).copied());
        if latest.is_some_and(|latest| latest > document.revision) {
            return;
        }

        self.forget(&document.source);
        self.removed.remove(&document.source);
        for (token, chunks) in terms::from_bytes(&document.terms) {
            *self.terms.entry(token).or_default() += u64::from(chunks);
        }

        if let Some(lang) = &document.meta.facets.lang {
            *self.languages.entry(lang.clone()).or_default() += 1;
        }

        self.pages += u64::from(document.pages);
        self.chunks += u64::from(document.chunks);
        self.prefixes
            .insert(document.prefix.clone(), document.source.clone());
        self.documents
            .insert(document.source.clone(), Arc::new(document));
    }

    fn remove(&mut self, source: &SourcePath, revision: u64) {
        if self
            .documents
            .get(source)
            .is_some_and(|existing| existing.revision > revision)
        {
            return;
        }

        self.forget(source);
        self.removed.insert(source.clone(), revision);
    }

    fn forget(&mut self, source: &SourcePath) {
        let Some(previous) = self.documents.remove(source) else {
            return;
        };

        for (token, chunks) in terms::from_bytes(&previous.terms) {
            decrease(&mut self.terms, token, u64::from(chunks));
        }

        if let Some(lang) = &previous.meta.facets.lang
            && let Some(count) = self.languages.get_mut(lang)
        {
            *count -= 1;
            if *count == 0 {
                self.languages.remove(lang);
            }
        }

        self.pages -= u64::from(previous.pages);
        self.chunks -= u64::from(previous.chunks);
        if self.prefixes.get(&previous.prefix) == Some(source) {
            self.prefixes.remove(&previous.prefix);
        }
    }

    pub(super) fn state(&self, generation: &Generation) -> IndexState {
        IndexState {
            generation: generation.clone(),
            revision: Revision(self.revision),
            documents: self.documents.len() as u64,
            pages: self.pages,
            chunks: self.chunks,
            epoch: VectorEpoch::default(),
            without_vectors: 0,
            integrity: Integrity::default(),
        }
    }

    /// Returns a document, whatever the caller may see.
    pub(super) fn document(&self, source: &SourcePath) -> Option<&StoredDocument> {
        self.documents.get(source).map(Arc::as_ref)
    }

    /// Returns a document if it is in scope.
    pub(super) fn visible(&self, source: &SourcePath, scope: &Scope) -> Option<&StoredDocument> {
        self.document(source)
            .filter(|document| scope.contains(&document.meta))
    }

    /// Returns the document whose chunk ids have this prefix, if it is in scope.
    pub(super) fn visible_by_prefix(&self, prefix: &str, scope: &Scope) -> Option<&StoredDocument> {
        self.visible(self.prefixes.get(prefix)?, scope)
    }

    /// Returns hash and metadata of the live revision of a document in scope.
    pub(super) fn live_revision(
        &self,
        source: &str,
        scope: &Scope,
    ) -> Option<(ContentHash, Arc<DocumentMeta>)> {
        let document = self.visible(&source.parse().ok()?, scope)?;
        Some((document.hash, Arc::clone(&document.meta)))
    }

    /// Returns another document whose chunk ids have the same prefix: another source, or the same
    /// source in another root.
    pub(super) fn duplicate(
        &self,
        prefix: &str,
        source: &SourcePath,
        root: &RootName,
    ) -> Option<&StoredDocument> {
        let existing = self.documents.get(self.prefixes.get(prefix)?)?;
        (existing.source != *source || existing.root != *root).then_some(existing.as_ref())
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &StoredDocument> {
        self.documents.values().map(Arc::as_ref)
    }

    pub(super) fn summaries(&self, scope: &Scope) -> Vec<DocumentSummary> {
        self.documents
            .values()
            .filter(|document| scope.contains(&document.meta))
            .map(|document| DocumentSummary {
                meta: Arc::clone(&document.meta),
                pages: document.pages,
                chunks: document.chunks,
                committed_at: document.committed_at,
            })
            .collect()
    }

    pub(super) fn manifest(&self, root: &RootName) -> Vec<ManifestEntry> {
        self.documents
            .values()
            .filter(|document| document.root == *root)
            .map(|document| ManifestEntry {
                source: document.source.clone(),
                folder: document.folder.clone(),
                input: document.input,
            })
            .collect()
    }

    /// The merged descriptions of all roots, the default root first.
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

    /// The description of one root; empty if it has none.
    pub(super) fn description_of(&self, root: &RootName) -> LibraryDescription {
        self.descriptions
            .get(root)
            .map(|(_, description)| description.clone())
            .unwrap_or_default()
    }

    /// The languages of the documents.
    pub(super) fn languages(&self) -> Vec<String> {
        self.languages.keys().cloned().collect()
    }

    /// Reports whether the collection holds points that represent removed documents.
    pub(super) fn has_removals(&self) -> bool {
        !self.removed.is_empty()
    }

    /// Forgets removals whose points have been deleted.
    pub(super) fn clear_removals(&mut self) {
        self.removed.clear();
    }
}

impl Statistics for CatalogueReplica {
    fn chunk_count(&self) -> Result<u64, IndexError> {
        Ok(self.chunks)
    }

    fn chunks_with(&self, tokens: &BTreeSet<u32>) -> Result<HashMap<u32, u64>, IndexError> {
        Ok(tokens
            .iter()
            .filter_map(|token| Some((*token, *self.terms.get(token)?)))
            .collect())
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

fn decrease(counts: &mut HashMap<u32, u64>, token: u32, by: u64) {
    if let Some(count) = counts.get_mut(&token) {
        *count = count.saturating_sub(by);
        if *count == 0 {
            counts.remove(&token);
        }
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::Embed;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    use super::*;
    use crate::bm25::Bm25;
    use crate::prepare::Prepared;

    fn document(name: &str, texts: &[&str], revision: u64) -> Change {
        let document = SampleDocument::new(name)
            .lang("en")
            .page(1, texts)
            .build(&embedder());
        let prepared =
            Prepared::new(document, embedder().model().dimensions, &Bm25::default()).unwrap();
        Change::Document(Box::new(StoredDocument::new(&prepared, revision, 7)))
    }

    fn removed(name: &str, revision: u64) -> Change {
        Change::Removed {
            source: name.parse().unwrap(),
            revision,
        }
    }

    fn revisions(replica: &CatalogueReplica) -> Vec<(String, u64)> {
        replica
            .documents()
            .map(|document| (document.source.to_string(), document.revision))
            .collect()
    }

    fn counts(replica: &CatalogueReplica) -> (u64, usize, usize, usize) {
        (
            replica.chunks,
            replica.terms.len(),
            replica.languages.len(),
            replica.prefixes.len(),
        )
    }

    #[test]
    fn counts_return_to_zero_when_documents_are_removed() {
        let mut replica = CatalogueReplica::default();
        replica.apply(vec![document("a.md", &["canine alpha", "canine"], 1)], 1);
        assert_eq!(counts(&replica), (2, 2, 1, 1));
        replica.apply(vec![document("a.md", &["beta"], 2)], 2);
        assert_eq!(counts(&replica), (1, 1, 1, 1));
        replica.apply(vec![removed("a.md", 3)], 3);
        assert_eq!(counts(&replica), (0, 0, 0, 0));
        assert_eq!(
            replica.state(&Generation(String::new())).revision,
            Revision(3)
        );
    }

    #[test]
    fn late_and_repeated_changes_have_no_effect() {
        let mut replica = CatalogueReplica::default();
        replica.apply(
            vec![
                document("a.md", &["beta"], 2),
                document("a.md", &["canine", "alpha"], 1),
            ],
            2,
        );

        assert_eq!(
            (revisions(&replica), replica.chunks),
            (vec![("a.md".to_owned(), 2)], 1)
        );
        replica.apply(vec![removed("a.md", 3)], 3);
        replica.apply(vec![document("a.md", &["beta"], 2)], 3);
        assert_eq!(revisions(&replica), []);
        replica.apply(vec![document("a.md", &["beta"], 4), removed("a.md", 3)], 4);

        assert_eq!(revisions(&replica), [("a.md".to_owned(), 4)]);
    }

    #[test]
    fn a_commit_in_progress_counts_at_once_without_raising_the_revision() {
        let mut replica = CatalogueReplica::default();
        replica.apply(
            vec![
                document("a.md", &["beta"], 1),
                document("b.md", &["beta"], 2),
            ],
            2,
        );

        let in_progress = vec![
            document("a.md", &["gamma"], 3),
            removed("b.md", 4),
            document("c.md", &["gamma"], 5),
        ];

        replica.apply(in_progress.clone(), 2);
        let expected = [("a.md".to_owned(), 3), ("c.md".to_owned(), 5)];
        assert_eq!(revisions(&replica), expected);
        assert_eq!((replica.revision, replica.highest_revision), (2, 5));
        replica.apply(in_progress, 5);

        assert_eq!(
            (revisions(&replica), replica.revision),
            (expected.to_vec(), 5)
        );
    }

    #[test]
    fn documents_with_the_same_chunk_ids_are_found() {
        let mut replica = CatalogueReplica::default();
        replica.apply(vec![document("a.md", &["beta"], 1)], 1);
        let root = RootName::default();

        let duplicate = |source: &str, root: &RootName| {
            let source: SourcePath = source.parse().unwrap();
            replica
                .duplicate(&source.chunk_prefix(), &source, root)
                .map(|document| document.source.to_string())
        };

        assert_eq!(duplicate("a.txt", &root).as_deref(), Some("a.md"));
        assert_eq!(
            duplicate("a.md", &"more".parse().unwrap()).as_deref(),
            Some("a.md")
        );
        assert_eq!(duplicate("a.md", &root), None);
        assert_eq!(duplicate("b.md", &root), None);
    }
}
