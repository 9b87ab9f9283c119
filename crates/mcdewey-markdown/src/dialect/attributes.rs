//! Attributes of tags, containers and attribute lists.

use std::sync::LazyLock;

use regex::Regex;

use crate::collapse_whitespace;

/// Attributes whose values readers see, from the most to the least important.
const SHOWN: [&str; 9] = [
    "title", "label", "name", "header", "heading", "caption", "summary", "text", "content",
];

/// Attributes in their order; those without a name have an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// Reads attributes: `name="value"`, `name=value`, `name={value}`, `"value"` and
    /// `value`, separated by white space or commas.
    pub(super) fn parse(text: &str) -> Self {
        static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"^(?:([\w:.@#/!+*-]+)\s*=\s*)?(?:"([^"]*)"|'([^']*)'|`([^`]*)`)"#)
                .expect("a valid pattern")
        });
        static BARE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"^(?:([\w:.@#/!+*-]+)=)?([^\s,{}"'`=]+)"#).expect("a valid pattern")
        });
        static BEFORE_BRACE: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^([\w:.@-]+)\s*=\s*\{").expect("a valid pattern"));

        let mut found = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let length = if let Some(quoted) = ATTRIBUTE.captures(rest) {
                let value = quoted.get(2).or(quoted.get(3)).or(quoted.get(4));
                found.push((
                    group(&quoted, 1),
                    value.map_or("", |value| value.as_str()).to_owned(),
                ));
                quoted[0].len()
            } else if let Some(name) = BEFORE_BRACE.captures(rest) {
                let start = name[0].len() - 1;
                let length = braces_length(&rest[start..]).unwrap_or(rest.len() - start);
                found.push((
                    name[1].to_owned(),
                    expression_text(&rest[start..start + length]),
                ));
                start + length
            } else if rest.starts_with('{') {
                braces_length(rest).unwrap_or(rest.len())
            } else if let Some(bare) = BARE.captures(rest) {
                found.push((group(&bare, 1), bare[2].to_owned()));
                bare[0].len()
            } else {
                rest.chars().next().map_or(0, char::len_utf8)
            };
            rest = rest[length..].trim_start_matches([',', ' ', '\t', '\n', '\r']);
        }

        Self(found)
    }

    /// Adds an attribute.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Returns the value of an attribute, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, value)| found == name && !value.trim().is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Returns the value of the first of these attributes that is there.
    pub(super) fn first_of(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// Returns the values without a name.
    pub(super) fn positional(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(name, _)| name.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Reports whether there is an attribute of this name, or a value without a name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(found, value)| found == name || (found.is_empty() && value == name))
    }

    /// Returns the classes: values such as `.note`, and those of `class`.
    pub(super) fn classes(&self) -> impl Iterator<Item = &str> {
        let by_sign = self
            .positional()
            .filter_map(|value| value.strip_prefix('.'));
        let by_name = self
            .0
            .iter()
            .filter(|(name, _)| name == "class")
            .flat_map(|(_, value)| value.split_whitespace());
        by_sign.chain(by_name)
    }

    /// Returns the first text that readers see, on one line.
    pub(super) fn title(&self) -> Option<String> {
        self.first_of(&SHOWN).map(plain_text)
    }
}

fn group(captures: &regex::Captures<'_>, number: usize) -> String {
    captures
        .get(number)
        .map_or(String::new(), |found| found.as_str().to_owned())
}

/// Returns the length of the braces that `text` begins with, with all between them.
pub(super) fn braces_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (offset, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(offset + 1);
                }
            }
            _ => {}
        }
    }

    None
}

/// Returns the text of an expression in braces, without the quotes of a string.
fn expression_text(braces: &str) -> String {
    let inner = braces.trim_start_matches('{').trim_end_matches('}').trim();
    let quotes = ['"', '\'', '`'];
    inner
        .strip_prefix(quotes)
        .and_then(|inner| inner.strip_suffix(quotes))
        .unwrap_or(inner)
        .to_owned()
}

/// Returns a text on one line, without tags.
pub(super) fn plain_text(text: &str) -> String {
    static TAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"</?[A-Za-z][^<>]*>|</?>").expect("a valid pattern"));
    collapse_whitespace(&TAG.replace_all(text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_every_syntax_are_read() {
        let found = Attributes::parse(
            r#"title="A b" type='x' open count={3} label={"C d"} style={{ a: { b: 1 } }} .note #id key=v "E f", g"#,
        );
        assert_eq!(found.get("title"), Some("A b"));
        assert_eq!(found.get("type"), Some("x"));
        assert_eq!(found.get("count"), Some("3"));
        assert_eq!(found.get("label"), Some("C d"));
        assert_eq!(found.get("key"), Some("v"));
        assert!(found.has("open") && found.has("style"));
        assert_eq!(
            found.positional().collect::<Vec<_>>(),
            ["open", ".note", "#id", "E f", "g"]
        );
        assert_eq!(found.classes().collect::<Vec<_>>(), ["note"]);
    }

    #[test]
    fn anything_is_read_to_its_end() {
        for text in ["{", "a={", "=\"", "a=\"b", "\u{e9}={{}", "{{{", "= = ="] {
            Attributes::parse(text);
        }
    }
}
