//! The commit protocol. Vectors go to the embedding cache, pages and passages of the new revision beside the old ones;
//! then the documents' own points name the new revision, and the library's revision, raised last, makes it all visible
//! in one step. Old points go after that. Every step may be repeated, and none is believed before the server has said
//! that it can be found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcdewey_core::{ContentHash, IndexError, LibraryDescription, Revision, RootName, SourcePath};
use qdrant_client::qdrant::{Condition, Filter, PointStruct, Range, Vector};
use uuid::Uuid;

use super::lease::{self, Lease, Taken};
use super::library::Library;
use super::point::{
    self, Change, DOCUMENT, KIND, LIBRARY_REVISION, LibraryState, REVISION, StoredDocument, kind,
};
use super::reads::vector_id;
use super::schema;
use super::server_error::ServerError;
use crate::commands::{Waiting, answer};
use crate::prepare::Prepared;

/// How long it may take to make something visible: less than the right to write lasts at that moment.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);
/// What a file is remembered by when it must be read again: the hash of no input.
const UNKNOWN_INPUT: [u8; 32] = [0; 32];

/// A moment of the protocol at which a writer may die; tests let it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    PointsWritten,
    DocumentsNamed,
    RevisionRaised,
}

/// All that writes.
pub(super) struct Committer {
    library: Arc<Library>,
    lease: Lease,
    /// Whether the collections were looked after since this process began.
    made: bool,
    /// Whether others may have written since this process last looked.
    behind: bool,
    /// Whether points may be there that belong to no document.
    unclean: bool,
    /// Whether something was written since the library was settled.
    unsettled: bool,
    #[cfg(test)]
    pub(super) dies_at: Option<Step>,
}

impl Committer {
    pub(super) fn new(library: Arc<Library>) -> Self {
        Self {
            library,
            lease: Lease::new(),
            made: false,
            behind: false,
            unclean: false,
            unsettled: false,
            #[cfg(test)]
            dies_at: None,
        }
    }

    pub(super) fn to_index_error(&self, refusal: ServerError) -> IndexError {
        self.library.to_index_error(refusal)
    }

    /// Answers those whose chunk ids another document has; the others stay in the group.
    pub(super) async fn refuse_twins(
        &mut self,
        group: &mut Vec<Waiting>,
    ) -> Result<(), ServerError> {
        self.begin().await?;
        let view = self.library.view().await;
        for (document, reply) in std::mem::take(group) {
            match view.twin(&document.prefix, &document.meta.source, &document.root) {
                None => group.push((document, reply)),
                Some(twin) => {
                    let refusal = document.refusal_beside(twin.source.as_str(), twin.root.as_str());
                    answer(reply, Err::<Revision, _>(refusal));
                }
            }
        }

        Ok(())
    }

    /// Returns the revision of each document, and the points that are no longer live.
    pub(super) async fn write(
        &mut self,
        documents: &[&Prepared],
    ) -> Result<(Vec<Revision>, Vec<Uuid>), ServerError> {
        if documents.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }

        self.begin().await?;
        let unclean = std::mem::replace(&mut self.unclean, true);

        let library = Arc::clone(&self.library);
        if let Err(refusal) = library.vectors.put(vectors(documents)).await {
            // The next try makes the cache anew if somebody took it away.
            self.made = false;
            return Err(match refusal {
                ServerError::Missing => {
                    ServerError::Away("its embedding cache is gone and is made anew".to_owned())
                }
                other => other,
            });
        }

        let mut points = Vec::new();
        for document in documents {
            points.extend(point::contents(document)?);
        }

        library.points.put(points).await?;
        self.reached(Step::PointsWritten)?;

        let mut next = self.next_revision().await;
        let (mut revisions, mut flips, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for document in documents {
            let stored = point::stored(document, next, now());
            flips.push(point::document_point(&stored, document)?);
            changes.push(Change::Document(Box::new(stored)));
            revisions.push(Revision(next));
            next += 1;
        }

        let freed = self.freed_by(documents).await;
        self.show(flips, changes, next - 1).await?;
        self.unclean = unclean;
        Ok((revisions, freed))
    }

    /// Takes documents out.
    pub(super) async fn remove(&mut self, sources: &[SourcePath]) -> Result<Revision, ServerError> {
        let known = known(&self.library, sources).await?;
        if known.is_empty() {
            return Ok(Revision(self.library.view().await.revision));
        }

        self.begin().await?;
        let known = known_now(&self.library, known).await;
        let next = self.next_revision().await;

        let flips = known
            .keys()
            .map(|source| point::removed_point(source, next))
            .collect();

        let changes = known
            .keys()
            .map(|source| Change::Removed {
                source: source.clone(),
                revision: next,
            })
            .collect();

        self.show(flips, changes, next).await?;
        let freed: Vec<Uuid> = known.into_values().flatten().collect();
        self.sweep(&freed).await;
        Ok(Revision(next))
    }

    /// Replaces what a root says.
    pub(super) async fn describe(
        &mut self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, ServerError> {
        let view = self.library.current().await?;
        if view.described(root) == *description {
            return Ok(Revision(view.revision));
        }

        drop(view);
        self.begin().await?;
        let next = self.next_revision().await;
        let flip = point::description_point(root, next, description)?;

        let change = Change::Description {
            root: root.clone(),
            revision: next,
            description: description.clone(),
        };

        self.show(vec![flip], vec![change], next).await?;
        Ok(Revision(next))
    }

    /// Takes points out that are no longer live. What cannot be taken out now is not found anyway, and goes when the
    /// library is settled.
    pub(super) async fn sweep(&mut self, points: &[Uuid]) {
        if points.is_empty() {
            return;
        }

        if let Err(refusal) = self.library.points.remove(points).await {
            tracing::warn!(%refusal, points = points.len(), "old points stay in the collection for now");
            // A deletion that the network held back must not reach points that are written again.
            self.unclean = true;
            self.behind = true;
        }
    }

    /// Takes out what belongs to no document, lets the alias name this library, and gives the right to write back.
    pub(super) async fn optimize(&mut self) -> Result<(), ServerError> {
        if !self.unsettled && !self.lease.is_held() && self.is_settled().await? {
            return Ok(());
        }

        self.begin().await?;
        if self.unclean {
            self.reconcile().await?;
            self.unclean = false;
        }

        self.purge().await?;
        schema::name_live(&self.library.points.server, &self.library.names).await?;
        self.unsettled = false;
        self.lease.give_back(&self.library.points, false).await
    }

    /// Whether an interrupted process left nothing to be done.
    async fn is_settled(&self) -> Result<bool, ServerError> {
        let library = &self.library;
        if library.state().await?.library_revision == 0 {
            return Ok(true);
        }

        let is_clean = !lease::was_left_unclean(&library.points).await?;
        Ok(is_clean && schema::is_live(&library.points.server, &library.names).await?)
    }

    /// Gives the right to write back when there is nothing to do.
    pub(super) async fn rest(&mut self) {
        let given_back = self
            .lease
            .give_back(&self.library.points, self.unclean)
            .await;

        if let Err(refusal) = given_back {
            tracing::debug!(%refusal, "the right to write runs out by itself");
        }
    }

    /// Takes the right to write, and catches up with what others wrote before.
    async fn begin(&mut self) -> Result<(), ServerError> {
        if !self.made {
            self.make().await?;
        }

        let taken = match self.lease.take(&self.library.points).await {
            // Somebody took the collections away.
            Err(ServerError::Missing) => {
                self.make().await?;
                self.lease.take(&self.library.points).await?
            }
            taken => taken?,
        };

        self.note(taken);
        if self.behind {
            self.behind = false;
            let caught_up = self.catch_up().await;
            // Half of it is not enough: what comes next begins with it again.
            self.behind = caught_up.is_err();
            caught_up?;
        }

        Ok(())
    }

    /// Makes what is missing of the collections, whoever began with it.
    async fn make(&mut self) -> Result<(), ServerError> {
        let Library {
            names,
            replication,
            dimensions,
            points,
            ..
        } = &*self.library;

        schema::create(&points.server, names, *dimensions, replication).await?;
        self.made = true;
        Ok(())
    }

    /// Learns what others wrote, and finishes or sweeps what they left half.
    async fn catch_up(&mut self) -> Result<(), ServerError> {
        self.library.catch_up().await?;
        self.finish().await?;
        if self.unclean {
            self.reconcile().await?;
            self.unclean = false;
        }

        Ok(())
    }

    /// Makes visible what was about to become so when its writer was interrupted: its points are all there.
    async fn finish(&mut self) -> Result<(), ServerError> {
        let (highest, revision) = {
            let view = self.library.view().await;
            (view.highest, view.revision)
        };

        if highest > revision {
            self.raise(highest).await?;
            self.library.refresh().await?;
            self.unclean = true;
        }

        Ok(())
    }

    /// Others may have written, and left something half, before the right to write came here anew.
    fn note(&mut self, taken: Taken) {
        if let Taken::Anew { unclean } = taken {
            self.behind = true;
            self.unclean |= unclean;
        }
    }

    /// The revision after all that were ever begun.
    async fn next_revision(&self) -> u64 {
        let view = self.library.view().await;
        view.highest.max(view.revision) + 1
    }

    /// Makes changes visible: first their points, then the library's revision.
    async fn show(
        &mut self,
        flips: Vec<PointStruct>,
        changes: Vec<Change>,
        revision: u64,
    ) -> Result<(), ServerError> {
        // A request that takes longer than the right to write lasts must not be taken for done.
        let late = |_| Err(ServerError::Away("it did not answer in time".to_owned()));
        let shown =
            tokio::time::timeout(SHOWN_WITHIN, self.show_while_allowed(flips, revision)).await;

        let shown = shown.unwrap_or_else(late);
        if shown.is_err() {
            // Some of it may stand; what comes next begins with finding out.
            self.behind = true;
            self.lease.doubt();
            self.library.disclaim().await;
        } else {
            self.library
                .change(|mirror| mirror.advance(changes, revision))
                .await;
        }

        shown
    }

    async fn show_while_allowed(
        &mut self,
        flips: Vec<PointStruct>,
        revision: u64,
    ) -> Result<(), ServerError> {
        if !self.lease.is_good() {
            let taken = self.lease.take(&self.library.points).await?;
            self.note(taken);
        }

        if self.behind {
            return Err(ServerError::Taken(
                "the right to write had run out; beginning anew".to_owned(),
            ));
        }

        self.unsettled = true;

        // A request that the network held back must not undo a later one.
        self.library
            .points
            .put_over(flips, &below(REVISION, revision + 1))
            .await?;
        self.reached(Step::DocumentsNamed)?;
        self.raise(revision).await?;
        self.reached(Step::RevisionRaised)
    }

    #[cfg_attr(
        not(test),
        expect(
            clippy::unused_self,
            clippy::unnecessary_wraps,
            reason = "only tests let a writer die"
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

    /// Leaves everything as a killed process does, its right to write run out.
    #[cfg(test)]
    pub(super) async fn die(mut self) {
        self.lease.run_out(&self.library.points).await;
    }

    /// Raises the library's revision and reads it back.
    async fn raise(&mut self, revision: u64) -> Result<(), ServerError> {
        let library = &self.library;
        let LibraryState {
            library_revision,
            purged,
            ..
        } = library.state().await?;

        if library_revision >= revision {
            return Err(ServerError::Taken(
                "another process has written to this library meanwhile".to_owned(),
            ));
        }

        let state = LibraryState {
            library_revision: revision,
            purged,
            writer: self.lease.owner().to_owned(),
        };

        library.claim(revision);
        let points = vec![point::library_point(&state)?];
        library
            .points
            .put_over(points, &below(LIBRARY_REVISION, revision))
            .await?;

        if library.state().await? != state {
            return Err(ServerError::Taken(
                "another process wrote to this library at the same time".to_owned(),
            ));
        }

        Ok(())
    }

    /// The points of former revisions of these documents.
    async fn freed_by(&self, documents: &[&Prepared]) -> Vec<Uuid> {
        let view = self.library.view().await;
        let mut freed = Vec::new();
        for document in documents {
            let source = &document.meta.source;
            // The same revision committed again has the same points.
            if let Some(former) = view
                .document(source)
                .filter(|former| former.hash != document.hash)
            {
                freed.extend(point::ids_of(source, &former.hash, former.points()));
            }
        }

        freed
    }

    /// Compares points with documents by the number of each revision's points: takes out those of no document, and lets
    /// a document that lacks some be written anew by the next ingest.
    async fn reconcile(&mut self) -> Result<(), ServerError> {
        let counts = self.library.points.count_by(DOCUMENT).await?;
        let view = self.library.view().await;
        let wanted: BTreeMap<String, &StoredDocument> = view
            .all()
            .map(|document| (document.hash.to_string(), document))
            .collect();

        let strays: Vec<String> = counts
            .keys()
            .filter(|hash| !wanted.contains_key(*hash))
            .cloned()
            .collect();

        let is_whole = |hash: &String, document: &StoredDocument| {
            counts.get(hash).copied().unwrap_or_default() >= document.points().total()
        };

        let broken: Vec<StoredDocument> = wanted
            .into_iter()
            .filter(|(hash, document)| !is_whole(hash, document))
            .map(|(_, one)| one.clone())
            .collect();

        drop(view);
        if !strays.is_empty() {
            tracing::info!(
                revisions = strays.len(),
                "taking out what an interrupted ingest left"
            );
            self.library
                .points
                .remove_where(Filter::must([Condition::matches(DOCUMENT, strays)]))
                .await?;
        }

        self.forget(broken).await
    }

    /// Forgets what documents were recognised by, so that the next ingest writes them anew.
    async fn forget(&mut self, documents: Vec<StoredDocument>) -> Result<(), ServerError> {
        if documents.is_empty() {
            return Ok(());
        }

        tracing::warn!(
            documents = documents.len(),
            "points of documents are missing; the next ingest writes them anew"
        );
        let next = self.next_revision().await;

        let (mut flips, mut changes) = (Vec::new(), Vec::new());
        for mut document in documents {
            document.input = ContentHash::from_bytes(UNKNOWN_INPUT);
            document.revision = next;
            let id = point::document_id(&document.source);
            if let Some(found) = self.library.points.get(&[id], &[], false).await?.pop() {
                flips.push(point::rewritten(found.payload, &document)?);
                changes.push(Change::Document(Box::new(document)));
            }
        }

        self.show(flips, changes, next).await
    }

    /// Takes out the points that stand for removed documents. The library's point says so first: who has not heard of
    /// a removal then reads the catalogue anew.
    async fn purge(&mut self) -> Result<(), ServerError> {
        let library = &self.library;
        let view = library.view().await;
        if !view.has_removed() {
            return Ok(());
        }

        let revision = view.revision;
        drop(view);
        let state = LibraryState {
            library_revision: revision,
            purged: revision,
            writer: self.lease.owner().to_owned(),
        };

        let points = vec![point::library_point(&state)?];
        library
            .points
            .put_over(points, &at_most(LIBRARY_REVISION, revision))
            .await?;

        if library.state().await? != state {
            return Err(ServerError::Taken(
                "another process has written to this library meanwhile".to_owned(),
            ));
        }

        let mut heard_of = at_most(REVISION, revision);
        heard_of
            .must
            .push(Condition::matches(KIND, kind::REMOVED.to_owned()));
        library.points.remove_where(heard_of).await?;

        library
            .change(super::catalogue_replica::CatalogueReplica::purge)
            .await;

        Ok(())
    }
}

/// The points of those of these documents that the library holds.
async fn known(
    library: &Library,
    sources: &[SourcePath],
) -> Result<BTreeSet<SourcePath>, ServerError> {
    let view = library.current().await?;
    Ok(sources
        .iter()
        .filter(|source| view.document(source).is_some())
        .cloned()
        .collect())
}

/// The points of these documents as they are now.
async fn known_now(
    library: &Library,
    sources: BTreeSet<SourcePath>,
) -> BTreeMap<SourcePath, Vec<Uuid>> {
    let view = library.view().await;
    let points = |source: SourcePath| {
        let document = view.document(&source)?;
        let ids = point::ids_of(&source, &document.hash, document.points());
        Some((source, ids))
    };

    sources.into_iter().filter_map(points).collect()
}

/// The vectors of these documents' passages as points of the embedding cache, each once.
fn vectors(documents: &[&Prepared]) -> Vec<PointStruct> {
    let passages = documents.iter().flat_map(|document| &document.passages);
    let once: BTreeMap<Uuid, &Vec<f32>> = passages
        .map(|passage| (vector_id(&passage.embedding_key), &passage.vector))
        .collect();
    let none = std::collections::HashMap::<String, qdrant_client::qdrant::Value>::new();

    let point = |(id, vector): (Uuid, &Vec<f32>)| {
        PointStruct::new(
            id.to_string(),
            Vector::new_dense(vector.clone()),
            none.clone(),
        )
    };

    once.into_iter().map(point).collect()
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
