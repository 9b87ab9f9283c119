//! Compares two versions of a guide: pairs the documents, aligns their paragraphs, list items,
//! table rows and code blocks, and lists the differences word by word.

mod align;
mod change;
mod comparison;
mod pairs;
mod request;
#[cfg(test)]
mod tests;
mod units;
mod words;

use std::sync::Arc;
use std::time::Instant;

use mcdewey_core::{Chunk, DocumentMeta, DocumentSummary};

use self::align::{Alignment, Difference, align};
pub use self::change::{Change, ChangeKind, ComparedText};
pub use self::comparison::{ComparedPair, Comparison};
use self::pairs::PairedDocuments;
pub use self::request::{CompareRequest, DEFAULT_CHANGES, MAX_CHANGES};
use self::units::{Unit, units};
pub use self::words::{CellChange, WordOp, WordRun};
use crate::results::continuation::Cursors;
use crate::results::timings::Timings;
use crate::{LibrarySnapshot, QueryError};

/// The maximum number of document pairs; a whole product is compared guide by guide.
const MAX_PAIRS: usize = 50;

impl LibrarySnapshot<'_> {
    /// Compares two versions, or two documents. If the request has a question, the caller runs
    /// [`Comparison::relevance_request`] and passes the results to [`Comparison::keep_relevant`].
    pub async fn compare(&self, request: &CompareRequest) -> Result<Comparison, QueryError> {
        let started = Instant::now();
        let page_size = request.page_size()?;
        let documents = pairs::pair_documents(request, self.view().await?)?;

        let cursors = Cursors::new(&request.without_paging(), self.state());
        let offset = match &request.cursor {
            Some(cursor) => cursors.offset(cursor)?,
            None => 0,
        };

        let mut comparison = Comparison {
            pairs: Vec::new(),
            changes: Vec::new(),
            only_from: metadata(&documents.only_from),
            only_to: metadata(&documents.only_to),
            notices: Vec::from_iter(omitted_pairs_notice(&documents)),
            state: self.state().clone(),
            offset,
            page_size,
            question: request.q.clone(),
            cursors,
            started,
            timings: Timings::default(),
        };

        for (from, to) in documents.pairs.iter().take(MAX_PAIRS) {
            self.compare_pair(from, to, &mut comparison).await?;
        }

        comparison.timings.set("align", started.elapsed());
        Ok(comparison)
    }

    /// Returns the comparison of a document with its counterpart in the previous version or, for
    /// the first version, in the next one.
    pub async fn nearest_comparison(
        &self,
        source: &str,
    ) -> Result<Option<CompareRequest>, QueryError> {
        let view = self.view().await?;
        let Some(document) = pairs::find_by_source(source, view) else {
            return Ok(None);
        };

        Ok(pairs::nearest_counterpart(document, view).map(|other| {
            let (from, to) = if pairs::latest_version(other) < pairs::latest_version(document) {
                (other, document)
            } else {
                (document, other)
            };

            CompareRequest {
                from: from.meta.source.to_string(),
                to: to.meta.source.to_string(),
                ..CompareRequest::default()
            }
        }))
    }

    /// Adds a pair and its changes to the comparison.
    async fn compare_pair(
        &self,
        from: &DocumentSummary,
        to: &DocumentSummary,
        comparison: &mut Comparison,
    ) -> Result<(), QueryError> {
        let earlier_chunks = self.all_chunks(from).await?;
        let later_chunks = self.all_chunks(to).await?;

        let (from_meta, to_meta) = (Arc::clone(&from.meta), Arc::clone(&to.meta));
        let (earlier, later, alignment) = tokio::task::spawn_blocking(move || {
            let earlier = document_units(&earlier_chunks, &from_meta);
            let later = document_units(&later_chunks, &to_meta);
            let alignment = align(&earlier, &later);
            (earlier, later, alignment)
        })
        .await
        .map_err(|error| QueryError::Internal(error.to_string()))?;

        let Alignment {
            unchanged,
            moved,
            differences,
        } = alignment;

        let pair = comparison.pairs.len();
        comparison.pairs.push(ComparedPair {
            from: Arc::clone(&from.meta),
            to: Arc::clone(&to.meta),
            unchanged,
            moved,
            changed: count(&differences, |one| matches!(one, Difference::Changed(..))),
            added: count(&differences, |one| matches!(one, Difference::Added(_))),
            removed: count(&differences, |one| matches!(one, Difference::Removed(_))),
        });

        comparison.changes.extend(
            differences
                .into_iter()
                .map(|difference| Change::new(pair, difference, &earlier, &later)),
        );

        Ok(())
    }

    async fn all_chunks(&self, document: &DocumentSummary) -> Result<Vec<Chunk>, QueryError> {
        Ok(self
            .reader()
            .document_chunks(&document.meta.source, 0..document.chunks, &self.scope())
            .await?)
    }
}

fn metadata(documents: &[&DocumentSummary]) -> Vec<Arc<DocumentMeta>> {
    documents
        .iter()
        .map(|document| Arc::clone(&document.meta))
        .collect()
}

fn omitted_pairs_notice(documents: &PairedDocuments<'_>) -> Option<String> {
    let count = documents.pairs.len();
    (count > MAX_PAIRS).then(|| {
        format!(
            "only {MAX_PAIRS} of {count} pairs of documents were compared; filter by product or \
             guide"
        )
    })
}

fn count(differences: &[Difference], is_counted: fn(&Difference) -> bool) -> usize {
    differences.iter().filter(|one| is_counted(one)).count()
}

/// Splits a document into units whose keys ignore the document's own version, however it is
/// written.
fn document_units(chunks: &[Chunk], meta: &DocumentMeta) -> Vec<Unit> {
    let mut versions: Vec<String> = Vec::new();
    for version in &meta.facets.versions {
        let label = version.label.trim_start_matches(['v', 'V']).to_owned();
        versions.extend([label, version.key.to_string()]);
    }

    // A single digit occurs in too many other places.
    versions.retain(|version| version.len() > 1);

    // Replace "12.5(1)" before "12.5".
    versions.sort_by_key(|version| std::cmp::Reverse(version.len()));
    units(chunks, &versions)
}
