//! Measures sets of whole texts and answer spans: how much of an answer the first hits contain, and
//! how much other text.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use mcdewey_core::{Chunk, LibraryDescription, Scope, Span};
use mcdewey_search::SearchResults;

use super::Measure;
use super::evaluation::{Evaluation, HITS_READ};
use crate::libraries::{TestDocument, TestLibrary};
use crate::{RankedHit, ReportRow, SpanSet};

pub(super) async fn measure(measure: &Measure<'_>, table: &Path) -> Result<Vec<ReportRow>> {
    let set = SpanSet::read(table)?;
    measure.notify_all(&set.name, &set.notices);

    let documents = set
        .texts
        .iter()
        .map(|(id, text)| TestDocument {
            id: id.clone(),
            markdown: text.clone(),
        })
        .collect();

    let test = measure.libraries.test_library(&set.name, documents).await?;
    let locator = &SpanLocator::new(measure, &set, &test).await?;

    Evaluation::new(&set.name, test.library.as_ref(), measure)
        .measure(
            &set.questions,
            &LibraryDescription::default(),
            |results| async move { Ok(locator.locate(&results)) },
        )
        .await
}

/// Maps chunks to character ranges of the whole texts.
struct SpanLocator<'a> {
    test: &'a TestLibrary,
    /// The pages of the library, by source and page number.
    pages: HashMap<(String, u32), LocatedPage>,
}

struct LocatedPage {
    /// The position of the page in the whole text, in characters.
    offset: usize,
    text: String,
}

impl<'a> SpanLocator<'a> {
    /// Finds every page of the library in its whole text. Pages follow each other there, so each is
    /// searched for after the end of the previous one.
    async fn new(measure: &Measure<'_>, set: &SpanSet, test: &'a TestLibrary) -> Result<Self> {
        let (reader, scope) = (test.library.index().reader().await?, Scope::default());
        let mut pages = HashMap::new();
        for summary in reader.documents(&scope).await? {
            let source = &summary.meta.source;
            let Some(document) = reader.document(source, &scope).await? else {
                continue;
            };

            let id = test.id(source.as_str());
            let mut rest = set.texts.get(&id).map_or("", String::as_str);
            let mut offset = 0;
            for page in &document.pages {
                let Some(page) = reader.page(source, page.number, &scope).await? else {
                    continue;
                };

                let Some(start) = rest.find(&page.text) else {
                    (measure.notify)(&format!(
                        "{}: {id} does not contain the text of {}; hits there have no spans",
                        set.name,
                        page.page.title()
                    ));
                    continue;
                };

                offset += rest[..start].chars().count();
                rest = &rest[start + page.text.len()..];
                let length = page.text.chars().count();

                let located = LocatedPage {
                    offset,
                    text: page.text,
                };
                pages.insert((source.to_string(), page.page.number.0), located);
                offset += length;
            }
        }

        Ok(Self { test, pages })
    }

    /// Returns the hits that an agent reads, with the characters they cover.
    fn locate(&self, results: &SearchResults) -> Vec<RankedHit> {
        results
            .hits
            .iter()
            .take(HITS_READ)
            .map(|hit| self.to_hit(&hit.chunk))
            .collect()
    }

    fn to_hit(&self, chunk: &Chunk) -> RankedHit {
        let source = chunk.document.source.as_str();
        RankedHit {
            ranges: chunk
                .spans
                .iter()
                .filter_map(|span| self.character_range(source, span))
                .collect(),
            ..RankedHit::document(self.test.id(source))
        }
    }

    /// Converts a span, in bytes of its page, into a range in characters of the whole text; `None`
    /// if the page was not found there.
    fn character_range(&self, source: &str, span: &Span) -> Option<Range<usize>> {
        let page = self.pages.get(&(source.to_owned(), span.page.0))?;
        Some(page.character_offset(span.start)?..page.character_offset(span.end)?)
    }
}

impl LocatedPage {
    fn character_offset(&self, byte: u32) -> Option<usize> {
        let before = self.text.get(..byte as usize)?;
        Some(self.offset + before.chars().count())
    }
}
