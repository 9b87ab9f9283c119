//! Rewrites the text of elements that are no text themselves (drawings, formulas, form fields) and
//! names embedded pages, whose text is elsewhere.

use dom_query::{Document, NodeRef};

use super::dom::{collapse_whitespace, descendants_named, has_ancestor_named};
use super::escape;
use crate::text::list;

/// Elements in which form fields illustrate the text.
const TEXT_BLOCKS: [&str; 6] = ["p", "li", "dd", "td", "th", "figure"];

/// Rewrites all such elements of a page.
pub(super) fn rewrite(document: &Document, warnings: &mut Vec<String>) {
    let root = document.root();
    for drawing in descendants_named(&root, &["svg"]) {
        rewrite_drawing(&drawing);
    }
    for formula in descendants_named(&root, &["math"]) {
        rewrite_formula(&formula);
    }
    for field in descendants_named(&root, &["input", "select"]) {
        rewrite_field(&field);
    }

    warn_of_embedded_pages(&root, warnings);
}

/// Replaces a drawing with its labels.
fn rewrite_drawing(drawing: &NodeRef<'_>) {
    let labels: Vec<String> = descendants_named(drawing, &["text", "foreignObject"])
        .iter()
        .map(|label| collapse_whitespace(&label.text()))
        .filter(|label| label.chars().any(char::is_alphanumeric))
        .collect();

    if !labels.is_empty() {
        drawing.replace_with_html(format!(
            "<span>{}</span>",
            escape::html(&labels.join(" · "))
        ));
    }
}

/// Replaces a formula with its source in TeX, if the page has it, or with its characters.
fn rewrite_formula(formula: &NodeRef<'_>) {
    let tex = descendants_named(formula, &["annotation"])
        .into_iter()
        .find(|node| node.attr_or("encoding", "").contains("tex"));
    let text = match tex {
        Some(tex) => collapse_whitespace(&tex.text()),
        None => linear(formula),
    };

    if text.is_empty() {
        formula.remove_from_parent();
    } else {
        formula.replace_with_html(format!("<code>{}</code>", escape::html(&text)));
    }
}

/// Writes a formula on one line.
fn linear(node: &NodeRef<'_>) -> String {
    if node.is_text() {
        return collapse_whitespace(&node.text());
    }

    let parts: Vec<String> = node.children().iter().map(linear).collect();
    let parts: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let grouped = |part: &str| {
        if part.chars().count() > 1 && !part.chars().all(char::is_alphanumeric) {
            format!("({part})")
        } else {
            part.to_owned()
        }
    };

    match (node.node_name().as_deref(), parts.as_slice()) {
        (Some("msup"), [base, power]) => format!("{}^{}", grouped(base), grouped(power)),
        (Some("msub"), [base, index]) => format!("{base}_{}", grouped(index)),
        (Some("msubsup" | "munderover"), [base, low, high]) => {
            format!("{base}_{}^{}", grouped(low), grouped(high))
        }
        (Some("mfrac"), [top, bottom]) => format!("{}/{}", grouped(top), grouped(bottom)),
        (Some("msqrt"), parts) => format!("√({})", parts.join(" ")),
        (Some("mroot"), [base, root]) => format!("{}^(1/{root})", grouped(base)),
        (Some("annotation" | "annotation-xml"), _) => String::new(),
        (_, parts) => parts.join(" "),
    }
}

/// Writes what a form field within the text holds. Fields elsewhere belong to the site.
fn rewrite_field(field: &NodeRef<'_>) {
    if !has_ancestor_named(field, &TEXT_BLOCKS) || has_ancestor_named(field, &["nav", "form"]) {
        return;
    }

    let text = if field.has_name("select") {
        let options: Vec<String> = descendants_named(field, &["option"])
            .iter()
            .map(|option| collapse_whitespace(&option.text()))
            .filter(|option| !option.is_empty())
            .collect();
        options.join(" / ")
    } else {
        match &*field.attr_or("type", "text") {
            "hidden" | "radio" | "search" | "image" | "file" => String::new(),
            "checkbox" if field.has_attr("checked") => "[x] ".to_owned(),
            "checkbox" => "[ ] ".to_owned(),
            _ => field.attr_or("value", "").trim().to_owned(),
        }
    };

    if !text.is_empty() {
        field.replace_with_html(escape::html(&text));
    }
}

fn warn_of_embedded_pages(root: &NodeRef<'_>, warnings: &mut Vec<String>) {
    let names: Vec<String> = descendants_named(root, &["iframe"])
        .iter()
        .filter_map(|frame| {
            ["title", "src"]
                .iter()
                .map(|name| frame.attr_or(name, "").trim().to_owned())
                .find(|name| !name.is_empty() && name != "about:blank")
                .or_else(|| {
                    frame
                        .has_attr("srcdoc")
                        .then(|| "without a name".to_owned())
                })
        })
        .collect();

    if !names.is_empty() {
        warnings.push(format!(
            "the page embeds other pages, whose text is missing: {}",
            list(&names)
        ));
    }
}
