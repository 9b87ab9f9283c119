//! Splits pages into chunks measured in the model's tokens.
//!
//! A chunk never crosses a page. Nothing is omitted but white space, running lines and boilerplate.

mod boilerplate;
mod breadcrumb;
mod budget;
mod choose;
mod page_tokens;
mod pieces;
mod prose;
mod segments;
mod split_points;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use boilerplate::{has_only_page_number, without_boilerplate};
use breadcrumb::{ContextWriter, HeadingPath};
use budget::TokenBudget;
use mcdewey_core::{Chunk, ChunkId, DocumentMeta, Embed, EmbedError, PageRef, Span};
use mcdewey_markdown::{Structure, Table};
use page_tokens::PageTokens;
use pieces::cut_into_pieces;
use segments::{MIN_CHUNK_TOKENS, Segment, divide_into_segments, join_small};

use crate::parse::ParsedPage;
use crate::releases::ReleaseFilter;

/// Fingerprint of the way pages are split, part of an index's generation. It must change with every
/// change in this module that would split the same page differently.
pub const CHUNKER: &str = "markdown-4;tiny=30;context=40;bytes-per-token=24;whole=code,item,row;\
    title=certain;table-name;least-cost;stubs;prose=text-splitter-0.33";

/// How many tokens of a chunk the breadcrumb may take, if the model's window is large enough.
const MAX_CONTEXT_TOKENS: usize = 40;

/// A chunk with the text for the embedding model.
#[derive(Debug)]
pub(crate) struct SizedChunk {
    pub(crate) chunk: Chunk,
    /// The text that the model embeds.
    pub(crate) dense_text: String,
    /// The number of tokens in `dense_text`, without special tokens.
    pub(crate) tokens: usize,
}

/// Splits a document's pages. `title` stands before every passage in what is indexed; readers see
/// the title in `document`. Tokenises, so it may block.
///
/// A document that consists of boilerplate keeps it, because there is nothing else to find it by.
pub(crate) fn split(
    document: &Arc<DocumentMeta>,
    title: &str,
    pages: &[ParsedPage],
    embed: &dyn Embed,
) -> Result<Vec<SizedChunk>, EmbedError> {
    let chunks = split_pages(document, title, pages, embed, BoilerplatePolicy::Omit)?;
    if chunks.is_empty() {
        split_pages(document, title, pages, embed, BoilerplatePolicy::Keep)
    } else {
        Ok(chunks)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BoilerplatePolicy {
    Omit,
    Keep,
}

fn split_pages(
    document: &Arc<DocumentMeta>,
    title: &str,
    pages: &[ParsedPage],
    embed: &dyn Embed,
    boilerplate: BoilerplatePolicy,
) -> Result<Vec<SizedChunk>, EmbedError> {
    let model = embed.model();
    let window = model.window.saturating_sub(model.special_tokens).max(1);
    let filter = ReleaseFilter::new(&document.facets.versions);

    let mut splitter = Splitter {
        document,
        embed,
        context_writer: ContextWriter {
            embed,
            title,
            filter: &filter,
            max_tokens: MAX_CONTEXT_TOKENS.min(window / 4),
        },
        window,
        boilerplate,
        path: HeadingPath::default(),
        chunks: Vec::new(),
    };

    for page in pages {
        splitter.split_page(page)?;
    }

    Ok(splitter.chunks)
}

struct Splitter<'a> {
    document: &'a Arc<DocumentMeta>,
    embed: &'a dyn Embed,
    context_writer: ContextWriter<'a>,
    /// How many tokens of a chunk and its context the model reads.
    window: usize,
    boilerplate: BoilerplatePolicy,
    /// The headings above the current position; they continue across pages.
    path: HeadingPath,
    chunks: Vec<SizedChunk>,
}

/// A page with everything needed to split it.
struct PageView<'a> {
    page: &'a PageRef,
    text: &'a str,
    structure: &'a Structure,
    tokens: PageTokens,
}

impl PageView<'_> {
    fn tables_in(&self, range: &Range<usize>) -> impl Iterator<Item = &Table> {
        self.structure
            .tables
            .iter()
            .filter(|table| table.range.start < range.end && table.range.end > range.start)
    }

    /// Returns the table whose header row a piece that starts at `start` lacks.
    fn table_without_header(&self, start: usize) -> Option<&Table> {
        self.structure
            .tables
            .iter()
            .find(|table| table.range_without_header().contains(&start))
    }
}

/// Reports whether a text has no letter or digit, like a closing fence or a rule.
fn is_wordless(text: &str) -> bool {
    !text.contains(char::is_alphanumeric)
}

impl Splitter<'_> {
    fn split_page(&mut self, parsed: &ParsedPage) -> Result<(), EmbedError> {
        let ParsedPage {
            page,
            structure,
            content,
        } = parsed;

        let text = page.text.as_str();
        let omits_boilerplate = self.boilerplate == BoilerplatePolicy::Omit;
        if omits_boilerplate && has_only_page_number(&text[content.clone()]) {
            // A heading on such a page is only the number, so the path does not need it.
            return Ok(());
        }

        let view = PageView {
            page: &page.page,
            text,
            structure,
            tokens: PageTokens::new(text, self.embed)?,
        };

        let mut segments =
            divide_into_segments(text, content.clone(), &structure.headings, &mut self.path);
        if omits_boilerplate {
            segments = without_boilerplate(text, structure, segments);
        }

        let capacity = self
            .window
            .saturating_sub(self.context_writer.max_tokens)
            .max(1);
        let segments = join_small(text, segments, &view.tokens, capacity);

        let mut pieces: Vec<(&Segment<'_>, Range<usize>)> = Vec::new();
        for segment in &segments {
            for piece in self.cut_segment(&view, segment)? {
                match pieces.last_mut() {
                    // A small piece after another segment becomes the end of the chunk before it.
                    Some((_, last)) if should_join(&view.tokens, last, &piece, capacity) => {
                        last.end = piece.end;
                    }
                    _ => pieces.push((segment, piece)),
                }
            }
        }

        for (segment, piece) in pieces {
            let breadcrumb = segment.path.breadcrumb(&self.document.title);
            let is_first = piece.start == segment.range.start;
            let own_headings = segment.titles_in_piece(is_first);
            let context = self.context_writer.context(&breadcrumb, &own_headings)?;
            self.push_chunks(&view, piece, &breadcrumb, &context)?;
        }

        Ok(())
    }

    /// Cuts a segment into pieces that leave room for their context.
    fn cut_segment(
        &self,
        page: &PageView<'_>,
        segment: &Segment<'_>,
    ) -> Result<Vec<Range<usize>>, EmbedError> {
        let breadcrumb = segment.path.breadcrumb(&self.document.title);
        let start = segment.range.start;

        let first = self.budget_beside_context(&breadcrumb, &segment.titles_in_piece(true))?;
        if page.tokens.count(&segment.range) <= first && page.table_without_header(start).is_none()
        {
            return Ok(vec![segment.range.clone()]);
        }

        let rest = self.budget_beside_context(&breadcrumb, &[])?;
        let budget = TokenBudget {
            first,
            rest,
            header_costs: self.header_costs(page, &segment.range, rest)?,
            max_whole_unit: 0,
        };

        Ok(cut_into_pieces(page, segment.range.clone(), &budget))
    }

    /// Returns how many tokens the context leaves for the text of a piece; at least 1.
    fn budget_beside_context(
        &self,
        breadcrumb: &[String],
        own_headings: &[&str],
    ) -> Result<usize, EmbedError> {
        let context = self.context_writer.context(breadcrumb, own_headings)?;
        let context_tokens = self.embed.token_ranges(&context)?.len();
        Ok(self.window.saturating_sub(context_tokens).max(1))
    }

    /// Returns for each table in `range` where its header must be repeated and what that costs.
    /// Tables whose header is too long for the budget are omitted.
    fn header_costs(
        &self,
        page: &PageView<'_>,
        range: &Range<usize>,
        budget: usize,
    ) -> Result<Vec<(Range<usize>, usize)>, EmbedError> {
        let mut costs = Vec::new();
        for table in page.tables_in(range) {
            for header in self.context_writer.header_candidates(table) {
                let tokens = self.embed.token_ranges(&header)?.len();
                if tokens * 4 <= budget {
                    costs.push((table.range_without_header(), tokens));
                    break;
                }
            }
        }

        Ok(costs)
    }

    /// Makes a chunk of a piece with as much context as the window allows. If the text alone is too
    /// long, the piece is cut again.
    ///
    /// Pieces are measured by the page's tokens, but the dense text is normalised and may have
    /// more.
    fn push_chunks(
        &mut self,
        page: &PageView<'_>,
        piece: Range<usize>,
        breadcrumb: &[String],
        context: &str,
    ) -> Result<(), EmbedError> {
        let range = trim(page.text, piece);
        if range.is_empty() {
            return Ok(());
        }

        let mut chunk = self.build_chunk(page, &range, breadcrumb);
        let table = page.table_without_header(range.start);
        for context in self.context_writer.context_candidates(context, table) {
            chunk.context = context;
            let dense_text = chunk.dense_text();

            let tokens = self.embed.token_ranges(&dense_text)?.len();
            if tokens <= self.window {
                self.chunks.push(SizedChunk {
                    chunk,
                    dense_text,
                    tokens,
                });
                return Ok(());
            }
        }

        let Some(parts) = divide(page, &range) else {
            // A single character that exceeds the window cannot be cut further.
            let dense_text = chunk.dense_text();
            self.chunks.push(SizedChunk {
                chunk,
                dense_text,
                tokens: self.window,
            });
            return Ok(());
        };

        for part in parts {
            self.push_chunks(page, part, breadcrumb, context)?;
        }

        Ok(())
    }

    /// Builds the next chunk, without context.
    fn build_chunk(
        &self,
        page: &PageView<'_>,
        range: &Range<usize>,
        breadcrumb: &[String],
    ) -> Chunk {
        let ordinal = saturating_u32(self.chunks.len());
        let text = page.text[range.clone()].to_owned();
        let (text_hash, passage_hash) = Chunk::text_hashes(&text);

        Chunk {
            chunk_id: ChunkId::new(&self.document.source, ordinal),
            document: Arc::clone(self.document),
            ordinal,
            page: page.page.clone(),
            headings: breadcrumb.to_vec(),
            context: String::new(),
            spans: vec![Span {
                page: page.page.number,
                start: saturating_u32(range.start),
                end: saturating_u32(range.end),
            }],
            text,
            text_hash,
            passage_hash,
        }
    }
}

fn saturating_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Reports whether a piece is too small for a chunk of its own and fits into the piece directly
/// before it.
fn should_join(
    tokens: &PageTokens,
    before: &Range<usize>,
    piece: &Range<usize>,
    capacity: usize,
) -> bool {
    before.end == piece.start
        && tokens.count(piece) < MIN_CHUNK_TOKENS
        && tokens.count(before) + tokens.count(piece) <= capacity
}

/// Divides a range into parts of at most half its tokens: between units if possible, else inside
/// them, else in the middle. Returns `None` for a single character.
fn divide(page: &PageView<'_>, range: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let size = page.tokens.count(range);
    for max_whole_unit in [size, 0] {
        let budget = TokenBudget::uniform(size / 2, max_whole_unit);
        let parts = cut_into_pieces(page, range.clone(), &budget);
        if parts.len() > 1 {
            return Some(parts);
        }
    }

    let middle = (range.start + range.len() / 2..range.end)
        .find(|offset| page.text.is_char_boundary(*offset))
        .filter(|middle| *middle > range.start)?;

    Some(vec![range.start..middle, middle..range.end])
}

/// Removes white space at both ends, but keeps the indentation of the first line.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = &text[range.clone()];
    let end = range.start + slice.trim_end().len();

    let leading = slice.len() - slice.trim_start().len();
    let start = range.start + slice[..leading].rfind('\n').map_or(0, |at| at + 1);

    if start >= end { end..end } else { start..end }
}
