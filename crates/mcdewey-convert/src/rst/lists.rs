//! Bullet lists, numbered lists, field lists, option lists and definition lists.

use std::sync::LazyLock;

use regex::Regex;

use super::Parser;
use super::lines::{
    common_indentation, cut_left, dedent, indentation, indented_end, skip_empty, with_continuation,
};
use crate::front_matter::date;
use crate::html::escape;

static BULLET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[-*+•‣⁃](?: +|$)").expect("the pattern is valid"));
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\(?(\d{1,9}|#|[A-Za-z]|[ivxlcdmIVXLCDM]{1,8})[.)](?: +|$)")
        .expect("the pattern is valid")
});
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^:((?:[^:\\`]|\\.|:[^ `])+):(?: +(.*)|$)").expect("the pattern is valid")
});
/// Options such as `-v, --verbose` or `--out=FILE`, and their description.
static OPTION: LazyLock<Regex> = LazyLock::new(|| {
    let option = r"(?:--?|/)[A-Za-z0-9?][\w-]*(?:[ =]<?[A-Za-z][\w.-]*>?)?";
    Regex::new(&format!(r"^({option}(?:, {option})*)(?:  +(.*)|$)")).expect("the pattern is valid")
});

/// Fields at the top of a document that are for the program that builds the pages.
const FOR_PROGRAMS: [&str; 5] = ["orphan", "tocdepth", "nocomments", "nosearch", "no-search"];

impl Parser {
    /// Writes the list that begins at a line, of any kind but definitions, and returns its end.
    pub(super) fn list(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> Option<usize> {
        let line = &lines[at];
        if BULLET.is_match(line) {
            return Some(self.bullet_list(lines, at, depth, out));
        }

        if NUMBER.is_match(line) && is_numbered_item(lines, at) {
            return Some(self.numbered_list(lines, at, depth, out));
        }

        if FIELD.is_match(line) {
            return Some(self.field_list(lines, at, depth, out));
        }

        let is_described = OPTION.captures(line)?.get(2).is_some()
            || lines
                .get(at + 1)
                .is_some_and(|below| indentation(below) > 0);
        is_described.then(|| self.option_list(lines, at, depth, out))
    }

    fn bullet_list(
        &mut self,
        lines: &[String],
        from: usize,
        depth: usize,
        out: &mut String,
    ) -> usize {
        out.push_str("<ul>");
        let mut at = from;
        while let Some(marker) = lines.get(at).and_then(|line| BULLET.find(line)) {
            let (item, end) = list_item(lines, at, marker.end());
            self.list_item(&item, depth, out);
            at = skip_empty(lines, end);
        }

        out.push_str("</ul>");
        at
    }

    fn numbered_list(
        &mut self,
        lines: &[String],
        from: usize,
        depth: usize,
        out: &mut String,
    ) -> usize {
        let start = NUMBER
            .captures(&lines[from])
            .and_then(|found| found[1].parse::<u32>().ok())
            .filter(|&start| start != 1)
            .map(|start| format!(" start=\"{start}\""))
            .unwrap_or_default();

        out.push_str(&format!("<ol{start}>"));
        let mut at = from;
        while let Some(marker) = lines.get(at).and_then(|line| NUMBER.find(line)) {
            let (item, end) = list_item(lines, at, marker.end());
            self.list_item(&item, depth, out);
            at = skip_empty(lines, end);

            let follows_directly = at == end && at < lines.len();
            if follows_directly && !is_numbered_item(lines, at) {
                break;
            }
        }

        out.push_str("</ol>");
        at
    }

    fn list_item(&mut self, item: &[String], depth: usize, out: &mut String) {
        out.push_str("<li>");
        self.blocks_of_item(item, depth, out);
        out.push_str("</li>");
    }

    /// Writes the blocks of an item. A single paragraph is written without its element, so that the
    /// list is tight.
    fn blocks_of_item(&mut self, item: &[String], depth: usize, out: &mut String) {
        let mut blocks = String::new();
        self.blocks(item, depth + 1, &mut blocks);
        let single_paragraph = blocks
            .strip_prefix("<p>")
            .and_then(|text| text.strip_suffix("</p>"))
            .filter(|text| !text.contains("<p>"));

        out.push_str(single_paragraph.unwrap_or(&blocks));
    }

    fn field_list(
        &mut self,
        lines: &[String],
        from: usize,
        depth: usize,
        out: &mut String,
    ) -> usize {
        // Fields at the top of a document describe the document.
        let is_document_info = out.is_empty() || out.ends_with("</h1>");
        out.push_str("<ul>");

        let mut at = from;
        while let Some(field) = lines.get(at).and_then(|line| FIELD.captures(line)) {
            let end = indented_end(lines, at + 1);
            let text = field.get(2).map_or("", |text| text.as_str());
            if is_document_info && FOR_PROGRAMS.contains(&&field[1]) {
                at = skip_empty(lines, end);
                continue;
            }

            if is_document_info && is_date_field(&field[1]) {
                self.updated = date(text.trim_start_matches("$Date:"));
            }

            out.push_str(&format!(
                "<li><strong>{}:</strong> ",
                self.inline(&field[1])
            ));
            let body = with_continuation(text, &lines[at + 1..end]);
            self.blocks_of_item(&body, depth, out);
            out.push_str("</li>");
            at = skip_empty(lines, end);
        }

        out.push_str("</ul>");
        at
    }

    fn option_list(
        &mut self,
        lines: &[String],
        from: usize,
        depth: usize,
        out: &mut String,
    ) -> usize {
        out.push_str("<dl>");
        let mut at = from;
        while let Some(option) = lines.get(at).and_then(|line| OPTION.captures(line)) {
            let end = indented_end(lines, at + 1);
            let text = option.get(2).map_or("", |text| text.as_str());

            out.push_str(&format!(
                "<dt><code>{}</code></dt><dd>",
                escape::html(&option[1])
            ));
            let body = with_continuation(text, &lines[at + 1..end]);
            self.blocks(&body, depth + 1, out);
            out.push_str("</dd>");
            at = skip_empty(lines, end);
        }

        out.push_str("</dl>");
        at
    }

    /// Writes a list of terms, each with its definition indented directly below.
    pub(super) fn definition_list(
        &mut self,
        lines: &[String],
        from: usize,
        depth: usize,
        out: &mut String,
    ) -> usize {
        out.push_str("<dl>");
        let mut at = from;
        while is_definition(lines, at) && (at == from || !is_explicit_markup(&lines[at])) {
            let end = indented_end(lines, at + 1);
            out.push_str(&format!("<dt>{}</dt><dd>", self.inline(&lines[at])));
            self.blocks(&dedent(&lines[at + 1..end]), depth + 1, out);
            out.push_str("</dd>");
            at = skip_empty(lines, end);
        }

        out.push_str("</dl>");
        at
    }
}

/// Returns the lines of the item that begins at a line, without its marker, and the item's end.
fn list_item(lines: &[String], at: usize, marker_length: usize) -> (Vec<String>, usize) {
    let end = indented_end(lines, at + 1);
    let rest = &lines[at + 1..end];

    // Authors often indent the following lines less than the item's text; those belong to it too.
    let cut = common_indentation(rest)
        .unwrap_or(marker_length)
        .min(marker_length);

    let mut item = vec![
        lines[at]
            .get(marker_length..)
            .unwrap_or_default()
            .to_owned(),
    ];
    item.extend(cut_left(rest, cut));
    (item, end)
}

/// Whether a line with a number begins an item: "A. Name" begins a paragraph unless the next line
/// fits a list.
fn is_numbered_item(lines: &[String], at: usize) -> bool {
    lines
        .get(at + 1)
        .is_none_or(|below| below.is_empty() || indentation(below) > 0 || NUMBER.is_match(below))
}

fn is_explicit_markup(line: &str) -> bool {
    line == ".." || line.starts_with(".. ")
}

fn is_definition(lines: &[String], at: usize) -> bool {
    let is_term = lines
        .get(at)
        .is_some_and(|line| !line.is_empty() && indentation(line) == 0);
    let is_defined = lines
        .get(at + 1)
        .is_some_and(|below| !below.is_empty() && indentation(below) > 0);

    is_term && is_defined
}

fn is_date_field(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "date" | "updated" | "last-modified"
    )
}

/// The items of a bullet list, for tables that are written as lists.
pub(super) fn bullet_items(lines: &[String]) -> Vec<Vec<String>> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        match BULLET.find(&lines[at]) {
            Some(marker) => {
                let (item, end) = list_item(lines, at, marker.end());
                items.push(item);
                at = end;
            }
            None => at += 1,
        }
    }

    items
}
