//! What an interrupted writer left behind: it is completed where all points were written, deleted
//! where no document names it, and marked for the next ingest where points are missing.

use std::collections::BTreeMap;

use mcdewey_core::ContentHash;
use qdrant_client::qdrant::{Condition, Filter};

use super::{Committer, at_most};
use crate::server::catalogue_replica::CatalogueReplica;
use crate::server::point::{
    self, Change, DOCUMENT, KIND, LIBRARY_REVISION, LibraryState, REVISION, StoredDocument, kind,
};
use crate::server::server_error::ServerError;

/// The input hash of a document that must be ingested again: no input has it.
const UNKNOWN_INPUT: [u8; 32] = [0; 32];

impl Committer {
    /// Reports whether the collection may hold points that belong to no document.
    pub(super) fn is_unclean(&self) -> bool {
        self.unclean || !self.replaced.is_empty()
    }

    /// Deletes what an interrupted writer left behind, unless readers of this process need points
    /// that look the same.
    pub(super) async fn reconcile_if_unclean(&mut self) -> Result<(), ServerError> {
        if self.unclean && self.replaced.is_empty() {
            self.reconcile().await?;
            self.unclean = false;
        }

        Ok(())
    }

    /// Raises the library's revision on behalf of a writer that was interrupted before it could:
    /// all points of its documents were written.
    pub(super) async fn finish_interrupted(&mut self) -> Result<(), ServerError> {
        let (highest, revision) = {
            let replica = self.shared.replica();
            (replica.highest_revision, replica.revision)
        };

        if highest > revision {
            self.raise_revision(highest).await?;
            self.shared.refresh().await?;
            self.unclean = true;
        }

        Ok(())
    }

    /// Compares the number of points of each revision with the catalogue. Deletes points of no
    /// document, and marks documents that lack points so that the next ingest writes them again.
    async fn reconcile(&mut self) -> Result<(), ServerError> {
        let counts = self.shared.points.count_by(DOCUMENT).await?;
        let replica = self.shared.replica();
        let live: BTreeMap<String, &StoredDocument> = replica
            .documents()
            .map(|document| (document.hash.to_string(), document))
            .collect();

        let orphaned: Vec<String> = counts
            .keys()
            .filter(|hash| !live.contains_key(*hash))
            .cloned()
            .collect();

        let mut incomplete = Vec::new();
        for (hash, document) in live {
            let count = counts.get(&hash).copied().unwrap_or_default();
            if count < document.point_counts().total() {
                incomplete.push(document.clone());
            }
        }

        drop(replica);
        if !orphaned.is_empty() {
            tracing::info!(
                revisions = orphaned.len(),
                "deleting points that an interrupted ingest left behind"
            );
            self.shared
                .points
                .delete_where(Filter::must([Condition::matches(DOCUMENT, orphaned)]))
                .await?;
        }

        self.forget_inputs(incomplete).await
    }

    /// Clears the input hashes of documents, so that the next ingest writes them again.
    async fn forget_inputs(&mut self, documents: Vec<StoredDocument>) -> Result<(), ServerError> {
        if documents.is_empty() {
            return Ok(());
        }

        tracing::warn!(
            documents = documents.len(),
            "points of documents are missing; the next ingest writes these documents again"
        );
        let next = self.next_revision().await;

        let (mut points, mut changes) = (Vec::new(), Vec::new());
        for mut document in documents {
            document.input = ContentHash::from_bytes(UNKNOWN_INPUT);
            document.revision = next;
            let id = point::document_id(&document.source);
            if let Some(found) = self.shared.points.get(&[id], &[], false).await?.pop() {
                points.push(point::updated_document_point(found.payload, &document)?);
                changes.push(Change::Document(Box::new(document)));
            }
        }

        self.publish(points, changes, next).await
    }

    /// Deletes the points that represent removed documents. The library's own point records that
    /// first, so that readers that have missed a removal read the whole catalogue again.
    pub(super) async fn purge_removals(&mut self) -> Result<(), ServerError> {
        let shared = &self.shared;
        let replica = shared.replica();
        if !replica.has_removals() {
            return Ok(());
        }

        let revision = replica.revision;
        drop(replica);
        let state = LibraryState {
            library_revision: revision,
            purged: revision,
            writer: self.lease.owner().to_owned(),
        };

        let points = vec![point::library_point(&state)?];
        shared
            .points
            .upsert_if(points, &at_most(LIBRARY_REVISION, revision))
            .await?;

        if shared.state().await? != state {
            return Err(ServerError::Conflict(
                "another process has written to this library meanwhile".to_owned(),
            ));
        }

        let mut removals = at_most(REVISION, revision);
        removals
            .must
            .push(Condition::matches(KIND, kind::REMOVED.to_owned()));
        shared.points.delete_where(removals).await?;

        shared.update_replica(CatalogueReplica::clear_removals);

        Ok(())
    }
}
