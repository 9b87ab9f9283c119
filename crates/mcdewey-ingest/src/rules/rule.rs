//! One rule: what it looks at, its pattern, and the facets it yields when the pattern matches.

use regex::{Captures, Regex};

use super::Subject;
use super::file::{Constants, RuleEntry};

/// The facets a rule may yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FacetName {
    Vendor,
    Product,
    Version,
    Guide,
    Lang,
}

impl FacetName {
    const ALL: [Self; 5] = [
        Self::Vendor,
        Self::Product,
        Self::Version,
        Self::Guide,
        Self::Lang,
    ];

    /// The name of the pattern's group.
    fn group(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Product => "product",
            Self::Version => "version",
            Self::Guide => "guide",
            Self::Lang => "lang",
        }
    }

    fn constant(self, set: &Constants) -> Option<&str> {
        let value = match self {
            Self::Vendor => &set.vendor,
            Self::Product => &set.product,
            Self::Version => &set.version,
            Self::Guide => &set.guide,
            Self::Lang => &set.lang,
        };
        value.as_deref()
    }
}

/// A compiled rule.
#[derive(Debug)]
pub(super) struct Rule {
    /// For people: "rule 2 (title)".
    pub(super) name: String,
    under: String,
    looks_at: LooksAt,
    pattern: Regex,
    set: Constants,
}

#[derive(Debug)]
enum LooksAt {
    Path,
    Title,
    Field(String),
}

/// A rule that matched a document.
pub(super) struct Match<'a> {
    groups: Captures<'a>,
    set: &'a Constants,
}

impl Rule {
    /// Checks and compiles the rule at `place` (counted from 0).
    pub(super) fn compile(place: usize, entry: &RuleEntry) -> Result<Self, String> {
        let number = place + 1;
        let refuse = |reason: &str| format!("rule {number}: {reason}");
        let (looks_at, pattern, kind) =
            match (&entry.path, &entry.title, &entry.field, &entry.pattern) {
                (Some(pattern), None, None, None) => (LooksAt::Path, pattern, "path"),
                (None, Some(pattern), None, None) => (LooksAt::Title, pattern, "title"),
                (None, None, Some(field), Some(pattern)) => {
                    (LooksAt::Field(field.clone()), pattern, field.as_str())
                }
                (None, None, Some(_), None) => {
                    return Err(refuse("`field` needs a `pattern` for its text"));
                }
                _ => {
                    return Err(refuse(
                        "exactly one of `path`, `title`, and `field` with `pattern` is needed",
                    ));
                }
            };

        let pattern = Regex::new(pattern).map_err(|error| refuse(&error.to_string()))?;
        let known: Vec<&str> = FacetName::ALL.iter().map(|name| name.group()).collect();

        let groups: Vec<&str> = pattern.capture_names().flatten().collect();
        if let Some(unknown) = groups.iter().find(|group| !known.contains(group)) {
            return Err(refuse(&format!(
                "no facet is called `{unknown}`; the facets are {}",
                known.join(", ")
            )));
        }

        if groups.is_empty() && entry.set == Constants::default() {
            return Err(refuse(
                "it yields nothing; name a group such as `(?<version>…)`, or `set` a facet",
            ));
        }

        let under = entry.under.clone().unwrap_or_default();
        Ok(Self {
            name: format!("rule {number} ({kind})"),
            under,
            looks_at,
            pattern,
            set: entry.set.clone(),
        })
    }

    /// What it yields for a document, if its pattern matches.
    pub(super) fn matches<'a>(&'a self, subject: Subject<'a>) -> Option<Match<'a>> {
        if !subject.path.starts_with(&self.under) {
            return None;
        }

        let text = match &self.looks_at {
            LooksAt::Path => subject.path,
            LooksAt::Title => subject.title,
            LooksAt::Field(field) => subject.front_matter.text(field)?,
        };

        Some(Match {
            groups: self.pattern.captures(text)?,
            set: &self.set,
        })
    }
}

impl Match<'_> {
    /// The text of a facet: the group's, else the constant; an empty constant says that there is none.
    pub(super) fn get(&self, name: FacetName) -> Option<String> {
        let group = self
            .groups
            .name(name.group())
            .map(|found| found.as_str().trim())
            .filter(|text| !text.is_empty());

        group
            .or_else(|| name.constant(self.set))
            .map(|text| text.trim().to_owned())
    }
}
