//! What a call costs: it searches once, however many hits fit, and counts tokens away from the async
//! workers.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use async_trait::async_trait;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, EmbedError, Index, ModelInfo, QuestionEmbedding};
use serde_json::{Value, json};

use crate::ServedLibrary;
use crate::mcp::testing::{call_on, structured};
use crate::mcp::tools::DocTool::{self, CompareVersions, ListLibrary, ReadDoc, SearchDocs};

const SOURCE: &str = "gateway/1.0/admin/guide.md";

/// A model that counts questions, and refuses to count tokens on one thread.
struct WatchedModel {
    inner: FakeEmbed,
    questions: AtomicUsize,
    async_worker: ThreadId,
}

#[async_trait]
impl Embed for WatchedModel {
    fn model(&self) -> &ModelInfo {
        self.inner.model()
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        self.inner.embed_question(text).await
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.inner.embed_chunks(texts).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        assert_ne!(thread::current().id(), self.async_worker, "{text}");
        self.inner.token_ranges(text)
    }
}

/// Two versions of a guide that differ everywhere and a document of a vendor, and their model. Async work is expected on the
/// thread of the caller.
async fn watched() -> (ServedLibrary, Arc<WatchedModel>) {
    let inner = FakeEmbed::new(&["barge"]);
    let index = MemoryIndex::new();
    let mut documents = vec![
        SampleDocument::new("other/guide.md")
            .vendor("Other")
            .page(1, &["Another barge."]),
    ];

    for (version, word) in [("1.0", "old"), ("2.0", "new")] {
        let chunks: Vec<String> = (0..20)
            .map(|number| format!("Barge works in the {word} way at place {number}."))
            .collect();

        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        let document = SampleDocument::new(&format!("gateway/{version}/admin/guide.md"))
            .product("gateway")
            .version(version)
            .guide("admin")
            .title("Gateway Guide");
        documents.push(document.page(7, &chunks));
    }

    for document in documents {
        index
            .commit(document.build(&inner))
            .await
            .expect("the index in memory accepts every document");
    }

    let model = Arc::new(WatchedModel {
        inner,
        questions: AtomicUsize::new(0),
        async_worker: thread::current().id(),
    });

    let embed: Arc<dyn Embed> = Arc::<WatchedModel>::clone(&model);
    let library = mcdewey_search::Library::new(Arc::new(index), embed);
    (ServedLibrary::new(library, "http://x"), model)
}

/// Calls a tool; returns its structured content, and how many questions it asked the model.
async fn watched_call(tool: DocTool, arguments: Value) -> (Value, usize) {
    let (library, model) = watched().await;
    let result = call_on(library, tool, arguments).await;
    (
        structured(&result).clone(),
        model.questions.load(Ordering::Relaxed),
    )
}

#[tokio::test]
async fn a_call_whose_hits_do_not_fit_searches_once() {
    let arguments = json!({"query": "barge", "limit": 20, "token_budget": 700});
    let (answer, questions) = watched_call(SearchDocs, arguments).await;
    assert!(
        answer["hits"].as_array().unwrap().len() < 20 && answer["next_cursor"].is_string(),
        "{answer:#}"
    );
    assert_eq!(questions, 1);
}

#[tokio::test]
async fn a_call_without_hits_searches_once_more_without_its_filters() {
    let arguments = json!({"query": "barge", "vendor": "Other", "product": "gateway"});
    let (answer, questions) = watched_call(SearchDocs, arguments).await;
    assert_eq!(answer["hits"], json!([]));
    assert_eq!(questions, 2);
}

#[tokio::test]
async fn a_comparison_whose_changes_do_not_fit_asks_its_question_once() {
    let arguments = json!({"from": "1.0", "to": "2.0", "query": "barge", "token_budget": 700});
    let (answer, questions) = watched_call(CompareVersions, arguments).await;
    assert!(answer["next_cursor"].is_string(), "{answer:#}");
    assert_eq!(questions, 1);
}

#[tokio::test]
async fn tokens_are_not_counted_on_an_async_worker() {
    let calls = [
        (SearchDocs, json!({"query": "barge", "token_budget": 700})),
        (CompareVersions, json!({"from": "1.0", "to": "2.0"})),
        (ReadDoc, json!({"source": SOURCE})),
        (ReadDoc, json!({"source": SOURCE, "page": "7"})),
        (ReadDoc, json!({"id": "gateway::1.0::admin::guide::3"})),
        (ListLibrary, json!({})),
    ];

    // A count on this thread would panic, and the call return an error.
    for (tool, arguments) in calls {
        watched_call(tool, arguments).await;
    }
}
