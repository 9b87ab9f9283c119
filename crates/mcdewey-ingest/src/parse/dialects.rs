//! Rewrites the dialects of Markdown that people write as the Markdown that the rest is made from,
//! so that pages, passages and every interface have the same text.

use std::borrow::Cow;

use mcdewey_markdown::dialect::{Rewritten, Syntax, to_commonmark};

use super::Dialect;
use super::front_matter::{CONVERTED_FROM, FrontMatter};
use super::markers::{Marker, find_markers};

/// Returns the body of a file in plain Markdown. The output of our own converters stays as it is,
/// and so do page markers: the text between two of them is rewritten on its own.
pub(crate) fn without_dialects<'a>(
    body: &'a str,
    dialect: Dialect,
    front_matter: &FrontMatter,
) -> Rewritten<'a> {
    let syntax = match dialect {
        Dialect::Markdown if front_matter.text(CONVERTED_FROM).is_none() => Syntax::Markdown,
        Dialect::Mdx => Syntax::Mdx,
        Dialect::Markdown | Dialect::Converted | Dialect::Plain => {
            return Rewritten {
                text: Cow::Borrowed(body),
                warnings: Vec::new(),
            };
        }
    };

    let mut markers = find_markers(body);
    markers.retain(|found| found.marker != Marker::FormFeed);
    if markers.is_empty() {
        return to_commonmark(body, syntax);
    }

    let mut whole = Rewritten {
        text: Cow::Borrowed(""),
        warnings: Vec::new(),
    };
    let mut start = 0;
    for marker in markers {
        append(&mut whole, &body[start..marker.range.start], syntax);
        whole.text.to_mut().push_str(&body[marker.range.clone()]);
        start = marker.range.end;
    }
    append(&mut whole, &body[start..], syntax);
    whole
}

fn append(whole: &mut Rewritten<'_>, text: &str, syntax: Syntax) {
    let rewritten = to_commonmark(text, syntax);
    whole.text.to_mut().push_str(&rewritten.text);
    // A marker within a page is dropped, and the text after it must not continue a box before it.
    if matches!(rewritten.text, Cow::Owned(_)) && !rewritten.text.trim().is_empty() {
        whole.text.to_mut().push('\n');
    }
    for warning in rewritten.warnings {
        if !whole.warnings.contains(&warning) {
            whole.warnings.push(warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn pages(text: &str, dialect: Dialect) -> Vec<(u32, String)> {
        parse(text, "guide", dialect)
            .pages
            .into_iter()
            .map(|page| (page.page.page.number.0, page.page.text))
            .collect()
    }

    #[test]
    fn comments_are_on_no_page_but_markers_keep_their_function() {
        let text = "---\ntitle: A\n---\n<!-- page: 3 -->\nB\n\n<!-- old PIN -->\n\n\
                    <!-- page: 4 -->\n!!! note\n    C\n<!-- PageFooter=\"x\" -->\n<!-- PageBreak -->\nD\n";
        assert_eq!(
            pages(text, Dialect::Markdown),
            [
                (3, "B\n\n".to_owned()),
                (4, "> [!NOTE]\n> C\n\nD\n".to_owned())
            ]
        );
    }

    #[test]
    fn a_comment_left_open_ends_with_its_page() {
        let text = "<!-- page: 1 -->\nA\n\n<!-- b\n<!-- page: 2 -->\nC\n";
        let parsed = parse(text, "guide", Dialect::Markdown);
        assert_eq!(parsed.pages[0].page.text, "A\n\n");
        assert_eq!(parsed.pages[1].page.text, "C\n");
        assert!(
            parsed.warnings[0].contains("never closed"),
            "{:?}",
            parsed.warnings
        );
    }

    #[test]
    fn converted_text_stays_as_it_is() {
        let body = "# A\n\n!!! note\n    B <!-- c -->\n";
        assert_eq!(pages(body, Dialect::Converted)[0].1, body);
        assert_eq!(pages(body, Dialect::Plain)[0].1, body);
        let converted = format!("---\nconverted_from: a.pdf\n---\n{body}");
        assert_eq!(pages(&converted, Dialect::Markdown)[0].1, body);
    }

    #[test]
    fn labels_of_parts_are_headings_of_the_outline() {
        let text = "# A\n\n<Steps>\n<Step title=\"B\">\nC\n</Step>\n</Steps>\n";
        let outline = parse(text, "guide", Dialect::Mdx).outline();
        let titles: Vec<&str> = outline.iter().map(|entry| entry.title.as_str()).collect();
        assert_eq!(titles, ["A", "B"]);
    }
}
