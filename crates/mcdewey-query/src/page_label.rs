//! Pages, passages and images as they are named in every interface.

use mcdewey_core::{Chunk, PageRef};

/// Returns "Page 118 (printed 102)"; `None` in a document without pages.
pub fn page_text(page: Option<u32>, label: Option<&str>) -> Option<String> {
    let page_number = page?;
    Some(match printed(page, label) {
        Some(label) => format!("Page {page_number} (printed {label})"),
        None => format!("Page {page_number}"),
    })
}

/// Returns the printed page number if it differs from the physical one.
pub fn printed(page: Option<u32>, label: Option<&str>) -> Option<String> {
    label
        .filter(|label| page.is_none_or(|page| *label != page.to_string()))
        .map(str::to_owned)
}

/// Returns the name of the page that contains a chunk: "Page 118 (printed 102)", or the section's
/// heading.
pub fn chunk_page_title(chunk: &Chunk) -> String {
    page_text(chunk.page.physical_page(), chunk.page.label.as_deref())
        .unwrap_or_else(|| section_title(&chunk.headings, &chunk.document.title).to_owned())
}

/// Returns the heading of a section: the last one above a chunk, else the document's title.
pub(crate) fn section_title<'a>(headings: &'a [String], document_title: &'a str) -> &'a str {
    headings.last().map_or(document_title, String::as_str)
}

/// Returns the title of the image with this index on a page: "Image 1 from page 58".
pub fn image_title(index: usize, page: &PageRef) -> String {
    let number = index + 1;
    match &page.section {
        None => format!("Image {number} from page {}", page.number),
        Some(section) => format!("Image {number} from “{}”", section.title),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_number_is_shown_only_if_it_differs() {
        assert_eq!(
            page_text(Some(118), Some("102")).as_deref(),
            Some("Page 118 (printed 102)")
        );
        assert_eq!(
            page_text(Some(118), Some("118")).as_deref(),
            Some("Page 118")
        );
        assert_eq!(page_text(Some(118), None).as_deref(), Some("Page 118"));
        assert_eq!(page_text(None, Some("xii")), None);
        assert_eq!(printed(None, Some("xii")).as_deref(), Some("xii"));
    }
}
