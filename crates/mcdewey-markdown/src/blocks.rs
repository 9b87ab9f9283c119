//! A coarse, fast block parser for whole documents: paragraphs, pipe tables, headings and the rest,
//! as runs of lines. It is precise enough to find tables that are separated from their text, and
//! does not depend on their being well-formed.

use std::ops::Range;

use crate::fence::{Closing, FenceLine, FencedCode};
use crate::rows::is_delimiter_row;

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Prose, or a flattened table cell.
    Paragraph,
    /// A pipe table with its delimiter row.
    Table,
    /// A line that begins with `#` signs and a blank.
    Heading,
    /// Fenced code, HTML comments such as page markers, and rules; never a table cell.
    Other,
}

/// A run of lines without blank lines, or a whole fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its byte range, including the last line ending.
    pub range: Range<usize>,
}

/// Returns the blocks of a text, in order; only blank lines are between them.
pub fn parse_blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut code = FencedCode::new(Closing::BareMarker);
    let mut open: Option<Block> = None;

    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let range = offset..offset + line.len();
        offset = range.end;

        let trimmed = line.trim();
        match code.read(line) {
            FenceLine::Outside => {}
            FenceLine::Opening => {
                blocks.extend(open.take());
                open = Some(Block {
                    kind: BlockKind::Other,
                    range,
                });
                continue;
            }
            inside_or_closing => {
                if let Some(block) = &mut open {
                    block.range.end = range.end;
                }
                if inside_or_closing == FenceLine::Closing {
                    blocks.extend(open.take());
                }
                continue;
            }
        }

        if trimmed.is_empty() {
            blocks.extend(open.take());
            continue;
        }

        let kind = line_kind(trimmed);
        match &mut open {
            Some(block)
                if block.kind == kind
                    && matches!(kind, BlockKind::Paragraph | BlockKind::Table) =>
            {
                block.range.end = range.end;
            }
            _ => {
                blocks.extend(open.take());
                open = Some(Block { kind, range });
            }
        }
    }

    blocks.extend(open);
    for block in &mut blocks {
        if block.kind == BlockKind::Table && !has_delimiter_row(&text[block.range.clone()]) {
            block.kind = BlockKind::Paragraph;
        }
    }

    blocks
}

fn line_kind(line: &str) -> BlockKind {
    if line.starts_with('|') {
        BlockKind::Table
    } else if is_heading(line) {
        BlockKind::Heading
    } else if line.starts_with("<!--")
        || line.starts_with('\u{c}')
        || is_page_rule(line)
        || is_rule(line)
    {
        BlockKind::Other
    } else {
        BlockKind::Paragraph
    }
}

fn is_heading(line: &str) -> bool {
    line.starts_with('#') && line.trim_start_matches('#').starts_with([' ', '\t'])
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3
        && ['-', '*', '_']
            .iter()
            .any(|sign| line.chars().all(|c| c == *sign || c == ' '))
}

/// Reports whether a line is a page marker such as `{118}------------`.
fn is_page_rule(line: &str) -> bool {
    let Some((number, rule)) = line.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return false;
    };
    number.chars().all(|c| c.is_ascii_digit()) && rule.len() >= 3 && rule.chars().all(|c| c == '-')
}

fn has_delimiter_row(table: &str) -> bool {
    let second = table.lines().nth(1).map(str::trim).unwrap_or_default();
    // Tabs count as blanks here.
    is_delimiter_row(&second.replace('\t', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_every_kind_are_recognised() {
        let text = "# H\none\ntwo\n\n| a |\n|---|\n| b |\nafter\n<!-- page: 2 -->\n{3}-----\n---\n\
                    ```\n| x |\n|--|\n\n```\n| no table |\n";
        let found: Vec<(BlockKind, &str)> = parse_blocks(text)
            .into_iter()
            .map(|block| (block.kind, text[block.range].lines().next().unwrap()))
            .collect();

        let expected = [
            (BlockKind::Heading, "# H"),
            (BlockKind::Paragraph, "one"),
            (BlockKind::Table, "| a |"),
            (BlockKind::Paragraph, "after"),
            (BlockKind::Other, "<!-- page: 2 -->"),
            (BlockKind::Other, "{3}-----"),
            (BlockKind::Other, "---"),
            (BlockKind::Other, "```"),
            (BlockKind::Paragraph, "| no table |"),
        ];

        assert_eq!(found, expected);
    }

    #[test]
    fn an_unclosed_fence_is_one_block() {
        let text = "```\n| a |\n|---|\n";
        assert_eq!(
            parse_blocks(text),
            [Block {
                kind: BlockKind::Other,
                range: 0..text.len()
            }]
        );
    }
}
