//! The bytes of a page as HTML: its encoding, the templates in its scripts, and the files it includes.

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mcdewey_core::ConvertError;
use regex::{Captures, Regex};

use super::escape::BACKSLASH;
use crate::text::{list, without_nul};

/// Browsers look for the encoding in the first kilobyte; exports put comments before it.
const ENCODING_WITHIN: usize = 8 * 1024;

static CHARSET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:<meta[^>]{0,200}charset\s*=|<\?xml[^>]{0,100}encoding\s*=)\s*["']?\s*([\w:.-]+)"#,
    )
    .expect("a valid pattern")
});
static INCLUDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)<!--\s*#\s*include\s+(?:virtual|file)\s*=\s*["']([^"'\n]{1,300})["']\s*-->"#)
        .expect("a valid pattern")
});
static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?is)<script\b[^>]{0,300}\btype\s*=\s*["']?(?:text/(?:x-)?(?:handlebars|mustache|html|template)[^"'\s>]*)["']?[^>]*>(.*?)</script\s*>"#)
        .expect("a valid pattern")
});
static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{\{?[^{}\n]{1,200}\}?\}\}").expect("a valid pattern"));
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<[A-Za-z][^<>]*\{\{[^<>]*>").expect("a valid pattern"));
static EMPTY_ELEMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"<(a|b|code|dd|div|em|i|li|p|script|span|strong|td|th|tt)((?:\s[^<>]*)?)/>")
        .expect("a valid pattern")
});

/// Parts of names of included files that are no text.
const AROUND: [&str; 6] = [".js", ".css", "header", "footer", "_top", "_nav"];

/// A page before it is parsed.
pub(super) struct Source {
    pub(super) html: String,
    /// The files that the server would have put into it.
    pub(super) includes: Vec<String>,
    pub(super) warnings: Vec<String>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Source, ConvertError> {
    let mut warnings = Vec::new();
    let text = without_nul(
        decode(bytes, &mut warnings).replace(BACKSLASH, ""),
        &mut warnings,
    )?;

    let mut includes: Vec<String> = INCLUDE
        .captures_iter(&text)
        .map(|found| found[1].to_owned())
        .collect();
    includes.retain(|name| !AROUND.iter().any(|part| name.contains(part)));
    let html = unpack(&text, &mut warnings);

    let html = match html.trim_start().starts_with("<?xml") {
        true => EMPTY_ELEMENT.replace_all(&html, "<$1$2></$1>").into_owned(),
        false => html,
    };

    Ok(Source {
        html,
        includes,
        warnings,
    })
}

fn decode(bytes: &[u8], warnings: &mut Vec<String>) -> String {
    let (encoding, mark) = match Encoding::for_bom(bytes) {
        Some(found) => found,
        None => (stated(bytes).unwrap_or_else(|| guess(bytes, warnings)), 0),
    };
    let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
    if broken {
        warnings.push(format!(
            "some bytes are no {} text and show as \u{FFFD}",
            encoding.name()
        ));
    }

    text.into_owned()
}

/// The encoding that the page states; one that could not have been read so far is UTF-8.
fn stated(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(ENCODING_WITHIN)]);
    let encoding = Encoding::for_label(CHARSET.captures(&head)?[1].as_bytes())?;
    Some(if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else {
        encoding
    })
}

fn guess(bytes: &[u8], warnings: &mut Vec<String>) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    warnings.push("it states no encoding and is not UTF-8; it was read as windows-1252".to_owned());
    WINDOWS_1252
}

/// Templates in scripts become part of the page. Their placeholders, whose values stand elsewhere, fall away in links and
/// show their names in text: a command with a gap in it would be a wrong command.
fn unpack(text: &str, warnings: &mut Vec<String>) -> String {
    let mut unknown: Vec<String> = Vec::new();
    let html = TEMPLATE.replace_all(text, |template: &Captures<'_>| {
        let links = TAG.replace_all(&template[1], |tag: &Captures<'_>| {
            PLACEHOLDER.replace_all(&tag[0], "").into_owned()
        });

        let body = PLACEHOLDER.replace_all(&links, |placeholder: &Captures<'_>| {
            let name = placeholder[0].trim_matches(['{', '}', ' ']);
            if name == "else"
                || !name
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '_' || c == '.')
            {
                return String::new();
            }

            unknown.push(name.to_owned());
            format!("{{{name}}}")
        });

        format!("<div>{body}</div>")
    });

    if !unknown.is_empty() {
        let count = unknown.len();
        unknown.sort();
        unknown.dedup();
        warnings.push(format!(
            "{count} times a value stands in another file and only its name shows: {}",
            list(&unknown)
        ));
    }

    html.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, usize) {
        let mut warnings = Vec::new();
        (decode(bytes, &mut warnings), warnings.len())
    }

    #[test]
    fn encodings_come_from_marks_then_the_page_then_a_guess() {
        assert_eq!(decoded(b"\xFF\xFE<\0p\0>\0"), ("<p>".to_owned(), 0));
        let stated = decoded(b"<meta charset=\"iso-8859-2\">\xB1");
        assert_eq!(
            stated,
            ("<meta charset=\"iso-8859-2\">\u{105}".to_owned(), 0)
        );
        assert_eq!(decoded("é".as_bytes()), ("é".to_owned(), 0));
        assert_eq!(decoded(b"\x93q\x94"), ("\u{201C}q\u{201D}".to_owned(), 1));
    }

    #[test]
    fn templates_become_part_of_the_page() {
        let page = "<script id=\"a\" type=\"text/x-handlebars-template\"><h2>Ports {{version}}</h2>{{#if x}}y{{/if}}\
                    <a href=\"/{{version}}/p\">p</a></script><script>let a = 1;</script>";
        let source = read(page.as_bytes()).unwrap();
        let expected =
            "<div><h2>Ports {version}</h2>y<a href=\"//p\">p</a></div><script>let a = 1;</script>";
        assert_eq!(source.html, expected);
        assert_eq!(
            source.warnings,
            ["1 times a value stands in another file and only its name shows: version"]
        );
    }

    #[test]
    fn empty_elements_of_xhtml_stay_empty() {
        let source = read(b"<?xml version=\"1.0\"?><p><a id=\"x\"/>Text</p>").unwrap();
        assert!(
            source.html.ends_with("<p><a id=\"x\"></a>Text</p>"),
            "{}",
            source.html
        );
    }
}
