//! What a candidate needs of its point and document, in memory, so that hundreds of points are
//! located for every question without a query.
//!
//! The catalogue is the source: the place of a point is read from it when the point is found for the
//! first time. It stays true as long as its document exists, because the rows of a document never
//! change: another revision of the document gets another `documents.id`. So what depends on a
//! snapshot is only which documents it shows, and the writer records that for each of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use mcdewey_core::{ContentHash, DocumentMeta, PageNumber, Revision, Simhash};
use uuid::Uuid;

use crate::ranking::ChunkLocation;

/// The revision that no snapshot reaches.
const NEVER: u64 = u64::MAX;

/// The documents of all snapshots that are open, and the points that were found.
#[derive(Debug, Default)]
pub(super) struct Locations {
    documents: RwLock<Documents>,
    points: RwLock<HashMap<Uuid, Place>>,
}

#[derive(Debug, Default)]
struct Documents {
    /// By `documents.id`.
    by_id: HashMap<i64, Arc<KnownDocument>>,
    /// Those that the latest revision no longer shows.
    removed: Vec<i64>,
}

/// A document, and which revisions show it.
#[derive(Debug)]
struct KnownDocument {
    /// The first revision that shows it.
    since: u64,
    /// The first revision that no longer shows it.
    until: AtomicU64,
    /// Empty until it is needed.
    described: OnceLock<DescribedDocument>,
}

/// The metadata of a document, and the prefix of its chunk ids.
#[derive(Debug, Clone)]
pub(super) struct DescribedDocument {
    pub(super) meta: Arc<DocumentMeta>,
    prefix: Arc<str>,
}

/// The chunk of a point.
#[derive(Debug, Clone)]
struct Place {
    document: Arc<KnownDocument>,
    chunk: StoredPoint,
}

/// A row of the table `points`, without the point and its document.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredPoint {
    pub(super) ordinal: u32,
    pub(super) page: PageNumber,
    pub(super) passage_hash: ContentHash,
    pub(super) simhash: Simhash,
}

/// The documents that one transaction adds and removes.
#[derive(Debug, Default)]
pub(super) struct DocumentChanges {
    pub(super) added: Vec<(i64, Arc<DocumentMeta>)>,
    pub(super) removed: Vec<i64>,
}

impl Locations {
    /// The documents of a library that is being opened. All snapshots will show them.
    pub(super) fn new(documents: impl IntoIterator<Item = i64>) -> Self {
        let known = |id| (id, Arc::new(KnownDocument::since(0, None)));
        let documents = Documents {
            by_id: documents.into_iter().map(known).collect(),
            removed: Vec::new(),
        };

        Self {
            documents: RwLock::new(documents),
            points: RwLock::default(),
        }
    }

    /// Records what a transaction changes, before it is committed: a snapshot that shows the
    /// revision must find it here.
    pub(super) fn announce(&self, changes: &DocumentChanges, revision: Revision) {
        let mut documents = self.write_documents();
        for id in &changes.removed {
            if let Some(document) = documents.by_id.get(id) {
                document.until.store(revision.0, Ordering::Release);
                documents.removed.push(*id);
            }
        }

        for (id, meta) in &changes.added {
            let document = KnownDocument::since(revision.0, Some(Arc::clone(meta)));
            documents.by_id.insert(*id, Arc::new(document));
        }
    }

    /// Withdraws changes whose transaction failed.
    pub(super) fn withdraw(&self, changes: &DocumentChanges) {
        let mut documents = self.write_documents();
        for (id, _) in &changes.added {
            documents.by_id.remove(id);
        }

        documents.removed.retain(|id| !changes.removed.contains(id));
        for id in &changes.removed {
            if let Some(document) = documents.by_id.get(id) {
                document.until.store(NEVER, Ordering::Release);
            }
        }
    }

    /// Forgets the documents that the latest revision does not show. No older snapshot may be open.
    pub(super) fn forget_removed(&self) {
        let mut documents = self.write_documents();
        for id in std::mem::take(&mut documents.removed) {
            documents.by_id.remove(&id);
        }
    }

    /// Forgets points that no snapshot shows.
    pub(super) fn forget_points(&self, points: &[Uuid]) {
        let mut known = self.write_points();
        for point in points {
            known.remove(point);
        }
    }

    /// Forgets everything that can be read again, and the documents that the latest revision does
    /// not show. No older snapshot may be open.
    pub(super) fn clear(&self) {
        *self.write_points() = HashMap::new();
        self.forget_removed();
    }

    /// Returns the locations of the points that are known and shown at this revision; `None` for
    /// the others, which may be shown nevertheless.
    pub(super) fn of_points(
        &self,
        points: &[Uuid],
        revision: Revision,
    ) -> Vec<Option<ChunkLocation>> {
        let known = self.read_points();
        points
            .iter()
            .map(|point| {
                let place = known.get(point)?;
                let document = place.document.described.get()?;
                place
                    .document
                    .is_shown_at(revision)
                    .then(|| document.location(place.chunk))
            })
            .collect()
    }

    /// Remembers points that were read from a snapshot, with their `documents.id`.
    pub(super) fn remember(&self, points: &[(Uuid, i64, StoredPoint)]) {
        let documents = self.read_documents();
        let mut known = self.write_points();
        for (point, id, chunk) in points {
            if let Some(document) = documents.by_id.get(id) {
                let (document, chunk) = (Arc::clone(document), *chunk);
                known.insert(*point, Place { document, chunk });
            }
        }
    }

    /// The metadata of a document, if it is known.
    pub(super) fn described(&self, id: i64) -> Option<DescribedDocument> {
        self.read_documents()
            .by_id
            .get(&id)?
            .described
            .get()
            .cloned()
    }

    /// Remembers the metadata of a document that was read from a snapshot.
    pub(super) fn describe(&self, id: i64, described: &DescribedDocument) {
        if let Some(document) = self.read_documents().by_id.get(&id) {
            // Another thread may have read the same.
            let _ = document.described.set(described.clone());
        }
    }

    fn read_documents(&self) -> RwLockReadGuard<'_, Documents> {
        self.documents
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write_documents(&self) -> RwLockWriteGuard<'_, Documents> {
        self.documents
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn read_points(&self) -> RwLockReadGuard<'_, HashMap<Uuid, Place>> {
        self.points.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_points(&self) -> RwLockWriteGuard<'_, HashMap<Uuid, Place>> {
        self.points.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownDocument {
    fn since(revision: u64, meta: Option<Arc<DocumentMeta>>) -> Self {
        Self {
            since: revision,
            until: AtomicU64::new(NEVER),
            described: meta.map_or_else(OnceLock::new, |meta| DescribedDocument::new(meta).into()),
        }
    }

    fn is_shown_at(&self, revision: Revision) -> bool {
        (self.since..self.until.load(Ordering::Acquire)).contains(&revision.0)
    }
}

impl DescribedDocument {
    pub(super) fn new(meta: Arc<DocumentMeta>) -> Self {
        let prefix = meta.source.chunk_prefix().into();
        Self { meta, prefix }
    }

    /// The location of a chunk of this document.
    pub(super) fn location(&self, chunk: StoredPoint) -> ChunkLocation {
        ChunkLocation {
            document: Arc::clone(&self.meta),
            prefix: Arc::clone(&self.prefix),
            ordinal: chunk.ordinal,
            page: chunk.page,
            passage_hash: chunk.passage_hash,
            simhash: chunk.simhash,
        }
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    use super::*;

    const POINT: Uuid = Uuid::from_u128(1);

    fn meta() -> Arc<DocumentMeta> {
        SampleDocument::new("a b.md").build(&embedder()).meta
    }

    fn stored(ordinal: u32) -> StoredPoint {
        StoredPoint {
            ordinal,
            page: PageNumber(1),
            passage_hash: ContentHash::of("text"),
            simhash: Simhash::new(None, "text"),
        }
    }

    /// The ordinal of the point's chunk as a snapshot of this revision sees it.
    fn ordinal_at(locations: &Locations, revision: u64) -> Option<u32> {
        let found = locations.of_points(&[POINT], Revision(revision));
        found[0].as_ref().map(|location| location.ordinal)
    }

    fn added(id: i64) -> DocumentChanges {
        DocumentChanges {
            added: vec![(id, meta())],
            removed: Vec::new(),
        }
    }

    fn removed(id: i64) -> DocumentChanges {
        DocumentChanges {
            added: Vec::new(),
            removed: vec![id],
        }
    }

    #[test]
    fn a_point_is_located_only_at_the_revisions_that_show_its_document() {
        let locations = Locations::default();
        locations.announce(&added(7), Revision(3));
        locations.remember(&[(POINT, 7, stored(5))]);
        locations.announce(&removed(7), Revision(6));
        assert_eq!(
            [2, 3, 5, 6].map(|revision| ordinal_at(&locations, revision)),
            [None, Some(5), Some(5), None]
        );
    }

    #[test]
    fn a_failed_transaction_changes_nothing() {
        let locations = Locations::new([7]);
        locations.describe(7, &DescribedDocument::new(meta()));
        locations.remember(&[(POINT, 7, stored(5))]);
        let changes = DocumentChanges {
            added: vec![(8, meta())],
            removed: vec![7],
        };

        locations.announce(&changes, Revision(6));
        locations.withdraw(&changes);
        assert_eq!(ordinal_at(&locations, 6), Some(5));
        assert!(locations.described(8).is_none());

        locations.forget_removed();
        assert!(locations.described(7).is_some());
    }

    #[test]
    fn a_point_whose_document_was_committed_again_is_read_again() {
        let locations = Locations::default();
        locations.announce(&added(7), Revision(1));
        locations.remember(&[(POINT, 7, stored(5))]);
        let again = DocumentChanges {
            added: vec![(8, meta())],
            removed: vec![7],
        };

        locations.announce(&again, Revision(2));
        assert_eq!(ordinal_at(&locations, 2), None);
        locations.remember(&[(POINT, 8, stored(6))]);
        assert_eq!(ordinal_at(&locations, 2), Some(6));
    }

    #[test]
    fn nothing_is_left_of_removed_documents() {
        let locations = Locations::default();
        locations.announce(&added(7), Revision(1));
        locations.remember(&[(POINT, 7, stored(5))]);
        locations.announce(&removed(7), Revision(2));
        locations.clear();
        assert!(locations.described(7).is_none());
        assert!(locations.read_points().is_empty());

        locations.remember(&[(POINT, 7, stored(5))]);
        assert!(locations.read_points().is_empty(), "it is unknown");
    }

    #[test]
    fn chunk_ids_begin_with_the_prefix_of_the_document() {
        let location = DescribedDocument::new(meta()).location(stored(5));
        assert_eq!(&*location.prefix, "a%20b");
    }
}
