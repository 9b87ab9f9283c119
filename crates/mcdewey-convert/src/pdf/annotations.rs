//! Text that lies on a page without being part of its content: notes, comments, stamps and the
//! values of form fields.

use std::collections::{BTreeMap, BTreeSet};

use unpdf::parser::backend::PdfValue;
use unpdf::parser::raw::content::parse_content_stream;
use unpdf::parser::raw::stream::decompress;
use unpdf::parser::raw::{PdfDict, PdfObject, RawDocument};
use unpdf::{Block, Document, Paragraph};

use super::objects::{decode_text_string, get, name, text};

/// Flags of an annotation that no viewer shows.
const HIDDEN: i64 = 1 << 1;
const NO_VIEW: i64 = 1 << 5;

/// Flags of a field.
const PASSWORD: i64 = 1 << 13;
const RADIO: i64 = 1 << 15;
const PUSH_BUTTON: i64 = 1 << 16;

/// Deeper fields have no names of their own.
const MAX_FIELD_DEPTH: usize = 16;

/// Appends the text of annotations and form fields to the pages that they lie on.
pub(super) fn append(document: &mut Document, raw: &RawDocument) {
    let pages: BTreeMap<u32, (u32, u16)> = raw.pages();
    for page in &mut document.pages {
        let Some(dict) = pages
            .get(&page.number)
            .and_then(|id| raw.get_dict(*id).ok())
        else {
            continue;
        };

        let shown = comparable(&page.plain_text());
        for text in page_texts(raw, dict) {
            // What a program drew on the page as well is not repeated.
            if !shown.contains(&comparable(&text)) {
                page.elements
                    .push(Block::Paragraph(Paragraph::with_text(text)));
            }
        }
    }
}

/// Returns the texts of a page's annotations and fields, from top to bottom.
fn page_texts(raw: &RawDocument, page: &PdfDict) -> Vec<String> {
    let mut texts: Vec<(f32, String)> = Vec::new();
    let mut seen = BTreeSet::new();
    for annotation in get(raw, page, b"Annots")
        .and_then(PdfObject::as_array)
        .into_iter()
        .flatten()
        .filter_map(|annotation| raw.resolve(annotation).as_dict())
        .filter(|annotation| is_visible(raw, annotation))
    {
        let Some(text) = annotation_text(raw, annotation) else {
            continue;
        };
        if seen.insert(text.clone()) {
            texts.push((top(raw, annotation), text));
        }
    }

    texts.sort_by(|a, b| b.0.total_cmp(&a.0));
    texts.into_iter().map(|(_, text)| text).collect()
}

fn is_visible(raw: &RawDocument, annotation: &PdfDict) -> bool {
    let flags = get(raw, annotation, b"F").and_then(PdfObject::as_i64);
    flags.unwrap_or(0) & (HIDDEN | NO_VIEW) == 0
}

/// The upper edge of an annotation.
fn top(raw: &RawDocument, annotation: &PdfDict) -> f32 {
    get(raw, annotation, b"Rect")
        .and_then(PdfObject::as_array)
        .into_iter()
        .flatten()
        .skip(1)
        .step_by(2)
        .filter_map(|y| raw.resolve(y).as_f32())
        .fold(f32::MIN, f32::max)
}

fn annotation_text(raw: &RawDocument, annotation: &PdfDict) -> Option<String> {
    let contents = text(raw, annotation, b"Contents");
    match name(raw, annotation, b"Subtype")?.as_str() {
        "Widget" => field_text(raw, annotation),
        // A pop-up repeats the text of its annotation.
        "Popup" => None,
        "Link" => contents.filter(|contents| !is_address(contents)),
        "Stamp" => contents
            .or_else(|| appearance_text(raw, annotation))
            .or_else(|| name(raw, annotation, b"Name").map(|name| spaced(&name))),
        "FreeText" => contents.or_else(|| appearance_text(raw, annotation)),
        _ => contents,
    }
}

fn is_address(text: &str) -> bool {
    text.contains("://") || text.starts_with("mailto:") || text.starts_with("www.")
}

/// Splits the name of a predefined stamp, such as "NotForPublicRelease", into words.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && words.ends_with(char::is_lowercase) {
            words.push(' ');
        }
        words.push(c);
    }
    words
}

/// Returns the text that an annotation's normal appearance shows, as far as it is readable without
/// its fonts.
fn appearance_text(raw: &RawDocument, annotation: &PdfDict) -> Option<String> {
    let appearances = get(raw, annotation, b"AP")?.as_dict()?;
    let stream = get(raw, appearances, b"N")?.as_stream()?;
    let operations = parse_content_stream(&decompress(stream).ok()?).ok()?;

    let mut lines: Vec<String> = Vec::new();
    for operation in operations {
        if matches!(operation.operator.as_str(), "Tj" | "TJ" | "'" | "\"") {
            lines.push(operation.operands.iter().map(shown_text).collect());
        }
    }
    let text = lines.join(" ").trim().to_owned();
    let readable = text.chars().all(|c| !c.is_control()) && text.chars().any(char::is_alphanumeric);
    readable.then_some(text)
}

fn shown_text(operand: &PdfValue) -> String {
    match operand {
        PdfValue::Str(bytes) => decode_text_string(bytes),
        PdfValue::Array(values) => values.iter().map(shown_text).collect(),
        _ => String::new(),
    }
}

/// Returns "name: value" of a form field, or `None` if it has no value.
fn field_text(raw: &RawDocument, widget: &PdfDict) -> Option<String> {
    let flags = inherited(raw, widget, b"Ff")
        .and_then(PdfObject::as_i64)
        .unwrap_or(0);
    let kind = inherited(raw, widget, b"FT").and_then(PdfObject::as_name)?;
    let value = match kind {
        b"Tx" if flags & PASSWORD == 0 => text_value(raw, widget)?,
        b"Ch" => choice_value(raw, widget)?,
        b"Btn" if flags & PUSH_BUTTON != 0 => return caption(raw, widget),
        b"Btn" if flags & RADIO != 0 => selected_button(raw, widget)?,
        b"Btn" => check_mark(raw, widget),
        _ => return None,
    };

    Some(match field_name(raw, widget) {
        Some(name) => format!("{name}: {value}"),
        None => value,
    })
}

/// Returns the value of a key of a field or of the nearest field above that has it.
fn inherited<'a>(raw: &'a RawDocument, field: &'a PdfDict, key: &[u8]) -> Option<&'a PdfObject> {
    ancestors(raw, field).find_map(|field| get(raw, field, key))
}

/// Returns a field and those above it.
fn ancestors<'a>(raw: &'a RawDocument, field: &'a PdfDict) -> impl Iterator<Item = &'a PdfDict> {
    std::iter::successors(Some(field), |field| {
        get(raw, field, b"Parent").and_then(PdfObject::as_dict)
    })
    .take(MAX_FIELD_DEPTH)
}

/// Returns the name that a field shows to people, or else its qualified name.
fn field_name(raw: &RawDocument, field: &PdfDict) -> Option<String> {
    let shown = inherited(raw, field, b"TU")
        .and_then(PdfObject::as_str_bytes)
        .map(|name| decode_text_string(name).trim().to_owned());
    if let Some(shown) = shown.filter(|shown| !shown.is_empty()) {
        return Some(shown);
    }

    let mut parts: Vec<String> = ancestors(raw, field)
        .filter_map(|field| text(raw, field, b"T"))
        .collect();
    parts.reverse();
    (!parts.is_empty()).then(|| parts.join("."))
}

fn text_value(raw: &RawDocument, field: &PdfDict) -> Option<String> {
    let value = match inherited(raw, field, b"V")? {
        PdfObject::Str(bytes) => decode_text_string(bytes),
        PdfObject::Stream(stream) => decode_text_string(&decompress(stream).ok()?),
        _ => return None,
    };
    // A line break may be a carriage return alone.
    let value = value
        .split(['\r', '\n'])
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ");
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn choice_value(raw: &RawDocument, field: &PdfDict) -> Option<String> {
    let labels = option_labels(raw, field);
    let label = |value: &PdfObject| {
        let value = decode_text_string(value.as_str_bytes()?);
        Some(labels.get(&value).cloned().unwrap_or(value))
    };
    let chosen: Vec<String> = match inherited(raw, field, b"V")? {
        PdfObject::Array(values) => values
            .iter()
            .filter_map(|value| label(raw.resolve(value)))
            .collect(),
        value => label(value).into_iter().collect(),
    };
    (!chosen.is_empty()).then(|| chosen.join(", "))
}

/// Maps the values of a choice to what it shows for them.
fn option_labels(raw: &RawDocument, field: &PdfDict) -> BTreeMap<String, String> {
    inherited(raw, field, b"Opt")
        .and_then(PdfObject::as_array)
        .into_iter()
        .flatten()
        .filter_map(|option| match raw.resolve(option).as_array()? {
            [value, label] => Some((
                decode_text_string(raw.resolve(value).as_str_bytes()?),
                decode_text_string(raw.resolve(label).as_str_bytes()?),
            )),
            _ => None,
        })
        .collect()
}

fn caption(raw: &RawDocument, widget: &PdfDict) -> Option<String> {
    let appearance = get(raw, widget, b"MK")?.as_dict()?;
    text(raw, appearance, b"CA")
}

/// Returns the state of a radio button, if it is the selected one.
fn selected_button(raw: &RawDocument, widget: &PdfDict) -> Option<String> {
    let state = name(raw, widget, b"AS").or_else(|| {
        let value = inherited(raw, widget, b"V").and_then(PdfObject::as_name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    })?;
    (state != "Off").then_some(state)
}

fn check_mark(raw: &RawDocument, widget: &PdfDict) -> String {
    let checked = selected_button(raw, widget).is_some();
    if checked { "checked" } else { "not checked" }.to_owned()
}

/// Reduces a text to its letters and digits.
fn comparable(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
