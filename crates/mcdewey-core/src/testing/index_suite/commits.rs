//! Commit, replacement and removal: what becomes visible, and when.

use std::sync::Arc;

use super::{SUCCEEDS, commit, dense, embedder, ids, keyword, question, reader, source, state};
use crate::testing::SampleDocument;
use crate::{
    Chunk, ContentHash, Embed, Index, LibraryDescription, PageNumber, Product, RootName, Scope,
};

/// A commit makes the document, its pages and its chunks visible and includes them in the counts.
pub async fn a_committed_document_is_visible(index: Arc<dyn Index>) {
    let sample = SampleDocument::new("kafka/39/operations.md")
        .page(7, &["canine alpha", "feline"])
        .page(8, &["beta"]);
    let revision = commit(&index, &sample).await;
    let all = Scope::everything();
    let current = state(&index).await;
    assert_eq!(
        (current.documents, current.pages, current.chunks),
        (1, 2, 3)
    );
    assert!(current.revision.0 > 0);

    let document = reader(&index)
        .await
        .document(&revision.meta.source, &all)
        .await
        .expect(SUCCEEDS)
        .expect("the document");

    assert_eq!(document.meta, revision.meta);
    assert_eq!(document.outline, revision.outline);
    assert_eq!(
        document.pages,
        revision
            .pages
            .iter()
            .map(|page| page.page.clone())
            .collect::<Vec<_>>()
    );
    assert_eq!(document.chunks, 3);
    assert_eq!(document.hash, revision.hash());
    assert!(document.committed_at > 1_500_000_000);

    let page = reader(&index)
        .await
        .page(&revision.meta.source, PageNumber(7), &all)
        .await
        .expect(SUCCEEDS);
    assert_eq!(page.as_ref(), Some(&revision.pages[0]));
    assert_eq!(
        reader(&index)
            .await
            .page(&revision.meta.source, PageNumber(9), &all)
            .await
            .expect(SUCCEEDS),
        None
    );

    let expected: Vec<Chunk> = revision
        .chunks
        .iter()
        .map(|embedded| embedded.chunk.clone())
        .collect();

    assert_eq!(
        reader(&index)
            .await
            .document_chunks(&revision.meta.source, 0..9, &all)
            .await
            .expect(SUCCEEDS),
        expected
    );

    let found = reader(&index)
        .await
        .candidates(&question("canine", 10), &all)
        .await
        .expect(SUCCEEDS);
    let dense = found.dense.expect("a dense list");
    let keyword = found.keyword.expect("a keyword list");
    assert_eq!(ids(&keyword), ["kafka::39::operations::0"]);
    assert_eq!(ids(&dense)[0], "kafka::39::operations::0");
    assert_eq!((dense[0].page, dense[0].ordinal), (PageNumber(7), 0));
    assert_eq!(dense[0].document, revision.meta);
    assert_eq!(dense[0].passage_hash, expected[0].passage_hash);
}

/// After a commit, no part of the document's previous revision is found.
pub async fn a_commit_replaces_the_previous_revision(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let old = commit(
        &index,
        &SampleDocument::new("a.md")
            .page(1, &["canine", "feline", "gamma"])
            .page(2, &["beta"]),
    )
    .await;

    let new = commit(
        &index,
        &SampleDocument::new("a.md")
            .title("New")
            .page(1, &["feline alpha"]),
    )
    .await;

    let current = state(&index).await;
    assert_eq!(
        (current.documents, current.pages, current.chunks),
        (1, 1, 1)
    );
    for replaced in ["canine", "gamma", "beta"] {
        assert_eq!(
            ids(&keyword(&index, &question(replaced, 10), &all).await),
            [""; 0],
            "{replaced}"
        );
    }

    let found = reader(&index)
        .await
        .candidates(&question("feline", 10), &all)
        .await
        .expect(SUCCEEDS);
    assert_eq!(ids(&found.keyword.expect("a list")), ["a::0"]);
    let dense = found.dense.expect("a list");
    assert_eq!(ids(&dense), ["a::0"]);
    assert_eq!(dense[0].document.title, "New");

    let old_ids: Vec<_> = old
        .chunks
        .iter()
        .map(|embedded| embedded.chunk.chunk_id.clone())
        .collect();

    assert_eq!(
        reader(&index)
            .await
            .chunks(&old_ids, &all)
            .await
            .expect(SUCCEEDS),
        [new.chunks[0].chunk.clone()]
    );
    assert_eq!(
        reader(&index)
            .await
            .chunks_by_handle(&old.chunks[2].chunk.handle(), &all)
            .await
            .expect(SUCCEEDS),
        []
    );
    assert_eq!(
        reader(&index)
            .await
            .page(&old.meta.source, PageNumber(2), &all)
            .await
            .expect(SUCCEEDS),
        None
    );
}

/// Committing a revision that is already stored does not duplicate it.
pub async fn committing_the_same_revision_twice_keeps_one_copy(index: Arc<dyn Index>) {
    let sample = SampleDocument::new("a.md").page(1, &["canine", "feline"]);
    commit(&index, &sample).await;
    commit(&index, &sample).await;
    let all = Scope::everything();
    assert_eq!(state(&index).await.chunks, 2);
    assert_eq!(
        ids(&keyword(&index, &question("canine", 10), &all).await),
        ["a::0"]
    );
    assert_eq!(dense(&index, &question("canine", 10), &all).await.len(), 2);
}

/// No part of a removed document is found; other documents stay.
pub async fn a_removed_document_is_no_longer_found(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let removed = commit(
        &index,
        &SampleDocument::new("a.md").page(1, &["canine alpha"]),
    )
    .await;

    commit(
        &index,
        &SampleDocument::new("b.md").page(1, &["canine beta"]),
    )
    .await;

    index
        .remove(std::slice::from_ref(&removed.meta.source))
        .await
        .expect(SUCCEEDS);
    let current = state(&index).await;
    assert_eq!(
        (current.documents, current.pages, current.chunks),
        (1, 1, 1)
    );

    let found = reader(&index)
        .await
        .candidates(&question("canine", 10), &all)
        .await
        .expect(SUCCEEDS);
    assert_eq!(ids(&found.dense.expect("a list")), ["b::0"]);
    assert_eq!(ids(&found.keyword.expect("a list")), ["b::0"]);
    assert_eq!(
        reader(&index)
            .await
            .document(&removed.meta.source, &all)
            .await
            .expect(SUCCEEDS),
        None
    );
    assert_eq!(
        reader(&index)
            .await
            .document_chunks(&removed.meta.source, 0..9, &all)
            .await
            .expect(SUCCEEDS),
        []
    );
    assert_eq!(
        reader(&index)
            .await
            .documents(&all)
            .await
            .expect(SUCCEEDS)
            .len(),
        1
    );
    assert_eq!(
        index
            .manifest(&RootName::default())
            .await
            .expect(SUCCEEDS)
            .len(),
        1
    );
}

/// Removing unknown documents is neither a change nor an error.
pub async fn removing_unknown_documents_changes_nothing(index: Arc<dyn Index>) {
    commit(&index, &SampleDocument::new("a.md").page(1, &["canine"])).await;
    let before = state(&index).await;
    assert_eq!(
        index
            .remove(&[source("b.md"), source("a")])
            .await
            .expect(SUCCEEDS),
        before.revision
    );
    assert_eq!(index.remove(&[]).await.expect(SUCCEEDS), before.revision);
    assert_eq!(state(&index).await, before);

    let after = index
        .remove(&[source("b.md"), source("a.md"), source("a.md")])
        .await
        .expect(SUCCEEDS);
    assert!(after > before.revision);
    assert_eq!(
        index.remove(&[source("a.md")]).await.expect(SUCCEEDS),
        after
    );
}

/// Commits, removals and new descriptions increase the revision; reads and repeated descriptions do
/// not.
pub async fn only_changes_increase_the_revision(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let root = RootName::default();
    let description = LibraryDescription {
        products: vec![Product::default()],
        aliases: Vec::new(),
    };
    let empty = state(&index).await.revision;

    assert_eq!(
        index
            .set_description(&root, &LibraryDescription::default())
            .await
            .expect(SUCCEEDS),
        empty
    );

    let committed = index
        .commit(
            SampleDocument::new("a.md")
                .page(1, &["canine"])
                .build(&embedder()),
        )
        .await
        .expect(SUCCEEDS);

    assert!(committed > empty);
    assert_eq!(state(&index).await.revision, committed);
    let described = index
        .set_description(&root, &description)
        .await
        .expect(SUCCEEDS);
    assert!(described > committed);
    assert_eq!(
        index
            .set_description(&root, &description)
            .await
            .expect(SUCCEEDS),
        described
    );

    reader(&index)
        .await
        .candidates(&question("canine", 5), &all)
        .await
        .expect(SUCCEEDS);
    reader(&index).await.documents(&all).await.expect(SUCCEEDS);
    index.optimize().await.expect(SUCCEEDS);
    assert_eq!(state(&index).await.revision, described);
    let removed = index.remove(&[source("a.md")]).await.expect(SUCCEEDS);
    assert!(removed > described);
    assert_eq!(state(&index).await.revision, removed);
}

/// `a.md` and `a.txt` would have the same chunk ids: the second one is rejected, and the error
/// names both.
pub async fn documents_with_the_same_chunk_ids_are_rejected(index: Arc<dyn Index>) {
    commit(
        &index,
        &SampleDocument::new("guides/a.md").page(1, &["canine"]),
    )
    .await;

    let before = state(&index).await;
    let conflicting = SampleDocument::new("guides/a.txt")
        .page(1, &["feline"])
        .build(&embedder());

    let message = index
        .commit(conflicting.clone())
        .await
        .expect_err("the chunk ids are taken")
        .to_string();

    assert!(
        message.contains("guides/a.md") && message.contains("guides/a.txt"),
        "{message}"
    );
    assert_eq!(state(&index).await, before);
    assert_eq!(
        ids(&keyword(&index, &question("feline", 5), &Scope::everything()).await),
        [""; 0]
    );
    index
        .remove(&[source("guides/a.md")])
        .await
        .expect(SUCCEEDS);
    index
        .commit(conflicting)
        .await
        .expect("the chunk ids are free again");
}

/// A vector is found by its embedding key once a chunk with that key has been committed.
pub async fn vectors_are_cached_by_embedding_key(index: Arc<dyn Index>) {
    let revision = commit(
        &index,
        &SampleDocument::new("a.md").page(1, &["canine", "feline"]),
    )
    .await;

    let [first, second] = &revision.chunks[..] else {
        panic!("the sample has two chunks")
    };

    let keys = [
        second.embedding_key,
        ContentHash::of("unknown"),
        first.embedding_key,
    ];

    let vectors = index.cached_vectors(&keys).await.expect(SUCCEEDS);
    assert_eq!(vectors, [second.vector.clone(), None, first.vector.clone()]);
    let length = first.vector.as_ref().map(Vec::len);
    assert_eq!(length, Some(embedder().model().dimensions));
    assert_eq!(index.cached_vectors(&[]).await.expect(SUCCEEDS), [None; 0]);
}
