//! Page numbers as they are shown in every interface.

/// Returns "Page 118 (printed 102)"; `None` in a document without pages.
pub(crate) fn page_text(page: Option<u32>, label: Option<&str>) -> Option<String> {
    let page_number = page?;
    Some(match printed(page, label) {
        Some(label) => format!("Page {page_number} (printed {label})"),
        None => format!("Page {page_number}"),
    })
}

/// Returns the printed page number if it differs from the physical one.
pub(crate) fn printed(page: Option<u32>, label: Option<&str>) -> Option<String> {
    label
        .filter(|label| page.is_none_or(|page| *label != page.to_string()))
        .map(str::to_owned)
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
