//! Renders the pages as Markdown, each behind its page marker.

use std::collections::BTreeMap;

use mcdewey_core::{ConvertError, ImageFile};
use unpdf::render::{CleanupOptions, RenderOptions, to_markdown};
use unpdf::{Document, PageMarkerStyle};

use super::hyphens::Vocabulary;
use super::images::PageImages;

/// Renders all pages, each with its marker before its text and its images after it.
pub(super) fn render(
    document: &Document,
    labels: &BTreeMap<u32, String>,
    images: &[PageImages],
) -> Result<String, ConvertError> {
    let mut options = RenderOptions::new()
        .with_page_markers(PageMarkerStyle::Comment)
        .with_frontmatter(false)
        .with_cleanup(CleanupOptions {
            // It joins every word with the next behind a hyphen: "us- east" becomes "useast".
            fix_hyphenation: false,
            ..CleanupOptions::standard()
        });
    options.escape_special_chars = false;
    options.list_marker = '-';
    let rendered = to_markdown(document, &options).map_err(|error| {
        ConvertError(format!(
            "the file could not be rendered as Markdown: {error}"
        ))
    })?;
    let vocabulary = Vocabulary::of(&rendered);
    let mut texts = split_at_markers(&rendered);

    let mut body = String::with_capacity(rendered.len() + 64 * document.pages.len());
    for page in &document.pages {
        body.push_str(&page_marker(page.number, labels.get(&page.number)));
        if let Some(text) = texts.remove(&page.number) {
            body.push_str(&vocabulary.join_broken_words(text.trim_matches('\n')));
            body.push('\n');
        }

        for (index, image) in page_images(images, page.number).iter().enumerate() {
            body.push_str(&format!(
                "\n![Image {} from page {}]({})\n",
                index + 1,
                page.number,
                image.name
            ));
        }

        body.push('\n');
    }

    Ok(body)
}

fn page_images(images: &[PageImages], page: u32) -> &[ImageFile] {
    images
        .iter()
        .find(|of_page| of_page.page == page)
        .map_or(&[], |of_page| &of_page.images)
}

fn page_marker(number: u32, label: Option<&String>) -> String {
    match label {
        Some(label) => format!("<!-- page: {number} label: {label} -->\n\n"),
        None => format!("<!-- page: {number} -->\n\n"),
    }
}

/// Splits the rendered document at the markers that `unpdf` writes, into the text of each page.
fn split_at_markers(rendered: &str) -> BTreeMap<u32, &str> {
    let mut texts = BTreeMap::new();
    // The number of the current page and the offset at which its text starts.
    let mut current: Option<(u32, usize)> = None;

    let mut offset = 0;
    for line in rendered.split_inclusive('\n') {
        let next_offset = offset + line.len();
        if let Some(number) = marked_page(line) {
            if let Some((previous, start)) = current {
                texts.insert(previous, &rendered[start..offset]);
            }
            current = Some((number, next_offset));
        }
        offset = next_offset;
    }

    if let Some((last, start)) = current {
        texts.insert(last, &rendered[start..]);
    }

    texts
}

fn marked_page(line: &str) -> Option<u32> {
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
    fn pages_are_split_at_their_markers() {
        let texts = split_at_markers("<!-- page 1 -->\n\nA\n<!-- page 3 -->\nB\n<!-- page x -->\n");
        assert_eq!(
            texts,
            BTreeMap::from([(1, "\nA\n"), (3, "B\n<!-- page x -->\n")])
        );
    }
}
