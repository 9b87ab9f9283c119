//! Cuts out of a question what names its releases.

use std::ops::Range;

use super::words::{CONJUNCTIONS, PREPOSITIONS};
use crate::question::terms;
use crate::question::terms::is_listed;
use crate::question::versions::Mention;

/// The part of a question that names the release: the version, words such as "version" before it, and
/// the preposition or the conjunction before these.
pub(super) fn scope_range(
    question: &str,
    mention: &Mention<'_>,
    last: Option<&Range<usize>>,
) -> Range<usize> {
    let version_start = mention.text.as_ptr() as usize - question.as_ptr() as usize;
    let context = mention.context(question);
    let is_joined = version_start > mention.range.start;
    let mut start = match is_joined {
        true => version_start,
        false if context.has_version_word => context.before.len(),
        false => mention.range.start,
    };

    let before = question[..start].trim_end_matches([' ', '(', '[']);
    if let Some(word) = before.rsplit(char::is_whitespace).next()
        && !is_joined
        && (is_listed(word, PREPOSITIONS)
            || (is_listed(word, CONJUNCTIONS) && last.is_some_and(|last| last.end < start)))
    {
        start = before.len() - word.len();
    }

    // The bracket or the quotation mark that ends with it.
    let after = &question[mention.range.end..];
    let brackets = after.len() - after.trim_start_matches([')', ']']).len();
    start..mention.range.end + brackets
}

/// Returns the question without these parts; the whole question if nothing else remains.
pub(super) fn without(question: &str, removed: &[Range<usize>]) -> String {
    let mut rest = String::new();
    let mut at = 0;
    for range in removed {
        if range.start >= at {
            rest.push_str(question[at..range.start].trim_end_matches([' ', '(', '[']));
            at = range.end;
        }
    }
    rest.push_str(&question[at..]);

    let rest = rest.trim().trim_end_matches([',', ';', ':', '-']).trim();
    if terms::content_stems(rest).is_empty() {
        question.to_owned()
    } else {
        rest.to_owned()
    }
}
