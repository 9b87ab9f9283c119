//! The content of a paragraph: pieces of text that look alike, pictures and page breaks.

use std::rc::Rc;

use super::pages::BREAK;
use crate::html::escape::html as escaped;

/// How a piece of text looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) struck: bool,
    pub(super) superscript: bool,
    pub(super) subscript: bool,
    pub(super) code: bool,
    /// The address that the text leads to.
    pub(super) link: Option<Rc<str>>,
}

#[derive(Debug)]
enum Piece {
    /// Text in which line feeds and tabs are those of Word.
    Text(Look, String),
    /// An `img` element.
    Image(String),
    PageBreak,
}

/// The pieces of a paragraph in order. Word splits text for reasons of its own, so neighbours that
/// look alike are one piece.
#[derive(Debug, Default)]
pub(super) struct Pieces(Vec<Piece>);

impl Pieces {
    pub(super) fn push_text(&mut self, look: &Look, text: &str) {
        if text.is_empty() {
            return;
        }

        match self.0.last_mut() {
            Some(Piece::Text(last_look, last)) if last_look == look => last.push_str(text),
            _ => self.0.push(Piece::Text(look.clone(), text.to_owned())),
        }
    }

    pub(super) fn push_image(&mut self, file_name: &str, alternative: &str) {
        self.0.push(Piece::Image(format!(
            "<img src=\"{file_name}\" alt=\"{}\">",
            escaped(alternative)
        )));
    }

    pub(super) fn push_page_break(&mut self) {
        self.0.push(Piece::PageBreak);
    }

    /// The number of pieces, by which callers see whether something was added.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Reports whether the last piece is text that ends with a character.
    pub(super) fn ends_with(&self, character: char) -> bool {
        matches!(self.0.last(), Some(Piece::Text(_, text)) if text.ends_with(character))
    }

    /// Reports whether there is nothing to see and no page begins.
    pub(super) fn is_blank(&self) -> bool {
        self.0.iter().all(|piece| match piece {
            Piece::Text(_, text) => text.trim().is_empty(),
            Piece::Image(_) | Piece::PageBreak => false,
        })
    }

    /// Reports whether a page begins somewhere in the paragraph.
    pub(super) fn has_page_break(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::PageBreak))
    }

    /// Reports whether there is text, and all of it is in a font for code.
    pub(super) fn is_code(&self) -> bool {
        let mut texts = self.0.iter().filter_map(|piece| match piece {
            Piece::Text(look, text) if !text.trim().is_empty() => Some(look),
            _ => None,
        });
        let first_is_code = texts.next().is_some_and(|look| look.code);
        first_is_code && texts.all(|look| look.code && look.link.is_none()) && !self.has_image()
    }

    pub(super) fn has_image(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Image(_)))
    }

    /// Returns the text without how it looks.
    pub(super) fn plain_text(&self) -> String {
        self.0
            .iter()
            .filter_map(|piece| match piece {
                Piece::Text(_, text) => Some(text.as_str()),
                Piece::Image(_) | Piece::PageBreak => None,
            })
            .collect()
    }

    /// Returns the text as lines of code, and the page breaks in it.
    pub(super) fn code(&self) -> (String, String) {
        let breaks = self
            .0
            .iter()
            .filter(|piece| matches!(piece, Piece::PageBreak))
            .map(|_| BREAK)
            .collect();
        (self.plain_text(), breaks)
    }

    /// Writes the pieces as HTML.
    pub(super) fn to_html(&self) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(look, text) => lines(look, text),
            Piece::Image(image) => image.clone(),
            Piece::PageBreak => BREAK.to_string(),
        });
        pieces.collect()
    }

    /// Writes the pieces as the HTML of a heading: one line, not bold or italic by itself, with
    /// the pictures after it.
    pub(super) fn to_heading(&self) -> (String, String) {
        let mut text = String::new();
        let mut images = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(look, line) => {
                    let look = Look {
                        bold: false,
                        italic: false,
                        ..look.clone()
                    };
                    text.push_str(&emphasised(&look, &line.replace('\n', " ")));
                }
                Piece::Image(image) => images.push_str(image),
                Piece::PageBreak => text.push(BREAK),
            }
        }

        (text, images)
    }
}

/// Writes text with its line breaks outside of all other elements.
fn lines(look: &Look, text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| emphasised(look, line))
        .collect();
    lines.join("<br>")
}

fn emphasised(look: &Look, text: &str) -> String {
    let text = text.replace('\t', " ");
    if text.trim().is_empty() {
        return escaped(&text);
    }

    let mut html = escaped(&text);
    for (applies, element) in [
        (look.code, "code"),
        (look.superscript && !look.code, "sup"),
        (look.subscript && !look.code, "sub"),
        (look.struck && !look.code, "del"),
        (look.italic && !look.code, "em"),
        (look.bold && !look.code, "strong"),
    ] {
        if applies {
            html = format!("<{element}>{html}</{element}>");
        }
    }

    match &look.link {
        Some(address) => format!("<a href=\"{}\">{html}</a>", escaped(address)),
        None => html,
    }
}
