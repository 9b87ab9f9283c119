//! Compares two versions of a guide: pairs the documents, aligns their paragraphs, list items,
//! table rows and code blocks, and lists the differences word by word. REST, MCP and the web page
//! share this implementation.

mod align;
pub(crate) mod answer;
mod pairs;
#[cfg(test)]
mod tests;
mod units;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use mcdewey_core::{Chunk, DocumentMeta, DocumentSummary, Scope, Visibility};

use self::align::{Alignment, Difference, align};
use self::answer::{
    Change, ChangeKind, CompareAnswer, CompareRequest, ComparedDocument, ComparedPair,
    ComparedText, WordOp,
};
use self::units::{Unit, UnitKind, units};
use crate::app::observe::acquire_search_permit;
use crate::search::cursor;
use crate::{Library, MAX_LIMIT, QueryError, SearchRequest, links};

/// The default number of changes in an answer.
pub(crate) const DEFAULT_CHANGES: usize = 50;
/// The maximum number of changes in an answer.
pub(crate) const MAX_CHANGES: usize = 200;
/// The maximum number of document pairs; a whole product is compared guide by guide.
const MAX_PAIRS: usize = 50;

impl Library {
    /// Compares two versions, or two documents.
    pub async fn compare(
        &self,
        request: &CompareRequest,
        visibility: &Visibility,
    ) -> Result<CompareAnswer, QueryError> {
        let started = Instant::now();
        let limit = request.limit.unwrap_or(DEFAULT_CHANGES);
        if !(1..=MAX_CHANGES).contains(&limit) {
            let message = format!("limit is {limit}; 1 to {MAX_CHANGES} are allowed");
            return Err(QueryError::InvalidRequest(message));
        }

        acquire_search_permit().await?;
        let state = self.index.state().await?;
        let view = self.view(&state, visibility).await?;
        let documents = pairs::pair_documents(request, &view)?;

        let without_paging = CompareRequest {
            cursor: None,
            limit: None,
            ..request.clone()
        };

        let offset = match &request.cursor {
            Some(text) => cursor::decode_for(text, &without_paging, &state)?,
            None => 0,
        };

        let mut notices = Vec::new();
        if documents.pairs.len() > MAX_PAIRS {
            notices.push(format!(
                "only {MAX_PAIRS} of {} pairs of documents were compared; filter by product or \
                 guide",
                documents.pairs.len()
            ));
        }

        let mut answer = CompareAnswer {
            pairs: Vec::new(),
            changes: Vec::new(),
            only_from: documents
                .only_from
                .iter()
                .map(|document| self.compared_document(&document.meta))
                .collect(),
            only_to: documents
                .only_to
                .iter()
                .map(|document| self.compared_document(&document.meta))
                .collect(),
            next_cursor: None,
            notices,
            generation: state.generation.clone(),
            revision: state.revision,
            timings_ms: BTreeMap::new(),
        };

        let scope = Scope {
            visibility: visibility.clone(),
            ..Scope::default()
        };

        for (from, to) in documents.pairs.iter().take(MAX_PAIRS) {
            self.compare_pair(from, to, &scope, &mut answer).await?;
        }

        answer
            .timings_ms
            .insert("align".to_owned(), started.elapsed().as_secs_f64() * 1000.0);

        if !request.q.trim().is_empty() {
            self.keep_relevant(&request.q, visibility, &mut answer)
                .await?;
        }

        let has_more = answer.changes.len() > offset + limit;
        answer.changes = answer
            .changes
            .into_iter()
            .skip(offset)
            .take(limit)
            .collect();

        answer.next_cursor =
            has_more.then(|| cursor::encode_for(&without_paging, &state, offset + limit));
        answer
            .timings_ms
            .insert("total".to_owned(), started.elapsed().as_secs_f64() * 1000.0);
        Ok(answer)
    }

    /// Returns the comparison of a document with its counterpart in the previous version or, for
    /// the first version, in the next one.
    pub(crate) async fn nearest_comparison(
        &self,
        source: &str,
        visibility: &Visibility,
    ) -> Result<Option<CompareRequest>, QueryError> {
        let state = self.index.state().await?;
        let view = self.view(&state, visibility).await?;
        let Some(document) = pairs::find_by_source(source, &view) else {
            return Ok(None);
        };

        Ok(pairs::nearest_counterpart(document, &view).map(|other| {
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

    /// Adds a pair and its changes to the answer.
    async fn compare_pair(
        &self,
        from: &DocumentSummary,
        to: &DocumentSummary,
        scope: &Scope,
        answer: &mut CompareAnswer,
    ) -> Result<(), QueryError> {
        let earlier_chunks = self
            .index
            .document_chunks(&from.meta.source, 0..from.chunks, scope)
            .await?;

        let later_chunks = self
            .index
            .document_chunks(&to.meta.source, 0..to.chunks, scope)
            .await?;

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

        let pair = answer.pairs.len();
        answer.pairs.push(ComparedPair {
            from: self.compared_document(&from.meta),
            to: self.compared_document(&to.meta),
            unchanged,
            moved,
            changed: count(&differences, |one| matches!(one, Difference::Changed(..))),
            added: count(&differences, |one| matches!(one, Difference::Added(_))),
            removed: count(&differences, |one| matches!(one, Difference::Removed(_))),
        });

        for difference in differences {
            answer.changes.push(match difference {
                Difference::Removed(index) => {
                    let unit = &earlier[index];
                    let text = self.compared_text(unit, &from.meta);
                    change(ChangeKind::Removed, pair, unit, Some(text), None)
                }
                Difference::Added(index) => {
                    let unit = &later[index];
                    let text = self.compared_text(unit, &to.meta);
                    change(ChangeKind::Added, pair, unit, None, Some(text))
                }
                Difference::Changed(earlier_index, later_index) => {
                    let (old, new) = (&earlier[earlier_index], &later[later_index]);
                    let change = change(
                        ChangeKind::Changed,
                        pair,
                        new,
                        Some(self.compared_text(old, &from.meta)),
                        Some(self.compared_text(new, &to.meta)),
                    );
                    with_differences(change, old, new)
                }
            });
        }

        Ok(())
    }

    /// Keeps the changes in chunks that a search for the question finds, in the order of its hits.
    async fn keep_relevant(
        &self,
        question: &str,
        visibility: &Visibility,
        answer: &mut CompareAnswer,
    ) -> Result<(), QueryError> {
        let sources: Vec<String> = answer
            .pairs
            .iter()
            .flat_map(|pair| [pair.from.source.clone(), pair.to.source.clone()])
            .collect();

        if sources.is_empty() {
            return Ok(());
        }

        let request = SearchRequest {
            q: question.to_owned(),
            source: sources,
            limit: Some(MAX_LIMIT),
            ..SearchRequest::default()
        };

        let found = self.search(&request, visibility).await?;
        answer.notices.extend(found.notices);

        let mut ranks: HashMap<String, usize> = HashMap::new();
        for (rank, hit) in found.hits.into_iter().enumerate() {
            let others = hit.also_in.into_iter().map(|also| also.chunk_id);
            for id in std::iter::once(hit.chunk_id).chain(others) {
                ranks.entry(id).or_insert(rank);
            }
        }

        let mut kept: Vec<(usize, Change)> = std::mem::take(&mut answer.changes)
            .into_iter()
            .filter_map(|change| Some((best_rank(&change, &ranks)?, change)))
            .collect();
        kept.sort_by_key(|(rank, _)| *rank);
        answer.changes = kept.into_iter().map(|(_, change)| change).collect();
        Ok(())
    }

    fn compared_document(&self, meta: &DocumentMeta) -> ComparedDocument {
        ComparedDocument {
            source: meta.source.to_string(),
            doc_title: meta.title.clone(),
            version: meta.facets.version_label(),
            url: format!(
                "{}{}",
                self.public_url(),
                links::document_path(&meta.source)
            ),
        }
    }

    fn compared_text(&self, unit: &Unit, meta: &DocumentMeta) -> ComparedText {
        let section = unit
            .page
            .section
            .as_ref()
            .map(|section| section.slug.clone());

        ComparedText {
            chunk_id: unit.chunk_id.clone(),
            page: section.is_none().then_some(unit.page.number.0),
            page_label: unit.page.label.clone(),
            section,
            text: unit.text.clone(),
            url: format!("{}{}", self.public_url(), links::chunk_path(&unit.chunk_id)),
            page_url: format!(
                "{}{}",
                self.public_url(),
                links::page_path(&meta.source, &unit.page)
            ),
        }
    }
}

fn count(differences: &[Difference], is_counted: fn(&Difference) -> bool) -> usize {
    differences.iter().filter(|one| is_counted(one)).count()
}

/// Returns the best rank of the chunks on both sides of a change.
fn best_rank(change: &Change, ranks: &HashMap<String, usize>) -> Option<usize> {
    [&change.from, &change.to]
        .into_iter()
        .flatten()
        .filter_map(|text| ranks.get(&text.chunk_id))
        .min()
        .copied()
}

/// Returns a change of a unit, with the cells of added and removed table rows.
fn change(
    kind: ChangeKind,
    pair: usize,
    unit: &Unit,
    from: Option<ComparedText>,
    to: Option<ComparedText>,
) -> Change {
    let cells = match (&unit.kind, kind) {
        (UnitKind::Row { columns }, ChangeKind::Added) => {
            words::single_row(&unit.text, WordOp::Added, columns)
        }
        (UnitKind::Row { columns }, ChangeKind::Removed) => {
            words::single_row(&unit.text, WordOp::Removed, columns)
        }
        _ => Vec::new(),
    };

    Change {
        kind,
        pair,
        headings: unit.headings.clone(),
        from,
        to,
        words: Vec::new(),
        cells,
    }
}

/// Adds the differences of a changed unit: cell by cell if both versions are table rows with the
/// same number of cells, else word by word.
fn with_differences(mut change: Change, old: &Unit, new: &Unit) -> Change {
    if let UnitKind::Row { columns } = &new.kind {
        change.cells = words::compare_rows(&old.text, &new.text, columns).unwrap_or_default();
    }

    if change.cells.is_empty() {
        change.words = words::compare_words(&old.text, &new.text);
    }

    change
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
