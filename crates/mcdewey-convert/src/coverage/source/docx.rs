//! The text of a Word document: the text nodes of its XML.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::Source;

/// The largest part that is read, in bytes.
const MAX_PART_BYTES: u64 = 256 * 1024 * 1024;

const RELATIONSHIPS: &str = "_rels/.rels";

/// Elements whose text readers do not see: deleted or moved away, field codes, and the substitutes
/// for drawings that follow the drawings themselves.
const NOT_SHOWN: [&str; 5] = [
    "w:del",
    "w:moveFrom",
    "w:instrText",
    "w:delInstrText",
    "mc:Fallback",
];

/// Elements that hold text.
const TEXT: [&str; 2] = ["w:t", "m:t"];

/// Elements that separate words. Between the runs of an equation stands what draws it.
const SEPARATORS: [&str; 6] = ["w:p", "w:br", "w:tab", "w:cr", "w:tc", "m:r"];

/// Reads the main part of a document.
pub(super) fn read(bytes: &[u8]) -> Option<Source> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let relationships = read_part(&mut archive, RELATIONSHIPS);
    let main = relationships
        .as_deref()
        .and_then(main_part)
        .unwrap_or("word/document.xml");
    let xml = read_part(&mut archive, main)?;
    Some(Source::text(shown_text(&xml)))
}

fn read_part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Option<String> {
    let mut part = Vec::new();
    archive
        .by_name(name)
        .ok()?
        .take(MAX_PART_BYTES)
        .read_to_end(&mut part)
        .ok()?;
    Some(String::from_utf8_lossy(&part).into_owned())
}

/// The target of the relationship to the document itself.
fn main_part(relationships: &str) -> Option<&str> {
    let relationship = relationships
        .split('<')
        .find(|tag| tag.contains("/officeDocument\""))?;
    let target = relationship.split_once("Target=\"")?.1.split_once('"')?.0;
    Some(target.trim_start_matches('/'))
}

fn shown_text(xml: &str) -> String {
    let mut text = String::new();
    // The element that is not shown and around the current position, with the number of elements
    // of its name that are open.
    let mut hidden: Option<(&str, usize)> = None;
    let mut run = Run::default();

    for markup in xml.split('<').skip(1) {
        let Some((tag, content)) = markup.split_once('>') else {
            continue;
        };
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| c.is_whitespace() || c == '/')
            .next()
            .unwrap_or_default();
        let (closes, is_empty) = (tag.starts_with('/'), tag.ends_with('/'));

        match &mut hidden {
            Some((open, depth)) if *open == name && !is_empty => {
                *depth = if closes { *depth - 1 } else { *depth + 1 };
                if *depth == 0 {
                    hidden = None;
                }
                continue;
            }
            Some(_) => continue,
            None if NOT_SHOWN.contains(&name) && !closes && !is_empty => {
                hidden = Some((name, 1));
                continue;
            }
            None => {}
        }

        run.visit(name, tag, closes);
        if SEPARATORS.contains(&name) {
            text.push('\n');
        }

        let begins_text = TEXT.contains(&name) && !closes && !is_empty;
        if begins_text && !run.is_hidden {
            text.push_str(&unescape(content));
        }
    }

    text
}

/// A run of characters with the same properties.
#[derive(Debug, Default)]
struct Run {
    is_hidden: bool,
}

impl Run {
    fn visit(&mut self, name: &str, tag: &str, closes: bool) {
        if name == "w:r" {
            self.is_hidden = false;
        } else if name == "w:vanish" && !closes {
            self.is_hidden = !["\"0\"", "\"false\"", "\"off\""]
                .iter()
                .any(|value| tag.contains(value));
        }
    }
}

/// Replaces the character references of XML.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }

    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}
