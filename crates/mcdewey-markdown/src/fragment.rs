//! Splits a fragment of Markdown into paragraphs, list items, table rows and code blocks, line by
//! line.
//!
//! A fragment may begin within a table or a list, where a CommonMark parser would read something
//! else than in the whole text.

use crate::fence::{self, Closing, FenceLine, FencedCode};

/// A part of a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FragmentBlock<'a> {
    /// A paragraph, a heading, or a list item without those nested in it.
    Prose(&'a str),
    /// Fenced code with its fences.
    Code(&'a str),
    /// Successive rows of a table, without white space around them, the delimiter row included.
    Rows(Vec<&'a str>),
}

/// Splits a fragment at blank lines, headings and list items. Fenced code stays whole.
pub fn fragment_blocks(text: &str) -> Vec<FragmentBlock<'_>> {
    let mut blocks = Vec::new();
    let mut lines = lines_with_offsets(text).peekable();
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }

        let mut end = start + line.len();
        let mut code = FencedCode::new(Closing::SameMarker);
        if code.read(line) == FenceLine::Opening {
            for (start, line) in lines.by_ref() {
                end = start + line.len();
                if code.read(line) == FenceLine::Closing {
                    break;
                }
            }
            blocks.push(FragmentBlock::Code(&text[start..end]));
        } else if trimmed.starts_with('|') {
            let mut rows = vec![trimmed.trim_end()];
            while let Some((_, row)) = lines.next_if(|(_, line)| line.trim_start().starts_with('|'))
            {
                rows.push(row.trim());
            }
            blocks.push(FragmentBlock::Rows(rows));
        } else {
            while let Some((start, line)) = lines.next_if(|(_, line)| continues_paragraph(line)) {
                end = start + line.len();
            }
            blocks.push(FragmentBlock::Prose(&text[start..end]));
        }
    }

    blocks
}

/// Reports whether a line continues the paragraph before it.
fn continues_paragraph(line: &str) -> bool {
    let line = line.trim_start();
    let without_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered_item =
        without_number.len() < line.len() && without_number.starts_with(['.', ')']);
    let begins_block = line.starts_with(['-', '*', '+', '#', '|']) || fence::marker(line).is_some();
    !line.is_empty() && !begins_block && !is_numbered_item
}

fn lines_with_offsets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n')
        .map(move |line| (line.as_ptr() as usize - text.as_ptr() as usize, line))
}

#[cfg(test)]
mod tests {
    use super::FragmentBlock::{Code, Prose, Rows};
    use super::*;

    #[test]
    fn blocks_end_at_blank_lines_headings_items_and_fences() {
        let text =
            "# A\nFirst\nline.\n\n- one\n  more\n2. two\n| a |\n|---|\n~~~\n\n# b\n~~~ x\nend";
        assert_eq!(
            fragment_blocks(text),
            [
                Prose("# A\nFirst\nline."),
                Prose("- one\n  more"),
                Prose("2. two"),
                Rows(vec!["| a |", "|---|"]),
                Code("~~~\n\n# b\n~~~ x"),
                Prose("end"),
            ]
        );
    }

    #[test]
    fn code_left_open_extends_to_the_end() {
        assert_eq!(fragment_blocks("```\na\n~~~"), [Code("```\na\n~~~")]);
        assert_eq!(fragment_blocks(" \n"), []);
    }
}
