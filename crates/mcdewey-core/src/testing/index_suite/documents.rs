//! Reading documents, pages, chunks and attachments.

use std::sync::Arc;

use super::{SUCCEEDS, commit, ids, keyword, question, reader, source};
use crate::testing::SampleDocument;
use crate::{AttachmentRole, Chunk, ChunkId, Index, PageNumber, Scope};

/// A document whose pages contain no text (only pictures, for example) is still listed and
/// readable.
pub async fn a_document_without_chunks_is_kept(index: Arc<dyn Index>) {
    let revision = commit(
        &index,
        &SampleDocument::new("pictures.md").page(1, &[]).page(2, &[]),
    )
    .await;

    let all = Scope::everything();
    let document = reader(&index)
        .await
        .document(&revision.meta.source, &all)
        .await
        .expect(SUCCEEDS)
        .expect("the document");

    assert_eq!((document.pages.len(), document.chunks), (2, 0));
    let listed = reader(&index).await.documents(&all).await.expect(SUCCEEDS);
    assert_eq!((listed[0].pages, listed[0].chunks), (2, 0));
    assert_eq!(
        reader(&index)
            .await
            .document_chunks(&revision.meta.source, 0..5, &all)
            .await
            .expect(SUCCEEDS),
        []
    );

    let page = reader(&index)
        .await
        .page(&revision.meta.source, PageNumber(2), &all)
        .await
        .expect(SUCCEEDS)
        .expect("the page");

    assert_eq!(page.text, "");
    index
        .remove(std::slice::from_ref(&revision.meta.source))
        .await
        .expect(SUCCEEDS);

    assert_eq!(
        reader(&index).await.documents(&all).await.expect(SUCCEEDS),
        []
    );
}

/// Names and texts with blanks, quotes, percent signs and non-ASCII letters are returned unchanged.
pub async fn unusual_names_and_texts_round_trip(index: Arc<dyn Index>) {
    let names = [
        "a b/c's \"guide\" (50%).md",
        "ünï/日本語.md",
        "x::y/0.md",
        "_%/;--.md",
        "a.b.c/.hidden",
    ];

    let text = "canine \u{0} 'quoted' \"double\" \\ back`tick` 日本語 \u{1f600} <b>&amp;</b>";
    let all = Scope::everything();
    for name in names {
        let revision = commit(
            &index,
            &SampleDocument::new(name)
                .vendor("O'Neil & Søn")
                .page(1, &[text]),
        )
        .await;

        let chunk = &revision.chunks[0].chunk;
        let found = reader(&index)
            .await
            .chunks(std::slice::from_ref(&chunk.chunk_id), &all)
            .await
            .expect(SUCCEEDS);
        assert_eq!(found, std::slice::from_ref(chunk), "{name}");
        assert_eq!(
            reader(&index)
                .await
                .document(&source(name), &all)
                .await
                .expect(SUCCEEDS)
                .expect("the document")
                .meta,
            revision.meta
        );

        let page = reader(&index)
            .await
            .page(&source(name), PageNumber(1), &all)
            .await
            .expect(SUCCEEDS)
            .expect("the page");

        assert_eq!(page.text, text);
    }

    assert_eq!(
        keyword(&index, &question("canine", 50), &all).await.len(),
        names.len()
    );
    let mut scope = Scope::everything();
    scope.filter.vendor = vec!["O'Neil & Søn".to_owned()];
    scope.filter.source = vec![source(names[0])];

    assert_eq!(
        ids(&keyword(&index, &question("canine", 50), &scope).await),
        [ChunkId::new(&source(names[0]), 0).as_str()]
    );
}

/// A chunk and a page of many thousand bytes are returned completely, and their last word is found.
pub async fn long_texts_round_trip(index: Arc<dyn Index>) {
    let long = format!("{} gamma", "canine feline ".repeat(1000));
    let revision = commit(
        &index,
        &SampleDocument::new("a.md").page(1, &[&long, "alpha"]),
    )
    .await;

    let all = Scope::everything();
    assert_eq!(
        ids(&keyword(&index, &question("gamma", 5), &all).await),
        ["a::0"]
    );

    let chunks = reader(&index)
        .await
        .document_chunks(&revision.meta.source, 0..1, &all)
        .await
        .expect(SUCCEEDS);
    assert_eq!(chunks[0].text, long);
    let page = reader(&index)
        .await
        .page(&revision.meta.source, PageNumber(1), &all)
        .await
        .expect(SUCCEEDS)
        .expect("the page");

    assert_eq!(page, revision.pages[0]);
}

/// Chunks are found by their ordinal, their page and their handle.
pub async fn chunks_are_read_by_ordinal_page_and_handle(index: Arc<dyn Index>) {
    let sample = SampleDocument::new("a.md")
        .page(3, &["alpha", "beta"])
        .page(5, &["gamma", "canine"]);
    let revision = commit(&index, &sample).await;
    commit(&index, &SampleDocument::new("b.md").page(3, &["feline"])).await;
    let all = Scope::everything();
    let chunk = |ordinal: usize| revision.chunks[ordinal].chunk.clone();
    let name = &revision.meta.source;

    assert_eq!(
        reader(&index)
            .await
            .document_chunks(name, 1..3, &all)
            .await
            .expect(SUCCEEDS),
        [chunk(1), chunk(2)]
    );
    assert_eq!(
        reader(&index)
            .await
            .document_chunks(name, 3..u32::MAX, &all)
            .await
            .expect(SUCCEEDS),
        [chunk(3)]
    );
    assert_eq!(
        reader(&index)
            .await
            .document_chunks(name, 2..2, &all)
            .await
            .expect(SUCCEEDS),
        []
    );
    assert_eq!(
        reader(&index)
            .await
            .chunks_on_page(name, PageNumber(3), &all)
            .await
            .expect(SUCCEEDS),
        [chunk(0), chunk(1)]
    );
    assert_eq!(
        reader(&index)
            .await
            .chunks_on_page(name, PageNumber(4), &all)
            .await
            .expect(SUCCEEDS),
        []
    );
    assert_eq!(
        reader(&index)
            .await
            .chunks_on_page(&source("c.md"), PageNumber(3), &all)
            .await
            .expect(SUCCEEDS),
        []
    );
    assert_eq!(
        reader(&index)
            .await
            .chunks_by_handle(&chunk(2).handle(), &all)
            .await
            .expect(SUCCEEDS),
        [chunk(2)]
    );

    for unknown in ["", "zz", "00000000", "%", "ffffffffffffffffff"] {
        assert_eq!(
            reader(&index)
                .await
                .chunks_by_handle(unknown, &all)
                .await
                .expect(SUCCEEDS),
            [],
            "{unknown}"
        );
    }
}

/// Chunks are returned in the order of the ids; unknown ids are skipped.
pub async fn chunks_are_returned_in_the_requested_order(index: Arc<dyn Index>) {
    commit(
        &index,
        &SampleDocument::new("a.md").page(1, &["alpha", "beta"]),
    )
    .await;

    commit(&index, &SampleDocument::new("b.md").page(1, &["gamma"])).await;
    let requested: Vec<ChunkId> = ["b::0", "a::1", "a::7", "c::0", "a::0"]
        .iter()
        .map(|id| id.parse().expect("a chunk id"))
        .collect();

    let chunks: Vec<Chunk> = reader(&index)
        .await
        .chunks(&requested, &Scope::everything())
        .await
        .expect(SUCCEEDS);
    let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
    assert_eq!(texts, ["gamma", "beta", "alpha"]);
}

/// The list of documents is ordered by source.
pub async fn documents_are_ordered_by_source(index: Arc<dyn Index>) {
    for name in ["b/z.md", "a/y.md", "B.md", "b/a.md"] {
        commit(&index, &SampleDocument::new(name).page(1, &["alpha"])).await;
    }

    let listed = reader(&index)
        .await
        .documents(&Scope::everything())
        .await
        .expect(SUCCEEDS);
    let names: Vec<&str> = listed
        .iter()
        .map(|summary| summary.meta.source.as_str())
        .collect();
    assert_eq!(names, ["B.md", "a/y.md", "b/a.md", "b/z.md"]);
    assert!(
        listed
            .iter()
            .all(|summary| (summary.pages, summary.chunks) == (1, 1))
    );
}

/// Images and originals are returned unchanged, only those of the live revision and only within the
/// scope.
pub async fn attachments_round_trip(index: Arc<dyn Index>) {
    use AttachmentRole::{Image, Original};

    let large: Vec<u8> = (0..3_000_000_u32).map(|byte| (byte % 251) as u8).collect();
    let sample = SampleDocument::new("a.md")
        .vendor("V")
        .page(1, &["canine"])
        .attachment(Image, "x y.png", "image/png", b"one")
        .attachment(Image, "z.png", "image/png", b"");

    let first = commit(
        &index,
        &sample
            .clone()
            .attachment(Original, "a.pdf", "application/pdf", &large),
    )
    .await;

    let (name, all) = (&first.meta.source, Scope::everything());
    let document = reader(&index)
        .await
        .document(name, &all)
        .await
        .expect(SUCCEEDS)
        .expect("the document");
    let listed: Vec<_> = document
        .attachments
        .iter()
        .map(|file| (file.role, file.name.as_str(), file.bytes))
        .collect();

    assert_eq!(
        listed,
        [
            (Image, "x y.png", 3),
            (Image, "z.png", 0),
            (Original, "a.pdf", 3_000_000)
        ]
    );

    for file in &first.attachments {
        let attachment = &file.attachment;
        let found = reader(&index)
            .await
            .attachment(name, attachment.role, &attachment.name, &all)
            .await
            .expect(SUCCEEDS);
        assert_eq!(found.as_ref(), Some(file));
    }

    assert_eq!(
        reader(&index)
            .await
            .attachment(name, Original, "x y.png", &all)
            .await
            .expect(SUCCEEDS),
        None
    );
    assert_eq!(
        reader(&index)
            .await
            .attachment(&source("b.md"), Image, "x y.png", &all)
            .await
            .expect(SUCCEEDS),
        None
    );

    let mut scope = Scope::everything();
    scope.filter.vendor = vec!["another".to_owned()];
    assert_eq!(
        reader(&index)
            .await
            .attachment(name, Image, "x y.png", &scope)
            .await
            .expect(SUCCEEDS),
        None
    );

    commit(&index, &sample).await;
    assert_eq!(
        reader(&index)
            .await
            .attachment(name, Original, "a.pdf", &all)
            .await
            .expect(SUCCEEDS),
        None
    );
    assert!(
        reader(&index)
            .await
            .attachment(name, Image, "x y.png", &all)
            .await
            .expect(SUCCEEDS)
            .is_some()
    );

    index
        .remove(std::slice::from_ref(name))
        .await
        .expect(SUCCEEDS);
    assert_eq!(
        reader(&index)
            .await
            .attachment(name, Image, "x y.png", &all)
            .await
            .expect(SUCCEEDS),
        None
    );
}
