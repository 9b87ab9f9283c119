//! Cuts pages into passages: sized in the model's tokens, never across a page, and nothing left out but white space,
//! running headers, and stubs.

mod boilerplate;
mod borders;
mod breadcrumb;
mod choose;
mod pieces;
mod prose;
mod room;
mod segments;
mod sizer;

use std::ops::Range;
use std::sync::Arc;

use mcdewey_core::{Chunk, ChunkId, DocumentMeta, Embed, EmbedError, PageRef, Span};

use crate::markdown::{ParsedPage, Structure, Table};
use crate::releases::ReleaseFilter;
use boilerplate::{is_number, without_boilerplate};
use breadcrumb::{ContextWriter, HeadingPath};
use room::Room;
use segments::{Segment, TINY, join_tiny, segments};
use sizer::TokenCount;

/// Names the way passages are cut; part of an index's generation. It changes with every change here that would cut
/// the same page differently.
pub const CHUNKER: &str = "markdown-3;tiny=30;context=40;bytes-per-token=24;whole=code,item,row;table-name;least-cost;stubs;prose=text-splitter-0.33";

/// How many tokens the breadcrumb may take from a passage, in a window large enough.
const MAX_CONTEXT: usize = 40;

/// A passage and how many tokens its dense text has, special ones left out.
#[derive(Debug)]
pub(crate) struct SizedChunk {
    /// The passage.
    pub(crate) chunk: Chunk,
    /// What the model will read.
    pub(crate) dense_text: String,
    /// How long that is.
    pub(crate) tokens: usize,
}

/// Cuts a document's pages. Tokenises, so it may block. A document of nothing but stubs keeps them: they are what it
/// says.
pub(crate) fn split(
    document: &Arc<DocumentMeta>,
    pages: &[ParsedPage],
    embed: &dyn Embed,
) -> Result<Vec<SizedChunk>, EmbedError> {
    let chunks = split_pages(document, pages, embed, Boilerplate::LeftOut)?;
    if chunks.is_empty() {
        split_pages(document, pages, embed, Boilerplate::Kept)
    } else {
        Ok(chunks)
    }
}

/// What becomes of stubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boilerplate {
    LeftOut,
    Kept,
}

fn split_pages(
    document: &Arc<DocumentMeta>,
    pages: &[ParsedPage],
    embed: &dyn Embed,
    boilerplate: Boilerplate,
) -> Result<Vec<SizedChunk>, EmbedError> {
    let model = embed.model();
    let window = model.window.saturating_sub(model.special_tokens).max(1);
    let filter = ReleaseFilter::new(&document.facets.versions);
    let room = MAX_CONTEXT.min(window / 4);

    let writer = ContextWriter {
        embed,
        filter: &filter,
        room,
    };

    let path = HeadingPath::default();
    let mut splitter = Splitter {
        document,
        embed,
        writer,
        window,
        boilerplate,
        path,
        chunks: Vec::new(),
    };

    for page in pages {
        splitter.page(page)?;
    }

    Ok(splitter.chunks)
}

struct Splitter<'a> {
    document: &'a Arc<DocumentMeta>,
    embed: &'a dyn Embed,
    writer: ContextWriter<'a>,
    /// Tokens that the model reads of a passage and its context.
    window: usize,
    boilerplate: Boilerplate,
    /// Carried over page borders.
    path: HeadingPath,
    chunks: Vec<SizedChunk>,
}

/// A page while it is cut.
struct OpenPage<'a> {
    page: &'a PageRef,
    text: &'a str,
    structure: &'a Structure,
    count: TokenCount,
}

impl OpenPage<'_> {
    /// The tables in `range`.
    fn tables(&self, range: &Range<usize>) -> impl Iterator<Item = &Table> {
        let touched =
            |table: &&Table| table.range.start < range.end && table.range.end > range.start;
        self.structure.tables.iter().filter(touched)
    }

    /// The table whose header a piece beginning at `start` has lost.
    fn lost_header(&self, start: usize) -> Option<&Table> {
        self.structure
            .tables
            .iter()
            .find(|table| table.repeats().contains(&start))
    }
}

/// Whether nothing in `text` is a letter or a digit: a closing fence, a rule.
fn is_wordless(text: &str) -> bool {
    !text.contains(char::is_alphanumeric)
}

impl Splitter<'_> {
    fn page(&mut self, parsed: &ParsedPage) -> Result<(), EmbedError> {
        let ParsedPage {
            page,
            structure,
            content,
        } = parsed;

        let text = page.text.as_str();
        if self.boilerplate == Boilerplate::LeftOut && is_number(&text[content.clone()]) {
            // Its headings, if any, say no more.
            return Ok(());
        }

        let count = TokenCount::new(text, self.embed)?;
        let open = OpenPage {
            page: &page.page,
            text,
            structure,
            count,
        };

        let mut found = segments(text, content.clone(), &structure.headings, &mut self.path);
        if self.boilerplate == Boilerplate::LeftOut {
            found = without_boilerplate(text, structure, found);
        }

        let capacity = self.window.saturating_sub(self.writer.room).max(1);
        let segments = join_tiny(text, found, &open.count, capacity);

        let mut cut: Vec<(&Segment<'_>, Range<usize>)> = Vec::new();
        for segment in &segments {
            for piece in self.cut(&open, segment)? {
                match cut.last_mut() {
                    // What is left tiny closes the passage before it.
                    Some((_, last)) if joins(&open.count, last, &piece, capacity) => {
                        last.end = piece.end
                    }
                    _ => cut.push((segment, piece)),
                }
            }
        }

        cut.into_iter().try_for_each(|(segment, piece)| {
            let breadcrumb = segment.path.breadcrumb(&self.document.title);
            let first = piece.start == segment.range.start;
            let context = self.writer.context(&breadcrumb, &segment.titles(first))?;
            self.piece(&open, piece, &breadcrumb, &context)
        })
    }

    /// Cuts a segment into pieces that leave room for what will stand beside them.
    fn cut(
        &self,
        page: &OpenPage<'_>,
        segment: &Segment<'_>,
    ) -> Result<Vec<Range<usize>>, EmbedError> {
        let breadcrumb = segment.path.breadcrumb(&self.document.title);
        let room = |within: &[&str]| {
            let context = self.writer.context(&breadcrumb, within)?;
            Ok(self
                .window
                .saturating_sub(self.embed.tokens(&context)?.len())
                .max(1))
        };

        let first = room(&segment.titles(true))?;
        if page.count.of(&segment.range) <= first && page.lost_header(segment.range.start).is_none()
        {
            return Ok(vec![segment.range.clone()]);
        }

        let rest = room(&[])?;
        let headers = self.headers(page, &segment.range, rest)?;
        Ok(pieces::pieces(
            page,
            segment.range.clone(),
            &Room {
                first,
                rest,
                headers,
                whole: 0,
            },
        ))
    }

    /// The rows of the tables in `range`, and what repeating name and header beside them costs where that is affordable.
    fn headers(
        &self,
        page: &OpenPage<'_>,
        range: &Range<usize>,
        room: usize,
    ) -> Result<Vec<(Range<usize>, usize)>, EmbedError> {
        let mut found = Vec::new();
        for table in page.tables(range) {
            for header in self.writer.headers(table) {
                let tokens = self.embed.tokens(&header)?.len();
                if tokens * 4 <= room {
                    found.push((table.repeats(), tokens));
                    break;
                }
            }
        }

        Ok(found)
    }

    /// Makes a passage of a piece, with as much context as the window takes; cuts it again if it is too long alone.
    fn piece(
        &mut self,
        page: &OpenPage<'_>,
        piece: Range<usize>,
        breadcrumb: &[String],
        context: &str,
    ) -> Result<(), EmbedError> {
        let range = trim(page.text, piece);
        if range.is_empty() {
            return Ok(());
        }

        let mut chunk = self.chunk(page, &range, breadcrumb);
        for context in self
            .writer
            .with_header(context, page.lost_header(range.start))
        {
            chunk.context = context;
            let dense_text = chunk.dense_text();

            let tokens = self.embed.tokens(&dense_text)?.len();
            if tokens <= self.window {
                self.chunks.push(SizedChunk {
                    chunk,
                    dense_text,
                    tokens,
                });
                return Ok(());
            }
        }

        match halves(page, &range) {
            Some(parts) => parts
                .into_iter()
                .try_for_each(|part| self.piece(page, part, breadcrumb, context)),
            None => {
                // One character that is more than the window: nothing is left to cut.
                let dense_text = chunk.dense_text();
                self.chunks.push(SizedChunk {
                    chunk,
                    dense_text,
                    tokens: self.window,
                });
                Ok(())
            }
        }
    }

    fn chunk(&self, page: &OpenPage<'_>, range: &Range<usize>, breadcrumb: &[String]) -> Chunk {
        let ordinal = u32::try_from(self.chunks.len()).unwrap_or(u32::MAX);
        let text = page.text[range.clone()].to_owned();
        let (text_hash, passage_hash) = Chunk::hashes(&text);
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);

        Chunk {
            chunk_id: ChunkId::new(&self.document.source, ordinal),
            document: Arc::clone(self.document),
            ordinal,
            page: page.page.clone(),
            headings: breadcrumb.to_vec(),
            context: String::new(),
            spans: vec![Span {
                page: page.page.number,
                start: byte(range.start),
                end: byte(range.end),
            }],
            text,
            text_hash,
            passage_hash,
        }
    }
}

/// Whether a piece is too small to stand alone and has room in the one right before it.
fn joins(count: &TokenCount, before: &Range<usize>, piece: &Range<usize>, capacity: usize) -> bool {
    before.end == piece.start
        && count.of(piece) < TINY
        && count.of(before) + count.of(piece) <= capacity
}

/// A stretch in two parts, or nothing where it is one character.
fn halves(page: &OpenPage<'_>, range: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let size = page.count.of(range);
    for whole in [size, 0] {
        let parts = pieces::pieces(page, range.clone(), &Room::bare(size / 2, whole));
        if parts.len() > 1 {
            return Some(parts);
        }
    }

    let middle =
        (range.start + range.len() / 2..range.end).find(|at| page.text.is_char_boundary(*at))?;
    let middle = if middle > range.start {
        middle
    } else {
        return None;
    };

    Some(vec![range.start..middle, middle..range.end])
}

/// Without white space at the ends; the indentation of the first line stays.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = &text[range.clone()];
    let end = range.start + slice.trim_end().len();
    let first = slice.len() - slice.trim_start().len();
    let start = range.start + slice[..first].rfind('\n').map_or(0, |at| at + 1);
    if start >= end { end..end } else { start..end }
}

#[cfg(test)]
mod tests;
