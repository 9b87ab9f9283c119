//! The pages one after the other, each behind its marker.

use std::collections::BTreeMap;

use mcdewey_core::ConvertError;
use unpdf::render::{RenderOptions, to_markdown};
use unpdf::{Document, PageMarkerStyle};

use super::images::PageImages;

/// The Markdown of all pages.
pub(super) fn body(
    document: &Document,
    labels: &BTreeMap<u32, String>,
    images: &[PageImages],
) -> Result<String, ConvertError> {
    let mut options = RenderOptions::new()
        .with_page_markers(PageMarkerStyle::Comment)
        .with_frontmatter(false);
    options.escape_special_chars = false;
    options.list_marker = '-';
    let written = to_markdown(document, &options)
        .map_err(|error| ConvertError(format!("it could not be written: {error}")))?;
    let mut texts = divide(&written);

    let mut body = String::with_capacity(written.len() + 64 * document.pages.len());
    for page in &document.pages {
        body.push_str(&marker(page.number, labels.get(&page.number)));
        if let Some(text) = texts.remove(&page.number) {
            body.push_str(text.trim_matches('\n'));
            body.push('\n');
        }

        for (place, image) in images_of(images, page.number).iter().enumerate() {
            body.push_str(&format!(
                "\n![Image {} from page {}]({})\n",
                place + 1,
                page.number,
                image.name
            ));
        }

        body.push('\n');
    }

    Ok(body)
}

fn images_of(images: &[PageImages], page: u32) -> &[mcdewey_core::ImageFile] {
    images
        .iter()
        .find(|found| found.page == page)
        .map_or(&[], |found| &found.images)
}

fn marker(number: u32, label: Option<&String>) -> String {
    match label {
        Some(label) => format!("<!-- page: {number} label: {label} -->\n\n"),
        None => format!("<!-- page: {number} -->\n\n"),
    }
}

/// The text of each page, between the markers that the library writes.
fn divide(written: &str) -> BTreeMap<u32, &str> {
    let mut texts = BTreeMap::new();
    let mut open: Option<(u32, usize)> = None;

    let mut at = 0;
    for line in written.split_inclusive('\n') {
        if let Some(number) = number(line) {
            if let Some((before, start)) = open {
                texts.insert(before, &written[start..at]);
            }
            open = Some((number, at + line.len()));
        }
        at += line.len();
    }

    if let Some((last, start)) = open {
        texts.insert(last, &written[start..]);
    }

    texts
}

fn number(line: &str) -> Option<u32> {
    line.trim_end()
        .strip_prefix("<!-- page ")?
        .strip_suffix(" -->")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_apart_by_their_markers() {
        let texts = divide("<!-- page 1 -->\n\nA\n<!-- page 3 -->\nB\n<!-- page x -->\n");
        assert_eq!(
            texts,
            BTreeMap::from([(1, "\nA\n"), (3, "B\n<!-- page x -->\n")])
        );
    }
}
