//! Markdown of documents as HTML that is safe to show: nobody here trusts a byte of it.
//!
//! Markup comes from a closed list, links lead to http, https and mailto only, images that are kept with the document are
//! shown, others become their words, code is coloured where its language is named, and what is too large or too deep for
//! that is shown as plain text. Scripts, styles, ids and relative links never get out.

mod blocks;
mod highlight;
mod raw_html;
mod sanitise;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use blocks::Block;
use highlight::Budget;
use writer::View;

/// Longest text that is read as Markdown, in bytes; far beyond a page, short of what keeps a server busy.
const MAX_TEXT_BYTES: usize = 512 * 1024;
/// Most HTML one text may become, in bytes; a hostile table can grow a hundredfold.
const MAX_HTML_BYTES: usize = 4 * 1024 * 1024;

/// Where a passage stands on its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage {
    /// Its place in the document; its anchor is `p-` and this.
    pub(super) ordinal: u32,
    /// Its bytes in the page's text.
    pub(super) range: Range<usize>,
    /// Whether it stands out.
    pub(super) marked: bool,
}

/// An image that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// The target of the links that show it.
    pub(super) target: String,
    /// Its address on this site.
    pub(super) address: String,
    /// What stands below it.
    pub(super) title: String,
}

/// A whole page, each passage with its anchor.
pub(super) async fn page(text: String, passages: Vec<Passage>, images: Vec<Image>) -> String {
    aside(text, move |text| render_page(text, &passages, &images)).await
}

/// What stands in `range` of a page's text, with the table head or the fence that stands above it.
pub(super) async fn excerpt(text: String, range: Range<usize>, images: Vec<Image>) -> String {
    aside(text, move |text| render_excerpt(text, range, &images)).await
}

/// Renders off the runtime: a large page takes milliseconds, and a parser that gives up takes nothing else with it.
async fn aside(text: String, render: impl FnOnce(&str) -> String + Send + 'static) -> String {
    let text: Arc<str> = text.into();
    let copy = Arc::clone(&text);
    tokio::task::spawn_blocking(move || render(&copy)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be read as Markdown and is shown as plain text");
        plain(&text)
    })
}

fn render_page(text: &str, passages: &[Passage], images: &[Image]) -> String {
    let mut parsed = if text.len() <= MAX_TEXT_BYTES {
        blocks::of(text)
    } else {
        Vec::new()
    };

    blocks::levelled(&mut parsed);
    let mut page = PageWriter {
        images,
        ..PageWriter::default()
    };

    for block in &parsed {
        page.block(block, passages);
        if page.html.len() > MAX_HTML_BYTES {
            return plain(text);
        }
    }

    page.close();
    if parsed.is_empty() {
        plain(text)
    } else {
        page.html
    }
}

fn render_excerpt(text: &str, range: Range<usize>, images: &[Image]) -> String {
    let (own, range) = text
        .get(range.clone())
        .map_or((text, 0..text.len()), |own| (own, range));

    if text.len() > MAX_TEXT_BYTES {
        return plain(own);
    }

    let (mut html, budget) = (String::new(), Budget::default());
    let mut parsed = blocks::of(text);
    parsed.retain(|block| overlap(&block.range, &range));
    blocks::levelled(&mut parsed);

    for block in &parsed {
        html.push_str(
            &sanitise::clean(&writer::write(
                &block.events,
                View::Clip(range.clone()),
                images,
                &budget,
            ))
            .html,
        );

        if html.len() > MAX_HTML_BYTES {
            return plain(own);
        }
    }

    if html.is_empty() { plain(own) } else { html }
}

/// The text as it is.
fn plain(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!("<pre class=\"plain\">{}</pre>\n", ammonia::clean_text(text))
    }
}

fn overlap(left: &Range<usize>, right: &Range<usize>) -> bool {
    left.start < right.end && right.start < left.end
}

/// Puts blocks one behind the other, those of one passage in one element.
#[derive(Default)]
struct PageWriter<'a> {
    html: String,
    images: &'a [Image],
    /// The passage whose element is open.
    open: Option<u32>,
    anchored: HashSet<u32>,
    budget: Budget,
}

impl PageWriter<'_> {
    fn block(&mut self, block: &Block<'_>, passages: &[Passage]) {
        let here: Vec<&Passage> = passages
            .iter()
            .filter(|passage| overlap(&passage.range, &block.range))
            .collect();

        match here.as_slice() {
            [only] => {
                self.enter(only);
                self.html.push_str(
                    &sanitise::clean(&writer::write(
                        &block.events,
                        View::Whole,
                        self.images,
                        &self.budget,
                    ))
                    .html,
                );
            }
            several => {
                self.close();
                self.shared(block, several);
            }
        }
    }

    /// A block that several passages share, or none: a long table, say. Their anchors stand inside it.
    fn shared(&mut self, block: &Block<'_>, passages: &[&Passage]) {
        let new = passages
            .iter()
            .filter(|passage| self.anchored.insert(passage.ordinal));

        let anchors: Vec<(usize, u32)> = new
            .map(|passage| (passage.range.start, passage.ordinal))
            .collect();

        let marked = passages
            .iter()
            .find(|passage| passage.marked)
            .map(|passage| passage.range.clone());

        let view = View::Shared {
            anchors: &anchors,
            marked,
        };

        let clean = sanitise::clean(&writer::write(
            &block.events,
            view,
            self.images,
            &self.budget,
        ));

        // Sanitising may take the text in which an anchor stood; the block's beginning is next best.
        let lost = anchors
            .iter()
            .filter(|(_, ordinal)| !clean.anchors.contains(ordinal));

        for (_, ordinal) in lost {
            self.html.push_str(&sanitise::anchor(*ordinal));
        }

        self.html.push_str(&clean.html);
    }

    fn enter(&mut self, passage: &Passage) {
        if self.open == Some(passage.ordinal) {
            return;
        }

        self.close();
        self.open = Some(passage.ordinal);
        let class = if passage.marked {
            "passage is-marked"
        } else {
            "passage"
        };

        let id = if self.anchored.insert(passage.ordinal) {
            format!(" id=\"p-{}\"", passage.ordinal)
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
