//! Where to read in a document: pages as people write them, and the cursor that goes on where a text was cut.

use mcdewey_core::ContentHash;

use crate::{PageSelector, QueryError};

/// Most pages one call may name; far more than any budget holds.
const MAX_PAGES: u32 = 100;

/// The pages that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pages {
    /// One page or section.
    One(PageSelector),
    /// From one physical page to another, both included.
    Range(u32, u32),
}

impl Pages {
    /// "118", "118-120", "Page 118", or what is printed on the page ("xii", and "12-3" because it does not go up).
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
            let message =
                format!("page {bare:?} names more than {MAX_PAGES} pages; for example 118-120");
            return Err(QueryError::InvalidRequest(message));
        }

        Ok(Self::Range(first, last))
    }
}

/// Where a text was cut: page and byte, the last page asked for, and proof that the page is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// The page's number, or the section's place.
    pub(super) page: u32,
    /// The first byte of the page that was not sent.
    pub(super) byte: usize,
    /// The last page that was asked for.
    pub(super) last: u32,
    /// Says which text `byte` counts in.
    pub(super) seal: String,
}

impl Cut {
    /// What stands for the text of a page in a cursor.
    pub(super) fn seal(text: &str) -> String {
        ContentHash::of(text).short(8)
    }

    /// The cursor as it is sent.
    pub(super) fn encode(&self) -> String {
        format!("{}.{}.{}.{}", self.page, self.last, self.byte, self.seal)
    }

    /// The cursor as it came back.
    pub(super) fn decode(text: &str) -> Result<Self, QueryError> {
        let malformed = || {
            QueryError::InvalidRequest(format!(
                "{text:?} is not a cursor; use next_cursor of an answer of read_doc"
            ))
        };

        let parts: Vec<&str> = text.split('.').collect();
        let &[page, last, byte, seal] = parts.as_slice() else {
            return Err(malformed());
        };

        let (Ok(page), Ok(last), Ok(byte)) = (page.parse(), last.parse::<u32>(), byte.parse())
        else {
            return Err(malformed());
        };

        if last < page || last - page >= MAX_PAGES {
            return Err(malformed());
        }

        Ok(Self {
            page,
            byte,
            last,
            seal: seal.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_named_as_people_write_them() {
        let one = |text: &str| Pages::parse(text).unwrap();
        assert_eq!(one("118"), Pages::One(PageSelector::Number(118)));
        assert_eq!(one("Page 118"), Pages::One(PageSelector::Number(118)));
        assert_eq!(
            one("xii"),
            Pages::One(PageSelector::Label("xii".to_owned()))
        );
        assert_eq!(
            one("A-3"),
            Pages::One(PageSelector::Label("A-3".to_owned()))
        );

        for text in ["118-120", "pp. 118 – 120", "118..120"] {
            assert_eq!(one(text), Pages::Range(118, 120));
        }

        assert_eq!(
            one("12-3"),
            Pages::One(PageSelector::Label("12-3".to_owned()))
        );
        assert!(matches!(
            Pages::parse("1-4000000000"),
            Err(QueryError::InvalidRequest(_))
        ));
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cut = Cut {
            page: 118,
            byte: 77,
            last: 120,
            seal: Cut::seal("text"),
        };

        assert_eq!(Cut::decode(&cut.encode()).unwrap(), cut);
        for bad in [
            "",
            "118",
            "118.120.77",
            "x.120.77.aa",
            "120.118.0.aa",
            "1.4000000000.0.aa",
            "118.120.77.aa.b",
        ] {
            assert!(
                matches!(Cut::decode(bad), Err(QueryError::InvalidRequest(_))),
                "{bad}"
            );
        }
    }
}
