//! Pages: Word notes in a document where they began when it was last laid out.

/// Word's note.
const NOTE: &str = "<w:lastRenderedPageBreak/>";

/// Stands for the note in the text while the document is converted; a private character.
pub(super) const BREAK: char = '\u{F8F6}';

/// Puts text in the place of Word's notes, which the parser passes over; says whether there were any.
pub(super) fn place(document: &str) -> (String, bool) {
    let text = document.replace(BREAK, "");
    let noted = text.contains(NOTE);
    (text.replace(NOTE, &format!("<w:t>{BREAK}</w:t>")), noted)
}

/// Writes page markers, each before the block that begins its page, if the notes cover all pages that Word counted;
/// otherwise removes the breaks.
pub(super) fn mark(markdown: &str, counted: Option<u32>) -> String {
    let breaks = markdown.matches(BREAK).count();
    let expected = counted.map_or(0, |pages| usize::try_from(pages).unwrap_or(usize::MAX));

    // Breaks in fields and text boxes are lost or come twice.
    let tolerated = expected / 10 + 1;
    if breaks == 0 || expected < 2 || (breaks + 1).abs_diff(expected) > tolerated {
        return markdown.replace(BREAK, "");
    }

    let (front, body) = divide(markdown);
    let mut marked = format!("{front}<!-- page: 1 -->\n\n");

    let mut page = 1;
    for block in blocks(body) {
        let begun = block.matches(BREAK).count();
        let text = block.replace(BREAK, "");
        let at_start = block
            .trim_start_matches(['#', ' ', '*', '>', '-', '|'])
            .starts_with(BREAK);
        let marker = format!("<!-- page: {} -->\n\n", page + begun);

        let empty = text.trim_matches(['#', ' ', '\n', '*']).is_empty();
        match (begun, at_start) {
            _ if empty && begun > 0 => marked.push_str(&marker),
            (0, _) => marked.push_str(&text),
            (_, true) => marked.push_str(&format!("{marker}{text}")),
            (_, false) => marked.push_str(&format!("{text}{marker}")),
        }

        page += begun;
    }

    marked
}

/// The front matter, and what follows.
fn divide(markdown: &str) -> (&str, &str) {
    let end = markdown
        .strip_prefix("---\n")
        .and_then(|rest| rest.find("\n---\n\n"))
        .map_or(0, |end| end + 4 + 6);
    markdown.split_at(end)
}

/// The text in pieces that end with empty lines; code, which may hold some, stays whole.
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
    fn markers_stand_between_blocks() {
        let text = format!("---\ntitle: x\n---\n\n# {BREAK}One\n\nTwo {BREAK}goes on\n\nThree\n");
        let expected = "---\ntitle: x\n---\n\n<!-- page: 1 -->\n\n<!-- page: 2 -->\n\n# One\n\nTwo goes on\n\n<!-- page: 3 -->\n\nThree\n";
        assert_eq!(mark(&text, Some(3)), expected);
    }

    #[test]
    fn notes_that_do_not_cover_the_document_are_left_out() {
        let text = format!("One\n\n{BREAK}Two\n");
        assert_eq!(mark(&text, Some(30)), "One\n\nTwo\n");
        assert_eq!(mark(&text, None), "One\n\nTwo\n");
    }
}
