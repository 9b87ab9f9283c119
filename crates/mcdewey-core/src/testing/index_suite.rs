//! The required behaviour of every [`Index`], as tests that each backend runs.
//!
//! A backend calls [`index_suite!`](crate::index_suite) with the name of an async function. That
//! function returns an empty index for the model of [`embedder`] and a guard that keeps it alive
//! (such as a temporary directory), or `None` after reporting why the backend cannot run here. Each
//! behaviour becomes one test. The texts contain no stop words and no words that a stemmer changes.

mod candidates;
mod combined;
mod commits;
mod concurrency;
mod documents;
mod roots;
mod scopes;
mod snapshots;
mod words_first;

use std::sync::Arc;

pub use candidates::*;
pub use combined::*;
pub use commits::*;
pub use concurrency::*;
pub use documents::*;
pub use roots::*;
pub use scopes::*;
pub use snapshots::*;
pub use words_first::*;

use crate::testing::{FakeEmbed, SampleDocument};
use crate::{
    Candidate, CandidateQuery, DocumentRevision, Index, IndexReader, IndexState, Scope, SourcePath,
    WeightedText,
};

/// The words that the suite's vectors count.
const VOCABULARY: [&str; 6] = ["canine", "feline", "barge", "alpha", "beta", "gamma"];

/// The expectation for every read and write that should succeed.
const SUCCEEDS: &str = "the index operation succeeds";

/// Returns the embedder of all documents and questions of the suite.
pub fn embedder() -> FakeEmbed {
    FakeEmbed::new(&VOCABULARY)
}

/// Generates one `#[tokio::test]` for each behaviour of the suite.
///
/// `$make` is an async function without arguments that returns an `Arc<dyn Index>` and a guard that
/// keeps it alive, or `None` to skip the test.
#[macro_export]
macro_rules! index_suite {
    ($make:path) => {
        $crate::index_suite!(@each $make:
            a_committed_document_is_visible,
            a_commit_replaces_the_previous_revision,
            committing_the_same_revision_twice_keeps_one_copy,
            a_removed_document_is_no_longer_found,
            removing_unknown_documents_changes_nothing,
            only_changes_increase_the_revision,
            documents_with_the_same_chunk_ids_are_rejected,
            a_source_belongs_to_one_root,
            concurrent_commits_all_succeed,
            concurrent_readers_see_a_consistent_revision,
            a_reader_keeps_its_revision_while_a_document_is_replaced,
            a_reader_keeps_its_revision_while_documents_are_removed,
            a_reader_keeps_its_revision_while_a_document_returns_to_it,
            readers_of_different_revisions_do_not_affect_each_other,
            the_manifest_lists_the_documents_of_a_root,
            file_stamps_apply_to_one_revision,
            vectors_are_cached_by_embedding_key,
            descriptions_of_all_roots_are_merged,
            a_document_without_chunks_is_kept,
            unusual_names_and_texts_round_trip,
            long_texts_round_trip,
            attachments_round_trip,
            chunks_are_read_by_ordinal_page_and_handle,
            chunks_are_returned_in_the_requested_order,
            words_are_looked_up_as_a_search_for_each_would,
            neighbours_and_pages_are_read_at_once,
            documents_are_ordered_by_source,
            every_read_applies_the_filter,
            every_read_applies_the_visibility,
            version_filters_exclude_other_versions,
            filters_do_not_shorten_the_lists,
            the_dense_list_is_ordered_by_cosine_similarity,
            rare_and_repeated_words_score_higher,
            ties_are_ordered_by_chunk_id_before_truncation,
            exact_search_finds_the_same_chunks,
            lists_that_are_not_requested_are_none,
            a_repeated_word_counts_once_with_its_highest_weight,
            no_score_exceeds_the_keyword_ceiling,
            the_context_is_searched,
            scores_do_not_depend_on_removed_documents,
            a_document_without_vectors_is_found_by_its_words,
            a_document_gets_its_vectors_as_a_whole,
            equal_passages_are_embedded_once,
            the_epoch_before_the_current_one_stays_readable,
            the_coverage_is_that_of_the_scope,
            the_backlog_counts_what_was_asked,
            replacing_or_removing_a_document_without_vectors_leaves_no_backlog,
            a_document_with_some_of_its_vectors_is_rejected,
        );
    };
    (@each $make:path: $($behaviour:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let Some((index, _guard)) = $make().await else { return };
                $crate::testing::index_suite::$behaviour(index).await;
            }
        )+
    };
}

async fn commit(index: &Arc<dyn Index>, document: &SampleDocument) -> DocumentRevision {
    let revision = document.build(&embedder());
    index.commit(revision.clone()).await.expect(SUCCEEDS);
    revision
}

async fn reader(index: &Arc<dyn Index>) -> Arc<dyn IndexReader> {
    index.reader().await.expect(SUCCEEDS)
}

async fn state(index: &Arc<dyn Index>) -> IndexState {
    index.state().await.expect(SUCCEEDS)
}

fn source(text: &str) -> SourcePath {
    text.parse().expect("a valid source")
}

/// Returns a query that requests both lists.
fn question(text: &str, depth: usize) -> CandidateQuery {
    CandidateQuery {
        dense: Some(embedder().vector(text)),
        keyword: weighted(&[(text, 1.0)]),
        depth,
        ..CandidateQuery::default()
    }
}

fn weighted(texts: &[(&str, f32)]) -> Vec<WeightedText> {
    texts
        .iter()
        .map(|(text, weight)| WeightedText {
            text: (*text).to_owned(),
            weight: *weight,
        })
        .collect()
}

async fn dense(index: &Arc<dyn Index>, query: &CandidateQuery, scope: &Scope) -> Vec<Candidate> {
    reader(index)
        .await
        .candidates(query, scope)
        .await
        .expect(SUCCEEDS)
        .dense
        .expect("a dense list")
}

async fn keyword(index: &Arc<dyn Index>, query: &CandidateQuery, scope: &Scope) -> Vec<Candidate> {
    reader(index)
        .await
        .candidates(query, scope)
        .await
        .expect(SUCCEEDS)
        .keyword
        .expect("a keyword list")
}

fn ids(candidates: &[Candidate]) -> Vec<&str> {
    candidates
        .iter()
        .map(|candidate| candidate.chunk_id.as_str())
        .collect()
}
