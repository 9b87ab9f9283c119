//! Front matter: the YAML block between `---` lines at the start of a file.
//!
//! It gives the title, the vendor's URL, the date, and fields that rules may map; it never sets a document's name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_yaml_ng::Value;

/// A longer block is not front matter; it also bounds what the YAML parser gets to see.
const MAX_BYTES: usize = 64 * 1024;

/// How deep fields are followed (`search.boost` is depth 2).
const MAX_DEPTH: usize = 4;

static ISO_DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d{4}-\d{2}-\d{2}(?:[T ][0-9:.+Z-]*)?$").expect("a valid pattern")
});

/// What a file says about itself.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct FrontMatter {
    /// Every field with a plain value, nested ones as `outer.inner`, lists joined by commas.
    pub(crate) fields: BTreeMap<String, String>,
    /// Fields that could not be used, in words.
    pub(crate) warnings: Vec<String>,
}

impl FrontMatter {
    /// The text of one field, without white space around it; an empty one counts as absent.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.fields
            .get(field)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The vendor's own page; only web addresses, since it becomes a link.
    pub(crate) fn source_url(&self) -> Option<String> {
        let url = self.text("source_url")?;
        let web = url.starts_with("https://") || url.starts_with("http://");
        (web && !url.contains(char::is_whitespace)).then(|| url.to_owned())
    }

    /// When the vendor last changed the document: an ISO 8601 date.
    pub(crate) fn updated(&self) -> Option<String> {
        self.text("updated")
            .filter(|date| ISO_DATE.is_match(date))
            .map(|date| date[..10].to_owned())
    }
}

/// Takes the front matter off a file's text: what it says, and where the body begins.
pub(crate) fn front_matter(text: &str) -> (FrontMatter, usize) {
    let Some((block, body)) = delimit(text) else {
        return (FrontMatter::default(), 0);
    };

    match serde_yaml_ng::from_str::<Value>(block) {
        Ok(Value::Mapping(mapping)) => {
            let mut found = FrontMatter::default();
            flatten("", &Value::Mapping(mapping), 0, &mut found.fields);
            found.warnings = unusable(&found);
            (found, body)
        }
        Ok(Value::Null) => (FrontMatter::default(), body),
        // A rule at the top of a page looks like front matter; what is no mapping stays text.
        Ok(_) => (FrontMatter::default(), 0),
        Err(error) => match plain_lines(block) {
            Some(fields) => {
                let warning = format!(
                    "the front matter is not valid YAML ({error}); it was read line by line"
                );

                let mut found = FrontMatter {
                    fields,
                    warnings: vec![warning],
                };
                found.warnings.extend(unusable(&found));
                (found, body)
            }
            None => {
                let warning =
                    format!("the front matter is not valid YAML ({error}) and was taken as text");
                (
                    FrontMatter {
                        warnings: vec![warning],
                        ..FrontMatter::default()
                    },
                    0,
                )
            }
        },
    }
}

/// The fields of a block whose every line is `name: text`, as people write it who forget to quote a title with a
/// colon in it.
fn plain_lines(block: &str) -> Option<BTreeMap<String, String>> {
    let field = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        let named = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || c == '_' || c == '-');

        named.then(|| {
            (
                name.to_owned(),
                value.trim().trim_matches(['"', '\'']).to_owned(),
            )
        })
    };

    block
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(field)
        .collect()
}

fn delimit(text: &str) -> Option<(&str, usize)> {
    let first = text.split_inclusive('\n').next()?;
    if first.trim_end() != "---" {
        return None;
    }

    let start = first.len();
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((&text[start..at], at + line.len()));
        }
        at += line.len();
        if at > MAX_BYTES {
            return None;
        }
    }

    None
}

fn flatten(name: &str, value: &Value, depth: usize, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Mapping(mapping) if depth < MAX_DEPTH => {
            for (key, value) in mapping {
                let Some(key) = scalar(key) else { continue };
                let name = if name.is_empty() {
                    key
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, depth + 1, fields);
            }
        }
        Value::Sequence(items) => {
            let texts: Vec<String> = items.iter().filter_map(scalar).collect();
            fields.insert(name.to_owned(), texts.join(", "));
        }
        other => {
            if let Some(text) = scalar(other) {
                fields.insert(name.to_owned(), text);
            }
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn unusable(found: &FrontMatter) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(url), None) = (found.text("source_url"), found.source_url()) {
        warnings.push(format!(
            "source_url {url:?} is not a web address and was left out"
        ));
    }

    if let (Some(date), None) = (found.text("updated"), found.updated()) {
        warnings.push(format!(
            "updated {date:?} is not a date such as 2025-01-31 and was left out"
        ));
    }

    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, fields: &[(&str, &str)], body: &str) {
        let (found, start) = front_matter(text);
        let expected: BTreeMap<String, String> = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(found.fields, expected, "{text:?}");
        assert_eq!(&text[start..], body, "{text:?}");
    }

    #[test]
    fn fields_are_read_and_taken_off_the_body() {
        check(
            "---\ntitle: Barge\nn: 3\n---\n# Body\n",
            &[("title", "Barge"), ("n", "3")],
            "# Body\n",
        );

        check(
            "---\r\ntitle: Barge\r\n---\r\nBody",
            &[("title", "Barge")],
            "Body",
        );

        check(
            "---\nsearch:\n  boost: 0.5\ntags: [a, b]\n---\n",
            &[("search.boost", "0.5"), ("tags", "a, b")],
            "",
        );

        check("---\n---\nBody", &[], "Body");
    }

    #[test]
    fn what_is_no_front_matter_stays_text() {
        for text in [
            "",
            "Body",
            "---\nnever closed",
            "---\n\nA paragraph.\n\n---\n",
            "--- \n- a\n- b\n---\n",
        ] {
            check(text, &[], text);
        }

        let (found, start) = front_matter("---\n- a: [1\n---\nBody");
        assert_eq!(start, 0);
        assert!(
            found.warnings[0].contains("not valid YAML"),
            "{:?}",
            found.warnings
        );
    }

    #[test]
    fn a_title_with_an_unquoted_colon_is_read_all_the_same() {
        check(
            "---\ntitle: ARI: Holding Bridges\npageid: 3\n---\nBody",
            &[("pageid", "3"), ("title", "ARI: Holding Bridges")],
            "Body",
        );
        assert_eq!(front_matter("---\ntitle: a: b\n---\n").0.warnings.len(), 1);
    }

    #[test]
    fn links_and_dates_are_checked() {
        let (good, _) = front_matter(
            "---\nsource_url: https://docs.example.com/a\nupdated: 2024-05-01T10:00:00Z\n---\n",
        );

        assert_eq!(
            good.source_url().as_deref(),
            Some("https://docs.example.com/a")
        );
        assert_eq!(good.updated().as_deref(), Some("2024-05-01"));
        let (bad, _) =
            front_matter("---\nsource_url: javascript:alert(1)\nupdated: yesterday\n---\n");
        assert_eq!((bad.source_url(), bad.updated()), (None, None));
        assert_eq!(bad.warnings.len(), 2);
    }
}
