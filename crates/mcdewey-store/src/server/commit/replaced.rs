//! Revisions that were replaced or removed: their points are deleted once no reader of this process
//! has pinned a revision of the library in which they are live.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{ContentHash, Document, SourcePath};
use uuid::Uuid;

use super::Committer;
use crate::prepare::Prepared;
use crate::server::point::{self, StoredDocument};
use crate::server::server_error::ServerError;

/// How long the end of an ingest waits for readers that have pinned an earlier revision.
const READER_GRACE: Duration = Duration::from_secs(1);

/// How often it checks whether they have ended.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A revision of a document that has been replaced or removed.
#[derive(Debug)]
pub(in crate::server) struct Replaced {
    pub(super) source: SourcePath,
    hash: ContentHash,
    points: Vec<Uuid>,
    /// For the readers that have pinned it.
    _document: Option<Arc<Document>>,
}

impl Committer {
    /// Deletes the points of replaced revisions, or remembers them while a reader may have pinned a
    /// revision of the library in which they are live.
    pub(in crate::server) async fn discard(&mut self, replaced: Vec<Replaced>) {
        if replaced.is_empty() {
            return;
        }

        let next_snapshot = self.shared.snapshots.next_number();
        if self.shared.snapshots.any_before(next_snapshot) {
            self.replaced.keep(next_snapshot, replaced);
            return;
        }

        let points: Vec<Uuid> = replaced
            .into_iter()
            .flat_map(|replaced| replaced.points)
            .collect();
        self.delete_points(&points).await;
    }

    /// Deletes the points that no reader of this process needs any more. Only with the lease, and
    /// after catching up: another writer may have made them live again.
    pub(super) async fn delete_replaced(&mut self) {
        let unneeded = self.replaced.take_unneeded(&self.shared.snapshots);
        if unneeded.is_empty() {
            return;
        }

        let replica = self.shared.replica();
        let is_dead = |replaced: &Replaced| {
            replica
                .document(&replaced.source)
                .is_none_or(|live| live.hash != replaced.hash)
        };
        let points: Vec<Uuid> = unneeded
            .into_iter()
            .flatten()
            .filter(is_dead)
            .flat_map(|replaced| replaced.points)
            .collect();

        drop(replica);
        self.delete_points(&points).await;
    }

    /// Waits a moment for the readers of replaced revisions.
    pub(super) async fn wait_for_readers(&self) {
        let deadline = Instant::now() + READER_GRACE;
        let next_snapshot = self.shared.snapshots.next_number();
        while !self.replaced.is_empty()
            && self.shared.snapshots.any_before(next_snapshot)
            && Instant::now() < deadline
        {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Deletes points that are no longer live. If that fails, no search returns them anyway, and
    /// [`Committer::optimize`] deletes them.
    pub(super) async fn delete_points(&mut self, points: &[Uuid]) {
        if points.is_empty() {
            return;
        }

        if let Err(error) = self.shared.points.delete(points).await {
            tracing::warn!(
                refusal = %error,
                points = points.len(),
                "could not delete old points from the collection; they are deleted later"
            );

            // The deletion may still arrive late and must not hit points that are written again:
            // the next write begins by comparing points with documents.
            self.unclean = true;
            self.needs_catch_up = true;
        }
    }

    /// The revisions that these documents replace.
    pub(super) async fn replaced_by(
        &self,
        documents: &[&Prepared],
    ) -> Result<Vec<Replaced>, ServerError> {
        // The same revision committed again has the same points.
        let is_same = |previous: &StoredDocument| {
            documents.iter().any(|document| {
                document.meta.source == previous.source && document.hash == previous.hash
            })
        };
        let sources: BTreeSet<&SourcePath> = documents
            .iter()
            .map(|document| &document.meta.source)
            .collect();

        self.replaced(sources.into_iter(), is_same).await
    }

    /// The live revisions of documents, without those to be left out. The documents are read now,
    /// because their points are about to be overwritten.
    pub(super) async fn replaced(
        &self,
        sources: impl Iterator<Item = &SourcePath>,
        leave_out: impl Fn(&StoredDocument) -> bool,
    ) -> Result<Vec<Replaced>, ServerError> {
        let replica = self.shared.replica();
        let live: Vec<&StoredDocument> = sources
            .filter_map(|source| replica.document(source))
            .filter(|document| !leave_out(document))
            .collect();

        if live.is_empty() {
            return Ok(Vec::new());
        }

        let sources = live.iter().map(|document| &document.source);
        let kept: HashMap<SourcePath, Arc<Document>> = self
            .shared
            .present_documents(sources)
            .await?
            .into_iter()
            .map(|document| {
                (
                    document.meta.source.clone(),
                    self.shared.kept_documents.keep(document),
                )
            })
            .collect();

        Ok(live
            .into_iter()
            .map(|document| Replaced {
                source: document.source.clone(),
                hash: document.hash,
                points: point::revision_point_ids(
                    &document.source,
                    &document.hash,
                    document.point_counts(),
                ),
                _document: kept.get(&document.source).cloned(),
            })
            .collect())
    }
}
