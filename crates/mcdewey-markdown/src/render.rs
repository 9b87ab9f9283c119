//! Renders the untrusted Markdown of documents as HTML that is safe to show.
//!
//! Elements come from a closed list, links lead to http, https and mailto only, images stored with
//! the document are shown and others become their alternative text, code is highlighted where its
//! language is named, and text that is too large or too deeply nested is shown as plain text.
//! Scripts, styles, ids and relative links never reach the page.
//!
//! A large page takes milliseconds, and code up to a quarter of a second, so async callers render on
//! a thread that may block.

mod footnotes;
mod highlight;
mod raw_html;
mod sanitise;
#[cfg(test)]
mod tests;
mod top_level;
mod writer;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

use highlight::TimeBudget;
use sanitise::SafeHtml;
use top_level::Block;
use writer::Extent;

/// Longest text that is parsed as Markdown, in bytes: far longer than any real page, but short
/// enough not to keep the server busy.
const MAX_TEXT_BYTES: usize = 512 * 1024;
/// Longest HTML of one text, in bytes. A hostile table can grow a hundredfold.
const MAX_HTML_BYTES: usize = 4 * 1024 * 1024;

/// The position of a chunk on its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkSpan {
    /// The chunk's number in the document. Its anchor is `p-{ordinal}`.
    pub ordinal: u32,
    /// Byte range in the page's text.
    pub range: Range<usize>,
    /// Whether it is highlighted.
    pub marked: bool,
}

/// An image stored with the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The link target that refers to it in the Markdown.
    pub target: String,
    /// Its URL on this site.
    pub url: String,
    /// The caption.
    pub title: String,
}

/// Renders a whole page as HTML, with an anchor for each chunk.
pub fn page(text: &str, chunks: &[ChunkSpan], images: &[Image]) -> String {
    let with_definitions = footnotes::with_definitions(text);
    let mut parsed = if text.len() <= MAX_TEXT_BYTES {
        footnotes::parse(text, &with_definitions)
    } else {
        Vec::new()
    };

    top_level::normalise_heading_levels(&mut parsed);
    let mut writer = PageWriter {
        images,
        ..PageWriter::default()
    };

    for block in &parsed {
        writer.push_block(block, chunks);
        if writer.html.len() > MAX_HTML_BYTES {
            return plain(text);
        }
    }

    writer.close();
    if parsed.is_empty() {
        plain(text)
    } else {
        writer.html
    }
}

/// Renders a range of a page's text as HTML, within the table or code block that it is part of.
pub fn excerpt(text: &str, range: Range<usize>, images: &[Image]) -> String {
    // A range that is not on character boundaries cannot be a chunk's; the whole text is shown
    // then.
    let (excerpt, range) = text
        .get(range.clone())
        .map_or((text, 0..text.len()), |excerpt| (excerpt, range));

    if text.len() > MAX_TEXT_BYTES {
        return plain(excerpt);
    }

    let (mut html, budget) = (String::new(), TimeBudget::default());
    let with_definitions = footnotes::with_definitions(text);
    let mut parsed = footnotes::parse(text, &with_definitions);
    parsed.retain(|block| overlaps(&block.range, &range));
    top_level::normalise_heading_levels(&mut parsed);

    for block in &parsed {
        let unsafe_html =
            writer::write(&block.events, Extent::Clip(range.clone()), images, &budget);
        html.push_str(&sanitise::clean(&unsafe_html).html);
        if html.len() > MAX_HTML_BYTES {
            return plain(excerpt);
        }
    }

    if html.is_empty() {
        plain(excerpt)
    } else {
        html
    }
}

/// Renders a text as preformatted HTML, without interpreting it as Markdown. A text without words
/// becomes the empty string.
pub fn plain(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!("<pre class=\"plain\">{}</pre>\n", ammonia::clean_text(text))
    }
}

fn overlaps(left: &Range<usize>, right: &Range<usize>) -> bool {
    left.start < right.end && right.start < left.end
}

/// Concatenates blocks and wraps those of one chunk in one element.
#[derive(Default)]
struct PageWriter<'a> {
    html: String,
    images: &'a [Image],
    /// The chunk whose element is open.
    open: Option<u32>,
    /// The chunks that have an anchor.
    anchored: HashSet<u32>,
    budget: TimeBudget,
}

impl PageWriter<'_> {
    fn push_block(&mut self, block: &Block<'_>, chunks: &[ChunkSpan]) {
        let chunks: Vec<&ChunkSpan> = chunks
            .iter()
            .filter(|chunk| overlaps(&chunk.range, &block.range))
            .collect();

        match chunks.as_slice() {
            [chunk] => {
                self.enter(chunk);
                let html = self.render(block, Extent::Whole).html;
                self.html.push_str(&html);
            }
            several_or_none => {
                self.close();
                self.push_shared_block(block, several_or_none);
            }
        }
    }

    /// Pushes a block that no chunk or more than one is part of, such as a long table. Anchors of
    /// chunks that begin in it are inside.
    fn push_shared_block(&mut self, block: &Block<'_>, chunks: &[&ChunkSpan]) {
        let anchors: Vec<(usize, u32)> = chunks
            .iter()
            .filter(|chunk| self.anchored.insert(chunk.ordinal))
            .map(|chunk| (chunk.range.start, chunk.ordinal))
            .collect();

        let marked = chunks
            .iter()
            .find(|chunk| chunk.marked)
            .map(|chunk| chunk.range.clone());

        let extent = Extent::Shared {
            anchors: &anchors,
            marked,
        };
        let safe = self.render(block, extent);

        // Sanitising may drop an anchor together with the text around it. The anchor then goes
        // before the block.
        for (_, ordinal) in &anchors {
            if !safe.anchors.contains(ordinal) {
                self.html.push_str(&sanitise::anchor(*ordinal));
            }
        }

        self.html.push_str(&safe.html);
    }

    fn render(&self, block: &Block<'_>, extent: Extent<'_>) -> SafeHtml {
        sanitise::clean(&writer::write(
            &block.events,
            extent,
            self.images,
            &self.budget,
        ))
    }

    fn enter(&mut self, chunk: &ChunkSpan) {
        if self.open == Some(chunk.ordinal) {
            return;
        }

        self.close();
        self.open = Some(chunk.ordinal);
        let class = if chunk.marked {
            "passage is-marked"
        } else {
            "passage"
        };

        let id = if self.anchored.insert(chunk.ordinal) {
            format!(" id=\"p-{}\"", chunk.ordinal)
        } else {
            String::new()
        };

        let _ = writeln!(self.html, "<div class=\"{class}\"{id}>");
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.html.push_str("</div>\n");
        }
    }
}
