//! Writes blocks as HTML, with the lists and the code that consecutive paragraphs form.

use super::numbering::Label;
use crate::html::escape::html as escaped;

/// Where blocks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Body,
    /// A table cell, which has lines but no blocks.
    Cell,
    /// A footnote or endnote.
    Note,
}

#[derive(Debug)]
struct OpenList {
    level: u8,
    numbered: bool,
    /// The number that the next item gets by itself.
    next_number: u32,
}

#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) place: Place,
    html: String,
    /// Lists that are open, outermost first.
    open_lists: Vec<OpenList>,
    /// Lines of code that are not written yet, and the page breaks in them.
    code_lines: Vec<String>,
    code_breaks: String,
}

impl Blocks {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            html: String::new(),
            open_lists: Vec::new(),
            code_lines: Vec::new(),
            code_breaks: String::new(),
        }
    }

    /// Closes all blocks and returns the HTML.
    pub(super) fn finish(mut self) -> String {
        self.close();
        self.html
    }

    pub(super) fn paragraph(&mut self, html: &str) {
        self.close();
        self.html.push_str(&format!("<p>{html}</p>"));
    }

    pub(super) fn heading(&mut self, level: u8, text: &str, after: &str) {
        self.close();
        let level = level.clamp(1, 6);
        self.html
            .push_str(&format!("<h{level}>{text}</h{level}>{after}"));
    }

    /// Writes HTML that is a block by itself.
    pub(super) fn block(&mut self, html: &str) {
        self.close();
        self.html.push_str(html);
    }

    /// Adds a line to the code at the end.
    pub(super) fn code_line(&mut self, line: String, page_breaks: &str) {
        self.close_lists();
        self.code_lines.push(line);
        self.code_breaks.push_str(page_breaks);
    }

    pub(super) fn in_code(&self) -> bool {
        !self.code_lines.is_empty()
    }

    /// Writes a list item. Markdown numbers items by itself, but only with plain numbers; other
    /// labels are part of the text.
    pub(super) fn item(&mut self, level: u8, label: &Label, html: &str) {
        self.close_code();
        let number = label.plain_number();
        self.open_item(level, number);
        if let (None, Label::Text(_)) = (number, label) {
            self.html.push_str(&written(label));
        }
        self.html.push_str(html);
    }

    /// Starts a list item, after closing and opening lists as its level requires.
    fn open_item(&mut self, level: u8, number: Option<u32>) {
        while self
            .open_lists
            .last()
            .is_some_and(|last| last.level > level || (last.level == level && !last.takes(number)))
        {
            self.close_list();
        }

        match self.open_lists.last_mut() {
            Some(last) if last.level == level => {
                last.next_number = last.next_number.saturating_add(1);
                self.html.push_str("</li><li>");
            }
            _ => self.open_list(level, number),
        }
    }

    fn open_list(&mut self, level: u8, number: Option<u32>) {
        let opening = match number {
            None => "<ul><li>".to_owned(),
            Some(1) => "<ol><li>".to_owned(),
            Some(number) => format!("<ol start=\"{number}\"><li>"),
        };

        self.html.push_str(&opening);
        self.open_lists.push(OpenList {
            level,
            numbered: number.is_some(),
            next_number: number.unwrap_or(0).saturating_add(1),
        });
    }

    fn close_list(&mut self) {
        if let Some(list) = self.open_lists.pop() {
            self.html.push_str(if list.numbered {
                "</li></ol>"
            } else {
                "</li></ul>"
            });
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

        let breaks = std::mem::take(&mut self.code_breaks);
        let code = std::mem::take(&mut self.code_lines).join("\n");
        if !code.is_empty() {
            self.html
                .push_str(&format!("<pre>{}</pre>", escaped(&code)));
        }
        if !breaks.is_empty() {
            self.html.push_str(&format!("<p>{breaks}</p>"));
        }
    }

    fn close(&mut self) {
        self.close_lists();
        self.close_code();
    }
}

impl OpenList {
    /// Reports whether an item with this number continues the list.
    fn takes(&self, number: Option<u32>) -> bool {
        match number {
            Some(number) => self.numbered && number == self.next_number,
            None => !self.numbered,
        }
    }
}

/// Returns a label with a space after it, as HTML. Word may have a tab there, or nothing, because it
/// can move the text away from the label.
pub(super) fn written(label: &Label) -> String {
    match label {
        Label::Bullet => "• ".to_owned(),
        Label::Text(label) => format!("{} ", escaped(label.trim())),
    }
}
