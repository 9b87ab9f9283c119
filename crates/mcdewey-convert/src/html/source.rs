//! Decodes the bytes of a page, expands the templates in its scripts and finds the files that it
//! includes.

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mcdewey_core::ConvertError;
use regex::{Captures, Regex};

use super::escape::BACKSLASH_PLACEHOLDER;
use crate::text::{list, without_nul};

/// How many bytes are searched for the encoding. Browsers search the first kilobyte, but exports
/// put comments before the declaration.
const ENCODING_SEARCH_BYTES: usize = 8 * 1024;

static CHARSET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:<meta[^>]{0,200}charset\s*=|<\?xml[^>]{0,100}encoding\s*=)\s*["']?\s*([\w:.-]+)"#,
    )
    .expect("the pattern is valid")
});
static INCLUDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)<!--\s*#\s*include\s+(?:virtual|file)\s*=\s*["']([^"'\n]{1,300})["']\s*-->"#)
        .expect("the pattern is valid")
});
static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?is)<script\b[^>]{0,300}\btype\s*=\s*["']?"#,
        r#"(?:text/(?:x-)?(?:handlebars|mustache|html|template)[^"'\s>]*)["']?[^>]*>"#,
        r"(.*?)</script\s*>",
    ))
    .expect("the pattern is valid")
});
static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{\{?[^{}\n]{1,200}\}?\}\}").expect("the pattern is valid"));
/// A tag with a placeholder in it.
static TAG_WITH_PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<[A-Za-z][^<>]*\{\{[^<>]*>").expect("the pattern is valid"));
/// An empty element in XML notation, which an HTML parser would take for an opening tag.
static SELF_CLOSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"<(a|b|code|dd|div|em|i|li|p|script|span|strong|td|th|tt)((?:\s[^<>]*)?)/>")
        .expect("the pattern is valid")
});

/// Substrings in the names of included files that do not contain a page's text.
const NOT_TEXT: [&str; 6] = [".js", ".css", "header", "footer", "_top", "_nav"];

/// A decoded page, not parsed yet.
pub(super) struct Source {
    pub(super) html: String,
    /// The files that server-side includes would have inserted.
    pub(super) includes: Vec<String>,
    pub(super) warnings: Vec<String>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<Source, ConvertError> {
    let mut warnings = Vec::new();
    let text = decode_text(bytes, &mut warnings).replace(BACKSLASH_PLACEHOLDER, "");
    let text = without_nul(text, &mut warnings)?;

    let includes = INCLUDE
        .captures_iter(&text)
        .map(|include| include[1].to_owned())
        .filter(|name| !NOT_TEXT.iter().any(|part| name.contains(part)))
        .collect();

    let mut html = expand_templates(&text, &mut warnings);
    if html.trim_start().starts_with("<?xml") {
        html = SELF_CLOSED.replace_all(&html, "<$1$2></$1>").into_owned();
    }

    Ok(Source {
        html,
        includes,
        warnings,
    })
}

/// Decodes by the byte-order mark, else by the declared encoding, else by a guess.
fn decode_text(bytes: &[u8], warnings: &mut Vec<String>) -> String {
    let (encoding, mark_length) = Encoding::for_bom(bytes).unwrap_or_else(|| {
        let encoding = declared_encoding(bytes).unwrap_or_else(|| guess_encoding(bytes, warnings));
        (encoding, 0)
    });

    let (text, has_invalid_bytes) = encoding.decode_without_bom_handling(&bytes[mark_length..]);
    if has_invalid_bytes {
        warnings.push(format!(
            "some bytes are not valid {} and appear as \u{FFFD}",
            encoding.name()
        ));
    }

    text.into_owned()
}

/// The encoding that the page declares. UTF-16 is taken for UTF-8: the declaration could not have
/// been found in a page that really is UTF-16.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(ENCODING_SEARCH_BYTES)]);
    let encoding = Encoding::for_label(CHARSET.captures(&head)?[1].as_bytes())?;
    Some(if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else {
        encoding
    })
}

fn guess_encoding(bytes: &[u8], warnings: &mut Vec<String>) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }

    warnings.push(
        "the page declares no encoding and is not UTF-8; it was read as windows-1252".to_owned(),
    );
    WINDOWS_1252
}

/// Inserts the templates in scripts into the page. The values of their placeholders are in other
/// files. Placeholders are dropped inside tags, where they are part of links, and show their names
/// in text: a command with a gap in it would be a wrong command.
fn expand_templates(text: &str, warnings: &mut Vec<String>) -> String {
    let mut missing: Vec<String> = Vec::new();
    let html = TEMPLATE.replace_all(text, |template: &Captures<'_>| {
        let body = TAG_WITH_PLACEHOLDER.replace_all(&template[1], |tag: &Captures<'_>| {
            PLACEHOLDER.replace_all(&tag[0], "").into_owned()
        });

        let body = PLACEHOLDER.replace_all(&body, |placeholder: &Captures<'_>| {
            let name = placeholder[0].trim_matches(['{', '}', ' ']);
            if !is_value_name(name) {
                return String::new();
            }

            missing.push(name.to_owned());
            format!("{{{name}}}")
        });

        format!("<div>{body}</div>")
    });

    if !missing.is_empty() {
        let count = missing.len();
        missing.sort();
        missing.dedup();
        warnings.push(format!(
            "{count} template values are defined in other files and appear as their names: {}",
            list(&missing)
        ));
    }

    html.into_owned()
}

/// Whether a placeholder stands for a value and is not part of a condition or loop.
fn is_value_name(name: &str) -> bool {
    name != "else"
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, usize) {
        let mut warnings = Vec::new();
        (decode_text(bytes, &mut warnings), warnings.len())
    }

    #[test]
    fn decodes_by_mark_then_declaration_then_guess() {
        assert_eq!(decoded(b"\xFF\xFE<\0p\0>\0"), ("<p>".to_owned(), 0));
        assert_eq!(
            decoded(b"<meta charset=\"iso-8859-2\">\xB1"),
            ("<meta charset=\"iso-8859-2\">\u{105}".to_owned(), 0)
        );
        assert_eq!(decoded("é".as_bytes()), ("é".to_owned(), 0));
        assert_eq!(decoded(b"\x93q\x94"), ("\u{201C}q\u{201D}".to_owned(), 1));
    }

    #[test]
    fn expands_templates() {
        let page = "<script id=\"a\" type=\"text/x-handlebars-template\">\
                    <h2>Ports {{version}}</h2>{{#if x}}y{{/if}}\
                    <a href=\"/{{version}}/p\">p</a></script><script>let a = 1;</script>";
        let source = decode(page.as_bytes()).unwrap();
        let expected =
            "<div><h2>Ports {version}</h2>y<a href=\"//p\">p</a></div><script>let a = 1;</script>";
        assert_eq!(source.html, expected);
        assert_eq!(
            source.warnings,
            ["1 template values are defined in other files and appear as their names: version"]
        );
    }

    #[test]
    fn keeps_empty_xhtml_elements_empty() {
        let source = decode(b"<?xml version=\"1.0\"?><p><a id=\"x\"/>Text</p>").unwrap();
        assert!(
            source.html.ends_with("<p><a id=\"x\"></a>Text</p>"),
            "{}",
            source.html
        );
    }
}
