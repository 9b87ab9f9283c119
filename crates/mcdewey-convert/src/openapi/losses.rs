//! Names what of a description is not in its Markdown.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::api::Api;
use super::schema::is_extension_read;
use crate::text::list;

/// Tags and character references, which descriptions may contain.
static MARKUP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<[^<>]*>|&#?\w+;").expect("the pattern is valid"));

/// Keywords whose values tell programs how to read the description, not people what it means.
const FOR_PROGRAMS: [&str; 14] = [
    "openapi",
    "swagger",
    "$ref",
    "$schema",
    "$id",
    "id",
    "$self",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "jsonSchemaDialect",
    "type",
    "in",
    "tags",
];

/// Objects whose keys are names that authors have chosen.
const OF_NAMES: [&str; 12] = [
    "properties",
    "patternProperties",
    "responses",
    "headers",
    "scopes",
    "links",
    "callbacks",
    "variables",
    "webhooks",
    "$defs",
    "securitySchemes",
    "schemas",
];

/// Warnings about everything that the Markdown lacks.
pub(super) fn warnings(api: &Api<'_>, markdown: &str) -> Vec<String> {
    let mut losses = Losses {
        api,
        words: words(markdown).collect(),
        extensions: BTreeSet::new(),
        files: BTreeSet::new(),
        broken: BTreeSet::new(),
        missing: Vec::new(),
    };
    losses.walk(api.root, "", "#");

    let mut warnings = Vec::new();
    for (names, words) in [
        (
            losses.extensions.into_iter().collect(),
            "extensions are left out; put what readers need of them into descriptions",
        ),
        (
            losses.files.into_iter().collect(),
            "the description refers to other files, whose text is missing",
        ),
        (
            losses.broken.into_iter().collect(),
            "references lead nowhere in the file; correct them",
        ),
        (
            losses.missing,
            "text is left out at these places; put it into descriptions",
        ),
    ] {
        let names: Vec<String> = names;
        if !names.is_empty() {
            warnings.push(format!("{words}: {}", list(&names)));
        }
    }
    warnings
}

struct Losses<'a> {
    api: &'a Api<'a>,
    /// The words of the Markdown.
    words: HashSet<&'a str>,
    extensions: BTreeSet<String>,
    files: BTreeSet<String>,
    broken: BTreeSet<String>,
    /// The positions of texts with words that the Markdown lacks.
    missing: Vec<String>,
}

impl Losses<'_> {
    fn walk(&mut self, value: &Value, key: &str, position: &str) {
        match value {
            Value::String(text) => self.check(text, key, position),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.walk(item, key, &format!("{position}/{at}"));
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.walk_field(name, field, key, position);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn walk_field(&mut self, name: &str, field: &Value, parent: &str, position: &str) {
        let is_name = OF_NAMES.contains(&parent);
        if name.starts_with("x-") && !is_name {
            if !is_extension_read(name) {
                self.extensions.insert(name.to_owned());
            }
            return;
        }

        let position = format!("{position}/{}", name.replace('~', "~0").replace('/', "~1"));
        if is_name && !is_replaced(&position) && !self.has_words_of(name) {
            self.missing.push(position.clone());
        }

        let key = if is_name { "" } else { name };
        self.walk(field, key, &position);
    }

    fn check(&mut self, text: &str, key: &str, position: &str) {
        if key == "$ref" {
            self.check_reference(text);
        } else if !FOR_PROGRAMS.contains(&key)
            && !text.starts_with("#/")
            && !self.has_words_of(&MARKUP.replace_all(text, " "))
        {
            self.missing.push(position.to_owned());
        }
    }

    fn check_reference(&mut self, reference: &str) {
        let file = reference.split('#').next().unwrap_or_default();
        if !file.is_empty() {
            self.files.insert(file.to_owned());
        } else if self.api.target(reference).is_none() {
            self.broken.insert(reference.to_owned());
        }
    }

    fn has_words_of(&self, text: &str) -> bool {
        words(text).all(|word| self.words.contains(word))
    }
}

/// Whether a name is that of a component which is written under another name, where it is used.
fn is_replaced(position: &str) -> bool {
    position
        .strip_prefix("#/components/")
        .is_some_and(|rest| !rest.starts_with("schemas/") && rest.split('/').count() == 2)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}
