//! Roots: which root a document belongs to, their manifests and their descriptions.

use std::sync::Arc;

use super::{SUCCEEDS, commit, embedder, reader};
use crate::testing::SampleDocument;
use crate::{Alias, ContentHash, FileStamp, Index, LibraryDescription, Product, RootName};

/// A source that another root already contains is rejected; the error names both roots, and the
/// existing document stays.
pub async fn a_source_belongs_to_one_root(index: Arc<dyn Index>) {
    let existing = commit(
        &index,
        &SampleDocument::new("more/b.md").page(1, &["feline"]),
    )
    .await;

    let conflicting = SampleDocument::new("more/b.md")
        .root("more")
        .page(1, &["canine"]);

    let error = index
        .commit(conflicting.build(&embedder()))
        .await
        .expect_err("the source is taken")
        .to_string();

    assert!(
        error.contains("`corpus`") && error.contains("`more`"),
        "{error}"
    );
    let entries = index.manifest(&RootName::default()).await.expect(SUCCEEDS);
    assert_eq!(
        entries
            .iter()
            .map(|entry| &entry.source)
            .collect::<Vec<_>>(),
        [&existing.meta.source]
    );

    index
        .remove(std::slice::from_ref(&existing.meta.source))
        .await
        .expect(SUCCEEDS);
    commit(&index, &conflicting).await;
    assert_eq!(
        index
            .manifest(&"more".parse().expect("a root name"))
            .await
            .expect(SUCCEEDS)
            .len(),
        1
    );
}

/// The manifest lists the documents that were committed from a root, with their folder and input
/// hash.
pub async fn the_manifest_lists_the_documents_of_a_root(index: Arc<dyn Index>) {
    let other = commit(
        &index,
        &SampleDocument::new("more/b.md")
            .root("more")
            .page(1, &["feline"]),
    )
    .await;

    let default = commit(&index, &SampleDocument::new("a.md").page(1, &["canine"])).await;
    let entries = index.manifest(&RootName::default()).await.expect(SUCCEEDS);
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0].source, entries[0].input),
        (&default.meta.source, default.input)
    );

    let entries = index.manifest(&other.root).await.expect(SUCCEEDS);
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
        "the folder of a document is not part of its content"
    );
    assert_eq!(
        index.manifest(&other.root).await.expect(SUCCEEDS)[0].folder,
        "/moved"
    );
    assert_eq!(
        index
            .manifest(&"third".parse().expect("a root name"))
            .await
            .expect(SUCCEEDS),
        []
    );
}

/// A stamp is kept for the revision that was made from its input, and for no other. An index need not
/// keep any.
pub async fn file_stamps_apply_to_one_revision(index: Arc<dyn Index>) {
    let document = commit(&index, &SampleDocument::new("a.md").page(1, &["canine"])).await;
    let stamp = FileStamp {
        source: document.meta.source.clone(),
        input: document.input,
        stamp: ContentHash::of("state"),
        images: vec!["a \"quoted\" name.png".to_owned()],
    };
    let revision = index.state().await.expect(SUCCEEDS).revision;
    let kept = async || index.file_stamps(&document.root).await.expect(SUCCEEDS);

    let keep = async |stamp: &FileStamp| {
        let stamps = vec![stamp.clone()];
        index.keep_file_stamps(stamps).await.expect(SUCCEEDS);
    };
    keep(&stamp).await;
    if kept().await.is_empty() {
        return;
    }

    assert_eq!(kept().await, std::slice::from_ref(&stamp));
    assert_eq!(index.state().await.expect(SUCCEEDS).revision, revision);
    let other_root = "more".parse().expect("a root name");
    let others = index.file_stamps(&other_root).await.expect(SUCCEEDS);
    assert_eq!(others, []);

    let other_input = FileStamp {
        input: ContentHash::of("other"),
        ..stamp.clone()
    };
    let unknown = FileStamp {
        source: "b.md".parse().expect("a source"),
        ..stamp.clone()
    };
    keep(&other_input).await;
    keep(&unknown).await;
    assert_eq!(kept().await, std::slice::from_ref(&stamp));

    let newer = FileStamp {
        stamp: ContentHash::of("another state"),
        ..stamp
    };
    keep(&newer).await;
    assert_eq!(kept().await, [newer]);

    commit(&index, &SampleDocument::new("a.md").page(1, &["feline"])).await;
    assert_eq!(kept().await, []);
}

fn product(id: &str, title: &str) -> Product {
    Product {
        id: id.to_owned(),
        title: Some(title.to_owned()),
        ..Product::default()
    }
}

fn alias(name: &str) -> Alias {
    Alias {
        names: vec![name.to_owned()],
        products: Vec::new(),
    }
}

/// The descriptions of all roots are merged, the default root's first; a root's new description
/// replaces its old one.
pub async fn descriptions_of_all_roots_are_merged(index: Arc<dyn Index>) {
    assert_eq!(
        reader(&index).await.description().await.expect(SUCCEEDS),
        LibraryDescription::default()
    );

    let archive = LibraryDescription {
        products: vec![product("uccx", "Old"), product("pg", "Pg")],
        aliases: vec![alias("B")],
    };

    index
        .set_description(&"archive".parse().expect("a root name"), &archive)
        .await
        .expect(SUCCEEDS);

    for title in ["First", "Second"] {
        let own = LibraryDescription {
            products: vec![product("uccx", title)],
            aliases: vec![alias(title)],
        };
        index
            .set_description(&RootName::default(), &own)
            .await
            .expect(SUCCEEDS);
    }

    let merged = reader(&index).await.description().await.expect(SUCCEEDS);
    assert_eq!(
        merged.products,
        [product("uccx", "Second"), product("pg", "Pg")]
    );
    assert_eq!(merged.aliases, [alias("Second"), alias("B")]);
}
