//! Lines and their indentation, which is what structures reStructuredText.
//!
//! Positions are indices into a slice of lines; ends are exclusive.

/// The tab width of docutils.
const TAB_WIDTH: usize = 8;

/// Splits text into lines with tabs expanded and trailing whitespace removed.
pub(super) fn split(text: &str) -> Vec<String> {
    text.lines().map(expand_tabs).collect()
}

fn expand_tabs(line: &str) -> String {
    let line = line.trim_end();
    if !line.contains('\t') {
        return line.to_owned();
    }

    let mut expanded = String::with_capacity(line.len() + TAB_WIDTH);
    let mut column = 0;
    for c in line.chars() {
        if c == '\t' {
            let width = TAB_WIDTH - column % TAB_WIDTH;
            expanded.push_str(&" ".repeat(width));
            column += width;
        } else {
            expanded.push(c);
            column += 1;
        }
    }

    expanded
}

/// The number of spaces at the beginning of a line.
pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The smallest indentation of the lines that are not empty; `None` if all are.
pub(super) fn common_indentation(lines: &[String]) -> Option<usize> {
    lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| indentation(line))
        .min()
}

/// The end of the lines from a position on that are indented. Trailing empty lines do not belong to
/// them.
pub(super) fn indented_end(lines: &[String], from: usize) -> usize {
    indented_end_at_least(lines, from, 1)
}

/// The same as [`indented_end`], for lines that are indented by at least so many spaces.
pub(super) fn indented_end_at_least(lines: &[String], from: usize, spaces: usize) -> usize {
    let mut end = from;
    for (at, line) in lines.iter().enumerate().skip(from) {
        if line.is_empty() {
            continue;
        }
        if indentation(line) < spaces {
            break;
        }
        end = at + 1;
    }

    end
}

/// The first line from a position on that is not empty; the number of lines if there is none.
pub(super) fn skip_empty(lines: &[String], from: usize) -> usize {
    (from..lines.len())
        .find(|&at| !lines[at].is_empty())
        .unwrap_or(lines.len())
}

/// The first empty line from a position on; the number of lines if there is none.
pub(super) fn paragraph_end(lines: &[String], from: usize) -> usize {
    (from..lines.len())
        .find(|&at| lines[at].is_empty())
        .unwrap_or(lines.len())
}

/// Removes so many spaces from the beginning of each line. Shorter lines become empty.
pub(super) fn cut_left(lines: &[String], spaces: usize) -> Vec<String> {
    lines
        .iter()
        .map(|line| line.get(spaces..).unwrap_or_default().to_owned())
        .collect()
}

/// Removes the common indentation, and empty lines at both ends.
pub(super) fn dedent(lines: &[String]) -> Vec<String> {
    let cut = cut_left(lines, common_indentation(lines).unwrap_or_default());
    let first = skip_empty(&cut, 0);
    let end = cut
        .iter()
        .rposition(|line| !line.is_empty())
        .map_or(first, |at| at + 1);

    cut[first..end].to_vec()
}

/// Text after a marker, followed by the lines indented below it.
pub(super) fn with_continuation(first: &str, below: &[String]) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    if below.first().is_some_and(String::is_empty) {
        lines.push(String::new());
    }
    lines.extend(dedent(below));
    lines
}

/// The punctuation character that a line consists of. Such lines underline titles and border
/// tables.
pub(super) fn adornment(line: &str) -> Option<char> {
    let first = line.chars().next().filter(char::is_ascii_punctuation)?;
    line.chars().all(|c| c == first).then_some(first)
}
