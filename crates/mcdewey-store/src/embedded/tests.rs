//! Tests of the index in a directory that inspect or damage its files.

mod churn;
mod crash;
mod integrity;
mod recovery;
mod snapshots;

use std::fs;
use std::path::{Path, PathBuf};

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    Candidate, CandidateQuery, Candidates, Chunk, Embed, Index, IndexState, ManifestEntry,
    RootName, Scope, WeightedText,
};

use super::{EmbeddedIndex, EmbeddedOptions, VectorStorage};

/// A change to a library.
#[derive(Clone)]
enum Action {
    Commit(Box<SampleDocument>),
    Remove(&'static str),
}

/// Commits, replacements by longer and shorter revisions, removals, and a document that is added
/// again.
fn history() -> Vec<Action> {
    vec![
        commit(
            "a.md",
            &[(1, &["canine alpha", "feline alpha"]), (2, &["gamma"])],
        ),
        commit("b.md", &[(1, &["canine beta"; 40])]),
        commit(
            "a.md",
            &[(1, &["canine canine"]), (3, &["barge", "barge alpha"])],
        ),
        commit("c.md", &[(7, &["feline beta gamma"])]),
        Action::Remove("b.md"),
        commit("b.md", &[(2, &["canine gamma"])]),
        commit("c.md", &[(7, &["feline beta gamma"])]),
        Action::Remove("a.md"),
        commit("d.md", &[(1, &["alpha beta"; 70])]),
    ]
}

fn commit(name: &str, pages: &[(u32, &[&str])]) -> Action {
    let document = pages
        .iter()
        .fold(SampleDocument::new(name), |document, (number, texts)| {
            document.page(*number, texts)
        });

    Action::Commit(Box::new(document))
}

fn options(dir: &Path) -> EmbeddedOptions {
    let model = embedder().model().clone();
    EmbeddedOptions {
        dir: dir.to_owned(),
        model,
        chunker: "test".to_owned(),
        min_free_bytes: 0,
        vectors: VectorStorage::default(),
    }
}

async fn apply(index: &EmbeddedIndex, action: &Action) {
    match action {
        Action::Commit(document) => index.commit(document.build(&embedder())).await.map(drop),
        Action::Remove(name) => index.remove(&[name.parse().unwrap()]).await.map(drop),
    }
    .unwrap();
}

/// Everything that readers can see of an index, except revisions and times.
#[derive(Debug, PartialEq)]
struct View {
    counts: (u64, u64, u64),
    chunks: Vec<Chunk>,
    manifest: Vec<ManifestEntry>,
    hits: Vec<(Vec<ScoredHit>, Vec<ScoredHit>)>,
}

/// Chunk id, page and the bits of the score.
type ScoredHit = (String, u32, u32);

async fn view_of(index: &EmbeddedIndex) -> View {
    let all = Scope::everything();
    let reader = index.reader().await.unwrap();
    let IndexState {
        documents,
        pages,
        chunks: chunk_count,
        ..
    } = index.state().await.unwrap();

    let mut chunks = Vec::new();
    for summary in reader.documents(&all).await.unwrap() {
        chunks.extend(
            reader
                .document_chunks(&summary.meta.source, 0..u32::MAX, &all)
                .await
                .unwrap(),
        );
    }

    let mut hits = Vec::new();
    for text in ["canine", "feline alpha", "barge beta gamma"] {
        let query = CandidateQuery {
            dense: Some(embedder().vector(text)),
            keyword: vec![WeightedText {
                text: text.to_owned(),
                weight: 1.0,
            }],
            depth: 50,
            exact: true,
            ..CandidateQuery::default()
        };

        let Candidates { dense, keyword, .. } = reader.candidates(&query, &all).await.unwrap();
        hits.push((scored_hits(dense), scored_hits(keyword)));
    }

    let manifest = index.manifest(&RootName::default()).await.unwrap();
    View {
        counts: (documents, pages, chunk_count),
        chunks,
        manifest,
        hits,
    }
}

fn scored_hits(list: Option<Vec<Candidate>>) -> Vec<ScoredHit> {
    list.unwrap()
        .into_iter()
        .map(|hit| (hit.chunk_id.to_string(), hit.page.0, hit.score.to_bits()))
        .collect()
}

/// The views before and after each action of the history, in a process that is never killed.
async fn undisturbed_views() -> Vec<View> {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();

    let mut views = vec![view_of(&index).await];
    for action in &history() {
        apply(&index, action).await;
        views.push(view_of(&index).await);
    }

    views
}

fn single_entry(dir: &Path) -> PathBuf {
    fs::read_dir(dir).unwrap().next().unwrap().unwrap().path()
}

fn shard_of(generation: &Path) -> PathBuf {
    let mut entries = fs::read_dir(generation)
        .unwrap()
        .map(|entry| entry.unwrap().path());

    entries
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("shard-")
        })
        .unwrap()
}
