//! Lists: bullets, numbers, fields, options, definitions.

use std::sync::LazyLock;

use regex::Regex;

use super::Reader;
use super::lines::{dedented, indent, indented_until};
use crate::front_matter::date;
use crate::html::escape::html;

static BULLET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[-*+•‣⁃](?: +|$)").expect("a valid pattern"));
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\(?(\d{1,9}|#|[A-Za-z]|[ivxlcdmIVXLCDM]{1,8})[.)](?: +|$)")
        .expect("a valid pattern")
});
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^:((?:[^:\\`]|\\.|:[^ `])+):(?: +(.*)|$)").expect("a valid pattern")
});
static OPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((?:--?|/)[A-Za-z0-9?][\w-]*(?:[ =]<?[A-Za-z][\w.-]*>?)?(?:, (?:--?|/)[A-Za-z0-9?][\w-]*(?:[ =]<?[A-Za-z][\w.-]*>?)?)*)(?:  +(.*)|$)")
        .expect("a valid pattern")
});

impl Reader {
    /// A list of any kind, if one begins here.
    pub(super) fn list(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> Option<usize> {
        let line = &lines[at];
        if BULLET.is_match(line) {
            return Some(self.items(lines, at, depth, out));
        }

        if NUMBER.is_match(line) && is_item(lines, at) {
            return Some(self.items(lines, at, depth, out));
        }

        if FIELD.is_match(line) {
            return Some(self.fields(lines, at, depth, out));
        }

        let described = OPTION.captures(line)?.get(2).is_some()
            || lines.get(at + 1).is_some_and(|below| indent(below) > 0);
        described.then(|| self.options(lines, at, depth, out))
    }

    fn items(&mut self, lines: &[String], from: usize, depth: usize, out: &mut String) -> usize {
        let numbered = !BULLET.is_match(&lines[from]);
        let mark: &Regex = if numbered { &NUMBER } else { &BULLET };
        let start = NUMBER
            .captures(&lines[from])
            .and_then(|found| found[1].parse::<u32>().ok())
            .filter(|&start| numbered && start != 1);

        let start = start
            .map(|start| format!(" start=\"{start}\""))
            .unwrap_or_default();

        out.push_str(&if numbered {
            format!("<ol{start}>")
        } else {
            "<ul>".to_owned()
        });

        let mut at = from;
        while let Some(found) = lines.get(at).and_then(|line| mark.find(line)) {
            let (item, end) = item(lines, at, found.end());
            out.push_str("<li>");
            self.item_blocks(&item, depth, out);
            out.push_str("</li>");

            at = (end..lines.len())
                .find(|&next| !lines[next].is_empty())
                .unwrap_or(lines.len());

            if end == at && numbered && at < lines.len() && !is_item(lines, at) {
                break;
            }
        }

        out.push_str(if numbered { "</ol>" } else { "</ul>" });
        at
    }

    /// An item that is one paragraph needs no paragraph.
    fn item_blocks(&mut self, item: &[String], depth: usize, out: &mut String) {
        let mut inner = String::new();
        self.blocks(item, depth + 1, &mut inner);
        let single = inner
            .strip_prefix("<p>")
            .and_then(|text| text.strip_suffix("</p>"))
            .filter(|text| !text.contains("<p>"));
        out.push_str(single.unwrap_or(&inner));
    }

    fn fields(&mut self, lines: &[String], from: usize, depth: usize, out: &mut String) -> usize {
        // At the top of a document, fields say something about it.
        let first = out.is_empty() || out.ends_with("</h1>");
        out.push_str("<ul>");

        let mut at = from;
        while let Some(found) = lines.get(at).and_then(|line| FIELD.captures(line)) {
            let end = indented_until(lines, at + 1, 1);
            let mut body = vec![found.get(2).map_or("", |text| text.as_str()).to_owned()];
            body.extend(dedented(&lines[at + 1..end]));

            if first
                && matches!(
                    found[1].to_lowercase().as_str(),
                    "date" | "updated" | "last-modified"
                )
            {
                self.updated = date(body[0].trim_start_matches("$Date:"));
            }

            out.push_str(&format!(
                "<li><strong>{}:</strong> ",
                self.inline(&found[1])
            ));
            self.item_blocks(&body, depth, out);
            out.push_str("</li>");

            at = (end.max(at + 1)..lines.len())
                .find(|&next| !lines[next].is_empty())
                .unwrap_or(lines.len());
        }

        out.push_str("</ul>");
        at
    }

    fn options(&mut self, lines: &[String], from: usize, depth: usize, out: &mut String) -> usize {
        out.push_str("<dl>");
        let mut at = from;
        while let Some(found) = lines.get(at).and_then(|line| OPTION.captures(line)) {
            let end = indented_until(lines, at + 1, 1);
            let mut body = vec![found.get(2).map_or("", |text| text.as_str()).to_owned()];
            body.extend(dedented(&lines[at + 1..end]));
            out.push_str(&format!("<dt><code>{}</code></dt><dd>", html(&found[1])));
            self.blocks(&body, depth + 1, out);
            out.push_str("</dd>");

            at = (end.max(at + 1)..lines.len())
                .find(|&next| !lines[next].is_empty())
                .unwrap_or(lines.len());
        }

        out.push_str("</dl>");
        at
    }

    /// Terms, each with its indented definition right below.
    pub(super) fn definitions(
        &mut self,
        lines: &[String],
        from: usize,
        depth: usize,
        out: &mut String,
    ) -> usize {
        out.push_str("<dl>");
        let mut at = from;
        while lines
            .get(at)
            .is_some_and(|line| !line.is_empty() && indent(line) == 0)
            && lines
                .get(at + 1)
                .is_some_and(|below| !below.is_empty() && indent(below) > 0)
            && (at == from || !lines[at].starts_with(".. "))
        {
            let end = indented_until(lines, at + 1, 1);
            out.push_str(&format!("<dt>{}</dt><dd>", self.inline(&lines[at])));
            self.blocks(&dedented(&lines[at + 1..end]), depth + 1, out);
            out.push_str("</dd>");
            at = (end..lines.len())
                .find(|&next| !lines[next].is_empty())
                .unwrap_or(lines.len());
        }

        out.push_str("</dl>");
        at
    }
}

/// The lines of the item that begins here, without its mark, and where it ends.
pub(super) fn item(lines: &[String], at: usize, mark: usize) -> (Vec<String>, usize) {
    let end = indented_until(lines, at + 1, 1).max(at + 1);
    let first = lines[at].get(mark..).unwrap_or_default().to_owned();
    let rest = &lines[at + 1..end];

    // Text that is indented less than the item's own is taken along: authors count badly.
    let least = rest
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| indent(line))
        .min()
        .unwrap_or(mark)
        .min(mark);

    let mut item = vec![first];
    item.extend(
        rest.iter()
            .map(|line| line.get(least..).unwrap_or_default().to_owned()),
    );

    (item, end)
}

/// "A. Name" begins a paragraph, not a list, unless what follows fits a list.
fn is_item(lines: &[String], at: usize) -> bool {
    lines
        .get(at + 1)
        .is_none_or(|below| below.is_empty() || indent(below) > 0 || NUMBER.is_match(below))
}

/// The items of a list of bullets, for tables that are written as lists.
pub(super) fn bullets(lines: &[String]) -> Vec<Vec<String>> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        match BULLET.find(&lines[at]) {
            Some(mark) => {
                let (found, end) = item(lines, at, mark.end());
                items.push(found);
                at = end;
            }
            None => at += 1,
        }
    }

    items
}
