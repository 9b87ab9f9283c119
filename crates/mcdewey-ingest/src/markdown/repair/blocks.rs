//! A coarse look at Markdown: paragraphs, pipe tables, headings and the rest, as runs of lines. Fast, and enough to find
//! tables that stand apart from their text.

use std::ops::Range;

/// What a run of lines is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Prose, or a flattened cell.
    Paragraph,
    /// A pipe table with its delimiter row.
    Table,
    Heading,
    /// Code in a fence, HTML comments such as page markers, rules: nothing that is a cell.
    Other,
}

/// A run of lines without blank ones, or a whole fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// Its bytes, the last line break included.
    pub(super) range: Range<usize>,
}

/// The blocks of a text, in order; what lies between them is blank.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut open: Option<Block> = None;

    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;

        let trimmed = line.trim();
        if let Some(mark) = fence {
            if let Some(block) = &mut open {
                block.range.end = range.end;
            }
            if trimmed.starts_with(mark) && trimmed.trim_matches(['`', '~']).is_empty() {
                fence = None;
                blocks.extend(open.take());
            }
            continue;
        }

        if let Some(mark) = fence_mark(trimmed) {
            blocks.extend(open.take());
            fence = Some(mark);
            open = Some(Block {
                kind: Kind::Other,
                range,
            });
            continue;
        }

        if trimmed.is_empty() {
            blocks.extend(open.take());
            continue;
        }

        let kind = kind(trimmed);
        match &mut open {
            Some(block) if block.kind == kind && matches!(kind, Kind::Paragraph | Kind::Table) => {
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
        if block.kind == Kind::Table && !has_delimiter(&text[block.range.clone()]) {
            block.kind = Kind::Paragraph;
        }
    }

    blocks
}

fn fence_mark(line: &str) -> Option<&'static str> {
    ["```", "~~~"]
        .into_iter()
        .find(|mark| line.starts_with(mark))
}

fn kind(line: &str) -> Kind {
    let rule = line.len() >= 3
        && ["-", "*", "_"]
            .iter()
            .any(|sign| line.replace([' '], "").replace(sign, "").is_empty());
    let heading = line.starts_with('#') && line.trim_start_matches('#').starts_with([' ', '\t']);
    match line {
        line if line.starts_with('|') => Kind::Table,
        _ if heading => Kind::Heading,
        line if line.starts_with("<!--") || line.starts_with('\u{c}') || is_page_rule(line) => {
            Kind::Other
        }
        _ if rule => Kind::Other,
        _ => Kind::Paragraph,
    }
}

/// `{118}------------`, which some converters write before a page.
fn is_page_rule(line: &str) -> bool {
    let Some((number, rule)) = line.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return false;
    };
    number.chars().all(|c| c.is_ascii_digit()) && rule.len() >= 3 && rule.chars().all(|c| c == '-')
}

fn has_delimiter(table: &str) -> bool {
    let second = table.lines().nth(1).map(str::trim).unwrap_or_default();
    second.contains('-')
        && second
            .chars()
            .all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let text = "# H\none\ntwo\n\n| a |\n|---|\n| b |\nafter\n<!-- page: 2 -->\n{3}-----\n---\n```\n| x |\n|--|\n\n```\n| no table |\n";
        let found: Vec<(Kind, &str)> = blocks(text)
            .into_iter()
            .map(|block| (block.kind, text[block.range].lines().next().unwrap()))
            .collect();

        let expected = [
            (Kind::Heading, "# H"),
            (Kind::Paragraph, "one"),
            (Kind::Table, "| a |"),
            (Kind::Paragraph, "after"),
            (Kind::Other, "<!-- page: 2 -->"),
            (Kind::Other, "{3}-----"),
            (Kind::Other, "---"),
            (Kind::Other, "```"),
            (Kind::Paragraph, "| no table |"),
        ];

        assert_eq!(found, expected);
    }

    #[test]
    fn a_fence_that_never_closes_is_one_block() {
        let text = "```\n| a |\n|---|\n";
        assert_eq!(
            blocks(text),
            [Block {
                kind: Kind::Other,
                range: 0..text.len()
            }]
        );
    }
}
