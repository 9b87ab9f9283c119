//! The commit protocol: vectors go to the embedding cache first, then points to the shard, which is
//! flushed; one transaction of the catalogue makes the documents visible; old points are removed
//! last.
//!
//! Whenever the process is killed, the catalogue holds either old or new revisions, and anything
//! extra in the shard is removed when it is opened next.

use std::collections::BTreeSet;
use std::sync::Arc;

use mcdewey_core::{IndexError, LibraryDescription, Revision, RootName, SourcePath};
use uuid::Uuid;

use super::Shared;
use super::catalogue::CatalogueWriter;
use super::erase;
use super::error::EmbeddedResult;
use super::layout::Layout;
use super::recovery::{self, ShardSource};
use super::shard::Point;
use super::space;
use super::vectors::VectorWriter;
use crate::commands::{PendingCommit, answer, answer_all};
use crate::prepare::Prepared;

/// The size of the engine's log, in bytes, below which rebuilding the shard is not worthwhile.
const LOG_ALLOWED: u64 = 256 * 1024 * 1024;

/// The additional size of the log, in bytes, allowed per point: five times what is written to add a
/// point with 384 numbers and 90 words (3 KB).
const LOG_PER_POINT: u64 = 15 * 1024;

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
    /// Whether anything was written since the shard was last optimised.
    needs_optimize: bool,
    #[cfg(test)]
    pub(super) on_step: Option<Box<dyn FnMut(Step) + Send>>,
}

impl Committer {
    pub(super) fn new(
        shared: Arc<Shared>,
        catalogue: CatalogueWriter,
        vectors: VectorWriter,
        layout: Layout,
        min_free_bytes: u64,
    ) -> Self {
        Self {
            shared,
            catalogue,
            vectors,
            layout,
            min_free_bytes,
            needs_optimize: false,
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

        let documents: Vec<&Prepared> = accepted.iter().map(|(document, _)| &**document).collect();
        match self.write(&documents) {
            Ok((revisions, freed)) => {
                for ((_, reply), revision) in accepted.into_iter().zip(revisions) {
                    answer(reply, Ok::<_, IndexError>(revision));
                }

                self.remove_points(&freed);
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
        self.remove_points(&freed);

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

    /// Finishes an erasure whose documents have already been removed from the catalogue.
    pub(super) fn finish_erasing(&mut self) -> EmbeddedResult<()> {
        self.replace_shard()?;
        self.shared.catalogue.clear_cache();
        erase::finish(&self.layout, &self.catalogue)
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

    /// Makes deletions durable, compacts the shard, and rebuilds it when its log has grown out of
    /// proportion to its points.
    pub(super) fn optimize(&mut self) -> EmbeddedResult<()> {
        if !self.needs_optimize {
            return Ok(());
        }

        let shared = Arc::clone(&self.shared);
        let points = shared.catalogue.read(|snapshot| snapshot.chunk_count())?;
        let log_size = {
            let shard = shared.shard();
            shard.flush()?;
            if !shard.optimize(points, self.min_free_bytes)? {
                return Ok(());
            }
            shard.log_size()?
        };

        if log_size > LOG_ALLOWED + LOG_PER_POINT * points {
            self.replace_shard()?;
            tracing::info!("rebuilt the shard because its log had grown");
        }

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

        let chunks = documents.iter().flat_map(|document| &document.chunks);
        self.vectors
            .put(chunks.map(|chunk| (&chunk.embedding_key, chunk.vector.as_slice())))?;
        self.reached(Step::VectorsStored);

        let shared = Arc::clone(&self.shared);
        shared
            .shard()
            .add(documents.iter().flat_map(|document| points_of(document)))?;
        self.reached(Step::PointsAdded);

        shared.shard().flush()?;
        self.reached(Step::PointsFlushed);

        let mut revisions = Vec::with_capacity(documents.len());
        let mut freed = Vec::new();
        let change = self.catalogue.begin()?;
        for document in documents {
            let (revision, points) = change.put(document)?;
            revisions.push(revision);
            freed.extend(points);
        }

        change.commit()?;
        self.reached(Step::DocumentsVisible);

        Ok((revisions, freed))
    }

    /// Removes points that are no longer live, once no search can hold a snapshot in which they
    /// are. Points that cannot be removed now are not returned by any search, and are removed when
    /// the shard is opened next.
    fn remove_points(&mut self, points: &[Uuid]) {
        if points.is_empty() {
            return;
        }

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
            Ok(strays) => self.remove_points(&strays),
            Err(error) => tracing::warn!(
                %error,
                "could not remove the points of a failed commit; they are removed at the next start"
            ),
        }
    }

    /// Rebuilds the shard from the catalogue and the embedding cache.
    pub(super) fn replace_shard(&mut self) -> EmbeddedResult<()> {
        let shared = Arc::clone(&self.shared);
        let source = ShardSource {
            catalogue: &shared.catalogue,
            vectors: &shared.vectors,
            bm25: &shared.bm25,
            dimensions: shared.dimensions,
            min_free_bytes: self.min_free_bytes,
        };

        let shard = recovery::build(&self.layout, &source, &mut self.catalogue)?;
        let old = std::mem::replace(&mut *self.shared.shard_exclusive(), shard);
        self.reached(Step::ShardReplaced);

        old.destroy()
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
        vector: Some(&prepared.vector),
        keyword_vector: &prepared.keyword_vector,
    })
}
