//! Page markers from the page breaks that Word recorded when it last laid the document out.

/// Represents a page break in the text during conversion: a character for private use.
pub(super) const BREAK: char = '\u{F8F6}';

/// Replaces the breaks with page markers, each before the block in which its page begins. If the
/// breaks do not cover the `page_count` pages that Word counted, removes them instead.
pub(super) fn write_markers(markdown: &str, page_count: Option<u32>) -> String {
    let breaks = markdown.matches(BREAK).count();
    let pages = page_count.map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX));

    // Word records no break where a page begins with a table or a text box.
    let tolerance = pages / 10 + 1;
    if breaks == 0 || pages < 2 || (breaks + 1).abs_diff(pages) > tolerance {
        return markdown.replace(BREAK, "");
    }

    let (front_matter, body) = split_front_matter(markdown);
    let mut marked = format!("{front_matter}<!-- page: 1 -->\n\n");

    let mut page = 1;
    for block in blocks(body) {
        let breaks = block.matches(BREAK).count();
        let text = block.replace(BREAK, "");
        if breaks == 0 {
            marked.push_str(&text);
            continue;
        }

        page += breaks;
        let marker = format!("<!-- page: {page} -->\n\n");
        let has_text = !text.trim_matches(['#', ' ', '\n', '*']).is_empty();
        let begins_page = block
            .trim_start_matches(['#', ' ', '*', '>', '-', '|'])
            .starts_with(BREAK);
        match (has_text, begins_page) {
            (false, _) => marked.push_str(&marker),
            (true, true) => marked.push_str(&format!("{marker}{text}")),
            (true, false) => marked.push_str(&format!("{text}{marker}")),
        }
    }

    marked
}

/// Splits the front matter, if any, from the body.
fn split_front_matter(markdown: &str) -> (&str, &str) {
    const OPEN: &str = "---\n";
    const CLOSE: &str = "\n---\n\n";

    let body_start = markdown
        .strip_prefix(OPEN)
        .and_then(|rest| rest.find(CLOSE))
        .map_or(0, |fields_length| OPEN.len() + fields_length + CLOSE.len());
    markdown.split_at(body_start)
}

/// Splits the body after empty lines, except in fenced code, which may contain some.
fn blocks(body: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut fenced = false;
    for line in body.split_inclusive('\n') {
        fenced ^= line.trim_start().starts_with("```");
        if let Some(last) = blocks.last_mut() {
            last.push_str(line);
        }
        if line.trim().is_empty() && !fenced {
            blocks.push(String::new());
        }
    }

    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_written_between_blocks() {
        let text = format!("---\ntitle: x\n---\n\n# {BREAK}One\n\nTwo {BREAK}goes on\n\nThree\n");
        let expected = "---\ntitle: x\n---\n\n\
                        <!-- page: 1 -->\n\n\
                        <!-- page: 2 -->\n\n# One\n\nTwo goes on\n\n\
                        <!-- page: 3 -->\n\nThree\n";
        assert_eq!(write_markers(&text, Some(3)), expected);
    }

    #[test]
    fn breaks_that_do_not_cover_the_document_are_removed() {
        let text = format!("One\n\n{BREAK}Two\n");
        assert_eq!(write_markers(&text, Some(30)), "One\n\nTwo\n");
        assert_eq!(write_markers(&text, None), "One\n\nTwo\n");
    }
}
