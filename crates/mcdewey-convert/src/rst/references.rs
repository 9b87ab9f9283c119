//! Link targets and substitutions of a document. They are collected before it is parsed, because
//! they may be used before they are defined.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use regex::Regex;

use super::lines::{adornment, indentation, indented_end_at_least, skip_empty};

static TARGET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\.\. _(?:`([^`]+)`|((?:[^:\\]|\\.)+)):(?:\s+(.*))?$")
        .expect("the pattern is valid")
});
static ANONYMOUS_TARGET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:\.\. __:|__)\s+(\S.*)$").expect("the pattern is valid"));
static SUBSTITUTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\.\. \|([^|]+)\|\s+(replace|image|unicode|date)::\s*(.*)$")
        .expect("the pattern is valid")
});

#[derive(Default)]
pub(super) struct References {
    /// URLs and anchors by normalised name.
    targets: HashMap<String, String>,
    /// The targets of links without a name, which are used in the order of their definition.
    anonymous_targets: VecDeque<String>,
    substitutions: HashMap<String, Substitution>,
}

#[derive(Clone)]
pub(super) struct Substitution {
    /// The directive that defines it: `replace`, `image`, `unicode` or `date`.
    pub(super) directive: String,
    pub(super) value: String,
    /// The text in place of an image.
    pub(super) alt: Option<String>,
}

impl References {
    pub(super) fn collect(lines: &[String]) -> Self {
        let mut references = Self::default();
        let mut pending_internal: Vec<String> = Vec::new();

        for (at, line) in lines.iter().enumerate() {
            if let Some(found) = TARGET.captures(line) {
                let name = found
                    .get(1)
                    .or(found.get(2))
                    .map_or("", |name| name.as_str());
                let mut url = found.get(3).map_or("", |url| url.as_str()).to_owned();
                url.push_str(&continuation(lines, at, ""));

                if url.is_empty() {
                    pending_internal.push(normalise_name(name));
                    url = anchor(name);
                }
                references.targets.insert(normalise_name(name), url);
            } else if let Some(found) = ANONYMOUS_TARGET.captures(line) {
                references.anonymous_targets.push_back(found[1].to_owned());
            } else if let Some(found) = SUBSTITUTION.captures(line) {
                let first = if found[3].is_empty() {
                    before_text_below(lines, at)
                } else {
                    at
                };
                let value = [&found[3], continuation(lines, first, " ").as_str()].concat();
                let substitution = Substitution {
                    directive: found[2].to_owned(),
                    value: value.trim().to_owned(),
                    alt: alt_below(lines, at),
                };
                references
                    .substitutions
                    .insert(found[1].trim().to_owned(), substitution);
            } else if is_title(lines, at) {
                references
                    .targets
                    .entry(normalise_name(line))
                    .or_insert_with(|| anchor(line));

                // Internal targets directly before a title are other names for it.
                for name in pending_internal.drain(..) {
                    references.targets.insert(name, anchor(line));
                }
            } else if !line.is_empty() && adornment(line).is_none() {
                pending_internal.clear();
            }
        }

        references.resolve_indirect_targets();
        references
    }

    /// The URL or anchor that a name refers to.
    pub(super) fn target(&self, name: &str) -> Option<&str> {
        self.targets.get(&normalise_name(name)).map(String::as_str)
    }

    /// Takes the target of the next link without a name.
    pub(super) fn next_anonymous_target(&mut self) -> Option<String> {
        self.anonymous_targets.pop_front()
    }

    pub(super) fn substitution(&self, name: &str) -> Option<&Substitution> {
        self.substitutions.get(name.trim())
    }

    /// Replaces targets that name another target (`.. _a: b_`) by that one.
    fn resolve_indirect_targets(&mut self) {
        let resolved: Vec<(String, String)> = self
            .targets
            .iter()
            .filter_map(|(name, target)| {
                let other = target.strip_suffix('_')?.trim_matches('`');
                Some((
                    name.clone(),
                    self.targets.get(&normalise_name(other))?.clone(),
                ))
            })
            .collect();

        self.targets.extend(resolved);
    }
}

/// The text indented below a line up to the next empty line, without options.
fn continuation(lines: &[String], at: usize, separator: &str) -> String {
    let end = indented_end_at_least(lines, at + 1, indentation(&lines[at]) + 1);
    lines[at + 1..end]
        .iter()
        .map(|line| line.trim())
        .take_while(|line| !line.is_empty())
        .filter(|line| !is_option(line))
        .map(|line| format!("{separator}{line}"))
        .collect()
}

fn is_option(line: &str) -> bool {
    line.strip_prefix(':')
        .and_then(|line| line.split_once(':'))
        .is_some_and(|(_, value)| value.is_empty() || value.starts_with(' '))
}

/// The value of the option `:alt:` below a line.
fn alt_below(lines: &[String], at: usize) -> Option<String> {
    let end = indented_end_at_least(lines, at + 1, indentation(&lines[at]) + 1);
    lines[at + 1..end]
        .iter()
        .find_map(|line| line.trim().strip_prefix(":alt:"))
        .map(|alt| alt.trim().to_owned())
}

/// The line before the text indented below a line, which may begin after empty lines.
fn before_text_below(lines: &[String], at: usize) -> usize {
    let next = skip_empty(lines, at + 1);
    let is_below = lines
        .get(next)
        .is_some_and(|line| indentation(line) > indentation(&lines[at]));
    if is_below { next - 1 } else { at }
}

fn is_title(lines: &[String], at: usize) -> bool {
    let length = lines[at].trim().chars().count();
    let is_underlined = lines
        .get(at + 1)
        .is_some_and(|below| adornment(below).is_some() && below.len() >= length.min(4));

    length > 0 && adornment(&lines[at]).is_none() && is_underlined
}

/// Names are compared without regard to case, whitespace and escapes.
fn normalise_name(name: &str) -> String {
    name.replace('\\', "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// The link to a title or target within the document.
fn anchor(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();

    format!("#{}", words.join("-"))
}
