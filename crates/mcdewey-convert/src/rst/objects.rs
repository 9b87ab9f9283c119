//! Descriptions of objects: the directives of Sphinx's domains, such as `py:function`, `http:get`
//! and `confval`, whose argument is a signature.

use std::sync::LazyLock;

use regex::Regex;

use super::Parser;
use super::directives::{Directive, ShownOption};
use crate::html::escape;

/// Directives without a domain whose argument is a signature.
const WITHOUT_DOMAIN: [&str; 26] = [
    "function",
    "method",
    "classmethod",
    "staticmethod",
    "class",
    "exception",
    "attribute",
    "data",
    "decorator",
    "decoratormethod",
    "property",
    "option",
    "cmdoption",
    "envvar",
    "describe",
    "object",
    "confval",
    "type",
    "macro",
    "member",
    "setting",
    "enum",
    "enumerator",
    "struct",
    "union",
    "var",
];

/// Kinds that belong to the signature, as in `class Pump(size)`.
const KEYWORDS: [&str; 14] = [
    "class",
    "exception",
    "struct",
    "union",
    "enum",
    "enum-class",
    "enum-struct",
    "concept",
    "interface",
    "trait",
    "classmethod",
    "staticmethod",
    "property",
    "type",
];

/// Kinds that a signature does not need in order to be understood.
const UNLABELLED: [&str; 27] = [
    "function",
    "func",
    "method",
    "meth",
    "data",
    "attribute",
    "attr",
    "member",
    "var",
    "variable",
    "option",
    "cmdoption",
    "envvar",
    "confval",
    "setting",
    "describe",
    "object",
    "decorator",
    "decoratormethod",
    "macro",
    "enumerator",
    "const",
    "constant",
    "field",
    "expr",
    "alias",
    "global",
];

/// Kinds whose value is part of the signature.
const WITH_VALUE: [&str; 8] = [
    "data",
    "attribute",
    "attr",
    "property",
    "var",
    "variable",
    "const",
    "constant",
];

/// Directives that say where the objects below belong, and what is written before the name.
const NAMESPACES: [(&str, &str); 7] = [
    ("module", "Module"),
    ("currentmodule", "Module"),
    ("program", "Program"),
    ("namespace", "Namespace"),
    ("namespace-push", "Namespace"),
    ("currentlibrary", "Library"),
    ("package", "Package"),
];

/// Whether a directive describes objects. In Sphinx `class` does so without a domain; in docutils it
/// assigns a style.
pub(super) fn is_object(directive: &Directive, describes_objects: bool) -> bool {
    let name = directive.name();
    match directive.domain() {
        Some("std") | None if name == "class" => {
            is_class_signature(&directive.argument) || describes_objects
        }
        Some("std") | None => WITHOUT_DOMAIN.contains(&name.as_str()),
        Some(_) => true,
    }
}

/// Whether a document describes objects of a program.
pub(super) fn are_described(lines: &[String]) -> bool {
    static OBJECT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^\s*\.\. (?:py:\w+|function|method|attribute|data|exception|module|currentmodule|class(?:method)?:: +\w+\()",
        )
        .expect("the pattern is valid")
    });

    lines.iter().any(|line| OBJECT.is_match(line))
}

/// Whether the argument of `class` names a class. Names of styles are in lower case, with hyphens.
fn is_class_signature(argument: &str) -> bool {
    argument
        .chars()
        .any(|c| !(c.is_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | ' ')))
}

/// What is written before the name in a directive that says where objects belong.
pub(super) fn namespace_title(name: &str) -> Option<&'static str> {
    NAMESPACES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, title)| *title)
}

impl Parser {
    /// Writes an object with its signatures, options and description.
    pub(super) fn object(&mut self, directive: &Directive, depth: usize, out: &mut String) {
        let name = directive.name();
        let value = directive
            .option("value")
            .filter(|_| WITH_VALUE.contains(&name.as_str()));

        out.push_str("<dl>");
        for signature in signatures(&directive.argument) {
            let (label, mut code) = labelled(directive.domain(), &name, &signature);
            if let Some(value) = value {
                code.push_str(&format!(" = {value}"));
            }

            out.push_str(&format!(
                "<dt>{}<code>{}</code></dt>",
                escape::html(&label),
                escape::html(&code)
            ));
        }

        out.push_str("<dd>");
        let options: Vec<ShownOption<'_>> = directive
            .shown_options()
            .into_iter()
            .filter(|option| value.is_none() || option.name != "value")
            .collect();
        self.options(&options, out);
        self.blocks(&directive.body, depth + 1, out);
        out.push_str("</dd></dl>");
    }

    /// Writes the name of a module or program with what is said about it.
    pub(super) fn namespace(
        &mut self,
        title: &str,
        directive: &Directive,
        depth: usize,
        out: &mut String,
    ) {
        if !directive.argument.is_empty() {
            out.push_str(&format!(
                "<p>{title} <code>{}</code></p>",
                escape::html(&directive.argument)
            ));
        }
        self.options(&directive.shown_options(), out);
        self.blocks(&directive.body, depth + 1, out);
    }

    /// Writes options as a list.
    pub(super) fn options(&mut self, options: &[ShownOption<'_>], out: &mut String) {
        if options.is_empty() {
            return;
        }

        out.push_str("<ul>");
        for option in options {
            let name = escape::html(option.name);
            if option.value.is_empty() {
                out.push_str(&format!("<li><strong>{name}</strong></li>"));
            } else {
                let value = self.inline(option.value);
                out.push_str(&format!("<li><strong>{name}:</strong> {value}</li>"));
            }
        }
        out.push_str("</ul>");
    }
}

/// The signatures of an object, one on each line; a backslash joins a line to the next one.
fn signatures(argument: &str) -> Vec<String> {
    argument
        .replace("\\\n", " ")
        .lines()
        .map(|line| line.trim_end_matches('\\').trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// The label of a signature and the signature with its keyword.
fn labelled(domain: Option<&str>, name: &str, signature: &str) -> (String, String) {
    let keyword = name.replace('-', " ");
    if domain == Some("http") {
        return (
            String::new(),
            format!("{} {signature}", name.to_uppercase()),
        );
    }

    let is_class_level = KEYWORDS.contains(&name);
    if is_class_level && !signature.starts_with(&format!("{keyword} ")) {
        return (String::new(), format!("{keyword} {signature}"));
    }

    if is_class_level || UNLABELLED.contains(&name) {
        return (String::new(), signature.to_owned());
    }

    (format!("{keyword} "), signature.to_owned())
}
