//! Where in a document an answer is: on a page, in the section under a heading, or in certain words.

use mcdewey_core::{ContentHash, SourcePath, normalise};

use crate::{Phrase, RankedHit};

/// A location that answers a question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The document.
    pub source: SourcePath,
    pub anchor: Anchor,
    /// The hash of the chunk's text at the time of the judgment, if it was recorded. It shows later
    /// whether that text is still there.
    pub text_hash: Option<ContentHash>,
}

/// A page, a section in a document without pages, or the very words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The physical page.
    Page(u32),
    /// The section's heading as displayed.
    Heading(String),
    /// The words that answer, on whatever page they are: a hit counts only if it shows them.
    Evidence(Phrase),
}

/// Slugs of at least this many bytes may be truncated forms of longer headings. Ingestion truncates
/// slugs at 60 bytes, so shorter ones are complete.
const TRUNCATED_SLUG_LENGTH: usize = 50;

impl Location {
    /// Reports whether the words that answer are known, not only their page.
    pub(crate) fn is_evidence(&self) -> bool {
        matches!(self.anchor, Anchor::Evidence(_))
    }

    /// Reports whether the hit is at this location.
    pub(crate) fn contains(&self, hit: &RankedHit) -> bool {
        hit.document == self.source.as_str()
            && match &self.anchor {
                Anchor::Page(page) => hit.page == Some(*page),
                Anchor::Heading(heading) => is_under_heading(hit, heading),
                Anchor::Evidence(phrase) => {
                    hit.words.as_ref().is_some_and(|words| phrase.is_in(words))
                }
            }
    }
}

/// Reports whether a hit in a document without pages is under the heading: it must be the nearest
/// heading above the chunk or the one that names the section. A heading further up does not count,
/// because its own section is a different location.
fn is_under_heading(hit: &RankedHit, heading: &str) -> bool {
    let is_nearest = hit
        .headings
        .last()
        .is_some_and(|nearest| fold(nearest) == fold(heading));

    is_nearest
        || hit
            .section
            .as_deref()
            .is_some_and(|slug| slug_matches_heading(slug, heading))
}

fn fold(text: &str) -> String {
    normalise(text).to_lowercase()
}

/// Reports whether the slug ("retry-policy-4": words, then the section's number) was made from the
/// heading.
fn slug_matches_heading(slug: &str, heading: &str) -> bool {
    let Some((words, _number)) = slug.rsplit_once('-') else {
        return false;
    };

    let lower = heading.to_lowercase();
    let parts: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let full_slug = parts.join("-");

    full_slug == words || (words.len() >= TRUNCATED_SLUG_LENGTH && full_slug.starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(anchor: Anchor) -> Location {
        Location {
            source: "a.md".parse().unwrap(),
            anchor,
            text_hash: None,
        }
    }

    fn hit(page: Option<u32>, section: Option<&str>, headings: &[&str]) -> RankedHit {
        RankedHit {
            document: "a.md".to_owned(),
            page,
            section: section.map(str::to_owned),
            headings: headings.iter().map(|&text| text.to_owned()).collect(),
            ..RankedHit::default()
        }
    }

    #[test]
    fn a_page_matches_by_number_within_its_document() {
        let page = location(Anchor::Page(118));
        assert!(page.contains(&hit(Some(118), None, &[])));
        assert!(!page.contains(&hit(Some(102), None, &[])));
        assert!(!page.contains(&hit(None, None, &[])));
        assert!(!page.contains(&RankedHit {
            document: "b.md".to_owned(),
            ..hit(Some(118), None, &[])
        }));
    }

    #[test]
    fn a_heading_matches_the_nearest_heading_or_the_section() {
        let heading = location(Anchor::Heading("Keypad digits:  dtmf_mode".to_owned()));
        assert!(heading.contains(&hit(None, None, &["Guide", "Keypad Digits: dtmf_mode"])));
        assert!(heading.contains(&hit(
            None,
            Some("keypad-digits-dtmf-mode-4"),
            &["Guide", "Values"]
        )));
        assert!(!heading.contains(&hit(
            None,
            Some("values-5"),
            &["Guide", "Keypad digits: dtmf_mode", "Values"]
        )));
        assert!(!heading.contains(&hit(None, None, &[])));
    }

    #[test]
    fn a_truncated_slug_still_matches_its_heading() {
        let long = "What the administrator of a cluster checks \
                    before the upgrade of the second node begins";
        let heading = location(Anchor::Heading(long.to_owned()));
        assert!(heading.contains(&hit(
            None,
            Some("what-the-administrator-of-a-cluster-checks-before-the-upgrad-7"),
            &[]
        )));
        assert!(!heading.contains(&hit(None, Some("what-the-7"), &[])));
    }
}
