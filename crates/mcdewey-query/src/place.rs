//! Where a passage stands, in the words of all faces.

/// "Page 118 (printed 102)"; nothing in a document without pages.
pub(crate) fn page_words(page: Option<u32>, label: Option<&str>) -> Option<String> {
    let page_number = page?;
    Some(match printed(page, label) {
        Some(label) => format!("Page {page_number} (printed {label})"),
        None => format!("Page {page_number}"),
    })
}

/// The number printed on the page, where it is another than the physical one.
pub(crate) fn printed(page: Option<u32>, label: Option<&str>) -> Option<String> {
    label
        .filter(|label| page.is_none_or(|page| *label != page.to_string()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_number_is_told_where_it_is_another() {
        assert_eq!(
            page_words(Some(118), Some("102")).as_deref(),
            Some("Page 118 (printed 102)")
        );
        assert_eq!(
            page_words(Some(118), Some("118")).as_deref(),
            Some("Page 118")
        );
        assert_eq!(page_words(Some(118), None).as_deref(), Some("Page 118"));
        assert_eq!(page_words(None, Some("xii")), None);
        assert_eq!(printed(None, Some("xii")).as_deref(), Some("xii"));
    }
}
