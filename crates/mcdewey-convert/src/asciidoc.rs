//! AsciiDoc: brought into the form that its parser knows, then written as HTML, which becomes Markdown like any page.

mod blocks;
mod normal;
mod table;

#[cfg(test)]
mod tests;

use asciidoc_parser::document::InterpretedValue;
use asciidoc_parser::parser::ModificationContext;
use asciidoc_parser::{Document, Parser};
use mcdewey_core::{ConvertError, Converted};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::html::{self, escape};

pub(crate) const VERSION: &str = "asciidoc-1";

pub(crate) fn convert(bytes: &[u8]) -> Result<Converted, ConvertError> {
    let (text, warnings) = crate::text::unicode(bytes)?;
    if text.trim().is_empty() {
        return Err(ConvertError("it is empty".to_owned()));
    }

    let normal = normal::normal(&text);
    let mut warnings = warnings;
    if !normal.includes.is_empty() {
        warnings.push(format!(
            "it includes other files, which are not in it: {}",
            crate::text::list(&normal.includes)
        ));
    }

    match guarded(|| parsed(&normal.text, &warnings)) {
        Ok(converted) => Ok(converted),
        Err(error) => {
            warnings.push(format!(
                "it could not be parsed and was read as plain text: {error}"
            ));
            Ok(Converted {
                markdown: plain(&text),
                images: Vec::new(),
                warnings,
            })
        }
    }
}

fn parsed(text: &str, warnings: &[String]) -> Result<Converted, ConvertError> {
    // Links to other documents keep their targets, and keys and menus are read as such.
    let mut parser = Parser::default()
        .with_intrinsic_attribute("relfilesuffix", ".adoc", ModificationContext::Anywhere)
        .with_intrinsic_attribute_bool("experimental", true, ModificationContext::Anywhere);
    let document = parser.parse(text);
    let about = FrontMatter {
        title: document.doctitle_sanitized(),
        updated: attribute(&document, "revdate"),
        lang: attribute(&document, "lang"),
        ..FrontMatter::default()
    };

    let mut warnings = warnings.to_vec();
    let markdown = html::fragment(&blocks::html(&document), &about, &mut warnings)?;
    Ok(Converted {
        markdown,
        images: Vec::new(),
        warnings,
    })
}

fn attribute(document: &Document<'_>, name: &str) -> Option<String> {
    match document.attribute_value(name) {
        InterpretedValue::Value(value) => Some(value),
        _ => None,
    }
}

/// The lines as they are, headings apart; for what cannot be parsed.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let marks = line.bytes().take_while(|&byte| byte == b'=').count();
        match (1..=6).contains(&marks) && line[marks..].starts_with(' ') {
            true => format!(
                "\n{} {}\n\n",
                "#".repeat(marks),
                escape::text(line[marks..].trim())
            ),
            false => format!("{}\n", escape::text(line)),
        }
    });
    lines.collect()
}
