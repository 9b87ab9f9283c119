//! Separates the server's own words from document content, which may contain anything, including
//! instructions to a language model.
//!
//! Text is enclosed in tags ([`quote`]). Titles, headings and labels appear in attributes of the
//! tag, in quotation marks or as a JSON value of their own: on one line, bounded in length, without
//! invisible characters. Names that tools accept as arguments stay usable: [`name`] encodes them
//! and [`meant`] decodes them.

use std::borrow::Cow;

use mcdewey_core::{ContentHash, is_hidden, visible_line};
use percent_encoding::{percent_decode_str, utf8_percent_encode};

/// Prefix of the tags that enclose document text.
pub(super) const TAG: &str = "document";

/// Maximum length, in characters, of a caller's words or of a name in an error message.
const MAX_ECHO_CHARS: usize = 80;
/// Maximum length, in characters, of a title, heading or other label.
const MAX_LABEL_CHARS: usize = 200;
/// Maximum length, in characters, of a title with the headings below it.
const MAX_TITLE_CHARS: usize = 400;
/// Maximum length, in characters, of a source outside structured content.
const MAX_SOURCE_CHARS: usize = 400;
/// Maximum length of a URL; a longer one is omitted.
const MAX_URL_BYTES: usize = 1000;

/// Where quoted text comes from: the attributes of its tag. Empty ones are omitted.
#[derive(Debug, Clone, Default)]
pub(super) struct QuoteAttributes<'a> {
    /// The document's title, with the headings above the text.
    pub(super) title: &'a str,
    /// Product and version.
    pub(super) version: &'a str,
    /// The document's source.
    pub(super) source: &'a str,
    /// The page or section in readable form, such as "Page 118".
    pub(super) place: &'a str,
    /// The `id` that `read_doc` accepts, if the text is a chunk.
    pub(super) id: Option<&'a str>,
    /// The text as a web page. May contain the document's path, so it is not trusted either.
    pub(super) url: &'a str,
}

/// Encloses `text`, verbatim, in tags whose name does not occur in it, so no text can end its own
/// quotation.
pub(super) fn quote(text: &str, origin: &QuoteAttributes<'_>) -> String {
    let tag = tag_for(text, ContentHash::of(text));
    let attributes: String = [
        ("title", clip(&single_line(origin.title), MAX_TITLE_CHARS)),
        ("version", label(origin.version)),
        ("url", encoded_url(origin.url).unwrap_or_default()),
        ("source", clip(&name(origin.source), MAX_SOURCE_CHARS)),
        ("place", label(origin.place)),
        ("id", label(origin.id.unwrap_or_default())),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| {
        format!(
            " {key}=\"{}\"",
            value.replace('&', "&amp;").replace('"', "&quot;")
        )
    })
    .collect();

    format!("<{tag}{attributes}>\n{text}\n</{tag}>")
}

/// Returns `text` on one line, without invisible characters and without characters that could pass
/// for a tag or Markdown code.
pub(super) fn single_line(text: &str) -> String {
    visible_line(&text.replace(['<', '>', '`'], " "))
}

/// Returns a title, heading or other label as a [`single_line`] of bounded length.
pub(super) fn label(text: &str) -> String {
    clip(&single_line(text), MAX_LABEL_CHARS)
}

/// Returns a [`label`] in quotation marks.
pub(super) fn quoted_label(text: &str) -> String {
    format!("\"{}\"", label(text).replace('"', "'"))
}

/// Returns a name that tools accept (a source, product, version …) unchanged, or with invisible
/// characters and those that could end a quotation percent-encoded. [`meant`] decodes it.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    let is_unsafe = |c: char| is_hidden(c) || matches!(c, '<' | '>' | '`' | '"');
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }

    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) || c == '%' {
            shown.extend(utf8_percent_encode(c.encode_utf8(&mut [0; 4]), ENCODED));
        } else {
            shown.push(c);
        }
    }

    Cow::Owned(shown)
}

/// The ASCII characters that [`name`] encodes; all non-ASCII bytes passed to the encoder are
/// encoded.
const ENCODED: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'"')
    .add(b'%');

/// Returns a [`name`] as a value of structured content.
pub(super) fn encoded_name(text: &str) -> String {
    name(text).into_owned()
}

/// Returns a vendor, product, version or guide as a value of structured content. A value too long
/// to be a name is truncated, and then no filter accepts it.
pub(super) fn facet(text: &str) -> String {
    clip(&name(text), MAX_LABEL_CHARS)
}

/// Decodes a name that [`name`] encoded. Any other text is returned unchanged.
pub(super) fn meant(text: &str) -> String {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) if decoded != text && name(&decoded) == text => decoded.into_owned(),
        _ => text.to_owned(),
    }
}

/// Returns a [`name`] in quotation marks, truncated to `max_chars`.
pub(super) fn quoted_name(text: &str, max_chars: usize) -> String {
    format!("\"{}\"", clip(&name(text), max_chars))
}

/// Returns names in quotation marks, separated by commas, for an error that lists the known ones.
pub(super) fn quoted_names(names: &[String]) -> String {
    names
        .iter()
        .map(|name| quoted_name(name, MAX_ECHO_CHARS))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns a URL that a document names, encoded like a [`name`], or `None` if it is too long.
pub(super) fn source_url(url: &Option<String>) -> Option<String> {
    url.as_deref().and_then(encoded_url)
}

fn encoded_url(url: &str) -> Option<String> {
    (url.len() <= MAX_URL_BYTES).then(|| encoded_name(url))
}

/// Returns `message` on one line, with each quoted part encoded as a [`name`] and truncated, so
/// that an error is never as long as the request it rejects. Expects quotations as `{:?}` writes
/// them.
pub(super) fn truncate_quotations(message: &str) -> String {
    let mut shown = String::new();
    let mut rest = message;
    while let Some((before, quoted)) = rest.split_once('"') {
        let (inner, remainder) = quoted.split_at(quotation_end(quoted));
        shown.push_str(&format!(
            "{}{}",
            visible(before),
            quoted_name(&unescaped(inner), MAX_ECHO_CHARS)
        ));
        rest = remainder.strip_prefix('"').unwrap_or_default();
    }

    shown + &visible(rest)
}

/// Returns `text` without invisible characters; each whitespace character becomes a space.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c))
        .collect()
}

/// Undoes the escapes that `{:?}` writes.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        let (c, remainder) = escaped_char(escape).unwrap_or(('\\', escape));
        plain.push_str(before);
        plain.push(c);
        rest = remainder;
    }

    plain + rest
}

/// Returns the character that an escape denotes, and the text after it.
fn escaped_char(escape: &str) -> Option<(char, &str)> {
    if let Some(code) = escape.strip_prefix("u{") {
        let (digits, remainder) = code.split_once('}')?;
        return Some((
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)?,
            remainder,
        ));
    }

    let mut chars = escape.chars();
    let c = match chars.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        same @ ('"' | '\'' | '\\') => same,
        _ => return None,
    };

    Some((c, chars.as_str()))
}

fn clip(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns the position of the quotation mark that ends the quotation `text` starts within.
fn quotation_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return at,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }

    text.len()
}

/// Returns a tag name that does not occur in `text`, derived from `hash`.
fn tag_for(text: &str, mut hash: ContentHash) -> String {
    loop {
        let tag = format!("{TAG}-{}", hash.short(6));
        if !text.contains(&tag) {
            return tag;
        }
        hash = ContentHash::of(hash.to_string());
    }
}

#[cfg(test)]
mod tests;
