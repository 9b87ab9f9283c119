//! Writes a proposal as TOML with comments.

use std::fmt::Write;

use mcdewey_core::{Product, is_hidden};

use super::{SuggestedFacets, SuggestedRule, Suggestion};

/// Names the proposal in errors.
pub(super) const PLACE: &str = "the proposed library.toml";

/// Returns the text of a `library.toml`.
pub(super) fn library_toml(suggestion: &Suggestion) -> String {
    let Suggestion {
        documents,
        covered,
        products,
        rules,
    } = suggestion;
    let matched: u64 = rules.iter().map(|rule| rule.documents).sum();
    let versioned: u64 = rules.iter().map(|rule| rule.versioned).sum();

    let mut out = format!(
        "# Proposed by `mcdewey rules suggest`: rules for {matched} of {documents} documents, \
         {versioned} of them with a version.\n\
         # Correct it and save it as library.toml at the top of the folder.\n"
    );
    if *covered > 0 {
        let _ = writeln!(
            out,
            "# {covered} documents have a rule already; keep the library.toml that there is, and \
             add to it."
        );
    }

    for product in products {
        write_product(&mut out, product);
    }
    for rule in rules {
        write_rule(&mut out, rule, *documents);
    }
    out
}

fn write_product(out: &mut String, product: &Product) {
    let _ = writeln!(out, "\n[[product]]\nid = {}", quoted(&product.id));
    out.push_str("# vendor = \"\"\n# title = \"\"\n");
    if !product.compact.is_empty() {
        let patterns: Vec<String> = product
            .compact
            .iter()
            .map(|pattern| quoted(pattern))
            .collect();
        let _ = writeln!(out, "compact = [{}]", patterns.join(", "));
    }
}

fn write_rule(out: &mut String, suggested: &SuggestedRule, all: u64) {
    let SuggestedRule {
        rule,
        documents,
        versioned,
        examples,
    } = suggested;

    let _ = writeln!(
        out,
        "\n# {documents} of {all} documents, {versioned} with a version:"
    );
    for example in examples {
        let _ = writeln!(out, "#   {}", example_line(example));
    }

    out.push_str("[[rule]]\n");
    if let Some(path) = &rule.path {
        let _ = writeln!(out, "path = {}", quoted(path));
    }
    if let Some(product) = &rule.set.product {
        let _ = writeln!(out, "set = {{ product = {} }}", quoted(product));
    }
}

/// Control characters would end the comment.
fn example_line(example: &SuggestedFacets) -> String {
    let facet = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let line = format!(
        "{}: product {}, version {}, guide {}",
        example.path,
        facet(&example.product),
        facet(&example.version),
        facet(&example.guide)
    );

    line.chars()
        .filter(|c| !is_hidden(*c) && !c.is_control())
        .collect()
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
