//! Helpers shared by the tests: indexes on a server, documents, questions.

use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    CandidateQuery, DocumentRevision, Embed, Index, IndexError, PageNumber, Scope, SourcePath,
    WeightedText,
};
use mcdewey_store::testing::{QdrantProcess, skipped};
use mcdewey_store::{ReplicationConfig, Server, ServerAddress, ServerIndex, ServerOptions};

/// Long enough for a server to be killed and started again.
pub(crate) const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) fn options(collection: &str, retry_timeout: Duration) -> ServerOptions {
    ServerOptions {
        collection: collection.to_owned(),
        replication: ReplicationConfig::default(),
        model: embedder().model().clone(),
        chunker: "test".to_owned(),
        retry_timeout,
    }
}

/// Opens a library as another process would.
pub(crate) async fn open(
    address: &ServerAddress,
    options: ServerOptions,
) -> Result<Arc<ServerIndex>, IndexError> {
    Ok(Arc::new(
        ServerIndex::open(Server::connect(address).await?, options).await?,
    ))
}

/// Starts a server for one test. Prints the reason and returns `None` if that is not possible.
pub(crate) async fn own_server(test: &str, key: Option<&str>) -> Option<QdrantProcess> {
    let process = QdrantProcess::start(key).await;
    if process.is_none() {
        skipped(
            test,
            "there is no `qdrant` program on the PATH, and a server at QDRANT_URL cannot be killed",
        );
    }

    process
}

pub(crate) fn document(name: &str, page: u32, texts: &[&str]) -> DocumentRevision {
    SampleDocument::new(name)
        .page(page, texts)
        .build(&embedder())
}

pub(crate) fn source(name: &str) -> SourcePath {
    name.parse().expect("a valid source")
}

pub(crate) fn question(text: &str) -> CandidateQuery {
    CandidateQuery {
        dense: Some(embedder().vector(text)),
        keyword: vec![WeightedText {
            text: text.to_owned(),
            weight: 1.0,
        }],
        depth: 1000,
        exact: true,
        ..CandidateQuery::default()
    }
}

/// The chunk ids, pages and exact scores of both lists.
pub(crate) type Lists = [Vec<(String, u32, u32)>; 2];

pub(crate) async fn lists(index: &dyn Index, text: &str) -> Result<Lists, IndexError> {
    let found = index
        .reader()
        .await?
        .candidates(&question(text), &Scope::everything())
        .await?;

    Ok([found.dense, found.keyword].map(|list| {
        let candidates = list.unwrap_or_default().into_iter();
        candidates
            .map(|candidate| {
                (
                    candidate.chunk_id.to_string(),
                    candidate.page.0,
                    candidate.score.to_bits(),
                )
            })
            .collect()
    }))
}

/// Everything that a reader can see, except times.
pub(crate) async fn contents(index: &dyn Index) -> String {
    let all = Scope::everything();
    let reader = index.reader().await.unwrap();
    let mut text = String::new();
    for summary in reader.documents(&all).await.expect("documents") {
        let name = &summary.meta.source;
        let chunks = reader
            .document_chunks(name, 0..u32::MAX, &all)
            .await
            .expect("passages");

        let document = reader
            .document(name, &all)
            .await
            .expect("an answer")
            .expect("a listed document");

        assert_eq!(document.chunks as usize, chunks.len(), "{name}");
        for page in &document.pages {
            let page = reader
                .page(name, PageNumber(page.number.0), &all)
                .await
                .expect("an answer")
                .expect("a page");
            text.push_str(&format!("{page:?}\n"));
        }

        text.push_str(&format!("{name} {} {chunks:?}\n", document.hash));
    }

    for words in ["canine", "feline alpha", "beta gamma"] {
        text.push_str(&format!(
            "{:?}\n",
            lists(index, words).await.expect("lists")
        ));
    }

    text
}
