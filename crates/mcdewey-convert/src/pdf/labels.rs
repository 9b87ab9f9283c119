//! Page labels: the page numbers as they are printed on the pages, if the file states them.

use std::collections::BTreeMap;

use unpdf::parser::raw::{PdfDict, PdfObject, RawDocument};

use crate::numerals::roman;

use super::objects::{decode_text_string, get};

/// Deeper nodes of the label tree are ignored.
const MAX_TREE_DEPTH: usize = 16;

/// Larger numbers cannot be written in Roman numerals without overlines.
const MAX_ROMAN: u32 = 4999;

/// How a range of pages is numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbering {
    /// `D` for decimal, `r` and `R` for Roman, `a` and `A` for letters; none for the prefix alone.
    style: Option<u8>,
    prefix: String,
    first: u32,
}

/// Returns the labels of the pages by physical page number, without those that equal it.
pub(super) fn page_labels(document: &RawDocument) -> BTreeMap<u32, String> {
    let Ok(catalog) = document.catalog() else {
        return BTreeMap::new();
    };

    let Some(tree) = get(document, catalog, b"PageLabels").and_then(PdfObject::as_dict) else {
        return BTreeMap::new();
    };

    // Each range runs from the index of its first page to the next range.
    let mut ranges = BTreeMap::new();
    collect_ranges(document, tree, 0, &mut ranges);

    let mut labels = BTreeMap::new();
    for index in 0..document.page_count() {
        let Some((start, numbering)) = ranges.range(..=index).next_back() else {
            continue;
        };

        let number = index + 1;
        let label = numbering.label(index - start);
        if !label.is_empty() && label != number.to_string() {
            labels.insert(number, label);
        }
    }

    labels
}

fn collect_ranges(
    document: &RawDocument,
    node: &PdfDict,
    depth: usize,
    ranges: &mut BTreeMap<u32, Numbering>,
) {
    if depth > MAX_TREE_DEPTH {
        return;
    }

    for kid in get(document, node, b"Kids")
        .and_then(PdfObject::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(kid) = document.resolve(kid).as_dict() {
            collect_ranges(document, kid, depth + 1, ranges);
        }
    }

    let entries = get(document, node, b"Nums")
        .and_then(PdfObject::as_array)
        .unwrap_or_default();
    for entry in entries.chunks_exact(2) {
        let start = document
            .resolve(&entry[0])
            .as_i64()
            .and_then(|start| u32::try_from(start).ok());
        if let (Some(start), Some(dict)) = (start, document.resolve(&entry[1]).as_dict()) {
            ranges.insert(start, Numbering::from_dict(document, dict));
        }
    }
}

impl Numbering {
    fn from_dict(document: &RawDocument, dict: &PdfDict) -> Self {
        let style = get(document, dict, b"S")
            .and_then(PdfObject::as_name)
            .and_then(|name| name.first().copied());

        let prefix = get(document, dict, b"P")
            .and_then(PdfObject::as_str_bytes)
            .map(decode_text_string)
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

    /// Returns the label of the page `offset` pages after the first of the range.
    fn label(&self, offset: u32) -> String {
        let number = self.first.saturating_add(offset);
        let digits = match self.style {
            Some(b'D') => number.to_string(),
            Some(b'r') => roman(number, MAX_ROMAN),
            Some(b'R') => roman(number, MAX_ROMAN).to_uppercase(),
            Some(b'a') => letters(number),
            Some(b'A') => letters(number).to_uppercase(),
            _ => String::new(),
        };

        // The label must fit into an HTML comment on one line, the page marker.
        format!("{}{digits}", self.prefix)
            .chars()
            .filter(|c| !c.is_control() && !matches!(c, '<' | '>'))
            .collect::<String>()
            .trim()
            .to_owned()
    }
}

/// Writes a number as PDF does with letters: `a` to `z`, then `aa` to `zz`, and so on. A file may
/// state any number, so the letter is repeated 16 times at most.
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
    fn labels_are_written_in_every_style() {
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
    }
}
