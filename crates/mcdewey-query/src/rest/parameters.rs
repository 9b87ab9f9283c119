//! The parameters of a request by name: rejects unknown names, repeated single values and values of
//! the wrong type.

use std::str::FromStr;

use mcdewey_search::QueryError;
use mcdewey_search::parameter::Declaration;

/// The parameters of one request. Every name is one that the request accepts.
#[derive(Debug, Clone)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Fails if a name is not in `known`; the error lists all such names.
    pub fn new(pairs: Vec<(String, String)>, known: &[&str]) -> Result<Self, QueryError> {
        reject_unknown(pairs.iter().map(|(name, _)| name), known)?;
        Ok(Self { pairs })
    }

    /// Fails if a name is not declared; the error lists all such names.
    pub fn declared(
        pairs: Vec<(String, String)>,
        declarations: &[Declaration],
    ) -> Result<Self, QueryError> {
        Self::new(pairs, &names(declarations))
    }

    /// Returns a parameter that takes one value. An empty value counts as absent, because forms
    /// send empty fields.
    pub fn one(&self, name: &str) -> Result<Option<&str>, QueryError> {
        let mut values = self.values(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(invalid(format!(
                "{name} is given more than once; it takes one value"
            )));
        }

        Ok(first.filter(|value| !value.is_empty()))
    }

    /// Returns a parameter that takes a whole number within the range of `T`.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, QueryError> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };

        let number = text
            .trim()
            .parse()
            .map_err(|_| invalid(format!("{name} must be a whole number, not {text:?}")))?;

        Ok(Some(number))
    }

    /// Returns a boolean parameter. The name alone, without a value, means true.
    pub fn flag(&self, name: &str) -> Result<bool, QueryError> {
        if self.values(name).next().is_none() {
            return Ok(false);
        }

        match self.one(name)?.unwrap_or("1").to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            other => Err(invalid(format!(
                "{name} must be true or false, not {other:?}"
            ))),
        }
    }

    /// Returns the values of a parameter that may be repeated or separated by commas (`\,` is a
    /// comma within a value).
    pub fn list(&self, name: &str) -> Vec<String> {
        self.values(name).flat_map(split_list).collect()
    }

    /// Returns the values of a repeated parameter, unsplit and without empty ones.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.values(name)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The names of declared parameters.
pub(super) fn names(declarations: &[Declaration]) -> Vec<&'static str> {
    declarations
        .iter()
        .map(|declaration| declaration.name)
        .collect()
}

/// Escapes a value for a list that is separated by commas.
pub(super) fn escape_list_value(value: &str) -> String {
    value.replace('\\', "\\\\").replace(',', "\\,")
}

fn split_list(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ',' => values.push(String::new()),
            '\\' if matches!(chars.peek(), Some(',' | '\\')) => {
                push_last(&mut values, chars.next())
            }
            c => push_last(&mut values, Some(c)),
        }
    }

    values
        .iter()
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

fn push_last(values: &mut [String], c: Option<char>) {
    if let (Some(last), Some(c)) = (values.last_mut(), c) {
        last.push(c);
    }
}

/// Fails if names are not in `known`; the error lists all of them at once.
pub(super) fn reject_unknown<'a>(
    names: impl Iterator<Item = &'a String>,
    known: &[&str],
) -> Result<(), QueryError> {
    let mut unknown: Vec<String> = names
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| format!("{name:?}"))
        .collect();
    unknown.dedup();
    if unknown.is_empty() {
        return Ok(());
    }

    let hint = if known.is_empty() {
        "this request takes no parameters".to_owned()
    } else {
        format!("known: {}", known.join(", "))
    };

    Err(invalid(format!(
        "unknown parameter {}; {hint}",
        unknown.join(", ")
    )))
}

fn invalid(message: String) -> QueryError {
    QueryError::InvalidRequest(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Parameters::new(pairs, &["q", "limit", "explain", "product"]).unwrap()
    }

    #[test]
    fn every_unknown_name_is_listed() {
        let pairs = vec![
            ("prodct".to_owned(), "x".to_owned()),
            ("foo".to_owned(), String::new()),
        ];

        let error = Parameters::new(pairs, &["product"])
            .unwrap_err()
            .to_string();

        assert_eq!(
            error,
            r#"unknown parameter "prodct", "foo"; known: product"#
        );
    }

    #[test]
    fn lists_are_repeated_or_separated_by_commas() {
        let list = parameters(&[
            ("product", "a, b,"),
            ("product", ""),
            ("product", r"Foo\, Inc.,c\\"),
        ])
        .list("product");

        assert_eq!(list, ["a", "b", "Foo, Inc.", r"c\"]);
        for value in ["Foo, Inc.", r"a\", r"\,", "plain"] {
            assert_eq!(split_list(&escape_list_value(value)), [value]);
        }
    }

    #[test]
    fn values_must_have_the_right_type() {
        assert_eq!(
            parameters(&[("limit", "5")])
                .number::<usize>("limit")
                .unwrap(),
            Some(5)
        );
        assert_eq!(
            parameters(&[("limit", "")])
                .number::<usize>("limit")
                .unwrap(),
            None
        );

        for bad in ["-1", "ten", "1.5", "99999999999999999999999"] {
            assert!(
                parameters(&[("limit", bad)])
                    .number::<usize>("limit")
                    .is_err(),
                "{bad}"
            );
        }

        assert!(parameters(&[("q", "a"), ("q", "b")]).one("q").is_err());
    }

    #[test]
    fn a_flag_without_a_value_is_true() {
        assert!(parameters(&[("explain", "")]).flag("explain").unwrap());
        assert!(!parameters(&[("explain", "false")]).flag("explain").unwrap());
        assert!(!parameters(&[]).flag("explain").unwrap());
        assert!(parameters(&[("explain", "maybe")]).flag("explain").is_err());
    }
}
