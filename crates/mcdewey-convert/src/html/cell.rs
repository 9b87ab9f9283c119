//! Renders a table cell as one line of inline HTML, which is all that Markdown allows in a cell.

use dom_query::NodeRef;

use super::dom::{descendants_named, has_any_name};
use super::escape;

/// Elements that begin a new line.
const BLOCKS: [&str; 21] = [
    "p",
    "div",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "section",
    "article",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "figure",
    "figcaption",
    "details",
];

/// Other elements that begin a new line or cannot be inside an inline element of one line.
const OTHER_LINE_BREAKS: [&str; 5] = ["br", "pre", "table", "tr", "code"];

/// Elements that are kept as they are.
const INLINE: [&str; 8] = ["a", "b", "strong", "em", "i", "sub", "sup", "del"];

/// A cell's content as inline HTML, its lines separated by `<br>`.
pub(super) fn inline_html(cell: &NodeRef<'_>) -> String {
    let mut lines = vec![String::new()];
    collect_children(cell, &mut lines);

    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect();

    lines.join("<br>")
}

fn collect_children(node: &NodeRef<'_>, lines: &mut Vec<String>) {
    for child in node.children() {
        collect_lines(&child, lines);
    }
}

fn collect_lines(node: &NodeRef<'_>, lines: &mut Vec<String>) {
    if node.is_text() {
        append(lines, &squeeze_whitespace(&escape::html(&node.text())));
        return;
    }

    let name = node.node_name().unwrap_or_default();
    match &*name {
        "" => {}
        "br" => lines.push(String::new()),
        "pre" | "code" | "kbd" | "samp" => collect_code(node, &name, lines),
        "img" => append(
            lines,
            &format!(
                "<img src=\"{}\" alt=\"{}\">",
                escape::html(&node.attr_or("src", "")),
                escape::html(&node.attr_or("alt", ""))
            ),
        ),
        "tr" => collect_nested_row(node, lines),
        _ if BLOCKS.contains(&&*name) => {
            let bullet = if &*name == "li" { "• " } else { "" };
            lines.push(bullet.to_owned());
            collect_children(node, lines);
            lines.push(String::new());
        }
        // An inline element must not span lines, since each line is converted by itself.
        _ if INLINE.contains(&&*name) && !contains_line_break(node) => {
            let href = node
                .attr("href")
                .map(|href| format!(" href=\"{}\"", escape::html(&href)))
                .unwrap_or_default();
            append(lines, &format!("<{name}{href}>"));
            collect_children(node, lines);
            append(lines, &format!("</{name}>"));
        }
        _ => collect_children(node, lines),
    }
}

fn contains_line_break(node: &NodeRef<'_>) -> bool {
    node.descendants_it()
        .any(|child| has_any_name(&child, &BLOCKS) || has_any_name(&child, &OTHER_LINE_BREAKS))
}

/// Writes each line of a `pre` or inline code as a `code` element of its own.
fn collect_code(node: &NodeRef<'_>, name: &str, lines: &mut Vec<String>) {
    for line_break in descendants_named(node, &["br"]) {
        line_break.replace_with_html("\n");
    }

    let is_block = name == "pre";
    let mut begins_new_line = is_block;
    let text = node.text();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if begins_new_line {
            lines.push(String::new());
        }

        begins_new_line = true;
        append(
            lines,
            &format!("<code>{}</code>", escape::html(line.trim_end())),
        );
    }

    if is_block {
        lines.push(String::new());
    }
}

/// Writes a row of a table inside the cell as one line, its cells separated by semicolons.
fn collect_nested_row(row: &NodeRef<'_>, lines: &mut Vec<String>) {
    let cells: Vec<String> = row
        .element_children()
        .iter()
        .map(inline_html)
        .filter(|cell| !cell.is_empty())
        .collect();

    lines.push(cells.join("; "));
    lines.push(String::new());
}

fn append(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// Replaces each run of whitespace by one space without trimming, as browsers do.
fn squeeze_whitespace(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii_whitespace() {
            squeezed.push(c);
        } else if !squeezed.ends_with(' ') {
            squeezed.push(' ');
        }
    }

    squeezed
}
