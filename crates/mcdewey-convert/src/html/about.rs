//! What a page says about itself: title, address, date, language.

use dom_query::{Document, NodeRef};

use crate::front_matter::{FrontMatter, date};

/// Where pages state their address, best first, and the attribute that holds it.
const ADDRESSES: [(&str, &str); 2] = [
    ("link[rel~=canonical]", "href"),
    ("meta[property='og:url']", "content"),
];

/// Where pages state when they were changed, best first.
const DATES: [(&str, &str); 6] = [
    ("meta[property='article:modified_time']", "content"),
    (
        "meta[name='last-modified' i], meta[http-equiv='last-modified' i]",
        "content",
    ),
    ("meta[name='dcterms.modified' i]", "content"),
    ("meta[name='dc.date.modified' i]", "content"),
    ("[itemprop='dateModified'][content]", "content"),
    ("time[itemprop='dateModified']", "datetime"),
];

/// Between a page's own title and its site's name.
const SEPARATORS: [&str; 8] = [" | ", " — ", " – ", " - ", " :: ", " · ", " » ", " • "];

/// What the page says; its heading is that of the main part, since the name of a book may stand above it as one.
pub(super) fn read(document: &Document, part: &NodeRef<'_>) -> FrontMatter {
    let heading_of = |name: &str| {
        words(
            &part
                .descendants_it()
                .find(|node| node.has_name(name))?
                .text(),
        )
    };

    let first = heading_of("h1");
    let heading = first.clone().or_else(|| heading_of("h2"));
    let stated = text(document, "head title")
        .or_else(|| attribute(document, "meta[property='og:title']", "content"));

    FrontMatter {
        title: match stated {
            Some(stated) => Some(without_site(&stated, heading.as_deref())),
            None => first,
        },
        source_url: ADDRESSES
            .iter()
            .find_map(|(selector, name)| attribute(document, selector, name)),
        updated: DATES.iter().find_map(|(selector, name)| {
            attribute(document, selector, name).and_then(|stated| date(&stated))
        }),
        lang: attribute(document, "html", "lang")
            .or_else(|| attribute(document, "html", "xml:lang")),
    }
}

/// A title such as "Ports | Example Docs" without its site: the part that is the heading, else all but the last.
fn without_site(title: &str, heading: Option<&str>) -> String {
    let mut parts = vec![title];
    for separator in SEPARATORS {
        parts = parts
            .into_iter()
            .flat_map(|part| part.split(separator))
            .collect();
    }

    let same = |part: &&&str| {
        heading.is_some_and(|heading| heading.trim().eq_ignore_ascii_case(part.trim()))
    };

    if let Some(own) = parts.iter().find(same) {
        return (*own).trim().to_owned();
    }

    if heading.is_some_and(|heading| heading == title) || parts.len() == 1 {
        return title.to_owned();
    }

    let end = title.len() - parts.last().map_or(0, |site| site.len());
    title[..end]
        .trim_end_matches(|c: char| c.is_whitespace() || "|—–-:·»•".contains(c))
        .to_owned()
}

fn text(document: &Document, selector: &str) -> Option<String> {
    words(&document.select_single(selector).text())
}

/// Text on one line, without the mark of a link to itself.
fn words(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim_matches(|c: char| c.is_whitespace() || "¶#§\u{F0C1}".contains(c));
    (!text.is_empty()).then(|| text.to_owned())
}

fn attribute(document: &Document, selector: &str, name: &str) -> Option<String> {
    let value = document.select_single(selector).attr(name)?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_taken_off_titles() {
        for (title, heading, expected) in [
            ("Ports | Example Docs", None, "Ports"),
            ("Example Docs - Ports", Some("Ports"), "Ports"),
            (
                "Ports - Advanced - Example Docs",
                Some("Other"),
                "Ports - Advanced",
            ),
            ("Plain", None, "Plain"),
            ("T-1 lines", Some("x"), "T-1 lines"),
        ] {
            assert_eq!(without_site(title, heading), expected, "{title:?}");
        }
    }

    #[test]
    fn a_book_is_not_the_title_of_its_pages() {
        let page =
            "<title>Ports - Example Book</title><h1>Example Book</h1><main><h2>Ports</h2></main>";
        let document = Document::from(page);
        let about = read(&document, &document.select_single("main").nodes()[0]);
        assert_eq!(about.title.as_deref(), Some("Ports"));
    }

    #[test]
    fn a_page_says_where_and_when() {
        let page = "<html lang='de'><head><link rel='canonical' href='https://docs.example.com/p'>\
                    <meta property='article:modified_time' content='2025-02-03T01:02:03Z'></head><body><h1>Ports¶</h1>";
        let document = Document::from(page);
        let about = read(&document, &document.root());
        assert_eq!(about.title.as_deref(), Some("Ports"));
        assert_eq!(
            about.source_url.as_deref(),
            Some("https://docs.example.com/p")
        );
        assert_eq!(about.updated.as_deref(), Some("2025-02-03"));
        assert_eq!(about.lang.as_deref(), Some("de"));
    }
}
