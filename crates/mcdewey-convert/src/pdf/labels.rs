//! The page numbers printed on pages, as far as the file tells them: its page labels.

use std::collections::BTreeMap;

use unpdf::parser::raw::{PdfDict, PdfObject, RawDocument};

/// A tree of labels is not deeper.
const MAX_DEPTH: usize = 16;

/// How pages are numbered from one page on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbering {
    style: Option<u8>,
    prefix: String,
    first: u32,
}

/// The labels of the pages, by physical page number; pages whose label is their number are left out.
pub(super) fn labels(document: &RawDocument) -> BTreeMap<u32, String> {
    let Ok(catalog) = document.catalog() else {
        return BTreeMap::new();
    };

    let Some(tree) = get(document, catalog, b"PageLabels").and_then(PdfObject::as_dict) else {
        return BTreeMap::new();
    };
    let mut ranges = BTreeMap::new();
    collect(document, tree, 0, &mut ranges);
    let count = document.page_count();

    let mut labels = BTreeMap::new();
    for (number, label) in (0..count).filter_map(|index| {
        let (start, numbering) = ranges.range(..=index).next_back()?;
        Some((index + 1, numbering.label(index - start)))
    }) {
        if !label.is_empty() && label != number.to_string() {
            labels.insert(number, label);
        }
    }

    labels
}

fn get<'a>(document: &'a RawDocument, dict: &'a PdfDict, key: &[u8]) -> Option<&'a PdfObject> {
    let value = unpdf::parser::raw::tokenizer::dict_get(dict, key)?;
    Some(document.resolve(value))
}

fn collect(
    document: &RawDocument,
    node: &PdfDict,
    depth: usize,
    ranges: &mut BTreeMap<u32, Numbering>,
) {
    if depth > MAX_DEPTH {
        return;
    }

    for kid in get(document, node, b"Kids")
        .and_then(PdfObject::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(kid) = document.resolve(kid).as_dict() {
            collect(document, kid, depth + 1, ranges);
        }
    }

    let numbers = get(document, node, b"Nums")
        .and_then(PdfObject::as_array)
        .unwrap_or_default();

    for pair in numbers.chunks_exact(2) {
        let start = document
            .resolve(&pair[0])
            .as_i64()
            .and_then(|start| u32::try_from(start).ok());
        if let (Some(start), Some(dict)) = (start, document.resolve(&pair[1]).as_dict()) {
            ranges.insert(start, Numbering::read(document, dict));
        }
    }
}

impl Numbering {
    fn read(document: &RawDocument, dict: &PdfDict) -> Self {
        let style = get(document, dict, b"S")
            .and_then(PdfObject::as_name)
            .and_then(|name| name.first().copied());

        let prefix = get(document, dict, b"P")
            .and_then(PdfObject::as_str_bytes)
            .map(text)
            .unwrap_or_default();

        let first = get(document, dict, b"St")
            .and_then(PdfObject::as_i64)
            .and_then(|first| u32::try_from(first).ok());

        Self {
            style,
            prefix,
            first: first.unwrap_or(1),
        }
    }

    fn label(&self, offset: u32) -> String {
        let number = self.first.saturating_add(offset);
        let digits = match self.style {
            Some(b'D') => number.to_string(),
            Some(b'r') => roman(number),
            Some(b'R') => roman(number).to_uppercase(),
            Some(b'a') => letters(number),
            Some(b'A') => letters(number).to_uppercase(),
            _ => String::new(),
        };

        // What a marker cannot hold on its one line.
        let clean = |c: &char| !c.is_control() && !matches!(c, '<' | '>');
        format!("{}{digits}", self.prefix)
            .chars()
            .filter(clean)
            .collect::<String>()
            .trim()
            .to_owned()
    }
}

/// A text string: UTF-16 with a mark, else the first letters of Unicode, which PDF's own encoding mostly is.
fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> = rest
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        other => other.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn roman(number: u32) -> String {
    const STEPS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];

    if number > 4999 {
        return number.to_string();
    }

    let mut rest = number;
    let mut out = String::new();
    for (value, sign) in STEPS {
        while rest >= value {
            out.push_str(sign);
            rest -= value;
        }
    }

    out
}

/// a to z, then aa to zz, and so on.
fn letters(number: u32) -> String {
    let Some(index) = number.checked_sub(1) else {
        return String::new();
    };
    let letter = char::from(b'a' + (index % 26) as u8);
    letter.to_string().repeat((index / 26 + 1).min(16) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_every_style() {
        let label = |style: Option<u8>, prefix: &str, first: u32, offset: u32| {
            Numbering {
                style,
                prefix: prefix.to_owned(),
                first,
            }
            .label(offset)
        };

        assert_eq!(label(Some(b'D'), "A-", 5, 2), "A-7");
        assert_eq!(label(Some(b'r'), "", 1, 13), "xiv");
        assert_eq!(label(Some(b'R'), "", 1998, 1), "MCMXCIX");
        assert_eq!(label(Some(b'a'), "", 1, 27), "bb");
        assert_eq!(label(Some(b'A'), "", 1, 25), "Z");
        assert_eq!(label(None, "Cover", 1, 0), "Cover");
        assert_eq!(label(Some(b'D'), "x-->", u32::MAX, 3), "x--4294967295");
        assert_eq!(text(b"\xfe\xff\0A\0-"), "A-");
    }
}
