//! Converts reStructuredText as manuals use it. The parser is our own, because no crate keeps the
//! text of Sphinx's directives; it writes HTML, which is converted like any page. Text that it does
//! not understand is kept as it is. Never reads another file.

mod blocks;
mod directives;
mod inline;
mod lines;
mod lists;
mod references;
mod table;

#[cfg(test)]
mod tests;

use mcdewey_core::{ConvertError, ConvertedDocument};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html;
use crate::text::{list, unicode};
use references::References;

pub(crate) const VERSION: &str = "rst-1";

/// Writes a document as HTML and collects what it says about itself.
struct Parser {
    references: References,
    /// The styles of titles in the order of their first use, which is that of their levels.
    title_styles: Vec<TitleStyle>,
    title: Option<String>,
    updated: Option<String>,
    /// The files that the document includes.
    includes: Vec<String>,
}

/// How a title is marked. The same character with and without overline are two levels.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TitleStyle {
    adornment: char,
    has_overline: bool,
}

impl Parser {
    fn new(references: References) -> Self {
        Self {
            references,
            title_styles: Vec::new(),
            title: None,
            updated: None,
            includes: Vec::new(),
        }
    }
}

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| {
        let (text, mut warnings) = unicode(bytes)?;
        let lines = lines::split(&text);
        if lines.iter().all(String::is_empty) {
            return Err(ConvertError("the file is empty".to_owned()));
        }

        let mut parser = Parser::new(References::collect(&lines));
        let mut body = String::new();
        parser.blocks(&lines, 0, &mut body);

        if !parser.includes.is_empty() {
            warnings.push(format!(
                "the file includes other files, whose text is missing: {}",
                list(&parser.includes)
            ));
        }

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
