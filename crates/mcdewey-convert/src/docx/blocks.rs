//! Writes the blocks of a document as HTML.

use undoc::model::{Block, Cell, Document, ListType, Paragraph, RevisionType, Table, TextRun};

use super::images::Images;
use super::pages::BREAK;
use crate::html::escape::html as escaped;

/// A style whose name contains one of these is for code.
const CODE_STYLES: [&str; 6] = [
    "code",
    "source",
    "preformatted",
    "listing",
    "macro text",
    "terminal",
];

/// A font whose name contains one of these is for code.
const CODE_FONTS: [&str; 6] = [
    "courier",
    "consolas",
    "mono",
    "menlo",
    "lucida console",
    "cascadia",
];

/// Writes all blocks in order, and the notes at the end.
pub(super) fn to_html(document: &Document, images: &mut Images<'_>) -> String {
    let mut writer = Writer {
        html: String::new(),
        open_lists: Vec::new(),
        code_lines: Vec::new(),
        images,
    };

    let mut notes = String::new();
    for block in document
        .sections
        .iter()
        .flat_map(|section| &section.content)
    {
        match block {
            Block::Paragraph(paragraph) => writer.paragraph(paragraph),
            Block::Table(table) => {
                writer.close_open_blocks();
                let table = writer.table(table);
                writer.html.push_str(&table);
            }
            Block::Image {
                resource_id,
                alt_text,
                ..
            } => {
                let image = writer.image(resource_id, alt_text.as_deref());
                writer.html.push_str(&image);
            }
            Block::Note { label, content } => {
                let paragraphs: Vec<String> = content
                    .iter()
                    .map(|paragraph| inline_html(&paragraph.runs))
                    .collect();

                notes.push_str(&format!(
                    "<li>[{}] {}</li>",
                    escaped(label),
                    paragraphs.join("<br>")
                ));
            }
            Block::PageBreak | Block::SectionBreak => {}
        }
    }

    writer.close_open_blocks();
    if !notes.is_empty() {
        writer
            .html
            .push_str(&format!("<p><strong>Notes</strong></p><ul>{notes}</ul>"));
    }

    writer.html
}

/// Returns the text of the first paragraph in the style "Title".
pub(super) fn title(document: &Document) -> Option<String> {
    document
        .sections
        .iter()
        .flat_map(|section| &section.content)
        .find_map(|block| match block {
            Block::Paragraph(paragraph) if style_name(paragraph) == "title" => {
                Some(paragraph.plain_text().replace(BREAK, ""))
            }
            _ => None,
        })
        .filter(|title| !title.trim().is_empty())
}

/// Returns the name of a paragraph's style in lower case.
fn style_name(paragraph: &Paragraph) -> String {
    paragraph
        .style_name
        .as_deref()
        .or(paragraph.style_id.as_deref())
        .unwrap_or_default()
        .to_lowercase()
}

/// Returns the list level, from 0, that the name of a paragraph's style states. Word's built-in
/// list styles name their level ("List Bullet 2") but are all numbered as the first.
fn style_list_level(paragraph: &Paragraph) -> u8 {
    let style = style_name(paragraph);
    let number = style
        .strip_prefix("list bullet ")
        .or_else(|| style.strip_prefix("list number "));

    number
        .and_then(|number| number.parse::<u8>().ok())
        .map_or(0, |number| number.clamp(1, 9) - 1)
}

struct Writer<'a, 'b> {
    html: String,
    /// The level and the closing tags of each open list, outermost first.
    open_lists: Vec<(u8, &'static str)>,
    /// Lines of code that are not written yet.
    code_lines: Vec<String>,
    images: &'a mut Images<'b>,
}

impl Writer<'_, '_> {
    fn paragraph(&mut self, paragraph: &Paragraph) {
        let text = paragraph.plain_text();
        let empty = text.trim().is_empty() && paragraph.images.is_empty();
        if is_code(paragraph) && (!empty || !self.code_lines.is_empty()) {
            self.close_lists();
            self.code_lines.push(code_text(&paragraph.runs));
            return;
        }

        self.close_code();
        if empty {
            return;
        }

        let images = self.images_of(paragraph);
        let text = if paragraph.heading.is_heading() {
            // Headings are bold by their style; that is not emphasis.
            let runs: Vec<TextRun> = paragraph
                .runs
                .iter()
                .cloned()
                .map(without_emphasis)
                .collect();
            inline_html(&runs)
        } else {
            inline_html(&paragraph.runs)
        };

        match (&paragraph.list_info, paragraph.heading.level()) {
            (_, level @ 1..=9) => {
                self.close_lists();
                let level = level.min(6);
                self.html
                    .push_str(&format!("<h{level}>{text}</h{level}>{images}"));
            }
            (Some(list), _) if list.list_type != ListType::None => {
                let numbered = list.list_type == ListType::Numbered;
                let style_level = style_list_level(paragraph);
                self.open_item(
                    list.level.max(style_level),
                    numbered,
                    list.number.filter(|_| style_level == 0),
                );
                self.html.push_str(&format!("{text}{images}"));
            }
            _ => {
                self.close_lists();
                self.html.push_str(&format!("<p>{text}{images}</p>"));
            }
        }
    }

    /// Starts a list item, after closing and opening lists as its level requires.
    fn open_item(&mut self, level: u8, numbered: bool, number: Option<u32>) {
        let (element, closing_tags) = if numbered {
            ("ol", "</li></ol>")
        } else {
            ("ul", "</li></ul>")
        };

        while self.open_lists.last().is_some_and(|(last, last_tags)| {
            *last > level || (*last == level && *last_tags != closing_tags)
        }) {
            self.close_list();
        }

        match self.open_lists.last() {
            Some((last, _)) if *last == level => self.html.push_str("</li><li>"),
            _ => {
                let start = number
                    .filter(|number| numbered && *number != 1)
                    .map(|number| format!(" start=\"{number}\""))
                    .unwrap_or_default();
                self.html.push_str(&format!("<{element}{start}><li>"));
                self.open_lists.push((level, closing_tags));
            }
        }
    }

    fn close_list(&mut self) {
        if let Some((_, closing_tags)) = self.open_lists.pop() {
            self.html.push_str(closing_tags);
        }
    }

    fn close_lists(&mut self) {
        while !self.open_lists.is_empty() {
            self.close_list();
        }
    }

    /// Writes the pending lines of code, and the page breaks within them after it.
    fn close_code(&mut self) {
        while self
            .code_lines
            .last()
            .is_some_and(|line| line.trim().is_empty())
        {
            self.code_lines.pop();
        }

        if self.code_lines.is_empty() {
            return;
        }

        let code = std::mem::take(&mut self.code_lines).join("\n");
        let (breaks, code) = split_breaks(&code);
        self.html
            .push_str(&format!("<pre>{}</pre>", escaped(&code)));
        if !breaks.is_empty() {
            self.html.push_str(&format!("<p>{breaks}</p>"));
        }
    }

    fn close_open_blocks(&mut self) {
        self.close_lists();
        self.close_code();
    }

    fn images_of(&mut self, paragraph: &Paragraph) -> String {
        paragraph
            .images
            .iter()
            .map(|image| self.image(&image.resource_id, image.alt_text.as_deref()))
            .collect()
    }

    /// Returns the element of a picture; empty if the picture is left out.
    fn image(&mut self, id: &str, alt: Option<&str>) -> String {
        let alt = escaped(alt.unwrap_or_default());
        self.images
            .file_name(id)
            .map(|name| format!("<img src=\"{name}\" alt=\"{alt}\">"))
            .unwrap_or_default()
    }

    fn table(&mut self, table: &Table) -> String {
        let mut html = String::from("<table>");
        let has_marked_header = table.rows.iter().any(|row| row.is_header);
        for (index, row) in table.rows.iter().enumerate() {
            // Few authors mark the header row; where none is marked, it is the first.
            let is_header =
                row.is_header || (!has_marked_header && index == 0 && table.rows.len() > 1);
            let element = if is_header { "th" } else { "td" };

            html.push_str("<tr>");
            for cell in &row.cells {
                html.push_str(&self.cell(cell, element));
            }
            html.push_str("</tr>");
        }

        html.push_str("</table>");
        html
    }

    fn cell(&mut self, cell: &Cell, element: &str) -> String {
        let mut html = format!(
            "<{element} colspan=\"{}\" rowspan=\"{}\">",
            cell.col_span, cell.row_span
        );
        for paragraph in &cell.content {
            let images = self.images_of(paragraph);
            let bullet = if paragraph.list_info.is_some() {
                "• "
            } else {
                ""
            };
            html.push_str(&format!(
                "<p>{bullet}{}{images}</p>",
                inline_html(&paragraph.runs)
            ));
        }

        for table in &cell.nested_tables {
            html.push_str(&self.table(table));
        }

        html.push_str(&format!("</{element}>"));
        html
    }
}

/// Writes text with its emphasis, without what a reviewer deleted.
fn inline_html(runs: &[TextRun]) -> String {
    let mut html = String::new();
    for run in runs
        .iter()
        .filter(|run| run.revision != RevisionType::Deleted)
    {
        if let Some(note) = &run.note {
            html.push_str(&format!("[{}]", escaped(note)));
        }

        let (breaks, text) = split_breaks(&run.text);
        html.push_str(&breaks);
        html.push_str(&emphasised(run, &text));

        if run.line_break {
            html.push_str("<br>");
        }
    }

    html
}

/// Separates the page breaks from the text that contains them.
fn split_breaks(text: &str) -> (String, String) {
    text.chars().partition(|&c| c == BREAK)
}

fn without_emphasis(mut run: TextRun) -> TextRun {
    (run.style.bold, run.style.italic) = (false, false);
    run
}

fn is_code_run(run: &TextRun) -> bool {
    let font = run.style.font.as_deref().unwrap_or_default().to_lowercase();
    run.style.code || CODE_FONTS.iter().any(|name| font.contains(name))
}

fn emphasised(run: &TextRun, text: &str) -> String {
    if text.trim().is_empty() {
        return escaped(text);
    }

    let style = &run.style;
    let code = is_code_run(run);

    let mut html = escaped(text);
    for (applies, element) in [
        (code, "code"),
        (style.superscript && !code, "sup"),
        (style.subscript && !code, "sub"),
        (style.strikethrough && !code, "del"),
        (style.italic && !code, "em"),
        (style.bold && !code, "strong"),
    ] {
        if applies {
            html = format!("<{element}>{html}</{element}>");
        }
    }

    match &run.hyperlink {
        Some(target) => format!("<a href=\"{}\">{html}</a>", escaped(target)),
        None => html,
    }
}

/// Reports whether a paragraph is code: by its style, or because all its text is in a code font.
fn is_code(paragraph: &Paragraph) -> bool {
    if paragraph.heading.is_heading()
        || paragraph.list_info.is_some()
        || !paragraph.images.is_empty()
    {
        return false;
    }

    let style = style_name(paragraph);
    if CODE_STYLES.iter().any(|name| style.contains(name)) {
        return true;
    }

    let mut runs = paragraph
        .runs
        .iter()
        .filter(|run| !run.text.trim_matches([' ', BREAK]).is_empty())
        .peekable();
    runs.peek().is_some() && runs.all(|run| is_code_run(run) && run.hyperlink.is_none())
}

/// Returns the unformatted text of a paragraph of code, without what a reviewer deleted.
fn code_text(runs: &[TextRun]) -> String {
    let mut text = String::new();
    for run in runs
        .iter()
        .filter(|run| run.revision != RevisionType::Deleted)
    {
        text.push_str(&run.text);
        if run.line_break {
            text.push('\n');
        }
    }

    text
}
