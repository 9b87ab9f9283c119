//! Extracts a page's front matter: title, address, date and language.

use dom_query::{Document, NodeRef};

use super::dom::collapse_whitespace;
use crate::front_matter::{FrontMatter, date};

/// Elements that contain a page's address, best first, with the attribute to read.
const ADDRESSES: [(&str, &str); 2] = [
    ("link[rel~=canonical]", "href"),
    ("meta[property='og:url']", "content"),
];

/// Elements that contain the date of the last change, best first, with the attribute to read.
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

/// Separators between a page's own title and the name of its site.
const SEPARATORS: [&str; 8] = [" | ", " — ", " – ", " - ", " :: ", " · ", " » ", " • "];

/// Reads the front matter. The heading is taken from the main content, because the name of the book
/// may appear above it as a heading of its own.
pub(super) fn extract(document: &Document, content: &NodeRef<'_>) -> FrontMatter {
    let first_heading = heading(content, "h1");
    let title = text_of(document, "head title")
        .or_else(|| attribute(document, "meta[property='og:title']", "content"));

    FrontMatter {
        title: match title {
            Some(title) => {
                let heading = first_heading.or_else(|| heading(content, "h2"));
                Some(without_site(&title, heading.as_deref()))
            }
            None => first_heading,
        },
        source_url: ADDRESSES
            .iter()
            .find_map(|(selector, name)| attribute(document, selector, name)),
        updated: DATES.iter().find_map(|(selector, name)| {
            attribute(document, selector, name).and_then(|text| date(&text))
        }),
        lang: attribute(document, "html", "lang")
            .or_else(|| attribute(document, "html", "xml:lang")),
    }
}

/// The text of the first heading of a level; `None` if it has no text.
fn heading(content: &NodeRef<'_>, name: &str) -> Option<String> {
    let heading = content.descendants_it().find(|node| node.has_name(name))?;
    clean_title(&heading.text())
}

/// Removes the site from a title such as "Ports | Example Docs". Returns the part that equals the
/// heading, or everything but the last part.
fn without_site(title: &str, heading: Option<&str>) -> String {
    let mut parts = vec![title];
    for separator in SEPARATORS {
        parts = parts
            .into_iter()
            .flat_map(|part| part.split(separator))
            .collect();
    }

    let equals_heading = |part: &&str| {
        heading.is_some_and(|heading| heading.trim().eq_ignore_ascii_case(part.trim()))
    };

    if let Some(own_title) = parts.iter().copied().find(equals_heading) {
        return own_title.trim().to_owned();
    }

    if heading.is_some_and(|heading| heading == title) || parts.len() == 1 {
        return title.to_owned();
    }

    let end = title.len() - parts.last().map_or(0, |site| site.len());
    title[..end]
        .trim_end_matches(|c: char| c.is_whitespace() || "|—–-:·»•".contains(c))
        .to_owned()
}

fn text_of(document: &Document, selector: &str) -> Option<String> {
    clean_title(&document.select_single(selector).text())
}

/// Text on one line, without the permalink mark that generators put after headings.
fn clean_title(text: &str) -> Option<String> {
    let text = collapse_whitespace(text);
    let text = text.trim_matches(|c: char| c.is_whitespace() || "¶#§\u{F0C1}".contains(c));
    (!text.is_empty()).then(|| text.to_owned())
}

/// An attribute's value, trimmed; `None` if it is missing or empty.
fn attribute(document: &Document, selector: &str, name: &str) -> Option<String> {
    let value = document.select_single(selector).attr(name)?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_the_site_from_titles() {
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
    fn prefers_the_pages_heading_over_the_books() {
        let page =
            "<title>Ports - Example Book</title><h1>Example Book</h1><main><h2>Ports</h2></main>";
        let document = Document::from(page);
        let front_matter = extract(&document, &document.select_single("main").nodes()[0]);
        assert_eq!(front_matter.title.as_deref(), Some("Ports"));
    }

    #[test]
    fn reads_address_date_and_language() {
        let page = "<html lang='de'><head>\
                    <link rel='canonical' href='https://docs.example.com/p'>\
                    <meta property='article:modified_time' content='2025-02-03T01:02:03Z'>\
                    </head><body><h1>Ports¶</h1>";
        let document = Document::from(page);
        let front_matter = extract(&document, &document.root());
        assert_eq!(front_matter.title.as_deref(), Some("Ports"));
        assert_eq!(
            front_matter.source_url.as_deref(),
            Some("https://docs.example.com/p")
        );
        assert_eq!(front_matter.updated.as_deref(), Some("2025-02-03"));
        assert_eq!(front_matter.lang.as_deref(), Some("de"));
    }
}
