//! Questions that a page asks while they are typed. Only where the typing came to rest is a question: what was half
//! typed is neither remembered nor counted as unanswered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use mcdewey_core::SourcePath;

use super::questions::AskedQuestion;

/// A page names itself here with every question it asks on its own.
const HEADER: &str = "x-mcdewey-typing";
/// Longest name of a page.
const LONGEST: usize = 64;
/// So long nothing was typed any more.
const REST: Duration = Duration::from_secs(5);
/// Pages that are waited for at once; beyond them a question counts as it comes.
const MOST: usize = 1000;

/// The page that sent a request while somebody typed.
pub(super) fn page(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(HEADER)?.to_str().ok()?;
    (!name.is_empty() && name.len() <= LONGEST).then(|| name.to_owned())
}

/// The last question of each page that may still be typed on.
#[derive(Debug, Default)]
pub(super) struct TypeaheadDebounce(Mutex<HashMap<String, (Instant, AskedQuestion)>>);

impl TypeaheadDebounce {
    /// Puts a question in the place of what its page asked before; gives it back where there is no room.
    #[must_use]
    pub(super) fn hold(&self, page: &str, question: AskedQuestion) -> Option<AskedQuestion> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST && !held.contains_key(page) {
            return Some(question);
        }

        held.insert(page.to_owned(), (Instant::now(), question));
        None
    }

    /// Lets go of what a question that was asked in full goes on from.
    pub(super) fn asked(&self, question: &AskedQuestion) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (_, half)| {
            half.face != question.face || !question.q.trim().starts_with(half.q.trim())
        });
    }

    /// Lets go of what may hold something of one of these documents.
    pub(super) fn forget(&self, sources: &[SourcePath]) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (_, question)| !question.is_about(sources));
    }

    /// The questions at which the typing has come to rest.
    pub(super) fn at_rest(&self) -> Vec<AskedQuestion> {
        self.older_than(REST)
    }

    fn older_than(&self, age: Duration) -> Vec<AskedQuestion> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rested: Vec<_> = held
            .extract_if(|_, (since, _)| since.elapsed() >= age)
            .collect();
        rested.sort_by_key(|(_, (since, _))| *since);

        rested
            .into_iter()
            .map(|(_, (_, question))| question)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(q: &str) -> AskedQuestion {
        AskedQuestion {
            q: q.to_owned(),
            face: "web",
            ..AskedQuestion::default()
        }
    }

    fn rested(typed: &TypeaheadDebounce) -> Vec<String> {
        let mut rested: Vec<String> = typed
            .older_than(Duration::ZERO)
            .into_iter()
            .map(|one| one.q)
            .collect();

        rested.sort();
        rested
    }

    #[test]
    fn the_last_question_of_a_page_counts() {
        let typed = TypeaheadDebounce::default();
        for (page, q) in [
            ("a", "bar"),
            ("a", "barge"),
            ("b", "reset"),
            ("a", "barge state"),
        ] {
            assert_eq!(typed.hold(page, question(q)), None);
        }

        assert_eq!(typed.at_rest(), [], "somebody may still type");
        assert_eq!(rested(&typed), ["barge state", "reset"]);
        assert_eq!(rested(&typed), [""; 0]);
    }

    #[test]
    fn a_question_asked_in_full_takes_the_place_of_its_beginning() {
        let typed = TypeaheadDebounce::default();
        for (page, q) in [("a", "barge st"), ("b", "barging")] {
            assert_eq!(typed.hold(page, question(q)), None);
        }

        typed.asked(&AskedQuestion {
            face: "rest",
            ..question("barge state")
        });
        typed.asked(&question("barge state"));
        assert_eq!(rested(&typed), ["barging"]);
    }

    #[test]
    fn what_is_typed_about_a_removed_document_goes_with_it() {
        let typed = TypeaheadDebounce::default();
        let shown = |q: &str, source: &str| AskedQuestion {
            shown: Some(vec![source.to_owned()]),
            ..question(q)
        };
        assert_eq!(typed.hold("a", shown("barge", "a.md")), None);
        assert_eq!(typed.hold("b", shown("reset", "b.md")), None);
        typed.forget(&["a.md".parse().unwrap()]);

        assert_eq!(rested(&typed), ["reset"]);
    }

    #[test]
    fn there_is_an_end_to_what_is_held() {
        let typed = TypeaheadDebounce::default();
        for page in 0..MOST {
            assert_eq!(typed.hold(&page.to_string(), question("a")), None);
        }

        assert_eq!(typed.hold("one more", question("b")), Some(question("b")));
        assert_eq!(typed.hold("7", question("c")), None);
    }

    #[test]
    fn a_page_has_a_name_of_a_reasonable_length() {
        let named = |name: &str| {
            page(&HeaderMap::from_iter([(
                HEADER.parse().unwrap(),
                name.parse().unwrap(),
            )]))
        };

        assert_eq!(named("a1b2").as_deref(), Some("a1b2"));
        assert_eq!(
            (named(""), named(&"x".repeat(65)), page(&HeaderMap::new())),
            (None, None, None)
        );
    }
}
