//! Where an answer stands: a page of a document, or the section under a heading.

use mcdewey_core::{ContentHash, SourcePath, normalise};

use crate::Ranked;

/// A place that answers a question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The document.
    pub source: SourcePath,
    /// Where in it.
    pub spot: Spot,
    /// The hash of the passage's text when it was judged, where it was noted: says later whether it still stands there.
    pub text_hash: Option<ContentHash>,
}

/// A page, or the section that takes its place in a document without pages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Spot {
    /// The physical page.
    Page(u32),
    /// The section's heading as people read it.
    Heading(String),
}

/// From this length on a slug may be the cut form of a longer heading.
const LONG_SLUG: usize = 50;

impl Place {
    /// Whether the hit stands here.
    pub(crate) fn holds(&self, hit: &Ranked) -> bool {
        hit.document == self.source.as_str()
            && match &self.spot {
                Spot::Page(page) => hit.page == Some(*page),
                Spot::Heading(heading) => under(heading, hit),
            }
    }
}

/// Whether a hit of a document without pages stands under the heading: it is the nearest one above the passage, or the
/// one that names the section. A heading further up does not count: its own section is another place.
fn under(heading: &str, hit: &Ranked) -> bool {
    let fold = |text: &str| normalise(text).to_lowercase();
    let nearest = hit
        .headings
        .last()
        .is_some_and(|nearest| fold(nearest) == fold(heading));

    nearest
        || hit
            .section
            .as_deref()
            .is_some_and(|slug| names_section(heading, slug))
}

/// Whether the slug ("retry-policy-4": words, then the section's number) is made of the heading.
fn names_section(heading: &str, slug: &str) -> bool {
    let Some((words, _number)) = slug.rsplit_once('-') else {
        return false;
    };
    let lower = heading.to_lowercase();
    let parts: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let whole = parts.join("-");

    whole == words || (words.len() >= LONG_SLUG && whole.starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(spot: Spot) -> Place {
        Place {
            source: "a.md".parse().unwrap(),
            spot,
            text_hash: None,
        }
    }

    fn hit(page: Option<u32>, section: Option<&str>, headings: &[&str]) -> Ranked {
        Ranked {
            document: "a.md".to_owned(),
            page,
            section: section.map(str::to_owned),
            headings: headings.iter().map(|&text| text.to_owned()).collect(),
            ..Ranked::default()
        }
    }

    #[test]
    fn a_page_is_its_number_in_its_document() {
        let page = place(Spot::Page(118));
        assert!(page.holds(&hit(Some(118), None, &[])));
        assert!(!page.holds(&hit(Some(102), None, &[])));
        assert!(!page.holds(&hit(None, None, &[])));
        assert!(!page.holds(&Ranked {
            document: "b.md".to_owned(),
            ..hit(Some(118), None, &[])
        }));
    }

    #[test]
    fn a_heading_is_the_nearest_or_the_sections() {
        let heading = place(Spot::Heading("Keypad digits:  dtmf_mode".to_owned()));
        assert!(heading.holds(&hit(None, None, &["Guide", "Keypad Digits: dtmf_mode"])));
        assert!(heading.holds(&hit(
            None,
            Some("keypad-digits-dtmf-mode-4"),
            &["Guide", "Values"]
        )));
        assert!(!heading.holds(&hit(
            None,
            Some("values-5"),
            &["Guide", "Keypad digits: dtmf_mode", "Values"]
        )));
        assert!(!heading.holds(&hit(None, None, &[])));
    }

    #[test]
    fn a_cut_slug_still_names_its_heading() {
        let long = "What the administrator of a cluster checks before the upgrade of the second node begins";
        let heading = place(Spot::Heading(long.to_owned()));
        assert!(heading.holds(&hit(
            None,
            Some("what-the-administrator-of-a-cluster-checks-before-the-upgrad-7"),
            &[]
        )));
        assert!(!heading.holds(&hit(None, Some("what-the-7"), &[])));
    }
}
