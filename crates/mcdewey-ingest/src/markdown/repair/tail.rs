//! Tables that a converter has put at the end of the file, while their cells stand one by one in the text: each goes
//! back in place of its cells.

use std::borrow::Cow;

use super::Repaired;
use super::align::{Paragraphs, Run};
use super::blocks::{Block, Kind, blocks};
use super::cells::{cells, form};

/// A longer paragraph is no caption.
const MAX_CAPTION: usize = 120;
/// How much of a header row a warning names.
const NAMED: usize = 60;

/// A table at the end, with the caption above it.
struct TailTable {
    /// The first block: the caption, or the table.
    first: usize,
    table: usize,
}

/// Puts the tables at the end of a text back where their cells stand.
pub(super) fn put_tables_back(body: &str) -> Repaired<'_> {
    let unchanged = || Repaired {
        text: Cow::Borrowed(body),
        warnings: Vec::new(),
    };

    if !body.contains("|-")
        && !body.contains("| -")
        && !body.contains("|:")
        && !body.contains("| :")
    {
        return unchanged();
    }

    let blocks = blocks(body);
    let (end, tables) = tail(body, &blocks);
    if tables.is_empty() {
        return unchanged();
    }

    let text_of = |block: &Block| &body[block.range.clone()];
    let forms = blocks[..end].iter().map(|block| match block.kind {
        Kind::Paragraph => Some(form(text_of(block))).filter(|form| !form.is_empty()),
        Kind::Heading | Kind::Table => Some(String::new()),
        Kind::Other => None,
    });

    let mut paragraphs = Paragraphs::new(forms.collect());
    let mut placed: Vec<(Run, TailTable)> = Vec::new();
    let mut lost = Vec::new();

    let mut from = 0;
    for table in tables {
        let (header, cells) = cells(text_of(&blocks[table.table]));
        match paragraphs.take(&header, &cells, from) {
            Some(run) => {
                from = run.range.end;
                placed.push((run, table));
            }
            None => lost.push(table),
        }
    }

    // One table at the end of a text that has no others may well belong there.
    let warnings = match placed.is_empty() && lost.len() < 2 {
        true => Vec::new(),
        false => lost
            .iter()
            .map(|table| warning(text_of(&blocks[table.table])))
            .collect(),
    };

    if placed.is_empty() {
        return Repaired {
            text: Cow::Borrowed(body),
            warnings,
        };
    }

    Repaired {
        text: Cow::Owned(rebuilt(body, &blocks, placed)),
        warnings,
    }
}

/// The tables behind the last text, and the number of blocks before them.
fn tail(body: &str, blocks: &[Block]) -> (usize, Vec<TailTable>) {
    let mut tables = Vec::new();
    let mut at = blocks.len();

    let mut end = blocks.len();
    while at > 0 {
        let block = &blocks[at - 1];
        match block.kind {
            Kind::Table => {
                let caption = at >= 2 && is_caption(&blocks[at - 2], body);
                let first = if caption { at - 2 } else { at - 1 };
                tables.push(TailTable {
                    first,
                    table: at - 1,
                });
                end = first;
                at = first;
            }
            Kind::Other if !is_page_marker(&body[block.range.clone()]) => at -= 1,
            _ => break,
        }
    }

    tables.reverse();
    (end, tables)
}

/// "Table 3. Reason codes", bold or not.
fn is_caption(block: &Block, body: &str) -> bool {
    let text = body[block.range.clone()].trim();
    let words = text.trim_matches(['*', '_', ' ']).to_lowercase();
    block.kind == Kind::Paragraph
        && text.len() <= MAX_CAPTION
        && !text.contains('\n')
        && words.starts_with("table ")
}

/// Behind the marker of a last page everything is that page's own.
fn is_page_marker(text: &str) -> bool {
    text.starts_with('{') || text.starts_with('\u{c}') || text.to_lowercase().contains("page")
}

fn warning(table: &str) -> String {
    let header = table
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches('|')
        .trim();

    let short: String = header.chars().take(NAMED).collect();
    let more = if short.len() < header.len() {
        " …"
    } else {
        ""
    };

    format!(
        "the table “{short}{more}” at the end stands nowhere in the text; it is kept at the end"
    )
}

/// The text with each table in place of its cells; what stood between the cells comes behind it.
fn rebuilt(body: &str, blocks: &[Block], placed: Vec<(Run, TailTable)>) -> String {
    let mut instead: Vec<Option<&TailTable>> = vec![None; blocks.len()];
    let mut gone = vec![false; blocks.len()];
    for (run, table) in &placed {
        instead[run.range.start] = Some(table);
        for cell in &run.cells {
            gone[*cell] = true;
        }
        for block in &mut gone[table.first..=table.table] {
            *block = true;
        }
    }

    let mut out = String::with_capacity(body.len());
    let mut at = 0;
    for (place, block) in blocks.iter().enumerate() {
        // Blank lines before a block go with it.
        let gap = &body[at..block.range.start];
        at = block.range.end;
        if let Some(table) = instead[place] {
            out.push_str(gap);
            for part in &blocks[table.first..=table.table] {
                let text = &body[part.range.clone()];
                out.push_str(text.trim_end_matches('\n'));
                out.push_str("\n\n");
            }
        }

        if !gone[place] {
            if instead[place].is_none() {
                out.push_str(gap);
            }
            out.push_str(&body[block.range.clone()]);
        }
    }

    out.push_str(&body[at..]);
    out
}
