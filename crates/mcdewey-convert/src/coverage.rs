//! Measures how much of a file's text its conversion kept, by comparing it with the words that
//! another reader finds in the file. It never changes the result of a conversion.

mod alignment;
mod compare;
mod source;
mod words;

use mcdewey_core::Format;

use crate::native_libraries::NativeLibraries;

use compare::compare;
use source::Source;
use words::Words;

/// A conversion that keeps a smaller share of a file's words warns of it. Readers of the same file
/// disagree about up to one word in a hundred: about hyphens, ligatures and labels.
pub const MIN_COVERAGE: f64 = 0.98;

/// The largest number of lost words that are named.
const MAX_LOST_WORDS: usize = 12;

/// What a conversion kept of a file's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The share of the file's words that are in the result and followed by the word that follows
    /// them in the file, from 0 to 1.
    pub share: f64,
    /// The first words that were lost, as the file spells them, at most 12.
    pub first_lost: Vec<String>,
    /// The page of the first lost word, in formats with pages.
    pub page: Option<usize>,
}

impl Coverage {
    /// Returns the warning to report, if too much was lost.
    pub fn warning(&self) -> Option<String> {
        if self.share >= MIN_COVERAGE {
            return None;
        }

        // Rounded down, so that no share below the limit looks like one that reaches it.
        let percent = (self.share * 1000.0).floor() / 10.0;
        let page = self
            .page
            .map(|page| format!(", on page {page}"))
            .unwrap_or_default();
        let lost = if self.first_lost.is_empty() {
            "parts of it are in another order".to_owned()
        } else {
            format!(
                "the first words that are missing{page}: “{}”",
                self.first_lost.join(" ")
            )
        };

        Some(format!(
            "only {percent} % of the text of the file was kept in order; {lost}; compare the file \
             with what `mcdewey convert` writes"
        ))
    }
}

/// Measures what the Markdown of a conversion kept. Returns `None` if there is no other reader of
/// the file: for PDF files without PDFium, and for files that the other reader refuses.
pub fn measure(
    format: Format,
    bytes: &[u8],
    markdown: &str,
    libraries: &NativeLibraries,
) -> Option<Coverage> {
    let source = Source::read(format, bytes, libraries)?;
    Some(coverage(&source, markdown))
}

fn coverage(source: &Source, markdown: &str) -> Coverage {
    let words = Words::new(&source.text, &source.segment_ends);
    let result = Words::new(markdown, &[]);
    let comparison = compare(&words, &result, source.order, MAX_LOST_WORDS);

    let first_lost = comparison
        .lost
        .iter()
        .map(|&word| {
            source.text[words.span(word)]
                .chars()
                .filter(|c| !c.is_whitespace() && !c.is_control() && *c != '\u{FFFE}')
                .collect()
        })
        .collect();

    let page = comparison
        .lost
        .first()
        .and_then(|&word| source.page(words.span(word).start));

    Coverage {
        share: comparison.share,
        first_lost,
        page,
    }
}

#[cfg(test)]
mod tests;
