//! A table's cell as one line of inline HTML, which is all that Markdown allows there.

use dom_query::NodeRef;

use super::blocks::named;
use super::escape::html;

/// Elements that begin a line of their own.
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

/// Elements that stay what they are inside of a line.
const INLINE: [&str; 8] = ["a", "b", "strong", "em", "i", "sub", "sup", "del"];

/// A cell's content as inline HTML, its blocks separated by `<br>`.
pub(super) fn lines_of(cell: &NodeRef<'_>) -> String {
    let mut lines = vec![String::new()];
    for child in cell.children() {
        gather(&child, &mut lines);
    }

    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect();

    lines.join("<br>")
}

fn gather(node: &NodeRef<'_>, lines: &mut Vec<String>) {
    if node.is_text() {
        push(lines, &spaced(&html(&node.text())));
        return;
    }

    let name = node.node_name().unwrap_or_default();
    match &*name {
        "" => {}
        "br" => lines.push(String::new()),
        "pre" | "code" | "kbd" | "samp" => code(node, &name, lines),
        "img" => push(
            lines,
            &format!(
                "<img src=\"{}\" alt=\"{}\">",
                html(&node.attr_or("src", "")),
                html(&node.attr_or("alt", ""))
            ),
        ),
        "tr" => nested_row(node, lines),
        _ if BLOCKS.contains(&&*name) => {
            lines.push(if &*name == "li" {
                "• ".to_owned()
            } else {
                String::new()
            });
            children(node, lines);
            lines.push(String::new());
        }
        _ if INLINE.contains(&&*name) && node.descendants_it().all(|below| !breaks(&below)) => {
            let href = node
                .attr("href")
                .map(|href| format!(" href=\"{}\"", html(&href)))
                .unwrap_or_default();
            push(lines, &format!("<{name}{href}>"));
            children(node, lines);
            push(lines, &format!("</{name}>"));
        }
        _ => children(node, lines),
    }
}

fn children(node: &NodeRef<'_>, lines: &mut Vec<String>) {
    for child in node.children() {
        gather(&child, lines);
    }
}

fn breaks(node: &NodeRef<'_>) -> bool {
    BLOCKS
        .iter()
        .chain(&["br", "pre", "table", "tr", "code"])
        .any(|name| node.has_name(name))
}

/// Code keeps its lines; each is code by itself.
fn code(node: &NodeRef<'_>, name: &str, lines: &mut Vec<String>) {
    let block = name == "pre";
    for line in named(node, &["br"]) {
        line.replace_with_html("\n");
    }

    let text = node.text();
    let mut first = !block;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if !first {
            lines.push(String::new());
        }
        first = false;
        push(lines, &format!("<code>{}</code>", html(line.trim_end())));
    }

    if block {
        lines.push(String::new());
    }
}

/// A row of a table inside of a cell: its cells one after the other.
fn nested_row(row: &NodeRef<'_>, lines: &mut Vec<String>) {
    let cells: Vec<String> = row
        .element_children()
        .iter()
        .map(lines_of)
        .filter(|cell| !cell.is_empty())
        .collect();

    lines.push(cells.join("; "));
    lines.push(String::new());
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// White space as one space, as browsers show it.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii_whitespace() {
            true if out.ends_with(' ') => {}
            true => out.push(' '),
            false => out.push(c),
        }
    }

    out
}
