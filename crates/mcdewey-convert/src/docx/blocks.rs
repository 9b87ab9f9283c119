//! The blocks of a document as HTML.

use undoc::model::{Block, Document, ListType, Paragraph, RevisionType, Table, TextRun};

use super::images::Images;
use super::pages::BREAK;
use crate::html::escape::html as escaped;

/// Names of styles for code contain one of these.
const CODE: [&str; 6] = [
    "code",
    "source",
    "preformatted",
    "listing",
    "macro text",
    "terminal",
];

/// Fonts for code contain one of these in their names.
const FONTS: [&str; 6] = [
    "courier",
    "consolas",
    "mono",
    "menlo",
    "lucida console",
    "cascadia",
];

/// Everything in order, notes at the end.
pub(super) fn html(document: &Document, images: &mut Images<'_>) -> String {
    let mut writer = Writer {
        out: String::new(),
        lists: Vec::new(),
        code: Vec::new(),
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
                writer.end();
                let table = writer.table(table);
                writer.out.push_str(&table);
            }
            Block::Image {
                resource_id,
                alt_text,
                ..
            } => {
                let image = writer.image(resource_id, alt_text.as_deref());
                writer.out.push_str(&image);
            }
            Block::Note { label, content } => {
                let text: Vec<String> = content
                    .iter()
                    .map(|paragraph| writer.runs(&paragraph.runs))
                    .collect();

                notes.push_str(&format!(
                    "<li>[{}] {}</li>",
                    escaped(label),
                    text.join("<br>")
                ));
            }
            Block::PageBreak | Block::SectionBreak => {}
        }
    }

    writer.end();
    if !notes.is_empty() {
        writer
            .out
            .push_str(&format!("<p><strong>Notes</strong></p><ul>{notes}</ul>"));
    }

    writer.out
}

/// The text in the style of a title.
pub(super) fn title(document: &Document) -> Option<String> {
    let titled = |block: &Block| match block {
        Block::Paragraph(paragraph) if style(paragraph) == "title" => {
            Some(paragraph.plain_text().replace(BREAK, ""))
        }
        _ => None,
    };

    document
        .sections
        .iter()
        .flat_map(|section| &section.content)
        .find_map(titled)
        .filter(|title| !title.trim().is_empty())
}

fn style(paragraph: &Paragraph) -> String {
    paragraph
        .style_name
        .as_deref()
        .or(paragraph.style_id.as_deref())
        .unwrap_or_default()
        .to_lowercase()
}

/// Word's own styles for lists name their level ("List Bullet 2") and number them all as the first.
fn level_of_style(paragraph: &Paragraph) -> u8 {
    let style = style(paragraph);
    let number = style
        .strip_prefix("list bullet ")
        .or_else(|| style.strip_prefix("list number "));

    number
        .and_then(|number| number.parse::<u8>().ok())
        .map_or(0, |number| number.clamp(1, 9) - 1)
}

struct Writer<'a, 'b> {
    out: String,
    /// The lists that are open, outermost first: the level of each and the element that closes it.
    lists: Vec<(u8, &'static str)>,
    /// Lines of code that have gathered.
    code: Vec<String>,
    images: &'a mut Images<'b>,
}

impl Writer<'_, '_> {
    fn paragraph(&mut self, paragraph: &Paragraph) {
        let text = paragraph.plain_text();
        let empty = text.trim().is_empty() && paragraph.images.is_empty();
        if is_code(paragraph) && (!empty || !self.code.is_empty()) {
            self.end_lists();
            self.code.push(lines(&paragraph.runs));
            return;
        }

        self.end_code();
        if empty {
            return;
        }

        let pictures: String = paragraph
            .images
            .iter()
            .map(|image| self.image(&image.resource_id, image.alt_text.as_deref()))
            .collect();

        let runs = match paragraph.heading.is_heading() {
            // The style of headings is bold; that says nothing.
            true => self.runs(
                &paragraph
                    .runs
                    .iter()
                    .cloned()
                    .map(without_weight)
                    .collect::<Vec<_>>(),
            ),
            false => self.runs(&paragraph.runs),
        };

        match (&paragraph.list_info, paragraph.heading.level()) {
            (_, level @ 1..=9) => {
                self.end_lists();
                let level = level.min(6);
                self.out
                    .push_str(&format!("<h{level}>{runs}</h{level}>{pictures}"));
            }
            (Some(list), _) if list.list_type != ListType::None => {
                let numbered = list.list_type == ListType::Numbered;
                let named = level_of_style(paragraph);
                self.item(
                    list.level.max(named),
                    numbered,
                    list.number.filter(|_| named == 0),
                );
                self.out.push_str(&format!("{runs}{pictures}"));
            }
            _ => {
                self.end_lists();
                self.out.push_str(&format!("<p>{runs}{pictures}</p>"));
            }
        }
    }

    /// Begins an item of a list, and the lists that it takes.
    fn item(&mut self, level: u8, numbered: bool, number: Option<u32>) {
        let (open, close) = if numbered {
            ("ol", "</li></ol>")
        } else {
            ("ul", "</li></ul>")
        };

        while self
            .lists
            .last()
            .is_some_and(|(last, kind)| *last > level || (*last == level && *kind != close))
        {
            self.end_list();
        }

        match self.lists.last() {
            Some((last, _)) if *last == level => self.out.push_str("</li><li>"),
            _ => {
                let start = number
                    .filter(|number| numbered && *number != 1)
                    .map(|number| format!(" start=\"{number}\""))
                    .unwrap_or_default();
                self.out.push_str(&format!("<{open}{start}><li>"));
                self.lists.push((level, close));
            }
        }
    }

    fn end_list(&mut self) {
        if let Some((_, close)) = self.lists.pop() {
            self.out.push_str(close);
        }
    }

    fn end_lists(&mut self) {
        while !self.lists.is_empty() {
            self.end_list();
        }
    }

    fn end_code(&mut self) {
        while self.code.last().is_some_and(|line| line.trim().is_empty()) {
            self.code.pop();
        }

        if !self.code.is_empty() {
            let code = std::mem::take(&mut self.code).join("\n");
            let breaks: String = code.chars().filter(|&c| c == BREAK).collect();
            self.out
                .push_str(&format!("<pre>{}</pre>", escaped(&code.replace(BREAK, ""))));
            if !breaks.is_empty() {
                self.out.push_str(&format!("<p>{breaks}</p>"));
            }
        }
    }

    fn end(&mut self) {
        self.end_lists();
        self.end_code();
    }

    fn image(&mut self, id: &str, alt: Option<&str>) -> String {
        let alt = escaped(alt.unwrap_or_default());
        self.images
            .name(id)
            .map(|name| format!("<img src=\"{name}\" alt=\"{alt}\">"))
            .unwrap_or_default()
    }

    /// Text with its emphasis; what a reviewer deleted is left out.
    fn runs(&self, runs: &[TextRun]) -> String {
        let mut out = String::new();
        for run in runs
            .iter()
            .filter(|run| run.revision != RevisionType::Deleted)
        {
            if let Some(note) = &run.note {
                out.push_str(&format!("[{}]", escaped(note)));
            }

            let breaks: String = run.text.chars().filter(|&c| c == BREAK).collect();
            let text = run.text.replace(BREAK, "");
            out.push_str(&breaks);
            out.push_str(&emphasised(run, &text));

            if run.line_break {
                out.push_str("<br>");
            }
        }

        out
    }

    fn table(&mut self, table: &Table) -> String {
        let mut out = String::from("<table>");
        let marked = table.rows.iter().any(|row| row.is_header);
        for (at, row) in table.rows.iter().enumerate() {
            // Few authors mark the row with the columns' names; it is the first.
            let names = row.is_header || (!marked && at == 0 && table.rows.len() > 1);
            let cell = if names { "th" } else { "td" };
            out.push_str("<tr>");

            for column in &row.cells {
                out.push_str(&format!(
                    "<{cell} colspan=\"{}\" rowspan=\"{}\">",
                    column.col_span, column.row_span
                ));

                for paragraph in &column.content {
                    let pictures: String = paragraph
                        .images
                        .iter()
                        .map(|image| self.image(&image.resource_id, image.alt_text.as_deref()))
                        .collect();

                    let bullet = if paragraph.list_info.is_some() {
                        "• "
                    } else {
                        ""
                    };

                    out.push_str(&format!(
                        "<p>{bullet}{}{pictures}</p>",
                        self.runs(&paragraph.runs)
                    ));
                }

                for inner in &column.nested_tables {
                    out.push_str(&self.table(inner));
                }

                out.push_str(&format!("</{cell}>"));
            }

            out.push_str("</tr>");
        }

        out.push_str("</table>");
        out
    }
}

fn without_weight(mut run: TextRun) -> TextRun {
    (run.style.bold, run.style.italic) = (false, false);
    run
}

fn is_set_as_code(run: &TextRun) -> bool {
    let font = run.style.font.as_deref().unwrap_or_default().to_lowercase();
    run.style.code || FONTS.iter().any(|name| font.contains(name))
}

fn emphasised(run: &TextRun, text: &str) -> String {
    if text.trim().is_empty() {
        return escaped(text);
    }

    let style = &run.style;
    let code = is_set_as_code(run);

    let mut out = escaped(text);
    for (wanted, element) in [
        (code, "code"),
        (style.superscript && !code, "sup"),
        (style.subscript && !code, "sub"),
        (style.strikethrough && !code, "del"),
        (style.italic && !code, "em"),
        (style.bold && !code, "strong"),
    ] {
        if wanted {
            out = format!("<{element}>{out}</{element}>");
        }
    }

    match &run.hyperlink {
        Some(target) => format!("<a href=\"{}\">{out}</a>", escaped(target)),
        None => out,
    }
}

/// Code by its style, or since all of it is set like code.
fn is_code(paragraph: &Paragraph) -> bool {
    let style = style(paragraph);
    let styled = CODE.iter().any(|name| style.contains(name));
    let mut texts = paragraph
        .runs
        .iter()
        .filter(|run| !run.text.trim_matches([' ', BREAK]).is_empty())
        .peekable();

    let set =
        texts.peek().is_some() && texts.all(|run| is_set_as_code(run) && run.hyperlink.is_none());
    let text = !paragraph.heading.is_heading()
        && paragraph.list_info.is_none()
        && paragraph.images.is_empty();
    text && (styled || set)
}

/// The lines of code of a paragraph.
fn lines(runs: &[TextRun]) -> String {
    let kept = runs
        .iter()
        .filter(|run| run.revision != RevisionType::Deleted);
    kept.map(|run| format!("{}{}", run.text, if run.line_break { "\n" } else { "" }))
        .collect()
}
