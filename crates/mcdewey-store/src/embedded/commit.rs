//! The commit protocol. Vectors go to the embedding cache first, then points to the shard, flushed; one transaction of
//! the catalogue makes documents visible; old points are taken out last. Whatever moment the process dies at, the
//! catalogue holds old revisions or new ones, and what the shard holds besides is swept when it is opened next.

use std::collections::BTreeSet;
use std::sync::Arc;

use mcdewey_core::{IndexError, LibraryDescription, Revision, RootName, SourcePath};
use uuid::Uuid;

use super::Shared;
use super::catalogue::CatalogueWriter;
use super::erase;
use super::failure::Outcome;
use super::layout::Layout;
use super::recovery::{self, Source};
use super::shard::Point;
use super::space;
use super::vectors::VectorWriter;
use crate::commands::{Waiting, answer, answer_all};
use crate::prepare::Prepared;

/// The engine's log may be this many bytes long before it is worth a new shard.
const LOG_ALLOWED: u64 = 256 * 1024 * 1024;
/// And this many bytes for each point: five times what adding a point of 384 numbers and 90 words writes (3 KB).
const LOG_PER_POINT: u64 = 15 * 1024;

/// A moment of the protocol at which the process may die; tests look at the disk there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    VectorsStored,
    PointsAdded,
    PointsFlushed,
    DocumentsVisible,
    OldPointsRemoved,
    ShardReplaced,
}

/// All that writes.
pub(super) struct Committer {
    shared: Arc<Shared>,
    catalogue: CatalogueWriter,
    vectors: VectorWriter,
    layout: Layout,
    min_free_bytes: u64,
    /// Whether something was written since the shard was compacted.
    unsettled: bool,
    #[cfg(test)]
    pub(super) watch: Option<Box<dyn FnMut(Step) + Send>>,
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
            unsettled: false,
            #[cfg(test)]
            watch: None,
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Writes documents together and tells each who waits for it. They are told before old points are swept: nobody
    /// finds those any more.
    pub(super) fn commit(&mut self, group: Vec<Waiting>) {
        let mut waiting = Vec::with_capacity(group.len());
        for (document, reply) in group {
            match self.refuse_twin(&document) {
                Ok(()) => waiting.push((document, reply)),
                Err(failure) => answer(reply, Err(failure)),
            }
        }

        let documents: Vec<&Prepared> = waiting.iter().map(|(document, _)| &**document).collect();
        match self.write(&documents) {
            Ok((revisions, freed)) => {
                for ((_, reply), revision) in waiting.into_iter().zip(revisions) {
                    answer(reply, Ok::<_, IndexError>(revision));
                }
                self.sweep(&freed);
            }
            Err(failure) => {
                let points = documents
                    .iter()
                    .flat_map(|document| document.passages.iter().map(|passage| passage.point));
                self.take_back(points.collect());
                answer_all(
                    waiting,
                    &space::explained(self.layout.data(), failure).into(),
                );
            }
        }
    }

    /// Takes documents out.
    pub(super) fn remove(&mut self, sources: &[SourcePath]) -> Outcome<Revision> {
        self.check_space(0)?;
        let mut freed = Vec::new();
        let change = self.catalogue.begin()?;

        let mut any = false;
        for source in sources {
            if let Some(points) = change.remove(source)? {
                any = true;
                freed.extend(points);
            }
        }

        if !any {
            drop(change);
            return self.catalogue.revision();
        }

        let revision = change.next_revision()?;
        change.commit()?;
        self.unsettled = true;
        self.reached(Step::DocumentsVisible);
        self.sweep(&freed);

        Ok(revision)
    }

    /// Takes documents out for good. The shard is written anew, and so is the catalogue in its log: there must be room
    /// for both.
    pub(super) fn erase(&mut self, sources: &[SourcePath]) -> Outcome<Revision> {
        self.check_space(erase::takes(&self.layout)?)?;
        erase::begin(&self.layout)?;
        let revision = self.remove(sources)?;
        self.finish_erasing()?;
        Ok(revision)
    }

    /// Finishes an erasure whose documents are out of the catalogue.
    pub(super) fn finish_erasing(&mut self) -> Outcome<()> {
        self.replace_shard()?;
        self.shared.catalogue.forget();
        erase::finish(&self.layout, &self.catalogue)
    }

    /// Replaces what a root says.
    pub(super) fn describe(
        &mut self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Outcome<Revision> {
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

    /// Makes deletions durable, compacts the shard, and builds it anew when its log has grown out of proportion.
    pub(super) fn optimize(&mut self) -> Outcome<()> {
        if !self.unsettled {
            return Ok(());
        }

        let points = self
            .shared
            .catalogue
            .read(|snapshot| snapshot.passages_in_all())?;
        let shared = Arc::clone(&self.shared);
        let log = {
            let shard = shared.shard();
            shard.flush()?;
            if !shard.optimise(points, self.min_free_bytes)? {
                return Ok(());
            }
            shard.log_size()?
        };

        if log > LOG_ALLOWED + LOG_PER_POINT * points {
            self.replace_shard()?;
            tracing::info!("the shard was built anew because its log had grown");
        }

        self.unsettled = false;
        Ok(())
    }

    /// An outcome as it is told to who asked.
    pub(super) fn told<T>(&self, outcome: Outcome<T>) -> Outcome<T> {
        outcome.map_err(|failure| space::explained(self.layout.data(), failure))
    }

    fn refuse_twin(&self, document: &Prepared) -> Outcome<()> {
        match self.catalogue.twin(document)? {
            Some((twin, root)) => Err(document.refusal_beside(&twin, &root).into()),
            None => Ok(()),
        }
    }

    /// Returns the revision of each document, and the points that are no longer live.
    fn write(&mut self, documents: &[&Prepared]) -> Outcome<(Vec<Revision>, Vec<Uuid>)> {
        if documents.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }

        self.check_space(documents.iter().map(|document| document.size()).sum())?;
        self.unsettled = true;
        let passages = documents.iter().flat_map(|document| &document.passages);
        self.vectors
            .put(passages.map(|passage| (&passage.embedding_key, passage.vector.as_slice())))?;
        self.reached(Step::VectorsStored);
        let shared = Arc::clone(&self.shared);

        shared
            .shard()
            .add(documents.iter().flat_map(|document| points_of(document)))?;
        self.reached(Step::PointsAdded);
        shared.shard().flush()?;
        self.reached(Step::PointsFlushed);
        let (mut revisions, mut freed) = (Vec::with_capacity(documents.len()), Vec::new());

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

    /// Takes points out that are no longer live, once no lookup can know them any more. What cannot be taken out now is
    /// not found anyway and goes when the shard is opened next.
    fn sweep(&mut self, points: &[Uuid]) {
        if points.is_empty() {
            return;
        }

        let swept = self.shared.shard_alone().remove(points);
        if let Err(error) = swept {
            tracing::warn!(%error, points = points.len(), "old points stay in the shard until the next start");
        }

        self.reached(Step::OldPointsRemoved);
    }

    /// Takes back the points of a group that could not be written.
    fn take_back(&mut self, points: BTreeSet<Uuid>) {
        match self.catalogue.strays(points) {
            Ok(strays) => self.sweep(&strays),
            Err(error) => {
                tracing::warn!(%error, "points of a failed commit stay in the shard until the next start")
            }
        }
    }

    pub(super) fn replace_shard(&mut self) -> Outcome<()> {
        let shared = Arc::clone(&self.shared);
        let source = Source {
            catalogue: &shared.catalogue,
            vectors: &shared.vectors,
            bm25: &shared.bm25,
            dimensions: shared.dimensions,
            min_free_bytes: self.min_free_bytes,
        };

        let shard = recovery::build(&self.layout, &source, &mut self.catalogue)?;
        let old = std::mem::replace(&mut *self.shared.shard_alone(), shard);
        self.reached(Step::ShardReplaced);
        old.destroy()
    }

    fn check_space(&self, needed: u64) -> Outcome<()> {
        space::check(self.layout.data(), self.min_free_bytes, needed)
    }

    #[cfg_attr(
        not(test),
        expect(
            clippy::unused_self,
            clippy::needless_pass_by_ref_mut,
            reason = "only tests watch"
        )
    )]
    fn reached(&mut self, step: Step) {
        #[cfg(test)]
        if let Some(watch) = &mut self.watch {
            watch(step);
        }
        tracing::trace!(?step, "commit");
    }
}

fn points_of(document: &Prepared) -> impl Iterator<Item = Point<'_>> {
    document.passages.iter().map(|passage| Point {
        id: passage.point,
        chunk_id: passage.chunk.chunk_id.as_str(),
        page: passage.chunk.page.number.0,
        document: &document.meta,
        vector: Some(&passage.vector),
        words: &passage.words,
    })
}
