//! From Markdown events to HTML, for the sanitiser: text is escaped here, raw HTML of the document goes through.

use std::fmt::Write as _;
use std::ops::Range;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::blocks::Located;
use super::highlight::{Budget, Highlighter};
use super::sanitise::{Draft, Signs};
use super::{Image, overlap, raw_html, sanitise};

/// Elements within elements; deeper ones are left out, their text stays.
const MAX_NESTING: usize = 24;

/// What of a block is written.
#[derive(Debug, Clone, Default)]
pub(super) enum View<'a> {
    /// All of it.
    #[default]
    Whole,
    /// All of it, with anchors where passages begin and one passage marked.
    Shared {
        anchors: &'a [(usize, u32)],
        marked: Option<Range<usize>>,
    },
    /// What stands in this range.
    Clip(Range<usize>),
}

/// The block as HTML that is not yet safe.
pub(super) fn write(
    events: &[Located<'_>],
    view: View<'_>,
    images: &[Image],
    budget: &Budget,
) -> Draft {
    let raw = events.iter().filter_map(|(event, _)| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(html.as_ref()),
        _ => None,
    });
    let escape_raw = raw_html::is_excessive(raw);
    let mut writer = Writer {
        view,
        images,
        escape_raw,
        budget: Some(budget),
        ..Writer::default()
    };

    for (event, range) in events {
        writer.event(event, range);
    }

    Draft {
        html: writer.html,
        signs: writer.signs,
    }
}

#[derive(Default)]
struct Writer<'a> {
    html: String,
    signs: Signs,
    view: View<'a>,
    images: &'a [Image],
    /// The words of the image that is shown, while they are read.
    words: Option<String>,
    escape_raw: bool,
    open: Vec<Open>,
    alignments: Vec<Alignment>,
    cell: usize,
    in_head: bool,
    /// The code that is read, where its language is known.
    code: Option<Highlighter>,
    budget: Option<&'a Budget>,
    /// Pieces of content written so far.
    pieces: usize,
    /// Anchors written so far.
    anchors: usize,
}

/// An element that is open.
struct Open {
    close: &'static str,
    /// Where it began, and how much content stood before it.
    start: usize,
    pieces: usize,
    /// Whether it goes when it stays empty.
    may_go: bool,
}

impl Writer<'_> {
    fn event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::End(TagEnd::Image) if self.words.is_some() => self.show_image(),
            Event::Text(text) | Event::Code(text) if self.words.is_some() => {
                self.words.get_or_insert_default().push_str(text);
            }
            _ if self.words.is_some() => {}
            Event::Start(Tag::Image { dest_url, .. }) if self.shown(dest_url).is_some() => {
                self.begin_image(dest_url, range);
            }
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) => self.text(text, range),
            Event::Code(text) => self.whole_piece(range, &format!("<code>{}</code>", escape(text))),
            Event::Html(html) | Event::InlineHtml(html) => self.raw(html, range),
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.whole_piece(range, "<hr>"),
            // Not enabled in the parser.
            Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let start = self.html.len();
        let close = if self.open.len() < MAX_NESTING {
            self.open_tag(tag)
        } else {
            ""
        };

        let clipped = matches!(self.view, View::Clip(_));
        let may_go = match tag {
            Tag::Image { .. } => true,
            Tag::Table(_) | Tag::TableHead | Tag::TableCell => false,
            _ => clipped,
        };

        self.open.push(Open {
            close,
            start,
            pieces: self.pieces,
            may_go,
        });
    }

    fn shown(&self, target: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.target == target)
    }

    /// The element comes later, when the words that stand for the image are known.
    fn begin_image(&mut self, target: &str, range: &Range<usize>) {
        let Some(image) = self.shown(target).cloned() else {
            return;
        };
        let sign = self.signs.image(image);
        self.whole_piece(range, &sign);
        self.words = Some(String::new());
    }

    fn show_image(&mut self) {
        self.signs
            .describe_image(self.words.take().unwrap_or_default());
    }

    fn open_tag(&mut self, tag: &Tag<'_>) -> &'static str {
        let (open, close) = match tag {
            Tag::Paragraph => ("<p>", "</p>\n"),
            Tag::Heading { level, .. } => heading(*level),
            Tag::BlockQuote(_) => ("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(kind) => {
                self.code = match kind {
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
            Tag::Link { dest_url, .. } if is_followed(dest_url) => {
                let _ = write!(self.html, "<a href=\"{}\">", escape(dest_url));
                ("", "</a>")
            }
            Tag::Image { .. } => ("<span class=\"image\">", "</span>"),
            _ => ("", ""),
        };

        self.html.push_str(open);
        close
    }

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
            TagEnd::CodeBlock => self.code = None,
            _ => {}
        }

        let Some(open) = self.open.pop() else { return };
        if open.may_go && open.pieces == self.pieces {
            self.html.truncate(open.start);
        } else {
            self.html.push_str(open.close);
        }
    }

    /// Text, cut where passages begin and end.
    fn text(&mut self, text: &str, range: &Range<usize>) {
        let tokens = match (&mut self.code, self.budget) {
            (Some(code), Some(budget)) => code.tokens(text, budget),
            _ => Vec::new(),
        };

        // Where characters were escaped in the document, the text is shorter than its source and cannot be cut.
        if text.len() != range.len() {
            return self.whole_piece(range, &coloured(text, 0..text.len(), &tokens));
        }

        let borders: Vec<usize> = match &self.view {
            View::Whole => Vec::new(),
            View::Shared { anchors, marked } => {
                let ends = marked.iter().flat_map(|marked| [marked.start, marked.end]);
                anchors
                    .iter()
                    .map(|(start, _)| *start)
                    .chain(ends)
                    .collect()
            }
            View::Clip(clip) => vec![clip.start, clip.end],
        };

        for piece in cut(range, borders) {
            let part = piece.start - range.start..piece.end - range.start;
            self.whole_piece(&piece, &coloured(text, part, &tokens));
        }
    }

    /// HTML that lies wholly in or out of every passage.
    fn whole_piece(&mut self, range: &Range<usize>, html: &str) {
        match &self.view {
            View::Whole => self.html.push_str(html),
            View::Clip(clip) if !overlap(clip, range) && !self.in_head => return,
            View::Clip(_) => self.html.push_str(html),
            View::Shared { anchors, marked } => {
                for (start, ordinal) in &anchors[self.anchors..] {
                    if *start >= range.end {
                        break;
                    }
                    self.anchors += 1;
                    self.html.push_str(&self.signs.anchor(*ordinal));
                }

                let marked = marked.as_ref().is_some_and(|marked| overlap(marked, range));
                self.html.push_str(&if marked {
                    self.signs.mark(html)
                } else {
                    html.to_owned()
                });
            }
        }

        // The head of a table is shown with any of its rows, but alone it is nothing.
        self.pieces += 1;
    }

    fn raw(&mut self, html: &str, range: &Range<usize>) {
        if self.escape_raw {
            return self.text(html, range);
        }

        let kept = match &self.view {
            View::Clip(clip) => overlap(clip, range),
            View::Whole | View::Shared { .. } => true,
        };

        if kept {
            self.html.push_str(&sanitise::without_signs(html));
            self.pieces += 1;
        }
    }
}

/// A part of the text, its tokens in elements of their class.
fn coloured(text: &str, part: Range<usize>, tokens: &[(Range<usize>, &'static str)]) -> String {
    let mut html = String::new();
    let mut at = part.start;

    let of = |range: Range<usize>| escape(text.get(range).unwrap_or_default());
    for (token, class) in tokens.iter().filter(|(token, _)| overlap(token, &part)) {
        let token = token.start.max(part.start)..token.end.min(part.end);
        html.push_str(&of(at..token.start));
        let _ = write!(html, "<span class=\"{class}\">{}</span>", of(token.clone()));
        at = token.end;
    }

    html.push_str(&of(at..part.end));
    html
}

/// Headings of documents stand one step below the heading of the page they are shown on.
fn heading(level: HeadingLevel) -> (&'static str, &'static str) {
    match level {
        HeadingLevel::H1 => ("<h2>", "</h2>\n"),
        HeadingLevel::H2 => ("<h3>", "</h3>\n"),
        HeadingLevel::H3 => ("<h4>", "</h4>\n"),
        HeadingLevel::H4 => ("<h5>", "</h5>\n"),
        HeadingLevel::H5 | HeadingLevel::H6 => ("<h6>", "</h6>\n"),
    }
}

/// Links lead out of the library or nowhere: what a relative one meant is not known here.
fn is_followed(url: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in sanitise::without_signs(text).chars() {
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

/// `range` in pieces between the borders that lie in it.
fn cut(range: &Range<usize>, mut borders: Vec<usize>) -> Vec<Range<usize>> {
    borders.retain(|border| range.start < *border && *border < range.end);
    borders.push(range.end);
    borders.sort_unstable();
    let mut start = range.start;
    let piece = |end| (start < end).then(|| std::mem::replace(&mut start, end)..end);

    borders.into_iter().filter_map(piece).collect()
}
