//! Builds the breadcrumb of a chunk from the document's title and the headings above the chunk: in
//! full for readers, and shortened to a token limit for the embedding model.

use mcdewey_core::{Embed, EmbedError, normalise};
use mcdewey_markdown::{Heading, Table};

use crate::releases::ReleaseFilter;

/// Separates the parts of a breadcrumb.
const SEPARATOR: &str = " > ";

/// The headings above a position in a document. Entering a heading replaces those of its level and
/// below; the document's title is not part of the path and always stays.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadingPath {
    /// Level and title, outermost first.
    headings: Vec<(u8, String)>,
}

impl HeadingPath {
    pub(super) fn enter(&mut self, heading: &Heading) {
        self.headings.retain(|(level, _)| *level < heading.level);
        self.headings.push((heading.level, heading.title.clone()));
    }

    /// Returns title and headings without repeating the title.
    pub(super) fn breadcrumb(&self, title: &str) -> Vec<String> {
        let mut parts = vec![title.to_owned()];
        for (_, heading) in &self.headings {
            let repeats_title = parts.len() == 1 && has_same_words(heading, title);
            if parts.last() != Some(heading) && !repeats_title {
                parts.push(heading.clone());
            }
        }

        parts
    }
}

/// Reports whether two headings have the same letters and digits, as `Macro()` and "Macro" do.
fn has_same_words(heading: &str, title: &str) -> bool {
    letters_and_digits(heading).eq(letters_and_digits(title))
}

fn letters_and_digits(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
}

/// Writes the context of chunks: the breadcrumb and, for table rows, the header.
pub(super) struct ContextWriter<'a> {
    pub(super) embed: &'a dyn Embed,
    /// The title in what is indexed; empty where the document's title is a guess.
    pub(super) title: &'a str,
    pub(super) filter: &'a ReleaseFilter,
    /// The maximum length of a breadcrumb.
    pub(super) max_tokens: usize,
}

impl ContextWriter<'_> {
    /// Returns the breadcrumb, with the title for indexing, without versions, in at most `max_tokens`
    /// tokens.
    ///
    /// If it is too long, the outermost headings are dropped first; if that is not enough, the
    /// title is dropped and all headings are tried again. `own_headings` are those with which the
    /// chunk itself starts. They are omitted because repeating them would only cost tokens.
    pub(super) fn context(
        &self,
        breadcrumb: &[String],
        own_headings: &[&str],
    ) -> Result<String, EmbedError> {
        let Some((_, headings)) = breadcrumb.split_first() else {
            return Ok(String::new());
        };

        let title = self.title;
        let is_own_heading = own_headings
            .iter()
            .any(|heading| has_same_words(heading, title));
        let title = if is_own_heading {
            String::new()
        } else {
            self.filter.title(title)
        };

        let headings: Vec<String> = headings
            .iter()
            .filter(|heading| !own_headings.contains(&heading.as_str()))
            .map(|heading| self.filter.heading(heading))
            .filter(|heading| !heading.is_empty())
            .collect();

        // The innermost heading is more specific than the title, so every candidate contains it.
        let with_title = (0..headings.len().max(1)).map(|skip| join(&title, &headings[skip..]));
        let without_title = (0..headings.len()).map(|skip| join("", &headings[skip..]));
        for candidate in with_title.chain(without_title) {
            if self.embed.token_ranges(&candidate)?.len() <= self.max_tokens {
                return Ok(candidate);
            }
        }

        let innermost = headings.last().unwrap_or(&title);
        self.truncate(innermost)
    }

    /// Returns what may precede rows that are separated from their header row, the fullest first:
    /// caption and header, or the header alone.
    pub(super) fn header_candidates(&self, table: &Table) -> Vec<String> {
        let header = normalise(&table.header);
        if header.is_empty() {
            return Vec::new();
        }

        let caption = normalise(&self.filter.heading(&table.caption));
        let with_caption = (!caption.is_empty()).then(|| format!("{caption}\n{header}"));
        with_caption.into_iter().chain([header]).collect()
    }

    /// Returns the possible contexts of a chunk, the fullest first. `table` is the table whose
    /// header the chunk lacks.
    pub(super) fn context_candidates(&self, context: &str, table: Option<&Table>) -> Vec<String> {
        let headers = table
            .map(|table| self.header_candidates(table))
            .unwrap_or_default();

        let mut contexts = Vec::new();
        for header in headers {
            contexts.push(if context.is_empty() {
                header
            } else {
                format!("{context}\n{header}")
            });
        }

        contexts.push(context.to_owned());
        contexts.push(String::new());
        contexts.dedup();
        contexts
    }

    /// Returns the first words of `text` that fit.
    fn truncate(&self, text: &str) -> Result<String, EmbedError> {
        let tokens = self.embed.token_ranges(text)?;
        let end = tokens
            .get(self.max_tokens)
            .map_or(text.len(), |token| token.start);
        Ok(text.get(..end).unwrap_or_default().trim_end().to_owned())
    }
}

fn join(title: &str, headings: &[String]) -> String {
    let parts: Vec<&str> = std::iter::once(title)
        .chain(headings.iter().map(String::as_str))
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(SEPARATOR)
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
    fn headings_replace_those_of_their_level_and_the_title_stays() {
        let check = |headings: &[(u8, &str)], expected: &[&str]| {
            assert_eq!(path(headings).breadcrumb("Guide"), expected);
        };
        check(&[(1, "guide"), (2, "A"), (3, "B")], &["Guide", "A", "B"]);
        check(&[(1, "One"), (2, "A"), (1, "Two")], &["Guide", "Two"]);
        check(&[(2, "A"), (4, "B"), (3, "C")], &["Guide", "A", "C"]);
        check(&[(1, "Guide()"), (2, "A")], &["Guide", "A"]);
        check(&[], &["Guide"]);
    }

    fn check(breadcrumb: &[&str], own_headings: &[&str], max_tokens: usize, expected: &str) {
        let filter = ReleaseFilter::new(&[]);
        let embed = FakeEmbed::new(&[]);
        let writer = ContextWriter {
            embed: &embed,
            title: breadcrumb.first().copied().unwrap_or_default(),
            filter: &filter,
            max_tokens,
        };

        let parts: Vec<String> = breadcrumb.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(
            writer.context(&parts, own_headings).unwrap(),
            expected,
            "{breadcrumb:?} in {max_tokens} tokens"
        );
    }

    #[test]
    fn outer_headings_are_dropped_first_then_the_title() {
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
    fn a_guessed_title_is_not_indexed() {
        let filter = ReleaseFilter::new(&[]);
        let embed = FakeEmbed::new(&[]);
        let writer = ContextWriter {
            embed: &embed,
            title: "",
            filter: &filter,
            max_tokens: 40,
        };

        let breadcrumb = ["key.serializer", "Types"].map(str::to_owned);
        assert_eq!(writer.context(&breadcrumb, &[]).unwrap(), "Types");
        assert_eq!(writer.context(&breadcrumb[..1], &[]).unwrap(), "");
    }

    #[test]
    fn versions_and_the_chunks_own_headings_are_omitted() {
        check(
            &["Guide, Release 12.5(1)", "Calls", "Barge"],
            &["Barge"],
            40,
            "Guide > Calls",
        );
        check(&["Guide", "Calls"], &["Guide", "Calls"], 40, "");
    }
}
