//! What a document names for use elsewhere in it: link targets, substitutions. Found before anything is read, since they
//! may be used before they stand.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::lines::{indent, indented_until, rule};

static TARGET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\.\. _(?:`([^`]+)`|((?:[^:\\]|\\.)+)):(?:\s+(.*))?$").expect("a valid pattern")
});
static ANONYMOUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:\.\. __:|__)\s+(\S.*)$").expect("a valid pattern"));
static SUBSTITUTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\.\. \|([^|]+)\|\s+(replace|image|unicode|date)::\s*(.*)$")
        .expect("a valid pattern")
});

#[derive(Default)]
pub(super) struct Names {
    targets: HashMap<String, String>,
    anonymous: std::collections::VecDeque<String>,
    substitutions: HashMap<String, (String, String)>,
}

impl Names {
    pub(super) fn of(lines: &[String]) -> Self {
        let mut names = Self::default();
        let mut internal: Vec<String> = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            if let Some(found) = TARGET.captures(line) {
                let name = found
                    .get(1)
                    .or(found.get(2))
                    .map_or("", |name| name.as_str());
                let url = found.get(3).map_or("", |url| url.as_str()).to_owned()
                    + &continued(lines, at, "");
                match url.is_empty() {
                    true => {
                        names.targets.insert(key(name), format!("#{}", slug(name)));
                        internal.push(key(name));
                    }
                    false => drop(names.targets.insert(key(name), url)),
                }
            } else if let Some(found) = ANONYMOUS.captures(line) {
                names.anonymous.push_back(found[1].to_owned());
            } else if let Some(found) = SUBSTITUTION.captures(line) {
                let text = [found[3].to_owned(), continued(lines, at, " ")].concat();
                names.substitutions.insert(
                    found[1].trim().to_owned(),
                    (found[2].to_owned(), text.trim().to_owned()),
                );
            } else if is_title(lines, at) {
                names
                    .targets
                    .entry(key(line))
                    .or_insert_with(|| format!("#{}", slug(line)));
                // An internal target before a title is another name for it.
                for name in internal.drain(..) {
                    names.targets.insert(name, format!("#{}", slug(line)));
                }
            } else if !line.is_empty() && rule(line).is_none() {
                internal.clear();
            }
        }

        names.chase();
        names
    }

    /// Where a name leads.
    pub(super) fn target(&self, name: &str) -> Option<&str> {
        self.targets.get(&key(name)).map(String::as_str)
    }

    /// Where the next link without a name leads.
    pub(super) fn next(&mut self) -> Option<String> {
        self.anonymous.pop_front()
    }

    /// The kind of a substitution and what it gives.
    pub(super) fn substitution(&self, name: &str) -> Option<(&str, &str)> {
        self.substitutions
            .get(name.trim())
            .map(|(kind, text)| (kind.as_str(), text.as_str()))
    }

    /// Targets that name other targets (`.. _a: b_`) lead where those lead.
    fn chase(&mut self) {
        let indirect: Vec<(String, String)> = self
            .targets
            .iter()
            .filter_map(|(name, target)| {
                let other = target.strip_suffix('_')?.trim_matches('`');
                Some((name.clone(), self.targets.get(&key(other))?.clone()))
            })
            .collect();
        self.targets.extend(indirect);
    }
}

/// What stands indented below a line.
fn continued(lines: &[String], at: usize, between: &str) -> String {
    let end = indented_until(lines, at + 1, indent(&lines[at]) + 1);
    let more = lines[at + 1..end]
        .iter()
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.trim().starts_with(':'));

    more.map(|line| format!("{between}{}", line.trim()))
        .collect()
}

fn is_title(lines: &[String], at: usize) -> bool {
    let long = lines[at].trim().chars().count();
    let below = lines
        .get(at + 1)
        .filter(|below| rule(below).is_some() && below.len() >= long.min(4));
    long > 0 && rule(&lines[at]).is_none() && below.is_some()
}

fn key(name: &str) -> String {
    name.replace('\\', "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// A name as the part of an address.
pub(super) fn slug(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}
