//! Writes Markdown events as HTML for the sanitiser: escapes text and passes raw HTML through.

use std::fmt::Write as _;
use std::ops::Range;

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::highlight::{Highlighter, TimeBudget};
use super::sanitise::{Placeholders, UnsafeHtml};
use super::top_level::LocatedEvent;
use super::{Image, overlaps, raw_html, sanitise};

/// Deeper elements are dropped, but not their text.
const MAX_NESTING: usize = 24;

/// How much of a block is written.
#[derive(Debug, Clone, Default)]
pub(super) enum Extent<'a> {
    #[default]
    Whole,
    /// All of it, with anchors where chunks begin and one chunk marked.
    Shared {
        /// Start and ordinal of each chunk, by start.
        anchors: &'a [(usize, u32)],
        marked: Option<Range<usize>>,
    },
    /// Only this range, and the head of its table.
    Clip(Range<usize>),
}

pub(super) fn write(
    events: &[LocatedEvent<'_>],
    extent: Extent<'_>,
    images: &[Image],
    budget: &TimeBudget,
) -> UnsafeHtml {
    let raw_html = events.iter().filter_map(|(event, _)| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(html.as_ref()),
        _ => None,
    });
    let escape_raw_html = raw_html::is_excessive(raw_html);
    let mut writer = Writer {
        extent,
        images,
        escape_raw_html,
        budget: Some(budget),
        ..Writer::default()
    };

    for (event, range) in events {
        writer.event(event, range);
    }

    UnsafeHtml {
        html: writer.html,
        placeholders: writer.placeholders,
    }
}

#[derive(Default)]
struct Writer<'a> {
    html: String,
    placeholders: Placeholders,
    extent: Extent<'a>,
    images: &'a [Image],
    /// The alternative text so far, while inside an image that is shown.
    alt_text: Option<String>,
    escape_raw_html: bool,
    open: Vec<OpenElement>,
    /// Column alignments of the current table.
    alignments: Vec<Alignment>,
    /// Index of the next cell in its row.
    cell: usize,
    in_head: bool,
    /// Set inside a code block whose language has a grammar.
    highlighter: Option<Highlighter>,
    budget: Option<&'a TimeBudget>,
    /// Pieces of content written so far.
    pieces: usize,
    /// Anchors written so far.
    anchors: usize,
}

struct OpenElement {
    end_tag: &'static str,
    /// Its start in the HTML.
    start: usize,
    /// Pieces of content written before it.
    pieces: usize,
    /// Whether it is dropped if it stays empty.
    drop_if_empty: bool,
}

impl Writer<'_> {
    fn event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::End(TagEnd::Image) if self.alt_text.is_some() => self.end_image(),
            Event::Text(text) | Event::Code(text) if self.alt_text.is_some() => {
                self.alt_text.get_or_insert_default().push_str(text);
            }
            _ if self.alt_text.is_some() => {}
            Event::Start(Tag::Image { dest_url, .. }) if self.stored_image(dest_url).is_some() => {
                self.begin_image(dest_url, range);
            }
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) => self.text(text, range),
            Event::Code(text) => {
                self.push_piece(range, &format!("<code>{}</code>", escape(text)));
            }
            Event::Html(html) | Event::InlineHtml(html) => self.raw_html(html, range),
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.push_piece(range, "<hr>"),
            Event::FootnoteReference(name) => {
                self.push_piece(range, &format!("<sup>[{}]</sup>", escape(name)));
            }
            // The parser options do not enable these.
            Event::TaskListMarker(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let start = self.html.len();
        let end_tag = if self.open.len() < MAX_NESTING {
            self.open_tag(tag)
        } else {
            ""
        };

        let is_clipped = matches!(self.extent, Extent::Clip(_));
        let drop_if_empty = match tag {
            Tag::Image { .. } => true,
            Tag::Table(_) | Tag::TableHead | Tag::TableCell => false,
            _ => is_clipped,
        };

        self.open.push(OpenElement {
            end_tag,
            start,
            pieces: self.pieces,
            drop_if_empty,
        });
    }

    fn stored_image(&self, target: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.target == target)
    }

    /// Writes a placeholder, because the alternative text is not known yet.
    fn begin_image(&mut self, target: &str, range: &Range<usize>) {
        let Some(image) = self.stored_image(target).cloned() else {
            return;
        };
        let placeholder = self.placeholders.image(image);
        self.push_piece(range, &placeholder);
        self.alt_text = Some(String::new());
    }

    fn end_image(&mut self) {
        let alt_text = self.alt_text.take().unwrap_or_default();
        self.placeholders.set_alt_text(alt_text);
    }

    /// Writes the start tag and returns the end tag.
    fn open_tag(&mut self, tag: &Tag<'_>) -> &'static str {
        let (open, close) = match tag {
            Tag::Paragraph => ("<p>", "</p>\n"),
            Tag::Heading { level, .. } => heading(*level),
            Tag::BlockQuote(None) => ("<blockquote>\n", "</blockquote>\n"),
            Tag::BlockQuote(Some(kind)) => {
                let (class, label) = alert(*kind);
                let _ = writeln!(
                    self.html,
                    "<div class=\"alert {class}\">\n<p class=\"label\">{label}</p>"
                );
                ("", "</div>\n")
            }
            Tag::FootnoteDefinition(name) => {
                let name = escape(name);
                let _ = writeln!(self.html, "<div class=\"footnote\">\n<sup>[{name}]</sup>");
                ("", "</div>\n")
            }
            Tag::DefinitionList => ("<dl>\n", "</dl>\n"),
            Tag::DefinitionListTitle => ("<dt>", "</dt>\n"),
            Tag::DefinitionListDefinition => ("<dd>", "</dd>\n"),
            Tag::CodeBlock(kind) => {
                self.highlighter = match kind {
                    CodeBlockKind::Fenced(info) => Highlighter::new(info),
                    CodeBlockKind::Indented => None,
                };
                ("<pre tabindex=\"0\"><code>", "</code></pre>\n")
            }
            Tag::List(None) => ("<ul>\n", "</ul>\n"),
            Tag::List(Some(first)) => {
                let _ = writeln!(self.html, "<ol start=\"{first}\">");
                ("", "</ol>\n")
            }
            Tag::Item => ("<li>", "</li>\n"),
            Tag::Table(alignments) => {
                self.alignments.clone_from(alignments);
                (
                    "<div class=\"table\" tabindex=\"0\"><table>\n",
                    "</tbody></table></div>\n",
                )
            }
            Tag::TableHead => {
                (self.in_head, self.cell) = (true, 0);
                ("<thead><tr>", "</tr></thead><tbody>\n")
            }
            Tag::TableRow => {
                self.cell = 0;
                ("<tr>", "</tr>\n")
            }
            Tag::TableCell => self.open_cell(),
            Tag::Emphasis => ("<em>", "</em>"),
            Tag::Strong => ("<strong>", "</strong>"),
            Tag::Strikethrough => ("<del>", "</del>"),
            Tag::Link { dest_url, .. } if is_allowed_link(dest_url) => {
                let _ = write!(self.html, "<a href=\"{}\">", escape(dest_url));
                ("", "</a>")
            }
            Tag::Image { .. } => ("<span class=\"image\">", "</span>"),
            _ => ("", ""),
        };

        self.html.push_str(open);
        close
    }

    /// Writes the start tag without its `>`, and returns the `>` and the end tag.
    fn open_cell(&mut self) -> (&'static str, &'static str) {
        let alignment = self
            .alignments
            .get(self.cell)
            .copied()
            .unwrap_or(Alignment::None);

        self.cell += 1;
        let class = match alignment {
            Alignment::Right => " class=\"right\"",
            Alignment::Center => " class=\"center\"",
            Alignment::Left | Alignment::None => "",
        };

        let (open, close) = if self.in_head {
            ("<th scope=\"col\"", "</th>")
        } else {
            ("<td", "</td>")
        };

        self.html.push_str(open);
        self.html.push_str(class);
        (">", close)
    }

    fn end(&mut self, end: &TagEnd) {
        match end {
            TagEnd::TableHead => self.in_head = false,
            TagEnd::CodeBlock => self.highlighter = None,
            _ => {}
        }

        let Some(open) = self.open.pop() else { return };
        if open.drop_if_empty && open.pieces == self.pieces {
            self.html.truncate(open.start);
        } else {
            self.html.push_str(open.end_tag);
        }
    }

    /// Writes text, split where chunks begin and end.
    fn text(&mut self, text: &str, range: &Range<usize>) {
        let tokens = match (&mut self.highlighter, self.budget) {
            (Some(highlighter), Some(budget)) => highlighter.tokens(text, budget),
            _ => Vec::new(),
        };

        // Text with escaped characters is shorter than its source, so its offsets do not match and
        // it cannot be split.
        if text.len() != range.len() {
            return self.push_piece(range, &highlighted(text, 0..text.len(), &tokens));
        }

        let borders: Vec<usize> = match &self.extent {
            Extent::Whole => Vec::new(),
            Extent::Shared { anchors, marked } => {
                let ends = marked.iter().flat_map(|marked| [marked.start, marked.end]);
                anchors
                    .iter()
                    .map(|(start, _)| *start)
                    .chain(ends)
                    .collect()
            }
            Extent::Clip(clip) => vec![clip.start, clip.end],
        };

        for piece in split(range, borders) {
            let part = piece.start - range.start..piece.end - range.start;
            self.push_piece(&piece, &highlighted(text, part, &tokens));
        }
    }

    /// Writes HTML that is entirely inside or entirely outside of every chunk.
    fn push_piece(&mut self, range: &Range<usize>, html: &str) {
        match &self.extent {
            Extent::Whole => self.html.push_str(html),
            // The head of a table goes with whichever of its rows are in the range.
            Extent::Clip(clip) if !overlaps(clip, range) && !self.in_head => return,
            Extent::Clip(_) => self.html.push_str(html),
            Extent::Shared { anchors, marked } => {
                for (start, ordinal) in &anchors[self.anchors..] {
                    if *start >= range.end {
                        break;
                    }
                    self.anchors += 1;
                    self.html.push_str(&self.placeholders.anchor(*ordinal));
                }

                let marked = marked
                    .as_ref()
                    .is_some_and(|marked| overlaps(marked, range));
                self.html.push_str(&if marked {
                    self.placeholders.mark(html)
                } else {
                    html.to_owned()
                });
            }
        }

        self.pieces += 1;
    }

    fn raw_html(&mut self, html: &str, range: &Range<usize>) {
        if self.escape_raw_html {
            return self.text(html, range);
        }

        let is_visible = match &self.extent {
            Extent::Clip(clip) => overlaps(clip, range),
            Extent::Whole | Extent::Shared { .. } => true,
        };

        if is_visible {
            self.html.push_str(&sanitise::strip_delimiters(html));
            self.pieces += 1;
        }
    }
}

/// A part of the text as HTML, with its tokens in elements of their class.
fn highlighted(text: &str, part: Range<usize>, tokens: &[(Range<usize>, &'static str)]) -> String {
    let mut html = String::new();
    let mut at = part.start;

    let html_of = |range: Range<usize>| escape(text.get(range).unwrap_or_default());
    for (token, class) in tokens.iter().filter(|(token, _)| overlaps(token, &part)) {
        let token = token.start.max(part.start)..token.end.min(part.end);
        html.push_str(&html_of(at..token.start));
        let _ = write!(
            html,
            "<span class=\"{class}\">{}</span>",
            html_of(token.clone())
        );
        at = token.end;
    }

    html.push_str(&html_of(at..part.end));
    html
}

/// Returns the class and the label of an alert.
fn alert(kind: BlockQuoteKind) -> (&'static str, &'static str) {
    match kind {
        BlockQuoteKind::Note => ("note", "Note"),
        BlockQuoteKind::Tip => ("tip", "Tip"),
        BlockQuoteKind::Important => ("important", "Important"),
        BlockQuoteKind::Warning => ("warning", "Warning"),
        BlockQuoteKind::Caution => ("caution", "Caution"),
    }
}

/// Headings of documents are one level below the `h1` of the page.
fn heading(level: HeadingLevel) -> (&'static str, &'static str) {
    match level {
        HeadingLevel::H1 => ("<h2>", "</h2>\n"),
        HeadingLevel::H2 => ("<h3>", "</h3>\n"),
        HeadingLevel::H3 => ("<h4>", "</h4>\n"),
        HeadingLevel::H4 => ("<h5>", "</h5>\n"),
        HeadingLevel::H5 | HeadingLevel::H6 => ("<h6>", "</h6>\n"),
    }
}

/// Relative links are dropped, because their target is unknown here.
fn is_allowed_link(url: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in sanitise::strip_delimiters(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }

    out
}

/// Splits `range` at the borders inside it.
fn split(range: &Range<usize>, mut borders: Vec<usize>) -> Vec<Range<usize>> {
    borders.retain(|border| range.start < *border && *border < range.end);
    borders.push(range.end);
    borders.sort_unstable();

    let mut pieces = Vec::with_capacity(borders.len());
    let mut start = range.start;
    for end in borders {
        if start < end {
            pieces.push(start..end);
            start = end;
        }
    }

    pieces
}
