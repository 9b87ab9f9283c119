//! Parses front matter, the YAML block between `---` lines at the start of a file.
//!
//! It supplies the title, the vendor's URL, the date, and fields that rules may map to facets. It
//! never determines a document's source path.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_yaml_ng::Value;

/// The front matter field in which `mcdewey convert` names the file that its Markdown was converted
/// from.
pub const CONVERTED_FROM: &str = "converted_from";

/// A longer block is not front matter. The limit also bounds the input of the YAML parser.
const MAX_BYTES: usize = 64 * 1024;

/// How deeply nested a field may be (`search.boost` has depth 2).
const MAX_DEPTH: usize = 4;

static ISO_DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d{4}-\d{2}-\d{2}(?:[T ][0-9:.+Z-]*)?$").expect("a valid pattern")
});

/// The metadata in a file's front matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FrontMatter {
    /// Every field with a scalar value; nested fields as `outer.inner`, lists joined by commas.
    pub(crate) fields: BTreeMap<String, String>,
    /// Problems found, such as fields with unusable values.
    pub(crate) warnings: Vec<String>,
}

impl FrontMatter {
    /// Returns the trimmed text of a field; an empty field counts as absent.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.fields
            .get(field)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Returns the vendor's page for the document. Only web addresses are accepted, since the value
    /// becomes a link.
    pub(crate) fn source_url(&self) -> Option<String> {
        let url = self.text("source_url")?;
        let is_web_address = url.starts_with("https://") || url.starts_with("http://");
        (is_web_address && !url.contains(char::is_whitespace)).then(|| url.to_owned())
    }

    /// Returns the date of the vendor's last change as an ISO 8601 date.
    pub(crate) fn updated(&self) -> Option<String> {
        self.text("updated")
            .filter(|date| ISO_DATE.is_match(date))
            .map(|date| date[..10].to_owned())
    }
}

/// Parses the front matter of a file and returns it with the byte offset at which the body starts.
pub(crate) fn front_matter(text: &str) -> (FrontMatter, usize) {
    let Some((block, body)) = delimited_block(text) else {
        return (FrontMatter::default(), 0);
    };

    match serde_yaml_ng::from_str::<Value>(block) {
        Ok(Value::Mapping(mapping)) => {
            let mut found = FrontMatter::default();
            flatten("", &Value::Mapping(mapping), 0, &mut found.fields);
            restore_written_numbers(block, &mut found.fields);
            found.warnings = unusable_field_warnings(&found);
            (found, body)
        }
        Ok(Value::Null) => (FrontMatter::default(), body),
        // A horizontal rule at the top of a page looks like front matter, so anything that is not a
        // mapping stays text.
        Ok(_) => (FrontMatter::default(), 0),
        Err(error) => parse_invalid_yaml(block, body, &error),
    }
}

/// Falls back to parsing line by line; where that fails too, the block stays part of the text.
fn parse_invalid_yaml(
    block: &str,
    body: usize,
    error: &serde_yaml_ng::Error,
) -> (FrontMatter, usize) {
    let Some(fields) = parse_plain_lines(block) else {
        let warning = format!(
            "the front matter is not valid YAML ({error}) and was treated as text; \
             correct its syntax"
        );
        let found = FrontMatter {
            warnings: vec![warning],
            ..FrontMatter::default()
        };

        return (found, 0);
    };

    let warning = format!(
        "the front matter is not valid YAML ({error}) and was parsed line by line; \
         quote values that contain special characters"
    );
    let mut found = FrontMatter {
        fields,
        warnings: vec![warning],
    };
    found.warnings.extend(unusable_field_warnings(&found));

    (found, body)
}

/// Parses a block in which every line is `name: text`. Authors often forget to quote a title that
/// contains a colon, which makes the block invalid YAML although its meaning is clear.
fn parse_plain_lines(block: &str) -> Option<BTreeMap<String, String>> {
    block
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(parse_plain_line)
        .collect()
}

fn parse_plain_line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(": ")?;
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let value = value.trim().trim_matches(['"', '\'']);

    is_name.then(|| (name.to_owned(), value.to_owned()))
}

/// Returns the text between the delimiter lines and the byte offset after the closing one.
fn delimited_block(text: &str) -> Option<(&str, usize)> {
    let opening = text.split_inclusive('\n').next()?;
    if opening.trim_end() != "---" {
        return None;
    }

    let start = opening.len();
    let mut offset = start;
    for line in text[start..].split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((&text[start..offset], offset + line.len()));
        }

        offset += line.len();
        if offset > MAX_BYTES {
            return None;
        }
    }

    None
}

/// Adds the scalars in `value` to `fields`, named by their path.
fn flatten(name: &str, value: &Value, depth: usize, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Mapping(mapping) if depth < MAX_DEPTH => {
            for (key, value) in mapping {
                let Some(key) = scalar_text(key) else {
                    continue;
                };
                let name = if name.is_empty() {
                    key
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, depth + 1, fields);
            }
        }
        Value::Sequence(items) => {
            let texts: Vec<String> = items.iter().filter_map(scalar_text).collect();
            fields.insert(name.to_owned(), texts.join(", "));
        }
        other => {
            if let Some(text) = scalar_text(other) {
                fields.insert(name.to_owned(), text);
            }
        }
    }
}

/// Replaces the text of numbers by what the block has: YAML reads `version: 3.10` as 3.1.
fn restore_written_numbers(block: &str, fields: &mut BTreeMap<String, String>) {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^([\w-]+):[ \t]+(\d+\.\d+)[ \t]*(?:#.*)?\r?$").expect("a valid pattern")
    });

    for found in NUMBER.captures_iter(block) {
        if let Some(field) = fields.get_mut(&found[1]) {
            found[2].clone_into(field);
        }
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn unusable_field_warnings(found: &FrontMatter) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(url), None) = (found.text("source_url"), found.source_url()) {
        warnings.push(format!(
            "source_url {url:?} is not a web address and was ignored"
        ));
    }

    if let (Some(date), None) = (found.text("updated"), found.updated()) {
        warnings.push(format!(
            "updated {date:?} is not a date such as 2025-01-31 and was ignored"
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
    fn fields_are_parsed_and_excluded_from_the_body() {
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

        check(
            "---\nversion: 3.10 # of the product\nrelease: 20.04\n---\n",
            &[("release", "20.04"), ("version", "3.10")],
            "",
        );
    }

    #[test]
    fn anything_else_stays_text() {
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
    fn a_title_with_an_unquoted_colon_is_parsed_nevertheless() {
        check(
            "---\ntitle: ARI: Holding Bridges\npageid: 3\n---\nBody",
            &[("pageid", "3"), ("title", "ARI: Holding Bridges")],
            "Body",
        );
        assert_eq!(front_matter("---\ntitle: a: b\n---\n").0.warnings.len(), 1);
    }

    #[test]
    fn links_and_dates_are_validated() {
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
