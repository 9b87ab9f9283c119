//! The commit protocol: vectors go to the embedding cache first, then points to the shard, which is
//! flushed; one transaction of the catalogue makes the documents visible; old points are removed
//! last, once no reader holds a snapshot in which they are live.
//!
//! Whenever the process is killed, the catalogue holds either old or new revisions, and anything
//! extra in the shard is removed when it is opened next.

mod complete;
mod prune;
mod seal;
mod set_aside;
mod verify;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{FileStamp, IndexError, LibraryDescription, Revision, RootName, SourcePath};
use uuid::Uuid;

use super::Shared;
use super::catalogue::CatalogueWriter;
use super::erase;
use super::error::EmbeddedResult;
use super::held_snapshot::READER_GRACE;
use super::integrity::Unverified;
use super::layout::Layout;
use super::recovery::{self, ShardSource};
use super::shard::Point;
use super::space;
use super::vectors::VectorWriter;
use crate::commands::{PendingCommit, answer, answer_all};
use crate::prepare::Prepared;
use crate::snapshots::{KeptForSnapshots, OpenSnapshots};

/// The size of the shard, in bytes, below which rebuilding it is not worthwhile. A shard of a few points
/// has 30 MiB.
const SHARD_ALLOWED: u64 = 64 * 1024 * 1024;

/// The additional size of the shard, in bytes, allowed per point. A point with 384 numbers and 90 words
/// takes some 6 KB in the segments, and 3 KB in the engine's log, which never shrinks.
const SHARD_PER_POINT: u64 = 20 * 1024;

/// The age at which a reader's snapshot is ended when something is committed: the log of the
/// catalogue grows while it is open.
const MAX_SNAPSHOT_AGE: Duration = Duration::from_secs(600);

/// A step of the protocol after which the process may be killed. Tests inspect the disk at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    VectorsStored,
    PointsAdded,
    PointsFlushed,
    DocumentsVisible,
    OldPointsRemoved,
    ShardReplaced,
}

/// Executes all writes to one generation.
pub(super) struct Committer {
    shared: Arc<Shared>,
    catalogue: CatalogueWriter,
    vectors: VectorWriter,
    layout: Layout,
    min_free_bytes: u64,
    /// Whether anything was written since the shard was last optimised, or the settings ask for
    /// another shard.
    needs_optimize: bool,
    /// Whether the shard was changed since it was opened.
    has_changed_shard: bool,
    /// Points that are live only in snapshots that readers hold.
    replaced_points: KeptForSnapshots<Vec<Uuid>>,
    /// Snapshots with a lower number may not show the latest change.
    first_current_snapshot: u64,
    /// When this process began the current epoch of vectors.
    epoch_began: Option<Instant>,
    /// What was not compared with its checksums when the generation was opened.
    unverified: Option<Unverified>,
    /// When the generation was last tried to be sealed without success.
    not_sealed: Option<Instant>,
    /// Whether the ledger says that something was found damaged.
    is_marked_suspect: bool,
    #[cfg(test)]
    pub(super) on_step: Option<Box<dyn FnMut(Step) + Send>>,
}

impl Committer {
    pub(super) fn new(
        shared: Arc<Shared>,
        (mut catalogue, vectors): (CatalogueWriter, VectorWriter),
        layout: Layout,
        min_free_bytes: u64,
        unverified: Unverified,
    ) -> Self {
        let needs_optimize = shared.shard().has_old_storage();
        if unverified.is_empty() {
            shared.verification.set_verified();
        }

        Self {
            shared,
            // It may have been built or changed when it was opened.
            has_changed_shard: catalogue.ledger().is_open(),
            catalogue,
            vectors,
            layout,
            min_free_bytes,
            needs_optimize,
            replaced_points: KeptForSnapshots::default(),
            first_current_snapshot: 0,
            epoch_began: None,
            unverified: Some(unverified),
            not_sealed: None,
            is_marked_suspect: false,
            #[cfg(test)]
            on_step: None,
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Writes documents together and answers each caller. Callers get their answers before old
    /// points are removed, because no search returns those any more.
    pub(super) fn commit(&mut self, group: Vec<PendingCommit>) {
        let mut accepted = Vec::with_capacity(group.len());
        for (document, reply) in group {
            match self.check_duplicate(&document) {
                Ok(()) => accepted.push((document, reply)),
                Err(error) => answer(reply, Err(error)),
            }
        }

        let mut documents: Vec<&mut Prepared> = accepted
            .iter_mut()
            .map(|(document, _)| &mut **document)
            .collect();
        let found = self.find_keys_to_embed(&mut documents);
        let documents: Vec<&Prepared> = accepted.iter().map(|(document, _)| &**document).collect();
        match found.and_then(|()| self.write(&documents)) {
            Ok((revisions, freed)) => {
                for ((_, reply), revision) in accepted.into_iter().zip(revisions) {
                    answer(reply, Ok::<_, IndexError>(revision));
                }

                self.remove_points(freed);
                self.shared
                    .catalogue
                    .held()
                    .end_older_than(MAX_SNAPSHOT_AGE);
            }
            Err(error) => {
                let points = documents
                    .iter()
                    .flat_map(|document| document.chunks.iter().map(|chunk| chunk.point))
                    .collect();
                self.discard_points(points);

                let error = space::explain(self.layout.data_dir(), error).into();
                answer_all(accepted, &error);
            }
        }
    }

    /// Removes documents from the catalogue and their points from the shard.
    pub(super) fn remove(&mut self, sources: &[SourcePath]) -> EmbeddedResult<Revision> {
        self.check_space(0)?;

        let mut removed_any = false;
        let mut freed = Vec::new();
        let change = self.catalogue.begin()?;
        for source in sources {
            if let Some(points) = change.remove(source)? {
                removed_any = true;
                freed.extend(points);
            }
        }

        if !removed_any {
            drop(change);
            return self.catalogue.revision();
        }

        let revision = change.next_revision()?;
        change.commit()?;
        self.needs_optimize = true;
        self.reached(Step::DocumentsVisible);
        self.remove_points(freed);

        Ok(revision)
    }

    /// Removes documents without leaving a trace of them in the files. Needs space for a new shard
    /// and for the whole catalogue in its log.
    pub(super) fn erase(&mut self, sources: &[SourcePath]) -> EmbeddedResult<Revision> {
        self.check_space(erase::space_needed(&self.layout)?)?;
        erase::begin(&self.layout)?;
        let revision = self.remove(sources)?;
        self.finish_erasing()?;

        Ok(revision)
    }

    /// Finishes an erasure whose documents have already been removed from the catalogue. Ends the
    /// snapshots that still show them, after a moment.
    pub(super) fn finish_erasing(&mut self) -> EmbeddedResult<()> {
        let shared = Arc::clone(&self.shared);
        shared.catalogue.held().end_all(READER_GRACE);
        self.replace_shard()?;
        shared.catalogue.clear_cache();
        shared.asked.clear();
        shared.keyword_vectors.clear();
        erase::finish(&self.layout, &shared.catalogue, &mut self.catalogue)?;
        // The ledger was deleted.
        self.catalogue.ledger().open();
        self.seal();
        Ok(())
    }

    /// Replaces the description of a root.
    pub(super) fn describe(
        &mut self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> EmbeddedResult<Revision> {
        self.check_space(0)?;
        let change = self.catalogue.begin()?;
        if !change.describe(root, description)? {
            drop(change);
            return self.catalogue.revision();
        }

        let revision = change.next_revision()?;
        change.commit()?;

        Ok(revision)
    }

    /// Keeps the stamps of documents whose current revision has their input.
    pub(super) fn keep_file_stamps(&mut self, stamps: &[FileStamp]) -> EmbeddedResult<()> {
        self.check_space(0)?;
        let change = self.catalogue.begin()?;
        for stamp in stamps {
            change.keep_file_stamp(stamp)?;
        }

        change.commit()
    }

    /// Makes deletions durable, compacts the shard, rebuilds it when its files have grown out of proportion
    /// to its points, and deletes vectors of passages that no longer exist.
    pub(super) fn optimize(&mut self) -> EmbeddedResult<()> {
        self.remove_replaced_points();
        if !self.needs_optimize {
            return Ok(());
        }

        let shared = Arc::clone(&self.shared);
        let (points, without_vectors) = shared
            .catalogue
            .read(|snapshot| Ok((snapshot.chunk_count()?, snapshot.chunks_without_vectors()?)))?;
        if without_vectors > 0 {
            // Points of compacted segments would be moved out of them again with their vectors.
            return shared.shard().flush();
        }

        self.begin_shard_change();
        let size = {
            let shard = shared.shard();
            shard.flush()?;
            if !shard.optimize(points, self.min_free_bytes)? {
                return Ok(());
            }
            shard.disk_usage()?
        };

        if size > SHARD_ALLOWED + SHARD_PER_POINT * points {
            // The new shard would lack points of older snapshots; the next run tries again.
            if self.snapshots().any_before(self.first_current_snapshot) {
                return Ok(());
            }

            self.replace_shard()?;
            tracing::info!("rebuilt the shard because its files had grown");
        }

        self.prune_vectors(points)?;
        self.needs_optimize = false;
        Ok(())
    }

    /// Adds the free space of the disk to an error caused by a lack of it.
    pub(super) fn explain<T>(&self, result: EmbeddedResult<T>) -> EmbeddedResult<T> {
        result.map_err(|error| space::explain(self.layout.data_dir(), error))
    }

    /// Errs if another document of the catalogue has the chunk ids of this one.
    fn check_duplicate(&self, document: &Prepared) -> EmbeddedResult<()> {
        match self.catalogue.duplicate(document)? {
            Some((source, root)) => Err(document.duplicate_ids_error(&source, &root).into()),
            None => Ok(()),
        }
    }

    /// Returns the revision of each document, and the points that are no longer live.
    fn write(&mut self, documents: &[&Prepared]) -> EmbeddedResult<(Vec<Revision>, Vec<Uuid>)> {
        if documents.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }

        self.check_space(documents.iter().map(|document| document.size()).sum())?;
        self.needs_optimize = true;
        self.begin_shard_change();

        let chunks = documents.iter().flat_map(|document| &document.chunks);
        self.vectors.put(
            chunks.filter_map(|chunk| {
                Some((&chunk.embedding_key, chunk.vector.as_ref()?.as_slice()))
            }),
        )?;
        self.reached(Step::VectorsStored);

        let shared = Arc::clone(&self.shared);
        shared
            .shard()
            .add(documents.iter().flat_map(|document| points_of(document)))?;
        self.reached(Step::PointsAdded);

        shared.shard().flush()?;
        self.reached(Step::PointsFlushed);

        let lacks_vectors = shared
            .catalogue
            .read(|snapshot| snapshot.chunks_without_vectors())?
            > 0;
        let mut revisions = Vec::with_capacity(documents.len());
        let mut freed = Vec::new();
        let change = self.catalogue.begin()?;
        if lacks_vectors {
            let embedded = documents.iter().flat_map(|document| &document.chunks);
            let embedded = embedded.filter(|chunk| chunk.vector.is_some());
            change.set_cached(embedded.map(|chunk| &chunk.embedding_key))?;
        }

        for document in documents {
            let (revision, points) = change.put(document)?;
            revisions.push(revision);
            freed.extend(points);
        }

        change.commit()?;
        self.reached(Step::DocumentsVisible);

        Ok((revisions, freed))
    }

    /// Removes points that are no longer live, or remembers them while a reader may hold a snapshot
    /// in which they are. Called after every change of documents.
    fn remove_points(&mut self, points: Vec<Uuid>) {
        self.remove_replaced_points();
        let next_snapshot = self.snapshots().next_number();
        self.first_current_snapshot = next_snapshot;
        self.forget_removed_documents();
        if points.is_empty() {
            return;
        }

        if self.snapshots().any_before(next_snapshot) {
            self.replaced_points.keep(next_snapshot, points);
        } else {
            self.remove_from_shard(&points);
        }
    }

    /// Reports whether points wait until readers have dropped their snapshots.
    pub(super) fn has_replaced_points(&self) -> bool {
        !self.replaced_points.is_empty()
    }

    /// Removes the points that no reader needs any more.
    pub(super) fn remove_replaced_points(&mut self) {
        let shared = Arc::clone(&self.shared);
        let unneeded = self
            .replaced_points
            .take_unneeded(shared.catalogue.held().open());
        if unneeded.is_empty() {
            return;
        }

        // Some may be live again: a document can return to an earlier revision.
        self.forget_removed_documents();
        match self.catalogue.stray_points(unneeded.into_iter().flatten()) {
            Ok(points) if points.is_empty() => {}
            Ok(points) => self.remove_from_shard(&points),
            Err(error) => tracing::warn!(
                %error,
                "could not remove old points from the shard; they are removed at the next start"
            ),
        }
    }

    /// Forgets documents that were removed or replaced, unless a reader may hold a snapshot that
    /// shows them; the next change tries again then.
    fn forget_removed_documents(&self) {
        if !self.snapshots().any_before(self.first_current_snapshot) {
            self.shared.catalogue.forget_removed_documents();
        }
    }

    fn snapshots(&self) -> &OpenSnapshots {
        self.shared.catalogue.held().open()
    }

    /// Points that cannot be removed now are not returned by any search, and are removed when the
    /// shard is opened next.
    fn remove_from_shard(&mut self, points: &[Uuid]) {
        self.begin_shard_change();
        self.shared.catalogue.forget_points(points);
        let removed = self.shared.shard_exclusive().remove(points);
        if let Err(error) = removed {
            tracing::warn!(
                %error,
                points = points.len(),
                "could not remove old points from the shard; they are removed at the next start"
            );
        }

        self.reached(Step::OldPointsRemoved);
    }

    /// Removes the points of a group that could not be committed.
    fn discard_points(&mut self, points: BTreeSet<Uuid>) {
        match self.catalogue.stray_points(points) {
            Ok(strays) => self.remove_points(strays),
            Err(error) => tracing::warn!(
                %error,
                "could not remove the points of a failed commit; they are removed at the next start"
            ),
        }
    }

    /// Rebuilds the shard from the catalogue and the embedding cache.
    pub(super) fn replace_shard(&mut self) -> EmbeddedResult<()> {
        self.begin_shard_change();
        let shared = Arc::clone(&self.shared);
        let source = ShardSource {
            catalogue: &shared.catalogue,
            vectors: &shared.vectors,
            bm25: &shared.bm25,
            dimensions: shared.dimensions,
            storage: shared.storage,
            min_free_bytes: self.min_free_bytes,
            built_at_open: u64::MAX,
        };

        let shard = recovery::build(&self.layout, &source, &mut self.catalogue)?;
        let old = std::mem::replace(&mut *self.shared.shard_exclusive(), shard);
        self.reached(Step::ShardReplaced);

        old.destroy()
    }

    /// Must be called before the files of the shard change.
    fn begin_shard_change(&mut self) {
        self.has_changed_shard = true;
        self.catalogue.ledger().open();
    }

    fn check_space(&self, needed: u64) -> EmbeddedResult<()> {
        space::check(self.layout.data_dir(), self.min_free_bytes, needed)
    }

    #[cfg_attr(
        not(test),
        expect(
            clippy::unused_self,
            clippy::needless_pass_by_ref_mut,
            reason = "only tests observe the steps"
        )
    )]
    fn reached(&mut self, step: Step) {
        #[cfg(test)]
        if let Some(on_step) = &mut self.on_step {
            on_step(step);
        }

        tracing::trace!(?step, "commit");
    }
}

fn points_of(document: &Prepared) -> impl Iterator<Item = Point<'_>> {
    document.chunks.iter().map(|prepared| Point {
        id: prepared.point,
        chunk_id: prepared.chunk.chunk_id.as_str(),
        page: prepared.chunk.page.number.0,
        document: &document.meta,
        vector: prepared.vector.as_deref(),
        keyword_vector: &prepared.keyword_vector,
    })
}
