//! Concurrent commits and reads.

use std::sync::Arc;

use super::{SUCCEEDS, commit, embedder, keyword, question, reader, source, state};
use crate::testing::SampleDocument;
use crate::{Index, PageNumber, Scope};

/// Every one of several concurrent commits is visible when it returns.
pub async fn concurrent_commits_all_succeed(index: Arc<dyn Index>) {
    let commits: Vec<_> = (0..24)
        .map(|number| {
            let index = Arc::clone(&index);
            // Each of the 12 documents is committed twice.
            let name = format!("{}.md", number % 12);
            let text = format!("alpha word{}", number % 12);
            let document = SampleDocument::new(&name)
                .page(1, &[&text])
                .build(&embedder());

            tokio::spawn(async move {
                index.commit(document).await.expect(SUCCEEDS);
                reader(&index)
                    .await
                    .document(&source(&name), &Scope::everything())
                    .await
                    .expect(SUCCEEDS)
            })
        })
        .collect();

    for commit in commits {
        assert!(commit.await.expect("the task does not panic").is_some());
    }

    let current = state(&index).await;
    assert_eq!(
        (current.documents, current.pages, current.chunks),
        (12, 12, 12)
    );
    assert_eq!(
        keyword(&index, &question("alpha", 99), &Scope::everything())
            .await
            .len(),
        12
    );
}

/// While a document is being replaced, every read sees either its old or its new revision, never a
/// mixture and never nothing.
pub async fn concurrent_readers_see_a_consistent_revision(index: Arc<dyn Index>) {
    let old = SampleDocument::new("a.md").page(1, &["canine alpha"; 5]);
    let new = SampleDocument::new("a.md").page(2, &["canine beta"; 3]);
    commit(&index, &old).await;

    let writer = {
        let index = Arc::clone(&index);
        tokio::spawn(async move {
            for _ in 0..10 {
                commit(&index, &new).await;
                commit(&index, &old).await;
            }
        })
    };

    let all = Scope::everything();
    let mut reads = 0;
    while !writer.is_finished() || reads < 10 {
        let found = reader(&index)
            .await
            .candidates(&question("canine", 50), &all)
            .await
            .expect(SUCCEEDS);
        let dense = found.dense.expect("a dense list");
        let keyword = found.keyword.expect("a keyword list");
        let chunks = reader(&index)
            .await
            .document_chunks(&source("a.md"), 0..50, &all)
            .await
            .expect(SUCCEEDS);

        let dense = pages_of(dense.iter().map(|candidate| candidate.page));
        let keyword = pages_of(keyword.iter().map(|candidate| candidate.page));
        let chunks = pages_of(chunks.iter().map(|chunk| chunk.page.number));

        let revisions = [vec![1; 5], vec![2; 3]];
        assert!(revisions.contains(&dense), "{dense:?}");
        assert_eq!(dense, keyword, "both lists come from one revision");
        assert!(revisions.contains(&chunks), "{chunks:?}");
        reads += 1;
    }

    writer.await.expect("the task does not panic");
}

fn pages_of(pages: impl Iterator<Item = PageNumber>) -> Vec<u32> {
    pages.map(|page| page.0).collect()
}
