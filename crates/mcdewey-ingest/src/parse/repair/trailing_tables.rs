//! Moves tables back into the text that a converter put at the end of the file, leaving their cells
//! one by one in the text. Each table replaces the paragraphs that hold its cells.

use std::borrow::Cow;

use mcdewey_markdown::blocks::{Block, BlockKind, parse_blocks};

use super::Repaired;
use super::align::{CellRun, Paragraphs};
use super::cells::{comparable_form, table_cells};

/// A longer paragraph is not a caption.
const MAX_CAPTION_BYTES: usize = 120;

/// How many characters of a header row a warning quotes.
const MAX_QUOTED_CHARS: usize = 60;

/// A table at the end of the file with its caption, as block indices.
struct TrailingTable {
    /// The caption, or the table itself if it has none.
    first: usize,
    table: usize,
}

/// Moves the tables at the end of a text to where their cells are.
pub(super) fn restore(body: &str) -> Repaired<'_> {
    if !may_have_table(body) {
        return unchanged(body, Vec::new());
    }

    let blocks = parse_blocks(body);
    let (text_end, tables) = trailing_tables(body, &blocks);
    if tables.is_empty() {
        return unchanged(body, Vec::new());
    }

    let forms = blocks[..text_end]
        .iter()
        .map(|block| paragraph_form(body, block))
        .collect();
    let mut paragraphs = Paragraphs::new(forms);

    let mut placed: Vec<(CellRun, TrailingTable)> = Vec::new();
    let mut unplaced = Vec::new();
    let mut from = 0;
    for table in tables {
        let (header, cells) = table_cells(block_text(body, &blocks[table.table]));
        match paragraphs.take_run(&header, &cells, from) {
            Some(run) => {
                from = run.range.end;
                placed.push((run, table));
            }
            None => unplaced.push(table),
        }
    }

    // A single table at the end of a text without other tables may well belong there.
    let warnings = if placed.is_empty() && unplaced.len() < 2 {
        Vec::new()
    } else {
        unplaced
            .iter()
            .map(|table| unplaced_warning(block_text(body, &blocks[table.table])))
            .collect()
    };

    if placed.is_empty() {
        return unchanged(body, warnings);
    }

    Repaired {
        text: Cow::Owned(rebuild(body, &blocks, &placed)),
        warnings,
    }
}

/// A cheap test for a delimiter row, which spares most texts the parsing.
fn may_have_table(body: &str) -> bool {
    ["|-", "| -", "|:", "| :"]
        .iter()
        .any(|start| body.contains(start))
}

fn unchanged(body: &str, warnings: Vec<String>) -> Repaired<'_> {
    Repaired {
        text: Cow::Borrowed(body),
        warnings,
    }
}

fn block_text<'a>(body: &'a str, block: &Block) -> &'a str {
    &body[block.range.clone()]
}

/// Returns the form of a block for [`Paragraphs::new`].
fn paragraph_form(body: &str, block: &Block) -> Option<String> {
    match block.kind {
        BlockKind::Paragraph => {
            Some(comparable_form(block_text(body, block))).filter(|form| !form.is_empty())
        }
        BlockKind::Heading | BlockKind::Table => Some(String::new()),
        BlockKind::Other => None,
    }
}

/// Returns the tables after the last text, and the number of blocks before them.
fn trailing_tables(body: &str, blocks: &[Block]) -> (usize, Vec<TrailingTable>) {
    let mut tables = Vec::new();
    let mut text_end = blocks.len();

    let mut end = blocks.len();
    while end > 0 {
        let table = end - 1;
        match blocks[table].kind {
            BlockKind::Table => {
                let has_caption = table >= 1 && is_caption(body, &blocks[table - 1]);
                let first = if has_caption { table - 1 } else { table };
                tables.push(TrailingTable { first, table });
                text_end = first;
                end = first;
            }
            BlockKind::Other if !is_page_marker(block_text(body, &blocks[table])) => end -= 1,
            _ => break,
        }
    }

    tables.reverse();
    (text_end, tables)
}

/// Recognises "Table 3. Reason codes", bold or not.
fn is_caption(body: &str, block: &Block) -> bool {
    let text = block_text(body, block).trim();
    let words = text.trim_matches(['*', '_', ' ']).to_lowercase();
    block.kind == BlockKind::Paragraph
        && text.len() <= MAX_CAPTION_BYTES
        && !text.contains('\n')
        && words.starts_with("table ")
}

/// Reports whether a block may mark a page. A table after the marker of the last page belongs to
/// that page.
fn is_page_marker(text: &str) -> bool {
    text.starts_with('{') || text.starts_with('\u{c}') || text.to_lowercase().contains("page")
}

fn unplaced_warning(table: &str) -> String {
    let header = table
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches('|')
        .trim();

    let quoted: String = header.chars().take(MAX_QUOTED_CHARS).collect();
    let ellipsis = if quoted.len() < header.len() {
        " …"
    } else {
        ""
    };

    format!(
        "the cells of the table “{quoted}{ellipsis}” at the end of the file were not found \
         in the text; the table stays at the end"
    )
}

/// Returns the text with each table in place of its cells, followed by whatever was between them.
fn rebuild(body: &str, blocks: &[Block], placed: &[(CellRun, TrailingTable)]) -> String {
    let mut table_at: Vec<Option<&TrailingTable>> = vec![None; blocks.len()];
    let mut is_moved = vec![false; blocks.len()];
    for (run, table) in placed {
        table_at[run.range.start] = Some(table);
        for cell in &run.cells {
            is_moved[*cell] = true;
        }
        is_moved[table.first..=table.table].fill(true);
    }

    let mut out = String::with_capacity(body.len());
    let mut offset = 0;
    for (index, block) in blocks.iter().enumerate() {
        // The blank lines before a block go where the block goes.
        let gap = &body[offset..block.range.start];
        offset = block.range.end;

        if let Some(table) = table_at[index] {
            out.push_str(gap);
            for part in &blocks[table.first..=table.table] {
                out.push_str(block_text(body, part).trim_end_matches('\n'));
                out.push_str("\n\n");
            }
        }

        if !is_moved[index] {
            if table_at[index].is_none() {
                out.push_str(gap);
            }
            out.push_str(block_text(body, block));
        }
    }

    out.push_str(&body[offset..]);
    out
}
