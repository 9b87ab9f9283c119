//! Lines and how far they are indented, which is what reStructuredText is made of.

/// As docutils expands tabs.
const TAB: usize = 8;

/// Lines without tabs and without white space at their ends.
pub(super) fn of(text: &str) -> Vec<String> {
    text.lines().map(expanded).collect()
}

fn expanded(line: &str) -> String {
    let line = line.trim_end();
    if !line.contains('\t') {
        return line.to_owned();
    }

    let mut out = String::with_capacity(line.len() + TAB);
    let mut column = 0;
    for c in line.chars() {
        let wide = if c == '\t' { TAB - column % TAB } else { 1 };
        match c {
            '\t' => out.push_str(&" ".repeat(wide)),
            _ => out.push(c),
        }
        column += wide;
    }

    out
}

/// How many spaces a line begins with.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where the lines end that are indented at least so far, from a place on; empty lines at the end are not among them.
pub(super) fn indented_until(lines: &[String], from: usize, least: usize) -> usize {
    let mut end = from;
    for (at, line) in lines.iter().enumerate().skip(from) {
        if line.is_empty() {
            continue;
        }
        if indent(line) < least {
            break;
        }
        end = at + 1;
    }

    end
}

/// The lines without the indentation that all of them share, and without empty ones around.
pub(super) fn dedented(lines: &[String]) -> Vec<String> {
    let least = lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| indent(line))
        .min()
        .unwrap_or_default();

    let cut: Vec<String> = lines
        .iter()
        .map(|line| line.get(least..).unwrap_or_default().to_owned())
        .collect();

    let first = cut
        .iter()
        .position(|line| !line.is_empty())
        .unwrap_or(cut.len());

    let last = cut
        .iter()
        .rposition(|line| !line.is_empty())
        .map_or(first, |at| at + 1);

    cut[first..last].to_vec()
}

/// The one character that makes up a line of punctuation.
pub(super) fn rule(line: &str) -> Option<char> {
    let first = line.chars().next().filter(char::is_ascii_punctuation)?;
    line.chars().all(|c| c == first).then_some(first)
}
