//! Holds back questions that a page sends while its user is typing. A question counts once the
//! typing has stopped; half-typed ones are neither kept nor counted as unanswered.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use mcdewey_core::SourcePath;

use super::questions::AskedQuestion;

/// The header in which a page sends its name with every question that its user did not submit.
const HEADER: &str = "x-mcdewey-typing";
const MAX_NAME_BYTES: usize = 64;
/// The typing has stopped when a page has sent no question for this long.
const SETTLED_AFTER: Duration = Duration::from_secs(5);
/// Pages that are tracked at once, to bound the memory. Questions of further pages count
/// immediately.
const MAX_PAGES: usize = 1000;

/// The name of the page that sent a request while its user was typing.
pub(super) fn page(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(HEADER)?.to_str().ok()?;
    (1..=MAX_NAME_BYTES)
        .contains(&name.len())
        .then(|| name.to_owned())
}

/// The last question of each page, by the page's name.
#[derive(Debug, Default)]
pub(super) struct TypeaheadDebounce(Mutex<HashMap<String, (Instant, AskedQuestion)>>);

impl TypeaheadDebounce {
    /// Replaces the last question of a page. Returns the question if there are too many pages to
    /// hold it.
    #[must_use]
    pub(super) fn hold(&self, page: &str, question: AskedQuestion) -> Option<AskedQuestion> {
        let mut held = self.lock();
        if held.len() >= MAX_PAGES && !held.contains_key(page) {
            return Some(question);
        }

        held.insert(page.to_owned(), (Instant::now(), question));
        None
    }

    /// Drops half-typed questions that this complete one begins with.
    pub(super) fn drop_beginnings_of(&self, complete: &AskedQuestion) {
        self.lock().retain(|_, (_, half_typed)| {
            half_typed.face != complete.face || !complete.q.trim().starts_with(half_typed.q.trim())
        });
    }

    /// Drops questions that may contain something of these documents.
    pub(super) fn forget(&self, sources: &[SourcePath]) {
        self.lock()
            .retain(|_, (_, question)| !question.is_about(sources));
    }

    /// Takes the questions after which the typing has stopped, the oldest first.
    pub(super) fn take_settled(&self) -> Vec<AskedQuestion> {
        self.take_older_than(SETTLED_AFTER)
    }

    fn take_older_than(&self, age: Duration) -> Vec<AskedQuestion> {
        let mut taken: Vec<_> = self
            .lock()
            .extract_if(|_, (since, _)| since.elapsed() >= age)
            .map(|(_, held)| held)
            .collect();
        taken.sort_by_key(|(since, _)| *since);

        taken.into_iter().map(|(_, question)| question).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, AskedQuestion)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn all_held(typeahead: &TypeaheadDebounce) -> Vec<String> {
        let mut held: Vec<String> = typeahead
            .take_older_than(Duration::ZERO)
            .into_iter()
            .map(|question| question.q)
            .collect();

        held.sort();
        held
    }

    #[test]
    fn only_the_last_question_of_a_page_is_kept() {
        let typeahead = TypeaheadDebounce::default();
        for (page, q) in [
            ("a", "bar"),
            ("a", "barge"),
            ("b", "reset"),
            ("a", "barge state"),
        ] {
            assert_eq!(typeahead.hold(page, question(q)), None);
        }

        assert_eq!(typeahead.take_settled(), [], "the user may still be typing");
        assert_eq!(all_held(&typeahead), ["barge state", "reset"]);
        assert_eq!(all_held(&typeahead), [""; 0]);
    }

    #[test]
    fn a_complete_question_replaces_its_beginnings() {
        let typeahead = TypeaheadDebounce::default();
        for (page, q) in [("a", "barge st"), ("b", "barging")] {
            assert_eq!(typeahead.hold(page, question(q)), None);
        }

        typeahead.drop_beginnings_of(&AskedQuestion {
            face: "rest",
            ..question("barge state")
        });
        typeahead.drop_beginnings_of(&question("barge state"));
        assert_eq!(all_held(&typeahead), ["barging"]);
    }

    #[test]
    fn questions_about_removed_documents_are_dropped() {
        let typeahead = TypeaheadDebounce::default();
        let shown = |q: &str, source: &str| AskedQuestion {
            shown: Some(vec![source.to_owned()]),
            ..question(q)
        };
        assert_eq!(typeahead.hold("a", shown("barge", "a.md")), None);
        assert_eq!(typeahead.hold("b", shown("reset", "b.md")), None);
        typeahead.forget(&["a.md".parse().unwrap()]);

        assert_eq!(all_held(&typeahead), ["reset"]);
    }

    #[test]
    fn the_number_of_pages_is_bounded() {
        let typeahead = TypeaheadDebounce::default();
        for page in 0..MAX_PAGES {
            assert_eq!(typeahead.hold(&page.to_string(), question("a")), None);
        }

        assert_eq!(
            typeahead.hold("one more", question("b")),
            Some(question("b"))
        );
        assert_eq!(typeahead.hold("7", question("c")), None);
    }

    #[test]
    fn a_page_name_has_a_limited_length() {
        let page_named = |name: &str| {
            page(&HeaderMap::from_iter([(
                HEADER.parse().unwrap(),
                name.parse().unwrap(),
            )]))
        };

        assert_eq!(page_named("a1b2").as_deref(), Some("a1b2"));
        assert_eq!(
            (
                page_named(""),
                page_named(&"x".repeat(65)),
                page(&HeaderMap::new())
            ),
            (None, None, None)
        );
    }
}
