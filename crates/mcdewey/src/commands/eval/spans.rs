//! Sets of whole texts and the stretches of them that answer: how much of an answer the first hits hold, and how much
//! else.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use mcdewey_core::{Chunk, ChunkId, LibraryDescription, Scope, Span};
use mcdewey_eval::{Ranked, Row, SpanSet};
use mcdewey_query::SearchAnswer;

use super::Plan;
use super::corpus::TestLibrary;
use super::trial::{READ, Trial};
use crate::settings::Settings;

pub(super) async fn measure(settings: &Settings, plan: &Plan, table: &Path) -> Result<Vec<Row>> {
    let set = SpanSet::read(table)?;
    set.notices
        .iter()
        .for_each(|notice| eprintln!("{}: {notice}", set.name));

    let documents = set
        .texts
        .iter()
        .map(|(id, text)| (id.as_str(), text.clone()));
    let library = TestLibrary::build(settings, plan, &set.name, documents).await?;
    let pages = &Pages::find(&set, &library).await?;
    let description = LibraryDescription::default();
    let trial = Trial::new(&set.name, &library.engine, plan);
    let read = |answer| async move { pages.place(answer).await.map_err(|error| error.to_string()) };

    trial.measure(&set.questions, &description, read).await
}

/// Where the pages of the library stand in the whole texts.
struct Pages<'a> {
    library: &'a TestLibrary,
    /// For each source and page: the character of the whole text it begins with, and its text.
    pages: HashMap<(String, u32), (usize, String)>,
}

impl<'a> Pages<'a> {
    async fn find(set: &SpanSet, library: &'a TestLibrary) -> Result<Self> {
        let (index, scope) = (&library.engine.index, Scope::default());
        let mut pages = HashMap::new();
        for document in index.documents(&scope).await? {
            let source = &document.meta.source;
            let id = library.id(source.as_str());
            let Some(document) = index.document(source, &scope).await? else {
                continue;
            };

            // What is behind the pages found so far, and the character it begins with.
            let (mut rest, mut offset) = (set.texts.get(&id).map_or("", String::as_str), 0);
            for page in &document.pages {
                let Some(page) = index.page(source, page.number, &scope).await? else {
                    continue;
                };

                let Some(start) = rest.find(&page.text) else {
                    eprintln!(
                        "{}: {id} does not hold the words of {}; its hits count as nothing",
                        set.name,
                        page.page.title()
                    );
                    continue;
                };

                offset += rest[..start].chars().count();
                rest = &rest[start + page.text.len()..];
                let length = page.text.chars().count();

                pages.insert(
                    (source.to_string(), page.page.number.0),
                    (offset, page.text),
                );
                offset += length;
            }
        }

        Ok(Self { library, pages })
    }

    /// The hits that are read, with the characters they hold.
    async fn place(&self, answer: SearchAnswer) -> Result<Vec<Ranked>> {
        let hits = answer.hits.iter().take(READ);
        let ids: Vec<ChunkId> = hits
            .map(|hit| hit.chunk_id.parse())
            .collect::<Result<_, _>>()?;

        let chunks = self
            .library
            .engine
            .index
            .chunks(&ids, &Scope::default())
            .await?;

        let place = |chunk: &Chunk| Ranked {
            ranges: self.ranges(chunk),
            ..Ranked::document(self.library.id(chunk.document.source.as_str()))
        };

        Ok(chunks.iter().map(place).collect())
    }

    fn ranges(&self, chunk: &Chunk) -> Vec<Range<usize>> {
        let range = |span: &Span| {
            let (offset, text) = self
                .pages
                .get(&(chunk.document.source.to_string(), span.page.0))?;
            let characters = |end: u32| {
                text.get(..end as usize)
                    .map(|before| offset + before.chars().count())
            };
            Some(characters(span.start)?..characters(span.end)?)
        };
        chunk.spans.iter().filter_map(range).collect()
    }
}
