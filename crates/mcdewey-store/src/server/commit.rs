//! The commit protocol. Vectors go to the embedding cache; pages and chunks of the new revision are
//! written beside the old ones; then the documents' own points name the new revision; the library's
//! revision, raised last, makes readers notice. Old points are deleted after that, once no reader of
//! this process has pinned a revision in which they are live.
//!
//! Every step may be repeated, and each waits until the server confirms that its points can be
//! found. Deletion is in [`replaced`], the remains of interrupted writers in [`reconcile`].

mod reconcile;
mod replaced;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcdewey_core::{IndexError, LibraryDescription, Revision, RootName, SourcePath};
use qdrant_client::qdrant::{Condition, Filter, PointStruct, Range, Value, Vector};
use uuid::Uuid;

use self::replaced::Replaced;
use super::lease::{self, Acquired, Lease};
use super::point::{self, Change, LIBRARY_REVISION, LibraryState, REVISION, StoredDocument};
use super::read::vector_id;
use super::schema;
use super::server_error::ServerError;
use super::shared::Shared;
use crate::commands::{PendingCommit, answer};
use crate::prepare::Prepared;
use crate::snapshots::KeptForSnapshots;

/// How long it may take to make a change visible: less than the lease is valid at that moment.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(10);

/// A step of the protocol after which a writer may die. Tests make it fail there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    PointsWritten,
    DocumentsUpdated,
    RevisionRaised,
}

/// Executes all writes to one library.
pub(super) struct Committer {
    shared: Arc<Shared>,
    lease: Lease,
    /// Whether this process has made sure that the collections exist.
    collections_exist: bool,
    /// Whether other processes may have written since the replica was last updated.
    needs_catch_up: bool,
    /// Whether the collection may hold points that belong to no document.
    unclean: bool,
    /// Whether anything was written since the library was last optimised.
    needs_optimize: bool,
    /// Revisions that only readers of this process still need.
    replaced: KeptForSnapshots<Vec<Replaced>>,
    #[cfg(test)]
    pub(super) dies_at: Option<Step>,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            lease: Lease::new(),
            collections_exist: false,
            needs_catch_up: false,
            unclean: false,
            needs_optimize: false,
            replaced: KeptForSnapshots::default(),
            #[cfg(test)]
            dies_at: None,
        }
    }

    pub(super) fn to_index_error(&self, error: ServerError) -> IndexError {
        self.shared.to_index_error(error)
    }

    /// Converts the error of a result for callers.
    pub(super) fn explain<T>(&self, result: Result<T, ServerError>) -> Result<T, IndexError> {
        result.map_err(|error| self.to_index_error(error))
    }

    /// Answers the commits whose chunk ids another document has, and keeps the others in the group.
    pub(super) async fn reject_duplicates(
        &mut self,
        group: &mut Vec<PendingCommit>,
    ) -> Result<(), ServerError> {
        self.begin().await?;
        let replica = self.shared.replica();
        for (document, reply) in std::mem::take(group) {
            match replica.duplicate(&document.prefix, &document.meta.source, &document.root) {
                None => group.push((document, reply)),
                Some(other) => {
                    let error =
                        document.duplicate_ids_error(other.source.as_str(), other.root.as_str());
                    answer(reply, Err::<Revision, _>(error));
                }
            }
        }

        Ok(())
    }

    /// Writes documents. Returns the revision of each, and what they replaced.
    pub(super) async fn write(
        &mut self,
        documents: &[&Prepared],
    ) -> Result<(Vec<Revision>, Vec<Replaced>), ServerError> {
        if documents.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }

        self.begin().await?;
        let unclean = std::mem::replace(&mut self.unclean, true);

        self.write_vectors(documents).await?;
        self.write_points(documents).await?;
        self.reached(Step::PointsWritten)?;

        let mut next = self.next_revision().await;
        let (mut revisions, mut points, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for document in documents {
            let stored = StoredDocument::new(document, next, now());
            points.push(point::document_point(&stored, document)?);
            changes.push(Change::Document(Box::new(stored)));
            revisions.push(Revision(next));
            next += 1;
        }

        let replaced = self.replaced_by(documents).await?;
        self.publish(points, changes, next - 1).await?;
        self.unclean = unclean;
        Ok((revisions, replaced))
    }

    async fn write_vectors(&mut self, documents: &[&Prepared]) -> Result<(), ServerError> {
        let result = self.shared.vectors.upsert(vector_points(documents)).await;
        if result.is_err() {
            // The next attempt recreates the cache if it was deleted.
            self.collections_exist = false;
        }

        result.map_err(|error| match error {
            ServerError::NoCollection => ServerError::Unavailable(
                "its embedding cache was deleted; it is being created again".to_owned(),
            ),
            other => other,
        })
    }

    async fn write_points(&self, documents: &[&Prepared]) -> Result<(), ServerError> {
        let mut points = Vec::new();
        for document in documents {
            points.extend(point::content_points(document)?);
        }

        self.shared.points.upsert(points).await
    }

    /// Removes documents.
    pub(super) async fn remove(&mut self, sources: &[SourcePath]) -> Result<Revision, ServerError> {
        let existing = self.existing(sources).await?;
        if existing.is_empty() {
            return Ok(Revision(self.shared.replica().revision));
        }

        self.begin().await?;

        // Looked up again, because others may have written before the lease was acquired.
        let replaced = self.replaced(existing.iter(), |_| false).await?;
        let next = self.next_revision().await;

        let points = replaced
            .iter()
            .map(|removed| point::removed_point(&removed.source, next))
            .collect();

        let changes = replaced
            .iter()
            .map(|removed| Change::Removed {
                source: removed.source.clone(),
                revision: next,
            })
            .collect();

        self.publish(points, changes, next).await?;
        self.discard(replaced).await;
        Ok(Revision(next))
    }

    /// Replaces the description of a root.
    pub(super) async fn describe(
        &mut self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, ServerError> {
        let replica = self.shared.current_replica().await?;
        if replica.description_of(root) == *description {
            return Ok(Revision(replica.revision));
        }

        drop(replica);
        self.begin().await?;
        let next = self.next_revision().await;
        let point = point::description_point(root, next, description)?;

        let change = Change::Description {
            root: root.clone(),
            revision: next,
            description: description.clone(),
        };

        self.publish(vec![point], vec![change], next).await?;
        Ok(Revision(next))
    }

    /// Deletes points that belong to no document, switches the alias to this library, and releases
    /// the lease.
    pub(super) async fn optimize(&mut self) -> Result<(), ServerError> {
        if !self.needs_optimize && !self.lease.is_held() && self.is_optimized().await? {
            return Ok(());
        }

        self.begin().await?;
        self.wait_for_readers().await;
        self.delete_replaced().await;
        self.reconcile_if_unclean().await?;

        self.purge_removals().await?;
        schema::switch_alias(&self.shared.points.server, &self.shared.names).await?;

        // What readers still need is deleted by the next run, or by the next writer.
        let unclean = self.is_unclean();
        self.needs_optimize = unclean;
        self.lease.release(&self.shared.points, unclean).await
    }

    /// Reports whether no interrupted process has left work to do.
    async fn is_optimized(&self) -> Result<bool, ServerError> {
        let shared = &self.shared;
        if shared.state().await?.library_revision == 0 {
            return Ok(true);
        }

        let is_clean = !lease::was_left_unclean(&shared.points).await?;
        Ok(is_clean && schema::is_alias_current(&shared.points.server, &shared.names).await?)
    }

    /// Releases the lease when there is nothing to do.
    pub(super) async fn release_lease(&mut self) {
        if self.lease.can_publish() && !self.needs_catch_up {
            self.delete_replaced().await;
        }

        let unclean = self.is_unclean();
        let released = self.lease.release(&self.shared.points, unclean).await;

        if let Err(error) = released {
            tracing::debug!(refusal = %error, "could not release the write lease; it will expire");
        }
    }

    /// Acquires the lease and catches up with what other processes wrote before.
    async fn begin(&mut self) -> Result<(), ServerError> {
        if !self.collections_exist {
            self.create_collections().await?;
        }

        let acquired = match self.lease.acquire(&self.shared.points).await {
            // The collections were deleted.
            Err(ServerError::NoCollection) => {
                self.create_collections().await?;
                self.lease.acquire(&self.shared.points).await?
            }
            acquired => acquired?,
        };

        self.note_acquired(acquired);
        if self.needs_catch_up {
            self.needs_catch_up = false;
            let result = self.catch_up().await;

            // A catch-up that failed halfway is repeated before the next write.
            self.needs_catch_up = result.is_err();
            result?;
        }

        self.delete_replaced().await;
        Ok(())
    }

    /// Creates the collections that are missing.
    async fn create_collections(&mut self) -> Result<(), ServerError> {
        let Shared {
            names,
            replication,
            dimensions,
            points,
            ..
        } = &*self.shared;

        schema::create(&points.server, names, *dimensions, replication).await?;
        self.collections_exist = true;
        Ok(())
    }

    /// Reads what other processes wrote, and completes or deletes what they left incomplete.
    async fn catch_up(&mut self) -> Result<(), ServerError> {
        self.shared.catch_up().await?;
        self.finish_interrupted().await?;
        self.delete_replaced().await;
        self.reconcile_if_unclean().await
    }

    /// After a new lease, others may have written, and may have left something incomplete.
    fn note_acquired(&mut self, acquired: Acquired) {
        if let Acquired::New { unclean } = acquired {
            self.needs_catch_up = true;
            self.unclean |= unclean;
        }
    }

    /// The revision after all that were ever begun.
    async fn next_revision(&self) -> u64 {
        let replica = self.shared.replica();
        replica.highest_revision.max(replica.revision) + 1
    }

    /// Makes changes visible: first their points, then the library's revision.
    async fn publish(
        &mut self,
        points: Vec<PointStruct>,
        changes: Vec<Change>,
        revision: u64,
    ) -> Result<(), ServerError> {
        // A request that takes longer than the lease is valid must not count as done.
        let result =
            tokio::time::timeout(PUBLISH_DEADLINE, self.publish_under_lease(points, revision))
                .await
                .unwrap_or_else(|_| Err(ServerError::timed_out()));

        if result.is_err() {
            // Some of it may have been written; the next write begins by finding out.
            self.needs_catch_up = true;
            self.lease.invalidate();
            self.shared.reset_expected_revision();
        } else {
            self.shared
                .update_replica(|replica| replica.apply(changes, revision));
        }

        result
    }

    async fn publish_under_lease(
        &mut self,
        points: Vec<PointStruct>,
        revision: u64,
    ) -> Result<(), ServerError> {
        if !self.lease.can_publish() {
            let acquired = self.lease.acquire(&self.shared.points).await?;
            self.note_acquired(acquired);
        }

        if self.needs_catch_up {
            return Err(ServerError::Conflict(
                "the write lease had expired; starting again".to_owned(),
            ));
        }

        self.needs_optimize = true;

        // Conditional, so that a request delayed by the network cannot undo a later one.
        self.shared
            .points
            .upsert_if(points, &below(REVISION, revision + 1))
            .await?;
        self.reached(Step::DocumentsUpdated)?;
        self.raise_revision(revision).await?;
        self.reached(Step::RevisionRaised)
    }

    #[cfg_attr(
        not(test),
        expect(
            clippy::unused_self,
            clippy::unnecessary_wraps,
            reason = "only tests make a writer die"
        )
    )]
    fn reached(&self, step: Step) -> Result<(), ServerError> {
        #[cfg(test)]
        if self.dies_at == Some(step) {
            return Err(ServerError::Failed(format!("died at {step:?}")));
        }

        tracing::trace!(?step, "commit");
        Ok(())
    }

    /// Leaves everything as a killed process does whose lease has expired.
    #[cfg(test)]
    pub(super) async fn die(mut self) {
        self.lease.expire(&self.shared.points).await;
    }

    /// Raises the library's revision and reads it back to make sure that this process raised it.
    async fn raise_revision(&mut self, revision: u64) -> Result<(), ServerError> {
        let shared = &self.shared;
        let LibraryState {
            library_revision,
            purged,
            ..
        } = shared.state().await?;

        if library_revision >= revision {
            return Err(ServerError::Conflict(
                "another process has written to this library meanwhile".to_owned(),
            ));
        }

        let state = LibraryState {
            library_revision: revision,
            purged,
            writer: self.lease.owner().to_owned(),
        };

        shared.expect_revision(revision);
        let points = vec![point::library_point(&state)?];
        shared
            .points
            .upsert_if(points, &below(LIBRARY_REVISION, revision))
            .await?;

        if shared.state().await? != state {
            return Err(ServerError::Conflict(
                "another process wrote to this library at the same time".to_owned(),
            ));
        }

        Ok(())
    }

    /// The documents among these that the library holds.
    async fn existing(&self, sources: &[SourcePath]) -> Result<BTreeSet<SourcePath>, ServerError> {
        let replica = self.shared.current_replica().await?;
        Ok(sources
            .iter()
            .filter(|source| replica.document(source).is_some())
            .cloned()
            .collect())
    }
}

/// The vectors of these documents' chunks as points of the embedding cache, each once.
fn vector_points(documents: &[&Prepared]) -> Vec<PointStruct> {
    let chunks = documents.iter().flat_map(|document| &document.chunks);
    let distinct: BTreeMap<Uuid, &Vec<f32>> = chunks
        .filter_map(|chunk| Some((vector_id(&chunk.embedding_key), chunk.vector.as_ref()?)))
        .collect();

    distinct
        .into_iter()
        .map(|(id, vector)| {
            PointStruct::new(
                id.to_string(),
                Vector::new_dense(vector.clone()),
                HashMap::<String, Value>::new(),
            )
        })
        .collect()
}

fn below(field: &str, revision: u64) -> Filter {
    Filter::must([Condition::range(
        field,
        Range {
            lt: Some(revision as f64),
            ..Range::default()
        },
    )])
}

fn at_most(field: &str, revision: u64) -> Filter {
    Filter::must([Condition::range(
        field,
        Range {
            lte: Some(revision as f64),
            ..Range::default()
        },
    )])
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs().cast_signed())
}
