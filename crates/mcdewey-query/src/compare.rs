//! What changed between two releases of a guide: documents are paired, their paragraphs, list items and table rows
//! aligned, and what differs is told word by word. One implementation behind REST, MCP and the web page.

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

use self::align::{Alignment, Step, align};
use self::answer::{
    Change, ChangeKind, CompareAnswer, CompareRequest, ComparedDocument, ComparedPair,
    ComparedText, WordOp,
};
use self::units::{Unit, UnitKind, units};
use crate::app::observe::take_place;
use crate::search::cursor;
use crate::{Library, MAX_LIMIT, QueryError, SearchRequest, links};

/// Changes of one answer when nothing is said.
pub(crate) const DEFAULT_CHANGES: usize = 50;
/// Most changes of one answer.
pub(crate) const MAX_CHANGES: usize = 200;
/// Most documents of one side; a whole product is compared guide by guide.
const MAX_PAIRS: usize = 50;

impl Library {
    /// What changed between two releases, or between two documents.
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

        take_place().await?;
        let state = self.index.state().await?;
        let view = self.view(&state, visibility).await?;
        let sides = pairs::sides(request, &view)?;

        let asked = CompareRequest {
            cursor: None,
            limit: None,
            ..request.clone()
        };

        let offset = request
            .cursor
            .as_deref()
            .map_or(Ok(0), |text| cursor::opened(text, &asked, &state))?;
        let mut notices = Vec::new();
        if sides.pairs.len() > MAX_PAIRS {
            notices.push(format!(
                "{MAX_PAIRS} of {} pairs of documents were compared; narrow with product or guide",
                sides.pairs.len()
            ));
        }

        let mut answer = CompareAnswer {
            pairs: Vec::new(),
            changes: Vec::new(),
            only_from: sides
                .only_from
                .iter()
                .map(|document| self.compared(&document.meta))
                .collect(),
            only_to: sides
                .only_to
                .iter()
                .map(|document| self.compared(&document.meta))
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

        for (from, to) in sides.pairs.iter().take(MAX_PAIRS) {
            self.compare_pair(from, to, &scope, &mut answer).await?;
        }

        answer
            .timings_ms
            .insert("align".to_owned(), started.elapsed().as_secs_f64() * 1000.0);

        if !request.q.trim().is_empty() {
            self.keep_about(&request.q, visibility, &mut answer).await?;
        }

        let more = answer.changes.len() > offset + limit;
        answer.changes = answer
            .changes
            .into_iter()
            .skip(offset)
            .take(limit)
            .collect();

        answer.next_cursor = more.then(|| cursor::sealed(&asked, &state, offset + limit));
        answer
            .timings_ms
            .insert("total".to_owned(), started.elapsed().as_secs_f64() * 1000.0);
        Ok(answer)
    }

    /// The comparison of a document with its counterpart in the release before, or, of the first release, in the one
    /// after it.
    pub(crate) async fn nearest_step(
        &self,
        source: &str,
        visibility: &Visibility,
    ) -> Result<Option<CompareRequest>, QueryError> {
        let state = self.index.state().await?;
        let view = self.view(&state, visibility).await?;
        let Some(own) = pairs::by_source(source, &view) else {
            return Ok(None);
        };

        let release = |one: &DocumentSummary| {
            one.meta
                .facets
                .versions
                .iter()
                .map(|version| version.key.clone())
                .max()
        };

        Ok(pairs::nearest(own, &view).map(|other| {
            let (from, to) = if release(other) < release(own) {
                (other, own)
            } else {
                (own, other)
            };

            let source = |one: &DocumentSummary| one.meta.source.to_string();
            CompareRequest {
                from: source(from),
                to: source(to),
                ..CompareRequest::default()
            }
        }))
    }

    /// Adds a pair and its changes.
    async fn compare_pair(
        &self,
        from: &DocumentSummary,
        to: &DocumentSummary,
        scope: &Scope,
        answer: &mut CompareAnswer,
    ) -> Result<(), QueryError> {
        let earlier = self
            .index
            .passages(&from.meta.source, 0..from.chunks, scope)
            .await?;

        let later = self
            .index
            .passages(&to.meta.source, 0..to.chunks, scope)
            .await?;
        let metas = (Arc::clone(&from.meta), Arc::clone(&to.meta));
        let work = move || {
            let (from, to) = (read(&earlier, &metas.0), read(&later, &metas.1));
            let alignment = align(&from, &to);
            (from, to, alignment)
        };

        let broken = |error: tokio::task::JoinError| QueryError::Internal(error.to_string());
        let (earlier, later, alignment) =
            tokio::task::spawn_blocking(work).await.map_err(broken)?;
        let Alignment {
            unchanged,
            moved,
            steps,
        } = alignment;

        let place = answer.pairs.len();
        let of = |wanted: fn(&Step) -> bool| steps.iter().filter(|step| wanted(step)).count();
        answer.pairs.push(ComparedPair {
            from: self.compared(&from.meta),
            to: self.compared(&to.meta),
            unchanged,
            moved,
            changed: of(|step| matches!(step, Step::Changed(..))),
            added: of(|step| matches!(step, Step::Added(_))),
            removed: of(|step| matches!(step, Step::Removed(_))),
        });

        let told = |unit: &Unit, meta: &DocumentMeta| self.told(unit, meta);
        answer.changes.extend(steps.iter().map(|step| match step {
            Step::Removed(at) => one(
                ChangeKind::Removed,
                place,
                &earlier[*at],
                Some(told(&earlier[*at], &from.meta)),
                None,
            ),
            Step::Added(at) => one(
                ChangeKind::Added,
                place,
                &later[*at],
                None,
                Some(told(&later[*at], &to.meta)),
            ),
            Step::Changed(was, is) => {
                let (was, is) = (&earlier[*was], &later[*is]);
                let mut change = one(
                    ChangeKind::Changed,
                    place,
                    is,
                    Some(told(was, &from.meta)),
                    Some(told(is, &to.meta)),
                );

                match &is.kind {
                    UnitKind::Row { columns } => {
                        change.cells = words::row(&was.text, &is.text, columns).unwrap_or_default();
                    }
                    _ => change.words = words::words(&was.text, &is.text),
                }

                if change.cells.is_empty() && change.words.is_empty() {
                    change.words = words::words(&was.text, &is.text);
                }

                change
            }
        }));

        Ok(())
    }

    /// Keeps the changes in passages that a search for the question finds, in its order.
    async fn keep_about(
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

        let mut rank: HashMap<String, usize> = HashMap::new();
        for (place, hit) in found.hits.into_iter().enumerate() {
            for id in std::iter::once(hit.chunk_id)
                .chain(hit.also_in.into_iter().map(|also| also.chunk_id))
            {
                rank.entry(id).or_insert(place);
            }
        }

        let of = |change: &Change| {
            [&change.from, &change.to]
                .into_iter()
                .flatten()
                .filter_map(|text| rank.get(&text.chunk_id))
                .min()
                .copied()
        };

        let mut kept: Vec<(usize, Change)> = std::mem::take(&mut answer.changes)
            .into_iter()
            .filter_map(|change| Some((of(&change)?, change)))
            .collect();
        kept.sort_by_key(|(place, _)| *place);
        answer.changes = kept.into_iter().map(|(_, change)| change).collect();
        Ok(())
    }

    fn compared(&self, meta: &DocumentMeta) -> ComparedDocument {
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

    fn told(&self, unit: &Unit, meta: &DocumentMeta) -> ComparedText {
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

fn one(
    kind: ChangeKind,
    pair: usize,
    unit: &Unit,
    from: Option<ComparedText>,
    to: Option<ComparedText>,
) -> Change {
    let cells = match (&unit.kind, kind) {
        (UnitKind::Row { columns }, ChangeKind::Added) => {
            words::lone_row(&unit.text, WordOp::Added, columns)
        }
        (UnitKind::Row { columns }, ChangeKind::Removed) => {
            words::lone_row(&unit.text, WordOp::Removed, columns)
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

/// A document's pieces; its own release, however it is written, makes no difference.
fn read(chunks: &[Chunk], meta: &DocumentMeta) -> Vec<Unit> {
    let mut releases: Vec<String> = Vec::new();
    for version in &meta.facets.versions {
        let label = version.label.trim_start_matches(['v', 'V']).to_owned();
        releases.extend([label, version.key.to_string()]);
    }

    // A single digit stands in too many other places.
    releases.retain(|release| release.len() > 1);
    releases.sort_by_key(|release| std::cmp::Reverse(release.len()));
    units(chunks, &releases)
}
