//! Reads that combine others, so that a request needs fewer of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{SUCCEEDS, commit, reader, source, weighted};
use crate::testing::SampleDocument;
use crate::{
    CandidateQuery, Chunk, ChunkId, Filter, Index, IndexReader, PageNumber, Scope, Visibility,
};

/// Several words are looked up at once with the result that a search for each of them has.
pub async fn words_are_looked_up_as_a_search_for_each_would(index: Arc<dyn Index>) {
    for (name, product, text) in [
        ("a.md", "one", "canine alpha"),
        ("b.md", "two", "feline agent alpha"),
        ("c.md", "three", "gamma"),
    ] {
        let document = SampleDocument::new(name).product(product);
        commit(&index, &document.page(1, &[text])).await;
    }
    commit(&index, &SampleDocument::new("c.md").page(1, &["beta"])).await;

    let words: Vec<String> = [
        "canine", "Feline", "alpha", "gamma", "beta", "agnet", "the", "b2",
    ]
    .map(str::to_owned)
    .to_vec();
    let only = |products: &[&str]| Visibility::Only {
        vendors: Vec::new(),
        products: products.iter().map(|name| (*name).to_owned()).collect(),
    };
    let cases: [(Scope, &[&str]); 5] = [
        (Scope::everything(), &["Feline", "alpha", "beta", "canine"]),
        (with_visibility(only(&["one"])), &["alpha", "canine"]),
        (with_visibility(only(&["two"])), &["Feline", "alpha"]),
        (with_visibility(only(&[])), &[]),
        (with_product("one"), &["alpha", "canine"]),
    ];

    let reader = reader(&index).await;
    for (scope, expected) in cases {
        let found = reader.occurring_words(&words, &scope).await;
        let found = found.expect(SUCCEEDS);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{scope:?}");
        for word in &words {
            let occurs = occurs(&reader, word, &scope).await;
            assert_eq!(occurs, found.contains(word), "{word} in {scope:?}");
        }
    }

    let none = reader.occurring_words(&[], &Scope::everything()).await;
    assert_eq!(none.expect(SUCCEEDS), BTreeSet::new());
}

async fn occurs(reader: &Arc<dyn IndexReader>, word: &str, scope: &Scope) -> bool {
    let query = CandidateQuery {
        keyword: weighted(&[(word, 1.0)]),
        known_words: BTreeSet::from([word.to_lowercase()]),
        depth: 1,
        ..CandidateQuery::default()
    };

    let found = reader.candidates(&query, scope).await.expect(SUCCEEDS);
    found.keyword.is_some_and(|list| !list.is_empty())
}

fn with_visibility(visibility: Visibility) -> Scope {
    Scope {
        visibility,
        ..Scope::everything()
    }
}

fn with_product(product: &str) -> Scope {
    Scope {
        filter: Filter {
            product: vec![product.to_owned()],
            ..Filter::default()
        },
        ..Scope::everything()
    }
}

/// A chunk is read together with its neighbours, and a page with its document and chunks.
pub async fn neighbours_and_pages_are_read_at_once(index: Arc<dyn Index>) {
    let document = SampleDocument::new("a.md")
        .product("one")
        .page(1, &["alpha", "beta"])
        .page(2, &["gamma", "canine", "feline"]);
    let revision = commit(&index, &document).await;
    let chunks: Vec<Chunk> = revision
        .chunks
        .iter()
        .map(|embedded| embedded.chunk.clone())
        .collect();

    let (all, name, reader) = (Scope::everything(), source("a.md"), reader(&index).await);
    for (ordinal, context, expected) in [
        (0, 1, 0..2),
        (2, 1, 1..4),
        (2, 0, 2..3),
        (4, u32::MAX, 0..5),
    ] {
        let id = &chunks[ordinal].chunk_id;
        let around = reader.chunks_around(id, context, &all).await;
        assert_eq!(around.expect(SUCCEEDS), chunks[expected], "{id}, {context}");
    }

    let page = reader
        .page_with_document(&name, PageNumber(2), &all)
        .await
        .expect(SUCCEEDS)
        .expect("the document");
    assert_eq!(
        Some(&page.document),
        reader.document(&name, &all).await.expect(SUCCEEDS).as_ref()
    );
    assert_eq!(page.page.as_ref(), Some(&revision.pages[1]));
    assert_eq!(page.chunks, chunks[2..]);

    let missing = reader
        .page_with_document(&name, PageNumber(3), &all)
        .await
        .expect(SUCCEEDS)
        .expect("the document");
    assert_eq!((missing.page, missing.chunks), (None, Vec::new()));
    check_missing(&reader, &chunks[0]).await;
}

/// Checks what does not exist and what is out of scope.
async fn check_missing(reader: &Arc<dyn IndexReader>, chunk: &Chunk) {
    let (all, hidden) = (Scope::everything(), with_product("two"));
    let unknown = [
        (ChunkId::new(&source("a.md"), 5), &all),
        (ChunkId::new(&source("b.md"), 0), &all),
        (chunk.chunk_id.clone(), &hidden),
    ];
    for (id, scope) in unknown {
        let around = reader.chunks_around(&id, 3, scope).await;
        assert_eq!(around.expect(SUCCEEDS), [], "{id}");
    }

    for (name, scope) in [("b.md", &all), ("a.md", &hidden)] {
        let page = reader
            .page_with_document(&source(name), PageNumber(1), scope)
            .await
            .expect(SUCCEEDS);
        assert_eq!(page, None, "{name}");
    }
}
