//! What every [`Index`] must do, as tests that each backend runs.
//!
//! A backend offers an async function that makes an empty index for the model of [`embedder`] and something that keeps
//! it alive (a temporary directory, say), or nothing where it has said why it cannot run here, and calls
//! [`index_suite!`](crate::index_suite) with its name. Each behaviour becomes one test. Texts hold only words that no
//! stemmer changes and that are no stop words.

mod candidates;
mod commits;
mod documents;
mod scopes;

use std::sync::Arc;

pub use candidates::*;
pub use commits::*;
pub use documents::*;
pub use scopes::*;

use crate::testing::{FakeEmbed, SampleDocument};
use crate::{Candidate, CandidateQuery, DocumentRevision, Index, Scope, SourcePath, WeightedText};

/// The words the suite's vectors count.
const VOCABULARY: [&str; 6] = ["canine", "feline", "barge", "alpha", "beta", "gamma"];

/// The embedder of all documents and questions of the suite.
pub fn embedder() -> FakeEmbed {
    FakeEmbed::new(&VOCABULARY)
}

/// Makes one `#[tokio::test]` for each behaviour of the suite; `$make` is an async function without arguments that
/// returns an `Arc<dyn Index>` and its keeper, or `None` to skip.
#[macro_export]
macro_rules! index_suite {
    ($make:path) => {
        $crate::index_suite!(@each $make:
            a_committed_document_is_visible,
            a_commit_replaces_the_former_revision,
            the_same_revision_may_be_committed_again,
            a_removed_document_is_gone,
            removing_the_unknown_changes_nothing,
            the_revision_grows_with_changes_only,
            two_documents_never_share_chunk_ids,
            a_source_belongs_to_one_root,
            many_commits_at_once_all_arrive,
            readers_see_one_revision_whole,
            the_manifest_names_the_documents_of_a_root,
            vectors_are_remembered,
            descriptions_of_all_roots_are_merged,
            a_document_without_passages_is_kept,
            odd_names_and_texts_survive,
            long_texts_survive,
            files_are_kept_with_their_document,
            passages_are_read_by_ordinal_page_and_handle,
            chunks_come_in_the_order_asked,
            documents_come_in_the_order_of_their_sources,
            filters_hold_for_every_read,
            visibility_holds_for_every_read,
            version_filters_never_leak,
            filters_do_not_shorten_the_lists,
            the_nearest_passages_come_first,
            rare_and_frequent_words_count,
            ties_are_ordered_by_chunk_id_even_at_the_cut,
            exact_search_finds_the_same,
            lists_are_only_made_when_asked_for,
            weights_of_words_count_once,
            a_ceiling_stands_above_every_score,
            the_context_is_searched_too,
            scores_do_not_depend_on_what_is_gone,
        );
    };
    (@each $make:path: $($behaviour:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let Some((index, _keeper)) = $make().await else { return };
                $crate::testing::index_suite::$behaviour(index).await;
            }
        )+
    };
}

async fn commit(index: &Arc<dyn Index>, document: &SampleDocument) -> DocumentRevision {
    let revision = document.build(&embedder());
    index
        .commit(revision.clone())
        .await
        .expect("the commit succeeds");

    revision
}

fn source(text: &str) -> SourcePath {
    text.parse().expect("a valid source")
}

/// A question to both lists.
fn question(text: &str, depth: usize) -> CandidateQuery {
    CandidateQuery {
        dense: Some(embedder().vector(text)),
        keyword: vec![WeightedText {
            text: text.to_owned(),
            weight: 1.0,
        }],
        depth,
        ..CandidateQuery::default()
    }
}

async fn dense(index: &Arc<dyn Index>, query: &CandidateQuery, scope: &Scope) -> Vec<Candidate> {
    index
        .candidates(query, scope)
        .await
        .expect("candidates")
        .dense
        .expect("a dense list")
}

async fn keyword(index: &Arc<dyn Index>, query: &CandidateQuery, scope: &Scope) -> Vec<Candidate> {
    index
        .candidates(query, scope)
        .await
        .expect("candidates")
        .keyword
        .expect("a keyword list")
}

fn ids(candidates: &[Candidate]) -> Vec<&str> {
    candidates
        .iter()
        .map(|candidate| candidate.chunk_id.as_str())
        .collect()
}
