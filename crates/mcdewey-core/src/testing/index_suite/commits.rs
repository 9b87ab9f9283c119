//! Commit, replace, remove: what becomes visible, and when.

use std::sync::Arc;

use super::{commit, embedder, ids, keyword, question, source};
use crate::testing::SampleDocument;
use crate::{
    Alias, Chunk, ContentHash, Embed, Index, IndexState, LibraryDescription, PageNumber, Product,
    RootName, Scope,
};

const ALL: &str = "the index answers";

async fn state(index: &Arc<dyn Index>) -> IndexState {
    index.state().await.expect(ALL)
}

/// A commit shows the document, its pages and its passages, and counts them.
pub async fn a_committed_document_is_visible(index: Arc<dyn Index>) {
    let sample = SampleDocument::new("kafka/39/operations.md")
        .page(7, &["canine alpha", "feline"])
        .page(8, &["beta"]);
    let revision = commit(&index, &sample).await;
    let all = Scope::everything();
    let now = state(&index).await;
    assert_eq!((now.documents, now.pages, now.chunks), (1, 2, 3));
    assert!(now.revision.0 > 0);

    let document = index
        .document(&revision.meta.source, &all)
        .await
        .expect(ALL)
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

    let page = index
        .page(&revision.meta.source, PageNumber(7), &all)
        .await
        .expect(ALL);
    assert_eq!(page.as_ref(), Some(&revision.pages[0]));
    assert_eq!(
        index
            .page(&revision.meta.source, PageNumber(9), &all)
            .await
            .expect(ALL),
        None
    );

    let expected: Vec<Chunk> = revision
        .chunks
        .iter()
        .map(|passage| passage.chunk.clone())
        .collect();

    assert_eq!(
        index
            .passages(&revision.meta.source, 0..9, &all)
            .await
            .expect(ALL),
        expected
    );

    let found = index
        .candidates(&question("canine", 10), &all)
        .await
        .expect(ALL);
    let (dense, keyword) = (found.dense.expect("a list"), found.keyword.expect("a list"));
    assert_eq!(ids(&keyword), ["kafka::39::operations::0"]);
    assert_eq!(ids(&dense)[0], "kafka::39::operations::0");
    assert_eq!((dense[0].page, dense[0].ordinal), (PageNumber(7), 0));
    assert_eq!(dense[0].document, revision.meta);
    assert_eq!(dense[0].passage_hash, expected[0].passage_hash);
}

/// After a commit nothing of the document's former revision is found.
pub async fn a_commit_replaces_the_former_revision(index: Arc<dyn Index>) {
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

    let now = state(&index).await;
    assert_eq!((now.documents, now.pages, now.chunks), (1, 1, 1));
    for gone in ["canine", "gamma", "beta"] {
        assert_eq!(
            ids(&keyword(&index, &question(gone, 10), &all).await),
            [""; 0],
            "{gone}"
        );
    }

    let found = index
        .candidates(&question("feline", 10), &all)
        .await
        .expect(ALL);
    assert_eq!(ids(&found.keyword.expect("a list")), ["a::0"]);
    let dense = found.dense.expect("a list");
    assert_eq!(ids(&dense), ["a::0"]);
    assert_eq!(dense[0].document.title, "New");

    let old_ids: Vec<_> = old
        .chunks
        .iter()
        .map(|passage| passage.chunk.chunk_id.clone())
        .collect();

    assert_eq!(
        index.chunks(&old_ids, &all).await.expect(ALL),
        [new.chunks[0].chunk.clone()]
    );
    assert_eq!(
        index
            .by_handle(&old.chunks[2].chunk.handle(), &all)
            .await
            .expect(ALL),
        []
    );
    assert_eq!(
        index
            .page(&old.meta.source, PageNumber(2), &all)
            .await
            .expect(ALL),
        None
    );
}

/// Committing what is there already leaves it there.
pub async fn the_same_revision_may_be_committed_again(index: Arc<dyn Index>) {
    let sample = SampleDocument::new("a.md").page(1, &["canine", "feline"]);
    commit(&index, &sample).await;
    commit(&index, &sample).await;
    let all = Scope::everything();
    assert_eq!(state(&index).await.chunks, 2);
    assert_eq!(
        ids(&keyword(&index, &question("canine", 10), &all).await),
        ["a::0"]
    );
    assert_eq!(
        super::dense(&index, &question("canine", 10), &all)
            .await
            .len(),
        2
    );
}

/// Nothing of a removed document is found, and others stay.
pub async fn a_removed_document_is_gone(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let gone = commit(
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
        .remove(std::slice::from_ref(&gone.meta.source))
        .await
        .expect(ALL);
    let now = state(&index).await;
    assert_eq!((now.documents, now.pages, now.chunks), (1, 1, 1));

    let found = index
        .candidates(&question("canine", 10), &all)
        .await
        .expect(ALL);
    assert_eq!(ids(&found.dense.expect("a list")), ["b::0"]);
    assert_eq!(ids(&found.keyword.expect("a list")), ["b::0"]);
    assert_eq!(
        index.document(&gone.meta.source, &all).await.expect(ALL),
        None
    );
    assert_eq!(
        index
            .passages(&gone.meta.source, 0..9, &all)
            .await
            .expect(ALL),
        []
    );
    assert_eq!(index.documents(&all).await.expect(ALL).len(), 1);
    assert_eq!(
        index.manifest(&RootName::default()).await.expect(ALL).len(),
        1
    );
}

/// Removing what is not there is no change and no error.
pub async fn removing_the_unknown_changes_nothing(index: Arc<dyn Index>) {
    commit(&index, &SampleDocument::new("a.md").page(1, &["canine"])).await;
    let before = state(&index).await;
    assert_eq!(
        index
            .remove(&[source("b.md"), source("a")])
            .await
            .expect(ALL),
        before.revision
    );
    assert_eq!(index.remove(&[]).await.expect(ALL), before.revision);
    assert_eq!(state(&index).await, before);

    let gone = index
        .remove(&[source("b.md"), source("a.md"), source("a.md")])
        .await
        .expect(ALL);
    assert!(gone > before.revision);
    assert_eq!(index.remove(&[source("a.md")]).await.expect(ALL), gone);
}

/// Commits, removals and new descriptions raise the revision; reads and repeated descriptions do not.
pub async fn the_revision_grows_with_changes_only(index: Arc<dyn Index>) {
    let all = Scope::everything();
    let root = RootName::default();
    let described = LibraryDescription {
        products: vec![Product::default()],
        aliases: Vec::new(),
    };
    let empty = state(&index).await.revision;

    assert_eq!(
        index
            .describe(&root, &LibraryDescription::default())
            .await
            .expect(ALL),
        empty
    );

    let committed = index
        .commit(
            SampleDocument::new("a.md")
                .page(1, &["canine"])
                .build(&embedder()),
        )
        .await
        .expect(ALL);

    assert!(committed > empty);
    assert_eq!(state(&index).await.revision, committed);
    let told = index.describe(&root, &described).await.expect(ALL);
    assert!(told > committed);
    assert_eq!(index.describe(&root, &described).await.expect(ALL), told);

    index
        .candidates(&question("canine", 5), &all)
        .await
        .expect(ALL);
    index.documents(&all).await.expect(ALL);
    index.optimize().await.expect(ALL);
    assert_eq!(state(&index).await.revision, told);
    let removed = index.remove(&[source("a.md")]).await.expect(ALL);
    assert!(removed > told);
    assert_eq!(state(&index).await.revision, removed);
}

/// `a.md` beside `a.txt` would give two passages one id: the second is refused and both are named.
pub async fn two_documents_never_share_chunk_ids(index: Arc<dyn Index>) {
    commit(
        &index,
        &SampleDocument::new("guides/a.md").page(1, &["canine"]),
    )
    .await;

    let before = state(&index).await;
    let twin = SampleDocument::new("guides/a.txt")
        .page(1, &["feline"])
        .build(&embedder());

    let message = index
        .commit(twin.clone())
        .await
        .expect_err("a refusal")
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
    index.remove(&[source("guides/a.md")]).await.expect(ALL);
    index.commit(twin).await.expect("the name is free now");
}

/// Commits in flight together are all there when they return.
pub async fn many_commits_at_once_all_arrive(index: Arc<dyn Index>) {
    let commits: Vec<_> = (0..24)
        .map(|number| {
            let index = Arc::clone(&index);
            let text = format!("alpha word{}", number % 12);
            let document = SampleDocument::new(&format!("{}.md", number % 12))
                .page(1, &[&text])
                .build(&embedder());

            tokio::spawn(async move {
                index.commit(document).await.expect(ALL);
                index
                    .document(
                        &source(&format!("{}.md", number % 12)),
                        &Scope::everything(),
                    )
                    .await
                    .expect(ALL)
            })
        })
        .collect();

    for commit in commits {
        assert!(commit.await.expect("no panic").is_some());
    }

    let now = state(&index).await;
    assert_eq!((now.documents, now.pages, now.chunks), (12, 12, 12));
    assert_eq!(
        keyword(&index, &question("alpha", 99), &Scope::everything())
            .await
            .len(),
        12
    );
}

/// While a document is replaced, every read sees its old or its new revision, never a mix and never none.
pub async fn readers_see_one_revision_whole(index: Arc<dyn Index>) {
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
        let found = index
            .candidates(&question("canine", 50), &all)
            .await
            .expect(ALL);
        let (dense, keyword) = (found.dense.expect("a list"), found.keyword.expect("a list"));
        let chunks = index
            .passages(&source("a.md"), 0..50, &all)
            .await
            .expect(ALL);

        let pages = |numbers: Vec<u32>| {
            (
                numbers[0],
                numbers.len(),
                numbers.iter().all(|number| *number == numbers[0]),
            )
        };

        let whole = [(1, 5, true), (2, 3, true)];
        let dense = pages(dense.iter().map(|candidate| candidate.page.0).collect());
        let keyword = pages(keyword.iter().map(|candidate| candidate.page.0).collect());
        assert!(whole.contains(&dense), "{dense:?}");
        assert_eq!(dense, keyword, "both lists come from one revision");
        assert!(whole.contains(&pages(
            chunks.iter().map(|chunk| chunk.page.number.0).collect()
        )));
        reads += 1;
    }

    writer.await.expect("no panic");
}

/// A source that another root holds already is refused, both roots are named, and the document stays.
pub async fn a_source_belongs_to_one_root(index: Arc<dyn Index>) {
    let held = commit(
        &index,
        &SampleDocument::new("more/b.md").page(1, &["feline"]),
    )
    .await;

    let claim = SampleDocument::new("more/b.md")
        .root("more")
        .page(1, &["canine"]);

    let error = index
        .commit(claim.build(&embedder()))
        .await
        .expect_err("the source is taken")
        .to_string();

    assert!(
        error.contains("`corpus`") && error.contains("`more`"),
        "{error}"
    );
    let entries = index.manifest(&RootName::default()).await.expect(ALL);
    assert_eq!(
        entries
            .iter()
            .map(|entry| &entry.source)
            .collect::<Vec<_>>(),
        [&held.meta.source]
    );

    index
        .remove(std::slice::from_ref(&held.meta.source))
        .await
        .expect(ALL);
    commit(&index, &claim).await;
    assert_eq!(
        index
            .manifest(&"more".parse().expect("a root name"))
            .await
            .expect(ALL)
            .len(),
        1
    );
}

/// The manifest lists what was committed from a root, with its folder and its input hash.
pub async fn the_manifest_names_the_documents_of_a_root(index: Arc<dyn Index>) {
    let other = commit(
        &index,
        &SampleDocument::new("more/b.md")
            .root("more")
            .page(1, &["feline"]),
    )
    .await;

    let default = commit(&index, &SampleDocument::new("a.md").page(1, &["canine"])).await;
    let entries = index.manifest(&RootName::default()).await.expect(ALL);
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0].source, entries[0].input),
        (&default.meta.source, default.input)
    );
    let entries = index.manifest(&other.root).await.expect(ALL);

    assert_eq!(
        (&entries[0].source, entries[0].input),
        (&other.meta.source, other.input)
    );
    assert_eq!(entries[0].folder, "/library");

    let moved = commit(
        &index,
        &SampleDocument::new("more/b.md")
            .root("more")
            .folder("/moved")
            .page(1, &["feline"]),
    )
    .await;

    assert_eq!(
        moved.hash(),
        other.hash(),
        "where a document was read is no part of its content"
    );
    assert_eq!(
        index.manifest(&other.root).await.expect(ALL)[0].folder,
        "/moved"
    );
    assert_eq!(
        index
            .manifest(&"third".parse().expect("a root name"))
            .await
            .expect(ALL),
        []
    );
}

/// A vector is known by its key once a passage with it was committed.
pub async fn vectors_are_remembered(index: Arc<dyn Index>) {
    let revision = commit(
        &index,
        &SampleDocument::new("a.md").page(1, &["canine", "feline"]),
    )
    .await;

    let [first, second] = &revision.chunks[..] else {
        panic!("two passages")
    };

    let keys = [
        second.embedding_key,
        ContentHash::of("unknown"),
        first.embedding_key,
    ];

    let vectors = index.cached_vectors(&keys).await.expect(ALL);
    assert_eq!(
        vectors,
        [
            Some(second.vector.clone()),
            None,
            Some(first.vector.clone())
        ]
    );
    assert_eq!(first.vector.len(), embedder().model().dimensions);
    assert_eq!(index.cached_vectors(&[]).await.expect(ALL), [None; 0]);
}

/// What the roots say is put together, the default root's word first; a root's new word replaces its old one.
pub async fn descriptions_of_all_roots_are_merged(index: Arc<dyn Index>) {
    let product = |id: &str, title: &str| Product {
        id: id.to_owned(),
        title: Some(title.to_owned()),
        ..Product::default()
    };

    let alias = |name: &str| Alias {
        names: vec![name.to_owned()],
        products: Vec::new(),
    };

    assert_eq!(
        index.description().await.expect(ALL),
        LibraryDescription::default()
    );

    let archive = LibraryDescription {
        products: vec![product("uccx", "Old"), product("pg", "Pg")],
        aliases: vec![alias("B")],
    };

    index
        .describe(&"archive".parse().expect("a root name"), &archive)
        .await
        .expect(ALL);

    for title in ["First", "Second"] {
        let own = LibraryDescription {
            products: vec![product("uccx", title)],
            aliases: vec![alias(title)],
        };
        index.describe(&RootName::default(), &own).await.expect(ALL);
    }

    let merged = index.description().await.expect(ALL);
    assert_eq!(
        merged.products,
        [product("uccx", "Second"), product("pg", "Pg")]
    );
    assert_eq!(merged.aliases, [alias("Second"), alias("B")]);
}
