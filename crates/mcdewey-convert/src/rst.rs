//! Converts reStructuredText as manuals use it. The parser is our own, because no crate keeps the
//! text of Sphinx's directives; it writes HTML, which is converted like any page. Text that it does
//! not understand is kept as it is. Never reads another file.

mod blocks;
mod containers;
mod directives;
mod footnotes;
mod inline;
mod lines;
mod lists;
mod objects;
mod references;
mod table;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use mcdewey_core::{ConvertError, ConvertedDocument};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html;
use crate::text::{list, unicode};
use footnotes::Footnotes;
use references::References;

pub(crate) const VERSION: &str = "rst-2";

/// Writes a document as HTML and collects what it says about itself.
struct Parser {
    references: References,
    /// The styles of titles in the order of their first use, which is that of their levels.
    title_styles: Vec<TitleStyle>,
    title: Option<String>,
    updated: Option<String>,
    footnotes: Footnotes,
    /// Whether the document describes objects of a program, so that `class` is one of them.
    describes_objects: bool,
    /// The files that the document includes.
    includes: Vec<String>,
    /// The objects whose text comes from the source of a program.
    generated: Vec<String>,
    /// The formats other than HTML in which the document has text.
    raw_formats: BTreeSet<String>,
    unknown_directives: BTreeSet<String>,
}

/// How a title is marked. The same character with and without overline are two levels.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TitleStyle {
    adornment: char,
    has_overline: bool,
}

impl Parser {
    fn new(lines: &[String]) -> Self {
        Self {
            references: References::collect(lines),
            describes_objects: objects::are_described(lines),
            title_styles: Vec::new(),
            title: None,
            updated: None,
            footnotes: Footnotes::default(),
            includes: Vec::new(),
            generated: Vec::new(),
            raw_formats: BTreeSet::new(),
            unknown_directives: BTreeSet::new(),
        }
    }

    /// Warnings about text that the document has elsewhere or that may be misunderstood.
    fn warnings(&self) -> impl Iterator<Item = String> {
        [
            (
                "the file includes other files, whose text is missing",
                self.includes.clone(),
            ),
            (
                "the file takes text from the source of a program, which is missing",
                self.generated.clone(),
            ),
            (
                "text in other formats than HTML is left out",
                self.raw_formats.iter().cloned().collect(),
            ),
            (
                "directives are not known, and their text is shown as it is",
                self.unknown_directives.iter().cloned().collect(),
            ),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(words, names)| format!("{words}: {}", list(&names)))
    }
}

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| {
        let (text, mut warnings) = unicode(bytes)?;
        let lines = lines::split(&text);
        if lines.iter().all(String::is_empty) {
            return Err(ConvertError("the file is empty".to_owned()));
        }

        let mut parser = Parser::new(&lines);
        let mut body = String::new();
        parser.blocks(&lines, 0, &mut body);
        warnings.extend(parser.warnings());

        let front_matter = FrontMatter {
            title: parser.title,
            updated: parser.updated,
            ..FrontMatter::default()
        };

        let markdown = html::fragment(&body, &front_matter, &mut warnings)?;
        Ok(ConvertedDocument {
            markdown,
            warnings,
            ..ConvertedDocument::default()
        })
    })
}
