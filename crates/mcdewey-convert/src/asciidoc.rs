//! Converts AsciiDoc: normalises the source for the `asciidoc-parser` crate, writes the parsed
//! document as HTML and converts that like any page. Never reads included files.

mod blocks;
mod conditions;
mod normalise;
mod table;

#[cfg(test)]
mod tests;

use asciidoc_parser::document::InterpretedValue;
use asciidoc_parser::parser::ModificationContext;
use asciidoc_parser::{Document, Parser};
use mcdewey_core::{ConvertError, ConvertedDocument};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html::{self, escape};
use crate::text::{list, unicode};

pub(crate) const VERSION: &str = "asciidoc-2";

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    let (text, mut warnings) = unicode(bytes)?;
    if text.trim().is_empty() {
        return Err(ConvertError("the file is empty".to_owned()));
    }

    let source = normalise::normalise(&text);
    if !source.includes.is_empty() {
        warnings.push(format!(
            "the file includes other files, whose text is missing: {}",
            list(&source.includes)
        ));
    }

    // A document that breaks the parser is still worth searching, so its source is kept.
    guarded(|| convert_source(&source.text, &warnings)).or_else(|error| {
        warnings.push(format!(
            "the file could not be parsed and was read as plain text: {error}"
        ));
        Ok(ConvertedDocument {
            markdown: plain_text_markdown(&text),
            warnings,
            ..ConvertedDocument::default()
        })
    })
}

fn convert_source(text: &str, warnings: &[String]) -> Result<ConvertedDocument, ConvertError> {
    // `relfilesuffix` leaves the targets of links to other documents unchanged; `experimental`
    // enables the macros for keys and menus; `attribute-missing` keeps lines with names that have no
    // value, which documents may ask to drop.
    let mut parser = Parser::default()
        .with_intrinsic_attribute("relfilesuffix", ".adoc", ModificationContext::Anywhere)
        .with_intrinsic_attribute("attribute-missing", "skip", ModificationContext::ApiOnly)
        .with_intrinsic_attribute_bool("experimental", true, ModificationContext::Anywhere);
    let document = parser.parse(text);

    let front_matter = FrontMatter {
        title: document.doctitle_sanitized(),
        updated: attribute(&document, "revdate"),
        lang: attribute(&document, "lang"),
        ..FrontMatter::default()
    };

    let mut warnings = warnings.to_vec();
    let conditions = conditions::left_out(text, document.span().data());
    if !conditions.is_empty() {
        warnings.push(format!(
            "text under conditions that do not hold is left out: {}",
            list(&conditions)
        ));
    }
    let markdown = html::fragment(
        &blocks::document_html(&document),
        &front_matter,
        &mut warnings,
    )?;

    Ok(ConvertedDocument {
        markdown,
        warnings,
        ..ConvertedDocument::default()
    })
}

fn attribute(document: &Document<'_>, name: &str) -> Option<String> {
    match document.attribute_value(name) {
        InterpretedValue::Value(value) => Some(value),
        _ => None,
    }
}

/// The source with its headings as Markdown and everything else escaped. For documents that the
/// parser fails on.
fn plain_text_markdown(text: &str) -> String {
    text.lines().map(plain_text_line).collect()
}

fn plain_text_line(line: &str) -> String {
    let level = line.bytes().take_while(|&byte| byte == b'=').count();
    if (1..=6).contains(&level) && line[level..].starts_with(' ') {
        let title = escape::markdown(line[level..].trim());
        format!("\n{} {title}\n\n", "#".repeat(level))
    } else {
        format!("{}\n", escape::markdown(line))
    }
}
