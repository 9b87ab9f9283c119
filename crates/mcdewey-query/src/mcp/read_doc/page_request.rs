//! Parses the pages requested of a document, in the notations people use.

use mcdewey_search::{PageSelector, QueryError};

/// Maximum number of pages in one call; far more than any budget holds.
pub(super) const MAX_PAGES: u32 = 100;

/// The requested pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PageRequest {
    /// One page or section.
    One(PageSelector),
    /// From one physical page to another, inclusive.
    Range(u32, u32),
}

impl PageRequest {
    /// Parses "118", "118-120", "Page 118" or a printed label ("xii"). A descending range such as
    /// "12-3" is a label too.
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        let bare = text.trim();
        let lower = bare.to_lowercase();
        let named = ["pages ", "page ", "pp. ", "p. "]
            .iter()
            .find(|word| lower.starts_with(**word));

        let bare = named.map_or(bare, |word| bare[word.len()..].trim());
        if let Ok(number) = bare.parse() {
            return Ok(Self::One(PageSelector::Number(number)));
        }

        let ends = ["..", "-", "–"]
            .iter()
            .find_map(|border| bare.split_once(border));

        let Some((Ok(first), Ok(last))) =
            ends.map(|(a, b)| (a.trim().parse::<u32>(), b.trim().parse::<u32>()))
        else {
            return Ok(Self::One(PageSelector::Label(bare.to_owned())));
        };

        if first > last {
            return Ok(Self::One(PageSelector::Label(bare.to_owned())));
        }

        if last - first >= MAX_PAGES {
            let message = format!(
                "page {bare:?} has more than {MAX_PAGES} pages; \
                 use a shorter range, such as 118-120"
            );
            return Err(QueryError::InvalidRequest(message));
        }

        Ok(Self::Range(first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_parsed_in_common_notations() {
        let parse = |text: &str| PageRequest::parse(text).unwrap();
        assert_eq!(parse("118"), PageRequest::One(PageSelector::Number(118)));
        assert_eq!(
            parse("Page 118"),
            PageRequest::One(PageSelector::Number(118))
        );
        assert_eq!(
            parse("xii"),
            PageRequest::One(PageSelector::Label("xii".to_owned()))
        );
        assert_eq!(
            parse("A-3"),
            PageRequest::One(PageSelector::Label("A-3".to_owned()))
        );

        for text in ["118-120", "pp. 118 – 120", "118..120"] {
            assert_eq!(parse(text), PageRequest::Range(118, 120));
        }

        assert_eq!(
            parse("12-3"),
            PageRequest::One(PageSelector::Label("12-3".to_owned()))
        );
        assert!(matches!(
            PageRequest::parse("1-4000000000"),
            Err(QueryError::InvalidRequest(_))
        ));
    }
}
