//! Compiles one rule and applies it to documents: what it inspects, its pattern, and the facets it
//! yields if the pattern matches.

use regex::{Captures, Regex};

use super::Subject;
use super::file::{Constants, RuleEntry};

/// A facet that a rule may yield.
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

    /// Returns the name of the capture group that yields the facet.
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
    /// The display name, such as "rule 2 (title)".
    pub(super) name: String,
    /// The prefix of the paths to which the rule applies.
    under: String,
    input: RuleInput,
    pattern: Regex,
    set: Constants,
}

/// The text to which a rule's pattern applies.
#[derive(Debug)]
enum RuleInput {
    Path,
    Title,
    Field(String),
}

/// A rule that matched a document.
pub(super) struct RuleMatch<'a> {
    groups: Captures<'a>,
    set: &'a Constants,
}

impl Rule {
    /// Validates and compiles the rule at `index`. Errors name the rule by its number, counted from
    /// 1.
    pub(super) fn compile(index: usize, entry: &RuleEntry) -> Result<Self, String> {
        let number = index + 1;
        Self::compile_numbered(number, entry).map_err(|reason| format!("rule {number}: {reason}"))
    }

    fn compile_numbered(number: usize, entry: &RuleEntry) -> Result<Self, String> {
        let (input, pattern, kind) = match (&entry.path, &entry.title, &entry.field, &entry.pattern)
        {
            (Some(pattern), None, None, None) => (RuleInput::Path, pattern, "path"),
            (None, Some(pattern), None, None) => (RuleInput::Title, pattern, "title"),
            (None, None, Some(field), Some(pattern)) => {
                (RuleInput::Field(field.clone()), pattern, field.as_str())
            }
            (None, None, Some(_), None) => {
                return Err("`field` needs a `pattern` for its text".to_owned());
            }
            _ => {
                return Err(
                    "exactly one of `path`, `title`, and `field` with `pattern` is needed"
                        .to_owned(),
                );
            }
        };

        let pattern = Regex::new(pattern).map_err(|error| error.to_string())?;
        let known: Vec<&str> = FacetName::ALL.iter().map(|name| name.group()).collect();

        let groups: Vec<&str> = pattern.capture_names().flatten().collect();
        if let Some(unknown) = groups.iter().find(|group| !known.contains(group)) {
            return Err(format!(
                "unknown facet `{unknown}`; the facets are {}",
                known.join(", ")
            ));
        }

        if groups.is_empty() && entry.set == Constants::default() {
            return Err(
                "it yields nothing; name a group such as `(?<version>…)`, or `set` a facet"
                    .to_owned(),
            );
        }

        Ok(Self {
            name: format!("rule {number} ({kind})"),
            under: entry.under.clone().unwrap_or_default(),
            input,
            pattern,
            set: entry.set.clone(),
        })
    }

    /// Returns the match if the rule applies to the document and its pattern matches.
    pub(super) fn find_match<'a>(&'a self, subject: Subject<'a>) -> Option<RuleMatch<'a>> {
        if !subject.path.starts_with(&self.under) {
            return None;
        }

        let text = match &self.input {
            RuleInput::Path => subject.path,
            RuleInput::Title => subject.title,
            RuleInput::Field(field) => subject.front_matter.text(field)?,
        };

        Some(RuleMatch {
            groups: self.pattern.captures(text)?,
            set: &self.set,
        })
    }
}

impl RuleMatch<'_> {
    /// Returns the text of a facet: that of the capture group, else the constant. An empty text
    /// means that the facet stays empty.
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
