//! Documents that are committed with their words only, and get their vectors later. An index that
//! does not accept such documents skips these behaviours.

use std::collections::BTreeMap;

use super::*;
use crate::{
    ContentHash, Embed, PassageToEmbed, RootName, VectorBacklog, VectorCoverage, VectorEpoch,
};

/// Commits a document without its vectors.
async fn commit_words(index: &Arc<dyn Index>, document: &SampleDocument) -> DocumentRevision {
    let mut revision = document.build(&embedder());
    for chunk in &mut revision.chunks {
        chunk.vector = None;
    }

    index.commit(revision.clone()).await.expect(SUCCEEDS);
    revision
}

async fn backlog(index: &Arc<dyn Index>) -> VectorBacklog {
    index.vector_backlog().await.expect(SUCCEEDS)
}

fn waiting(backlog: &VectorBacklog) -> Vec<&str> {
    backlog
        .documents
        .iter()
        .map(|document| document.meta.source.as_str())
        .collect()
}

async fn to_embed(index: &Arc<dyn Index>, name: &str) -> Vec<PassageToEmbed> {
    index
        .passages_to_embed(&[source(name)])
        .await
        .expect(SUCCEEDS)
}

/// Embeds these passages and stores their vectors in the cache.
async fn cache(index: &Arc<dyn Index>, passages: &[PassageToEmbed]) {
    let vectors = passages
        .iter()
        .map(|passage| (passage.key, embedder().vector(&passage.text)))
        .collect();
    index.cache_vectors(vectors).await.expect(SUCCEEDS);
}

/// Embeds what a document lacks, and gives it its vectors.
async fn complete(index: &Arc<dyn Index>, name: &str) -> VectorEpoch {
    cache(index, &to_embed(index, name).await).await;
    index.complete(&[source(name)]).await.expect(SUCCEEDS)
}

async fn coverage(index: &Arc<dyn Index>, scope: &Scope) -> VectorCoverage {
    let reader = reader(index).await;
    let current = reader.state().epoch;
    let coverage = reader.coverage(scope, current).await.expect(SUCCEEDS);
    coverage.expect("the current epoch is readable")
}

fn covered(passages: u64, embedded: u64) -> VectorCoverage {
    VectorCoverage { passages, embedded }
}

fn dog() -> SampleDocument {
    SampleDocument::new("a.md").page(1, &["canine alpha", "canine beta"])
}

/// Words are found at once, and the revision, the manifest and the texts are those of any document.
pub async fn a_document_without_vectors_is_found_by_its_words(index: Arc<dyn Index>) {
    if !index.accepts_words_only() {
        return;
    }

    let revision = commit_words(&index, &dog()).await;
    let everything = Scope::everything();
    let found = keyword(&index, &question("canine", 5), &everything).await;
    assert_eq!(ids(&found), ["a::0", "a::1"]);
    assert!(
        dense(&index, &question("canine", 5), &everything)
            .await
            .is_empty()
    );

    let state = state(&index).await;
    assert_eq!((state.chunks, state.without_vectors), (2, 2));
    assert_eq!(coverage(&index, &everything).await, covered(2, 0));

    let manifest = index.manifest(&RootName::default()).await.expect(SUCCEEDS);
    assert_eq!(manifest[0].input, revision.input);
}

/// A document is found by meaning with all its passages or with none, and its revision stays.
pub async fn a_document_gets_its_vectors_as_a_whole(index: Arc<dyn Index>) {
    if !index.accepts_words_only() {
        return;
    }

    // What is embedded is the text that the key was made from, not the text as it is written.
    let dog = SampleDocument::new("a.md")
        .context("alpha")
        .page(1, &["canine alpha", "canine&nbsp;  max\\_beta beta"]);
    commit_words(&index, &dog).await;
    let before = state(&index).await;
    let passages = to_embed(&index, "a.md").await;
    assert_eq!(passages.len(), 2);
    let fingerprint = embedder().model().fingerprint.clone();
    for passage in &passages {
        let key = ContentHash::of_parts([fingerprint.as_str(), passage.text.as_str()]);
        assert_eq!(passage.key, key, "{passage:?}");
    }
    assert!(passages.iter().all(|passage| passage.tokens > 0));
    let missing = backlog(&index).await;
    assert_eq!(
        (missing.passages, missing.tokens),
        (
            2,
            passages
                .iter()
                .map(|passage| u64::from(passage.tokens))
                .sum()
        )
    );

    cache(&index, &passages[..1]).await;
    index.complete(&[source("a.md")]).await.expect(SUCCEEDS);
    assert_eq!(state(&index).await, before, "one passage is missing");
    assert_eq!(to_embed(&index, "a.md").await, passages[1..]);

    let epoch = complete(&index, "a.md").await;
    let after = state(&index).await;
    assert!(epoch > before.epoch);
    assert_eq!((after.epoch, after.without_vectors), (epoch, 0));
    assert_eq!(after.revision, before.revision);

    let found = dense(&index, &question("canine beta", 5), &Scope::everything()).await;
    assert_eq!(ids(&found), ["a::1", "a::0"]);
    let found = keyword(&index, &question("canine beta", 5), &Scope::everything()).await;
    assert_eq!(ids(&found), ["a::1", "a::0"]);
    assert_eq!(backlog(&index).await, VectorBacklog::default());

    let again = index.complete(&[source("a.md"), source("x.md")]).await;
    assert_eq!(again.expect(SUCCEEDS), epoch, "nothing is left to publish");
}

/// A passage whose vector is known, from another document or from earlier, is not embedded again.
pub async fn equal_passages_are_embedded_once(index: Arc<dyn Index>) {
    if !index.accepts_words_only() {
        return;
    }

    let copy = SampleDocument::new("b.md")
        .title("a")
        .page(1, &["canine alpha", "feline"]);
    commit_words(&index, &dog().title("a")).await;
    commit_words(&index, &copy).await;

    let both = index
        .passages_to_embed(&[source("a.md"), source("b.md")])
        .await
        .expect(SUCCEEDS);
    assert_eq!(both.len(), 3);
    assert_eq!(backlog(&index).await.passages, 3);

    complete(&index, "a.md").await;
    let rest = to_embed(&index, "b.md").await;
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(backlog(&index).await.passages, 1);
    assert_eq!(waiting(&backlog(&index).await), ["b.md"]);

    complete(&index, "b.md").await;
    assert_eq!(state(&index).await.without_vectors, 0);
}

/// What an answer was made from one epoch ago can still be told; older epochs and those to come
/// cannot.
pub async fn the_epoch_before_the_current_one_stays_readable(index: Arc<dyn Index>) {
    if !index.accepts_words_only() {
        return;
    }

    let everything = Scope::everything();
    let read = async |epoch| {
        let reader = reader(&index).await;
        reader.coverage(&everything, epoch).await.expect(SUCCEEDS)
    };

    commit_words(&index, &dog()).await;
    let first = state(&index).await.epoch;
    let second = complete(&index, "a.md").await;
    assert_eq!(read(first).await, Some(covered(2, 0)));
    assert_eq!(read(second).await, Some(covered(2, 2)));
    assert_eq!(read(VectorEpoch(second.0 + 1)).await, None);

    commit_words(&index, &SampleDocument::new("b.md").page(1, &["feline"])).await;
    let third = complete(&index, "b.md").await;
    assert_eq!(read(first).await, None);
    assert_eq!(read(second).await, Some(covered(3, 2)));
    assert_eq!(read(third).await, Some(covered(3, 3)));
}

/// Documents outside the scope do not matter.
pub async fn the_coverage_is_that_of_the_scope(index: Arc<dyn Index>) {
    if !index.accepts_words_only() {
        return;
    }

    commit(
        &index,
        &SampleDocument::new("p/a.md")
            .product("p")
            .page(1, &["canine", "alpha"]),
    )
    .await;
    commit_words(
        &index,
        &SampleDocument::new("q/b.md")
            .product("q")
            .page(1, &["feline"]),
    )
    .await;
    let of_product = |product: &str| {
        let mut scope = Scope::everything();
        scope.filter.product = vec![product.to_owned()];
        scope
    };

    assert_eq!(coverage(&index, &of_product("p")).await, covered(2, 2));
    assert_eq!(coverage(&index, &of_product("q")).await, covered(1, 0));
    assert_eq!(coverage(&index, &Scope::everything()).await, covered(3, 2));
    assert!(coverage(&index, &of_product("unknown")).await.is_complete());
}

/// What readers ask for can be embedded first.
pub async fn the_backlog_counts_what_was_asked(index: Arc<dyn Index>) {
    if !index.accepts_words_only() {
        return;
    }

    commit_words(&index, &dog()).await;
    commit_words(&index, &SampleDocument::new("b.md").page(1, &["feline"])).await;
    index.note_asked(&[source("b.md"), source("unknown.md")]);
    index.note_asked(&[source("b.md")]);

    let backlog = backlog(&index).await;
    let asked: BTreeMap<&str, (u32, u32)> = backlog
        .documents
        .iter()
        .map(|document| {
            (
                document.meta.source.as_str(),
                (document.asked, document.passages),
            )
        })
        .collect();
    assert_eq!(asked, BTreeMap::from([("a.md", (0, 2)), ("b.md", (2, 1))]));
}

/// No trace of an earlier revision keeps a library from being complete.
pub async fn replacing_or_removing_a_document_without_vectors_leaves_no_backlog(
    index: Arc<dyn Index>,
) {
    if !index.accepts_words_only() {
        return;
    }

    commit_words(&index, &dog()).await;
    commit_words(&index, &SampleDocument::new("b.md").page(1, &["feline"])).await;
    commit(&index, &dog().page(2, &["gamma"])).await;
    assert_eq!(waiting(&backlog(&index).await), ["b.md"]);
    assert_eq!(state(&index).await.without_vectors, 1);

    index.remove(&[source("b.md")]).await.expect(SUCCEEDS);
    assert_eq!(backlog(&index).await, VectorBacklog::default());
    let state = state(&index).await;
    assert_eq!((state.chunks, state.without_vectors), (3, 0));
    assert!(coverage(&index, &Scope::everything()).await.is_complete());
}

/// Half a document is never stored, and an index that requires vectors rejects one without any.
pub async fn a_document_with_some_of_its_vectors_is_rejected(index: Arc<dyn Index>) {
    let mut half = dog().build(&embedder());
    half.chunks[1].vector = None;
    let error = index
        .commit(half.clone())
        .await
        .expect_err("half a document");
    assert!(error.to_string().contains("vector"), "{error}");
    if index.accepts_words_only() {
        return;
    }

    for chunk in &mut half.chunks {
        chunk.vector = None;
    }
    let error = index.commit(half).await.expect_err("vectors are required");
    assert!(error.to_string().contains("vectors"), "{error}");
}
