//! The breadcrumb of a passage: the document's title, then the headings above it; whole for readers, and cut to the
//! model's room for the vectors.

use mcdewey_core::{Embed, EmbedError, normalise};

use crate::markdown::{Heading, Table};
use crate::releases::ReleaseFilter;

/// Stands between two parts of a breadcrumb.
const BORDER: &str = " > ";

/// The headings above a place in a document. Chapters replace chapters; the title is apart and never goes.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadingPath {
    open: Vec<(u8, String)>,
}

impl HeadingPath {
    pub(super) fn enter(&mut self, heading: &Heading) {
        self.open.retain(|(level, _)| *level < heading.level);
        self.open.push((heading.level, heading.title.clone()));
    }

    /// Title and headings, without saying the title twice.
    pub(super) fn breadcrumb(&self, title: &str) -> Vec<String> {
        let mut parts = vec![title.to_owned()];
        for (_, heading) in &self.open {
            if parts.last() != Some(heading) && (parts.len() > 1 || !same(heading, title)) {
                parts.push(heading.clone());
            }
        }

        parts
    }
}

/// Whether two headings have the same words; `Macro()` and "Macro" have.
fn same(heading: &str, title: &str) -> bool {
    let words = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    words(heading) == words(title)
}

/// Makes contexts that fit a number of tokens.
pub(super) struct ContextWriter<'a> {
    pub(super) embed: &'a dyn Embed,
    pub(super) filter: &'a ReleaseFilter,
    pub(super) room: usize,
}

impl ContextWriter<'_> {
    /// The breadcrumb without releases, in at most `room` tokens: the title stays as long as it can, then the
    /// outermost headings go first. `within` are headings that the passage itself begins with; saying them again
    /// would only cost room.
    pub(super) fn context(
        &self,
        breadcrumb: &[String],
        within: &[&str],
    ) -> Result<String, EmbedError> {
        let Some((title, headings)) = breadcrumb.split_first() else {
            return Ok(String::new());
        };

        let title = if within.iter().any(|heading| same(heading, title)) {
            String::new()
        } else {
            self.filter.title(title)
        };

        let headings: Vec<String> = headings
            .iter()
            .filter(|heading| !within.contains(&heading.as_str()))
            .map(|heading| self.filter.heading(heading))
            .filter(|heading| !heading.is_empty())
            .collect();

        // The innermost heading says more than the title does: it is in every candidate.
        let with_title = (0..headings.len().max(1)).map(|skip| join(&title, &headings[skip..]));
        let without = (0..headings.len()).map(|skip| join("", &headings[skip..]));
        for candidate in with_title.chain(without) {
            if self.tokens(&candidate)? <= self.room {
                return Ok(candidate);
            }
        }

        let innermost = headings.last().unwrap_or(&title);
        self.cut(innermost)
    }

    /// What may stand before rows that have lost their header: the table's name and the header, or the header alone.
    pub(super) fn headers(&self, table: &Table) -> Vec<String> {
        let header = normalise(&table.header);
        if header.is_empty() {
            return Vec::new();
        }

        let caption = normalise(&self.filter.heading(&table.caption));
        let both = (!caption.is_empty()).then(|| format!("{caption}\n{header}"));
        both.into_iter().chain([header]).collect()
    }

    /// What may stand beside a passage that begins among the rows of `table`, the fullest first.
    pub(super) fn with_header(&self, context: &str, table: Option<&Table>) -> Vec<String> {
        let headers = table.map(|table| self.headers(table)).unwrap_or_default();
        let both = |header: String| {
            if context.is_empty() {
                header
            } else {
                format!("{context}\n{header}")
            }
        };

        let mut contexts: Vec<String> = headers
            .into_iter()
            .map(both)
            .chain([context.to_owned(), String::new()])
            .collect();

        contexts.dedup();
        contexts
    }

    fn tokens(&self, text: &str) -> Result<usize, EmbedError> {
        Ok(self.embed.tokens(text)?.len())
    }

    /// The first words of `text` that fit.
    fn cut(&self, text: &str) -> Result<String, EmbedError> {
        let tokens = self.embed.tokens(text)?;
        let end = tokens
            .get(self.room)
            .map_or(text.len(), |token| token.start);
        Ok(text.get(..end).unwrap_or_default().trim_end().to_owned())
    }
}

fn join(title: &str, headings: &[String]) -> String {
    let parts: Vec<&str> = std::iter::once(title)
        .chain(headings.iter().map(String::as_str))
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(BORDER)
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::FakeEmbed;

    use super::*;

    fn path(headings: &[(u8, &str)]) -> HeadingPath {
        let mut path = HeadingPath::default();
        for (level, title) in headings {
            path.enter(&Heading {
                level: *level,
                title: (*title).to_owned(),
                range: 0..0,
            });
        }

        path
    }

    #[test]
    fn chapters_replace_chapters_and_the_title_stays() {
        let check = |headings: &[(u8, &str)], expected: &[&str]| {
            assert_eq!(path(headings).breadcrumb("Guide"), expected);
        };
        check(&[(1, "guide"), (2, "A"), (3, "B")], &["Guide", "A", "B"]);
        check(&[(1, "One"), (2, "A"), (1, "Two")], &["Guide", "Two"]);
        check(&[(2, "A"), (4, "B"), (3, "C")], &["Guide", "A", "C"]);
        check(&[(1, "Guide()"), (2, "A")], &["Guide", "A"]);
        check(&[], &["Guide"]);
    }

    fn check(breadcrumb: &[&str], within: &[&str], room: usize, expected: &str) {
        let filter = ReleaseFilter::new(&[]);
        let embed = FakeEmbed::new(&[]);
        let writer = ContextWriter {
            embed: &embed,
            filter: &filter,
            room,
        };

        let parts: Vec<String> = breadcrumb.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(
            writer.context(&parts, within).unwrap(),
            expected,
            "{breadcrumb:?} in {room}"
        );
    }

    #[test]
    fn outer_headings_go_first_then_the_title() {
        let whole = ["The guide", "Calls", "Barge", "Agent state"];
        check(&whole, &[], 40, "The guide > Calls > Barge > Agent state");
        check(&whole, &[], 7, "The guide > Barge > Agent state");
        check(&whole, &[], 5, "The guide > Agent state");
        check(&whole, &[], 4, "Barge > Agent state");
        check(&whole, &[], 2, "Agent state");
        check(&whole, &[], 1, "Agent");
        check(&["The guide"], &[], 1, "The");
        check(&[], &[], 9, "");
    }

    #[test]
    fn releases_and_the_passages_own_headings_are_left_out() {
        check(
            &["Guide, Release 12.5(1)", "Calls", "Barge"],
            &["Barge"],
            40,
            "Guide > Calls",
        );
        check(&["Guide", "Calls"], &["Guide", "Calls"], 40, "");
    }
}
