//! Measures sets of whole texts and answer spans: how much of an answer the first hits contain, and
//! how much other text.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use mcdewey_core::{Chunk, ChunkId, LibraryDescription, Scope, Span};
use mcdewey_eval::{RankedHit, ReportRow, SpanSet};
use mcdewey_query::SearchAnswer;

use super::EvalOptions;
use super::evaluation::{Evaluation, HITS_READ};
use super::test_library::TestLibrary;
use crate::settings::Settings;

pub(super) async fn measure(
    settings: &Settings,
    options: &EvalOptions,
    table: &Path,
) -> Result<Vec<ReportRow>> {
    let set = SpanSet::read(table)?;
    for notice in &set.notices {
        eprintln!("{}: {notice}", set.name);
    }

    let documents = set
        .texts
        .iter()
        .map(|(id, text)| (id.as_str(), text.clone()));
    let library = TestLibrary::build(settings, options, &set.name, documents).await?;
    let locator = &SpanLocator::new(&set, &library).await?;

    Evaluation::new(&set.name, &library.engine, options)
        .measure(
            &set.questions,
            &LibraryDescription::default(),
            |answer| async move {
                locator
                    .locate(answer)
                    .await
                    .map_err(|error| error.to_string())
            },
        )
        .await
}

/// Maps chunks to character ranges of the whole texts.
struct SpanLocator<'a> {
    library: &'a TestLibrary,
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
    async fn new(set: &SpanSet, library: &'a TestLibrary) -> Result<Self> {
        let (index, scope) = (&library.engine.index, Scope::default());
        let mut pages = HashMap::new();
        for summary in index.documents(&scope).await? {
            let source = &summary.meta.source;
            let Some(document) = index.document(source, &scope).await? else {
                continue;
            };

            let id = library.id(source.as_str());
            let mut rest = set.texts.get(&id).map_or("", String::as_str);
            let mut offset = 0;
            for page in &document.pages {
                let Some(page) = index.page(source, page.number, &scope).await? else {
                    continue;
                };

                let Some(start) = rest.find(&page.text) else {
                    eprintln!(
                        "{}: {id} does not contain the text of {}; hits there have no spans",
                        set.name,
                        page.page.title()
                    );
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

        Ok(Self { library, pages })
    }

    /// Returns the hits that an agent reads, with the characters they cover.
    async fn locate(&self, answer: SearchAnswer) -> Result<Vec<RankedHit>> {
        let ids: Vec<ChunkId> = answer
            .hits
            .iter()
            .take(HITS_READ)
            .map(|hit| hit.chunk_id.parse())
            .collect::<Result<_, _>>()?;

        let chunks = self
            .library
            .engine
            .index
            .chunks(&ids, &Scope::default())
            .await?;

        Ok(chunks.iter().map(|chunk| self.to_hit(chunk)).collect())
    }

    fn to_hit(&self, chunk: &Chunk) -> RankedHit {
        let source = chunk.document.source.as_str();
        RankedHit {
            ranges: chunk
                .spans
                .iter()
                .filter_map(|span| self.character_range(source, span))
                .collect(),
            ..RankedHit::document(self.library.id(source))
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
