//! Searches over a library with many equal texts: paging, number of hits, confidence.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::testing::{CountingIndex, FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, EmbedError, Index, ModelInfo, QuestionEmbedding, Visibility};

mod rules;

use super::retrieve::FIRST_DEPTH;
use super::*;
use crate::Library;
use crate::Mode;

async fn search(library: &Library, request: &SearchRequest) -> SearchResults {
    let snapshot = library.at(&Visibility::Everything).await.unwrap();
    snapshot.search(request).await.unwrap()
}

/// A library with more chunks than the first depth, half of them without the word "barge".
async fn large_library() -> Library {
    let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
    let index = Arc::new(MemoryIndex::new());
    for number in 0..FIRST_DEPTH * 2 {
        let text = if number % 2 == 0 {
            format!("barge {number}")
        } else {
            format!("call {number} call")
        };
        let document = SampleDocument::new(&format!("p/{number}.md")).page(1, &[text.as_str()]);
        index.commit(document.build(&embed)).await.unwrap();
    }

    Library::new(index, embed as Arc<dyn Embed>)
}

#[tokio::test]
async fn the_cursors_of_a_large_library_lead_to_every_chunk_once() {
    let library = large_library().await;
    for mode in Mode::ALL {
        let q = "barge call".to_owned();
        let mut request = SearchRequest {
            q,
            mode,
            limit: Some(MAX_LIMIT),
            ..SearchRequest::default()
        };

        let mut found = Vec::new();
        loop {
            let answer = search(&library, &request).await;
            request.cursor = answer.continuation.next_page();
            found.extend(answer.hits.into_iter().map(|hit| hit.chunk.chunk_id));

            if request.cursor.is_none() {
                break;
            }
        }

        let different: HashSet<&ChunkId> = found.iter().collect();
        assert_eq!(
            (found.len(), different.len()),
            (FIRST_DEPTH * 2, FIRST_DEPTH * 2),
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn ten_hits_are_ten_texts_even_if_every_text_occurs_in_three_versions() {
    let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
    let index = Arc::new(MemoryIndex::new());

    // 81 words each, of which one differs between the versions.
    let text = |number: usize, version: &str| {
        let words: Vec<String> = (0..80).map(|word| format!("word{number}x{word}")).collect();
        format!("barge {} since{version}", words.join(" "))
    };

    for version in ["11", "12", "15"] {
        let texts: Vec<String> = (0..20).map(|number| text(number, version)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let document = SampleDocument::new(&format!("p/{version}/guide.md"))
            .title("Guide")
            .version(version);

        index
            .commit(document.page(1, &texts).build(&embed))
            .await
            .unwrap();
    }

    let library = Library::new(index, embed as Arc<dyn Embed>);
    let request = SearchRequest {
        q: "barge".to_owned(),
        ..SearchRequest::default()
    };

    let answer = search(&library, &request).await;

    let different: HashSet<&str> = answer
        .hits
        .iter()
        .map(|hit| hit.chunk.text.split(" since").next().unwrap())
        .collect();

    assert_eq!((answer.hits.len(), different.len()), (10, 10));
    for hit in &answer.hits {
        assert_eq!(
            hit.chunk.document.facets.version_label().as_deref(),
            Some("15"),
            "the latest version is shown"
        );
        assert!(
            hit.also_in.len() == 2 && hit.also_in.iter().all(|also| also.differs),
            "{:?}",
            hit.also_in
        );
    }
}

#[tokio::test]
async fn the_confidence_does_not_depend_on_the_limit() {
    let library = large_library().await;
    let ask = async |limit| {
        let request = SearchRequest {
            q: "barge call".to_owned(),
            limit: Some(limit),
            ..SearchRequest::default()
        };

        search(&library, &request).await
    };

    let (one, ten) = (ask(1).await, ask(10).await);
    assert_eq!(one.hits.len(), 1);
    assert!(one.confidence.is_some());
    assert_eq!(one.confidence, ten.confidence);

    let next = SearchRequest {
        q: "barge call".to_owned(),
        limit: Some(1),
        cursor: one.continuation.next_page(),
        ..SearchRequest::default()
    };

    let next = search(&library, &next).await;
    assert_eq!(next.hits[0].chunk.chunk_id, ten.hits[1].chunk.chunk_id);
    assert_eq!(
        next.confidence, None,
        "only the first page has a confidence"
    );
}

/// A model that answers only after the index was asked for candidates.
struct WaitingModel {
    model: FakeEmbed,
    index: Arc<CountingIndex>,
}

#[async_trait]
impl Embed for WaitingModel {
    fn model(&self) -> &ModelInfo {
        self.model.model()
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        while !self.index.take_counts().contains_key("candidates") {
            tokio::task::yield_now().await;
        }
        self.model.embed_question(text).await
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.model.embed_chunks(texts).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.model.token_ranges(text)
    }
}

#[tokio::test]
async fn the_keyword_list_is_made_while_the_question_is_embedded() {
    let model = || FakeEmbed::new(&["barge", "call"]);
    let memory = Arc::new(MemoryIndex::new());
    for number in 0..20 {
        let text = format!("barge {}", "call ".repeat(number));
        let document = SampleDocument::new(&format!("{number}.md")).page(1, &[text.as_str()]);
        memory.commit(document.build(&model())).await.unwrap();
    }

    let together = Library::new(Arc::clone(&memory) as Arc<dyn Index>, Arc::new(model()));
    let index = Arc::new(CountingIndex::new(memory).with_independent_lists());
    let waiting = WaitingModel {
        model: model(),
        index: Arc::clone(&index),
    };

    let apart = Library::new(index, Arc::new(waiting));
    let request = SearchRequest {
        q: "barge call".to_owned(),
        explain: true,
        ..SearchRequest::default()
    };

    let (expected, found) = (
        search(&together, &request).await,
        search(&apart, &request).await,
    );
    let timings = expected.timings.clone();
    assert_eq!(expected.hits.len(), 10);
    assert_eq!(SearchResults { timings, ..found }, expected);
}

#[test]
fn misspelt_words_are_replaced_where_they_stand() {
    let corrections = [("certifcate".to_owned(), "certificate".to_owned())];
    let corrected = |question| retrieve::with_corrections(question, &corrections);
    assert_eq!(
        corrected("Certifcate: is a certifcate_chain a certifcates?"),
        "certificate: is a certificate_chain a certifcates?"
    );
    assert_eq!(corrected("no error"), "no error");
}
